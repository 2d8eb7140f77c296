//! Libraries that an object says it opens at run time: the note of the Free Desktop project.

use super::object::Order;

/// The type of the note, whose owner is `FDO`.
const DLOPEN: u32 = 0x407c_0c0a;

/// How much an object needs a library that it opens at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// The object does not work without it.
    Required,
    /// Wanted in most cases; also what an object means that gives no priority.
    Recommended,
    /// Wanted in some cases.
    Suggested,
}

/// One feature that needs a library opened at run time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DlopenNote {
    /// The name of the feature; empty when the note gives none.
    pub feature: String,
    /// How much the library is needed.
    pub priority: Priority,
    /// The names to try, in this order: the first that exists is used.
    pub sonames: Vec<Vec<u8>>,
}

/// Reads the notes of one `PT_NOTE` segment. Loaders do not look at these notes, so a broken one
/// ends the reading and is no error. `align` is the segment's alignment in bytes.
pub(super) fn parse(bytes: &[u8], order: Order, align: u64, into: &mut Vec<DlopenNote>) {
    let align = if align == 8 { 8 } else { 4 };
    let mut rest = bytes;
    while let Some((note, after)) = next(rest, order, align) {
        if note.kind == DLOPEN && note.name.strip_suffix(b"\0").unwrap_or(note.name) == b"FDO" {
            features(note.content, into);
        }
        rest = after;
    }
}

struct Note<'a> {
    kind: u32,
    name: &'a [u8],
    content: &'a [u8],
}

fn next(bytes: &[u8], order: Order, align: usize) -> Option<(Note<'_>, &[u8])> {
    let (name_len, rest) = order.split_u32(bytes)?;
    let (content_len, rest) = order.split_u32(rest)?;
    let (kind, rest) = order.split_u32(rest)?;
    let (name, rest) = padded(rest, name_len, align, 12)?;
    let (content, rest) = padded(rest, content_len, align, 0)?;
    Some((
        Note {
            kind,
            name,
            content,
        },
        rest,
    ))
}

/// Splits `len` bytes and their padding off; `before` bytes count for the alignment too.
fn padded(bytes: &[u8], len: u32, align: usize, before: usize) -> Option<(&[u8], &[u8])> {
    let len = usize::try_from(len).ok()?;
    let content = bytes.get(..len)?;
    let end = len
        .checked_add(before)?
        .checked_next_multiple_of(align)?
        .checked_sub(before)?;
    // The last note's padding may be missing.
    Some((content, bytes.get(end..).unwrap_or_default()))
}

fn features(content: &[u8], into: &mut Vec<DlopenNote>) {
    let end = content
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(content.len());
    let json = content.get(..end).unwrap_or_default();
    let Ok(serde_json::Value::Array(entries)) = serde_json::from_slice(json) else {
        return;
    };
    for entry in entries {
        let text = |key: &str| entry.get(key).and_then(|value| value.as_str());
        let sonames: Vec<Vec<u8>> = entry
            .get("soname")
            .and_then(|value| value.as_array())
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str())
            .filter(|name| !name.is_empty() && !name.contains('\0'))
            .map(|name| name.as_bytes().to_vec())
            .collect();
        if sonames.is_empty() {
            continue;
        }
        let priority = match text("priority") {
            Some("required") => Priority::Required,
            Some("suggested") => Priority::Suggested,
            _ => Priority::Recommended,
        };
        into.push(DlopenNote {
            feature: text("feature").unwrap_or_default().into(),
            priority,
            sonames,
        });
    }
}

//! Names of libraries that are written out in a file's constants: what it may open at run time.

use std::collections::BTreeSet;

use super::error::{ElfError, Part};
use super::object::Object;
use super::{Files, NodeId};

/// Bytes that are looked at together.
const CHUNK: usize = 256 * 1024;

/// The longest name; a name is found whole even if it lies over two chunks.
const MAX_NAME: usize = 4096;

/// Names that are kept; a file with more is no program that was written by people.
const MAX_NAMES: usize = 4096;

/// What looks like names of shared libraries in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SonameStrings {
    /// The names, sorted: `libNAME.so` with or without versions, with directories where the string
    /// has some.
    pub names: Vec<Vec<u8>>,
    /// Whether all are here; there is a limit on their number.
    pub complete: bool,
}

/// Looks for `lib*.so*` in the segments of `node` that a program cannot write to. The strings are
/// candidates: a program may never open them, and may open others whose names it puts together.
/// Empty for a file that is not ELF.
///
/// # Errors
///
/// The headers are broken ([`Object::parse`]), a segment is cut off or cannot be read.
pub fn soname_strings<F: Files + ?Sized>(
    files: &F,
    node: NodeId,
) -> Result<SonameStrings, ElfError> {
    let mut names = BTreeSet::new();
    let mut complete = true;
    let Some(object) = Object::parse(files, node)? else {
        return Ok(SonameStrings {
            names: Vec::new(),
            complete,
        });
    };
    let part = Part::Segment;
    let size = files.size(node);
    // Segments may overlap in the file, thousands of times in a hostile one: no byte twice.
    let mut segments: Vec<_> = object.loads.iter().filter(|load| !load.writable).collect();
    segments.sort_by_key(|load| load.offset);
    let mut done = 0_u64;
    for load in segments {
        let end = load
            .offset
            .checked_add(load.size)
            .filter(|end| *end <= size)
            .ok_or(ElfError::Truncated {
                part,
                offset: load.offset,
                need: load.size,
                size,
            })?;
        let mut at = load.offset.max(done);
        let mut kept: Vec<u8> = Vec::new();
        while at < end {
            let want =
                usize::try_from(end.saturating_sub(at)).map_or(CHUNK, |left| left.min(CHUNK));
            let bytes = files.read(node, at, want).map_err(|error| ElfError::Read {
                part,
                why: error.to_string(),
            })?;
            if bytes.is_empty() {
                return Err(ElfError::Truncated {
                    part,
                    offset: at,
                    need: want as u64,
                    size,
                });
            }
            at = at.saturating_add(bytes.len() as u64);
            kept.extend_from_slice(&bytes);
            complete &= scan(&kept, at >= end, &mut names);
            let old = kept.len().saturating_sub(MAX_NAME);
            kept.drain(..old);
        }
        done = done.max(end);
    }
    Ok(SonameStrings {
        names: names.into_iter().collect(),
        complete,
    })
}

/// Adds the names that `bytes` have. One that touches their end waits for the next bytes, unless
/// these are the last. Gives whether all found a place.
fn scan(bytes: &[u8], last: bool, names: &mut BTreeSet<Vec<u8>>) -> bool {
    let mut from = 0;
    while let Some(dot) = find(bytes, from) {
        let after = dot.saturating_add(3);
        let end = version_end(bytes, after);
        if end == bytes.len() && !last {
            return true;
        }
        if let Some(start) = start(bytes, from, dot)
            && let Some(name) = bytes.get(start..end)
        {
            if names.len() >= MAX_NAMES && !names.contains(name) {
                return false;
            }
            names.insert(name.to_vec());
        }
        from = after;
    }
    true
}

fn find(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = bytes.get(at..)?;
        let dot = at.checked_add(rest.iter().position(|byte| *byte == b'.')?)?;
        if bytes.get(dot..)?.starts_with(b".so") {
            return Some(dot);
        }
        at = dot.checked_add(1)?;
    }
}

/// The end of `.1.2.3` after `.so`.
fn version_end(bytes: &[u8], after: usize) -> usize {
    let mut end = after;
    while bytes.get(end) == Some(&b'.') {
        let first = end.saturating_add(1);
        let digits = bytes.get(first..).unwrap_or_default();
        let digits = digits
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits == 0 {
            // The next bytes could still be digits.
            return if first == bytes.len() { first } else { end };
        }
        end = first.saturating_add(digits);
    }
    end
}

/// The start of a name whose `.so` is at `dot`, not before `from`. Strings of some languages have
/// no end mark, so that a name may follow other words: then the last `lib` counts.
fn start(bytes: &[u8], from: usize, dot: usize) -> Option<usize> {
    let before = bytes.get(from..dot)?;
    let run = before
        .iter()
        .rev()
        .take(MAX_NAME)
        .take_while(|byte| is_name(**byte))
        .count();
    let first = dot.checked_sub(run)?;
    let run = bytes.get(first..dot)?;
    let base = run
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |slash| slash.saturating_add(1));
    let file = run.get(base..)?;
    if file.starts_with(b"lib") {
        // `/a/libx` and `a/libx` are paths, `/libx` and what is left of `%s/libx` are none.
        let template = first.checked_sub(1).and_then(|at| bytes.get(at)) == Some(&b'%');
        return if base == 1 || template {
            first.checked_add(base)
        } else {
            Some(first)
        };
    }
    let lib = file.windows(3).rposition(|three| three == b"lib")?;
    first.checked_add(base)?.checked_add(lib)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-+./@$~".contains(&byte)
}

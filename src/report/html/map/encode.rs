//! The data of the maps as the page carries them: one text of base64.
//!
//! Inside is a deflated stream: the length of a JSON document (four bytes, the
//! lowest first), the document, and columns of numbers. A number is written
//! seven bits a byte, the lowest first, with the upper bit set on all bytes but
//! the last. The columns, one after the other, are for each row, in the order
//! of a walk
//!
//! 1. how many levels up from the row before its directory is (0: it is inside),
//! 2. what it is: 0 directory, 1 file, 2 hard link, 3 other, 4 fold,
//! 3. bytes of its name that are those of the row before,
//! 4. how many bytes follow those,
//! 5. these bytes, of all rows,
//! 6. for folds only, how many paths are in it,
//! 7. how many parts it has,
//!
//! and for each part its group, its mark and its bytes. Names are UTF-8 and fit
//! to be shown.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::fold::{Rows, rows};
use super::forest::{Forest, Kind};
use crate::oci::escape_bytes;
use crate::report::table::text::{printable, shorten};

/// Rows that a browser still lays out in a blink.
const MOST_ROWS: usize = 250_000;

/// Bytes of base64 that the data may take, for a page below 2,000,000.
const MOST_BYTES: usize = 1_500_000;

/// Characters of a name; file systems end at 255 bytes.
const NAME: usize = 512;

/// What a mark means for the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Style {
    /// Nothing.
    Plain,
    /// Bytes that should not be there, or are gone.
    Bad,
    /// Bytes that could go, or are new.
    Soft,
}

/// What is to be said of bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Mark {
    pub(super) label: String,
    pub(super) style: Style,
}

/// One way of looking at the bytes.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum View {
    /// The directories.
    Paths { name: &'static str },
    /// Groups first, and in each the directories.
    Groups {
        name: &'static str,
        labels: Vec<String>,
        /// For each group of parts, which label it has.
        of: Vec<u32>,
    },
    /// Two levels that have nothing to do with paths.
    Listed {
        name: &'static str,
        groups: Vec<ListedGroup>,
    },
}

/// A group of things with bytes.
#[derive(Debug, Serialize)]
pub(super) struct ListedGroup {
    pub(super) name: String,
    /// Names, bytes and files, the largest first.
    pub(super) items: Vec<(String, u64, u64)>,
    /// How many more there are, their bytes and files.
    pub(super) more: (u64, u64, u64),
}

/// What the page needs besides the rows.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    /// What [`Style::Bad`] and [`Style::Soft`] are called.
    pub(super) styles: [&'static str; 2],
    /// What a group of parts is: "layer" or nothing that is worth a word.
    pub(super) groups: Vec<String>,
    pub(super) marks: Vec<Mark>,
    pub(super) views: Vec<View>,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    rows: usize,
    parts: usize,
    threshold: u64,
    folded: u64,
    #[serde(flatten)]
    facts: &'a Facts,
}

/// The data, and what was put together to make them fit.
pub(super) struct Encoded {
    pub(super) text: String,
    /// Paths with less bytes than this are shown together; 0 if none are.
    pub(super) threshold: u64,
    /// How many those are.
    pub(super) folded: u64,
}

/// Writes a forest as text.
///
/// # Errors
/// When memory cannot be written to, which does not happen.
pub(super) fn encode(forest: &Forest<'_>, facts: &Facts) -> io::Result<Encoded> {
    within(forest, facts, MOST_ROWS, MOST_BYTES)
}

fn within(
    forest: &Forest<'_>,
    facts: &Facts,
    mut most_rows: usize,
    most_bytes: usize,
) -> io::Result<Encoded> {
    loop {
        let rows = rows(forest, most_rows);
        let packed = deflate(&columns(&rows, facts)?)?;
        let bytes = packed.len().div_ceil(3) * 4;
        if bytes <= most_bytes || rows.rows.len() <= 2 {
            return Ok(Encoded {
                text: STANDARD.encode(&packed),
                threshold: rows.threshold,
                folded: rows.folded,
            });
        }
        // A little less than what would fit if all rows took the same room.
        let fits = (rows.rows.len() as f64 * most_bytes as f64 / bytes as f64 * 0.95) as usize;
        most_rows = fits.min(most_rows / 8 * 7);
    }
}

fn deflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn columns(rows: &Rows<'_>, facts: &Facts) -> io::Result<Vec<u8>> {
    let document = serde_json::to_vec(&Document {
        version: 1,
        rows: rows.rows.len(),
        parts: rows.parts.len(),
        threshold: rows.threshold,
        folded: rows.folded,
        facts,
    })?;
    let mut out = Vec::new();
    out.extend_from_slice(&(document.len() as u32).to_le_bytes());
    out.extend_from_slice(&document);

    let mut before = None;
    for row in &rows.rows {
        let up = before.map_or(0, |depth: u32| depth + 1 - row.depth);
        number(&mut out, u64::from(up));
        before = Some(row.depth);
    }
    out.extend(rows.rows.iter().map(|row| code(row.kind)));
    names(rows, &mut out);
    for row in rows.rows.iter().filter(|row| row.kind == Kind::Fold) {
        number(&mut out, row.paths);
    }
    for row in &rows.rows {
        number(&mut out, row.parts as u64);
    }
    for part in &rows.parts {
        number(&mut out, u64::from(part.group));
    }
    for part in &rows.parts {
        number(&mut out, u64::from(part.mark));
    }
    for part in &rows.parts {
        number(&mut out, part.bytes);
    }
    Ok(out)
}

fn code(kind: Kind) -> u8 {
    match kind {
        Kind::Directory => 0,
        Kind::File => 1,
        Kind::HardLink => 2,
        Kind::Other => 3,
        Kind::Fold => 4,
    }
}

/// Columns 3 to 5.
fn names(rows: &Rows<'_>, out: &mut Vec<u8>) {
    let (mut lengths, mut text) = (Vec::new(), Vec::new());
    let mut before = String::new();
    for row in &rows.rows {
        let name = shorten(&printable(&escape_bytes(row.name)), NAME);
        let pairs = before.bytes().zip(name.bytes());
        let shared = pairs.take_while(|(a, b)| a == b).count();
        number(out, shared as u64);
        number(&mut lengths, (name.len() - shared) as u64);
        text.extend_from_slice(&name.as_bytes()[shared..]);
        before = name;
    }
    out.append(&mut lengths);
    out.append(&mut text);
}

fn number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            styles: ["wasted", "cache"],
            groups: Vec::new(),
            marks: Vec::new(),
            views: vec![View::Paths { name: "path" }],
        }
    }

    #[test]
    fn numbers() {
        let bytes = |value| {
            let mut out = Vec::new();
            number(&mut out, value);
            out
        };
        assert_eq!(bytes(0), [0]);
        assert_eq!(bytes(127), [127]);
        assert_eq!(bytes(300), [0xac, 2]);
        assert_eq!(bytes(u64::MAX).len(), 10);
    }

    #[test]
    fn a_narrow_page_folds_until_it_fits() {
        let names: Vec<String> = (0..3_000)
            .map(|i: u64| format!("{:x}", i.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
            .collect();
        let mut forest = Forest::new();
        for (i, name) in names.iter().enumerate() {
            let node = forest.path(name.as_bytes(), Kind::File);
            forest.add(node, 0, 0, i as u64 + 1);
        }
        let all = within(&forest, &facts(), MOST_ROWS, MOST_BYTES).unwrap();
        assert_eq!((all.threshold, all.folded), (0, 0));
        let some = within(&forest, &facts(), MOST_ROWS, 9_000).unwrap();
        assert!(some.text.len() <= 9_000, "{}", some.text.len());
        assert!(
            some.folded > 1_000 && some.folded < 3_000,
            "{}",
            some.folded
        );
        let none = within(&forest, &facts(), MOST_ROWS, 1).unwrap();
        assert_eq!(none.folded, 3_000);
    }
}

//! What differs between two images' file systems.

use std::io::{self, Write};

use serde::Serialize;

use super::size::human;
use super::table::text::printable;
use crate::analyze::Analysis;
use crate::layer::{EntryKind, ScannedImage};
use crate::oci::escape_bytes;
use crate::tree::{Difference, NodeId, Tree, TreeChange, TreeDigest};

/// Version of the JSON contract.
const SCHEMA_VERSION: u32 = 1;

/// One of the two images.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// As it was given.
    pub name: &'a str,
    /// What was read.
    pub scanned: &'a ScannedImage,
    /// Its layers merged.
    pub tree: &'a Tree,
    /// The digest of that.
    pub digest: TreeDigest,
    /// What it was judged to be; only pages and Markdown tell that.
    pub analysis: Option<&'a Analysis>,
}

/// Two images, and the paths that differ.
#[derive(Debug, Clone, Copy)]
pub struct DiffReport<'a> {
    /// The old image.
    pub old: Side<'a>,
    /// The new one.
    pub new: Side<'a>,
    /// In the order of the paths.
    pub changes: &'a [TreeChange],
}

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    old: Image<'a>,
    new: Image<'a>,
    totals: Totals,
    changes: Vec<Change>,
}

#[derive(Serialize)]
struct Image<'a> {
    reference: &'a str,
    config_digest: &'a str,
    tree: String,
    layers: Vec<Layer<'a>>,
    visible_bytes: u64,
}

#[derive(Serialize)]
struct Layer<'a> {
    digest: Option<&'a str>,
    compressed_bytes: u64,
    uncompressed_bytes: u64,
}

#[derive(Serialize, Default)]
pub(super) struct Totals {
    pub(super) added: Count,
    pub(super) removed: Count,
    pub(super) changed: Count,
}

#[derive(Serialize, Default)]
pub(super) struct Count {
    pub(super) paths: u64,
    /// Of files' contents: new ones, old ones, and for changed ones the new.
    pub(super) bytes: u64,
}

#[derive(Serialize)]
struct Change {
    path: String,
    change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_bytes: Option<u64>,
}

/// Size of a regular file.
fn bytes(tree: &Tree, node: Option<NodeId>) -> Option<u64> {
    let entry = tree.entry(tree.inode(node?)?);
    (entry.kind() == EntryKind::File).then(|| entry.size())
}

/// Bytes of the files that the tree shows, each once.
pub(super) fn visible(tree: &Tree) -> u64 {
    let mut seen = std::collections::HashSet::new();
    let inodes = tree.paths().filter_map(|node| tree.inode(node));
    let sizes = inodes
        .filter(|&id| !tree.has_links(id) || seen.insert(id))
        .map(|id| tree.entry(id).size());
    sizes.fold(0, u64::saturating_add)
}

impl DiffReport<'_> {
    /// The old and the new size of a path, where it is a regular file.
    pub(super) fn sizes(&self, change: &TreeChange) -> (Option<u64>, Option<u64>) {
        let (old, new) = change.nodes;
        (bytes(self.old.tree, old), bytes(self.new.tree, new))
    }

    /// Whether the path is a directory in the new image, or in the old one if
    /// only that has it.
    pub(super) fn is_directory(&self, change: &TreeChange) -> bool {
        let kind = match change.nodes {
            (_, Some(node)) => self.new.tree.kind(node),
            (Some(node), None) => self.old.tree.kind(node),
            (None, None) => return false,
        };
        kind == EntryKind::Directory
    }

    fn changes(&self) -> impl Iterator<Item = (Change, Difference)> + '_ {
        self.changes.iter().map(|change| {
            let (old_bytes, new_bytes) = self.sizes(change);
            let row = Change {
                path: escape_bytes(&change.path),
                change: change.difference.name(),
                old_bytes,
                new_bytes,
            };
            (row, change.difference)
        })
    }

    pub(super) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for (change, difference) in self.changes() {
            let (count, bytes) = match difference {
                Difference::Added => (&mut totals.added, change.new_bytes),
                Difference::Removed => (&mut totals.removed, change.old_bytes),
                _ => (&mut totals.changed, change.new_bytes),
            };
            count.paths += 1;
            count.bytes = count.bytes.saturating_add(bytes.unwrap_or(0));
        }
        totals
    }
}

/// The changes with the bytes that came or went, or that are new contents of
/// equal size; the largest first, then by path.
pub(super) fn by_bytes<'a>(report: &DiffReport<'a>) -> Vec<(u64, &'a TreeChange)> {
    let sized = report.changes.iter().map(|change| {
        let (old, new) = report.sizes(change);
        let (old, new) = (old.unwrap_or(0), new.unwrap_or(0));
        let bytes = match change.difference {
            Difference::Content | Difference::Kind if old == new => new,
            _ => old.abs_diff(new),
        };
        (bytes, change)
    });
    let mut sorted: Vec<_> = sized.collect();
    // A stable sort keeps the order of the paths.
    sorted.sort_by_key(|&(bytes, _)| std::cmp::Reverse(bytes));
    sorted
}

fn image<'a>(side: &Side<'a>) -> Image<'a> {
    Image {
        reference: side.name,
        config_digest: side.scanned.image.config_digest.as_ref(),
        tree: side.digest.to_string(),
        layers: side
            .scanned
            .layers
            .iter()
            .map(|layer| Layer {
                digest: layer.digest.as_ref().map(AsRef::as_ref),
                compressed_bytes: layer.compressed_bytes,
                uncompressed_bytes: layer.uncompressed_bytes,
            })
            .collect(),
        visible_bytes: visible(side.tree),
    }
}

/// Writes the documented JSON report.
///
/// # Errors
/// Whatever `out` says.
pub fn json(report: &DiffReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let report = Report {
        schema_version: SCHEMA_VERSION,
        old: image(&report.old),
        new: image(&report.new),
        totals: report.totals(),
        changes: report.changes().map(|(change, _)| change).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    out.write_all(b"\n")
}

/// Writes one line a path, at most `top` of them, and a summary.
///
/// # Errors
/// Whatever `out` says.
pub fn text(
    report: &DiffReport<'_>,
    top: usize,
    color: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (change, difference) in report.changes().take(top) {
        let (sign, code) = match difference {
            Difference::Added => ("+", "32"),
            Difference::Removed => ("-", "31"),
            _ => ("~", "33"),
        };
        let what = match (difference, change.old_bytes, change.new_bytes) {
            (Difference::Added, _, Some(bytes)) | (Difference::Removed, Some(bytes), _) => {
                human(bytes)
            }
            (Difference::Added | Difference::Removed, ..) => String::new(),
            (Difference::Content, Some(old), Some(new)) if old != new => {
                format!("content, {} to {}", human(old), human(new))
            }
            (other, ..) => other.name().to_owned(),
        };
        let path = printable(&change.path);
        let line = format!("{sign} /{path}  {what}");
        match color {
            true => writeln!(out, "\u{1b}[{code}m{}\u{1b}[0m", line.trim_end())?,
            false => writeln!(out, "{}", line.trim_end())?,
        }
    }
    if report.changes.len() > top {
        let more = report.changes.len() - top;
        writeln!(out, "and {more} more; --top shows more of them")?;
    }
    let totals = report.totals();
    if !report.changes.is_empty() {
        writeln!(out)?;
    }
    writeln!(
        out,
        "{} added ({}), {} removed ({}), {} changed",
        totals.added.paths,
        human(totals.added.bytes),
        totals.removed.paths,
        human(totals.removed.bytes),
        totals.changed.paths,
    )?;
    for (word, side) in [("old", &report.old), ("new", &report.new)] {
        writeln!(
            out,
            "{word}  {} in {} layers  {}  {}",
            human(visible(side.tree)),
            side.scanned.layers.len(),
            side.digest,
            printable(side.name),
        )?;
    }
    Ok(())
}

//! What the maps show of the difference between two images.

use super::encode::{Facts, Mark, Style, View};
use super::forest::{Forest, Kind};
use crate::report::diff::DiffReport;
use crate::tree::Difference;

/// What happened to the bytes; the number of the group and of the mark.
const CHANGES: [(&str, Style); 5] = [
    ("added", Style::Soft),
    ("removed", Style::Bad),
    ("grew", Style::Soft),
    ("shrank", Style::Bad),
    ("changed in place", Style::Plain),
];

/// The paths that differ, each with the bytes that came or went; of contents
/// that changed and kept their size, all.
pub(super) fn forest<'a>(report: &DiffReport<'a>) -> Forest<'a> {
    let mut forest = Forest::new();
    for change in report.changes {
        let (old, new) = report.sizes(change);
        let kind = match old.or(new) {
            _ if report.is_directory(change) => Kind::Directory,
            Some(_) => Kind::File,
            None => Kind::Other,
        };
        let at = forest.path(&change.path, kind);
        let (old, new) = (old.unwrap_or(0), new.unwrap_or(0));
        let (group, bytes) = match change.difference {
            Difference::Added => (0, new),
            Difference::Removed => (1, old),
            Difference::Content | Difference::Kind if new > old => (2, new - old),
            Difference::Content | Difference::Kind if new < old => (3, old - new),
            Difference::Content | Difference::Kind => (4, new),
            _ => continue,
        };
        forest.add(at, group, group, bytes);
    }
    forest
}

pub(super) fn facts() -> Facts {
    let labels: Vec<String> = CHANGES
        .iter()
        .map(|(label, _)| (*label).to_owned())
        .collect();
    Facts {
        styles: ["removed or shrunk", "added or grown"],
        groups: Vec::new(),
        marks: CHANGES
            .iter()
            .map(|&(label, style)| Mark {
                label: label.to_owned(),
                style,
            })
            .collect(),
        views: vec![
            View::Paths { name: "path" },
            View::Groups {
                name: "change",
                of: (0..labels.len() as u32).collect(),
                labels,
            },
        ],
    }
}

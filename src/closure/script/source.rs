//! What the scanners of Perl, Ruby and PHP have in common.
//!
//! They look for words and literals line by line and ask the image whether such a file exists: a
//! sentence that only looks like code leads nowhere, so that strings need no care.

use hashbrown::HashSet;

use super::environment::{clean, regular};
use crate::closure::files::{Files, Found, Kind, NodeId, join};
use crate::closure::{Need, NeedKind};

/// Larger sources are not read.
pub(super) const MAX_SOURCE: usize = 16 << 20;
/// A source needs no more.
const MAX_NEEDS: usize = 65_536;
/// Directories that one pattern finds.
const MAX_DIRECTORIES: usize = 4096;
/// Names that are looked for, times the directories to look in.
const MAX_LOOKUPS: usize = 4 << 20;

/// Needs without repetition, and names that were looked for.
#[derive(Default)]
pub(super) struct Needs {
    pub list: Vec<Need>,
    known: HashSet<(NeedKind, NodeId, Vec<NodeId>)>,
    asked: HashSet<String>,
    lookups: usize,
}

impl Needs {
    pub fn add(&mut self, kind: NeedKind, name: &str, line: u32, found: Found) {
        let key = (kind, found.node, found.crossed.clone());
        if self.list.len() < MAX_NEEDS && self.known.insert(key) {
            self.list.push(Need {
                kind,
                name: name.to_owned(),
                line: Some(line),
                found,
            });
        }
    }

    /// Whether a name is new and may be looked for in so many directories.
    pub fn ask(&mut self, name: &str, directories: usize) -> bool {
        let plausible = !name.is_empty() && name.len() <= 1024;
        if !plausible || self.lookups > MAX_LOOKUPS || !self.asked.insert(name.to_owned()) {
            return false;
        }
        self.lookups = self.lookups.saturating_add(directories);
        true
    }

    /// Adds the regular file at a path, if there is one.
    pub fn file(&mut self, files: &dyn Files, kind: NeedKind, name: &str, line: u32, path: &[u8]) {
        if let Some(found) = regular(files, &clean(path)) {
            self.add(kind, name, line, found);
        }
    }
}

/// The directories that a path with `*` in the place of whole components means.
pub(super) fn directories(files: &dyn Files, pattern: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<Vec<u8>> = vec![b"/".to_vec()];
    for component in pattern.split('/').filter(|part| !part.is_empty()) {
        let mut next = Vec::new();
        for path in &paths {
            let names: Vec<Vec<u8>> = if component == "*" {
                let found = files.resolve(path);
                let found = found.filter(|found| files.kind(found.node) == Kind::Directory);
                let children = found.map(|found| files.children(found.node));
                let children = children.into_iter().flatten();
                children.map(|(name, _)| name).collect()
            } else {
                vec![component.as_bytes().to_vec()]
            };
            next.extend(names.iter().map(|name| join(path, name)));
            if next.len() > MAX_DIRECTORIES {
                break;
            }
        }
        next.retain(|path| {
            let found = files.resolve(path);
            found.is_some_and(|found| files.kind(found.node) == Kind::Directory)
        });
        paths = next;
    }
    paths
}

/// The words of code, which have letters, digits, `_` and the given signs.
pub(super) fn words<'a>(line: &'a str, signs: &'static [char]) -> impl Iterator<Item = &'a str> {
    line.split(move |c: char| !(c.is_alphanumeric() || c == '_' || signs.contains(&c)))
        .filter(|word| !word.is_empty())
}

/// What stands behind each place where `word` is a word of its own.
pub(super) fn behind<'a>(line: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '@' | '%');
    line.match_indices(word).filter_map(move |(at, _)| {
        let before = line.get(..at)?;
        let after = line.get(at.saturating_add(word.len())..)?;
        let apart = !before.ends_with(inside)
            && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        apart.then(|| after.trim_start())
    })
}

/// The text in the quotes that a text starts with, and what follows.
pub(super) fn quoted(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(['(', ' ', '\t']);
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text.strip_prefix(quote)?.split_once(quote)
}

//! Lists of paths that are kept, or removed, whatever else is known.

use super::error::SlimError;
use crate::dockerfile::ignore_file::IgnoreFile;
use crate::tree::{ROOT, Tree};

/// Where a pattern was given, and the pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// For people: `--preserve`, `keep.txt line 3`, `label rslim.preserve`.
    pub place: String,
    /// The pattern, perhaps with `!` in front.
    pub text: String,
}

/// Patterns in their order. Written as in `.dockerignore`: relative to the
/// root of the image, `*` within a name, `**` across directories, a directory
/// counts with all that is in it, `!` takes back what lines before it matched,
/// and the last line that matches decides.
#[derive(Debug, Default)]
pub struct PathList {
    given: Vec<Given>,
    parsed: IgnoreFile,
    used: Vec<bool>,
}

impl PathList {
    /// Parses patterns.
    ///
    /// # Errors
    /// [`SlimError::Pattern`] with the place of the first that is none.
    pub fn new(given: Vec<Given>) -> Result<Self, SlimError> {
        let mut list = PathList::default();
        for given in given {
            let one = IgnoreFile::parse(&given.text).map_err(|_| SlimError::Pattern {
                place: given.place.clone(),
                pattern: given.text.clone(),
            })?;
            // Empty lines and comments give none.
            for pattern in one.patterns {
                list.parsed.patterns.push(pattern);
                list.given.push(given.clone());
            }
        }
        list.used = vec![false; list.given.len()];
        Ok(list)
    }

    /// The lines of a list file.
    pub fn lines(place: &str, text: &str) -> Vec<Given> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().enumerate().map(|(number, line)| Given {
            place: format!("{place} line {}", number.saturating_add(1)),
            text: line.to_owned(),
        });
        let meant = lines.filter(|given| {
            let line = given.text.trim();
            !line.is_empty() && !line.starts_with('#')
        });
        meant.collect()
    }

    /// Whether there are no patterns.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// The place of the pattern that decides about a path, where `above` is
    /// that of the directory that it is in.
    pub fn decide(&mut self, path: &[u8], above: Option<usize>) -> Option<usize> {
        let own = self.parsed.last_match(&String::from_utf8_lossy(path));
        let at = own.max(above)?;
        *self.used.get_mut(at)? = true;
        Some(at)
    }

    /// The pattern at a place, unless it takes back.
    pub fn named(&self, at: usize) -> Option<&Given> {
        let taken_back = self.parsed.patterns.get(at)?.exclusion;
        self.given.get(at).filter(|_| !taken_back)
    }

    /// For each path of a tree, the pattern that decides about it; nothing
    /// where there are no patterns.
    pub fn over(&mut self, tree: &Tree) -> Vec<Option<usize>> {
        let mut decided = Vec::new();
        if self.is_empty() {
            return decided;
        }
        decided.resize(tree.path_count(), None);
        for node in tree.paths() {
            let above = decided.get(tree.parent(node) as usize).copied().flatten();
            let at = match node {
                ROOT => None,
                _ => self.decide(&tree.path(node), above),
            };
            if let Some(place) = decided.get_mut(node as usize) {
                *place = at;
            }
        }
        decided
    }

    /// The patterns that decided nothing so far.
    pub fn unused(&self) -> impl Iterator<Item = &Given> {
        let used = self.given.iter().zip(&self.used);
        used.filter(|(_, used)| !**used).map(|(given, _)| given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> PathList {
        PathList::new(PathList::lines("keep.txt", text)).unwrap()
    }

    /// Whether a path is named, its directories looked at first.
    fn names(list: &mut PathList, path: &str) -> bool {
        let ends = path
            .match_indices('/')
            .map(|(at, _)| at)
            .chain([path.len()]);
        let mut above = None;
        for end in ends {
            above = list.decide(&path.as_bytes()[..end], above);
        }
        above.is_some_and(|at| list.named(at).is_some())
    }

    #[test]
    fn the_last_line_that_matches_decides() {
        let mut list = list("# data\nopt/app\n!opt/app/cache\n**/*.pem\n/etc/x?\n");
        assert!(names(&mut list, "opt/app/lib/a.so"));
        assert!(!names(&mut list, "opt/app/cache/x"));
        assert!(names(&mut list, "opt/app/cache/x.pem"));
        assert!(names(&mut list, "etc/xy") && !names(&mut list, "etc/x"));
        assert_eq!(list.unused().count(), 0);
    }

    #[test]
    fn patterns_that_match_nothing_are_known() {
        let mut list = list("a\n\nb\n");
        list.decide(b"b", None);
        let unused: Vec<&str> = list.unused().map(|given| given.place.as_str()).collect();
        assert_eq!(unused, ["keep.txt line 1"]);
    }
}

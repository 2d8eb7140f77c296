//! Lists of paths that are kept, or removed, whatever else is known.

use super::error::SlimError;
use crate::dockerfile::ignore_file::IgnoreFile;

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

    /// The pattern that names this path, unless a later one takes it back.
    pub fn find(&mut self, path: &[u8]) -> Option<&Given> {
        let at = self.parsed.deciding(&String::from_utf8_lossy(path))?;
        *self.used.get_mut(at)? = true;
        let taken_back = self.parsed.patterns.get(at)?.exclusion;
        self.given.get(at).filter(|_| !taken_back)
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

    #[test]
    fn the_last_line_that_matches_decides() {
        let mut list = list("# data\nopt/app\n!opt/app/cache\n**/*.pem\n/etc/x?\n");
        assert!(list.find(b"opt/app/lib/a.so").is_some());
        assert!(list.find(b"opt/app/cache/x").is_none());
        assert!(list.find(b"opt/app/cache/x.pem").is_some());
        assert!(list.find(b"etc/xy").is_some() && list.find(b"etc/x").is_none());
        assert_eq!(list.unused().count(), 0);
    }

    #[test]
    fn patterns_that_match_nothing_are_known() {
        let mut list = list("a\n\nb\n");
        list.find(b"b");
        let unused: Vec<&str> = list.unused().map(|given| given.place.as_str()).collect();
        assert_eq!(unused, ["keep.txt line 1"]);
    }
}

//! `.dockerignore`: which files of the context the builder leaves out.
//!
//! Docker's own rules, which differ from gitignore's: patterns are anchored at
//! the context's root, the last match wins, a match of a parent directory
//! counts for what is below it, and `!` takes back.

/// One line of the file.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// The pattern as it is used, cleaned, without `!`.
    pub text: String,
    /// Starts with `!`.
    pub exclusion: bool,
    /// Line in the file, counted from 1.
    pub line: u32,
    steps: Vec<Step>,
}

/// A step through a path. Regular expressions would do, but a file of many
/// patterns would take all memory.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// This character.
    One(char),
    /// One character of a name.
    Any,
    /// Any number of characters of a name.
    Many,
    /// Anything.
    All,
    /// Past the next step, or into it.
    Maybe,
    /// Anything up to some `/`.
    Folders,
    /// A character in one of these ranges, or in none of them.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

/// A parsed `.dockerignore`.
#[derive(Debug, Clone, Default)]
pub struct IgnoreFile {
    /// Patterns in their order.
    pub patterns: Vec<Pattern>,
}

/// A pattern that Docker would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {pattern:?} is no pattern")]
pub struct BadPattern {
    /// Line in the file.
    pub line: u32,
    /// The pattern.
    pub pattern: String,
}

impl IgnoreFile {
    /// Parses the text.
    ///
    /// # Errors
    /// [`BadPattern`] for the first line that is no pattern.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut patterns = Vec::new();
        for (i, raw) in text.lines().enumerate() {
            let line = i as u32 + 1;
            // A # counts only in the first column.
            if raw.starts_with('#') {
                continue;
            }
            let raw = raw.trim();
            if raw.is_empty() {
                continue;
            }
            let (exclusion, body) = match raw.strip_prefix('!') {
                Some(body) => (true, body.trim()),
                None => (false, raw),
            };
            let bad = || BadPattern {
                line,
                pattern: raw.chars().take(80).collect(),
            };
            if body.is_empty() {
                return Err(bad());
            }
            let cleaned = clean(body);
            if cleaned == "." && !exclusion && body != "." {
                continue;
            }
            let steps = steps(&cleaned).ok_or_else(bad)?;
            patterns.push(Pattern {
                text: cleaned,
                exclusion,
                line,
                steps,
            });
        }
        Ok(IgnoreFile { patterns })
    }

    /// Whether the builder leaves out `path`, relative to the context and
    /// with `/` between its parts. A pattern that matches a parent matches.
    pub fn ignores(&self, path: &str) -> bool {
        let path = path.trim_matches('/');
        let mut ignored = false;
        for pattern in &self.patterns {
            // Only a pattern that would change the answer needs to be tried.
            if pattern.exclusion == ignored && pattern.matches_or_parent(path) {
                ignored = !pattern.exclusion;
            }
        }
        ignored
    }

    /// The place of the last pattern that matches `path` itself, whatever
    /// matches the directories that it is in.
    pub fn last_match(&self, path: &str) -> Option<usize> {
        let path = path.trim_matches('/');
        let mut patterns = self.patterns.iter();
        patterns.rposition(|pattern| pattern.matches(path))
    }

    /// Whether any line takes something back.
    pub fn has_exclusions(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.exclusion)
    }
}

impl Pattern {
    fn matches_or_parent(&self, path: &str) -> bool {
        let parents = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        parents.chain([path]).any(|path| self.matches(path))
    }

    fn matches(&self, path: &str) -> bool {
        let plain = |step: &Step, c: char| matches!(step, Step::One(own) if *own == c);
        let mut chars = path.chars();
        let mut from = 0;
        // Most patterns differ before their first wildcard.
        while let Some(step @ Step::One(_)) = self.steps.get(from) {
            if !chars.next().is_some_and(|c| plain(step, c)) {
                return false;
            }
            from += 1;
        }
        let steps = self.steps.get(from..).unwrap_or(&[]);
        let mut now = vec![false; steps.len() + 1];
        enter(steps, 0, &mut now);
        for c in chars {
            let mut next = vec![false; steps.len() + 1];
            for (at, step) in steps.iter().enumerate() {
                if now.get(at) != Some(&true) {
                    continue;
                }
                let (stays, passes) = match step {
                    Step::One(own) => (false, *own == c),
                    Step::Any => (false, c != '/'),
                    Step::Many => (c != '/', false),
                    Step::All => (true, false),
                    Step::Maybe => (false, false),
                    Step::Folders => (true, c == '/'),
                    Step::Class { negated, ranges } => {
                        let inside = ranges.iter().any(|(low, high)| (*low..=*high).contains(&c));
                        (false, inside != *negated)
                    }
                };
                if stays {
                    enter(steps, at, &mut next);
                }
                if passes {
                    enter(steps, at + 1, &mut next);
                }
            }
            if !next.contains(&true) {
                return false;
            }
            now = next;
        }
        now.last() == Some(&true)
    }
}

/// Marks a step and those that can be reached from it without a character.
fn enter(steps: &[Step], mut at: usize, marks: &mut [bool]) {
    while let Some(mark) = marks.get_mut(at).filter(|mark| !**mark) {
        *mark = true;
        match steps.get(at) {
            Some(Step::Many | Step::All) => at += 1,
            Some(Step::Maybe) => {
                if let Some(mark) = marks.get_mut(at + 1) {
                    *mark = true;
                }
                at += 2;
            }
            _ => return,
        }
    }
}

/// As Go's `filepath.Clean`, without a leading slash.
fn clean(text: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    // Above the root is the root.
                }
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        ".".to_owned()
    } else {
        parts.join("/")
    }
}

fn steps(pattern: &str) -> Option<Vec<Step>> {
    let mut out = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.peek() == Some(&'*') => {
                chars.next();
                match chars.peek() {
                    None => out.push(Step::All),
                    Some(after) => {
                        if *after == '/' {
                            chars.next();
                        }
                        out.extend([Step::Maybe, Step::Folders]);
                    }
                }
            }
            '*' => out.push(Step::Many),
            '?' => out.push(Step::Any),
            '\\' => out.push(Step::One(chars.next()?)),
            '[' => out.push(class(&mut chars)?),
            c => out.push(Step::One(c)),
        }
    }
    Some(out)
}

/// What follows a `[`, up to its `]`.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Step> {
    let negated = chars.next_if_eq(&'^').is_some();
    let mut ranges: Vec<(char, char)> = Vec::new();
    loop {
        let low = match chars.next()? {
            ']' if !ranges.is_empty() => break,
            ']' => return None,
            '\\' => chars.next()?,
            c => c,
        };
        let mut high = low;
        if chars.peek() == Some(&'-') {
            chars.next();
            high = match chars.peek()? {
                // A hyphen at the end is itself.
                ']' => {
                    ranges.push(('-', '-'));
                    low
                }
                _ => match chars.next()? {
                    '\\' => chars.next()?,
                    c => c,
                },
            };
        }
        if high < low {
            return None;
        }
        ranges.push((low, high));
    }
    Some(Step::Class { negated, ranges })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignored(file: &str, path: &str) -> bool {
        IgnoreFile::parse(file).unwrap().ignores(path)
    }

    #[test]
    fn patterns_are_anchored_and_cover_what_is_below() {
        assert!(ignored("node_modules", "node_modules/a/b"));
        assert!(!ignored("node_modules", "web/node_modules"));
        assert!(ignored("**/node_modules", "web/node_modules/x"));
        assert!(ignored("**/node_modules", "node_modules"));
        assert!(ignored("/a/", "a"));
        assert!(ignored("*.md", "README.md"));
        assert!(!ignored("*.md", "docs/a.md"));
        assert!(ignored("*/*.md", "docs/a.md"));
        assert!(ignored("**", "a/b"));
        assert!(ignored("a?c", "abc"));
        assert!(ignored("[a-c]x", "bx"));
        assert!(ignored("./x/../y", "y"));
    }

    #[test]
    fn wildcards_in_the_middle() {
        assert!(ignored("a/**/b", "a/b") && ignored("a/**/b", "a/c/d/b/x"));
        assert!(!ignored("a/**/b", "a/cb"));
        assert!(ignored("**/*.md", "a.md") && ignored("**/*.md", "b/c/a.md"));
        assert!(ignored("a**b", "ab") && ignored("a**b", "ax/b") && !ignored("a**b", "axb"));
        assert!(ignored("a*c", "abbc") && !ignored("a*c", "ab/c"));
        assert!(ignored("[^a-c]", "x") && !ignored("[^a-c]", "b"));
        assert!(ignored("[a\\]-]", "]") && ignored("[a-]", "-") && ignored("\\*", "*"));
        assert!(!ignored("\\*", "a") && !ignored("a?", "a/"));
        assert!(IgnoreFile::parse("[c-a]").is_err() && IgnoreFile::parse("a\\").is_err());
        assert!(ignored(&"**/*".repeat(1000), &"a/".repeat(1000)));
    }

    #[test]
    fn exclamation_marks_take_back_and_the_last_wins() {
        assert!(!ignored("*\n!src\n", "src/main.rs"));
        assert!(ignored("*\n!src\nsrc/tmp", "src/tmp/x"));
        assert!(!ignored("a\n! a/b", "a/b"));
        assert!(ignored("!a\na", "a"));
    }

    #[test]
    fn comments_and_mistakes() {
        assert!(!ignored("# a\n\n", "# a"));
        assert!(ignored(" # a", "# a"));
        assert_eq!(IgnoreFile::parse("a\n[").unwrap_err().line, 2);
        assert!(IgnoreFile::parse("!").is_err());
    }
}

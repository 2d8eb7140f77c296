//! `.dockerignore`: which files of the context the builder leaves out.
//!
//! Docker's own rules, which differ from gitignore's: patterns are anchored at
//! the context's root, the last match wins, a match of a parent directory
//! counts for what is below it, and `!` takes back.

use regex::Regex;

/// One line of the file.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// The pattern as it is used, cleaned, without `!`.
    pub text: String,
    /// Starts with `!`.
    pub exclusion: bool,
    /// Line in the file, counted from 1.
    pub line: u32,
    regex: Regex,
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
                pattern: raw.to_owned(),
            };
            if body.is_empty() {
                return Err(bad());
            }
            let cleaned = clean(body);
            if cleaned == "." && !exclusion && body != "." {
                continue;
            }
            let regex = regex_of(&cleaned).ok_or_else(bad)?;
            patterns.push(Pattern {
                text: cleaned,
                exclusion,
                line,
                regex,
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

    /// Whether any line takes something back.
    pub fn has_exclusions(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.exclusion)
    }
}

impl Pattern {
    fn matches_or_parent(&self, path: &str) -> bool {
        if self.regex.is_match(path) {
            return true;
        }
        path.match_indices('/').any(|(at, _)| {
            path.get(..at)
                .is_some_and(|parent| self.regex.is_match(parent))
        })
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

fn regex_of(pattern: &str) -> Option<Regex> {
    let mut out = String::from("(?s)^");
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.peek() == Some(&'*') => {
                chars.next();
                if chars.peek() == Some(&'/') {
                    chars.next();
                    out.push_str("(.*/)?");
                } else if chars.peek().is_none() {
                    out.push_str(".*");
                } else {
                    out.push_str("(.*/)?");
                }
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '\\' => out.push_str(&regex::escape(&chars.next()?.to_string())),
            '[' => {
                let mut class = String::from("[");
                if chars.peek() == Some(&'^') {
                    chars.next();
                    class.push('^');
                }
                let mut empty = true;
                loop {
                    match chars.next()? {
                        ']' if !empty => break,
                        ']' => return None,
                        '\\' => class.push_str(&regex::escape(&chars.next()?.to_string())),
                        '-' => class.push('-'),
                        c @ ('[' | '&' | '~' | '^') => class.extend(['\\', c]),
                        c => class.push(c),
                    }
                    empty = false;
                }
                class.push(']');
                out.push_str(&class);
            }
            c => out.push_str(&regex::escape(&c.to_string())),
        }
    }
    out.push('$');
    regex::RegexBuilder::new(&out)
        .size_limit(1 << 20)
        .build()
        .ok()
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

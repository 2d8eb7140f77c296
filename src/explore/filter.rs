//! Which paths are wanted, by a pattern that is typed.

use regex::bytes::{Regex, RegexBuilder};

/// A pattern for whole paths, which begin with a slash.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// What was typed.
    pub text: String,
    /// Whether it is plain text rather than a regular expression.
    pub plain: bool,
    /// Why it is no regular expression, in one line.
    pub error: Option<String>,
    matcher: Option<Regex>,
}

/// Bytes that a compiled pattern may take.
const COMPILED: usize = 4 << 20;

impl Filter {
    /// Takes what was typed. While that is no regular expression, the last one that
    /// was one stays.
    pub fn set(&mut self, text: String, plain: bool) {
        (self.text, self.plain, self.error) = (text, plain, None);
        if self.text.is_empty() {
            self.matcher = None;
            return;
        }
        let pattern = match plain {
            true => regex::escape(&self.text),
            false => self.text.clone(),
        };
        let built = RegexBuilder::new(&pattern).size_limit(COMPILED).build();
        match built {
            Ok(matcher) => self.matcher = Some(matcher),
            Err(error) => {
                let text = error.to_string();
                let last = text.lines().rfind(|line| !line.trim().is_empty());
                let last = last.unwrap_or("not a regular expression").trim();
                self.error = Some(last.trim_start_matches("error: ").to_owned());
            }
        }
    }

    /// Whether it leaves paths out.
    pub fn is_active(&self) -> bool {
        self.matcher.is_some()
    }

    /// Whether a path is wanted.
    pub fn allows(&self, path: &[u8]) -> bool {
        let matcher = self.matcher.as_ref();
        matcher.is_none_or(|matcher| matcher.is_match(path))
    }
}

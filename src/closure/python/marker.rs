//! Requirements as distributions state them (PEP 508), and their markers.

use super::Environment;

/// One `Requires-Dist`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The normalised name.
    pub name: String,
    /// The extras asked for, normalised.
    pub extras: Vec<String>,
    /// The marker as written, perhaps empty.
    pub marker: String,
}

/// A name as the package index compares it: small letters, and one `-` for each run of `-_.`.
pub fn normalise(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.trim().chars() {
        if matches!(c, '-' | '_' | '.') {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

impl Requirement {
    /// Reads a requirement; `None` if it does not start with a name.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(end)?;
        if name.is_empty() {
            return None;
        }
        let rest = rest.trim_start();
        let mut extras = Vec::new();
        if let Some(inner) = rest.strip_prefix('[')
            && let Some((list, _)) = inner.split_once(']')
        {
            extras.extend(
                list.split(',')
                    .map(normalise)
                    .filter(|name| !name.is_empty()),
            );
        }
        // A URL may hold a `;` only before a space.
        let cut = if rest.starts_with('@') { " ;" } else { ";" };
        let marker = rest.split_once(cut).map_or("", |(_, marker)| marker.trim());
        Some(Self {
            name: normalise(name),
            extras,
            marker: marker.to_owned(),
        })
    }

    /// Whether the requirement holds in `environment` with `extras` asked for; a marker that is
    /// not understood holds.
    pub fn holds(&self, environment: &Environment, extras: &[String]) -> bool {
        if self.marker.is_empty() {
            return true;
        }
        let mut parser = Parser {
            words: words(&self.marker),
            at: 0,
            environment,
            extras,
        };
        parser.any(0) != Some(false)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Name(String),
    Text(String),
    Op(String),
    Open,
    Close,
}

fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '(' | ')' => {
                words.push(if first == '(' {
                    Word::Open
                } else {
                    Word::Close
                });
                1
            }
            '"' | '\'' => {
                let body = rest.get(1..).unwrap_or_default();
                let len = body.find(first).unwrap_or(body.len());
                words.push(Word::Text(body.get(..len).unwrap_or_default().to_owned()));
                len.saturating_add(2)
            }
            '<' | '>' | '=' | '!' | '~' => {
                let op = |c: char| matches!(c, '<' | '>' | '=' | '!' | '~');
                let len = rest.find(|c| !op(c)).unwrap_or(rest.len());
                words.push(Word::Op(rest.get(..len).unwrap_or_default().to_owned()));
                len
            }
            _ => {
                let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
                let len = rest.find(|c| !name(c)).unwrap_or(rest.len());
                let len = len.max(first.len_utf8());
                words.push(Word::Name(rest.get(..len).unwrap_or_default().to_owned()));
                len
            }
        };
        rest = rest.get(end..).unwrap_or_default().trim_start();
    }
    words
}

/// Deeper brackets are not understood.
const MAX_DEPTH: u32 = 32;

struct Parser<'a> {
    words: Vec<Word>,
    at: usize,
    environment: &'a Environment,
    extras: &'a [String],
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Word> {
        let word = self.words.get(self.at).cloned();
        self.at = self.at.saturating_add(1);
        word
    }

    fn takes(&mut self, name: &str) -> bool {
        let is = matches!(self.words.get(self.at), Some(Word::Name(word)) if word == name);
        if is {
            self.at = self.at.saturating_add(1);
        }
        is
    }

    /// `None` is for what cannot be known.
    fn any(&mut self, depth: u32) -> Option<bool> {
        let mut value = self.all(depth);
        while self.takes("or") {
            value = match (value, self.all(depth)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
        }
        value
    }

    fn all(&mut self, depth: u32) -> Option<bool> {
        let mut value = self.one(depth);
        while self.takes("and") {
            value = match (value, self.one(depth)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
        }
        value
    }

    fn one(&mut self, depth: u32) -> Option<bool> {
        if self.words.get(self.at) == Some(&Word::Open) {
            self.at = self.at.saturating_add(1);
            if depth >= MAX_DEPTH {
                self.at = self.words.len();
                return None;
            }
            let value = self.any(depth.saturating_add(1));
            if self.next() != Some(Word::Close) {
                return None;
            }
            return value;
        }
        let left = self.next()?;
        let op = match self.next()? {
            Word::Op(op) => op,
            Word::Name(name) if name == "in" => name,
            Word::Name(name) if name == "not" && self.takes("in") => "not in".to_owned(),
            _ => return None,
        };
        let right = self.next()?;
        match (left, right) {
            (Word::Name(name), Word::Text(text)) => self.compare(&name, &op, &text),
            (Word::Text(text), Word::Name(name)) => match op.as_str() {
                // `"x" in name` asks for a part of the value.
                "in" => Some(self.value(&name)?.contains(&text)),
                "not in" => Some(!self.value(&name)?.contains(&text)),
                "<" => self.compare(&name, ">", &text),
                "<=" => self.compare(&name, ">=", &text),
                ">" => self.compare(&name, "<", &text),
                ">=" => self.compare(&name, "<=", &text),
                _ => self.compare(&name, &op, &text),
            },
            _ => None,
        }
    }

    fn value(&self, name: &str) -> Option<String> {
        Some(match name {
            "sys_platform" | "sys.platform" => "linux".to_owned(),
            "platform_system" => "Linux".to_owned(),
            "os_name" | "os.name" => "posix".to_owned(),
            "implementation_name" => self.environment.implementation.clone()?,
            "platform_python_implementation" | "python_implementation" => {
                match self.environment.implementation.as_deref()? {
                    "cpython" => "CPython".to_owned(),
                    "pypy" => "PyPy".to_owned(),
                    _ => return None,
                }
            }
            "platform_machine" | "platform.machine" => self.environment.machine.clone()?,
            _ => return None,
        })
    }

    fn compare(&self, name: &str, op: &str, text: &str) -> Option<bool> {
        match name {
            "extra" => {
                let has = self.extras.contains(&normalise(text));
                return match op {
                    "==" | "===" => Some(has),
                    "!=" => Some(!has),
                    _ => None,
                };
            }
            "python_version" | "python_full_version" => {
                return self.version(op, text, name == "python_full_version");
            }
            _ => {}
        }
        let value = self.value(name)?;
        match op {
            "==" | "===" => Some(value == text),
            "!=" => Some(value != text),
            "in" => Some(text.contains(&value)),
            "not in" => Some(!text.contains(&value)),
            _ => None,
        }
    }

    fn version(&self, op: &str, text: &str, full: bool) -> Option<bool> {
        let have = self.environment.version?;
        if matches!(op, "in" | "not in") {
            let listed = text
                .split([',', ' ', '|'])
                .any(|version| two(version).is_some_and(|(version, _)| version == have));
            return Some(listed == (op == "in"));
        }
        let wild = text.strip_suffix(".*");
        let (want, exact) = two(wild.unwrap_or(text))?;
        // The image's patch level is not known: `3.11.4` compares with 3.11 only if they differ.
        let settled = wild.is_some() || want != have;
        let decided = match (full, exact) {
            (false, exact) => exact,
            (true, exact) => exact && matches!(op, ">=" | "<"),
        };
        if !settled && !decided {
            return None;
        }
        Some(match op {
            "==" | "===" => have == want,
            "!=" => have != want,
            "<" => have < want,
            "<=" => have <= want,
            ">" => have > want,
            ">=" => have >= want,
            "~=" => have.0 == want.0 && have.1 >= want.1,
            _ => return None,
        })
    }
}

/// The first two numbers of a version, and whether it has no more.
fn two(version: &str) -> Option<((u32, u32), bool)> {
    let mut parts = version.trim().split('.');
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next().map_or(Some(0), |part| {
        let digits = part
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(part.len());
        part.get(..digits).and_then(|digits| digits.parse().ok())
    })?;
    Some(((major, minor), parts.all(|part| part == "0")))
}

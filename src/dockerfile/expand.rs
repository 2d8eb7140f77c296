//! Variables in instruction text, by the rules of the Dockerfile reference:
//! `$x`, `${x}` and its modifiers, quotes and escapes.

use super::text::Span;

/// Nesting of `${…}` that is followed.
const DEPTH_LIMIT: usize = 64;
/// Bytes that a value may grow to; doubling ENVs would fill the memory.
const VALUE_LIMIT: usize = 1 << 16;

/// A use of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Its name.
    pub name: String,
    /// From `$` to the end, in the text given.
    pub span: Span,
    /// The modifier, such as `:-`, where there is one.
    pub operator: Option<String>,
    /// Whether the lookup found it.
    pub found: bool,
}

/// Text after expansion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expanded {
    /// The text without quotes and with values in place of variables.
    pub value: String,
    /// Every variable that was looked up, in order.
    pub uses: Vec<Use>,
}

/// Why text cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum ExpandError {
    #[error("${{ has no closing brace")]
    Unclosed { span: Span },
    #[error("unsupported modifier {operator:?} in ${{…}}")]
    Modifier { span: Span, operator: String },
    #[error("{name}: {message}")]
    Required {
        span: Span,
        name: String,
        message: String,
    },
    #[error("unclosed quote")]
    Quote { span: Span },
    #[error("${{…}} is nested more than {DEPTH_LIMIT} deep")]
    Deep { span: Span },
    #[error("the value grows beyond {VALUE_LIMIT} bytes")]
    Long { span: Span },
}

impl ExpandError {
    /// Where, in the text given.
    pub fn span(&self) -> Span {
        match self {
            ExpandError::Unclosed { span }
            | ExpandError::Modifier { span, .. }
            | ExpandError::Required { span, .. }
            | ExpandError::Quote { span }
            | ExpandError::Deep { span }
            | ExpandError::Long { span } => *span,
        }
    }
}

struct Expander<'a> {
    text: &'a str,
    at: usize,
    escape: char,
    lookup: &'a dyn Fn(&str) -> Option<String>,
    uses: Vec<Use>,
    depth: usize,
    /// Quotes are ordinary characters, as in bodies of here-documents.
    raw_quotes: bool,
}

/// Expands `text`; `lookup` gives the values of variables.
///
/// # Errors
/// [`ExpandError`], where Docker would stop too.
pub fn expand(
    text: &str,
    escape: char,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Expanded, ExpandError> {
    run(text, escape, lookup, false)
}

/// Expands the body of a here-document, in which quotes mean nothing.
///
/// # Errors
/// [`ExpandError`], where Docker would stop too.
pub fn expand_body(
    text: &str,
    escape: char,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Expanded, ExpandError> {
    run(text, escape, lookup, true)
}

fn run(
    text: &str,
    escape: char,
    lookup: &dyn Fn(&str) -> Option<String>,
    raw_quotes: bool,
) -> Result<Expanded, ExpandError> {
    if !text.contains(['$', '"', '\'', escape]) {
        return Ok(Expanded {
            value: text.to_owned(),
            uses: Vec::new(),
        });
    }
    let mut expander = Expander {
        text,
        at: 0,
        escape,
        lookup,
        uses: Vec::new(),
        depth: 0,
        raw_quotes,
    };
    let value = expander.until(None)?;
    Ok(Expanded {
        value,
        uses: expander.uses,
    })
}

/// The variables that `text` uses, whatever their values; none where the text
/// cannot be read.
pub fn uses(text: &str, escape: char) -> Vec<Use> {
    // An empty value would make `${x:?}` an error.
    expand(text, escape, &|_| Some("x".to_owned()))
        .map(|done| done.uses)
        .unwrap_or_default()
}

fn is_special(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '@' | '*' | '#' | '?' | '-' | '$' | '!')
}

impl Expander<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn span_from(&self, start: usize) -> Span {
        Span::new(start as u32, self.at as u32)
    }

    fn push(&self, out: &mut String, text: &str, start: usize) -> Result<(), ExpandError> {
        out.push_str(text);
        if out.len() > VALUE_LIMIT.max(self.text.len()) {
            let span = self.span_from(start);
            return Err(ExpandError::Long { span });
        }
        Ok(())
    }

    /// Up to an unquoted `stop`, which is not taken, or the end.
    fn until(&mut self, stop: Option<char>) -> Result<String, ExpandError> {
        let mut out = String::new();
        while let Some(c) = self.peek() {
            let start = self.at;
            if Some(c) == stop {
                break;
            }
            match c {
                '$' => {
                    let value = self.dollar()?;
                    self.push(&mut out, &value, start)?;
                }
                '\'' if !self.raw_quotes => self.single(&mut out)?,
                '"' if !self.raw_quotes => self.double(&mut out)?,
                c if c == self.escape => {
                    self.next();
                    match self.next() {
                        // A body keeps escapes that hide nothing.
                        Some(n) if self.raw_quotes && n != '$' && n != self.escape => {
                            out.extend([c, n])
                        }
                        Some(n) => out.push(n),
                        None => out.push(c),
                    }
                }
                c => {
                    self.next();
                    out.push(c);
                }
            }
        }
        Ok(out)
    }

    fn single(&mut self, out: &mut String) -> Result<(), ExpandError> {
        let start = self.at;
        self.next();
        while let Some(c) = self.next() {
            if c == '\'' {
                return Ok(());
            }
            out.push(c);
        }
        Err(ExpandError::Quote {
            span: self.span_from(start),
        })
    }

    fn double(&mut self, out: &mut String) -> Result<(), ExpandError> {
        let start = self.at;
        self.next();
        while let Some(c) = self.peek() {
            match c {
                '"' => {
                    self.next();
                    return Ok(());
                }
                '$' => {
                    let from = self.at;
                    let value = self.dollar()?;
                    self.push(out, &value, from)?;
                }
                c if c == self.escape => {
                    self.next();
                    match self.next() {
                        Some(n) if n == '"' || n == '$' || n == self.escape => out.push(n),
                        Some(n) => out.extend([c, n]),
                        None => break,
                    }
                }
                c => {
                    self.next();
                    out.push(c);
                }
            }
        }
        Err(ExpandError::Quote {
            span: self.span_from(start),
        })
    }

    fn look_up(&mut self, name: String, start: usize, operator: Option<String>) -> Option<String> {
        let value = (self.lookup)(&name);
        self.uses.push(Use {
            name,
            span: self.span_from(start),
            operator,
            found: value.is_some(),
        });
        value
    }

    fn name(&mut self) -> String {
        let start = self.at;
        if self.peek().is_some_and(is_special) {
            self.next();
        } else {
            while self
                .peek()
                .is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
            {
                self.next();
            }
        }
        self.text.get(start..self.at).unwrap_or("").to_owned()
    }

    /// At a `$`.
    fn dollar(&mut self) -> Result<String, ExpandError> {
        let start = self.at;
        self.next();
        if self.peek() != Some('{') {
            let name = self.name();
            if name.is_empty() {
                return Ok("$".to_owned());
            }
            if name.starts_with(is_special) {
                return Ok(String::new());
            }
            return Ok(self.look_up(name, start, None).unwrap_or_default());
        }
        self.next();
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err(ExpandError::Deep {
                span: Span::at(start as u32),
            });
        }
        let value = self.braced(start);
        self.depth -= 1;
        value
    }

    /// After `${`.
    fn braced(&mut self, start: usize) -> Result<String, ExpandError> {
        let name = self.name();
        if name.is_empty() {
            let span = self.span_from(start);
            return match self.peek() {
                None => Err(ExpandError::Unclosed { span }),
                Some(c) => Err(ExpandError::Modifier {
                    span,
                    operator: c.to_string(),
                }),
            };
        }
        let special = name.starts_with(is_special);
        let operator = self.operator(start)?;
        let Some(operator) = operator else {
            if special {
                return Ok(String::new());
            }
            return Ok(self.look_up(name, start, None).unwrap_or_default());
        };
        let used = self.uses.len();
        let stop = if operator.starts_with('/') { '/' } else { '}' };
        let word = self.until(Some(stop))?;
        let replacement = if stop == '/' {
            if self.next().is_none() {
                return Err(ExpandError::Unclosed {
                    span: self.span_from(start),
                });
            }
            self.until(Some('}'))?
        } else {
            String::new()
        };
        if self.next() != Some('}') {
            return Err(ExpandError::Unclosed {
                span: self.span_from(start),
            });
        }
        let inner = self.uses.split_off(used);
        let value = if special {
            None
        } else {
            self.look_up(name.clone(), start, Some(operator.clone()))
        };
        self.uses.extend(inner);
        let is_set = match operator.strip_prefix(':') {
            Some(_) => value.as_deref().is_some_and(|value| !value.is_empty()),
            None => value.is_some(),
        };
        let value_or_empty = value.clone().unwrap_or_default();
        Ok(match operator.trim_start_matches(':') {
            "-" if is_set => value_or_empty,
            "-" => word,
            "+" if is_set => word,
            "+" => String::new(),
            "?" if is_set => value_or_empty,
            "?" => {
                let message = if word.is_empty() {
                    "not set".to_owned()
                } else {
                    word
                };
                let span = self.span_from(start);
                return Err(ExpandError::Required {
                    span,
                    name,
                    message,
                });
            }
            "#" => strip(&value_or_empty, &word, true, false),
            "##" => strip(&value_or_empty, &word, true, true),
            "%" => strip(&value_or_empty, &word, false, false),
            "%%" => strip(&value_or_empty, &word, false, true),
            "/" => replace(&value_or_empty, &word, &replacement, false),
            _ => replace(&value_or_empty, &word, &replacement, true),
        })
    }

    /// The modifier after a name in braces; `None` takes the closing brace.
    fn operator(&mut self, start: usize) -> Result<Option<String>, ExpandError> {
        let Some(first) = self.next() else {
            return Err(ExpandError::Unclosed {
                span: self.span_from(start),
            });
        };
        let mut operator = first.to_string();
        match first {
            '}' => return Ok(None),
            ':' => match self.next() {
                Some(c @ ('-' | '+' | '?')) => operator.push(c),
                Some(c) => {
                    operator.push(c);
                    return Err(ExpandError::Modifier {
                        span: self.span_from(start),
                        operator,
                    });
                }
                None => {
                    return Err(ExpandError::Unclosed {
                        span: self.span_from(start),
                    });
                }
            },
            '-' | '+' | '?' => {}
            '#' | '%' | '/' => {
                if self.peek() == Some(first) {
                    self.next();
                    operator.push(first);
                }
            }
            _ => {
                return Err(ExpandError::Modifier {
                    span: self.span_from(start),
                    operator,
                });
            }
        }
        Ok(Some(operator))
    }
}

fn glob(pattern: &str) -> Option<globset::GlobMatcher> {
    let glob = globset::GlobBuilder::new(pattern)
        .literal_separator(false)
        .build()
        .ok()?;
    Some(glob.compile_matcher())
}

/// Removes a prefix or suffix that the pattern matches.
fn strip(value: &str, pattern: &str, front: bool, longest: bool) -> String {
    let Some(glob) = glob(pattern) else {
        return value.to_owned();
    };
    let mut cuts: Vec<usize> = value.char_indices().map(|(at, _)| at).collect();
    cuts.push(value.len());
    // Shortest match first; the longest is found from the other end.
    if front == longest {
        cuts.reverse();
    }
    for cut in cuts {
        let (head, tail) = value.split_at(cut);
        let (part, rest) = if front { (head, tail) } else { (tail, head) };
        if glob.is_match(part) {
            return rest.to_owned();
        }
    }
    value.to_owned()
}

/// Replaces the first, or every, match of the pattern.
fn replace(value: &str, pattern: &str, with: &str, all: bool) -> String {
    let Some(glob) = glob(pattern).filter(|_| !pattern.is_empty() && value.len() < 1024) else {
        return value.to_owned();
    };
    let mut out = String::new();
    let mut at = 0;
    while at < value.len() {
        let rest = value.get(at..).unwrap_or("");
        let ends = rest.char_indices().map(|(i, c)| i + c.len_utf8());
        let found = ends
            .rev()
            .find(|&end| rest.get(..end).is_some_and(|part| glob.is_match(part)));
        match found {
            Some(end) => {
                out.push_str(with);
                at += end;
                if !all {
                    break;
                }
            }
            None => {
                let length = rest.chars().next().map_or(1, char::len_utf8);
                out.push_str(rest.get(..length).unwrap_or(""));
                at += length;
            }
        }
    }
    out.push_str(value.get(at..).unwrap_or(""));
    out
}

//! Cutting an instruction's text into words, flags, pairs and JSON arrays.

use super::instruction::{Flag, Pair, Word};
use super::text::{Joined, Span};

/// The word at `span` of the joined text.
pub fn word(joined: &Joined, start: usize, end: usize) -> Word {
    let span = Span::new(start as u32, end as u32);
    Word {
        text: span.of(&joined.text).to_owned(),
        span: joined.span(span),
    }
}

/// Words between blanks; quotes mean nothing.
pub fn split_blanks(joined: &Joined) -> Vec<Word> {
    let text = joined.text.as_str();
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        if c.is_whitespace() {
            if let Some(start) = start.take() {
                words.push(word(joined, start, at));
            }
        } else {
            start.get_or_insert(at);
        }
    }
    if let Some(start) = start {
        words.push(word(joined, start, text.len()));
    }
    words
}

/// The whole text without blanks around it.
pub fn whole(joined: &Joined) -> Word {
    let text = joined.text.as_str();
    let start = text.len() - text.trim_start().len();
    word(joined, start, start + text.trim().len())
}

/// Words between blanks that stand outside quotes, as ENV, LABEL and ARG have
/// them; quotes and escapes stay in the text.
pub fn split_quoted(joined: &Joined, escape: char) -> Vec<Word> {
    let text = joined.text.as_str();
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if quote.is_none() && c.is_whitespace() {
            if let Some(start) = start.take() {
                words.push(word(joined, start, at));
            }
            continue;
        }
        start.get_or_insert(at);
        match quote {
            // Single quotes keep the escape character as it is.
            _ if c == escape && quote != Some('\'') => {
                chars.next();
            }
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            _ => {}
        }
    }
    if let Some(start) = start {
        words.push(word(joined, start, text.len()));
    }
    words
}

/// The flags at the start of the text and where the arguments begin.
pub fn flags(joined: &Joined, escape: char) -> (Vec<Flag>, usize) {
    let text = joined.text.as_str();
    let mut flags = Vec::new();
    let mut at = text.len() - text.trim_start().len();
    loop {
        let rest = text.get(at..).unwrap_or("");
        if !rest.starts_with("--") {
            return (flags, at);
        }
        let (raw, value) = flag_word(rest, escape);
        let end = at + raw;
        let after = text.get(end..).unwrap_or("");
        let next = end + (after.len() - after.trim_start().len());
        if value == "--" {
            return (flags, next);
        }
        let span = joined.span(Span::new(at as u32, end as u32));
        let body = value.strip_prefix("--").unwrap_or(&value);
        let (name, value) = match body.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (body.to_owned(), None),
        };
        flags.push(Flag { name, value, span });
        at = next;
    }
}

/// How long the first word is, and its text without quotes and escapes.
fn flag_word(text: &str, escape: char) -> (usize, String) {
    let mut out = String::new();
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            None if c.is_whitespace() => return (at, out),
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            _ if c == escape && quote != Some('\'') => match chars.next() {
                Some((_, next)) => out.push(next),
                None => return (text.len(), out),
            },
            _ => out.push(c),
        }
    }
    (text.len(), out)
}

/// `key=value` words, or the old form `key rest of the line`.
///
/// # Errors
/// Where and what is wrong.
pub fn pairs(joined: &Joined, escape: char) -> Result<(Vec<Pair>, bool), (Span, String)> {
    let words = split_quoted(joined, escape);
    let Some(first) = words.first() else {
        return Ok((Vec::new(), false));
    };
    if !first.text.contains('=') {
        if words.len() < 2 {
            let message = format!("{} has no value: write {}=value", first.text, first.text);
            return Err((first.span, message));
        }
        let text = joined.text.as_str();
        let begin = text.len() - text.trim_start().len();
        let after = begin + first.text.len();
        let rest = text.get(after..).unwrap_or("");
        let start = after + (rest.len() - rest.trim_start().len());
        let value = word(joined, start, start + rest.trim().len());
        let span = first.span.to(value.span);
        let pair = Pair {
            key: first.clone(),
            value: Some(value),
            span,
        };
        return Ok((vec![pair], true));
    }
    let mut pairs = Vec::new();
    for word in words {
        let pair = pair(&word);
        if pair.value.is_none() {
            let message = format!("{} has no value: every word needs a =", word.text);
            return Err((word.span, message));
        }
        if pair.key.text.is_empty() {
            return Err((word.span, "the name before = is empty".to_owned()));
        }
        pairs.push(pair);
    }
    Ok((pairs, false))
}

/// A word cut at its first `=`.
pub fn pair(word: &Word) -> Pair {
    let Some((key, value)) = word.text.split_once('=') else {
        return Pair {
            key: word.clone(),
            value: None,
            span: word.span,
        };
    };
    let length = key.len() as u32;
    // Exact unless the word is continued on another line, which keys are not.
    let middle = (word.span.start + length).min(word.span.end);
    Pair {
        key: Word {
            text: key.to_owned(),
            span: Span::new(word.span.start, middle),
        },
        value: Some(Word {
            text: value.to_owned(),
            span: Span::new((middle + 1).min(word.span.end), word.span.end),
        }),
        span: word.span,
    }
}

/// What an attempt to read a JSON array of strings gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// The strings, with the places of their literals.
    Strings(Vec<Word>),
    /// An array with something else than strings in it.
    NotStrings,
    /// No array: the text is in shell form.
    No,
}

/// Reads `["a", "b"]`.
pub fn json(joined: &Joined) -> Json {
    let text = joined.text.as_str();
    let start = text.len() - text.trim_start().len();
    let body = text.trim();
    if !body.starts_with('[') {
        return Json::No;
    }
    let values: Vec<serde_json::Value> = match serde_json::from_str(body) {
        Ok(values) => values,
        Err(_) => return Json::No,
    };
    let mut places = string_places(body).into_iter();
    let mut words = Vec::new();
    for value in values {
        let serde_json::Value::String(value) = value else {
            return Json::NotStrings;
        };
        let (from, to) = places.next().unwrap_or((0, body.len()));
        let span = Span::new((start + from) as u32, (start + to) as u32);
        words.push(Word {
            text: value,
            span: joined.span(span),
        });
    }
    Json::Strings(words)
}

/// Where string literals are, with their quotes, in text that is valid JSON.
fn string_places(text: &str) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    let mut open = None;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match open {
            None if byte == b'"' => open = Some(at),
            Some(_) if escaped => escaped = false,
            Some(_) if byte == b'\\' => escaped = true,
            Some(start) if byte == b'"' => {
                places.push((start, at + 1));
                open = None;
            }
            _ => {}
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str) -> Joined {
        let mut joined = Joined::default();
        joined.push(text, Span::new(0, text.len() as u32));
        joined
    }

    #[test]
    fn old_and_new_pairs() {
        let (pairs, legacy) = super::pairs(&joined("a 1 b 2"), '\\').unwrap();
        assert!(legacy);
        assert_eq!(pairs[0].value.as_ref().unwrap().text, "1 b 2");
        let (pairs, legacy) = super::pairs(&joined(r#"a="x y" b=z\ w c='a\' d="#), '\\').unwrap();
        assert!(!legacy);
        let values: Vec<_> = pairs
            .iter()
            .map(|p| p.value.as_ref().unwrap().text.as_str())
            .collect();
        assert_eq!(values, ["\"x y\"", "z\\ w", "'a\\'", ""]);
        assert!(super::pairs(&joined("a=1 b"), '\\').is_err());
    }

    #[test]
    fn flags_end_at_the_first_other_word() {
        let text = joined("  --chown=a:b --link -- --x /y");
        let (flags, at) = flags(&text, '\\');
        assert_eq!(flags.len(), 2);
        assert_eq!(flags[0].value.as_deref(), Some("a:b"));
        assert_eq!(flags[0].span.of(&text.text), "--chown=a:b");
        assert_eq!(&text.text[at..], "--x /y");
    }

    #[test]
    fn json_is_strings_or_an_error_or_shell_form() {
        let text = joined(r#" [ "a\"b", "c" ] "#);
        let Json::Strings(words) = json(&text) else {
            panic!()
        };
        assert_eq!(words[0].text, "a\"b");
        assert_eq!(words[1].span.of(&text.text), "\"c\"");
        assert_eq!(json(&joined("[\"a\", 1]")), Json::NotStrings);
        for shell in ["['a']", "[\"a\"", "[\"a\"] x", "a", "[a]"] {
            assert_eq!(json(&joined(shell)), Json::No, "{shell}");
        }
    }
}

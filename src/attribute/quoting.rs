//! What history prints without quotes, or in Go's way, as Dockerfile text.

/// `["a" "b"]` or `["a", "b"]` as strings; none where it is no such list.
pub fn quoted_words(text: &str) -> Option<Vec<String>> {
    let mut rest = text.trim().strip_prefix('[')?.strip_suffix(']')?.trim();
    let mut words = Vec::new();
    while !rest.is_empty() {
        let (word, after) = quoted_word(rest)?;
        words.push(word);
        let after = after.trim_start();
        rest = after.strip_prefix(',').unwrap_or(after).trim_start();
    }
    (!words.is_empty()).then_some(words)
}

/// The string in quotes at the start of the text, and what follows.
fn quoted_word(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut word = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((word, inner.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'n' => word.push('\n'),
                't' => word.push('\t'),
                'r' => word.push('\r'),
                'x' => {
                    let digits = [chars.next()?.1, chars.next()?.1];
                    let code = u8::from_str_radix(&String::from_iter(digits), 16).ok()?;
                    word.push(char::from(code));
                }
                'u' => {
                    let digits: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                    word.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
                }
                c => word.push(c),
            },
            c => word.push(c),
        }
    }
    None
}

/// Words between brackets, in quotes or not.
pub fn bracketed(text: &str) -> Vec<String> {
    if let Some(words) = quoted_words(text) {
        return words;
    }
    let text = text.trim();
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let words = inner.unwrap_or(text).split_whitespace();
    words.map(str::to_owned).collect()
}

/// Strings as a JSON array.
pub fn json(words: &[String]) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|word| serde_json::Value::from(word.as_str()).to_string())
        .collect();
    format!("[{}]", words.join(", "))
}

/// `["a" "b"]`, as Go prints lists of quoted strings.
pub fn quoted(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| go_quoted(word)).collect();
    format!("[{}]", words.join(" "))
}

fn go_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\x{:02x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A value of ENV, LABEL or ARG in quotes where it needs them.
pub fn value(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=~".contains(c);
    if text.chars().all(plain) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' | '$' => out.extend(['\\', c]),
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `A=x y B=z` with the values in quotes. A word with `=` begins the next pair,
/// which is a guess.
pub fn pairs(text: &str) -> String {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for word in text.split_whitespace() {
        let name = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
        let begins = word
            .split_once('=')
            .filter(|(key, _)| !key.is_empty() && key.chars().all(name));
        match (begins, pairs.last_mut()) {
            (Some((key, text)), _) => pairs.push((key.to_owned(), text.to_owned())),
            (None, Some((_, value))) => {
                value.push(' ');
                value.push_str(word);
            }
            (None, None) => pairs.push((word.to_owned(), String::new())),
        }
    }
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(key, text)| format!("{key}={}", value(text)))
        .collect();
    pairs.join(" ")
}

/// `&{["CMD-SHELL" "x"] "5s" "3s" "0s" "0s" '\x03'}` as an instruction.
pub fn healthcheck(text: &str) -> Option<String> {
    let inner = text.strip_prefix("&{")?.strip_suffix('}')?;
    let end = list_end(inner)?;
    let (list, times) = inner.split_at(end);
    let words = match quoted_words(list) {
        Some(words) => words,
        None => {
            let inner = list.strip_prefix('[')?.strip_suffix(']')?;
            let (kind, rest) = inner.split_once(' ').unwrap_or((inner, ""));
            match kind {
                "CMD" => inner.split_whitespace().map(str::to_owned).collect(),
                _ => vec![kind.to_owned(), rest.to_owned()],
            }
        }
    };
    let command = match words.split_first()? {
        (kind, _) if kind == "NONE" => return Some("HEALTHCHECK NONE".to_owned()),
        (kind, [command]) if kind == "CMD-SHELL" => command.clone(),
        (kind, words) if kind == "CMD" => json(words),
        _ => return None,
    };
    let mut flags = String::new();
    let times: Vec<&str> = times.split_whitespace().collect();
    let (retries, times) = times.split_last()?;
    for (name, time) in ["interval", "timeout", "start-period", "start-interval"]
        .iter()
        .zip(times)
    {
        let time = time.trim_matches('"');
        if time != "0s" {
            flags.push_str(&format!("--{name}={time} "));
        }
    }
    if let Some(count) = retries_of(retries).filter(|&count| count > 0) {
        flags.push_str(&format!("--retries={count} "));
    }
    Some(format!("HEALTHCHECK {flags}CMD {command}"))
}

/// The end of the list at the start of the text, quotes minded.
fn list_end(text: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    // Without quotes, the last bracket is it: commands may have brackets.
    if !text.starts_with("[\"") {
        return text.rfind(']').map(|at| at + 1);
    }
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// A number, printed as one or as the character of that number.
fn retries_of(text: &str) -> Option<u32> {
    let inner = text.trim_matches('\'');
    let escapes = [
        ("a", 7),
        ("b", 8),
        ("t", 9),
        ("n", 10),
        ("v", 11),
        ("f", 12),
        ("r", 13),
    ];
    match inner.strip_prefix('\\') {
        None if inner == text => text.parse().ok(),
        None => inner.chars().next().map(u32::from),
        Some(escape) => match escape.strip_prefix(['x', 'u', 'U']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => escapes
                .iter()
                .find(|(name, _)| *name == escape)
                .map(|(_, code)| *code),
        },
    }
}

type Sources = (Option<String>, String);

/// `file:HEX in DEST` as flags, a name for the source, and the destination.
pub fn digested(text: &str) -> Option<(Sources, &str)> {
    let (before, destination) = text.split_once(" in ")?;
    let kinds = ["file:", "dir:", "multi:"];
    let (at, kind) = kinds
        .iter()
        .find_map(|kind| Some((before.rfind(kind)?, *kind)))?;
    let (flags, digest) = (before.get(..at)?.trim(), before.get(at + kind.len()..)?);
    if digest.is_empty() || !digest.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let short = digest.get(..12).unwrap_or(digest);
    let flags = Some(flags.to_owned()).filter(|flags| !flags.is_empty());
    let source = format!("unknown-{}-{short}", kind.trim_end_matches(':'));
    Some(((flags, source), destination.trim()))
}

/// Here-documents of COPY, whose bodies history does not have, as empty ones.
pub fn heredoc(text: &str) -> String {
    let names = text
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("<<"));
    let mut out = text.to_owned();
    for name in names {
        let name = name.trim_start_matches('-').trim_matches(['"', '\'']);
        out.push('\n');
        out.push_str(name);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_go_and_json_write_them() {
        let words = vec!["a b".to_owned(), "\"".to_owned()];
        assert_eq!(quoted_words(r#"["a b" "\""]"#), Some(words.clone()));
        assert_eq!(quoted_words(r#"["a b", "\""]"#), Some(words));
        assert_eq!(quoted_words("[a b]"), None);
        assert_eq!(bracketed("[/bin/bash -c]"), ["/bin/bash", "-c"]);
    }

    #[test]
    fn healthchecks_get_their_flags_back() {
        let want = "HEALTHCHECK --interval=5s --retries=3 CMD cat [x] || exit 1";
        for text in [
            r#"&{["CMD-SHELL" "cat [x] || exit 1"] "5s" "0s" "0s" "0s" '\x03'}"#,
            "&{[CMD-SHELL cat [x] || exit 1] 5s 0s 0s 0s 3}",
        ] {
            assert_eq!(healthcheck(text).as_deref(), Some(want), "{text}");
        }
        let none = healthcheck(r#"&{["NONE"] "0s" "0s" "0s" '\x00'}"#);
        assert_eq!(none.as_deref(), Some("HEALTHCHECK NONE"));
    }

    #[test]
    fn values_with_blanks_get_quotes() {
        assert_eq!(
            pairs("A=1 TWO=two words X=$y"),
            "A=1 TWO=\"two words\" X=\"\\$y\""
        );
    }
}

//! Here-documents of RUN, COPY and ADD (also below ONBUILD).

use super::text::Span;

/// A here-document with its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HereDoc {
    /// The delimiter without quotes.
    pub name: String,
    /// `<<NAME` in the file.
    pub opening: Span,
    /// The file descriptor before `<<`; 0 if none is given.
    pub fd: u32,
    /// Variables in the body are expanded: the delimiter has no quotes.
    pub expand: bool,
    /// `<<-`: leading tabs do not count.
    pub strip_tabs: bool,
    /// The lines between.
    pub body: Span,
    /// The line that ends it.
    pub terminator: Span,
}

/// `<<NAME` in an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The delimiter without quotes.
    pub name: String,
    /// Place in the instruction's text.
    pub span: Span,
    /// The file descriptor before `<<`; 0 if none is given.
    pub fd: u32,
    /// The delimiter has no quotes.
    pub expand: bool,
    /// `<<-`.
    pub strip_tabs: bool,
}

/// The here-documents that an instruction's text opens: RUN, COPY and ADD in
/// shell form only, below ONBUILD as well.
pub fn openings(text: &str) -> Vec<Opening> {
    let mut rest = text.trim_start();
    if !rest.contains("<<") {
        return Vec::new();
    }
    let mut keyword = first_word(rest);
    if keyword.eq_ignore_ascii_case("ONBUILD") {
        rest = rest.get(keyword.len()..).unwrap_or("").trim_start();
        keyword = first_word(rest);
    }
    let may = ["RUN", "COPY", "ADD"]
        .iter()
        .any(|name| keyword.eq_ignore_ascii_case(name));
    rest = rest.get(keyword.len()..).unwrap_or("");
    if !may || is_json(rest) {
        return Vec::new();
    }
    let by = text.len() - rest.len();
    words(rest)
        .into_iter()
        .filter_map(|(start, end)| opening(rest, start, end, by))
        .collect()
}

fn first_word(text: &str) -> &str {
    text.split(super::parse::ends_name).next().unwrap_or("")
}

/// Flags may come before the array.
fn is_json(text: &str) -> bool {
    let mut rest = text.trim_start();
    while rest.starts_with("--") {
        rest = rest
            .get(first_word(rest).len()..)
            .unwrap_or("")
            .trim_start();
    }
    rest.starts_with('[') && serde_json::from_str::<Vec<String>>(rest).is_ok()
}

/// Words as the shell would cut them; quotes, `$(…)`, `$((…))` and escapes
/// hold blanks together.
fn words(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if quote.is_none() && bytes.get(at..).is_some_and(|rest| rest.starts_with(b"$((")) {
            start.get_or_insert(at);
            let rest = text.get(at..).unwrap_or("");
            at += rest.find("))").map_or(rest.len(), |end| end + 2);
            continue;
        }
        match (quote, byte) {
            (Some(b'"'), b'\\') | (None, b'\\') => {
                start.get_or_insert(at);
                at += 1;
            }
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => {
                start.get_or_insert(at);
                quote = Some(byte);
            }
            (None, b' ' | b'\t' | b'\n' | b'\r') => {
                if let Some(start) = start.take() {
                    words.push((start, at));
                }
                // `<< EOF` is one word to us.
                let so_far = words.last().and_then(|&(from, to)| text.get(from..to));
                if so_far.is_some_and(is_bare_operator)
                    && let Some((from, _)) = words.pop()
                {
                    start = Some(from);
                }
            }
            (None, _) => {
                start.get_or_insert(at);
            }
        }
        at += 1;
    }
    if let Some(start) = start {
        words.push((start, bytes.len()));
    }
    words
}

fn is_bare_operator(word: &str) -> bool {
    matches!(
        word.trim_end()
            .trim_start_matches(|c: char| c.is_ascii_digit()),
        "<<" | "<<-"
    )
}

fn opening(text: &str, start: usize, end: usize, by: usize) -> Option<Opening> {
    let word = text.get(start..end)?;
    let after_fd = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let fd = word.get(..word.len() - after_fd.len())?;
    let after = after_fd.strip_prefix("<<")?;
    let (strip_tabs, after) = match after.strip_prefix('-') {
        Some(after) => (true, after),
        None => (false, after),
    };
    let raw = after.trim_start();
    if raw.is_empty() || raw.contains(['<', '>']) {
        return None;
    }
    let name = unquote(raw)?;
    if name.is_empty() {
        return None;
    }
    Some(Opening {
        expand: name == raw,
        name,
        span: Span::new((start + by) as u32, (end + by) as u32),
        fd: if fd.is_empty() { 0 } else { fd.parse().ok()? },
        strip_tabs,
    })
}

/// Quote removal; `None` when a quote is not closed.
fn unquote(word: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => loop {
                match chars.next()? {
                    '\'' => break,
                    c => out.push(c),
                }
            },
            '"' => loop {
                match chars.next()? {
                    '"' => break,
                    '\\' => out.push(chars.next()?),
                    c => out.push(c),
                }
            },
            '\\' => out.push(chars.next()?),
            c => out.push(c),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        openings(text)
            .into_iter()
            .map(|opening| opening.name)
            .collect()
    }

    #[test]
    fn every_form_of_delimiter() {
        assert_eq!(names("RUN <<eo'f'"), ["eof"]);
        assert_eq!(names(r"RUN <<eo\'f"), ["eo'f"]);
        assert_eq!(names("RUN <<'one two' x"), ["one two"]);
        assert_eq!(names("RUN <<$EOF"), ["$EOF"]);
        assert_eq!(names("RUN 3<<EOF cat"), ["EOF"]);
        assert_eq!(names("RUN <<  EOF  > foo"), ["EOF"]);
        assert_eq!(names("COPY <<X <<Y /dest"), ["X", "Y"]);
        assert_eq!(names("ONBUILD RUN <<EOF"), ["EOF"]);
        assert_eq!(names("RUN --mount=type=bind <<-EOF"), ["EOF"]);
    }

    #[test]
    fn what_is_no_heredoc() {
        for text in [
            "USER <<INVALID",
            "RUN \"<<NOHEREDOC\"",
            "RUN x <<<word",
            "RUN \"<<EOF sh\"",
            "RUN [\"cat\", \"<<EOF\"]",
            "RUN echo $((1<<2))",
            "RUN echo $(( 1 <<2 ))",
            "RUN a<<b",
        ] {
            assert_eq!(names(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn quotes_forbid_expansion() {
        assert!(openings("RUN <<EOF")[0].expand);
        assert!(!openings("RUN <<'EOF'")[0].expand);
    }
}

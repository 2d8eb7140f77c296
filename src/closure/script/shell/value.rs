//! Texts of which a part is not known.
//!
//! A value is a string in which private characters stand for what only a run would tell. So
//! everything that cuts and joins paths works on known and unknown texts alike. Should such a
//! character stand in a script itself, it makes that text unknown, which is harmless.

/// Any text.
pub(super) const ANY: char = '\u{10fff0}';
/// `*` of a glob.
pub(super) const STAR: char = '\u{10fff1}';
/// `?` or `[…]` of a glob.
pub(super) const ONE: char = '\u{10fff2}';
/// Any number of directories, as a component of its own.
pub(super) const DEEP: char = '\u{10fff3}';

/// More values than this of one word or variable are not told apart.
pub(super) const MAX_VALUES: usize = 64;
/// No path is longer, and longer texts do not matter.
pub(super) const MAX_VALUE: usize = 4096;

pub(super) fn is_mark(c: char) -> bool {
    matches!(c, ANY | STAR | ONE | DEEP)
}

/// Whether every character is known.
pub(super) fn known(value: &str) -> bool {
    // All marks share their first two bytes; few texts have one.
    !value.as_bytes().contains(&0xf4) || !value.contains(is_mark)
}

/// Adds a value; beyond the limit the rest is one unknown value.
pub(super) fn add(values: &mut Vec<String>, value: String) {
    let value = if value.len() > MAX_VALUE {
        ANY.to_string()
    } else {
        value
    };
    if values.contains(&value) {
        return;
    }
    match values.len() {
        0..MAX_VALUES => values.push(value),
        MAX_VALUES => values.push(ANY.to_string()),
        _ => {}
    }
}

/// Turns the signs of globs into marks.
pub(super) fn globbed(text: &str) -> String {
    if !text.contains(['*', '?', '[']) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '*' => out.push(STAR),
            '?' => out.push(ONE),
            // A class matches one character; a bracket that is never closed is itself.
            '[' => match class_end(rest.as_str()) {
                Some(end) => {
                    out.push(ONE);
                    rest = rest.as_str().get(end..).unwrap_or_default().chars();
                }
                None => out.push('['),
            },
            c => out.push(c),
        }
    }
    out
}

/// Where the class ends whose `[` was before `rest`. Classes in use are short, and a limit keeps
/// many open brackets from costing a search to the end each.
fn class_end(rest: &str) -> Option<usize> {
    rest.char_indices()
        .skip(1)
        .take(64)
        .take_while(|(_, c)| *c != '/')
        .find(|(_, c)| *c == ']')
        .map(|(at, _)| at.saturating_add(1))
}

/// The alternatives of a text with braces: `a{b,c}` is `ab` and `ac`. Nested braces stay.
pub(super) fn braces(text: &str) -> Vec<String> {
    let mut done = vec![String::new()];
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once('{') {
        let Some((list, after)) = inner.split_once('}') else {
            break;
        };
        let options: Vec<&str> = if list.contains(',') && !list.contains('{') {
            list.split(',').collect()
        } else {
            Vec::new()
        };
        if options.is_empty() || done.len().saturating_mul(options.len()) > MAX_VALUES {
            let plain = rest.get(..rest.len().saturating_sub(inner.len()));
            done.iter_mut()
                .for_each(|text| text.push_str(plain.unwrap_or_default()));
            rest = inner;
            continue;
        }
        done = done
            .iter()
            .flat_map(|start| options.iter().map(move |o| format!("{start}{before}{o}")))
            .collect();
        rest = after;
    }
    done.iter_mut().for_each(|text| text.push_str(rest));
    done
}

/// Whether a name fits one component of a pattern.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && pattern.starts_with([STAR, ONE]) {
        return false;
    }
    let (mut at, mut text) = (pattern.chars(), name.chars());
    // Where to go on after the last mark for many characters took one more.
    let mut back: Option<(std::str::Chars, std::str::Chars)> = None;
    loop {
        let mut next = at.clone();
        match (next.next(), text.clone().next()) {
            (Some(ANY | STAR | DEEP), _) => {
                at = next;
                back = Some((at.clone(), text.clone()));
                continue;
            }
            (None, None) => return true,
            (Some(wanted), Some(c)) if wanted == ONE || wanted == c => {
                at = next;
                text.next();
                continue;
            }
            _ => {}
        }
        let Some((pattern, rest)) = &mut back else {
            return false;
        };
        if rest.next().is_none() {
            return false;
        }
        at = pattern.clone();
        text = rest.clone();
    }
}

/// The absolute paths that stand in a text, liberally: also behind `=`, `:`, quotes or the letter
/// of an option, and both with and without the signs that can end them.
pub(super) fn paths(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    if !text.contains('/') {
        return found;
    }
    if text.starts_with('/') {
        found.push(text);
    }
    let hard = |c: char| c.is_whitespace() || "\"'`;<>|&(){}[]".contains(c);
    for token in text.split(hard).filter(|token| token.contains('/')) {
        if token.starts_with('/') {
            found.push(token);
        }
        for piece in token.split([':', ',', '=', '@', '#']) {
            let piece = option_value(piece);
            if piece.starts_with('/') {
                found.push(piece);
                let bare = piece.trim_end_matches(['.', '!', '?']);
                if bare.len() < piece.len() {
                    found.push(bare);
                }
            }
        }
    }
    found.retain(|path| path.len() <= MAX_VALUE && path.bytes().any(|b| b != b'/'));
    found.dedup();
    found
}

/// The path of `-I/usr/include`.
fn option_value(piece: &str) -> &str {
    let value = piece.strip_prefix('-').and_then(|rest| {
        let letter = rest.chars().next().filter(char::is_ascii_alphabetic)?;
        rest.strip_prefix(letter)
    });
    match value {
        Some(value) if value.starts_with('/') => value,
        _ => piece,
    }
}

/// What `dirname` prints.
pub(super) fn dirname(value: &str) -> String {
    let value = value.trim_end_matches('/');
    match value.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((dir, _)) => dir.to_owned(),
        None if known(value) => ".".to_owned(),
        None => ANY.to_string(),
    }
}

/// What `basename` prints.
pub(super) fn basename(value: &str) -> String {
    let value = value.trim_end_matches('/');
    value.rsplit('/').next().unwrap_or(value).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_patterns_as_in_a_shell() {
        let table = [
            ("*.sh", "a.sh", true),
            ("*.sh", ".sh", false),
            ("*.sh", "a.sh.bak", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("?", "x", true),
            ("[0-9]*-x", "10-x", true),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
        ];
        for (pattern, name, fits) in table {
            assert_eq!(matches(&globbed(pattern), name), fits, "{pattern} {name}");
        }
        assert!(matches(&format!("{ANY}rc"), ".rc"));
    }

    #[test]
    fn a_pattern_of_many_stars_takes_bounded_time() {
        let pattern = globbed(&"*a".repeat(1000));
        assert!(!matches(&pattern, &"a".repeat(255)));
    }

    #[test]
    fn paths_are_found_wherever_they_can_start() {
        let table: [(&str, &[&str]); 9] = [
            ("/etc/x", &["/etc/x"]),
            ("--conf=/etc/x", &["/etc/x"]),
            ("-I/usr/include", &["/usr/include"]),
            ("/a:/b", &["/a:/b", "/a", "/b"]),
            ("key = '/etc/x';", &["/etc/x"]),
            ("see /etc/x.", &["/etc/x.", "/etc/x"]),
            ("a/b", &[]),
            ("/", &[]),
            ("s/a/b/", &[]),
        ];
        for (text, expected) in table {
            let mut found = paths(text);
            found.dedup();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn braces_are_alternatives() {
        let table: [(&str, &[&str]); 5] = [
            ("a{b,c}d", &["abd", "acd"]),
            ("{a,b}{c,d}", &["ac", "ad", "bc", "bd"]),
            ("{}", &["{}"]),
            ("a{b", &["a{b"]),
            ("/x/{a,}", &["/x/a", "/x/"]),
        ];
        for (text, expected) in table {
            assert_eq!(braces(text), expected, "{text}");
        }
        assert_eq!(braces(&"{a,b}".repeat(100)).len(), MAX_VALUES);
    }

    #[test]
    fn values_beyond_the_limit_become_one_unknown() {
        let mut values = Vec::new();
        for at in 0..1000 {
            add(&mut values, at.to_string());
        }
        assert_eq!(values.len(), MAX_VALUES + 1);
        assert!(!known(values.last().unwrap()));
    }
}

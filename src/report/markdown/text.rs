//! Text from images in Markdown as GitHub and GitLab read it.
//!
//! Names must not end a table cell, make markup, call people (`@name`) or point
//! at issues (`#1`).

use crate::report::table::text::{printable, shorten, shorten_path};

/// Characters of a path or an instruction.
const CODE: usize = 120;
/// Characters of a sentence.
const TEXT: usize = 300;

/// A path in type of one width, cut in the middle.
pub(super) fn path(text: &str) -> String {
    code_of(&shorten_path(&printable(text), CODE))
}

/// A command or a name in type of one width, cut at the end.
pub(super) fn code(text: &str) -> String {
    code_of(&shorten(&printable(text), CODE))
}

/// What stands between backticks is text, wherever it stands; only the bar that
/// ends a cell counts before the backticks do.
fn code_of(text: &str) -> String {
    if text.trim().is_empty() {
        return "–".to_owned();
    }
    let mut inside = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        match (before, c) {
            // Renderers do not agree on what a backslash before `\|` is.
            ('\\', '|') => inside.push_str("u{7c}"),
            (_, '|') => inside.push_str("\\|"),
            (_, c) => inside.push(c),
        }
        before = c;
    }
    let runs = text.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or(0) + 1);
    // One space on each side is not part of the text.
    let space = match text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        true => " ",
        false => "",
    };
    format!("{fence}{space}{inside}{space}{fence}")
}

/// A sentence with names in it.
pub(super) fn sentence(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let text = shorten(&printable(text), TEXT);
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match c {
            // Mentions, addresses and issues are found in the finished page.
            '@' | '#' => {
                out.push(c);
                out.push_str("<!-- -->");
            }
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            ':' if after.starts_with("//") => out.push_str("&#58;"),
            '.' if out.to_ascii_lowercase().ends_with("www") => out.push_str("&#46;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_cannot_end_early() {
        assert_eq!(code("/usr/lib"), "`/usr/lib`");
        assert_eq!(code("curl | tar"), "`curl \\| tar`");
        assert_eq!(code("a\\|b"), "`a\\u{7c}b`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`x"), "`` `x ``");
        assert_eq!(code("a\nb\u{202e}"), "`a\\nb\\u{202e}`");
        assert_eq!(code(""), "–");
    }

    #[test]
    fn sentences_call_nobody_and_make_no_markup() {
        assert_eq!(
            sentence("copies of /@scope/x"),
            "copies of /@<!-- -->scope/x"
        );
        assert_eq!(sentence("see #12"), "see #<!-- -->12");
        assert_eq!(sentence("<img>|*a*"), "&lt;img&gt;\\|\\*a\\*");
        assert_eq!(sentence("https://x www.y"), "https&#58;//x www&#46;y");
        assert_eq!(sentence("[a](b)"), "\\[a\\](b)");
    }
}

//! Lines of settings that go on in the next one.

/// The first line of `text` with those that continue it by a backslash, how
/// many these are, and the rest. What follows `comment` is left out.
pub(super) fn logical_line(text: &str, comment: Option<char>) -> (String, u32, &str) {
    let mut line = String::new();
    let mut lines: u32 = 0;
    let mut rest = text;
    loop {
        let (first, left) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = left;
        lines = lines.saturating_add(1);
        let said = comment.map_or(first, |comment| {
            first.split(comment).next().unwrap_or_default()
        });
        let said = said.trim_end();
        match said.strip_suffix('\\') {
            Some(begun) if !rest.is_empty() => {
                line.push_str(begun);
                line.push(' ');
            }
            begun => {
                line.push_str(begun.unwrap_or(said));
                return (line, lines, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::logical_line;

    #[test]
    fn lines_go_on_behind_a_backslash() {
        assert_eq!(
            logical_line("a \\\n b\nc", None),
            ("a   b".to_owned(), 2, "c")
        );
        assert_eq!(
            logical_line("a # b\\\nc", Some('#')),
            ("a".to_owned(), 1, "c")
        );
        assert_eq!(logical_line("a\\", None), ("a".to_owned(), 1, ""));
        assert_eq!(logical_line("", None), (String::new(), 1, ""));
    }
}

//! Text made fit for XML.

use std::borrow::Cow;

/// `text` without the characters that XML 1.0 cannot hold in any form. The
/// writer escapes the rest.
pub(in crate::report) fn allowed(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_allowed) {
        return Cow::Borrowed(text);
    }
    let clean = text
        .chars()
        .map(|c| if is_allowed(c) { c } else { '\u{fffd}' });
    Cow::Owned(clean.collect())
}

fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(
            allowed("a\u{1b}[m\0\u{ffff}b\n"),
            "a\u{fffd}[m\u{fffd}\u{fffd}b\n"
        );
        assert_eq!(allowed("<&>\u{7f}\u{1f600}"), "<&>\u{7f}\u{1f600}");
    }
}

//! Questions about words.

use super::ast::{Part, SimpleCommand, Word};
use crate::dockerfile::Span;
use std::borrow::Cow;

impl Word {
    /// The value after quote removal, when no part of it depends on an
    /// expansion. Globs, braces and `~` count as plain text.
    #[must_use]
    pub fn literal(&self) -> Option<Cow<'_, str>> {
        if let [Part::Literal { text, .. } | Part::SingleQuoted { text, .. }] =
            self.parts.as_slice()
        {
            return Some(Cow::Borrowed(text));
        }
        if self.has_expansion() {
            return None;
        }
        Some(Cow::Owned(self.value()))
    }

    /// The text as written in `source`, the text that was parsed.
    #[must_use]
    pub fn text<'s>(&self, source: &'s str) -> &'s str {
        source
            .get(self.span.start as usize..self.span.end as usize)
            .unwrap_or("")
    }

    /// The value after quote removal, with expansions kept as they are
    /// written.
    #[must_use]
    pub fn value(&self) -> String {
        let mut out = String::new();
        push_value(&self.parts, &mut out);
        out
    }

    /// Whether any part stands in quotes or has a backslash before it.
    #[must_use]
    pub fn is_quoted(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::SingleQuoted { .. } | Part::DoubleQuoted { .. } => true,
            Part::Literal { escaped, .. } => *escaped,
            _ => false,
        })
    }

    /// Whether the word has a parameter, a substitution or arithmetic in it.
    #[must_use]
    pub fn has_expansion(&self) -> bool {
        expands(&self.parts)
    }
}

impl SimpleCommand {
    /// The name of the command, when it is known without running anything.
    #[must_use]
    pub fn name(&self) -> Option<Cow<'_, str>> {
        self.words.first().and_then(Word::literal)
    }
}

impl Part {
    /// Where the part is.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Part::Literal { span, .. }
            | Part::SingleQuoted { span, .. }
            | Part::DoubleQuoted { span, .. }
            | Part::Parameter { span, .. }
            | Part::Command { span, .. }
            | Part::Arithmetic { span, .. }
            | Part::Process { span, .. } => *span,
        }
    }
}

fn expands(parts: &[Part]) -> bool {
    parts.iter().any(|part| match part {
        Part::Literal { .. } | Part::SingleQuoted { .. } => false,
        Part::DoubleQuoted { parts, .. } => expands(parts),
        _ => true,
    })
}

fn push_value(parts: &[Part], out: &mut String) {
    for part in parts {
        match part {
            Part::Literal { text, .. } | Part::SingleQuoted { text, .. } => out.push_str(text),
            Part::DoubleQuoted { parts, .. } => push_value(parts, out),
            Part::Parameter { raw, .. }
            | Part::Command { raw, .. }
            | Part::Arithmetic { raw, .. }
            | Part::Process { raw, .. } => out.push_str(raw),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, Dialect, Word, parse};

    fn words(text: &str) -> Vec<Word> {
        let script = parse(text, Dialect::Bash);
        assert_eq!(script.errors, [], "{text}");
        let Command::Simple(simple) = script.lists[0].first.commands[0].clone() else {
            panic!("not simple: {text}");
        };
        simple.words
    }

    #[test]
    fn values() {
        let table = [
            ("a", "a", Some("a")),
            (r"a\ b", "a b", Some("a b")),
            (r#"'a'"b"c"#, "abc", Some("abc")),
            (r#""a\"b\n""#, r#"a"b\n"#, Some(r#"a"b\n"#)),
            (r"$'a\tb\x41\'c\101'", "a\tbA'cA", Some("a\tbA'cA")),
            (r"$'\u00e9\cA'", "\u{e9}\u{1}", Some("\u{e9}\u{1}")),
            (r#"$"hi""#, "hi", Some("hi")),
            (r#"a"$x"b"#, "a$xb", None),
            (r#""${x:-y}"/z"#, "${x:-y}/z", None),
            ("a$(b c)d", "a$(b c)d", None),
            ("`b`", "`b`", None),
            ("$((1+2))", "$((1+2))", None),
            ("<(a)", "<(a)", None),
            ("*.{a,b}", "*.{a,b}", Some("*.{a,b}")),
            ("''", "", Some("")),
            ("a\\\nb", "ab", Some("ab")),
        ];
        for (text, value, literal) in table {
            let words = words(text);
            assert_eq!(words.len(), 1, "{text}");
            assert_eq!(words[0].value(), value, "{text}");
            assert_eq!(words[0].literal().as_deref(), literal, "{text}");
            assert_eq!(words[0].text(text), text);
            assert_eq!(words[0].has_expansion(), literal.is_none(), "{text}");
        }
    }

    #[test]
    fn quoted() {
        for (text, quoted) in [("a", false), (r"\a", true), ("a'b'", true), ("$x", false)] {
            assert_eq!(words(text)[0].is_quoted(), quoted, "{text}");
        }
    }
}

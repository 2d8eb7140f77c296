//! Properties of every tree: no panics, and spans that nest in order.

use super::{
    Assignment, Command, Dialect, ListItem, Part, Pipeline, Redirect, Script, Word, commands,
    parse, pipelines,
};
use crate::dockerfile::Span;
use proptest::prelude::*;

/// Checks spans against the text.
struct Check<'a> {
    text: &'a str,
}

impl Check<'_> {
    fn span(&self, span: Span, outer: Span) {
        let (start, end) = (span.start as usize, span.end as usize);
        let text = self.text;
        assert!(text.get(start..end).is_some(), "{span:?} in {text:?}");
        assert!(
            outer.start <= span.start && span.end <= outer.end,
            "{span:?} outside {outer:?} in {text:?}"
        );
    }

    fn ordered(&self, spans: &[Span]) {
        for pair in spans.windows(2) {
            assert!(pair[0].end <= pair[1].start, "{pair:?} in {:?}", self.text);
        }
    }

    fn items(&self, items: &[ListItem], outer: Span) {
        let mut spans = Vec::new();
        for item in items {
            self.span(item.span, outer);
            spans.push(item.span);
            let mut inner = vec![item.first.span];
            self.pipeline(&item.first, item.span);
            for (_, operator, pipeline) in &item.rest {
                self.span(*operator, item.span);
                inner.push(*operator);
                inner.push(pipeline.span);
                self.pipeline(pipeline, item.span);
            }
            self.ordered(&inner);
            if let Some((_, span)) = item.terminator {
                self.span(span, outer);
                spans.push(span);
            }
        }
        self.ordered(&spans);
    }

    fn pipeline(&self, pipeline: &Pipeline, outer: Span) {
        self.span(pipeline.span, outer);
        let mut spans: Vec<_> = pipeline.commands.iter().map(Command::span).collect();
        self.ordered(&spans);
        spans = pipeline.pipes.iter().map(|pipe| pipe.span).collect();
        self.ordered(&spans);
        assert!(pipeline.commands.is_empty() || pipeline.commands.len() == spans.len() + 1);
        for span in spans {
            self.span(span, pipeline.span);
        }
        for command in &pipeline.commands {
            self.span(command.span(), pipeline.span);
            self.command(command);
        }
    }

    fn command(&self, command: &Command) {
        match command {
            Command::Simple(simple) => {
                for assignment in &simple.assignments {
                    self.assignment(assignment, simple.span);
                }
                self.words(&simple.words, simple.span);
                self.redirects(&simple.redirects, simple.span);
            }
            Command::Compound {
                span,
                name,
                words,
                arms,
                bodies,
                redirects,
                ..
            } => {
                self.words(name.as_slice(), *span);
                self.words(words, *span);
                self.redirects(redirects, *span);
                assert!(arms.is_empty() || arms.len() == bodies.len());
                assert!(arms.iter().sum::<usize>() <= words.len());
                for body in bodies {
                    self.items(body, *span);
                }
            }
        }
    }

    fn assignment(&self, assignment: &Assignment, outer: Span) {
        self.span(assignment.span, outer);
        self.words(assignment.subscript.as_slice(), assignment.span);
        self.words(assignment.value.as_slice(), assignment.span);
        self.words(&assignment.elements, assignment.span);
    }

    fn redirects(&self, redirects: &[Redirect], outer: Span) {
        for redirect in redirects {
            self.span(redirect.span, outer);
            self.words(std::slice::from_ref(&redirect.target), redirect.span);
            if let Some(doc) = &redirect.heredoc {
                self.span(doc.body, whole(self.text));
                self.parts(&doc.parts, doc.body);
            }
        }
    }

    fn words(&self, words: &[Word], outer: Span) {
        let spans: Vec<_> = words.iter().map(|word| word.span).collect();
        self.ordered(&spans);
        for word in words {
            self.span(word.span, outer);
            self.parts(&word.parts, word.span);
        }
    }

    fn parts(&self, parts: &[Part], outer: Span) {
        let spans: Vec<_> = parts.iter().map(Part::span).collect();
        self.ordered(&spans);
        for part in parts {
            self.span(part.span(), outer);
            match part {
                Part::Literal { text, .. } => assert!(!text.is_empty()),
                Part::SingleQuoted { .. } => {}
                Part::DoubleQuoted { parts, span } | Part::Arithmetic { parts, span, .. } => {
                    self.parts(parts, *span);
                }
                Part::Parameter {
                    subscript,
                    word,
                    span,
                    ..
                } => {
                    for word in [subscript, word].into_iter().flatten() {
                        self.words(std::slice::from_ref(word), *span);
                    }
                }
                Part::Command { script, span, .. } => self.items(script, *span),
                Part::Process { items, span, .. } => self.items(items, *span),
            }
        }
    }
}

fn whole(text: &str) -> Span {
    Span {
        start: 0,
        end: text.len() as u32,
    }
}

/// Parses and checks the tree.
pub(super) fn checked(text: &str, dialect: Dialect) -> Script {
    let script = parse(text, dialect);
    let check = Check { text };
    check.items(&script.lists, whole(text));
    for error in &script.errors {
        check.span(error.span, whole(text));
    }
    for comment in &script.comments {
        check.span(*comment, whole(text));
        assert!(text[comment.start as usize..].starts_with('#'));
    }
    let starts: Vec<_> = commands(&script)
        .iter()
        .map(|visited| visited.command.span.start)
        .collect();
    assert!(starts.is_sorted());
    assert!(pipelines(&script).iter().map(|p| p.span.start).is_sorted());
    script
}

const TOKENS: [&str; 100] = [
    "if",
    "then",
    "elif",
    "else",
    "fi",
    "for",
    "while",
    "until",
    "do",
    "done",
    "case",
    "in",
    "esac",
    "{",
    "}",
    "(",
    ")",
    "((",
    "))",
    "[[",
    "]]",
    "!",
    "time",
    "function",
    "select",
    ";",
    "&",
    "&&",
    "||",
    "|",
    "|&",
    ";;",
    ";&",
    ";;&",
    "\n",
    "\r\n",
    "\\\n",
    "<",
    ">",
    ">>",
    "<<",
    "<<E",
    "<<-E",
    "<<'E'",
    "\nE\n",
    "E",
    "<<<",
    "<&",
    ">&",
    "<>",
    ">|",
    "&>",
    "2>&1",
    "{fd}>",
    "$x",
    "${x}",
    "${x:-",
    "${",
    "${#x}",
    "${!x[@]}",
    "${x//a/b}",
    "$(",
    "$((",
    "$[",
    "`",
    "\\`",
    "\\\\\\`",
    "\"",
    "'",
    "$'",
    "$\"",
    "\\",
    "a",
    "b c",
    "a=",
    "a+=b",
    "a[1]=x",
    "a=(",
    "f()",
    "#",
    " ",
    "  ",
    "\t",
    "@(a|b)",
    "!(x)",
    "<(",
    ">(",
    "*",
    "?",
    "[a-z]",
    "~",
    "=~",
    "==",
    "é",
    "\u{1f600}",
    "-p",
    "echo",
    "declare x=(a",
    "]",
    "{a,b}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in any::<String>()) {
        checked(&text, Dialect::Bash);
    }

    #[test]
    fn shell_characters(text in "[a-c \\n\\r\\t\\\\'\"`$(){}\\[\\]<>|&;#=!*?@+:/0-9-é]{0,60}") {
        checked(&text, Dialect::Bash);
        checked(&text, Dialect::Posix);
    }

    #[test]
    fn shell_tokens(
        tokens in proptest::collection::vec(proptest::sample::select(&TOKENS[..]), 0..40),
        blanks in any::<bool>(),
    ) {
        let text = tokens.join(if blanks { " " } else { "" });
        checked(&text, Dialect::Bash);
        checked(&text, Dialect::Posix);
    }
}

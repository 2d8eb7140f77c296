//! Simple commands, assignments and redirections.

use super::ast::{
    Assignment, Command, Descriptor, Part, Redirect, RedirectOp, SimpleCommand, Word,
};
use super::cursor::Parser;
use super::heredoc::PendingDoc;
use super::quoting::Ctx;

/// The operators of redirections, longer ones before their prefixes.
const OPERATORS: [(&str, RedirectOp); 12] = [
    ("&>>", RedirectOp::AppendBoth),
    ("&>", RedirectOp::OutputBoth),
    ("<<<", RedirectOp::HereString),
    ("<<-", RedirectOp::HereDocStrip),
    ("<<", RedirectOp::HereDoc),
    ("<&", RedirectOp::DuplicateInput),
    ("<>", RedirectOp::ReadWrite),
    ("<", RedirectOp::Input),
    (">>", RedirectOp::Append),
    (">&", RedirectOp::DuplicateOutput),
    (">|", RedirectOp::Clobber),
    (">", RedirectOp::Output),
];

/// How far the end of a subscript is looked for: `a[i]=x` is an assignment,
/// `a[i]` is a glob, and which one it is shows only behind the bracket.
const MAX_SUBSCRIPT: usize = 512;

/// The form of an assignment, from a look ahead.
struct AssignmentHead {
    name: usize,
    subscript: bool,
}

impl Parser<'_> {
    /// A simple command, or the function whose name turns out to start here.
    pub(super) fn simple(&mut self) -> Option<Command> {
        let start = self.pos;
        let mut end = start;
        let (mut assignments, mut words, mut redirects) =
            (Vec::new(), Vec::with_capacity(1), Vec::new());
        loop {
            self.skip_blanks();
            if let Some(redirect) = self.redirect() {
                redirects.push(redirect);
            } else if self.at_word_end() {
                break;
            } else if words.is_empty()
                && let Some(head) = self.assignment_head()
            {
                let assignment = self.assignment(&head);
                assignments.push(assignment);
            } else {
                let word_start = self.pos;
                let Some(mut word) = self.word(Ctx::Command) else {
                    break;
                };
                if !words.is_empty() && self.peek() == Some(b'(') {
                    self.array_argument(word_start, &mut word);
                }
                end = self.pos;
                if words.is_empty() && assignments.is_empty() && redirects.is_empty() {
                    self.skip_blanks();
                    if self.at_empty_parentheses() {
                        return self.function(start, word);
                    }
                }
                words.push(word);
                continue;
            }
            end = self.pos;
        }
        if end == start {
            return None;
        }
        Some(Command::Simple(SimpleCommand {
            span: self.span(start, end),
            assignments,
            words,
            redirects,
        }))
    }

    /// Consumes `()` behind the name of a function.
    fn at_empty_parentheses(&mut self) -> bool {
        if self.peek() != Some(b'(') {
            return false;
        }
        let before = self.mark();
        self.advance(1);
        self.skip_blanks();
        if self.peek() == Some(b')') {
            self.advance(1);
            return true;
        }
        self.rewind(&before);
        false
    }

    fn assignment_head(&mut self) -> Option<AssignmentHead> {
        let rest = self.src.as_bytes().get(self.pos..self.end)?;
        let name = name_length(rest);
        if name == 0 {
            return None;
        }
        let after = rest.get(name..)?;
        let mut subscript = 0;
        if after.first() == Some(&b'[') {
            if !self.charge(MAX_SUBSCRIPT.min(after.len())) {
                return None;
            }
            subscript = bracket_length(after);
            if subscript == 0 {
                return None;
            }
        }
        match after.get(subscript..)? {
            [b'=', ..] | [b'+', b'=', ..] => Some(AssignmentHead {
                name,
                subscript: subscript > 0,
            }),
            _ => None,
        }
    }

    fn assignment(&mut self, head: &AssignmentHead) -> Assignment {
        let start = self.pos;
        self.count();
        self.advance(head.name);
        let name = self.slice(start, self.pos).to_owned();
        let mut subscript = None;
        if head.subscript {
            self.advance(1);
            subscript = self.word(Ctx::Subscript);
            if self.peek() == Some(b']') {
                self.advance(1);
            }
        }
        let append = self.peek() == Some(b'+');
        if append {
            self.advance(1);
        }
        let (mut value, mut elements) = (None, Vec::new());
        let mut array = false;
        if self.peek() == Some(b'=') {
            self.advance(1);
            array = self.peek() == Some(b'(');
            if array {
                elements = self.array();
            } else {
                value = self.word(Ctx::Command);
            }
        }
        Assignment {
            span: self.since(start),
            name,
            subscript,
            append,
            value,
            array,
            elements,
        }
    }

    /// The elements in `(…)`.
    fn array(&mut self) -> Vec<Word> {
        let start = self.pos;
        self.advance(1);
        let mut elements = Vec::new();
        loop {
            self.skip_newlines();
            if let Some(word) = self.word(Ctx::Command) {
                elements.push(word);
                continue;
            }
            match self.peek() {
                Some(b')') => {
                    self.advance(1);
                    return elements;
                }
                None => {
                    let span = self.span(start, start + 1);
                    self.error(span, "an array without its `)`");
                    return elements;
                }
                Some(_) => {
                    let length = self.peek_char().map_or(1, char::len_utf8);
                    let span = self.span(self.pos, self.pos + length);
                    self.error(span, "unexpected operator in an array");
                    self.advance(length);
                }
            }
        }
    }

    /// The array of `declare -a x=(…)`, which becomes more parts of the word.
    fn array_argument(&mut self, start: usize, word: &mut Word) {
        let text = self.slice(start, self.pos);
        let Some(name) = text.strip_suffix('=') else {
            return;
        };
        let name = name.strip_suffix('+').unwrap_or(name);
        if name_length(name.as_bytes()) != name.len() || name.is_empty() {
            return;
        }
        let open = self.pos;
        let elements = self.array();
        word.span = self.since(start);
        let mut at = self.span(open, open).start;
        let mut gap = "(";
        let literal = |start: u32, end: u32, text: &str| Part::Literal {
            text: text.to_owned(),
            escaped: false,
            span: crate::dockerfile::Span { start, end },
        };
        let mut parts = Vec::new();
        for element in elements {
            parts.push(literal(at, element.span.start, gap));
            at = element.span.end;
            gap = " ";
            parts.extend(element.parts);
        }
        parts.push(literal(at, word.span.end, ")"));
        word.parts.append(&mut parts);
    }

    /// The redirection that starts here, if one does.
    pub(super) fn redirect(&mut self) -> Option<Redirect> {
        let start = self.pos;
        let (fd, prefix) = self.descriptor()?;
        let rest = self.src.as_bytes().get(start + prefix..self.end)?;
        if matches!(rest, [b'<' | b'>', b'(', ..]) {
            return None;
        }
        let (text, op) = OPERATORS
            .into_iter()
            .find(|(text, _)| rest.starts_with(text.as_bytes()))?;
        if prefix > 0 && matches!(op, RedirectOp::OutputBoth | RedirectOp::AppendBoth) {
            return None;
        }
        self.count();
        self.advance(prefix + text.len());
        let operator = self.since(start);
        let before = self.mark();
        self.skip_blanks();
        let target = match self.word(Ctx::Command) {
            Some(word) => word,
            None => {
                // Blanks that were skipped are not part of the redirection.
                self.rewind(&before);
                self.error(operator, format!("`{text}` without its target"));
                Word::empty(operator.end)
            }
        };
        if matches!(op, RedirectOp::HereDoc | RedirectOp::HereDocStrip) && !target.parts.is_empty()
        {
            self.pending.push(PendingDoc {
                key: operator.start,
                delimiter: target.value(),
                quoted: target.is_quoted(),
                strip_tabs: op == RedirectOp::HereDocStrip,
            });
        }
        Some(Redirect {
            span: self.since(start),
            fd,
            op,
            target,
            heredoc: None,
        })
    }

    /// What stands before the operator of a redirection, with its length.
    fn descriptor(&self) -> Option<(Option<Descriptor>, usize)> {
        let rest = self.src.as_bytes().get(self.pos..self.end)?;
        match self.peek()? {
            b'<' | b'>' => Some((None, 0)),
            b'&' if self.peek_at(1) == Some(b'>') => Some((None, 0)),
            b'0'..=b'9' => {
                let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                if !matches!(rest.get(length), Some(b'<' | b'>')) {
                    return None;
                }
                let digits = self.slice(self.pos, self.pos + length);
                let number = digits.parse().unwrap_or(u32::MAX);
                Some((Some(Descriptor::Number(number)), length))
            }
            b'{' => {
                let name = name_length(rest.get(1..)?);
                if name == 0 || !matches!(rest.get(name + 1..)?, [b'}', b'<' | b'>', ..]) {
                    return None;
                }
                let name = self.slice(self.pos + 1, self.pos + 1 + name).to_owned();
                let length = name.len() + 2;
                Some((Some(Descriptor::Variable(name)), length))
            }
            _ => None,
        }
    }
}

/// The length of the variable name at the start of the text.
pub(super) fn name_length(text: &[u8]) -> usize {
    match text.first() {
        Some(byte) if byte.is_ascii_alphabetic() || *byte == b'_' => text
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count(),
        _ => 0,
    }
}

/// The length of `[…]` at the start of the text, or 0.
fn bracket_length(text: &[u8]) -> usize {
    let mut depth = 0usize;
    for (index, byte) in text.iter().take(MAX_SUBSCRIPT).enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' if depth <= 1 => return index + 1,
            b']' => depth -= 1,
            b'\n' => return 0,
            _ => {}
        }
    }
    0
}

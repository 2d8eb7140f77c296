//! `[[ … ]]` and `((…))`.

use super::ast::{CompoundKind, Part, Word};
use super::compound::Draft;
use super::cursor::Parser;
use super::quoting::Ctx;

impl Parser<'_> {
    /// The words of `[[ … ]]`. Their grammar is not checked.
    pub(super) fn test(&mut self, draft: &mut Draft) {
        draft.kind = CompoundKind::Test;
        let mut regex = false;
        loop {
            self.skip_newlines();
            if self.at("]]") && self.breaks_at(2) {
                self.advance(2);
                return;
            }
            let start = self.pos;
            let ctx = if regex { Ctx::Regex } else { Ctx::Command };
            if let Some(word) = self.word(ctx) {
                regex = word.text_is("=~");
                draft.words.push(word);
                continue;
            }
            regex = false;
            let length = match (self.peek(), self.peek_at(1)) {
                (Some(b'&'), Some(b'&')) | (Some(b'|'), Some(b'|')) => 2,
                (Some(b'(' | b')' | b'<' | b'>'), _) => 1,
                _ => {
                    self.missing(draft, "[[", "]]");
                    return;
                }
            };
            self.advance(length);
            self.count();
            let span = self.since(start);
            let text = self.slice(start, self.pos).to_owned();
            draft.words.push(Word {
                span,
                parts: vec![Part::Literal {
                    text,
                    escaped: false,
                    span,
                }],
            });
        }
    }

    /// The expression of `((…))` as one word, or nothing when this is not
    /// arithmetic but nested parentheses.
    pub(super) fn arithmetic_word(&mut self) -> Option<Word> {
        if !self.at("((") {
            return None;
        }
        let start = self.pos;
        let parts = self.arithmetic(start, 2)?;
        let mut span = self.span(start + 2, start + 2);
        if let Some(last) = parts.last() {
            span.end = last.span().end;
        }
        Some(Word { span, parts })
    }
}

impl Word {
    fn text_is(&self, wanted: &str) -> bool {
        matches!(self.parts.as_slice(), [Part::Literal { text, .. }] if text == wanted)
    }
}

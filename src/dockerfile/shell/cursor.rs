//! The state of the parser: its position, its limits and what it collects.

use super::Dialect;
use super::ast::{HereDoc, Script, ShellError};
use super::heredoc::{PendingDoc, attach};
use crate::dockerfile::Span;

/// How many constructs may nest. The parser recurses once per level, so this
/// bounds its stack and that of every walk over the tree.
pub const MAX_DEPTH: usize = 64;

/// How many nodes a tree may have, which bounds the memory for hostile input.
pub const MAX_NODES: usize = 400_000;

/// How many errors are collected before the parser gives up.
pub const MAX_ERRORS: usize = 256;

pub(super) struct Parser<'a> {
    pub(super) src: &'a str,
    pub(super) pos: usize,
    /// Where the text ends for now: before the length of `src` while the
    /// parser is inside backticks or a here-document.
    pub(super) end: usize,
    pub(super) dialect: Dialect,
    pub(super) depth: usize,
    /// Set when a limit was hit: the parser then sees the end of the text.
    pub(super) aborted: bool,
    pub(super) errors: Vec<ShellError>,
    pub(super) comments: Vec<Span>,
    /// Here-documents whose bodies start after the next line end.
    pub(super) pending: Vec<PendingDoc>,
    /// Bodies that were read, by the start of their redirection.
    pub(super) docs: Vec<(u32, HereDoc)>,
    pub(super) nodes: usize,
    /// How many bytes may still be read a second time. It keeps the total
    /// work linear whatever the input makes the parser reconsider.
    pub(super) budget: usize,
    /// For text without the backslashes of backticks: the place of each byte
    /// in the original text.
    pub(super) origin: Option<Vec<u32>>,
}

/// A state to return to.
pub(super) struct Mark {
    pos: usize,
    errors: usize,
    comments: usize,
    pending: usize,
    docs: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(src: &'a str, dialect: Dialect) -> Self {
        Parser {
            src,
            pos: 0,
            end: src.len(),
            dialect,
            depth: 0,
            aborted: false,
            errors: Vec::new(),
            comments: Vec::new(),
            pending: Vec::new(),
            docs: Vec::new(),
            nodes: 0,
            budget: src.len().saturating_mul(8).saturating_add(1 << 16),
            origin: None,
        }
    }

    pub(super) fn script(mut self) -> Script {
        let mut lists = self.all_items();
        attach(&mut lists, std::mem::take(&mut self.docs));
        Script {
            lists,
            errors: self.errors,
            comments: self.comments,
        }
    }

    pub(super) fn at_end(&self) -> bool {
        self.aborted || self.pos >= self.end
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        let at = self.pos.saturating_add(ahead);
        if self.aborted || at >= self.end {
            return None;
        }
        self.src.as_bytes().get(at).copied()
    }

    pub(super) fn at(&self, token: &str) -> bool {
        !self.aborted
            && self
                .src
                .as_bytes()
                .get(self.pos..self.end)
                .is_some_and(|rest| rest.starts_with(token.as_bytes()))
    }

    /// Moves forward, never past the end.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.pos = self.pos.saturating_add(bytes).min(self.end.max(self.pos));
    }

    /// The character at the position; `None` at the end.
    pub(super) fn peek_char(&self) -> Option<char> {
        if self.at_end() {
            return None;
        }
        self.src.get(self.pos..).and_then(|s| s.chars().next())
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.src.get(start..end).unwrap_or("")
    }

    /// A copy of the text as written, or `...` once too much was copied:
    /// nested constructs would otherwise copy the same text at every level.
    pub(super) fn raw(&mut self, start: usize, end: usize) -> String {
        if self.charge(end.saturating_sub(start)) {
            self.slice(start, end).to_owned()
        } else {
            "...".to_owned()
        }
    }

    /// The place of a byte in the text that was given to the parser.
    pub(super) fn original(&self, offset: usize) -> u32 {
        match &self.origin {
            None => u32::try_from(offset).unwrap_or(u32::MAX),
            Some(map) => map.get(offset).or(map.last()).copied().unwrap_or(0),
        }
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span {
            start: self.original(start),
            end: self.original(end),
        }
    }

    /// The span from `start` to the position.
    pub(super) fn since(&self, start: usize) -> Span {
        self.span(start, self.pos)
    }

    pub(super) fn error(&mut self, span: Span, message: impl Into<String>) {
        if self.aborted {
            return;
        }
        self.errors.push(ShellError {
            span,
            message: message.into(),
            limit: false,
        });
        if self.errors.len() >= MAX_ERRORS {
            self.aborted = true;
        }
    }

    /// Ends the parse with a last error.
    pub(super) fn abort(&mut self, span: Span, message: String) {
        self.error(span, message);
        if let Some(error) = self.errors.last_mut() {
            error.limit = true;
        }
        self.aborted = true;
    }

    /// Goes one level deeper, or ends the parse when that is too deep. Each
    /// call that returns true needs a call of [`Parser::leave`].
    pub(super) fn enter(&mut self, start: usize) -> bool {
        if self.aborted {
            return false;
        }
        if self.depth >= MAX_DEPTH {
            let span = self.since(start.min(self.pos));
            self.abort(
                span,
                format!("nested more than {MAX_DEPTH} levels deep; the rest is not analysed"),
            );
            return false;
        }
        self.depth += 1;
        true
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Counts a node of the tree.
    pub(super) fn count(&mut self) {
        self.nodes += 1;
        if self.nodes > MAX_NODES && !self.aborted {
            let span = self.since(self.pos);
            self.abort(
                span,
                "the script is too large; the rest is not analysed".to_owned(),
            );
        }
    }

    /// Takes bytes from the budget; false when it has too few.
    pub(super) fn charge(&mut self, bytes: usize) -> bool {
        match self.budget.checked_sub(bytes) {
            Some(left) => {
                self.budget = left;
                true
            }
            None => false,
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            pos: self.pos,
            errors: self.errors.len(),
            comments: self.comments.len(),
            pending: self.pending.len(),
            docs: self.docs.len(),
        }
    }

    /// Returns to a mark, unless too much was read twice already.
    pub(super) fn rewind(&mut self, mark: &Mark) -> bool {
        if self.aborted || !self.charge(self.pos.saturating_sub(mark.pos)) {
            return false;
        }
        self.pos = mark.pos;
        self.errors.truncate(mark.errors);
        self.comments.truncate(mark.comments);
        self.pending.truncate(mark.pending);
        self.docs.truncate(mark.docs);
        true
    }

    /// Skips blanks, line continuations and a comment.
    pub(super) fn skip_blanks(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' => self.pos += 1,
                b'\r' if self.peek_at(1) == Some(b'\n') => self.pos += 1,
                b'\\' => match self.continuation() {
                    0 => return,
                    length => self.pos += length,
                },
                b'#' => {
                    let start = self.pos;
                    self.pos = self.line_end();
                    let span = self.since(start);
                    self.comments.push(span);
                }
                _ => return,
            }
        }
    }

    /// Skips blanks, comments and line ends, with the here-documents that
    /// start after them.
    pub(super) fn skip_newlines(&mut self) {
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'\n') {
                return;
            }
            self.newline();
        }
    }

    /// The length of the line continuation here, or 0.
    pub(super) fn continuation(&self) -> usize {
        match (self.peek(), self.peek_at(1), self.peek_at(2)) {
            (Some(b'\\'), Some(b'\n'), _) => 2,
            (Some(b'\\'), Some(b'\r'), Some(b'\n')) => 3,
            _ => 0,
        }
    }

    /// Where the line ends: at its `\n`, or at the end of the text.
    pub(super) fn line_end(&self) -> usize {
        self.src
            .as_bytes()
            .get(self.pos..self.end)
            .and_then(|rest| rest.iter().position(|byte| *byte == b'\n'))
            .map_or(self.end, |length| self.pos + length)
    }
}

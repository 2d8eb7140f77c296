//! Words, their literal text and their quotes.

use super::ast::{Part, Word};
use super::cursor::Parser;

/// Where the text of a word stands, which decides what is special in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ctx {
    /// An unquoted word of a command.
    Command,
    /// The word after `=~`.
    Regex,
    /// Inside `"…"`.
    Double,
    /// The body of a here-document.
    HereDoc,
    /// Behind the operator of `${…}`.
    Brace {
        /// Whether the `${…}` stands inside double quotes.
        quoted: bool,
        /// Whether single quotes quote here.
        single: bool,
    },
    /// Inside `[…]` of an array element or of `$[…]`.
    Subscript,
    /// Inside `((…))`.
    Arithmetic,
}

impl Ctx {
    /// Whether the rules of double quotes hold.
    pub(super) fn is_quoted(self) -> bool {
        matches!(
            self,
            Ctx::Double | Ctx::HereDoc | Ctx::Brace { quoted: true, .. }
        )
    }

    fn class(self) -> u8 {
        match self {
            Ctx::Command | Ctx::Regex => COMMAND,
            Ctx::Double => DOUBLE,
            Ctx::HereDoc => HERE_DOC,
            Ctx::Brace { .. } => BRACE,
            Ctx::Subscript => SUBSCRIPT,
            Ctx::Arithmetic => ARITHMETIC,
        }
    }

    fn single_quotes(self) -> bool {
        match self {
            Ctx::Double | Ctx::HereDoc => false,
            Ctx::Brace { single, .. } => single,
            _ => true,
        }
    }
}

const COMMAND: u8 = 1;
const DOUBLE: u8 = 2;
const HERE_DOC: u8 = 4;
const BRACE: u8 = 8;
const SUBSCRIPT: u8 = 16;
const ARITHMETIC: u8 = 32;

/// For each byte the contexts in which it is not plain text.
static SPECIAL: [u8; 256] = special();

/// Runs at compile time only, so that its indexing cannot fail later.
const fn special() -> [u8; 256] {
    let mut table = [0; 256];
    mark(&mut table, b"\\`$", !0);
    mark(&mut table, b"\"", !HERE_DOC);
    mark(&mut table, b"'", COMMAND | BRACE | SUBSCRIPT | ARITHMETIC);
    mark(&mut table, b" \t\n\r;&|()<>", COMMAND);
    mark(&mut table, b"}", BRACE);
    mark(&mut table, b"[]", SUBSCRIPT);
    mark(&mut table, b"()", ARITHMETIC);
    table
}

const fn mark(table: &mut [u8; 256], bytes: &[u8], classes: u8) {
    let mut index = 0;
    while index < bytes.len() {
        table[bytes[index] as usize] |= classes;
        index += 1;
    }
}

/// How many parentheses or brackets may be open inside one word.
const MAX_OPEN: usize = 4096;

/// Literal text under construction.
struct Run {
    start: usize,
    text: String,
    escaped: bool,
}

impl Run {
    fn new() -> Self {
        Run {
            start: 0,
            text: String::new(),
            escaped: false,
        }
    }
}

impl Parser<'_> {
    /// A word, or nothing where none starts.
    pub(super) fn word(&mut self, ctx: Ctx) -> Option<Word> {
        let start = self.pos;
        let mut parts = self.parts(ctx);
        if parts.is_empty() {
            return None;
        }
        parts.shrink_to_fit();
        self.count();
        Some(Word {
            span: self.since(start),
            parts,
        })
    }

    /// The parts up to what ends the context, which is not consumed.
    pub(super) fn parts(&mut self, ctx: Ctx) -> Vec<Part> {
        let start = self.pos;
        let mut parts = Vec::with_capacity(1);
        let mut run = Run::new();
        // Parentheses or brackets that are open in this word.
        let mut open = 0usize;
        while let Some(byte) = self.peek() {
            let at = self.pos;
            let part = match byte {
                _ if SPECIAL
                    .get(byte as usize)
                    .is_some_and(|s| s & ctx.class() == 0) =>
                {
                    let length = self.plain_length(ctx);
                    self.take(&mut run, length);
                    continue;
                }
                b'\\' => {
                    self.escape(ctx, &mut run);
                    continue;
                }
                b'\'' if ctx.single_quotes() => Some(self.single_quoted()),
                b'\'' => None,
                b'"' if ctx == Ctx::Double => break,
                b'"' => Some(self.double_quoted(0)),
                b'`' => self.backtick(ctx.is_quoted()),
                b'$' => self.dollar(ctx),
                b'<' | b'>' if ctx == Ctx::Command && open == 0 => {
                    if self.peek_at(1) != Some(b'(') {
                        break;
                    }
                    self.process()
                }
                _ => {
                    if self.ends_word(ctx, byte, start, &mut open) {
                        break;
                    }
                    if open > MAX_OPEN {
                        let span = self.span(at, at + 1);
                        self.abort(span, "too many open brackets in one word".to_owned());
                    }
                    None
                }
            };
            match part {
                Some(part) => {
                    self.flush(&mut run, at, &mut parts);
                    self.count();
                    parts.push(part);
                }
                None if self.aborted => break,
                None => self.take(&mut run, 1),
            }
        }
        let end = self.pos;
        self.flush(&mut run, end, &mut parts);
        if open > 0 && ctx == Ctx::Command && !self.aborted {
            let span = self.since(start);
            self.error(span, "a pattern group without its `)`");
        }
        parts
    }

    /// Whether the special byte ends the word rather than being part of it.
    fn ends_word(&self, ctx: Ctx, byte: u8, start: usize, open: &mut usize) -> bool {
        match (ctx, byte) {
            (Ctx::Brace { .. }, _) => return true,
            (Ctx::Subscript, b'[') | (Ctx::Arithmetic, b'(') => *open += 1,
            (Ctx::Regex, b'(') => *open += 1,
            (Ctx::Command, b'(') if *open > 0 => *open += 1,
            (Ctx::Command, b'(') => {
                let prefix = self.pos.checked_sub(1).filter(|before| *before >= start);
                let prefix = prefix.and_then(|before| self.src.as_bytes().get(before));
                // `@(a|b)`, but `f?()` is the head of a function.
                if !matches!(prefix, Some(b'?' | b'*' | b'+' | b'@' | b'!'))
                    || self.peek_at(1) == Some(b')')
                {
                    return true;
                }
                *open = 1;
            }
            (Ctx::Subscript, b']') | (Ctx::Arithmetic | Ctx::Regex | Ctx::Command, b')') => {
                match open.checked_sub(1) {
                    Some(left) => *open = left,
                    None => return true,
                }
            }
            (Ctx::Command | Ctx::Regex, b'\n') => return true,
            (Ctx::Command | Ctx::Regex, b'\r') => return self.peek_at(1) == Some(b'\n'),
            (Ctx::Regex, b'|' | b'<' | b'>') => {}
            (Ctx::Command | Ctx::Regex, _) => return *open == 0,
            _ => {}
        }
        false
    }

    fn plain_length(&self, ctx: Ctx) -> usize {
        let class = ctx.class();
        let Some(rest) = self.src.as_bytes().get(self.pos..self.end) else {
            return 1;
        };
        for (length, byte) in rest.iter().enumerate() {
            if SPECIAL.get(*byte as usize).is_some_and(|s| s & class != 0) {
                return length.max(1);
            }
        }
        rest.len().max(1)
    }

    /// Moves plain text into the run.
    fn take(&mut self, run: &mut Run, length: usize) {
        if run.text.is_empty() {
            run.start = self.pos;
        }
        run.text.push_str(self.slice(self.pos, self.pos + length));
        self.advance(length);
    }

    fn flush(&mut self, run: &mut Run, end: usize, parts: &mut Vec<Part>) {
        if run.text.is_empty() {
            return;
        }
        self.count();
        parts.push(Part::Literal {
            text: std::mem::take(&mut run.text),
            escaped: std::mem::take(&mut run.escaped),
            span: self.span(run.start, end),
        });
    }

    fn escape(&mut self, ctx: Ctx, run: &mut Run) {
        let continuation = self.continuation();
        if continuation > 0 {
            self.advance(continuation);
            return;
        }
        if run.text.is_empty() {
            run.start = self.pos;
        }
        self.advance(1);
        let Some(next) = self.peek_char() else {
            run.text.push('\\');
            return;
        };
        let removes = match (ctx, next) {
            (Ctx::Arithmetic, _) => false,
            (_, '$' | '`' | '\\') => true,
            (_, '"') => ctx != Ctx::HereDoc,
            (Ctx::Brace { .. }, '}') => true,
            _ => !ctx.is_quoted(),
        };
        if !removes {
            run.text.push('\\');
            // What follows is taken with it, except where it has a meaning.
            if next.is_ascii() {
                return;
            }
        } else {
            run.escaped = true;
        }
        run.text.push(next);
        self.advance(next.len_utf8());
    }

    fn single_quoted(&mut self) -> Part {
        let start = self.pos;
        self.advance(1);
        let rest = self.src.as_bytes().get(self.pos..self.end);
        let length = rest.and_then(|rest| rest.iter().position(|byte| *byte == b'\''));
        let from = self.pos;
        let end = length.map_or(self.end, |length| from + length);
        self.pos = end;
        if length.is_some() {
            self.advance(1);
        } else {
            let span = self.span(start, start + 1);
            self.error(span, "a single quote that is not closed");
        }
        Part::SingleQuoted {
            text: self.slice(from, end).to_owned(),
            span: self.since(start),
        }
    }

    /// `"…"`, with so many bytes before the quote that belong to it.
    pub(super) fn double_quoted(&mut self, prefix: usize) -> Part {
        let start = self.pos;
        self.advance(prefix + 1);
        let parts = self.parts(Ctx::Double);
        if self.peek() == Some(b'"') {
            self.advance(1);
        } else {
            let span = self.span(start, start + prefix + 1);
            self.error(span, "a double quote that is not closed");
        }
        Part::DoubleQuoted {
            parts,
            span: self.since(start),
        }
    }

    /// `$'…'`
    pub(super) fn ansi_quoted(&mut self) -> Part {
        let start = self.pos;
        self.advance(2);
        let mut text = String::new();
        loop {
            let Some(next) = self.peek_char() else {
                let span = self.span(start, start + 2);
                self.error(span, "a single quote that is not closed");
                break;
            };
            self.advance(next.len_utf8());
            match next {
                '\'' => break,
                '\\' => self.ansi_escape(&mut text),
                _ => text.push(next),
            }
        }
        Part::SingleQuoted {
            text,
            span: self.since(start),
        }
    }

    fn ansi_escape(&mut self, text: &mut String) {
        let Some(next) = self.peek_char() else {
            text.push('\\');
            return;
        };
        if next.is_digit(8) {
            let value = self.digits(3, 8);
            text.push(char::from((value & 0xff) as u8));
            return;
        }
        self.advance(next.len_utf8());
        let simple = match next {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'e' | 'E' => '\u{1b}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' | '\'' | '"' | '?' => next,
            'x' | 'u' | 'U' => {
                let most = match next {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let before = self.pos;
                let value = self.digits(most, 16);
                match char::from_u32(value) {
                    Some(decoded) if self.pos > before => text.push(decoded),
                    _ => text.push_str(self.slice(before.saturating_sub(2), self.pos)),
                }
                return;
            }
            'c' => {
                if let Some(control) = self.peek_char().filter(char::is_ascii) {
                    self.advance(1);
                    text.push(char::from(control as u8 & 0x1f));
                }
                return;
            }
            _ => {
                text.push('\\');
                next
            }
        };
        text.push(simple);
    }

    /// The number of up to `most` digits here.
    fn digits(&mut self, most: usize, radix: u32) -> u32 {
        let mut value = 0u32;
        for _ in 0..most {
            let Some(digit) = self.peek_char().and_then(|c| c.to_digit(radix)) else {
                break;
            };
            value = value.wrapping_mul(radix).wrapping_add(digit);
            self.advance(1);
        }
        value
    }
}

//! Parameters, substitutions and arithmetic.

use super::Dialect;
use super::ast::{ListItem, Part, Word};
use super::cursor::Parser;
use super::quoting::Ctx;
use super::simple::name_length;

/// The operators of `${…}`, longer ones before their prefixes.
const OPERATORS: [&str; 24] = [
    ":-", ":=", ":?", ":+", "##", "%%", "//", "^^", ",,", "~~", "/#", "/%", "-", "=", "?", "+",
    "#", "%", "/", "^", ",", "~", "@", ":",
];

impl Parser<'_> {
    /// The expansion that a `$` starts; nothing when the `$` is plain text.
    pub(super) fn dollar(&mut self, ctx: Ctx) -> Option<Part> {
        let start = self.pos;
        let name = match self.peek_at(1)? {
            b'(' => return self.parenthesised(),
            b'{' => return self.braced(ctx),
            b'[' if self.dialect == Dialect::Bash => return self.bracketed(),
            b'\'' if !ctx.is_quoted() => return Some(self.ansi_quoted()),
            b'"' if !ctx.is_quoted() => return Some(self.double_quoted(1)),
            b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' => 1,
            _ => {
                let rest = self.src.as_bytes().get(start + 1..self.end)?;
                name_length(rest)
            }
        };
        if name == 0 {
            return None;
        }
        self.advance(1 + name);
        Some(Part::Parameter {
            name: self.slice(start + 1, self.pos).to_owned(),
            prefix: None,
            subscript: None,
            operator: None,
            word: None,
            raw: self.slice(start, self.pos).to_owned(),
            span: self.since(start),
        })
    }

    /// `$((…))` or `$(…)`
    fn parenthesised(&mut self) -> Option<Part> {
        let start = self.pos;
        if !self.enter(start) {
            return None;
        }
        let arithmetic = if self.at("$((") {
            self.arithmetic(start, 3)
        } else {
            None
        };
        let part = match arithmetic {
            Some(parts) => Part::Arithmetic {
                parts,
                raw: self.raw(start, self.pos),
                span: self.since(start),
            },
            None => {
                self.advance(2);
                let script = self.substitution(start, "$(");
                Part::Command {
                    script,
                    backtick: false,
                    raw: self.raw(start, self.pos),
                    span: self.since(start),
                }
            }
        };
        self.leave();
        Some(part)
    }

    /// The commands up to a `)`. Here-documents of the commands around it
    /// wait for a line end outside.
    fn substitution(&mut self, start: usize, what: &str) -> Vec<ListItem> {
        let mut outer = std::mem::take(&mut self.pending);
        let items = self.items_to_paren(start, what);
        outer.append(&mut self.pending);
        self.pending = outer;
        items
    }

    /// The parts of `((…))`, whose opener at `start` is so long. Nothing, with
    /// the position unchanged, when these are two opening parentheses.
    pub(super) fn arithmetic(&mut self, start: usize, opener: usize) -> Option<Vec<Part>> {
        let before = self.mark();
        self.advance(opener);
        let parts = self.parts(Ctx::Arithmetic);
        if self.at("))") {
            self.advance(2);
            return Some(parts);
        }
        if !self.at_end() && self.rewind(&before) {
            return None;
        }
        let span = self.span(start, start + opener);
        let text = self.slice(start, start + opener);
        self.error(span, format!("`{text}` without its `))`"));
        Some(parts)
    }

    /// `$[…]`
    fn bracketed(&mut self) -> Option<Part> {
        let start = self.pos;
        if !self.enter(start) {
            return None;
        }
        self.advance(2);
        let parts = self.parts(Ctx::Subscript);
        self.close(start, "$[", b']');
        self.leave();
        Some(Part::Arithmetic {
            parts,
            raw: self.raw(start, self.pos),
            span: self.since(start),
        })
    }

    fn close(&mut self, start: usize, what: &str, closer: u8) {
        if self.peek() == Some(closer) {
            self.advance(1);
        } else {
            let span = self.span(start, start + what.len());
            let closer = char::from(closer);
            self.error(span, format!("`{what}` without its `{closer}`"));
        }
    }

    /// `${…}`
    fn braced(&mut self, ctx: Ctx) -> Option<Part> {
        let start = self.pos;
        if !self.enter(start) {
            return None;
        }
        self.advance(2);
        let prefix = self.parameter_prefix();
        let name_start = self.pos;
        let length = self.parameter_name();
        self.advance(length);
        let name = self.slice(name_start, self.pos).to_owned();
        let mut subscript = None;
        if self.peek() == Some(b'[') {
            self.advance(1);
            subscript = self.word(Ctx::Subscript).map(Box::new);
            self.close(start, "${", b']');
        }
        let operator = OPERATORS.into_iter().find(|text| self.at(text));
        self.advance(operator.map_or(0, str::len));
        let quoted = ctx.is_quoted();
        // In double quotes, only the words that are patterns keep their own
        // quoting rules: `"${x:-it's}"` but `"${x#'}'}"`.
        let pattern = operator.is_some_and(|text| text.starts_with(['#', '%', '/', '^', ',']));
        let single = !quoted || pattern;
        let word = self.word(Ctx::Brace { quoted, single }).map(Box::new);
        self.close(start, "${", b'}');
        self.leave();
        Some(Part::Parameter {
            name,
            prefix,
            subscript,
            operator: operator.map(str::to_owned),
            word,
            raw: self.raw(start, self.pos),
            span: self.since(start),
        })
    }

    /// Consumes the `#` of `${#x}` or the `!` of `${!x}`.
    fn parameter_prefix(&mut self) -> Option<char> {
        let prefix = self.peek().filter(|byte| matches!(byte, b'#' | b'!'))?;
        let named = match self.peek_at(1)? {
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => true,
            b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' => self.peek_at(2) == Some(b'}'),
            _ => false,
        };
        if !named {
            return None;
        }
        self.advance(1);
        Some(char::from(prefix))
    }

    fn parameter_name(&self) -> usize {
        let rest = self.src.as_bytes().get(self.pos..self.end).unwrap_or(&[]);
        match rest.first() {
            Some(b'0'..=b'9') => rest.iter().take_while(|byte| byte.is_ascii_digit()).count(),
            Some(b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!') => 1,
            _ => name_length(rest),
        }
    }

    /// `<(…)` or `>(…)`
    pub(super) fn process(&mut self) -> Option<Part> {
        let start = self.pos;
        if !self.enter(start) {
            return None;
        }
        self.advance(2);
        let what = self.slice(start, self.pos);
        let items = self.substitution(start, what);
        self.leave();
        Some(Part::Process {
            items,
            raw: self.raw(start, self.pos),
            span: self.since(start),
        })
    }

    /// A command substitution in backticks.
    pub(super) fn backtick(&mut self, quoted: bool) -> Option<Part> {
        let start = self.pos;
        if !self.enter(start) {
            return None;
        }
        self.advance(1);
        let (close, escapes) = self.backtick_end(quoted);
        let outer_end = self.end;
        let outer_pending = std::mem::take(&mut self.pending);
        let body_end = close.unwrap_or(outer_end);
        let script = if escapes {
            self.unescaped_items(body_end, quoted)
        } else {
            self.end = body_end;
            self.all_items()
        };
        self.end = outer_end;
        self.pending = outer_pending;
        self.pos = body_end;
        if close.is_some() {
            self.pos = body_end + 1;
        } else {
            let span = self.span(start, start + 1);
            self.error(span, "a backtick that is not closed");
        }
        self.leave();
        Some(Part::Command {
            script,
            backtick: true,
            raw: self.raw(start, self.pos),
            span: self.since(start),
        })
    }

    /// Where the closing backtick is, and whether there are backslashes
    /// before it that the shell removes.
    fn backtick_end(&self, quoted: bool) -> (Option<usize>, bool) {
        let rest = self.src.as_bytes().get(self.pos..self.end).unwrap_or(&[]);
        let mut escapes = false;
        let mut bytes = rest.iter().enumerate();
        while let Some((index, byte)) = bytes.next() {
            match byte {
                b'`' => return (Some(self.pos + index), escapes),
                b'\\' => {
                    if let Some((_, next)) = bytes.next() {
                        escapes |= is_backtick_escape(*next, quoted);
                    }
                }
                _ => {}
            }
        }
        (None, escapes)
    }

    /// Parses the text up to `end` without the backslashes that the shell
    /// removes there, with spans in the original text.
    fn unescaped_items(&mut self, end: usize, quoted: bool) -> Vec<ListItem> {
        if !self.charge(end.saturating_sub(self.pos)) {
            return Vec::new();
        }
        let body = self.slice(self.pos, end);
        let bytes = body.as_bytes();
        let mut text = String::with_capacity(body.len());
        let mut origin = Vec::with_capacity(body.len() + 1);
        let mut from = 0;
        let mut index = 0;
        while index < bytes.len() {
            let next = bytes.get(index + 1).copied();
            if bytes.get(index) == Some(&b'\\')
                && next.is_some_and(|next| is_backtick_escape(next, quoted))
            {
                text.push_str(body.get(from..index).unwrap_or(""));
                // The character keeps the place of its backslash.
                from = index + 1;
                origin.push(self.original(self.pos + index));
                index += 2;
            } else {
                origin.push(self.original(self.pos + index));
                index += 1;
            }
        }
        text.push_str(body.get(from..).unwrap_or(""));
        origin.push(self.original(end));
        let mut inner = Parser::new(&text, self.dialect);
        inner.origin = Some(origin);
        inner.depth = self.depth;
        inner.nodes = self.nodes;
        inner.budget = self.budget;
        std::mem::swap(&mut inner.errors, &mut self.errors);
        std::mem::swap(&mut inner.comments, &mut self.comments);
        let items = inner.all_items();
        self.nodes = inner.nodes;
        self.budget = inner.budget;
        self.aborted |= inner.aborted;
        self.docs.append(&mut inner.docs);
        std::mem::swap(&mut inner.errors, &mut self.errors);
        std::mem::swap(&mut inner.comments, &mut self.comments);
        items
    }
}

/// Whether a backslash before the byte goes before the backticks run.
fn is_backtick_escape(byte: u8, quoted: bool) -> bool {
    matches!(byte, b'`' | b'$' | b'\\') || (quoted && byte == b'"')
}

impl Word {
    /// A word without parts, for what is missing.
    pub(super) fn empty(at: u32) -> Self {
        Word {
            span: crate::dockerfile::Span { start: at, end: at },
            parts: Vec::new(),
        }
    }
}

//! What one JavaScript or TypeScript source asks Node for, as far as its text shows.

use super::lexer::{Kind, Token, tokens};

/// How a module is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestKind {
    /// `require("x")`, `require.resolve("x")`.
    Require,
    /// `import ... from "x"`, `import "x"`, `export ... from "x"`.
    Import,
    /// `import("x")`, `import.meta.resolve("x")`.
    DynamicImport,
}

/// One request for a module whose name stands in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked for, escapes not resolved.
    pub name: String,
    /// The line, counted from 1.
    pub line: u32,
    /// How.
    pub kind: RequestKind,
}

/// All that [`scan`] found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The requests in the source's order, some perhaps twice.
    pub requests: Vec<Request>,
    /// The lines of requests with computed names, and what the name surely starts with.
    pub dynamic: Vec<(u32, String)>,
}

/// Longer names are none.
const MAX_NAME: usize = 1024;

/// Finds all requests in `src`, wherever in the code they stand. Never fails: what is neither
/// JavaScript nor TypeScript yields none. Linear in the length of `src`.
pub fn scan(src: &[u8]) -> Scan {
    let mut scanner = Scanner {
        src,
        tokens: tokens(src),
        found: Scan::default(),
    };
    let mut at = 0;
    while at < scanner.tokens.len() {
        at = scanner.step(at);
    }
    scanner.found
}

struct Scanner<'a> {
    src: &'a [u8],
    tokens: Vec<Token>,
    found: Scan,
}

impl<'a> Scanner<'a> {
    fn text(&self, at: usize) -> &'a [u8] {
        let span = self.tokens.get(at).and_then(|token| {
            let end = usize::try_from(token.end).ok()?;
            Some((usize::try_from(token.start).ok()?, end))
        });
        span.and_then(|(start, end)| self.src.get(start..end))
            .unwrap_or_default()
    }

    fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    fn is(&self, at: usize, op: u8) -> bool {
        self.kind(at) == Some(Kind::Op(op))
    }

    fn is_name(&self, at: usize, name: &[u8]) -> bool {
        self.kind(at) == Some(Kind::Name) && self.text(at) == name
    }

    /// Handles what starts at the token; where to go on.
    fn step(&mut self, at: usize) -> usize {
        let next = at.saturating_add(1);
        if self.kind(at) != Some(Kind::Name) {
            return next;
        }
        let before = at.checked_sub(1);
        let member = before.is_some_and(|before| self.is(before, b'.'));
        match self.text(at) {
            b"require" | b"__non_webpack_require__" => {
                let of_module = member
                    && at
                        .checked_sub(2)
                        .is_some_and(|owner| self.is_name(owner, b"module"));
                let defined = before.is_some_and(|before| self.is_name(before, b"function"));
                if defined || (member && !of_module && !self.spread(at)) {
                    return next;
                }
                let mut open = next;
                if self.is(open, b'.') && self.is_name(open.saturating_add(1), b"resolve") {
                    open = open.saturating_add(2);
                }
                // `require?.("x")` and `require<T>("x")` are not worth a rule.
                self.call(open, at, RequestKind::Require);
                next
            }
            b"import" if !member || self.spread(at) => match self.kind(next) {
                Some(Kind::Text) => {
                    self.add(next, RequestKind::Import);
                    next
                }
                Some(Kind::Op(b'(')) => {
                    self.call(next, at, RequestKind::DynamicImport);
                    next
                }
                Some(Kind::Op(b'.')) => {
                    let resolve = at.saturating_add(4);
                    if self.is_name(resolve, b"resolve") {
                        self.call(resolve.saturating_add(1), at, RequestKind::DynamicImport);
                    }
                    next
                }
                _ => self.clause(next),
            },
            b"export" if !member => match self.kind(next) {
                Some(Kind::Op(b'*' | b'{')) => self.clause(next),
                Some(Kind::Name) if self.text(next) == b"type" => self.clause(next),
                _ => next,
            },
            _ => next,
        }
    }

    /// Whether the dot before the token is the last of `...`.
    fn spread(&self, at: usize) -> bool {
        at.checked_sub(2)
            .is_some_and(|before| self.is(before, b'.'))
    }

    /// Reads names and braces up to `from "x"`.
    fn clause(&mut self, start: usize) -> usize {
        let mut at = start;
        loop {
            match self.kind(at) {
                Some(Kind::Name) if self.text(at) == b"from" => {
                    let next = at.saturating_add(1);
                    if self.kind(next) == Some(Kind::Text) {
                        self.add(next, RequestKind::Import);
                        return next;
                    }
                }
                // Another statement: this one had no `from`.
                Some(Kind::Name) if matches!(self.text(at), b"import" | b"export" | b"require") => {
                    return at;
                }
                Some(Kind::Name | Kind::Text | Kind::Op(b',' | b'{' | b'}' | b'*')) => {}
                _ => return at,
            }
            at = at.saturating_add(1);
        }
    }

    fn add(&mut self, at: usize, kind: RequestKind) {
        let (bytes, line) = (
            self.text(at),
            self.tokens.get(at).map_or(0, |token| token.line),
        );
        if bytes.is_empty() || bytes.len() > MAX_NAME {
            return;
        }
        let name = String::from_utf8_lossy(bytes).into_owned();
        self.found.requests.push(Request { name, line, kind });
    }

    /// A call whose bracket is at `open`.
    fn call(&mut self, open: usize, place: usize, kind: RequestKind) {
        if !self.is(open, b'(') {
            return;
        }
        let argument = open.saturating_add(1);
        let after = argument.saturating_add(1);
        let line = self.tokens.get(place).map_or(0, |token| token.line);
        let start = match self.kind(argument) {
            Some(Kind::Text) => match self.kind(after) {
                Some(Kind::Op(b')' | b',')) | None => return self.add(argument, kind),
                _ => self.text(argument),
            },
            Some(Kind::Template) => self.text(argument),
            // `require()` asks for nothing.
            Some(Kind::Op(b')')) | None => return,
            // Choices between literals: `require(a ? "x" : "y")`.
            _ => {
                self.choices(argument, kind);
                b""
            }
        };
        let start = start.get(..start.len().min(MAX_NAME)).unwrap_or_default();
        self.found
            .dynamic
            .push((line, String::from_utf8_lossy(start).into_owned()));
    }

    /// Literals after `?`, `:`, `|` in the next few tokens are requests too.
    fn choices(&mut self, start: usize, kind: RequestKind) {
        for at in start..start.saturating_add(24) {
            let next = at.saturating_add(1);
            match self.kind(at) {
                Some(Kind::Op(b'?' | b':' | b'|'))
                    if self.kind(next) == Some(Kind::Text)
                        && matches!(
                            self.kind(next.saturating_add(1)),
                            Some(Kind::Op(b':' | b')' | b','))
                        ) =>
                {
                    self.add(next, kind);
                }
                None | Some(Kind::Op(b')' | b';')) => return,
                _ => {}
            }
        }
    }
}

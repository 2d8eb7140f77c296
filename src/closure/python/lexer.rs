//! Cuts Python source into tokens, for finding imports; it accepts anything.
//!
//! The rules are those of Python 3.14 (nested quotes in f-strings, t-strings), under which valid
//! source of older versions reads the same. Indentation is kept as a column only. What cannot be
//! Python is skipped over: a wrong guess costs at most what follows it on its line or, for a
//! triple-quoted string that never ends, the rest of the file, as it does for Python itself.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or keyword.
    Name,
    /// A string literal without substitutions; the span is its body.
    Text,
    /// An f-string or t-string; the span is its body up to the first substitution. The tokens of
    /// its substitutions follow.
    Formatted,
    /// A number.
    Number,
    /// Any other byte.
    Op(u8),
    /// The end of a line that is not continued by a backslash; the span is empty and stands
    /// where the next line starts.
    Newline,
}

/// One token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
    /// Counted from 1.
    pub line: u32,
}

/// Deeper f-strings are read as plain strings.
const MAX_NESTING: usize = 100;

/// An f-string that is open.
struct Frame {
    quote: u8,
    triple: bool,
    raw: bool,
    /// Brackets open in the substitution being read.
    depth: u32,
    /// Format specifications open around the place.
    specs: u32,
}

struct Lexer<'a> {
    src: &'a [u8],
    pos: usize,
    line: u32,
    frames: Vec<Frame>,
    tokens: Vec<Token>,
}

/// Whether the byte can be in a name; all bytes beyond ASCII are taken for letters.
pub(super) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Appends the tokens of `src` to `tokens`. Takes time in proportion to the length of `src`.
pub(super) fn tokens(src: &[u8], tokens: Vec<Token>) -> Vec<Token> {
    let pos = if src.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let mut lexer = Lexer {
        src,
        pos,
        line: 1,
        frames: Vec::new(),
        tokens,
    };
    lexer.run();
    lexer.tokens
}

impl Lexer<'_> {
    fn at(&self, ahead: usize) -> Option<u8> {
        self.src.get(self.pos.saturating_add(ahead)).copied()
    }

    fn skip(&mut self, count: usize) {
        self.pos = self.pos.saturating_add(count);
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize, line: u32) {
        // Sources are far smaller than 4 GiB: the reader has a limit.
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        self.tokens.push(Token {
            kind,
            start,
            end,
            line,
        });
    }

    /// Steps over one line end.
    fn newline(&mut self) {
        let two = self.at(0) == Some(b'\r') && self.at(1) == Some(b'\n');
        self.skip(if two { 2 } else { 1 });
        self.line = self.line.saturating_add(1);
    }

    fn run(&mut self) {
        while let Some(byte) = self.at(0) {
            match byte {
                b' ' | b'\t' | 0x0c | 0 => self.skip(1),
                b'\n' | b'\r' => {
                    self.newline();
                    self.push(Kind::Newline, self.pos, self.pos, self.line);
                }
                b'#' => self.comment(),
                b'\\' => {
                    self.skip(1);
                    if matches!(self.at(0), Some(b'\n' | b'\r')) {
                        self.newline();
                    }
                }
                b'"' | b'\'' => self.string(byte, false, false),
                b'0'..=b'9' => {
                    let start = self.pos;
                    while self.at(0).is_some_and(|b| is_name(b) || b == b'.') {
                        self.skip(1);
                    }
                    self.push(Kind::Number, start, self.pos, self.line);
                }
                _ if is_name(byte) => self.name(),
                _ => self.op(byte),
            }
        }
    }

    fn comment(&mut self) {
        let rest = self.src.get(self.pos..).unwrap_or_default();
        let end = rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
        self.skip(end.unwrap_or(rest.len()));
    }

    fn name(&mut self) {
        let start = self.pos;
        while self.at(0).is_some_and(is_name) {
            self.skip(1);
        }
        let name = self.src.get(start..self.pos).unwrap_or_default();
        if let Some(quote @ (b'"' | b'\'')) = self.at(0)
            && name.len() <= 2
            && name.iter().all(|b| b"rRbBuUfFtT".contains(b))
        {
            let has = |letters: &[u8]| name.iter().any(|b| letters.contains(b));
            return self.string(quote, has(b"fFtT"), has(b"rR"));
        }
        self.push(Kind::Name, start, self.pos, self.line);
    }

    fn op(&mut self, byte: u8) {
        if let Some(frame) = self.frames.last_mut() {
            match byte {
                b'(' | b'[' | b'{' => frame.depth = frame.depth.saturating_add(1),
                b'}' if frame.depth == 0 => {
                    self.skip(1);
                    self.literal();
                    return;
                }
                b')' | b']' | b'}' => frame.depth = frame.depth.saturating_sub(1),
                b':' if frame.depth == 0 => {
                    frame.specs = frame.specs.saturating_add(1);
                    self.skip(1);
                    self.literal();
                    return;
                }
                _ => {}
            }
        }
        self.push(
            Kind::Op(byte),
            self.pos,
            self.pos.saturating_add(1),
            self.line,
        );
        self.skip(1);
    }

    /// A string from its opening quote on.
    fn string(&mut self, quote: u8, formatted: bool, raw: bool) {
        let triple = self.at(1) == Some(quote) && self.at(2) == Some(quote);
        self.skip(if triple { 3 } else { 1 });
        let (start, line) = (self.pos, self.line);
        let formatted = formatted && self.frames.len() < MAX_NESTING;
        let mut frame = Frame {
            quote,
            triple,
            raw,
            depth: 0,
            specs: 0,
        };
        let index = self.tokens.len();
        let kind = if formatted {
            Kind::Formatted
        } else {
            Kind::Text
        };
        self.push(kind, start, start, line);
        let opens = self.body(&mut frame, formatted);
        // Where the body ends: before the quotes or the brace just stepped over.
        let back = match opens {
            End::Quote if triple => 3,
            End::Quote | End::Brace => 1,
            End::Cut => 0,
        };
        let end = self.pos.saturating_sub(back).max(start);
        if let Some(token) = self.tokens.get_mut(index) {
            token.end = u32::try_from(end).unwrap_or(u32::MAX);
        }
        if opens == End::Brace {
            self.frames.push(frame);
        }
    }

    /// Goes on in the innermost f-string's literal text.
    fn literal(&mut self) {
        if let Some(mut frame) = self.frames.pop()
            && self.body(&mut frame, true) == End::Brace
        {
            self.frames.push(frame);
        }
    }

    /// Reads literal text up to and over its end.
    fn body(&mut self, frame: &mut Frame, formatted: bool) -> End {
        while let Some(byte) = self.at(0) {
            match byte {
                b'\\' => {
                    self.skip(1);
                    match self.at(0) {
                        Some(b'\n' | b'\r') => self.newline(),
                        // A substitution starts even after a backslash.
                        Some(b'{' | b'}') if formatted => {}
                        Some(b'N') if formatted && !frame.raw && self.at(1) == Some(b'{') => {
                            self.named_character();
                        }
                        Some(_) => self.skip(1),
                        None => {}
                    }
                }
                b'\n' | b'\r' if !frame.triple => return End::Cut,
                b'\n' | b'\r' => self.newline(),
                _ if byte == frame.quote => {
                    if !frame.triple {
                        self.skip(1);
                        return End::Quote;
                    }
                    if self.at(1) == Some(byte) && self.at(2) == Some(byte) {
                        self.skip(3);
                        return End::Quote;
                    }
                    self.skip(1);
                }
                b'{' if formatted => {
                    if frame.specs == 0 && self.at(1) == Some(b'{') {
                        self.skip(2);
                        continue;
                    }
                    self.skip(1);
                    frame.depth = 0;
                    return End::Brace;
                }
                b'}' if formatted => {
                    frame.specs = frame.specs.saturating_sub(1);
                    self.skip(1);
                }
                _ => self.skip(1),
            }
        }
        End::Cut
    }

    /// Steps over `N{NAME}`, whose braces are no substitution.
    fn named_character(&mut self) {
        self.skip(2);
        while self
            .at(0)
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b' ' || b == b'-')
        {
            self.skip(1);
        }
        if self.at(0) == Some(b'}') {
            self.skip(1);
        }
    }
}

/// How a piece of literal text ended.
#[derive(PartialEq, Eq, Clone, Copy)]
enum End {
    Quote,
    /// At the brace that opens a substitution.
    Brace,
    /// At the end of the line or file.
    Cut,
}

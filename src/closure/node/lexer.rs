//! Cuts JavaScript and TypeScript into tokens, for finding imports; it accepts anything.
//!
//! Whether a `/` divides or opens a regular expression depends on the grammar; here the token
//! before decides, with brackets remembered. A wrong guess costs at most the rest of its line.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or keyword.
    Name,
    /// A string, or a template without substitutions; the span is its body.
    Text,
    /// A template with substitutions; the span is its body up to the first. The tokens of the
    /// substitutions follow.
    Template,
    /// A number or a regular expression.
    Value,
    /// Any other byte.
    Op(u8),
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// `(` after `if`, `while`, `for` or `with`: what follows the `)` is a statement.
    Head,
    Paren,
    Square,
    /// A block of statements, and a class or function body.
    Block,
    /// An object, after which a `/` divides.
    Object,
    /// `${`.
    Template,
}

struct Lexer<'a> {
    src: &'a [u8],
    pos: usize,
    line: u32,
    open: Vec<Open>,
    /// How many of `open` are templates.
    templates: usize,
    /// Whether the bracket just closed makes a following `/` divide.
    closed: bool,
    tokens: Vec<Token>,
    /// No regular expression starts before this place: one was tried and has no end there.
    no_regex: usize,
    /// No `*/` follows.
    no_comment: bool,
    /// Where the first template that is still open starts: its place and line.
    template: Option<(usize, u32)>,
    no_template: bool,
}

/// Whether the byte can be in a name; all bytes beyond ASCII are taken for letters.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

/// The tokens of `src`. Takes time in proportion to the length of `src`.
pub(super) fn tokens(src: &[u8]) -> Vec<Token> {
    let mut lexer = Lexer {
        src,
        pos: if src.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        },
        line: 1,
        open: Vec::new(),
        templates: 0,
        closed: false,
        tokens: Vec::new(),
        no_regex: 0,
        no_comment: false,
        template: None,
        no_template: false,
    };
    if lexer
        .src
        .get(lexer.pos..)
        .is_some_and(|rest| rest.starts_with(b"#!"))
    {
        lexer.skip_line();
    }
    lexer.run();
    if let Some((pos, line)) = lexer.template.take() {
        // A lone backtick, as in the text of JSX. What follows is read once more without
        // templates; finding a thing twice does no harm.
        (lexer.pos, lexer.line, lexer.no_template) = (pos, line, true);
        lexer.open.clear();
        lexer.templates = 0;
        lexer.run();
    }
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

    fn newline(&mut self) {
        self.skip(1);
        self.line = self.line.saturating_add(1);
    }

    fn skip_line(&mut self) {
        let rest = self.src.get(self.pos..).unwrap_or_default();
        let end = rest.iter().position(|b| *b == b'\n' || *b == b'\r');
        self.skip(end.unwrap_or(rest.len()));
    }

    fn run(&mut self) {
        while let Some(byte) = self.at(0) {
            match byte {
                b'\n' => self.newline(),
                _ if byte.is_ascii_whitespace() || byte == 0 => self.skip(1),
                b'/' if self.at(1) == Some(b'/') => self.skip_line(),
                b'/' if self.at(1) == Some(b'*') && !self.no_comment => self.comment(),
                b'/' if self.regex_may_start() => self.regex(),
                b'"' | b'\'' => self.string(byte),
                b'`' if !self.no_template => {
                    if self.template.is_none() {
                        let after = self.pos.saturating_add(1);
                        self.template = Some((after, self.line));
                    }
                    self.skip(1);
                    self.template(true);
                }
                b'0'..=b'9' => {
                    let start = self.pos;
                    while self.at(0).is_some_and(|b| is_name(b) || b == b'.') {
                        self.skip(1);
                    }
                    self.push(Kind::Value, start, self.pos, self.line);
                }
                _ if is_name(byte) => {
                    let start = self.pos;
                    while self.at(0).is_some_and(is_name) {
                        self.skip(1);
                    }
                    self.push(Kind::Name, start, self.pos, self.line);
                }
                _ => self.op(byte),
            }
        }
    }

    fn comment(&mut self) {
        let start = self.pos.saturating_add(2);
        let rest = self.src.get(start..).unwrap_or_default();
        let mut lines = 0_u32;
        let mut star = false;
        for (at, byte) in rest.iter().enumerate() {
            match byte {
                b'/' if star => {
                    self.pos = start.saturating_add(at).saturating_add(1);
                    self.line = self.line.saturating_add(lines);
                    return;
                }
                b'\n' => lines = lines.saturating_add(1),
                _ => {}
            }
            star = *byte == b'*';
        }
        // A lone `/*`, as in a pattern of files in the text of JSX.
        self.no_comment = true;
        self.skip(2);
    }

    fn last(&self) -> Option<(Kind, &[u8])> {
        let token = self.tokens.last()?;
        let start = usize::try_from(token.start).ok()?;
        let end = usize::try_from(token.end).ok()?;
        Some((token.kind, self.src.get(start..end).unwrap_or_default()))
    }

    fn after_dot(&self) -> bool {
        let before = self
            .tokens
            .len()
            .checked_sub(2)
            .and_then(|at| self.tokens.get(at));
        before.is_some_and(|token| token.kind == Kind::Op(b'.'))
    }

    /// Whether an expression may start after the last token.
    fn expression_may_start(&self) -> bool {
        match self.last() {
            None => true,
            Some((Kind::Text | Kind::Template | Kind::Value, _)) => false,
            Some((Kind::Name, name)) => is_operator_word(name) && !self.after_dot(),
            Some((Kind::Op(b')' | b']' | b'}'), _)) => !self.closed,
            Some((Kind::Op(op @ (b'+' | b'-')), _)) => {
                // After `a++` a `/` divides.
                let before = self
                    .tokens
                    .len()
                    .checked_sub(2)
                    .and_then(|at| self.tokens.get(at));
                before.is_none_or(|token| token.kind != Kind::Op(op))
            }
            Some((Kind::Op(_), _)) => true,
        }
    }

    fn regex_may_start(&self) -> bool {
        // `</` closes an element of JSX.
        let tag = matches!(self.last(), Some((Kind::Op(b'<'), _)));
        !tag && self.pos >= self.no_regex && self.expression_may_start()
    }

    fn regex(&mut self) {
        let start = self.pos;
        let mut at = start.saturating_add(1);
        let mut class = false;
        while let Some(byte) = self.src.get(at) {
            match byte {
                b'\n' | b'\r' => break,
                b'\\' => at = at.saturating_add(1),
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => {
                    self.pos = at.saturating_add(1);
                    while self.at(0).is_some_and(is_name) {
                        self.skip(1);
                    }
                    self.push(Kind::Value, start, self.pos, self.line);
                    return;
                }
                _ => {}
            }
            at = at.saturating_add(1);
        }
        self.no_regex = at;
        self.op(b'/');
    }

    fn string(&mut self, quote: u8) {
        self.skip(1);
        let (start, line) = (self.pos, self.line);
        while let Some(byte) = self.at(0) {
            match byte {
                b'\\' => {
                    self.skip(1);
                    match self.at(0) {
                        Some(b'\n') => self.newline(),
                        Some(_) => self.skip(1),
                        None => {}
                    }
                }
                // An apostrophe in the text of JSX ends with its line.
                b'\n' => break,
                _ if byte == quote => {
                    self.push(Kind::Text, start, self.pos, line);
                    self.skip(1);
                    return;
                }
                _ => self.skip(1),
            }
        }
        self.push(Kind::Value, start, self.pos, line);
    }

    /// Reads a template's text up to its end or its next substitution.
    fn template(&mut self, first: bool) {
        let (start, line) = (self.pos, self.line);
        while let Some(byte) = self.at(0) {
            match byte {
                b'\\' => {
                    self.skip(1);
                    if self.at(0) != Some(b'\n') {
                        self.skip(1);
                    }
                }
                b'\n' => self.newline(),
                b'`' => {
                    let kind = if first { Kind::Text } else { Kind::Value };
                    self.push(kind, start, self.pos, line);
                    self.skip(1);
                    if self.templates == 0 {
                        self.template = None;
                    }
                    return;
                }
                b'$' if self.at(1) == Some(b'{') => {
                    if first {
                        self.push(Kind::Template, start, self.pos, line);
                    }
                    self.skip(2);
                    self.open.push(Open::Template);
                    self.templates = self.templates.saturating_add(1);
                    self.push(Kind::Op(b','), self.pos, self.pos, self.line);
                    return;
                }
                _ => self.skip(1),
            }
        }
    }

    fn op(&mut self, byte: u8) {
        match byte {
            b'(' => {
                let head = matches!(
                    self.last(),
                    Some((Kind::Name, b"if" | b"while" | b"for" | b"with"))
                ) && !self.after_dot();
                self.open.push(if head { Open::Head } else { Open::Paren });
            }
            b'[' => self.open.push(Open::Square),
            b'{' => {
                let block = match self.last() {
                    Some((Kind::Op(b')' | b';' | b'}' | b'{'), _)) | None => true,
                    // The arrow of `=> {`.
                    Some((Kind::Op(b'>'), _)) => true,
                    Some((Kind::Name, name)) => {
                        !is_operator_word(name) || matches!(name, b"else" | b"do")
                    }
                    _ => false,
                };
                self.open
                    .push(if block { Open::Block } else { Open::Object });
            }
            b')' | b']' | b'}' => {
                let open = self.open.pop();
                if open == Some(Open::Template) {
                    self.templates = self.templates.saturating_sub(1);
                }
                if open == Some(Open::Template) && byte == b'}' {
                    self.skip(1);
                    self.template(false);
                    return;
                }
                self.closed = !matches!(open, Some(Open::Head | Open::Block));
            }
            _ => {}
        }
        self.push(
            Kind::Op(byte),
            self.pos,
            self.pos.saturating_add(1),
            self.line,
        );
        self.skip(1);
    }
}

/// Keywords that an expression follows.
fn is_operator_word(name: &[u8]) -> bool {
    matches!(
        name,
        b"return"
            | b"typeof"
            | b"case"
            | b"in"
            | b"of"
            | b"delete"
            | b"void"
            | b"instanceof"
            | b"new"
            | b"throw"
            | b"else"
            | b"do"
            | b"await"
            | b"yield"
            | b"default"
            | b"extends"
    )
}

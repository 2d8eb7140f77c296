//! What one Python source imports, as far as its text shows.

use super::callee::{Callee, is_dotted};
use super::lexer::{Kind, Token, tokens};

/// One import of modules whose names stand in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The leading dots of a relative import: 1 is the file's own package. 0 for an absolute one.
    pub level: u32,
    /// The dotted name after them, perhaps empty for a relative import.
    pub module: String,
    /// The names of `from module import names`, `*` left out; they may be modules too.
    pub names: Vec<String>,
    /// The line, counted from 1.
    pub line: u32,
    /// Whether this is a call such as `import_module("a.b")`, no statement.
    pub call: bool,
}

/// What a source loads at run time in a way that its text does not fully show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DynamicKind {
    /// A module whose name is computed.
    Import,
    /// A shared library (`ctypes.CDLL`, `cffi`'s `dlopen`, `find_library`).
    Library,
}

/// A place that loads what cannot be known from the text alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dynamic {
    /// What is loaded.
    pub kind: DynamicKind,
    /// For a module, what its name surely starts with (`"app.plugins."`), perhaps empty; for a
    /// library, its name if the source has it as a literal.
    pub text: String,
    /// The line, counted from 1.
    pub line: u32,
}

/// A string literal that may name something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Literal<'a> {
    /// Its body as written.
    pub text: &'a str,
    /// The line, counted from 1.
    pub line: u32,
}

/// All that [`scan`] found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Scan<'a> {
    /// The imports in the source's order.
    pub imports: Vec<Import>,
    /// The places that compute what they load.
    pub dynamic: Vec<Dynamic>,
    /// Short string literals of one word.
    pub literals: Vec<Literal<'a>>,
}

const MAX_LITERAL: u32 = 400;
/// Names in one dotted name and in one list; more are hostile.
const MAX_PARTS: usize = 4096;

/// Finds all imports in `src`, wherever in the code they stand: in functions, under `try`, under
/// `if TYPE_CHECKING`. Only those that cannot be the first import of their module are left out:
/// imports of `x` under `if "x" in sys.modules:`, or after a return if it is not there.
///
/// Never fails: what is not Python yields no imports. Linear in the length of `src`.
pub fn scan(src: &[u8]) -> Scan<'_> {
    let mut scanner = Scanner {
        src,
        tokens: tokens(src, Vec::new()),
        at: 0,
        found: Scan::default(),
        guards: Vec::new(),
    };
    scanner.run();
    scanner.found
}

/// Imports of `name` are no first imports until a line is indented less than `column`.
struct Guard {
    name: String,
    column: u32,
}

struct Scanner<'a> {
    src: &'a [u8],
    tokens: Vec<Token>,
    at: usize,
    found: Scan<'a>,
    guards: Vec<Guard>,
}

impl<'a> Scanner<'a> {
    fn token(&self, at: usize) -> Option<Token> {
        self.tokens.get(at).copied()
    }

    fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    fn text(&self, token: Token) -> &'a [u8] {
        let range = usize::try_from(token.start)
            .ok()
            .zip(usize::try_from(token.end).ok());
        range
            .and_then(|(start, end)| self.src.get(start..end))
            .unwrap_or_default()
    }

    fn name(&self, at: usize) -> Option<&'a [u8]> {
        let token = self.token(at)?;
        (token.kind == Kind::Name).then(|| self.text(token))
    }

    fn is(&self, at: usize, op: u8) -> bool {
        self.kind(at) == Some(Kind::Op(op))
    }

    fn run(&mut self) {
        while let Some(token) = self.token(self.at) {
            let next = self.at.saturating_add(1);
            match token.kind {
                Kind::Newline => self.end_guards(token, next),
                Kind::Text => self.literal(token),
                Kind::Name if !self.after_dot() => match self.text(token) {
                    b"import" => {
                        self.at = next;
                        self.import(token.line);
                        continue;
                    }
                    b"from" => {
                        self.at = next;
                        self.from(token.line);
                        continue;
                    }
                    name => self.call(name, next, token.line),
                },
                Kind::Name => self.call(self.text(token), next, token.line),
                _ => {}
            }
            self.at = next;
        }
    }

    fn after_dot(&self) -> bool {
        self.at
            .checked_sub(1)
            .is_some_and(|before| self.is(before, b'.'))
    }

    /// Reads `a.b.c` at the place.
    fn dotted(&mut self) -> String {
        let mut name = String::new();
        let mut parts = 0_usize;
        while let Some(part) = self.name(self.at) {
            if part == b"import" {
                break;
            }
            if parts < MAX_PARTS {
                name.push_str(&String::from_utf8_lossy(part));
            }
            parts = parts.saturating_add(1);
            self.at = self.at.saturating_add(1);
            // `import` cannot be an attribute: `from .a. import b` is no Python.
            if !self.is(self.at, b'.') || self.kind(self.at.saturating_add(1)) != Some(Kind::Name) {
                break;
            }
            self.at = self.at.saturating_add(1);
            name.push('.');
        }
        name
    }

    /// Steps over `as name`.
    fn alias(&mut self, bracket: bool) {
        if self.name(self.at) == Some(b"as") {
            self.at = self.at.saturating_add(1);
            if bracket {
                self.blank();
            }
            if self.name(self.at).is_some() {
                self.at = self.at.saturating_add(1);
            }
        }
    }

    fn import(&mut self, line: u32) {
        loop {
            let module = self.dotted();
            if module.is_empty() {
                return;
            }
            self.alias(false);
            self.add(0, module, Vec::new(), line, false);
            if !self.is(self.at, b',') {
                return;
            }
            self.at = self.at.saturating_add(1);
        }
    }

    /// Steps over line ends, which brackets make meaningless.
    fn blank(&mut self) {
        while self.kind(self.at) == Some(Kind::Newline) {
            self.at = self.at.saturating_add(1);
        }
    }

    fn from(&mut self, line: u32) {
        let mut level = 0_u32;
        while self.is(self.at, b'.') {
            level = level.saturating_add(1);
            self.at = self.at.saturating_add(1);
        }
        let start = self.at;
        let module = self.dotted();
        if self.name(self.at) != Some(b"import") || (level == 0 && module.is_empty()) {
            // `yield from name(...)`, `raise Error from name`: the name may be called.
            self.at = start;
            return;
        }
        self.at = self.at.saturating_add(1);
        let bracket = self.is(self.at, b'(');
        if bracket {
            self.at = self.at.saturating_add(1);
        }
        let mut names = Vec::new();
        loop {
            if bracket {
                self.blank();
            }
            match self.name(self.at) {
                Some(name) => {
                    if names.len() < MAX_PARTS {
                        names.push(String::from_utf8_lossy(name).into_owned());
                    }
                }
                None if self.is(self.at, b'*') => {}
                None => break,
            }
            self.at = self.at.saturating_add(1);
            if bracket {
                self.blank();
            }
            self.alias(bracket);
            if bracket {
                self.blank();
            }
            if !self.is(self.at, b',') {
                break;
            }
            self.at = self.at.saturating_add(1);
        }
        self.add(level, module, names, line, false);
    }

    fn add(&mut self, level: u32, module: String, names: Vec<String>, line: u32, call: bool) {
        let top = module.split('.').next().unwrap_or_default();
        if level == 0 && self.guards.iter().any(|guard| guard.name == top) {
            return;
        }
        self.found.imports.push(Import {
            level,
            module,
            names,
            line,
            call,
        });
    }

    /// A call of `name` whose first argument says what to load.
    fn call(&mut self, name: &[u8], open: usize, line: u32) {
        if !self.is(open, b'(') {
            return;
        }
        let what = Callee::of(name);
        let before = self.at.checked_sub(1).and_then(|before| self.name(before));
        if what == Callee::Other || matches!(before, Some(b"def" | b"class")) {
            return;
        }
        let mut at = open.saturating_add(1);
        let skip = |scanner: &Self, mut at: usize| {
            while scanner.kind(at) == Some(Kind::Newline) {
                at = at.saturating_add(1);
            }
            at
        };
        at = skip(self, at);
        if self.name(at) == Some(b"name") && self.is(at.saturating_add(1), b'=') {
            at = skip(self, at.saturating_add(2));
        }
        let Some(token) = self.token(at) else { return };
        let text = if matches!(token.kind, Kind::Text | Kind::Formatted) {
            String::from_utf8_lossy(self.text(token)).into_owned()
        } else {
            String::new()
        };
        let after = skip(self, at.saturating_add(1));
        let whole = token.kind == Kind::Text
            && matches!(self.kind(after), None | Some(Kind::Op(b',' | b')')));
        match what {
            Callee::Library => self.dynamic(DynamicKind::Library, text, line),
            _ if whole => {
                let level = text.bytes().take_while(|b| *b == b'.').count();
                let module = text.get(level..).unwrap_or_default();
                // `import_string("a.b:c")` names an attribute after the colon.
                let module = module.split(':').next().unwrap_or_default();
                if is_dotted(module) || (level > 0 && module.is_empty()) {
                    let level = u32::try_from(level).unwrap_or(u32::MAX);
                    self.add(level, module.to_owned(), Vec::new(), line, true);
                }
            }
            Callee::Import if token.kind == Kind::Op(b')') => {}
            Callee::Import => self.dynamic(DynamicKind::Import, text, line),
            _ => {}
        }
    }

    fn dynamic(&mut self, kind: DynamicKind, text: String, line: u32) {
        self.found.dynamic.push(Dynamic { kind, text, line });
    }

    fn literal(&mut self, token: Token) {
        if token.end.saturating_sub(token.start) > MAX_LITERAL || token.end <= token.start {
            return;
        }
        let bytes = self.text(token);
        let odd = |b: &u8| !(0x21..0x7f).contains(b) || matches!(b, b'\\' | b'(' | b'{');
        if bytes.iter().any(odd) {
            return;
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return;
        };
        let line = token.line;
        self.found.literals.push(Literal { text, line });
        self.guard(text);
    }

    /// `if "name" in sys.modules:` and `if "name" not in sys.modules: return`.
    fn guard(&mut self, name: &str) {
        let before = self.at.checked_sub(1).and_then(|at| self.token(at));
        let Some(before) = before.filter(|token| self.text(*token) == b"if") else {
            return;
        };
        let start = self.at.checked_sub(2).and_then(|at| self.token(at));
        let Some(start) = start.filter(|token| token.kind == Kind::Newline) else {
            return;
        };
        let mut at = self.at.saturating_add(1);
        let absent = self.name(at) == Some(b"not");
        if absent {
            at = at.saturating_add(1);
        }
        for word in [&b"in"[..], b"sys", b".", b"modules", b":"] {
            if self.token(at).is_none_or(|token| self.text(token) != word) {
                return;
            }
            at = at.saturating_add(1);
        }
        while self.kind(at) == Some(Kind::Newline) {
            at = at.saturating_add(1);
        }
        let leaves = matches!(self.name(at), Some(b"return" | b"raise" | b"continue"));
        let indent = before.start.saturating_sub(start.end);
        let column = match (absent, leaves) {
            (false, _) => indent.saturating_add(1),
            (true, true) => indent,
            (true, false) => return,
        };
        if self.guards.len() < 16 {
            let name = name.split('.').next().unwrap_or_default().to_owned();
            self.guards.push(Guard { name, column });
        }
    }

    fn end_guards(&mut self, newline: Token, next: usize) {
        if self.guards.is_empty() {
            return;
        }
        if let Some(token) = self.token(next).filter(|token| token.kind != Kind::Newline) {
            let column = token.start.saturating_sub(newline.end);
            self.guards.retain(|guard| column >= guard.column);
        }
    }
}

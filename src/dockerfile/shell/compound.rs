//! Control structures and functions.

use super::ast::{Command, CompoundKind, ListItem, Pipeline, Word};
use super::cursor::Parser;
use super::grammar::is_meta;
use super::quoting::Ctx;

/// A control structure under construction.
pub(super) struct Draft {
    pub(super) kind: CompoundKind,
    start: usize,
    name: Option<Word>,
    pub(super) words: Vec<Word>,
    arms: Vec<usize>,
    bodies: Vec<Vec<ListItem>>,
}

impl Draft {
    fn new(kind: CompoundKind, start: usize) -> Self {
        Draft {
            kind,
            start,
            name: None,
            words: Vec::new(),
            arms: Vec::new(),
            bodies: Vec::new(),
        }
    }
}

impl Parser<'_> {
    /// The control structure that a reserved word starts.
    pub(super) fn compound(&mut self, keyword: &'static str) -> Option<Command> {
        let start = self.pos;
        if !self.enter(start) {
            return None;
        }
        self.advance(keyword.len());
        let mut draft = Draft::new(CompoundKind::Group, start);
        match keyword {
            "if" => self.if_clause(&mut draft),
            "for" => self.for_loop(&mut draft, CompoundKind::For),
            "select" => self.for_loop(&mut draft, CompoundKind::Select),
            "while" => self.while_loop(&mut draft, CompoundKind::While, keyword),
            "until" => self.while_loop(&mut draft, CompoundKind::Until, keyword),
            "case" => self.case_clause(&mut draft),
            "function" => self.function_keyword(&mut draft),
            "[[" => self.test(&mut draft),
            _ => self.group(&mut draft),
        }
        self.leave();
        Some(self.finish(draft))
    }

    /// A subshell, or an arithmetic command.
    pub(super) fn parenthesis(&mut self) -> Option<Command> {
        let start = self.pos;
        if !self.enter(start) {
            return None;
        }
        let mut draft = Draft::new(CompoundKind::Subshell, start);
        match self.arithmetic_word() {
            Some(word) => {
                draft.kind = CompoundKind::Arithmetic;
                draft.words.push(word);
            }
            None => {
                self.advance(1);
                let items = self.items_to_paren(start, "(");
                if items.is_empty() {
                    let span = self.since(start);
                    self.error(span, "`(` without a command in it");
                }
                draft.bodies.push(items);
            }
        }
        self.leave();
        Some(self.finish(draft))
    }

    fn finish(&mut self, draft: Draft) -> Command {
        let mut end = self.pos;
        let mut redirects = Vec::new();
        // The body of a function has taken the redirections already.
        if draft.kind != CompoundKind::Function {
            loop {
                self.skip_blanks();
                match self.redirect() {
                    Some(redirect) => redirects.push(redirect),
                    None => break,
                }
                end = self.pos;
            }
        }
        let span = self.span(draft.start, end);
        Command::Compound {
            kind: draft.kind,
            span,
            name: draft.name,
            words: draft.words,
            arms: draft.arms,
            bodies: draft.bodies,
            redirects,
        }
    }

    pub(super) fn missing(&mut self, draft: &Draft, opener: &str, wanted: &str) {
        let span = self.span(draft.start, draft.start + opener.len());
        self.error(span, format!("`{opener}` without its `{wanted}`"));
    }

    /// Consumes a reserved word, or reports that it is missing.
    fn expect(&mut self, draft: &Draft, opener: &str, wanted: &'static str) -> bool {
        if self.keyword() == Some(wanted) {
            self.advance(wanted.len());
            return true;
        }
        self.missing(draft, opener, wanted);
        false
    }

    /// A list that must have a command in it, after the token that ends here.
    fn body(&mut self, after: &str) -> Vec<ListItem> {
        let token = self.span(self.pos.saturating_sub(after.len()), self.pos);
        let items = self.new_list();
        if items.is_empty() {
            self.error(token, format!("no command after `{after}`"));
        }
        items
    }

    fn group(&mut self, draft: &mut Draft) {
        let items = self.body("{");
        draft.bodies.push(items);
        self.expect(draft, "{", "}");
    }

    fn if_clause(&mut self, draft: &mut Draft) {
        draft.kind = CompoundKind::If;
        let mut before = "if";
        loop {
            let condition = self.body(before);
            draft.bodies.push(condition);
            if !self.expect(draft, "if", "then") {
                // Conditions and bodies stay in pairs.
                draft.bodies.push(Vec::new());
                if self.keyword() == Some("fi") {
                    self.advance(2);
                }
                return;
            }
            let body = self.body("then");
            draft.bodies.push(body);
            match self.keyword() {
                Some("elif") => {
                    self.advance(4);
                    before = "elif";
                }
                Some("else") => {
                    self.advance(4);
                    let body = self.body("else");
                    draft.bodies.push(body);
                    self.expect(draft, "if", "fi");
                    return;
                }
                _ => {
                    self.expect(draft, "if", "fi");
                    return;
                }
            }
        }
    }

    fn while_loop(&mut self, draft: &mut Draft, kind: CompoundKind, keyword: &'static str) {
        draft.kind = kind;
        let condition = self.body(keyword);
        draft.bodies.push(condition);
        self.do_group(draft, keyword);
    }

    fn do_group(&mut self, draft: &mut Draft, opener: &str) {
        self.skip_newlines();
        if opener != "while" && opener != "until" && self.keyword() == Some("{") {
            self.advance(1);
            let body = self.body("{");
            draft.bodies.push(body);
            self.expect(draft, "{", "}");
            return;
        }
        if !self.expect(draft, opener, "do") {
            draft.bodies.push(Vec::new());
            if self.keyword() == Some("done") {
                self.advance(4);
            }
            return;
        }
        let body = self.body("do");
        draft.bodies.push(body);
        self.expect(draft, opener, "done");
    }

    fn for_loop(&mut self, draft: &mut Draft, kind: CompoundKind) {
        draft.kind = kind;
        let opener = if kind == CompoundKind::Select {
            "select"
        } else {
            "for"
        };
        self.skip_blanks();
        if kind == CompoundKind::For
            && self.at("((")
            && let Some(word) = self.arithmetic_word()
        {
            draft.kind = CompoundKind::ArithFor;
            draft.words.push(word);
            self.optional_semicolon();
            self.do_group(draft, opener);
            return;
        }
        draft.name = self.word(Ctx::Command);
        if draft.name.is_none() {
            let span = self.since(draft.start);
            self.error(span, format!("`{opener}` without a variable"));
        }
        self.skip_newlines();
        if self.keyword() == Some("in") {
            self.advance(2);
            loop {
                self.skip_blanks();
                match self.word(Ctx::Command) {
                    Some(word) => draft.words.push(word),
                    None => break,
                }
            }
        }
        self.optional_semicolon();
        self.do_group(draft, opener);
    }

    fn optional_semicolon(&mut self) {
        self.skip_blanks();
        if self.peek() == Some(b';') && self.peek_at(1) != Some(b';') {
            self.advance(1);
        }
        self.skip_newlines();
    }

    fn case_clause(&mut self, draft: &mut Draft) {
        draft.kind = CompoundKind::Case;
        self.skip_blanks();
        match self.word(Ctx::Command) {
            Some(word) => draft.words.push(word),
            None => {
                let span = self.since(draft.start);
                self.error(span, "`case` without a word");
            }
        }
        self.skip_newlines();
        if !self.expect(draft, "case", "in") {
            return;
        }
        loop {
            self.skip_newlines();
            if self.keyword() == Some("esac") {
                self.advance(4);
                return;
            }
            if self.at_end() || !self.case_arm(draft) {
                self.missing(draft, "case", "esac");
                return;
            }
        }
    }

    /// One `pattern) list ;;`; false where none starts or the last one ended
    /// without `esac`.
    fn case_arm(&mut self, draft: &mut Draft) -> bool {
        if self.peek() == Some(b'(') {
            self.advance(1);
        }
        let mut patterns = 0;
        loop {
            self.skip_blanks();
            let Some(word) = self.word(Ctx::Command) else {
                break;
            };
            draft.words.push(word);
            patterns += 1;
            self.skip_blanks();
            if self.peek() != Some(b'|') {
                break;
            }
            self.advance(1);
        }
        if patterns == 0 && self.peek() != Some(b')') {
            return false;
        }
        if self.peek() == Some(b')') && patterns > 0 {
            self.advance(1);
        } else {
            let span = self.since(self.pos);
            self.error(span, "a `case` pattern without its `)`");
            if self.peek() == Some(b')') {
                self.advance(1);
            }
        }
        let body = self.new_list();
        draft.bodies.push(body);
        draft.arms.push(patterns);
        match self.closer() {
            Some(token @ (";;" | ";&" | ";;&")) => {
                self.advance(token.len());
                true
            }
            token => token == Some("esac"),
        }
    }

    fn function_keyword(&mut self, draft: &mut Draft) {
        draft.kind = CompoundKind::Function;
        self.skip_blanks();
        draft.name = self.word(Ctx::Command);
        if draft.name.is_none() {
            let span = self.since(draft.start);
            self.error(span, "`function` without a name");
        }
        self.skip_blanks();
        if self.peek() == Some(b'(') {
            let before = self.mark();
            self.advance(1);
            self.skip_blanks();
            if self.peek() == Some(b')') {
                self.advance(1);
            } else {
                // `function f (list)`: the body is a subshell.
                self.rewind(&before);
            }
        }
        self.function_body(draft);
    }

    /// `name()` with the position right after the `)`.
    pub(super) fn function(&mut self, start: usize, name: Word) -> Option<Command> {
        if !self.enter(start) {
            return None;
        }
        let mut draft = Draft::new(CompoundKind::Function, start);
        draft.name = Some(name);
        self.function_body(&mut draft);
        self.leave();
        Some(self.finish(draft))
    }

    fn function_body(&mut self, draft: &mut Draft) {
        let head = self.since(draft.start);
        self.skip_newlines();
        let Some(command) = self.command() else {
            self.error(head, "a function without a body");
            return;
        };
        if matches!(command, Command::Simple(_)) {
            self.error(
                command.span(),
                "the body of a function must be a group or another compound command",
            );
        }
        let span = command.span();
        let first = Pipeline {
            span,
            negated: false,
            timed: false,
            commands: vec![command],
            pipes: Vec::new(),
        };
        draft.bodies.push(vec![ListItem {
            span,
            first,
            rest: Vec::new(),
            terminator: None,
        }]);
    }

    /// Whether a word cannot start here.
    pub(super) fn at_word_end(&self) -> bool {
        match self.peek() {
            None => true,
            Some(b'<' | b'>') => self.peek_at(1) != Some(b'('),
            Some(b'\r') => self.peek_at(1) == Some(b'\n'),
            Some(byte) => is_meta(byte),
        }
    }
}

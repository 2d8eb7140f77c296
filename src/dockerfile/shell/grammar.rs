//! Lists, and-or lists and pipelines.

use super::ast::{Command, Connector, ListItem, Pipe, Pipeline, Terminator};
use super::cursor::Parser;

/// The reserved words that end a list.
const CLOSERS: [&str; 8] = ["do", "done", "elif", "else", "esac", "fi", "then", "}"];

impl Parser<'_> {
    /// All items up to the end of the text, past anything unexpected.
    pub(super) fn all_items(&mut self) -> Vec<ListItem> {
        // Most have one.
        let mut items = Vec::with_capacity(1);
        self.list(&mut items);
        while !self.at_end() {
            self.unexpected_closer();
            self.list(&mut items);
        }
        self.flush_pending();
        // Most scripts are short, and a file may have very many.
        items.shrink_to_fit();
        items
    }

    /// The items up to a `)`, which is consumed. `opener` is where the
    /// construct starts and `what` its first token.
    pub(super) fn items_to_paren(&mut self, opener: usize, what: &str) -> Vec<ListItem> {
        let mut items = Vec::with_capacity(1);
        self.list(&mut items);
        loop {
            if self.at_end() {
                let span = self.span(opener, opener + what.len());
                self.error(span, format!("`{what}` without its `)`"));
                return items;
            }
            if self.peek() == Some(b')') {
                self.advance(1);
                return items;
            }
            self.unexpected_closer();
            self.list(&mut items);
        }
    }

    /// Reads items up to a token that ends a list, whichever it is.
    pub(super) fn list(&mut self, items: &mut Vec<ListItem>) {
        loop {
            self.skip_newlines();
            if self.at_end() || self.closer().is_some() {
                return;
            }
            let before = self.pos;
            if let Some(operator) = self.operator() {
                let span = self.span(before, before + operator.len());
                self.error(
                    span,
                    format!("unexpected `{operator}`: no command before it"),
                );
                self.advance(operator.len());
                continue;
            }
            if let Some(item) = self.list_item() {
                items.push(item);
            }
            if self.pos == before {
                let length = self.peek_char().map_or(1, char::len_utf8);
                let span = self.span(before, before + length);
                let text = self.slice(before, before + length);
                self.error(span, format!("unexpected `{text}`"));
                self.advance(length);
            }
        }
    }

    pub(super) fn new_list(&mut self) -> Vec<ListItem> {
        let mut items = Vec::with_capacity(1);
        self.list(&mut items);
        items
    }

    fn list_item(&mut self) -> Option<ListItem> {
        let start = self.pos;
        let first = self.pipeline()?;
        self.count();
        let mut rest = Vec::new();
        let mut end = first.span.end;
        loop {
            self.skip_blanks();
            let connector = if self.at("&&") {
                Connector::And
            } else if self.at("||") {
                Connector::Or
            } else {
                break;
            };
            let operator = self.span(self.pos, self.pos + 2);
            self.advance(2);
            self.skip_newlines();
            match self.pipeline() {
                Some(pipeline) => {
                    end = pipeline.span.end;
                    rest.push((connector, operator, pipeline));
                }
                None => {
                    self.error(operator, "no command after this operator");
                    break;
                }
            }
        }
        let mut span = self.since(start);
        span.end = end;
        let terminator = self.terminator();
        // An operator is reported where the next item would start.
        let expected = self.at_end() || self.closer().is_some() || self.operator().is_some();
        if terminator.is_none() && !expected {
            self.unexpected_here();
        }
        Some(ListItem {
            span,
            first,
            rest,
            terminator,
        })
    }

    fn terminator(&mut self) -> Option<(Terminator, crate::dockerfile::Span)> {
        let kind = match (self.peek()?, self.peek_at(1)) {
            (b'\n', _) => Terminator::Newline,
            (b';', next) if next != Some(b';') && next != Some(b'&') => Terminator::Semicolon,
            (b'&', next) if next != Some(b'&') && next != Some(b'>') => Terminator::Background,
            _ => return None,
        };
        let span = self.span(self.pos, self.pos + 1);
        if kind == Terminator::Newline {
            self.newline();
        } else {
            self.advance(1);
        }
        Some((kind, span))
    }

    fn unexpected_here(&mut self) {
        let length = self.peek_char().map_or(1, char::len_utf8);
        let span = self.span(self.pos, self.pos + length);
        let text = self.slice(self.pos, self.pos + length);
        self.error(
            span,
            format!("unexpected `{text}`: the command before it has ended"),
        );
    }

    /// A pipeline, or nothing where no command starts.
    fn pipeline(&mut self) -> Option<Pipeline> {
        let start = self.pos;
        let mut prefix_end = start;
        let (mut negated, mut timed) = (false, false);
        loop {
            match self.keyword() {
                Some("!") => {
                    negated = !negated;
                    self.advance(1);
                }
                Some("time") => {
                    timed = true;
                    self.advance(4);
                    self.skip_blanks();
                    if self.at("-p") && self.breaks_at(2) {
                        self.advance(2);
                    }
                }
                _ => break,
            }
            prefix_end = self.pos;
            self.skip_blanks();
        }
        let mut span = self.span(start, prefix_end);
        let (mut commands, mut pipes) = (Vec::with_capacity(1), Vec::new());
        if let Some(command) = self.command() {
            span.end = command.span().end;
            commands.push(command);
        } else if prefix_end == start {
            return None;
        }
        while !commands.is_empty() {
            self.skip_blanks();
            if self.peek() != Some(b'|') || self.peek_at(1) == Some(b'|') {
                break;
            }
            let both = self.peek_at(1) == Some(b'&');
            let length = if both { 2 } else { 1 };
            let operator = self.span(self.pos, self.pos + length);
            self.advance(length);
            self.skip_newlines();
            match self.command() {
                Some(command) => {
                    span.end = command.span().end;
                    pipes.push(Pipe {
                        span: operator,
                        both,
                    });
                    commands.push(command);
                }
                None => {
                    self.error(operator, "no command after this operator");
                    break;
                }
            }
        }
        commands.shrink_to_fit();
        Some(Pipeline {
            span,
            negated,
            timed,
            commands,
            pipes,
        })
    }

    /// A command; blanks after it may be skipped as well.
    pub(super) fn command(&mut self) -> Option<Command> {
        if self.at_end() || self.closer().is_some() || self.operator().is_some() {
            return None;
        }
        self.count();
        match self.keyword() {
            // Not a command by itself, but a word like any other here.
            Some("in" | "!" | "time") => self.simple(),
            Some(keyword) => self.compound(keyword),
            None if self.peek() == Some(b'(') => self.parenthesis(),
            None => self.simple(),
        }
    }

    /// The operator here that cannot start a command.
    fn operator(&self) -> Option<&'static str> {
        match (self.peek()?, self.peek_at(1)) {
            (b'&', Some(b'>')) => None,
            (b'&', Some(b'&')) => Some("&&"),
            (b'&', _) => Some("&"),
            (b'|', Some(b'|')) => Some("||"),
            (b'|', Some(b'&')) => Some("|&"),
            (b'|', _) => Some("|"),
            (b';', Some(b';' | b'&')) => None,
            (b';', _) => Some(";"),
            _ => None,
        }
    }

    /// The token here that ends a list.
    pub(super) fn closer(&self) -> Option<&'static str> {
        match self.peek()? {
            b')' => Some(")"),
            b';' if self.at(";;&") => Some(";;&"),
            b';' if self.at(";;") => Some(";;"),
            b';' if self.at(";&") => Some(";&"),
            _ => self.keyword().filter(|word| CLOSERS.contains(word)),
        }
    }

    fn unexpected_closer(&mut self) {
        let Some(token) = self.closer() else {
            return;
        };
        let span = self.span(self.pos, self.pos + token.len());
        self.error(span, format!("unexpected `{token}`"));
        self.advance(token.len());
        // What ends the token is not another error.
        self.skip_blanks();
        self.terminator();
    }

    /// The reserved word that starts here. Callers decide whether a command
    /// may start here, since only then it counts.
    pub(super) fn keyword(&self) -> Option<&'static str> {
        let candidates: &[&'static str] = match self.peek()? {
            b'!' => &["!"],
            b'[' => &["[["],
            b'c' => &["case"],
            b'd' => &["do", "done"],
            b'e' => &["elif", "else", "esac"],
            b'f' => &["fi", "for", "function"],
            b'i' => &["if", "in"],
            b's' => &["select"],
            b't' => &["then", "time"],
            b'u' => &["until"],
            b'w' => &["while"],
            b'{' => &["{"],
            b'}' => &["}"],
            _ => return None,
        };
        candidates
            .iter()
            .find(|word| self.at(word) && self.breaks_at(word.len()))
            .copied()
    }

    /// Whether a word cannot go on after so many bytes.
    pub(super) fn breaks_at(&self, ahead: usize) -> bool {
        match self.peek_at(ahead) {
            None => true,
            Some(b'\r') => self.peek_at(ahead + 1) == Some(b'\n'),
            Some(b'\\') => {
                self.peek_at(ahead + 1) == Some(b'\n') && {
                    // The word goes on after a continuation unless a blank does.
                    matches!(self.peek_at(ahead + 2), None | Some(b' ' | b'\t' | b'\n'))
                }
            }
            // A process substitution is part of the word before it.
            Some(b'<' | b'>') => self.peek_at(ahead + 1) != Some(b'('),
            Some(byte) => is_meta(byte),
        }
    }
}

/// Whether the byte ends an unquoted word.
pub(super) fn is_meta(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')'
    )
}

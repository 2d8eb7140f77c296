//! The way through the tree of a script.

use std::rc::Rc;

use super::value::{self, add};
use super::{Analysis, Scope};
use crate::dockerfile::shell::{
    Assignment, Command, CompoundKind, ListItem, Part, Pipeline, Redirect, RedirectOp,
    SimpleCommand, Word,
};

impl Analysis<'_> {
    pub(super) fn items(&mut self, items: &[ListItem]) {
        for item in items {
            self.pipeline(&item.first);
            for (_, _, pipeline) in &item.rest {
                self.pipeline(pipeline);
            }
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        if pipeline.timed {
            // A shell without the keyword runs the program.
            let line = self.unit.line(pipeline.span.start);
            self.runs("time", line, Vec::new());
        }
        let outer = self.input.take();
        let mut printed: Option<Vec<String>> = None;
        let several = pipeline.commands.len() > 1;
        for command in &pipeline.commands {
            self.input = printed.clone().or_else(|| outer.clone());
            self.command(command);
            if several {
                printed = Some(match printed {
                    None => self.printed(command),
                    Some(values) => self.filtered(command, values),
                });
            }
        }
        self.input = outer;
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::Simple(simple) => self.simple(simple),
            Command::Compound {
                kind,
                name,
                words,
                bodies,
                redirects,
                ..
            } => {
                let outer = self.input.clone();
                self.redirects(redirects);
                let scope = self.scope;
                match kind {
                    CompoundKind::For | CompoundKind::Select => self.list(name.as_ref(), words),
                    CompoundKind::Function => self.function(name.as_ref()),
                    _ => words.iter().for_each(|word| self.look(word)),
                }
                bodies.iter().for_each(|body| self.items(body));
                self.scope = scope;
                self.input = outer;
            }
        }
    }

    /// The variable of a loop holds each word of its list.
    fn list(&mut self, name: Option<&Word>, words: &[Word]) {
        let Some(name) = name.map(Word::value) else {
            return;
        };
        let mut values = Vec::new();
        if words.is_empty() {
            values = self.variable("@").unwrap_or_default();
        }
        for word in words {
            self.look(word);
            let several = !word.is_quoted() && word.has_expansion();
            for text in self.word(word) {
                if several {
                    let words = text.split_whitespace().map(value::globbed);
                    words.for_each(|word| add(&mut values, word));
                } else {
                    add(&mut values, text);
                }
            }
        }
        self.assign(&name, values);
    }

    fn function(&mut self, name: Option<&Word>) {
        let Some(name) = name.map(Word::value) else {
            return;
        };
        let next = self.scopes.len();
        let scope = *self.functions.entry(name).or_insert(next);
        if scope == next {
            self.scopes.push(Scope::default());
        }
        self.scope = scope;
    }

    fn simple(&mut self, simple: &SimpleCommand) {
        let line = self.unit.line(simple.span.start);
        let outer = self.input.clone();
        self.redirects(&simple.redirects);
        for assignment in &simple.assignments {
            self.assignment(assignment, line);
        }
        for word in &simple.words {
            self.inner(&word.parts);
        }
        if !simple.words.is_empty() {
            for argv in self.arguments(&simple.words) {
                self.run_all(&argv, line, simple);
            }
        }
        self.input = outer;
    }

    fn assignment(&mut self, assignment: &Assignment, line: u32) {
        let mut values = Vec::new();
        for word in assignment.value.iter().chain(&assignment.elements) {
            self.inner(&word.parts);
            for value in self.assigned(word) {
                if assignment.name != "PATH" {
                    self.names(&value, line);
                }
                add(&mut values, value);
            }
        }
        if assignment.append && !assignment.array {
            let held = self.variable(&assignment.name).unwrap_or_default();
            let mut all = Vec::new();
            for end in &values {
                let starts = held.iter().filter(|start| start.len() < 256);
                starts.for_each(|start| add(&mut all, format!("{start}{end}")));
                add(&mut all, end.clone());
            }
            values = all;
        }
        self.assign(&assignment.name, values);
    }

    fn redirects(&mut self, redirects: &[Redirect]) {
        for redirect in redirects {
            let line = self.unit.line(redirect.span.start);
            self.look(&redirect.target);
            match redirect.op {
                RedirectOp::Input => {
                    self.input = match redirect.target.parts.as_slice() {
                        [Part::Process { items, .. }] => Some(self.output(items)),
                        _ => None,
                    };
                }
                RedirectOp::HereString => self.input = Some(self.word(&redirect.target)),
                RedirectOp::Output
                | RedirectOp::Append
                | RedirectOp::Clobber
                | RedirectOp::OutputBoth
                | RedirectOp::AppendBoth => {
                    for path in self.word(&redirect.target) {
                        self.written(&path, line);
                    }
                }
                _ => {}
            }
            if let Some(doc) = &redirect.heredoc {
                self.inner(&doc.parts);
                let unit = Rc::clone(&self.unit);
                let body = doc.body.start as usize..doc.body.end as usize;
                let first = unit.line(doc.body.start);
                for (text, line) in unit.text.get(body).unwrap_or_default().lines().zip(first..) {
                    self.names(text, line);
                }
            }
        }
    }

    /// Looks for paths in a word and for commands inside it.
    fn look(&mut self, word: &Word) {
        self.inner(&word.parts);
        let line = self.unit.line(word.span.start);
        if self.emit {
            for value in self.word(word) {
                self.names(&value, line);
            }
        } else {
            // For what `${x:=…}` assigns.
            self.word(word);
        }
    }

    /// The commands in the substitutions of a word.
    fn inner(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Literal { .. } | Part::SingleQuoted { .. } => {}
                Part::DoubleQuoted { parts, .. } | Part::Arithmetic { parts, .. } => {
                    self.inner(parts);
                }
                Part::Parameter {
                    subscript, word, ..
                } => {
                    let words = subscript.iter().chain(word);
                    words.for_each(|word| self.inner(&word.parts));
                }
                Part::Command { script: items, .. } | Part::Process { items, .. } => {
                    self.items(items);
                }
            }
        }
    }
}

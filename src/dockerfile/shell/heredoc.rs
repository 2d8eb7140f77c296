//! The bodies of here-documents.

use super::ast::{Assignment, Command, HereDoc, ListItem, Part, Redirect, Word};
use super::cursor::Parser;
use super::quoting::Ctx;
use std::collections::HashMap;

/// A here-document whose body has not been reached.
pub(super) struct PendingDoc {
    /// The start of its redirection, which identifies it.
    pub(super) key: u32,
    pub(super) delimiter: String,
    pub(super) quoted: bool,
    pub(super) strip_tabs: bool,
}

impl Parser<'_> {
    /// Consumes a line end and the bodies of the here-documents before it.
    pub(super) fn newline(&mut self) {
        self.advance(1);
        for doc in std::mem::take(&mut self.pending) {
            self.body_of(doc);
        }
    }

    /// Gives an empty body to the here-documents without one.
    pub(super) fn flush_pending(&mut self) {
        for doc in std::mem::take(&mut self.pending) {
            let body = self.since(self.pos);
            self.docs.push((
                doc.key,
                HereDoc {
                    quoted: doc.quoted,
                    strip_tabs: doc.strip_tabs,
                    closed: false,
                    body,
                    parts: Vec::new(),
                },
            ));
        }
    }

    fn body_of(&mut self, doc: PendingDoc) {
        let start = self.pos;
        let mut closed = false;
        let mut end = self.pos;
        while !self.at_end() {
            end = self.pos;
            let line_end = self.line_end();
            let line = self.slice(end, line_end);
            let line = line.strip_suffix('\r').unwrap_or(line);
            let line = if doc.strip_tabs {
                line.trim_start_matches('\t')
            } else {
                line
            };
            self.pos = line_end;
            self.advance(1);
            if line == doc.delimiter {
                closed = true;
                break;
            }
            end = self.pos;
        }
        let after = self.pos;
        let body = self.span(start, end);
        let mut parts = Vec::new();
        // Nested here-documents would be read once per level.
        if !doc.quoted && self.charge(end - start) && self.enter(start) {
            let outer_end = self.end;
            let errors = self.errors.len();
            self.pos = start;
            self.end = end;
            parts = self.parts(Ctx::HereDoc);
            self.flush_pending();
            if !self.aborted {
                // Shells look at the body only when it is used.
                self.errors.truncate(errors);
            }
            self.leave();
            self.end = outer_end;
            self.pos = after;
        }
        self.docs.push((
            doc.key,
            HereDoc {
                quoted: doc.quoted,
                strip_tabs: doc.strip_tabs,
                closed,
                body,
                parts,
            },
        ));
    }
}

/// Puts the bodies into their redirections.
pub(super) fn attach(items: &mut [ListItem], docs: Vec<(u32, HereDoc)>) {
    if !docs.is_empty() {
        let mut docs = docs.into_iter().collect();
        in_items(items, &mut docs);
    }
}

type Docs = HashMap<u32, HereDoc>;

fn in_items(items: &mut [ListItem], docs: &mut Docs) {
    for item in items {
        let rest = item.rest.iter_mut().map(|(_, _, pipeline)| pipeline);
        for pipeline in std::iter::once(&mut item.first).chain(rest) {
            for command in &mut pipeline.commands {
                in_command(command, docs);
            }
        }
    }
}

fn in_command(command: &mut Command, docs: &mut Docs) {
    match command {
        Command::Simple(simple) => {
            for assignment in &mut simple.assignments {
                in_assignment(assignment, docs);
            }
            in_words(&mut simple.words, docs);
            in_redirects(&mut simple.redirects, docs);
        }
        Command::Compound {
            name,
            words,
            bodies,
            redirects,
            ..
        } => {
            if let Some(name) = name {
                in_parts(&mut name.parts, docs);
            }
            in_words(words, docs);
            for body in bodies {
                in_items(body, docs);
            }
            in_redirects(redirects, docs);
        }
    }
}

fn in_assignment(assignment: &mut Assignment, docs: &mut Docs) {
    let words = [&mut assignment.subscript, &mut assignment.value];
    for word in words.into_iter().flatten() {
        in_parts(&mut word.parts, docs);
    }
    in_words(&mut assignment.elements, docs);
}

fn in_words(words: &mut [Word], docs: &mut Docs) {
    for word in words {
        in_parts(&mut word.parts, docs);
    }
}

fn in_redirects(redirects: &mut [Redirect], docs: &mut Docs) {
    for redirect in redirects {
        in_parts(&mut redirect.target.parts, docs);
        if let Some(mut doc) = docs.remove(&redirect.span.start) {
            in_parts(&mut doc.parts, docs);
            redirect.heredoc = Some(doc);
        }
    }
}

fn in_parts(parts: &mut [Part], docs: &mut Docs) {
    for part in parts {
        match part {
            Part::Literal { .. } | Part::SingleQuoted { .. } => {}
            Part::DoubleQuoted { parts, .. } | Part::Arithmetic { parts, .. } => {
                in_parts(parts, docs);
            }
            Part::Parameter {
                subscript, word, ..
            } => {
                for word in [subscript, word].into_iter().flatten() {
                    in_parts(&mut word.parts, docs);
                }
            }
            Part::Command { script: items, .. } | Part::Process { items, .. } => {
                in_items(items, docs);
            }
        }
    }
}

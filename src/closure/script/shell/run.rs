//! What a command line runs.

use super::value::{self, known};
use super::wrappers::{Wrapped, is_assignment, is_builtin, is_shell, wrapper};
use super::{Analysis, Arg, CommandLine, MAX_NEEDS};
use crate::closure::NeedKind;
use crate::closure::files::{Found, Kind};
use crate::dockerfile::shell::SimpleCommand;

/// Words of a command line that are kept.
const MAX_WORDS: usize = 1024;

/// A command inside a command line.
struct Inner {
    start: usize,
    end: usize,
    /// Whether a program runs it, so that it is no builtin or function.
    external: bool,
}

impl Analysis<'_> {
    /// Takes one command line with all the commands in it.
    pub(super) fn run_all(&mut self, argv: &[Arg], line: u32, simple: &SimpleCommand) {
        for arg in argv.iter().skip(1) {
            for value in &arg.values {
                self.names(value, line);
            }
        }
        let words: Vec<&str> = argv.iter().map(Arg::text).collect();
        let mut todo = vec![Inner {
            start: 0,
            end: argv.len(),
            external: false,
        }];
        while let Some(inner) = todo.pop() {
            let count = inner.end.saturating_sub(inner.start);
            if !self.spend(count) {
                return;
            }
            let range = inner.start..inner.end;
            let (Some(args), Some(texts)) = (argv.get(range.clone()), words.get(range)) else {
                continue;
            };
            self.one(args, texts, line, &inner, simple, &mut todo);
        }
    }

    fn one(
        &mut self,
        args: &[Arg],
        texts: &[&str],
        line: u32,
        place: &Inner,
        simple: &SimpleCommand,
        todo: &mut Vec<Inner>,
    ) {
        let Some((first, rest)) = args.split_first() else {
            return;
        };
        let arguments = texts.get(1..).unwrap_or_default();
        if first.given && first.values.iter().all(|value| !known(value)) {
            // The script runs what it is given.
            return;
        }
        let names = first.fields();
        if names.is_empty() && !first.raw.is_empty() {
            self.unknown(line, &first.raw);
        }
        for name in names {
            if name.is_empty() {
                continue;
            }
            if !known(&name) {
                self.runs_like(&name, first, line);
                continue;
            }
            if is_assignment(&name) {
                continue;
            }
            if !place.external
                && let Some(scope) = self.functions.get(&name).copied()
            {
                self.call(scope, rest);
                continue;
            }
            let base = value::basename(&name);
            let builtin = !name.contains('/') && is_builtin(&name) && !place.external;
            if !builtin {
                let kept = arguments.iter().take(MAX_WORDS);
                let words = std::iter::once(name.as_str()).chain(kept.copied());
                let words = words.map(str::to_owned).collect();
                self.runs(&name, line, words);
            }
            let external = place.external || !matches!(name.as_str(), "command" | "builtin");
            if builtin && self.builtin(&name, rest, arguments, line) {
                continue;
            }
            self.special(&base, rest, arguments, line, simple);
            let spans = if base == "find" {
                self.found_by_find(rest, line, arguments)
            } else {
                self.wrapped(&base, arguments, line)
            };
            for (start, end) in spans {
                let offset = place.start.saturating_add(1);
                todo.push(Inner {
                    start: offset.saturating_add(start),
                    end: offset.saturating_add(end),
                    external,
                });
            }
        }
    }

    /// A known name in the place of a command.
    pub(super) fn runs(&mut self, name: &str, line: u32, words: Vec<String>) {
        if !self.emit {
            return;
        }
        if let Some(found) = self.program(name) {
            self.line(line, &found, words);
            self.need(NeedKind::Runs, name, line, found);
        }
    }

    fn line(&mut self, line: u32, found: &Found, words: Vec<String>) {
        let size = words
            .iter()
            .map(String::len)
            .fold(64, usize::saturating_add);
        if self.commands.len() < MAX_NEEDS && self.lines_left >= size && !words.is_empty() {
            self.lines_left = self.lines_left.saturating_sub(size);
            self.commands.push(CommandLine {
                line,
                found: found.clone(),
                words,
            });
        }
    }

    /// A name of which a part is unknown in the place of a command.
    fn runs_like(&mut self, name: &str, first: &Arg, line: u32) {
        if !self.emit {
            return;
        }
        let found = self.programs_like(name);
        for (path, found) in found.iter().flat_map(|found| found.iter()) {
            if self.files.kind(found.node) == Kind::File {
                self.need(NeedKind::Runs, path, line, found.clone());
            }
        }
        if found.is_none() {
            self.unknown(line, &first.raw);
        }
    }

    /// The command in the arguments of a wrapper or a shell.
    fn wrapped(&mut self, name: &str, words: &[&str], line: u32) -> Vec<(usize, usize)> {
        if is_shell(name) {
            self.shell_arguments(words, line);
            return Vec::new();
        }
        let Some(wrapper) = wrapper(name) else {
            return Vec::new();
        };
        let Wrapped { command, text } = wrapper.find(words);
        if let Some(text) = text.and_then(|at| words.get(at)) {
            self.nested(text, line);
        }
        command.map(|at| (at, words.len())).into_iter().collect()
    }

    /// `sh -c TEXT`, or `sh FILE`.
    fn shell_arguments(&mut self, words: &[&str], line: u32) {
        let mut text = false;
        let mut at = 0usize;
        while let Some(word) = words.get(at) {
            at = at.saturating_add(1);
            if *word == "--" {
                continue;
            }
            if word.starts_with(['-', '+']) && word.len() > 1 {
                text |= word.starts_with('-') && !word.starts_with("--") && word.contains('c');
                // Its name is the next word.
                let named = word.ends_with('o') && !word.starts_with("--");
                if named || matches!(*word, "--rcfile" | "--init-file") {
                    at = at.saturating_add(1);
                }
                continue;
            }
            if text {
                self.nested(word, line);
            } else {
                self.runs(word, line, Vec::new());
            }
            return;
        }
    }

    /// A text that a shell reads as commands.
    pub(super) fn nested(&mut self, text: &str, line: u32) {
        let (scope, owner) = (self.scope, self.unit.owner);
        self.add_unit(text, line, scope, owner);
    }

    /// The commands of `-exec` and its like.
    fn found_by_find(&mut self, args: &[Arg], line: u32, words: &[&str]) -> Vec<(usize, usize)> {
        let mut spans = Vec::new();
        let mut at = 0usize;
        while let Some(word) = words.get(at) {
            at = at.saturating_add(1);
            if !matches!(*word, "-exec" | "-execdir" | "-ok" | "-okdir") {
                continue;
            }
            let rest = words.get(at..).unwrap_or_default();
            let length = rest.iter().position(|word| matches!(*word, ";" | "+"));
            let end = at.saturating_add(length.unwrap_or(rest.len()));
            if rest.first() == Some(&"{}") {
                for pattern in super::output::found(args) {
                    self.runs_pattern(&pattern, line);
                }
            } else {
                spans.push((at, end));
            }
            at = end;
        }
        spans
    }

    /// Every file that a pattern fits is run.
    pub(super) fn runs_pattern(&mut self, pattern: &str, line: u32) {
        for path in self.absolute(pattern) {
            let Some(all) = self.expand(&path).filter(|_| self.emit) else {
                continue;
            };
            for (path, found) in all.iter() {
                if self.files.kind(found.node) == Kind::File {
                    self.need(NeedKind::Runs, path, line, found.clone());
                }
            }
        }
    }
}

impl Arg {
    /// The word as far as it is known; as written where it is not.
    pub(super) fn text(&self) -> &str {
        match self.values.as_slice() {
            [one] if known(one) => one,
            _ => &self.raw,
        }
    }

    /// The words that it can be the first of.
    fn fields(&self) -> Vec<String> {
        let mut all = Vec::new();
        for value in &self.values {
            let field = if self.splits {
                value.split_whitespace().next().unwrap_or_default()
            } else {
                value
            };
            value::add(&mut all, field.to_owned());
        }
        all
    }
}

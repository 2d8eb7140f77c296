//! Builtins and programs that say more than which program runs.

use super::value::{self, ANY, known};
use super::wrappers::{is_assignment, is_name, is_shell};
use super::{Analysis, Arg, Part};
use crate::closure::NeedKind;
use crate::closure::files::{Kind, NodeId, read_all};
use crate::closure::script::environment::clean;
use crate::dockerfile::shell::SimpleCommand;

/// Directories that a script may change to and that are told apart.
const MAX_PLACES: usize = 16;

impl Analysis<'_> {
    /// What a builtin does; `false` if it runs the command in its arguments.
    pub(super) fn builtin(&mut self, name: &str, args: &[Arg], words: &[&str], line: u32) -> bool {
        match name {
            "." | "source" => self.sources(args, line),
            "eval" => self.nested(&raw(args), line),
            "trap" => {
                if let Some(text) = args.iter().find(|arg| arg.raw != "--")
                    && text.raw != "-"
                {
                    self.nested(&text.raw, line);
                }
            }
            "cd" | "pushd" => self.changes(args),
            "set" => {
                let list = positional(args);
                if !list.is_empty() {
                    self.call(self.scope, list);
                }
            }
            "shift" => {
                let scope = self.scope;
                if let Some(scope) = self.scopes.get_mut(scope) {
                    scope.shifts = true;
                }
            }
            "export" | "declare" | "typeset" | "local" | "readonly" | "alias" => {
                self.declares(name, args, line);
            }
            "read" | "mapfile" | "readarray" => self.reads(args),
            "type" | "hash" => self.asks(words, line),
            "command" if words.first().is_some_and(|word| asks(word)) => self.asks(words, line),
            "command" | "builtin" | "exec" | "coproc" => return false,
            _ => {}
        }
        true
    }

    /// What programs other than wrappers say.
    pub(super) fn special(
        &mut self,
        name: &str,
        args: &[Arg],
        words: &[&str],
        line: u32,
        simple: &SimpleCommand,
    ) {
        match name {
            "which" | "whereis" => self.asks(words, line),
            "run-parts" => {
                for dir in args.iter().flat_map(|arg| arg.values.clone()) {
                    self.runs_pattern(&Self::inside(&dir), line);
                }
            }
            "service" | "invoke-rc.d" => {
                if let Some(service) = words.iter().find(|word| !word.starts_with('-')) {
                    self.runs(&format!("/etc/init.d/{service}"), line, Vec::new());
                }
            }
            "start-stop-daemon" => {
                let pairs = words.windows(2);
                let programs: Vec<&str> = pairs
                    .filter_map(|pair| match pair {
                        ["-x" | "--exec" | "-a" | "--startas", program] => Some(*program),
                        _ => None,
                    })
                    .chain(words.iter().filter_map(|word| word.strip_prefix("--exec=")))
                    .collect();
                for program in programs {
                    self.runs(program, line, Vec::new());
                }
            }
            _ if is_shell(name) => self.body(words, line, simple),
            _ => {}
        }
    }

    /// `sh <<EOF`: the text is a script.
    fn body(&mut self, words: &[&str], line: u32, simple: &SimpleCommand) {
        let reads = words
            .iter()
            .all(|word| word.starts_with('-') && *word != "-c");
        let docs = simple.redirects.iter().filter_map(|r| r.heredoc.as_ref());
        for doc in docs.filter(|_| reads) {
            let unit = std::rc::Rc::clone(&self.unit);
            let body = doc.body.start as usize..doc.body.end as usize;
            if let Some(text) = unit.text.get(body) {
                self.nested(text, line.saturating_add(1));
            }
        }
    }

    /// Names of commands that a script asks for.
    fn asks(&mut self, words: &[&str], line: u32) {
        for word in words.iter().filter(|word| !word.starts_with('-')) {
            self.runs(word, line, Vec::new());
        }
    }

    fn changes(&mut self, args: &[Arg]) {
        let Some(target) = args.iter().find(|arg| !arg.raw.starts_with('-')) else {
            return;
        };
        for place in self.places_of(&target.values) {
            if self.places.len() < MAX_PLACES && known(&place) {
                value::add(&mut self.places, place);
            }
        }
    }

    fn declares(&mut self, name: &str, args: &[Arg], line: u32) {
        for arg in args.iter().filter(|arg| is_assignment(&arg.raw)) {
            let mut values = Vec::new();
            for value in &arg.values {
                if let Some((_, value)) = value.split_once('=') {
                    value::add(&mut values, value::globbed(value));
                }
            }
            let variable = arg.raw.split_once('=').map(|(name, _)| name);
            match (variable, name) {
                (Some(_), "alias") => values.iter().for_each(|text| self.nested(text, line)),
                (Some(variable), _) => self.assign(variable, values),
                _ => {}
            }
        }
    }

    fn reads(&mut self, args: &[Arg]) {
        let values = self.input.clone();
        let values = values.unwrap_or_else(|| vec![ANY.to_string()]);
        for arg in args.iter().filter(|arg| is_name(&arg.raw)) {
            self.assign(&arg.raw, values.clone());
        }
    }

    fn sources(&mut self, args: &[Arg], line: u32) {
        let Some(arg) = args.iter().find(|arg| arg.raw != "--") else {
            return;
        };
        if arg.values.is_empty() && !arg.given {
            self.unknown(line, &arg.raw);
        }
        let mut computed = false;
        for value in &arg.values {
            let mut paths = self.absolute(value);
            if !value.contains('/') {
                let dirs = self.env.path.iter();
                let dirs = dirs.map(|dir| String::from_utf8_lossy(dir).into_owned());
                let dirs = dirs.chain(self.search.iter().cloned());
                paths.extend(dirs.map(|dir| format!("{dir}/{value}")));
            }
            let unclear = value.starts_with(ANY) || value.is_empty();
            computed |= unclear;
            for path in paths.iter().filter(|_| !unclear) {
                match self.expand(path) {
                    Some(all) => {
                        for (path, found) in all.iter() {
                            if self.files.kind(found.node) == Kind::File {
                                self.read_along(path, found.node);
                                self.need(NeedKind::Sources, path, line, found.clone());
                            }
                        }
                    }
                    None => computed |= value.starts_with('/'),
                }
            }
        }
        if computed && !arg.given {
            self.unknown(line, &arg.raw);
        }
    }

    /// Reads a sourced file as a part of this script.
    fn read_along(&mut self, path: &str, node: NodeId) {
        if self.parts.iter().any(|part| part.node == Some(node)) || self.parts.len() >= 256 {
            return;
        }
        let limit = self.text_left as u64;
        let Some(bytes) = read_all(self.files, node, limit) else {
            return;
        };
        if bytes.contains(&0) {
            return;
        }
        let owner = self.parts.len();
        self.parts.push(Part {
            node: Some(node),
            path: Some(String::from_utf8_lossy(&clean(path.as_bytes())).into_owned()),
            ..Part::default()
        });
        let text = String::from_utf8_lossy(&bytes).into_owned();
        self.add_unit(&text, 1, 0, owner);
    }
}

/// What `set` makes the arguments.
fn positional(args: &[Arg]) -> &[Arg] {
    let is_option = |arg: &Arg| arg.raw.starts_with(['-', '+']);
    let at = match args.iter().position(|arg| arg.raw == "--") {
        Some(at) => at.saturating_add(1),
        // The word behind `-o` is the name of an option.
        None if args
            .iter()
            .any(|arg| is_option(arg) && arg.raw.ends_with('o')) =>
        {
            args.len()
        }
        None => args.iter().take_while(|arg| is_option(arg)).count(),
    };
    args.get(at..).unwrap_or_default()
}

/// Whether the options of `command` make it say where a program is.
fn asks(word: &str) -> bool {
    word.starts_with('-') && word.contains(['v', 'V'])
}

fn raw(args: &[Arg]) -> String {
    let texts: Vec<&str> = args.iter().map(|arg| arg.raw.as_str()).collect();
    texts.join(" ")
}

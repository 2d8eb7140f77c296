//! Files that are no programs of the processor: scripts, settings, archives.

use super::{Level, Walk};
use crate::closure::script::{self, Shebang};
use crate::closure::{Files, Need, NodeId, java};
use crate::slim::reason::{By, Kind, Reason};
use crate::slim::start::is_list;

/// Larger texts are data.
const SCRIPT: u64 = 16 << 20;
const TEXT: u64 = 1 << 20;

impl Walk<'_> {
    pub(super) fn expand_text(&mut self, node: NodeId, head: &[u8]) {
        let view = self.setting.view;
        let path = view.tree.path(node);
        if head.starts_with(b"PK") {
            if !self.only_used() {
                self.archive(node, &path);
            }
            return;
        }
        let size = view.size(node);
        let found = match head.starts_with(b"#!") {
            true => script::shebang(&view, node, self.setting.environment),
            false => None,
        };
        let program = match &found {
            Some(found) => {
                self.interpreter(node, found);
                found.program.clone()
            }
            None => by_ending(&path).to_owned(),
        };
        if self.only_used() {
            return;
        }
        let is_source = found.is_some() || !program.is_empty();
        if is_source && size <= SCRIPT {
            self.source(node, &program);
        }
        if size <= TEXT && !is_list(&path) && self.is_text(node) {
            self.reach_paths(node, TEXT, Kind::Names);
        }
    }

    fn is_text(&self, node: NodeId) -> bool {
        let start = self.setting.view.read(node, 0, 1024).unwrap_or_default();
        !start.contains(&0)
    }

    fn interpreter(&mut self, node: NodeId, found: &Shebang) {
        for need in &found.needs {
            self.reach_need(Some(node), need);
        }
        if found.needs.is_empty() {
            let name = String::from_utf8_lossy(&found.interpreter).into_owned();
            self.note(
                node,
                Some(1),
                format!("is run by {name}, which is not there"),
            );
        }
    }

    fn source(&mut self, node: NodeId, program: &str) {
        let view = self.setting.view;
        let environment = self.setting.environment;
        let base = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        match base {
            "python" | "pypy" | "node" | "nodejs" | "bun" | "deno" => {
                self.languages.script(program.as_bytes(), node);
                return;
            }
            "sh" | "bash" | "dash" | "ash" | "ksh" | "mksh" | "zsh" => {}
            "perl" | "ruby" | "php" => {
                for need in self.modules(node, base) {
                    self.reach_need(Some(node), &need);
                }
                return;
            }
            _ => return,
        }
        let text = view.read(node, 0, SCRIPT as usize).unwrap_or_default();
        let path = view.path(node);
        let read = script::shell(&view, &text, Some(&path), environment);
        for need in &read.needs {
            self.reach_need(Some(node), need);
        }
        for unknown in read.unknown {
            self.note(
                node,
                Some(unknown.line),
                format!("runs or reads what is computed: {}", unknown.what),
            );
        }
        for sourced in read.sourced {
            for need in &sourced.needs {
                self.reach_need(Some(sourced.node), need);
            }
            for unknown in sourced.unknown {
                let text = format!("runs or reads what is computed: {}", unknown.what);
                self.note(sourced.node, Some(unknown.line), text);
            }
        }
        for line in read.commands {
            self.command_line(Some(node), line);
        }
    }

    /// What a source of the application in Python or JavaScript starts.
    pub(super) fn calls(&mut self, node: NodeId) {
        let (view, environment) = (self.setting.view, self.setting.environment);
        if view.size(node) > SCRIPT {
            return;
        }
        let text = view.read(node, 0, SCRIPT as usize).unwrap_or_default();
        for call in script::calls(&text) {
            let read = script::shell(&view, &call.text, None, environment);
            for mut need in read.needs {
                need.line = Some(call.line);
                self.reach_need(Some(node), &need);
            }
            for mut line in read.commands {
                line.line = call.line;
                self.command_line(Some(node), line);
            }
        }
    }

    fn modules(&mut self, node: NodeId, language: &str) -> Vec<Need> {
        let view = self.setting.view;
        let environment = self.setting.environment;
        let text = view.read(node, 0, SCRIPT as usize).unwrap_or_default();
        let path = view.path(node);
        match language {
            "perl" => {
                let find = || script::perl::Libraries::find(&view, environment);
                let libraries = self.perl.get_or_insert_with(find);
                script::perl(&view, &text, &path, libraries, environment)
            }
            "ruby" => {
                let find = || script::ruby::Libraries::find(&view, environment);
                let libraries = self.ruby.get_or_insert_with(find);
                script::ruby(&view, &text, &path, libraries, environment)
            }
            _ => script::php(&view, &text, &path, environment),
        }
    }

    fn archive(&mut self, node: NodeId, path: &[u8]) {
        let ends = |ending: &[u8]| path.ends_with(ending);
        if !(ends(b".jar") || ends(b".war") || ends(b".ear")) {
            return;
        }
        match java::jar(&self.setting.view, node) {
            Ok(needs) => {
                for need in needs {
                    self.reach_need(Some(node), &need);
                }
            }
            Err(error) => self.note(node, None, format!("cannot be read as an archive: {error}")),
        }
    }

    pub(super) fn expand_plugins(&mut self, node: NodeId) {
        let view = self.setting.view;
        let needs = self
            .setting
            .plugins
            .needs(&view, node, self.setting.environment);
        for need in needs {
            // The line is one of the settings, not of this file.
            let name = match need.line {
                Some(line) => format!("{}, line {line}", need.name),
                None => need.name,
            };
            let reason = Reason::named(By::Node(node), Kind::Plugin, &name);
            // Data of a directory is kept, what it has of programs followed.
            for &link in &need.found.crossed {
                self.cross(link, &reason);
            }
            self.reach(need.found.node, Level::Reached, reason);
        }
    }
}

/// What reads a file without a `#!` line, by its name.
fn by_ending(path: &[u8]) -> &'static str {
    let name = path.rsplit(|&b| b == b'/').next().unwrap_or_default();
    match name.rsplit(|&b| b == b'.').next().unwrap_or_default() {
        _ if !name.contains(&b'.') => "",
        b"sh" | b"bash" => "sh",
        b"pl" | b"pm" | b"t" => "perl",
        b"rb" | b"ru" | b"rake" => "ruby",
        b"php" | b"phtml" => "php",
        _ => "",
    }
}

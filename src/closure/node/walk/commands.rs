//! What commands, scripts and JSON files of the application name.

use super::{From, MAX_SOURCE, Walk};
use crate::closure::files::{Found, NodeId, join, read_all, split};
use crate::closure::node::builtins::is_builtin;
use crate::closure::node::command::{loads, runs_scripts, words};
use crate::closure::node::lexer::{Kind as Token, tokens};
use crate::closure::node::manifest::{Manifest, package_name};
use crate::closure::node::packages::{PackageId, PackageKind};
use crate::closure::node::reach::{By, What};
use crate::closure::node::scan::scan;

impl Walk<'_> {
    /// A JSON file of the application: its strings may be paths into packages (the traces that
    /// bundlers write) or names of packages (configuration).
    pub(super) fn json(&mut self, node: NodeId, path: &[u8]) {
        let (dir, name) = split(path);
        let starts: [&[u8]; 5] = [
            b"package-lock",
            b"npm-shrinkwrap",
            b"tsconfig",
            b"jsconfig",
            b".",
        ];
        if starts.iter().any(|start| name.starts_with(start)) || !self.scanned.insert(node) {
            return;
        }
        let Some(bytes) = read_all(self.files, node, MAX_SOURCE) else {
            return;
        };
        let from = From {
            node,
            dir,
            package: None,
            tooling: true,
        };
        for token in tokens(&bytes) {
            let span = usize::try_from(token.start)
                .ok()
                .zip(usize::try_from(token.end).ok());
            let text = span
                .and_then(|(start, end)| bytes.get(start..end))
                .unwrap_or_default();
            let Ok(text) = std::str::from_utf8(text) else {
                continue;
            };
            if token.kind != Token::Text || text.len() > 1024 {
                continue;
            }
            if text.contains("node_modules/") {
                self.relative(text, token.line, &from);
            } else if package_name(text) == Some(text)
                && !is_builtin(text)
                && let Some(id) = self.find(dir, text)
                && !self.is_development(text, dir, false)
            {
                let what = What::Json(text.to_owned());
                self.reach(id, By::File(node), Some(token.line), what);
            }
        }
    }

    pub(super) fn command(&mut self, command: &[String], dir: &[u8], by: By, depth: u32) {
        let words = words(command);
        let mut scripts = false;
        for (at, word) in words.iter().enumerate() {
            if scripts || word.starts_with("npm:") {
                self.script(word.trim_start_matches("npm:"), dir, by, depth);
            }
            scripts |= runs_scripts(word);
            for id in self.programs(word, dir) {
                self.reach(id, by, None, What::Word((*word).to_owned()));
            }
            let next = words.get(at.saturating_add(1)).copied();
            if let Some(name) = loads(word, next).and_then(package_name)
                && let Some(id) = self.find(dir, name)
            {
                self.reach(id, by, None, What::Word(name.to_owned()));
            }
        }
        // `node -e 'require("x")'`
        for word in command {
            for request in scan(word.as_bytes()).requests {
                if let Some(id) = package_name(&request.name).and_then(|name| self.find(dir, name))
                {
                    self.reach(id, by, None, What::Word(request.name));
                }
            }
        }
    }

    /// The packages of the programs that a word may run.
    fn programs(&mut self, word: &str, dir: &[u8]) -> Vec<PackageId> {
        let mut places = Vec::new();
        if word.contains('/') {
            places.push(if word.starts_with('/') {
                word.into()
            } else {
                join(dir, word.as_bytes())
            });
        } else {
            let mut at = dir;
            loop {
                places.push(join(&join(at, b"node_modules/.bin"), word.as_bytes()));
                if at == b"/" || at.is_empty() {
                    break;
                }
                at = split(at).0;
            }
            places.extend(
                self.options
                    .path
                    .iter()
                    .map(|dir| join(dir, word.as_bytes())),
            );
        }
        let mut found = Vec::new();
        for place in places {
            let Some(Found { node, crossed }) = self.files.resolve(&place) else {
                continue;
            };
            let path = self.files.path(node);
            let mut owner = self.packages.owner(&path);
            if owner.is_none() && split(split(&path).0).1 == b".bin" {
                // pnpm and Windows have scripts there, not links.
                owner = self.shim(node, split(&path).0);
            }
            if let Some(id) = owner
                && self
                    .packages
                    .get(id)
                    .is_some_and(|p| p.kind != PackageKind::Application)
            {
                self.reached.links.extend(crossed);
                found.push(id);
            }
        }
        found
    }

    /// The package that a shell script in `.bin` runs: the first path in it that leads to one.
    fn shim(&mut self, node: NodeId, dir: &[u8]) -> Option<PackageId> {
        let bytes = read_all(self.files, node, 1 << 16)?;
        let text = String::from_utf8_lossy(&bytes);
        text.split(['"', ' ', ':', '\n']).find_map(|part| {
            let part = part.strip_prefix("$basedir/")?;
            let found = self.files.resolve(&join(dir, part.as_bytes()))?;
            self.packages.owner(&self.files.path(found.node))
        })
    }

    /// Runs a script: of the nearest manifest, or if that has none of the name, of any.
    fn script(&mut self, name: &str, dir: &[u8], by: By, depth: u32) {
        if depth > 16 {
            return;
        }
        let packages = self.packages;
        let has = |manifest: &Manifest| manifest.scripts.contains_key(name);
        let application = |id: &PackageId| {
            let package = packages.get(*id);
            package.is_some_and(|package| {
                package.kind == PackageKind::Application && has(&package.manifest)
            })
        };
        let nearest = packages.owner(dir).filter(application);
        let ids: Vec<PackageId> = match nearest {
            Some(id) => vec![id],
            None => (0..)
                .zip(&packages.packages)
                .map(|(id, _)| id)
                .filter(application)
                .collect(),
        };
        for id in ids {
            let Some(package) = packages.get(id) else {
                continue;
            };
            for full in [format!("pre{name}"), name.to_owned(), format!("post{name}")] {
                if let Some(script) = package.manifest.scripts.get(&full)
                    && self.scripts.insert((id, full))
                {
                    let deeper = depth.saturating_add(1);
                    self.command(std::slice::from_ref(script), &package.path, by, deeper);
                }
            }
        }
    }
}

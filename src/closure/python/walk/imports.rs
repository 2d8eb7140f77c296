//! Following what a source imports.

use std::collections::BTreeSet;

use hashbrown::HashSet;

use super::{From, MAX_SOURCE, Source, Task, Walk};
use crate::closure::files::{Kind, NodeId, join, read_all, split};
use crate::closure::python::callee::is_dotted;
use crate::closure::python::installed::{DistributionId, Problem};
use crate::closure::python::reach::Place;
use crate::closure::python::reason::{By, Reason, What};
use crate::closure::python::scan::{DynamicKind, Import, scan};
use crate::closure::python::stdlib::is_stdlib;

impl Walk<'_> {
    pub(super) fn source(&mut self, source: &Source) {
        if !self.scanned.insert(source.node) {
            return;
        }
        let node = self.followed(source.node);
        let Some(bytes) = read_all(self.files, node, MAX_SOURCE) else {
            let text = "cannot be read or is too large; its imports are not known".to_owned();
            self.reached.problems.push(Problem {
                node: source.node,
                text,
            });
            return;
        };
        let found = scan(&bytes);
        let by = By::File(source.node);
        let from = From {
            by,
            package: &source.package,
            environment: source.distribution.and_then(|id| self.environment_of(id)),
            library: source.distribution.is_some(),
        };
        for import in &found.imports {
            self.import(import, &from, None);
        }
        for literal in &found.literals {
            let line = Some(literal.line);
            if let Some(ids) = self.groups.get(literal.text) {
                for id in ids.clone() {
                    if self.visible(id, from.environment) {
                        self.reach(id, by, line, What::EntryPoint(literal.text.to_owned()));
                    }
                }
            }
            if source.application {
                self.names(
                    literal.text,
                    by,
                    line,
                    &What::Literal(literal.text.to_owned()),
                );
            }
        }
        for dynamic in found.dynamic {
            if dynamic.kind == DynamicKind::Import
                && let Some((base, _)) = dynamic.text.rsplit_once('.')
                && is_dotted(base)
            {
                let line = Some(dynamic.line);
                self.module(base, &from, line, What::ImportBelow(base.to_owned()));
                for id in self.installed.index.below(base) {
                    if self.visible(*id, from.environment) {
                        self.reach(*id, by, line, What::ImportBelow(base.to_owned()));
                    }
                }
            }
            self.reached.dynamic.push(Place {
                node: source.node,
                distribution: source.distribution,
                dynamic,
            });
        }
    }

    fn followed(&self, node: NodeId) -> NodeId {
        if self.files.kind(node) != Kind::Symlink {
            return node;
        }
        let found = self.files.resolve(&self.files.path(node));
        found.map_or(node, |found| found.node)
    }

    pub(super) fn import(&mut self, import: &Import, from: &From<'_>, what: Option<What>) {
        let line = Some(import.line);
        let what = what.unwrap_or_else(|| {
            let module = import.module.clone();
            if import.call {
                What::ImportCall(module)
            } else {
                What::Import(module)
            }
        });
        let mut module = import.module.clone();
        if import.level > 0 {
            // An application's own files are all roots; of a distribution's files only the tests
            // are not reached with it.
            let test = |name: &str| name.contains("test");
            let tests = test(&module) || test(from.package);
            if !from.library || !(tests || import.names.iter().any(|name| test(name))) {
                return;
            }
            let mut base = from.package;
            for _ in 1..import.level.min(64) {
                base = base.rsplit_once('.').map_or("", |(above, _)| above);
            }
            module = match (base, module.as_str()) {
                ("", _) => return,
                (base, "") => base.to_owned(),
                (base, module) => format!("{base}.{module}"),
            };
        }
        if import.names.is_empty() {
            self.module(&module, from, line, what.clone());
            for id in self.installed.index.below(&module) {
                if self.visible(*id, from.environment) {
                    self.reach(*id, from.by, line, What::ImportBelow(module.clone()));
                }
            }
            return;
        }
        if self.module(&module, from, line, what.clone()) {
            for name in &import.names {
                let name = format!("{module}.{name}");
                for (id, source) in self.installed.index.module(&name) {
                    self.hit(*id, *source, from, line, what.clone());
                }
            }
        }
    }

    /// Reaches the owners of a module; whether any of its packages is installed.
    pub(super) fn module(
        &mut self,
        module: &str,
        from: &From<'_>,
        line: Option<u32>,
        what: What,
    ) -> bool {
        let top = module.split('.').next().unwrap_or_default();
        // A lone word of a string is too often an ordinary one: `test`, `code`.
        let vague = matches!(what, What::Literal(_) | What::Word(_) | What::Url(_))
            && top.len() == module.len()
            && !matches!(from.by, By::Root(_));
        if is_stdlib(top) && !vague && !self.reached.stdlib.contains_key(top) {
            let reason = Reason {
                by: from.by,
                line,
                what: what.clone(),
            };
            self.reached.stdlib.insert(top.to_owned(), reason);
            self.todo.push_back(Task::Library(top.to_owned()));
            if top == "zoneinfo" {
                // Its data, where the system has none: it reads them as resources.
                self.module("tzdata", from, line, What::ImportCall("tzdata".to_owned()));
            }
        }
        let index = &self.installed.index;
        if !index.has_top(top) {
            return false;
        }
        let mut hits = Vec::new();
        index.import(module, |hit| hits.push(hit));
        for (id, source) in hits {
            self.hit(id, source, from, line, what.clone());
        }
        true
    }

    fn hit(
        &mut self,
        id: DistributionId,
        source: Option<u32>,
        from: &From<'_>,
        line: Option<u32>,
        what: What,
    ) {
        if !self.visible(id, from.environment) {
            return;
        }
        if !self.reached.distributions.contains_key(&id) {
            self.reach(id, from.by, line, what);
        }
        let source = source.and_then(|at| usize::try_from(at).ok());
        let distribution = self.installed.distribution(id);
        if let Some((distribution, at)) = distribution.zip(source)
            && let Some(source) = distribution.sources.get(at)
            && source.test
            && !self.scanned.contains(&source.node)
        {
            self.todo.push_back(Task::Source(Source {
                node: source.node,
                package: source.package.clone(),
                distribution: Some(id),
                application: false,
            }));
        }
    }

    /// Follows the imports of a module of the standard library, within it.
    pub(super) fn library(&mut self, name: &str) {
        if name == "test" {
            return;
        }
        let installed = self.installed;
        let dirs: BTreeSet<NodeId> = installed
            .sites
            .iter()
            .flat_map(|s| s.stdlib.clone())
            .collect();
        for dir in dirs {
            let base = join(&self.files.path(dir), name.as_bytes());
            let file = self.files.resolve(&[base.as_slice(), b".py"].concat());
            let package = self.files.resolve(&base);
            let mut todo: Vec<NodeId> = file.into_iter().chain(package).map(|f| f.node).collect();
            let mut seen = HashSet::new();
            while let Some(node) = todo.pop() {
                let path = self.files.path(node);
                let file = split(&path).1;
                if matches!(file, b"test" | b"tests" | b"idle_test") || !seen.insert(node) {
                    continue;
                }
                todo.extend(self.files.children(node).into_iter().map(|(_, node)| node));
                if file.ends_with(b".py") {
                    self.library_source(node);
                }
            }
        }
    }

    fn library_source(&mut self, node: NodeId) {
        if !self.scanned.insert(node) {
            return;
        }
        let Some(bytes) = read_all(self.files, node, MAX_SOURCE) else {
            return;
        };
        for import in scan(&bytes).imports {
            let top = import.module.split('.').next().unwrap_or_default();
            if import.level == 0 && is_stdlib(top) && !self.reached.stdlib.contains_key(top) {
                let reason = Reason {
                    by: By::File(node),
                    line: Some(import.line),
                    what: What::Import(import.module.clone()),
                };
                self.reached.stdlib.insert(top.to_owned(), reason);
                self.todo.push_back(Task::Library(top.to_owned()));
            }
        }
    }
}

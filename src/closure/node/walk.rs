//! The walk behind [`super::reach`].

mod commands;

use std::collections::VecDeque;

use hashbrown::{HashMap, HashSet};

use super::builtins::is_builtin;
use super::manifest::package_name;
use super::packages::{PackageId, PackageKind, Packages, Problem};
use super::reach::{By, Options, Place, Reached, Reason, Root, Skipped, What};
use super::scan::scan;
use super::tooling::{is_idle_dir, is_tooling};
use crate::closure::files::{Files, Found, Kind, NodeId, join, read_all, split};

/// Larger sources are not read.
const MAX_SOURCE: u64 = 64 << 20;
const DEBIAN: &[&[u8]] = &[b"/usr/lib/nodejs", b"/usr/share/nodejs"];

pub(super) struct Walk<'a> {
    files: &'a dyn Files,
    packages: &'a Packages,
    options: &'a Options,
    /// Where a package is found from a directory.
    known: HashMap<Vec<u8>, HashMap<String, Option<PackageId>>>,
    scanned: HashSet<NodeId>,
    scripts: HashSet<(PackageId, String)>,
    todo: VecDeque<PackageId>,
    reached: Reached,
}

/// Where a request stands.
struct From<'a> {
    node: NodeId,
    dir: &'a [u8],
    /// The installed package that the source is of.
    package: Option<PackageId>,
    tooling: bool,
}

impl<'a> Walk<'a> {
    pub fn new(files: &'a dyn Files, packages: &'a Packages, options: &'a Options) -> Self {
        Self {
            files,
            packages,
            options,
            known: HashMap::new(),
            scanned: HashSet::new(),
            scripts: HashSet::new(),
            todo: VecDeque::new(),
            reached: Reached::default(),
        }
    }

    pub fn finish(mut self) -> Reached {
        let reached = &self.reached.packages;
        self.reached
            .skipped
            .retain(|skipped| !reached.contains_key(&skipped.package));
        self.reached.skipped.sort();
        self.reached.skipped.dedup();
        self.reached.dynamic.sort();
        self.reached.dynamic.dedup();
        self.reached
    }

    pub fn root(&mut self, at: usize, root: &Root) {
        match root {
            Root::File(node) => self.file(*node),
            Root::Command(command, dir) => self.command(command, dir, By::Root(at), 0),
        }
    }

    fn file(&mut self, node: NodeId) {
        let path = self.files.path(node);
        let (dir, name) = split(&path);
        if name == b"package.json" {
            // Not one that says only `"type": "module"`: that has no dependencies anyway.
            if let Some(id) = self.packages.owner(dir) {
                self.dependencies(id, By::File(node));
            }
        } else if name.ends_with(b".json") {
            self.json(node, &path);
        } else {
            self.source(node, None);
        }
    }

    pub fn run(&mut self) {
        while let Some(id) = self.todo.pop_front() {
            self.dependencies(id, By::Package(id));
            if let Some(package) = self.packages.get(id)
                && package.kind != PackageKind::Application
            {
                self.contents(id, package.dir);
            }
        }
    }

    fn reach(&mut self, id: PackageId, by: By, line: Option<u32>, what: What) {
        let entry = self.reached.packages.entry(id);
        if let std::collections::btree_map::Entry::Vacant(entry) = entry {
            entry.insert(Reason { by, line, what });
            self.todo.push_back(id);
        }
    }

    fn dependencies(&mut self, id: PackageId, by: By) {
        let packages = self.packages;
        let Some(package) = packages.get(id) else {
            return;
        };
        for name in &package.manifest.dependencies {
            if let Some(other) = self.find(&package.path, name) {
                self.reach(other, by, None, What::Dependency);
            }
        }
    }

    /// Reads the sources below a directory of a package and notes its native modules.
    fn contents(&mut self, id: PackageId, top: NodeId) {
        let mut todo = vec![top];
        while let Some(dir) = todo.pop() {
            for (name, node) in self.files.children(dir) {
                match self.files.kind(node) {
                    Kind::Directory if is_idle_dir(&name) || self.is_package(node) => {}
                    Kind::Directory => todo.push(node),
                    Kind::File if name.ends_with(b".node") => {
                        self.reached.native.insert(node);
                    }
                    Kind::File if self.options.scan_packages => {
                        let ends = [&b".js"[..], b".mjs", b".cjs"];
                        if ends.iter().any(|end| name.ends_with(end)) {
                            self.source(node, Some(id));
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// Whether a directory below a package is one of its own, as in `/opt` or `nodejs`.
    fn is_package(&self, dir: NodeId) -> bool {
        let path = self.files.path(dir);
        let owner = self
            .packages
            .owner(&path)
            .and_then(|id| self.packages.get(id));
        owner.is_some_and(|owner| owner.dir == dir && owner.kind != PackageKind::Application)
    }

    fn source(&mut self, node: NodeId, package: Option<PackageId>) {
        if !self.scanned.insert(node) {
            return;
        }
        let path = self.files.path(node);
        let followed = match self.files.kind(node) {
            Kind::Symlink => self.files.resolve(&path).map_or(node, |found| found.node),
            _ => node,
        };
        let Some(bytes) = read_all(self.files, followed, MAX_SOURCE) else {
            let text = "cannot be read or is too large; what it asks for is not known".to_owned();
            self.reached.problems.push(Problem { node, text });
            return;
        };
        let found = scan(&bytes);
        let from = From {
            node,
            dir: split(&path).0,
            package,
            tooling: package.is_none() && is_tooling(&path),
        };
        for request in found.requests {
            self.request(&request.name, request.line, &from);
        }
        for (line, start) in found.dynamic {
            if let Some(name) = package_name(&start).filter(|name| name.len() < start.len()) {
                // `import(`pkg/locale/${x}`)` names its package.
                self.request(name, line, &from);
            }
            self.reached.dynamic.push(Place {
                node,
                line,
                package,
                start,
            });
        }
    }

    fn request(&mut self, request: &str, line: u32, from: &From<'_>) {
        if is_builtin(request) {
            return;
        }
        let bare = request.split(['?', '#']).next().unwrap_or_default();
        if request.starts_with('.') || request.starts_with('/') {
            self.relative(bare, line, from);
            return;
        }
        let Some(name) = package_name(request.split('?').next().unwrap_or_default()) else {
            return;
        };
        let Some(id) = self.find(from.dir, name) else {
            return;
        };
        self.found(id, request, line, from);
    }

    fn found(&mut self, id: PackageId, request: &str, line: u32, from: &From<'_>) {
        if from.package == Some(id) || self.reached.packages.contains_key(&id) {
            return;
        }
        let name = self
            .packages
            .get(id)
            .map(|package| package.name.clone())
            .unwrap_or_default();
        let held = match from.package {
            // What a package installs with is not there for it by accident.
            Some(by) if self.is_foreign(by, id) => true,
            Some(_) => self.is_development(&name, b"/", true),
            None => from.tooling && self.is_development(&name, from.dir, false),
        };
        if held {
            self.reached.skipped.push(Skipped {
                package: id,
                node: from.node,
                line,
            });
            return;
        }
        let what = match from.package {
            Some(_) => What::Undeclared(request.to_owned()),
            None => What::Request(request.to_owned()),
        };
        self.reach(id, By::File(from.node), Some(line), what);
    }

    /// Whether a package of an application finds one of the system, which its
    /// author knew nothing of.
    fn is_foreign(&self, by: PackageId, found: PackageId) -> bool {
        let kind = |id| self.packages.get(id).map(|package| package.kind);
        kind(by) == Some(PackageKind::Installed) && kind(found) == Some(PackageKind::System)
    }

    /// Whether applications have `name` for development only: those around `dir`, or all.
    fn is_development(&self, name: &str, dir: &[u8], all: bool) -> bool {
        let mut development = false;
        for package in &self.packages.packages {
            let rest = dir.strip_prefix(package.path.as_slice());
            let around = package.path == b"/"
                || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"));
            if package.kind != PackageKind::Application || !(all || around) {
                continue;
            }
            if package.manifest.dependencies.contains(name) {
                return false;
            }
            development |= package.manifest.development.contains(name);
        }
        development
    }

    /// A request for a path: of interest only if it leads to a package or is native.
    fn relative(&mut self, request: &str, line: u32, from: &From<'_>) {
        let native = request.ends_with(".node") || request.ends_with(".wasm");
        let leaves = request.contains("node_modules") || request.starts_with("../..");
        if !native && !leaves && from.package.is_some() {
            return;
        }
        let base = if request.starts_with('/') {
            b"/"
        } else {
            from.dir
        };
        let path = join(base, request.as_bytes());
        let ends: [&[u8]; 5] = [b"", b".js", b".json", b".node", b".cjs"];
        let found = ends
            .iter()
            .find_map(|end| self.files.resolve(&[&path, *end].concat()));
        let Some(Found { node, crossed }) = found else {
            return;
        };
        let path = self.files.path(node);
        if path.ends_with(b".node") || path.ends_with(b".wasm") {
            self.reached.native.insert(node);
        }
        if let Some(id) = self.packages.owner(&path)
            && self
                .packages
                .get(id)
                .is_some_and(|p| p.kind != PackageKind::Application)
        {
            self.reached.links.extend(crossed);
            self.found(id, request, line, from);
        }
    }

    /// The package called `name` as seen from a directory.
    fn find(&mut self, dir: &[u8], name: &str) -> Option<PackageId> {
        if let Some(known) = self.known.get(dir).and_then(|names| names.get(name)) {
            return *known;
        }
        let mut places: Vec<Vec<u8>> = Vec::new();
        let mut at = dir;
        loop {
            if split(at).1 != b"node_modules" {
                places.push(join(at, b"node_modules"));
            }
            if at == b"/" || at.is_empty() {
                break;
            }
            at = split(at).0;
        }
        places.extend(self.options.node_path.iter().cloned());
        places.extend(DEBIAN.iter().map(|dir| dir.to_vec()));
        let mut id = None;
        for place in places {
            if let Some(found) = self.files.resolve(&join(&place, name.as_bytes())) {
                id = self.packages.owner(&self.files.path(found.node));
                if id.is_some() {
                    self.reached.links.extend(found.crossed);
                    break;
                }
            }
        }
        self.known
            .entry_ref(dir)
            .or_default()
            .insert(name.to_owned(), id);
        id
    }
}

//! Python and Node: which of their packages the application reaches.

use super::{Level, View, Walk};
use crate::closure::{Files, Found, NodeId, node, python};
use crate::slim::reason::{By, Kind, Reason};

/// What is known of the interpreters, and where their programs start.
#[derive(Default)]
pub(super) struct Languages {
    python: Interpreter,
    node: Interpreter,
    /// Roots of Python sources and of Node's.
    python_files: Vec<NodeId>,
    python_scripts: Vec<NodeId>,
    node_files: Vec<NodeId>,
    commands: Vec<CommandWords>,
}

/// A command line that was seen to be run.
pub(super) struct CommandWords {
    /// The script that it stands in; `None` for the configuration.
    pub by: Option<NodeId>,
    /// The line there.
    pub line: Option<u32>,
    /// The program and its arguments.
    pub words: Vec<String>,
}

#[derive(Default)]
struct Interpreter {
    /// Something of it is reached.
    present: bool,
    /// So many roots were looked at.
    done: usize,
}

impl Languages {
    /// A file of the application. Gives whether it is a source in one of the languages.
    pub(super) fn application(&mut self, view: View<'_>, file: NodeId) -> bool {
        let name = view.tree.name(file);
        let ends = |endings: &[&[u8]]| endings.iter().any(|ending| name.ends_with(ending));
        if ends(&[b".py", b".pyw"]) {
            self.python_files.push(file);
            return true;
        }
        if ends(&[b".js", b".cjs", b".mjs", b".json", b".ts", b".jsx", b".tsx"]) {
            self.node_files.push(file);
            return !name.ends_with(b".json");
        }
        false
    }

    /// A program or library that is reached.
    pub(super) fn object(&mut self, name: &[u8]) {
        let begins = |starts: &[&[u8]]| starts.iter().any(|start| name.starts_with(start));
        if begins(&[b"python", b"pypy", b"libpython"]) {
            self.python.present = true;
        } else if matches!(name, b"node" | b"nodejs" | b"bun" | b"deno") || begins(&[b"libnode."]) {
            self.node.present = true;
        }
    }

    /// A command line that is run.
    pub(super) fn command(&mut self, command: CommandWords) {
        self.commands.push(command);
    }

    /// What a root without a file stands for.
    fn root(&self, origins: &[Option<usize>], at: usize) -> (By, Option<u32>) {
        let command = origins.get(at).copied().flatten();
        let command = command.and_then(|at| self.commands.get(at));
        match command {
            Some(CommandWords {
                by: Some(node),
                line,
                ..
            }) => (By::Node(*node), *line),
            _ => (By::Itself, None),
        }
    }

    /// A script for one of them that is run.
    pub(super) fn script(&mut self, program: &[u8], file: NodeId) {
        if program.starts_with(b"python") || program.starts_with(b"pypy") {
            self.python_scripts.push(file);
        } else if matches!(program, b"node" | b"nodejs" | b"bun" | b"deno") {
            self.node_files.push(file);
        }
    }
}

impl Walk<'_> {
    /// Follows imports, if there is anything new to follow. Gives whether.
    pub(super) fn languages(&mut self) -> bool {
        let before = self.queue.len() + self.carry.len();
        let commands = self.languages.commands.len();
        let files =
            self.languages.python_files.len() + self.languages.python_scripts.len() + commands;
        // Once without roots too: `.pth` files and words of the command count.
        let python = &mut self.languages.python;
        let due = python.present && python.done <= files;
        if due {
            python.done = files + 1;
            self.python();
        }
        let files = self.languages.node_files.len() + commands;
        let node = &mut self.languages.node;
        if node.present && node.done <= files {
            node.done = files + 1;
            self.node();
        }
        self.queue.len() + self.carry.len() > before
    }

    fn python(&mut self) {
        let units = self.setting.units;
        let mut roots: Vec<python::Root> = Vec::new();
        let mut origins: Vec<Option<usize>> = Vec::new();
        let files = self.languages.python_files.iter();
        roots.extend(files.map(|&file| python::Root::Source(file)));
        let scripts = self.languages.python_scripts.iter();
        roots.extend(scripts.map(|&file| python::Root::Script(file)));
        origins.resize(roots.len(), None);
        for (number, command) in self.languages.commands.iter().enumerate() {
            let words = command.words.iter();
            let module = words.clone().skip_while(|word| *word != "-m").nth(1);
            roots.extend(module.map(|module| python::Root::Module(module.clone())));
            roots.extend(words.map(|word| python::Root::Word(word.clone())));
            origins.resize(roots.len(), Some(number));
        }
        for (name, value) in &self.setting.launch.variables {
            roots.push(python::Root::Word(format!("{name}={value}")));
        }
        let reached = python::reach(&self.setting.view, &units.python, &roots);
        for (&id, reason) in &reached.distributions {
            let reason = self.python_reason(reason, &origins);
            self.reach_distribution(id, reason);
        }
        for (module, reason) in &reached.stdlib {
            let reason = self.python_reason(reason, &origins);
            self.reach_library(module, &reason);
        }
        for place in reached.dynamic {
            // The many of packages are theirs to know.
            if place.distribution.is_none() {
                let text = match place.dynamic.kind {
                    python::DynamicKind::Import => "imports a module whose name is computed",
                    python::DynamicKind::Library => "loads a library by a name that is computed",
                };
                self.note(place.node, Some(place.dynamic.line), text.to_owned());
            }
        }
    }

    fn python_reason(&self, reason: &python::Reason, origins: &[Option<usize>]) -> Reason {
        let mut line = reason.line;
        let by = match reason.by {
            python::By::File(node) => By::Node(node),
            python::By::Distribution(id) => match self.setting.units.of_python(id) {
                Some(unit) => By::Unit(unit),
                None => self.distribution_node(id).map_or(By::Itself, By::Node),
            },
            python::By::Root(at) => {
                let (by, said) = self.languages.root(origins, at);
                line = line.or(said);
                by
            }
        };
        let (kind, name) = match &reason.what {
            python::What::Requires => (Kind::Depends, None),
            python::What::Script => (Kind::Runs, None),
            python::What::Import(name)
            | python::What::ImportCall(name)
            | python::What::ImportBelow(name)
            | python::What::Literal(name)
            | python::What::Url(name)
            | python::What::Word(name)
            | python::What::EntryPoint(name)
            | python::What::Pth(name) => (Kind::Imports, Some(name.as_str())),
        };
        let kind = match (by, kind) {
            (By::Itself, _) => Kind::Configured,
            (_, kind) => kind,
        };
        Reason {
            by,
            kind,
            name: name.map(Into::into),
            line,
        }
    }

    fn distribution_node(&self, id: python::DistributionId) -> Option<NodeId> {
        let found = self.setting.units.python.distributions.get(id as usize);
        found.map(|distribution| distribution.info)
    }

    fn reach_distribution(&mut self, id: python::DistributionId, reason: Reason) {
        let units = self.setting.units;
        if let Some(unit) = units.of_python(id) {
            self.reach_unit(unit, reason);
            return;
        }
        // It came with a system package, or is the application's own.
        let Some(distribution) = units.python.distributions.get(id as usize) else {
            return;
        };
        self.reach(distribution.info, Level::Reached, reason.clone());
        for &file in &distribution.files {
            self.reach(file, Level::Reached, reason.clone());
        }
    }

    /// A top-level module of the standard library, wherever it was put.
    fn reach_library(&mut self, module: &str, reason: &Reason) {
        let view = self.setting.view;
        let sites = &self.setting.units.python.sites;
        let mut directories: Vec<NodeId> = sites.iter().flat_map(|s| s.stdlib.clone()).collect();
        directories.sort_unstable();
        directories.dedup();
        for directory in directories {
            let tree = view.tree;
            let source = [module.as_bytes(), b".py"].concat();
            let package = tree.child(directory, module.as_bytes());
            let plain = tree.child(directory, &source);
            for found in package.into_iter().chain(plain) {
                if tree.is_present(found) {
                    self.reach(found, Level::Reached, reason.clone());
                }
            }
            let Some(compiled) = tree.child(directory, b"lib-dynload") else {
                continue;
            };
            let start = [module.as_bytes(), b"."].concat();
            let objects: Vec<NodeId> = tree
                .children(compiled)
                .filter(|&node| tree.name(node).starts_with(&start))
                .collect();
            for object in objects {
                self.reach(object, Level::Reached, reason.clone());
            }
        }
    }

    fn node(&mut self) {
        let setting = self.setting;
        let launch = setting.launch;
        let mut roots: Vec<node::Root> = Vec::new();
        let mut origins: Vec<Option<usize>> = Vec::new();
        let files = self.languages.node_files.iter();
        roots.extend(files.map(|&file| node::Root::File(file)));
        origins.resize(roots.len(), None);
        for (number, command) in self.languages.commands.iter().enumerate() {
            let directory = launch.environment.directory.clone();
            roots.push(node::Root::Command(command.words.clone(), directory));
            origins.push(Some(number));
        }
        if let Some(options) = launch.variable("NODE_OPTIONS") {
            let words = vec![options.to_owned()];
            roots.push(node::Root::Command(
                words,
                launch.environment.directory.clone(),
            ));
        }
        let node_path = launch.variable("NODE_PATH").unwrap_or_default();
        let options = node::Options {
            node_path: node_path
                .split(':')
                .filter(|dir| !dir.is_empty())
                .map(|dir| dir.as_bytes().to_vec())
                .collect(),
            path: launch.environment.path.clone(),
            ..node::Options::default()
        };
        let packages = &setting.units.node;
        let reached = node::reach(&setting.view, packages, &roots, &options);
        for (&id, reason) in &reached.packages {
            let reason = self.node_reason(reason, &origins);
            match setting.units.of_node(id) {
                Some(unit) => self.reach_unit(unit, reason),
                None => {
                    if let Some(package) = packages.get(id) {
                        self.reach(package.node, Level::Reached, reason);
                    }
                }
            }
        }
        for &link in &reached.links {
            let view = setting.view;
            let Some(found) = view.resolve(&view.path(link)) else {
                continue;
            };
            let reason = Reason::new(self.node_owner(found.node), Kind::LinkCrossed);
            self.cross(link, &reason);
            for crossed in found.crossed {
                self.cross(crossed, &reason);
            }
        }
        for &native in &reached.native {
            let found = Found {
                node: native,
                crossed: Vec::new(),
            };
            let by = self.node_owner(native);
            self.reach_found(&found, Reason::new(by, Kind::Loads));
        }
        for place in reached.dynamic {
            if place.package.is_none() {
                let text = "asks for a module whose name is computed".to_owned();
                self.note(place.node, Some(place.line), text);
            }
        }
    }

    /// The package that a path is of; of the application, nothing.
    fn node_owner(&self, node: NodeId) -> By {
        let units = self.setting.units;
        let owner = units.node.owner(&self.setting.view.path(node));
        let unit = owner.and_then(|id| units.of_node(id));
        unit.map_or(By::Itself, By::Unit)
    }

    fn node_reason(&self, reason: &node::Reason, origins: &[Option<usize>]) -> Reason {
        let mut line = reason.line;
        let units = self.setting.units;
        let by = match reason.by {
            node::By::File(node) => By::Node(node),
            node::By::Package(id) => match (units.of_node(id), units.node.get(id)) {
                (Some(unit), _) => By::Unit(unit),
                (None, Some(package)) => By::Node(package.node),
                (None, None) => By::Itself,
            },
            node::By::Root(at) => {
                let (by, said) = self.languages.root(origins, at);
                line = line.or(said);
                by
            }
        };
        let (kind, name) = match &reason.what {
            node::What::Dependency => (Kind::Depends, None),
            node::What::Request(name)
            | node::What::Undeclared(name)
            | node::What::Json(name)
            | node::What::Word(name) => (Kind::Imports, Some(name.as_str())),
        };
        let kind = match by {
            By::Itself => Kind::Configured,
            _ => kind,
        };
        Reason {
            by,
            kind,
            name: name.map(Into::into),
            line,
        }
    }
}

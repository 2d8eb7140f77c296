//! Walks from an executable to all that it may load.
//!
//! First comes what is loaded each time: that part does exactly what the loader does on a
//! processor without special features. Then comes what depends on the processor or on what the
//! program does; there the order of loading is unknown, so that each object searches for itself.

use std::cell::Cell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::closure::{Closure, Dlopen, Fault, How, When, Why};
use super::facts::Flavour;
use super::object::Link;
use super::objects::{Dir, Loader, Objects, Parsed};
use super::record::{Hit, Loaded, MAX_BYTES};
use super::{Files, Found, LoaderConfig, NodeId, glibc, musl};

/// Files that one closure looks for. A large program needs some thousands.
const MAX_PROBES: u64 = 1 << 20;

/// Edges of one closure.
const MAX_EDGES: usize = 1 << 18;

/// The kernel's own object: programs name it, no file is loaded for it.
const VDSO: [&[u8]; 4] = [
    b"linux-vdso.so.1",
    b"linux-gate.so.1",
    b"linux-vdso64.so.1",
    b"linux-vdso32.so.1",
];

/// The state of one walk.
pub(super) struct Walk<'a, 'f, F: ?Sized> {
    pub objects: &'a Objects<'f, F>,
    pub config: &'a LoaderConfig,
    pub loader: Arc<Loader>,
    pub loaded: Vec<Loaded>,
    /// The directories of `LD_LIBRARY_PATH` and the loader's own.
    pub env: Vec<Arc<Dir>>,
    pub system: Vec<Arc<Dir>>,
    pub(super) by_node: HashMap<NodeId, usize>,
    pub(super) names: HashMap<Vec<u8>, usize>,
    pub(super) late_names: HashMap<Vec<u8>, usize>,
    pub(super) variants: VecDeque<(usize, When, Hit)>,
    pub(super) seen: HashSet<(NodeId, NodeId, Vec<u8>)>,
    pub(super) preloading: bool,
    pub(super) probes: Cell<u64>,
    pub(super) bytes: Cell<usize>,
    pub(super) out: Closure,
}

impl<'a, 'f, F: Files + ?Sized> Walk<'a, 'f, F> {
    pub fn new(
        objects: &'a Objects<'f, F>,
        config: &'a LoaderConfig,
        root: NodeId,
        parsed: &Arc<Parsed>,
        interpreter: &[u8],
    ) -> Self {
        let path = objects.files().path(root);
        let first = Loaded {
            node: root,
            parsed: Arc::clone(parsed),
            path,
            by: None,
            when: When::Always,
            found: Arc::new(Found {
                node: root,
                crossed: Vec::new(),
            }),
            rpath: Vec::new(),
            runpath: Vec::new(),
        };
        let object = first.object();
        let own_interpreter = object.is_some_and(|object| object.interpreter.is_some());
        let target = object
            .map(super::arch::Target::of)
            .unwrap_or(super::arch::NO_TARGET);
        let loader = objects.loader(interpreter, target);
        let out = Closure {
            root,
            loader: Some(loader.facts.clone()),
            edges: Vec::new(),
            missing: Vec::new(),
            config: Vec::new(),
            complete: true,
        };
        let mut walk = Self {
            objects,
            config,
            loader,
            loaded: Vec::new(),
            env: Vec::new(),
            system: Vec::new(),
            by_node: HashMap::new(),
            names: HashMap::new(),
            late_names: HashMap::new(),
            variants: VecDeque::new(),
            seen: HashSet::new(),
            preloading: false,
            probes: Cell::new(0),
            bytes: Cell::new(0),
            out,
        };
        walk.add(first, &[]);
        walk.prepare();
        walk.add_interpreter(interpreter, own_interpreter);
        walk
    }

    pub fn run(mut self, dlopen: &[Dlopen<'_>]) -> Closure {
        self.preloading = true;
        for name in self.preloads() {
            self.ask(0, &name, Why::Preload, When::Always);
        }
        self.preloading = false;
        let mut next = 0;
        while next < self.loaded.len() {
            self.dependencies(next);
            next = next.saturating_add(1);
        }
        let always = next;
        for by in 0..always {
            self.notes(by);
        }
        next = self.settle(next);
        for late in dlopen {
            let by = late
                .by
                .and_then(|node| self.by_node.get(&node).copied())
                .unwrap_or(0);
            self.ask(by, late.soname, Why::Dlopen, When::Dlopen(None));
        }
        self.settle(next);
        self.out.complete &= self.probes.get() < MAX_PROBES && self.bytes.get() < MAX_BYTES;
        self.out
    }

    /// Takes in what depends on something, with all it needs; from object `next` on nobody has
    /// looked at what is needed. Gives the number of objects.
    fn settle(&mut self, mut next: usize) -> usize {
        loop {
            while let Some((by, when, hit)) = self.variants.pop_front() {
                self.add_late(by, when, hit);
            }
            if next >= self.loaded.len() {
                break;
            }
            self.dependencies(next);
            self.notes(next);
            next = next.saturating_add(1);
        }
        next
    }

    /// Tries one path. `None` to go on searching.
    pub fn probe(&self, path: &[u8]) -> Option<(Arc<Found>, Arc<Parsed>)> {
        self.probes.set(self.probes.get().saturating_add(1));
        if self.probes.get() >= MAX_PROBES {
            return None;
        }
        let found = self.objects.resolve(path)?;
        let parsed = self.objects.get(found.node);
        Some((found, parsed))
    }

    fn prepare(&mut self) {
        let (env, system, config) = match self.loader.facts.flavour {
            Flavour::Glibc => glibc::places(self),
            Flavour::Musl => musl::places(self),
        };
        self.env = env;
        self.system = system;
        self.out.config = config;
    }

    fn preloads(&self) -> Vec<Vec<u8>> {
        let mut names = self.config.ld_preload.clone();
        if self.loader.facts.flavour == Flavour::Glibc {
            names.extend(self.config.preload.iter().cloned());
        }
        names
    }

    fn add_interpreter(&mut self, path: &[u8], own: bool) {
        let Some((found, parsed)) = self.probe(path) else {
            if own {
                self.miss(
                    0,
                    path.to_vec(),
                    Why::Interpreter,
                    When::Always,
                    Fault::Absent,
                );
            }
            return;
        };
        let hit = Hit {
            path: path.to_vec(),
            found,
            parsed,
            how: How::Path,
            variant: None,
        };
        if own {
            self.edge(0, path, Why::Interpreter, When::Always, &hit);
        }
        self.add_hit(0, When::Always, hit, &[path]);
    }

    fn dependencies(&mut self, by: usize) {
        let Some((parsed, when)) = self.loaded.get(by).map(|l| (Arc::clone(&l.parsed), l.when))
        else {
            return;
        };
        let Ok(Some(object)) = parsed.as_ref() else {
            return;
        };
        for dependency in &object.dependencies {
            let why = match dependency.link {
                Link::Needed => Why::Needed,
                Link::Filter => Why::Filter,
                Link::Auxiliary => Why::Auxiliary,
            };
            // musl does not know filters.
            if why == Why::Needed || self.loader.facts.flavour == Flavour::Glibc {
                self.ask(by, &dependency.name, why, when);
            }
        }
    }

    fn notes(&mut self, by: usize) {
        let Some(parsed) = self.loaded.get(by).map(|loaded| Arc::clone(&loaded.parsed)) else {
            return;
        };
        let Ok(Some(object)) = parsed.as_ref() else {
            return;
        };
        for note in &object.dlopen {
            let (why, when) = (
                Why::DlopenNote(note.priority),
                When::Dlopen(Some(note.priority)),
            );
            // The program takes the first that exists.
            let found = note
                .sonames
                .iter()
                .any(|name| self.try_ask(by, name, why, when).is_none());
            if let Some(name) = note.sonames.first().filter(|_| !found) {
                self.miss(by, name.clone(), why, when, Fault::Absent);
            }
        }
    }

    /// Finds what the object `by` asks for, and notes what is missing.
    fn ask(&mut self, by: usize, name: &[u8], why: Why, when: When) {
        if let Some((name, fault)) = self.try_ask(by, name, why, when) {
            self.miss(by, name, why, when, fault);
        }
    }

    /// The same, but gives back what is wrong: `None` when all is well.
    fn try_ask(
        &mut self,
        by: usize,
        name: &[u8],
        why: Why,
        when: When,
    ) -> Option<(Vec<u8>, Fault)> {
        let full = self.out.edges.len() >= MAX_EDGES || self.probes.get() >= MAX_PROBES;
        if full || !self.spend(name.len()) {
            self.out.complete = false;
            return None;
        }
        let glibc = self.loader.facts.flavour == Flavour::Glibc;
        let name = if glibc {
            glibc::name(self, by, name)
        } else {
            name.to_vec()
        };
        self.spend(name.len());
        if glibc && VDSO.contains(&name.as_slice()) {
            return None;
        }
        let itself = !glibc && musl::is_itself(&name, &self.loader.facts.path);
        let key: &[u8] = if itself {
            &self.loader.facts.path
        } else {
            &name
        };
        let known = self.names.get(key).copied();
        if let Some(index) = known {
            self.again(by, &name, why, when, index);
            // What a variant needs may be found elsewhere if it is the first to ask.
            if when != When::Hwcaps {
                return None;
            }
        }
        if itself {
            return known.is_none().then_some((name, Fault::Absent));
        }
        let answer = match glibc {
            true => glibc::search(self, by, &name),
            false => musl::search(self, by, &name, why),
        };
        let mut found = known.is_some() || !answer.hits.is_empty();
        let special = answer.hits.iter().all(|hit| hit.variant.is_some());
        if found && special && known.is_none() && answer.refused.is_none() {
            self.miss(by, name.clone(), why, when, Fault::OnlyVariants);
        }
        for hit in answer.hits {
            let when = match (when, &hit.variant) {
                (When::Always, Some(_)) => When::Hwcaps,
                (when, _) => when,
            };
            if when == When::Always {
                self.edge(by, &name, why, when, &hit);
                self.add_hit(by, when, hit, &[&name]);
            } else if self
                .seen
                .insert((self.node(by), hit.found.node, name.clone()))
            {
                self.edge(by, &name, why, when, &hit);
                self.late_names.entry(name.clone()).or_insert(usize::MAX);
                self.variants.push_back((by, when, hit));
            }
        }
        if !found
            && when != When::Always
            && let Some(index) = self.late_names.get(&name).copied()
        {
            self.again(by, &name, why, when, index);
            found = true;
        }
        let fault = match answer.refused {
            Some((found, why)) => Fault::Refused { found, why },
            None => Fault::Absent,
        };
        let refused = matches!(fault, Fault::Refused { .. });
        (!found || (refused && when == When::Always)).then_some((name, fault))
    }
}

//! What a walk has seen: its objects, and what it writes down.

use std::sync::Arc;

use super::closure::{Edge, Fault, How, Missing, When, Why};
use super::facts::Flavour;
use super::note::Priority;
use super::object::Object;
use super::objects::{Dir, Parsed};
use super::walk::Walk;
use super::{Files, Found, NodeId, glibc, musl};

/// Bytes of the names and paths of one closure.
pub(super) const MAX_BYTES: usize = 64 << 20;

/// An object of the closure.
pub(super) struct Loaded {
    pub node: NodeId,
    pub parsed: Arc<Parsed>,
    /// The path by which it was found.
    pub path: Vec<u8>,
    /// The object that asked for it first, whose paths count for its own requests too.
    pub by: Option<usize>,
    pub when: When,
    pub found: Arc<Found>,
    pub rpath: Vec<Arc<Dir>>,
    pub runpath: Vec<Arc<Dir>>,
}

impl Loaded {
    pub fn object(&self) -> Option<&Object> {
        self.parsed.as_ref().as_ref().ok()?.as_ref()
    }
}

/// A file that a search found.
pub(super) struct Hit {
    pub path: Vec<u8>,
    pub found: Arc<Found>,
    pub parsed: Arc<Parsed>,
    pub how: How,
    pub variant: Option<Vec<u8>>,
}

/// What a search found: any number of variants, then at most one that fits each processor.
#[derive(Default)]
pub(super) struct Answer {
    pub hits: Vec<Hit>,
    pub refused: Option<(Arc<Found>, String)>,
}

impl<F: Files + ?Sized> Walk<'_, '_, F> {
    /// Whether there is room for `bytes` more of names and paths.
    pub fn spend(&self, bytes: usize) -> bool {
        self.bytes
            .set(self.bytes.get().saturating_add(bytes).saturating_add(64));
        self.bytes.get() < MAX_BYTES
    }

    /// Takes an object in that is loaded each time.
    pub(super) fn add_hit(&mut self, by: usize, when: When, hit: Hit, names: &[&[u8]]) {
        if let Some(index) = self.by_node.get(&hit.found.node).copied() {
            for name in names {
                self.register(name, index);
            }
            return;
        }
        let Hit {
            path,
            found,
            parsed,
            ..
        } = hit;
        let node = found.node;
        let (rpath, runpath) = (Vec::new(), Vec::new());
        // To musl nobody asked for what is preloaded: the executable's paths do not count.
        let alone = self.preloading && self.loader.facts.flavour == Flavour::Musl;
        let by = (!alone).then_some(by);
        self.add(
            Loaded {
                node,
                parsed,
                path,
                by,
                when,
                found,
                rpath,
                runpath,
            },
            names,
        );
    }

    /// Takes an object in whose loading depends on something.
    pub(super) fn add_late(&mut self, by: usize, when: When, hit: Hit) {
        let soname = match hit.parsed.as_ref() {
            Ok(Some(object)) => object.soname.clone(),
            _ => None,
        };
        let index = self
            .by_node
            .get(&hit.found.node)
            .copied()
            .unwrap_or(self.loaded.len());
        for name in soname
            .into_iter()
            .chain([super::paths::base_name(&hit.path).to_vec()])
        {
            let known = self.late_names.entry(name).or_insert(index);
            if *known == usize::MAX {
                *known = index;
            }
        }
        self.add_hit(by, when, hit, &[]);
    }

    pub(super) fn add(&mut self, loaded: Loaded, names: &[&[u8]]) {
        let index = self.loaded.len();
        self.by_node.insert(loaded.node, index);
        if loaded.when == When::Always {
            for name in names {
                self.register(name, index);
            }
            if self.loader.facts.flavour == Flavour::Glibc {
                self.register(&loaded.path, index);
                if let Some(soname) = loaded.object().and_then(|object| object.soname.as_ref()) {
                    self.register(soname, index);
                }
            }
        }
        self.loaded.push(loaded);
        let (rpath, runpath) = match self.loader.facts.flavour {
            Flavour::Glibc => glibc::own_paths(self, index),
            Flavour::Musl => musl::own_paths(self, index),
        };
        if let Some(loaded) = self.loaded.get_mut(index) {
            loaded.rpath = rpath;
            loaded.runpath = runpath;
        }
    }

    /// An object is known by each name that it was asked for by, its path and its soname; musl
    /// knows only the names that it searched for. The first object of a name counts.
    fn register(&mut self, name: &[u8], index: usize) {
        if !self.names.contains_key(name) {
            self.names.insert(name.to_vec(), index);
        }
    }

    pub(super) fn node(&self, index: usize) -> NodeId {
        self.loaded
            .get(index)
            .map_or(self.out.root, |loaded| loaded.node)
    }

    pub(super) fn again(&mut self, by: usize, name: &[u8], why: Why, when: When, index: usize) {
        let Some(loaded) = self.loaded.get(index) else {
            return;
        };
        self.out.edges.push(Edge {
            by: self.node(by),
            soname: name.to_vec(),
            why,
            how: How::Loaded,
            variant: None,
            when,
            found: Arc::clone(&loaded.found),
        });
    }

    pub(super) fn edge(&mut self, by: usize, name: &[u8], why: Why, when: When, hit: &Hit) {
        self.out.edges.push(Edge {
            by: self.node(by),
            soname: name.to_vec(),
            why,
            how: hit.how,
            variant: hit.variant.clone(),
            when,
            found: Arc::clone(&hit.found),
        });
    }

    pub(super) fn miss(&mut self, by: usize, soname: Vec<u8>, why: Why, when: When, fault: Fault) {
        let optional = match when {
            When::Dlopen(priority) => priority != Some(Priority::Required),
            When::Always | When::Hwcaps => false,
        };
        let weak = optional
            || matches!(why, Why::Auxiliary | Why::Preload)
            || fault == Fault::OnlyVariants;
        self.out.missing.push(Missing {
            by: self.node(by),
            soname,
            why,
            when,
            fault,
            weak,
        });
    }
}

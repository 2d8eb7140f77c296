//! Remembers what was read of an image, so that many closures over it cost little.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::arch::Target;
use super::error::ElfError;
use super::facts::LoaderFacts;
use super::object::Object;
use super::paths::{MAX_PATH, base_name, join};
use super::{Files, Found, Kind, NodeId};

/// Bytes of paths that are remembered; beyond that they are looked up again.
const MAX_REMEMBERED: usize = 64 << 20;

/// Subdirectories for special processors of one directory.
const MAX_VARIANTS: usize = 512;

/// How deep the older such subdirectories lie in each other: `tls/haswell/avx512_1/x86_64`.
const MAX_NESTED: usize = 4;

/// What parsing a file gave.
pub(super) type Parsed = Result<Option<Object>, ElfError>;

/// Loaders by their path and the objects that they load.
type Loaders = HashMap<(Vec<u8>, Target), Arc<Loader>>;

/// The files of one image with what was found out about them. Closures over the same image share
/// it; it may be used by several threads when the tree may.
pub struct Objects<'a, F: ?Sized> {
    files: &'a F,
    parsed: Mutex<HashMap<NodeId, Arc<Parsed>>>,
    paths: Mutex<HashMap<Vec<u8>, Option<Arc<Found>>>>,
    loaders: Mutex<Loaders>,
    remembered: AtomicUsize,
}

/// A directory of a search path.
#[derive(Debug)]
pub(super) struct Dir {
    pub path: Vec<u8>,
    pub exists: bool,
    /// Directories that processors with some features search before it: their name and path.
    pub variants: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A loader with the directories that it was seen to search.
pub(super) struct Loader {
    pub facts: LoaderFacts,
    pub target: Target,
    dirs: Mutex<HashMap<Vec<u8>, Arc<Dir>>>,
}

impl<'a, F: Files + ?Sized> Objects<'a, F> {
    /// Nothing read yet.
    pub fn new(files: &'a F) -> Self {
        Self {
            files,
            parsed: Mutex::default(),
            paths: Mutex::default(),
            loaders: Mutex::default(),
            remembered: AtomicUsize::new(0),
        }
    }

    /// The image.
    pub fn files(&self) -> &'a F {
        self.files
    }

    /// The object that `node` is, `None` when it is not ELF; parsed only once.
    pub fn get(&self, node: NodeId) -> Arc<Result<Option<Object>, ElfError>> {
        if let Some(known) = get(&self.parsed, &node) {
            return known;
        }
        let parsed = Arc::new(Object::parse(self.files, node));
        put(&self.parsed, node, Arc::clone(&parsed));
        parsed
    }

    /// What is known of the loader that runs `object`: of its interpreter, or, for a library, of
    /// the loader that the image most likely runs it with. `None` when nothing loads it.
    pub fn loader_facts(&self, object: &Object) -> Option<LoaderFacts> {
        let path = self.interpreter(object)?;
        Some(self.loader(&path, Target::of(object)).facts.clone())
    }

    pub(super) fn resolve(&self, path: &[u8]) -> Option<Arc<Found>> {
        if path.len() >= MAX_PATH {
            return None;
        }
        let known = self
            .paths
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(path)
            .cloned();
        known.unwrap_or_else(|| {
            let found = self.files.resolve(path).map(Arc::new);
            if self.remember(path) {
                put(&self.paths, path.to_vec(), found.clone());
            }
            found
        })
    }

    /// The path of the loader that runs `object`.
    pub(super) fn interpreter(&self, object: &Object) -> Option<Vec<u8>> {
        if let Some(path) = &object.interpreter {
            return Some(path.clone());
        }
        if object.is_static() {
            return None;
        }
        let arch = Target::of(object).arch();
        let musl = format!("/lib/ld-musl-{}.so.1", arch.musl).into_bytes();
        let glibc = arch.glibc.as_bytes().to_vec();
        // Alpine's objects ask for libc.musl-ARCH.so.1, musl's own tools make ones for libc.so.
        let for_musl = object
            .needed()
            .any(|name| name == b"libc.so" || name.starts_with(b"libc.musl-"));
        let order = if for_musl {
            [musl, glibc]
        } else {
            [glibc, musl]
        };
        let present = order.iter().find(|path| self.resolve(path).is_some());
        present.or(order.first()).cloned()
    }

    pub(super) fn loader(&self, path: &[u8], target: Target) -> Arc<Loader> {
        let key = (path.to_vec(), target);
        if let Some(known) = get(&self.loaders, &key) {
            return known;
        }
        let facts = LoaderFacts::read(self.files, path, &target);
        let loader = Arc::new(Loader {
            facts,
            target,
            dirs: Mutex::default(),
        });
        if self.remember(path) {
            put(&self.loaders, key, Arc::clone(&loader));
        }
        loader
    }

    /// The directory at the absolute `path` with its variants.
    pub(super) fn dir(&self, loader: &Loader, path: &[u8]) -> Arc<Dir> {
        if let Some(known) = get(&loader.dirs, path) {
            return known;
        }
        let exists = self.is_dir(path);
        let mut variants = Vec::new();
        if exists && loader.facts.named_hwcaps() {
            let named = join(path, b"glibc-hwcaps");
            let children = self
                .resolve(&named)
                .map(|found| self.files.children(found.node));
            for (name, _) in children.unwrap_or_default().into_iter().take(MAX_VARIANTS) {
                let path = join(&named, &name);
                if self.is_dir(&path) {
                    variants.push((join(b"glibc-hwcaps", &name), path));
                }
            }
        }
        if exists && loader.facts.legacy_hwcaps() {
            self.legacy(
                loader.target.arch().legacy,
                path,
                b"",
                MAX_NESTED,
                &mut variants,
            );
        }
        let dir = Arc::new(Dir {
            path: path.to_vec(),
            exists,
            variants,
        });
        if self.remember(path) {
            put(&loader.dirs, path.to_vec(), Arc::clone(&dir));
        }
        dir
    }

    fn legacy(
        &self,
        names: &[&str],
        dir: &[u8],
        label: &[u8],
        depth: usize,
        into: &mut Vec<(Vec<u8>, Vec<u8>)>,
    ) {
        for name in names {
            let path = join(dir, name.as_bytes());
            if into.len() >= MAX_VARIANTS || !self.is_dir(&path) {
                continue;
            }
            let label = match label {
                b"" => name.as_bytes().to_vec(),
                outer => join(outer, name.as_bytes()),
            };
            if let Some(depth) = depth.checked_sub(1).filter(|depth| *depth > 0) {
                self.legacy(names, &path, &label, depth, into);
            }
            into.push((label, path));
        }
    }

    /// Whether there is room for one more path.
    fn remember(&self, path: &[u8]) -> bool {
        let cost = path.len().saturating_add(128);
        self.remembered.fetch_add(cost, Ordering::Relaxed) < MAX_REMEMBERED
    }

    fn is_dir(&self, path: &[u8]) -> bool {
        self.resolve(path)
            .is_some_and(|found| self.files.kind(found.node) == Kind::Directory)
    }
}

impl Loader {
    /// For musl: the prefix above `/lib`, and the processor's name in the loader's own.
    pub fn musl_place(&self) -> (&[u8], &[u8]) {
        let path = self.facts.path.as_slice();
        let arch = base_name(path)
            .strip_prefix(b"ld-musl-")
            .unwrap_or_default();
        let arch = arch.split(|byte| *byte == b'.').next().unwrap_or_default();
        let mut parts = path.rsplitn(3, |byte| *byte == b'/');
        let prefix = parts.nth(2).unwrap_or_default();
        (prefix, arch)
    }
}

fn get<K: Eq + Hash + std::borrow::Borrow<Q>, Q: Eq + Hash + ?Sized, V: Clone>(
    map: &Mutex<HashMap<K, V>>,
    key: &Q,
) -> Option<V> {
    // A thread that panicked left whole entries: the map is only ever added to.
    map.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(key)
        .cloned()
}

fn put<K: Eq + Hash, V>(map: &Mutex<HashMap<K, V>>, key: K, value: V) {
    map.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(key, value);
}

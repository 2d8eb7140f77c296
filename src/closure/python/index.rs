//! Which distributions provide a module.

use hashbrown::{HashMap, HashSet};

use super::describe::Described;

/// A module of a distribution: the distribution, and its place among the distribution's sources
/// if it is one.
pub(super) type Hit = (u32, Option<u32>);

#[derive(Debug, Default)]
pub(super) struct Index {
    modules: HashMap<String, Vec<Hit>>,
    /// Packages without an `__init__` file, and who provides something below.
    namespaces: HashMap<String, Vec<u32>>,
}

impl Index {
    pub fn add(&mut self, id: u32, described: &Described) {
        let mut packages: HashSet<&str> = HashSet::new();
        for module in &described.modules {
            if module.package {
                packages.insert(&module.name);
            }
            let hits = self.modules.entry_ref(module.name.as_str()).or_default();
            hits.push((id, module.source));
        }
        let mut seen: HashSet<&str> = HashSet::new();
        for module in &described.modules {
            let mut name = module.name.as_str();
            while let Some((above, _)) = name.rsplit_once('.') {
                if !seen.insert(above) {
                    break;
                }
                if !packages.contains(above) {
                    let ids = self.namespaces.entry_ref(above).or_default();
                    ids.push(id);
                }
                name = above;
            }
        }
    }

    /// Whether anything provides the top-level module or namespace `name`.
    pub fn has_top(&self, name: &str) -> bool {
        self.modules.contains_key(name) || self.namespaces.contains_key(name)
    }

    pub fn module(&self, name: &str) -> &[Hit] {
        self.modules
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Calls `hit` for every module that `import module` loads, the packages around it first.
    /// Returns whether the whole of `module` was found.
    pub fn import(&self, module: &str, mut hit: impl FnMut(Hit)) -> bool {
        let mut ends = module.match_indices('.').map(|(at, _)| at);
        // Deeper than any package; longer names are hostile.
        for _ in 0..64 {
            let end = ends.next();
            let prefix = module.get(..end.unwrap_or(module.len())).unwrap_or(module);
            let hits = self.module(prefix);
            hits.iter().copied().for_each(&mut hit);
            if end.is_none() {
                return !hits.is_empty();
            }
            if hits.is_empty() && !self.namespaces.contains_key(prefix) {
                return false;
            }
        }
        false
    }

    /// All that provide something below `name`, if that is a package without `__init__`.
    pub fn below(&self, name: &str) -> &[u32] {
        self.namespaces
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

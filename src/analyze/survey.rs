//! One walk over the final tree that gathers what several judgements need.

use hashbrown::{HashMap, HashSet};

use crate::layer::EntryKind;
use crate::ruleset::{CacheClass, CacheRules, States};
use crate::tree::{EntryId, NodeId, Step, Tree};

/// A file of the final tree, once for all of its names.
#[derive(Debug, Clone, Copy)]
pub(super) struct VisibleFile {
    pub(super) file: EntryId,
    /// Its first name in the order of the walk.
    pub(super) node: NodeId,
}

/// Leftovers of one rule, in one place, stored by one layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheFinding {
    /// Id of the rule in `rules/caches.toml`.
    pub rule: String,
    /// The tool that left them.
    pub tool: String,
    /// What they are, for people.
    pub name: String,
    /// How surely they are not needed.
    pub class: CacheClass,
    /// The directory (or the one file), relative to the root.
    pub path: Vec<u8>,
    /// Bytes of contents; a file with several names counts once.
    pub bytes: u64,
    /// Files.
    pub files: u64,
    /// The layer that stores them.
    pub layer: u32,
    /// What to do.
    pub advice: String,
    /// Where a cache mount would keep them out of the image.
    pub mount: Option<String>,
    /// The files, as entries of the layer, in order.
    pub entries: Vec<EntryId>,
}

/// What the walk found.
pub(super) struct Survey {
    /// Regular files, empty ones included.
    pub(super) files: Vec<VisibleFile>,
    /// Paths that are no directories.
    pub(super) paths: u64,
    pub(super) caches: Vec<CacheFinding>,
}

/// Walks the tree.
pub(super) fn survey(tree: &Tree, rules: &CacheRules) -> Survey {
    let mut walker = Walker {
        tree,
        rules,
        stack: vec![(rules.matcher().root(), None)],
        spare: Vec::new(),
        seen: HashSet::new(),
        found: HashMap::new(),
        survey: Survey {
            files: Vec::new(),
            paths: 0,
            caches: Vec::new(),
        },
    };
    for step in tree.walk() {
        match step {
            Step::Enter(node) => walker.enter(node),
            Step::Leave(_) => walker.leave(),
        }
    }
    walker.finish()
}

/// A rule that holds for everything below a directory.
type Inherited = Option<(usize, NodeId)>;

struct Walker<'a> {
    tree: &'a Tree,
    rules: &'a CacheRules,
    /// For each directory on the way down: pattern states, and the rule of all below.
    stack: Vec<(States, Inherited)>,
    spare: Vec<States>,
    /// Files with several names that were counted.
    seen: HashSet<EntryId>,
    found: HashMap<(usize, NodeId, u32), (u64, Vec<EntryId>)>,
    survey: Survey,
}

impl Walker<'_> {
    fn enter(&mut self, node: NodeId) {
        let mut states = self.spare.pop().unwrap_or_default();
        states.clear();
        let mut inherited = None;
        if node == crate::tree::ROOT {
            states = self.rules.matcher().root();
        } else if let Some((from, from_inherited)) = self.stack.last() {
            inherited = *from_inherited;
            if inherited.is_none() {
                let name = self.tree.name(node);
                if let Some(found) = self.rules.matcher().step(from, name, &mut states) {
                    let is_file = self.tree.kind(node) != EntryKind::Directory;
                    if found.subtree {
                        inherited = Some((found.rule, self.tree.parent(node)));
                    } else if is_file {
                        inherited = Some((found.rule, node));
                    }
                }
            }
        }
        self.visit(node, inherited);
        if self.tree.kind(node) != EntryKind::Directory {
            // A pattern that ends at a file says nothing about what is below.
            inherited = None;
        }
        self.stack.push((states, inherited));
    }

    fn leave(&mut self) {
        if let Some((states, _)) = self.stack.pop() {
            self.spare.push(states);
        }
    }

    fn visit(&mut self, node: NodeId, cache: Inherited) {
        let kind = self.tree.kind(node);
        if kind == EntryKind::Directory {
            return;
        }
        self.survey.paths += 1;
        let Some(file) = self.tree.inode(node) else {
            return;
        };
        if kind != EntryKind::File {
            return;
        }
        if self.tree.has_links(file) && !self.seen.insert(file) {
            return;
        }
        self.survey.files.push(VisibleFile { file, node });
        let Some((rule, place)) = cache else { return };
        if self.rules.has_exceptions(rule) && self.rules.spares(rule, &self.tree.path(node)) {
            return;
        }
        let place = if place == node {
            // Matched by its own name: reported with its neighbours.
            self.tree.parent(node)
        } else {
            place
        };
        let sums = self.found.entry((rule, place, file.layer)).or_default();
        sums.0 += self.tree.entry(file).size();
        sums.1.push(file);
    }

    fn finish(mut self) -> Survey {
        for ((rule, place, layer), (bytes, mut entries)) in self.found {
            entries.sort_unstable();
            let rule = self.rules.rule(rule);
            self.survey.caches.push(CacheFinding {
                rule: rule.id.clone(),
                tool: rule.tool.clone(),
                name: rule.name.clone(),
                class: rule.class,
                path: self.tree.path(place),
                bytes,
                files: entries.len() as u64,
                layer,
                advice: rule.advice.clone(),
                mount: rule.mount.clone(),
                entries,
            });
        }
        self.survey.caches.retain(|cache| cache.bytes > 0);
        self.survey.caches.sort_by(|a, b| {
            b.bytes
                .cmp(&a.bytes)
                .then_with(|| a.path.cmp(&b.path))
                .then_with(|| a.rule.cmp(&b.rule))
                .then(a.layer.cmp(&b.layer))
        });
        self.survey
    }
}

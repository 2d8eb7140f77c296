//! The figures that dive prints, by dive's own definition, so that thresholds
//! in an old `.dive-ci` mean what they meant.
//!
//! dive looks at each layer as a tree of names, without resolving links, and
//! counts leaves: a path seen in two layers is inefficient, with the sum of
//! its sizes; a whiteout of a directory counts what the directory held. Where
//! a whiteout names a path that dive does not find, it gives up on the rest of
//! that layer. All of that is repeated here; only a score below zero is not.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::layer::{Changeset, EntryKind, LayerContent};

/// What dive says of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DiveFigures {
    /// `efficiencyScore`, 0 to 1.
    pub efficiency_score: f64,
    /// `wastedBytes`: the sizes of all files that several layers have, the
    /// visible one included.
    pub wasted_bytes: u64,
    /// `userWastedPercent`, as a fraction: wasted bytes by the bytes of all
    /// layers but the first.
    pub user_wasted_percent: f64,
}

/// Computes dive's figures.
pub fn figures(layers: &[Arc<LayerContent>]) -> DiveFigures {
    let mut dive = Dive::new(layers);
    for layer in 0..layers.len() {
        dive.layer(layer);
    }
    let user_bytes: u64 = layers.iter().skip(1).map(|l| stored(&l.changeset)).sum();
    let score = if dive.discovered == 0 {
        1.0
    } else {
        dive.minimum as f64 / dive.discovered as f64
    };
    DiveFigures {
        efficiency_score: score.clamp(0.0, 1.0),
        wasted_bytes: dive.wasted,
        user_wasted_percent: if user_bytes == 0 {
            0.0
        } else {
            dive.wasted as f64 / user_bytes as f64
        },
    }
}

fn stored(set: &Changeset) -> u64 {
    set.entries().map(|entry| entry.size()).sum()
}

const NONE: u32 = u32::MAX;
const ROOT: u32 = 0;

/// A path of any layer, and what dive knows of it.
#[derive(Debug, Clone, Copy)]
struct Path {
    parent: u32,
    first_child: u32,
    next_sibling: u32,
    /// Entry or directory of `layer` that has the name.
    name: u32,
    layer: u16,
    name_is_dir: bool,
    /// In the stack of layers so far, and there a directory.
    present: bool,
    is_dir: bool,
    /// Times seen as a leaf, up to two.
    seen: u8,
    /// dive met the path in a whiteout that it could not resolve.
    ghost: bool,
    size: u64,
    smallest: u64,
    /// Place in the layer being looked at.
    slot: u32,
}

/// A node of one layer's tree.
#[derive(Debug, Clone, Copy)]
struct Slot {
    path: u32,
    size: u64,
    is_dir: bool,
    has_child: bool,
}

#[derive(Debug, Clone, Copy)]
struct Whiteout {
    target: u32,
    /// Whether dive comes to the whiteout before it comes to the name.
    first: bool,
}

struct Dive<'a> {
    layers: &'a [Arc<LayerContent>],
    paths: Vec<Path>,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    minimum: i64,
    discovered: u64,
    wasted: u64,
}

/// One layer's tree: its nodes and its whiteouts.
#[derive(Default)]
struct LayerTree {
    slots: Vec<Slot>,
    whiteouts: Vec<Whiteout>,
}

impl<'a> Dive<'a> {
    fn new(layers: &'a [Arc<LayerContent>]) -> Self {
        let root = Path {
            parent: ROOT,
            first_child: NONE,
            next_sibling: NONE,
            name: 0,
            layer: 0,
            name_is_dir: true,
            present: true,
            is_dir: false,
            seen: 0,
            ghost: false,
            size: 0,
            smallest: 0,
            slot: NONE,
        };
        Dive {
            layers,
            paths: vec![root],
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            minimum: 0,
            discovered: 0,
            wasted: 0,
        }
    }

    fn layer(&mut self, layer: usize) {
        let tree = self.read(layer);
        if layer == 0 {
            // dive looks up the first layer's whiteouts in that layer itself.
            self.add_all(&tree);
        }
        self.count(&tree);
        self.stack(&tree);
        for slot in &tree.slots {
            self.paths[slot.path as usize].slot = NONE;
        }
    }

    /// The layer's own tree, in which directories without an entry are nodes too.
    fn read(&mut self, layer: usize) -> LayerTree {
        let layers = self.layers;
        let set = &layers[layer].changeset;
        let mut tree = LayerTree::default();
        let mut dirs = vec![NONE; set.dir_count()];
        dirs[0] = ROOT;
        for (index, entry) in set.entries().enumerate() {
            let parent = self.dir(set, layer, entry.parent(), &mut dirs, &mut tree);
            let name = entry.name();
            if entry.kind() == EntryKind::Opaque || name.is_empty() {
                continue;
            }
            let path = self.path_of(parent, name, layer, index as u32, false);
            if entry.kind() == EntryKind::Whiteout {
                self.mark_parent(parent, &mut tree);
                tree.whiteouts.push(Whiteout {
                    target: path,
                    first: b".wh.".iter().chain(name).lt(name),
                });
                continue;
            }
            let slot = self.slot(path, &mut tree);
            tree.slots[slot].size = entry.size();
            tree.slots[slot].is_dir = entry.kind() == EntryKind::Directory;
        }
        tree
    }

    /// The path of a directory prefix, with nodes for it and all above it.
    fn dir(
        &mut self,
        set: &Changeset,
        layer: usize,
        dir: u32,
        dirs: &mut [u32],
        tree: &mut LayerTree,
    ) -> u32 {
        let mut chain = Vec::new();
        let mut at = dir;
        while dirs[at as usize] == NONE {
            chain.push(at);
            at = set.dir(at).0;
        }
        let mut path = dirs[at as usize];
        for dir in chain.into_iter().rev() {
            path = self.path_of(path, set.dir(dir).1, layer, dir, true);
            self.slot(path, tree);
            dirs[dir as usize] = path;
        }
        path
    }

    fn slot(&mut self, path: u32, tree: &mut LayerTree) -> usize {
        let at = self.paths[path as usize];
        if at.slot != NONE {
            return at.slot as usize;
        }
        self.paths[path as usize].slot = tree.slots.len() as u32;
        tree.slots.push(Slot {
            path,
            size: 0,
            is_dir: false,
            has_child: false,
        });
        self.mark_parent(at.parent, tree);
        tree.slots.len() - 1
    }

    fn mark_parent(&self, parent: u32, tree: &mut LayerTree) {
        let slot = self.paths[parent as usize].slot;
        if let Some(slot) = tree.slots.get_mut(slot as usize) {
            slot.has_child = true;
        }
    }

    /// Counts the layer's leaves as dive visits them.
    fn count(&mut self, tree: &LayerTree) {
        let lost = tree
            .whiteouts
            .iter()
            .any(|whiteout| !self.is_reachable(whiteout.target));
        if !lost {
            for slot in tree.slots.iter().filter(|slot| !slot.has_child) {
                self.see(slot.path, slot.size);
            }
            let mut known = HashMap::new();
            for whiteout in &tree.whiteouts {
                let size = self.hidden_size(whiteout.target, &mut known);
                self.see(whiteout.target, size);
            }
            return;
        }
        // dive stops at the first whiteout that it cannot resolve, so the
        // order of its visit matters: by name, directory by directory.
        let mut visits: Vec<(Vec<u8>, u32, Option<u64>)> = Vec::new();
        for slot in tree.slots.iter().filter(|slot| !slot.has_child) {
            visits.push((self.sort_key(slot.path, b""), slot.path, Some(slot.size)));
        }
        for whiteout in &tree.whiteouts {
            let key = self.sort_key(whiteout.target, b".wh.");
            visits.push((key, whiteout.target, None));
        }
        visits.sort();
        let mut known = HashMap::new();
        for (_, path, size) in visits {
            if let Some(size) = size {
                self.see(path, size);
            } else if self.is_reachable(path) {
                let size = self.hidden_size(path, &mut known);
                self.see(path, size);
            } else {
                let at = &mut self.paths[path as usize];
                if at.seen == 0 && !at.ghost {
                    at.ghost = true;
                    self.minimum -= 1;
                }
                return;
            }
        }
    }

    /// Whether the stack of lower layers has the path.
    fn is_reachable(&self, path: u32) -> bool {
        self.paths[path as usize].present
    }

    /// What dive counts for a whiteout: all that the directory held; nothing for a file.
    /// Sums are remembered in `known`: directories inside of it may be hidden
    /// by whiteouts of their own.
    fn hidden_size(&self, path: u32, known: &mut HashMap<u32, u64>) -> u64 {
        if !self.paths[path as usize].is_dir {
            return 0;
        }
        if let Some(&sum) = known.get(&path) {
            return sum;
        }
        // For each directory on the way down: the child to look at next, and the sum so far.
        let start = |path: u32| {
            let at = &self.paths[path as usize];
            (path, at.first_child, at.size)
        };
        let mut stack = vec![start(path)];
        let mut done = 0;
        while let Some((path, child, sum)) = stack.last_mut() {
            if *child == NONE {
                done = *sum;
                known.insert(*path, done);
                stack.pop();
                if let Some((_, _, sum)) = stack.last_mut() {
                    *sum = sum.saturating_add(done);
                }
                continue;
            }
            let at = &self.paths[*child as usize];
            let this = std::mem::replace(child, at.next_sibling);
            if !at.present {
                continue;
            }
            match known.get(&this) {
                Some(&below) => *sum = sum.saturating_add(below),
                None if at.first_child == NONE => *sum = sum.saturating_add(at.size),
                None => stack.push(start(this)),
            }
        }
        done
    }

    fn push_children(&self, path: u32, stack: &mut Vec<u32>) {
        let mut child = self.paths[path as usize].first_child;
        while child != NONE {
            if self.paths[child as usize].present {
                stack.push(child);
            }
            child = self.paths[child as usize].next_sibling;
        }
    }

    fn see(&mut self, path: u32, size: u64) {
        let at = &mut self.paths[path as usize];
        self.discovered = self.discovered.saturating_add(size);
        match at.seen {
            0 => {
                if at.ghost {
                    self.minimum += 1;
                }
                self.minimum = self.minimum.saturating_add_unsigned(size);
                at.smallest = size;
            }
            seen => {
                if seen == 1 {
                    // With one node seen, the smallest size is its size.
                    self.wasted = self.wasted.saturating_add(at.smallest);
                }
                self.wasted = self.wasted.saturating_add(size);
                if size < at.smallest {
                    self.minimum = self.minimum.saturating_sub_unsigned(at.smallest - size);
                    at.smallest = size;
                }
            }
        }
        at.seen = (at.seen + 1).min(2);
    }

    /// Puts the layer on top of the stack.
    fn stack(&mut self, tree: &LayerTree) {
        for whiteout in tree.whiteouts.iter().filter(|w| w.first) {
            self.remove(whiteout.target);
        }
        self.add_all(tree);
        for whiteout in tree.whiteouts.iter().filter(|w| !w.first) {
            self.remove(whiteout.target);
        }
    }

    fn add_all(&mut self, tree: &LayerTree) {
        for slot in &tree.slots {
            let at = &mut self.paths[slot.path as usize];
            at.present = true;
            at.size = slot.size;
            at.is_dir = slot.is_dir;
        }
    }

    fn remove(&mut self, path: u32) {
        if !self.paths[path as usize].present {
            return;
        }
        let mut stack = vec![path];
        while let Some(path) = stack.pop() {
            self.push_children(path, &mut stack);
            self.paths[path as usize].present = false;
        }
    }

    /// The components of a path, so that comparing bytes compares components.
    fn sort_key(&self, path: u32, prefix: &[u8]) -> Vec<u8> {
        let mut parts = vec![[prefix, self.name(path)].concat()];
        let mut at = self.paths[path as usize].parent;
        while at != ROOT {
            parts.push(self.name(at).to_vec());
            at = self.paths[at as usize].parent;
        }
        parts.reverse();
        parts.join(&0)
    }

    fn name(&self, path: u32) -> &'a [u8] {
        let at = &self.paths[path as usize];
        let set = &self.layers[usize::from(at.layer)].changeset;
        if at.name_is_dir {
            set.dir(at.name).1
        } else {
            set.entry(at.name).name()
        }
    }

    fn path_of(
        &mut self,
        parent: u32,
        name: &[u8],
        layer: usize,
        name_at: u32,
        name_is_dir: bool,
    ) -> u32 {
        let hash = self.hasher.hash_one((parent, name));
        let found = self.index.find(hash, |&path| {
            self.paths[path as usize].parent == parent && self.name(path) == name
        });
        if let Some(&path) = found {
            return path;
        }
        let path = self.paths.len() as u32;
        let sibling = self.paths[parent as usize].first_child;
        self.paths.push(Path {
            parent,
            first_child: NONE,
            next_sibling: sibling,
            name: name_at,
            layer: layer as u16,
            name_is_dir,
            present: false,
            is_dir: false,
            seen: 0,
            ghost: false,
            size: 0,
            smallest: 0,
            slot: NONE,
        });
        self.paths[parent as usize].first_child = path;
        let mut index = std::mem::take(&mut self.index);
        index.insert_unique(hash, path, |&path| {
            let parent = self.paths[path as usize].parent;
            self.hasher.hash_one((parent, self.name(path)))
        });
        self.index = index;
        path
    }
}

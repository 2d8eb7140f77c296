//! Directories of a layer → nodes of the tree, through symbolic links.
//!
//! A layer may write `lib/x` where a lower layer has `lib -> usr/lib`.
//! Runtimes resolve the links of a path's directories inside the root, never
//! the last component; so do we.

use std::hash::BuildHasher;

use super::{EntryId, NONE, Node, NodeId, ROOT, Tree};
use crate::layer::{Changeset, EntryKind};

/// Links followed for one path before it counts as a cycle, as in Linux.
const HOPS: usize = 40;

/// Bytes of a path that Linux refuses.
const PATH_MAX: usize = 4096;

/// Components that the links of one path may add up to. Real ones add a
/// handful; a hostile layer could make each of a million paths take a million.
const STEPS: usize = 256;

/// What following the links of one path may still cost.
#[derive(Default)]
pub(super) struct Budget {
    hops: usize,
    steps: usize,
}

impl Budget {
    /// Whether one more link, to `target`, may be followed.
    pub(super) fn allows(&mut self, target: &[u8]) -> bool {
        self.hops += 1;
        if self.hops <= HOPS {
            self.steps += components(target).take(STEPS + 1).count();
        }
        self.hops <= HOPS && self.steps <= STEPS
    }
}

/// The components of a path that mean something.
pub(super) fn components(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> + Clone {
    path.split(|&b| b == b'/')
        .filter(|part| !matches!(part, [] | [b'.']))
}

/// Remembers, for the layer being applied, which node each of its directories is.
pub(super) struct DirCache {
    nodes: Vec<(NodeId, u32)>,
    /// Raised whenever a directory or link goes away: what was remembered
    /// before may lead elsewhere now.
    epoch: u32,
}

impl DirCache {
    pub(super) fn new(set: &Changeset) -> Self {
        DirCache {
            nodes: vec![(NONE, 0); set.dir_count()],
            epoch: 1,
        }
    }

    pub(super) fn forget(&mut self) {
        self.epoch += 1;
    }

    fn get(&self, dir: u32) -> Option<NodeId> {
        let (node, epoch) = self.nodes[dir as usize];
        (epoch == self.epoch).then_some(node)
    }

    fn set(&mut self, dir: u32, node: NodeId) {
        self.nodes[dir as usize] = (node, self.epoch);
    }
}

/// What to do where a directory is missing.
pub(super) enum Missing<'a> {
    /// The path leads nowhere.
    GiveUp,
    /// Make it; the function is called with a file that is in the way.
    Make(&'a mut dyn FnMut(&mut Tree, NodeId)),
}

impl Tree {
    /// The node of directory `dir` of `set`, links resolved.
    pub(super) fn resolve_dir(
        &mut self,
        set: &Changeset,
        dir: u32,
        cache: &mut DirCache,
        missing: &mut Missing<'_>,
    ) -> Option<NodeId> {
        if dir == 0 {
            return Some(ROOT);
        }
        if let Some(node) = cache.get(dir) {
            return Some(node);
        }
        // Up to the nearest directory that is known, then down again.
        let mut chain = vec![dir];
        let mut at = set.dir(dir).0;
        let mut node = loop {
            if at == 0 {
                break ROOT;
            }
            if let Some(node) = cache.get(at) {
                break node;
            }
            chain.push(at);
            at = set.dir(at).0;
        };
        let mut budget = Budget::default();
        for dir in chain.into_iter().rev() {
            let (_, name) = set.dir(dir);
            node = self.step(node, name, missing, &mut budget)?;
            cache.set(dir, node);
        }
        Some(node)
    }

    /// The node of the directory `path`, links resolved; nothing is made.
    pub(super) fn resolve_path(&mut self, path: &[u8]) -> Option<NodeId> {
        let mut node = ROOT;
        let mut budget = Budget::default();
        for name in components(path) {
            node = self.step(node, name, &mut Missing::GiveUp, &mut budget)?;
        }
        Some(node)
    }

    /// From directory `from` to its subdirectory `name`, following links.
    fn step(
        &mut self,
        from: NodeId,
        name: &[u8],
        missing: &mut Missing<'_>,
        budget: &mut Budget,
    ) -> Option<NodeId> {
        let mut node = from;
        // Components still to go, the next one last.
        let mut todo: Vec<Vec<u8>> = vec![name.to_vec()];
        while let Some(name) = todo.pop() {
            if name == b".." {
                node = self.parent(node);
                continue;
            }
            let child = self.child(node, &name).filter(|&c| self.is_present(c));
            match child.map(|child| (child, self.kind(child))) {
                Some((child, EntryKind::Directory)) => node = child,
                Some((child, EntryKind::Symlink)) => {
                    let target = self.link_target(child);
                    if !budget.allows(target) {
                        // A cycle leads nowhere: what is below stays below the link.
                        node = child;
                        continue;
                    }
                    if target.first() == Some(&b'/') {
                        node = ROOT;
                    }
                    todo.extend(components(target).rev().map(<[u8]>::to_vec));
                }
                other => match missing {
                    Missing::GiveUp => return None,
                    Missing::Make(in_the_way) => {
                        if let Some((child, _)) = other {
                            in_the_way(self, child);
                        }
                        node = self.make_implied(node, &name);
                    }
                },
            }
        }
        Some(node)
    }

    /// Where a link leads; nowhere if no file system could hold it.
    pub(super) fn link_target(&self, node: NodeId) -> &[u8] {
        self.inode(node)
            .and_then(|id| self.entry(id).link())
            .filter(|target| target.len() < PATH_MAX)
            .unwrap_or_default()
    }

    fn make_implied(&mut self, parent: NodeId, name: &[u8]) -> NodeId {
        let node = match self.child(parent, name) {
            Some(node) => node,
            None => {
                let place = self.add_implied_name(name);
                self.add_node(parent, name, 0, place, Node::IMPLIED)
            }
        };
        if !self.nodes[node as usize].has(Node::IMPLIED) {
            let place = self.add_implied_name(name);
            let n = &mut self.nodes[node as usize];
            n.entry = place;
            n.state = (n.state | Node::IMPLIED) & !Node::LINKED;
        }
        self.nodes[node as usize].state |= Node::PRESENT;
        self.relink(node);
        node
    }

    /// Takes all children out of the list of `parent`, the absent ones too: a
    /// list of them would be walked again each time the directory comes and
    /// goes. Gives those that are present.
    pub(super) fn take_children(&mut self, parent: NodeId) -> Vec<NodeId> {
        let mut present = Vec::new();
        let mut child = std::mem::replace(&mut self.nodes[parent as usize].first_child, NONE);
        while child != NONE {
            if self.is_present(child) {
                present.push(child);
            }
            self.unlisted.insert(child);
            child = std::mem::replace(&mut self.nodes[child as usize].next_sibling, NONE);
        }
        present
    }

    /// Puts a node that is present again back into its parent's list.
    pub(super) fn relink(&mut self, node: NodeId) {
        if !self.unlisted.is_empty() && self.unlisted.remove(&node) {
            let parent = self.nodes[node as usize].parent;
            let first = std::mem::replace(&mut self.nodes[parent as usize].first_child, node);
            self.nodes[node as usize].next_sibling = first;
        }
    }

    fn add_implied_name(&mut self, name: &[u8]) -> u32 {
        let start = self.implied_text.len() as u32;
        self.implied_text.extend_from_slice(name);
        self.implied.push((start, name.len() as u32));
        self.implied.len() as u32 - 1
    }

    /// The node of `name` in `parent`, made absent when it is new. A new node
    /// takes its name from the entry `id`.
    pub(super) fn node_for(&mut self, parent: NodeId, name: &[u8], id: EntryId) -> NodeId {
        match self.child(parent, name) {
            Some(node) => node,
            None => self.add_node(parent, name, id.layer as u16, id.index, 0),
        }
    }

    fn add_node(
        &mut self,
        parent: NodeId,
        name: &[u8],
        layer: u16,
        entry: u32,
        state: u16,
    ) -> NodeId {
        let node = self.nodes.len() as u32;
        let siblings = self.nodes[parent as usize].first_child;
        self.nodes.push(Node {
            parent,
            first_child: NONE,
            next_sibling: siblings,
            entry,
            layer,
            state,
        });
        self.nodes[parent as usize].first_child = node;
        let hash = self.hasher.hash_one((parent, name));
        // The index is moved out so that hashing again may look at the tree.
        let mut index = std::mem::take(&mut self.index);
        index.insert_unique(hash, node, |&node| {
            self.hasher
                .hash_one((self.nodes[node as usize].parent, self.name(node)))
        });
        self.index = index;
        node
    }
}

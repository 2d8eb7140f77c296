//! One changeset on top of a tree (OCI image-spec `layer.md`, "Applying Changesets").
//!
//! Entries are applied in stream order, as runtimes do. Whiteouts and opaque
//! markers hide lower layers only: what the layer itself wrote stays, before
//! the marker or after it.

use std::sync::Arc;

use hashbrown::HashSet;

use super::resolve::{DirCache, Missing};
use super::{EntryId, Node, NodeId, ROOT, Tree};
use crate::layer::{EntryKind, EntryRef, LayerContent};
use crate::oci::escape_bytes;

/// Why a stored file is not in the final tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A whiteout, an opaque marker, or something else in its directory's place.
    Deleted,
    /// Another entry at the same path; for a hard link, the file that it names.
    Replaced(EntryId),
}

/// A stored file version whose last name went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hidden {
    /// The entry that holds its contents.
    pub file: EntryId,
    /// The path at which it was last seen.
    pub node: NodeId,
    /// The layer that hid it.
    pub by_layer: u32,
    /// How.
    pub cause: Cause,
}

/// Paths that one layer changed; directories are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LayerCounts {
    /// New paths.
    pub added: u64,
    /// Paths that lower layers have too.
    pub modified: u64,
    /// Paths of lower layers that are gone.
    pub removed: u64,
}

/// What one layer made of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathChange {
    /// The path.
    pub node: NodeId,
    /// The layer.
    pub layer: u16,
    /// The entry whose contents it shows from then on; `None` where it is gone.
    pub inode: Option<EntryId>,
    /// Whether it is a further name of a file.
    pub linked: bool,
}

/// What merging did on the way.
#[derive(Debug, Default)]
pub struct MergeLog {
    /// Every regular file that was stored and is not shown, in order of hiding.
    pub hidden: Vec<Hidden>,
    /// For each layer, what it changed.
    pub counts: Vec<LayerCounts>,
    /// Entries that make no sense on top of what is below them; the first few
    /// of them in words.
    pub warnings: Vec<String>,
    /// How many more there were.
    more_warnings: u64,
    /// Every change of a path in its order, where that was asked for. Of several by
    /// one layer the last counts; directories without an entry are not told.
    pub changes: Option<Vec<PathChange>>,
}

impl MergeLog {
    const WARNINGS: usize = 50;

    fn changed(&mut self, node: NodeId, layer: u32, inode: Option<EntryId>, linked: bool) {
        if let Some(changes) = &mut self.changes {
            changes.push(PathChange {
                node,
                layer: layer as u16,
                inode,
                linked,
            });
        }
    }

    fn warn(&mut self, message: impl FnOnce() -> String) {
        if self.warnings.len() < Self::WARNINGS {
            self.warnings.push(message());
        } else {
            self.more_warnings += 1;
        }
    }
}

impl Tree {
    /// Merges layers, lowest first. Cannot fail: entries that make no sense
    /// are reported in the log and make as much of the tree as they can.
    pub fn merge(layers: Vec<Arc<LayerContent>>) -> (Tree, MergeLog) {
        Self::merge_into(layers, MergeLog::default())
    }

    /// As [`Tree::merge`], with [`MergeLog::changes`], 20 bytes a change.
    pub fn merge_with_changes(layers: Vec<Arc<LayerContent>>) -> (Tree, MergeLog) {
        let log = MergeLog {
            changes: Some(Vec::new()),
            ..MergeLog::default()
        };
        Self::merge_into(layers, log)
    }

    fn merge_into(layers: Vec<Arc<LayerContent>>, mut log: MergeLog) -> (Tree, MergeLog) {
        let mut tree = Tree::empty(layers);
        for layer in 0..tree.layers.len() {
            let content = Arc::clone(&tree.layers[layer]);
            let counts = Apply {
                dirs: DirCache::new(&content.changeset),
                content: &content,
                tree: &mut tree,
                log: &mut log,
                layer: layer as u32,
                counts: LayerCounts::default(),
                gone: HashSet::new(),
                cleared: HashSet::new(),
            }
            .run();
            log.counts.push(counts);
        }
        if log.more_warnings > 0 {
            let more = format!("{} more entries of this kind", log.more_warnings);
            log.warnings.push(more);
        }
        tree.nodes.shrink_to_fit();
        (tree, log)
    }
}

struct Apply<'a> {
    tree: &'a mut Tree,
    log: &'a mut MergeLog,
    content: &'a LayerContent,
    layer: u32,
    dirs: DirCache,
    counts: LayerCounts,
    /// Lower layers' paths that this layer removed: one that comes back was modified.
    gone: HashSet<NodeId>,
    /// Directories in which only entries of this layer are left: a second
    /// marker there has nothing to do (a layer could hold a million of them).
    cleared: HashSet<NodeId>,
}

impl Apply<'_> {
    fn run(mut self) -> LayerCounts {
        for index in 0..self.content.changeset.len() as u32 {
            let entry = self.content.changeset.entry(index);
            let id = EntryId {
                layer: self.layer,
                index,
            };
            match entry.kind() {
                EntryKind::Whiteout => self.whiteout(entry),
                EntryKind::Opaque => self.opaque(entry),
                _ => self.add(id, entry),
            }
        }
        self.counts
    }

    fn whiteout(&mut self, entry: EntryRef<'_>) {
        let Some(parent) = self.dir(entry.parent(), false) else {
            return;
        };
        let node = self.tree.child(parent, entry.name());
        if let Some(node) = node.filter(|&node| self.tree.is_present(node))
            // Cleared once, and kept for what this layer wrote below it.
            && !(self.is_touched(node) && self.cleared.contains(&node))
        {
            self.clear(node, false);
        }
    }

    fn opaque(&mut self, entry: EntryRef<'_>) {
        let Some(dir) = self.dir(entry.parent(), false) else {
            return;
        };
        if !self.cleared.contains(&dir) {
            self.clear(dir, true);
        }
    }

    fn add(&mut self, id: EntryId, entry: EntryRef<'_>) {
        let Some(parent) = self.dir(entry.parent(), true) else {
            return;
        };
        let node = if entry.name().is_empty() {
            ROOT
        } else {
            self.tree.node_for(parent, entry.name(), id)
        };
        let target = (entry.kind() == EntryKind::HardLink)
            .then(|| self.link_target(entry))
            .flatten();
        let was_present = self.tree.is_present(node);
        let was_directory = was_present && self.tree.kind(node) == EntryKind::Directory;
        let is_directory = entry.kind() == EntryKind::Directory;
        let own_before = was_present && self.is_own(node);
        if was_present && !(was_directory && is_directory) {
            let by = target.and_then(|t| self.tree.inode(t)).unwrap_or(id);
            self.replace(node, by);
        }
        if !is_directory && !own_before {
            if (was_present && !was_directory) || self.gone.remove(&node) {
                if !was_present {
                    self.counts.removed = self.counts.removed.saturating_sub(1);
                }
                self.counts.modified += 1;
            } else {
                self.counts.added += 1;
            }
        } else if is_directory && was_present && !was_directory && !own_before {
            self.counts.removed += 1;
        }
        self.show(node, id);
        if entry.kind() == EntryKind::HardLink {
            self.link(node, entry, target);
        }
        self.touch(node);
    }

    /// Whether the present entry of `node` came from this layer.
    fn is_own(&self, node: NodeId) -> bool {
        self.tree
            .own_entry(node)
            .is_some_and(|id| id.layer == self.layer)
    }

    /// Removes what is at `node`, which the file `by` takes the place of.
    fn replace(&mut self, node: NodeId, by: EntryId) {
        if self.tree.kind(node) == EntryKind::Directory {
            for child in self.tree.take_children(node) {
                self.remove_all(child);
            }
            self.dirs.forget();
            return;
        }
        if self.tree.kind(node) == EntryKind::Symlink {
            self.dirs.forget();
        }
        self.hide(node, Cause::Replaced(by));
        // A link cycle may have left entries below a link.
        for child in self.tree.take_children(node) {
            self.remove_all(child);
        }
    }

    /// Removes lower layers' entries at and below `top` (only below, when it
    /// is the directory of an opaque marker).
    fn clear(&mut self, top: NodeId, opaque: bool) {
        let mut stack: Vec<NodeId> = if opaque || self.is_touched(top) {
            self.cleared.insert(top);
            self.tree.children(top).collect()
        } else {
            vec![top]
        };
        while let Some(node) = stack.pop() {
            if !self.is_touched(node) {
                self.remove_all(node);
            } else if self.tree.nodes[node as usize].first_child != super::NONE
                && self.cleared.insert(node)
            {
                stack.extend(self.tree.children(node));
            }
        }
    }

    /// Removes `top` and everything below it, whoever wrote it.
    fn remove_all(&mut self, top: NodeId) {
        let mut stack = vec![top];
        while let Some(node) = stack.pop() {
            stack.extend(self.tree.take_children(node));
            let kind = self.tree.kind(node);
            if matches!(kind, EntryKind::Directory | EntryKind::Symlink) {
                self.dirs.forget();
            }
            if kind != EntryKind::Directory {
                if self.is_own(node) {
                    // Written and removed by the same layer: as if it had
                    // never been there, but for its bytes.
                    self.counts.added = self.counts.added.saturating_sub(1);
                } else {
                    self.counts.removed += 1;
                    self.gone.insert(node);
                }
            }
            self.hide(node, Cause::Deleted);
            self.cleared.remove(&node);
            self.log.changed(node, self.layer, None, false);
            self.tree.nodes[node as usize].state &= !(Node::PRESENT | Node::TOUCHED);
        }
    }

    /// Takes a name from the file at `node`; when it was the last, the file's
    /// bytes are hidden.
    fn hide(&mut self, node: NodeId, cause: Cause) {
        let Some(inode) = self.tree.inode(node) else {
            return;
        };
        let n = &mut self.tree.nodes[node as usize];
        n.state &= !Node::LINKED;
        self.tree.links.remove(&node);
        if let Some(names) = self.tree.names.get_mut(&inode) {
            *names -= 1;
            if *names > 0 {
                return;
            }
            self.tree.names.remove(&inode);
        }
        if self.tree.entry(inode).kind() == EntryKind::File {
            self.log.hidden.push(Hidden {
                file: inode,
                node,
                by_layer: self.layer,
                cause,
            });
        }
    }

    fn show(&mut self, node: NodeId, id: EntryId) {
        let n = &mut self.tree.nodes[node as usize];
        n.entry = id.index;
        n.layer = id.layer as u16;
        n.state = (n.state | Node::PRESENT) & !(Node::IMPLIED | Node::LINKED);
        self.tree.relink(node);
        self.log.changed(node, self.layer, Some(id), false);
    }

    /// Makes `node` a further name of what `target` names.
    fn link(&mut self, node: NodeId, entry: EntryRef<'_>, target: Option<NodeId>) {
        let target = target.filter(|&target| {
            target != node
                && self.tree.is_present(target)
                && self.tree.kind(target) != EntryKind::Directory
        });
        let inode = target.and_then(|target| self.tree.inode(target));
        let Some(inode) = inode else {
            let (tree, layer) = (&self.tree, self.layer);
            self.log.warn(|| {
                format!(
                    "layer {}: hard link {} leads to {}, which is not there",
                    layer,
                    escape_bytes(&tree.path(node)),
                    escape_bytes(entry.link().unwrap_or_default()),
                )
            });
            return;
        };
        self.tree.nodes[node as usize].state |= Node::LINKED;
        self.tree.links.insert(node, inode);
        self.log.changed(node, self.layer, Some(inode), true);
        *self.tree.names.entry(inode).or_insert(1) += 1;
    }

    /// The node that a hard link's target names, present or not.
    fn link_target(&mut self, entry: EntryRef<'_>) -> Option<NodeId> {
        let path = crate::layer::normalize_name(entry.link().unwrap_or_default());
        let cut = path.iter().rposition(|&b| b == b'/');
        let (dir, name) = match cut {
            Some(cut) => (&path[..cut], &path[cut + 1..]),
            None => (&path[..0], &path[..]),
        };
        let dir = self.tree.resolve_path(dir)?;
        self.tree.child(dir, name)
    }

    fn is_touched(&self, node: NodeId) -> bool {
        let touched = self.tree.nodes[node as usize].state & Node::TOUCHED;
        u32::from(touched) == self.layer + 1
    }

    /// Marks `node` and the directories above it as written by this layer.
    fn touch(&mut self, node: NodeId) {
        let mut at = node;
        while !self.is_touched(at) {
            let n = &mut self.tree.nodes[at as usize];
            n.state = (n.state & !Node::TOUCHED) | (self.layer + 1) as u16;
            at = n.parent;
        }
    }

    fn dir(&mut self, dir: u32, make: bool) -> Option<NodeId> {
        let set = &self.content.changeset;
        let (log, layer) = (&mut *self.log, self.layer);
        let mut in_the_way = Vec::new();
        let mut note = |tree: &mut Tree, node: NodeId| {
            log.warn(|| {
                format!(
                    "layer {}: {} is used as a directory but is none; it is replaced by one",
                    layer,
                    escape_bytes(&tree.path(node))
                )
            });
            in_the_way.push((node, tree.inode(node)));
        };
        let mut missing = if make {
            Missing::Make(&mut note)
        } else {
            Missing::GiveUp
        };
        let found = self
            .tree
            .resolve_dir(set, dir, &mut self.dirs, &mut missing);
        for (node, inode) in in_the_way {
            self.lost(node, inode);
        }
        found
    }

    /// A file that a directory without an entry has taken the place of.
    fn lost(&mut self, node: NodeId, inode: Option<EntryId>) {
        let Some(inode) = inode else { return };
        // What is put into the directory makes it be there.
        self.log.changed(node, self.layer, None, false);
        self.counts.removed += 1;
        self.tree.links.remove(&node);
        if let Some(names) = self.tree.names.get_mut(&inode) {
            *names -= 1;
            if *names > 0 {
                return;
            }
            self.tree.names.remove(&inode);
        }
        if self.tree.entry(inode).kind() == EntryKind::File {
            self.log.hidden.push(Hidden {
                file: inode,
                node,
                by_layer: self.layer,
                cause: Cause::Deleted,
            });
        }
    }
}

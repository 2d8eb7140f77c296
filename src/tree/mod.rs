//! The file system that a container sees: the layers' changesets, merged.
//!
//! A [`Tree`] is an arena of path nodes. A node stays when its path goes away
//! (it is marked absent), so that a path has one number for the whole life of
//! the tree. Directories, files and links are entries of the layers'
//! changesets; a node only says which one its path shows.
//!
//! Memory: 20 bytes a path and about 8 for its place in the index, on top of
//! the changesets (see [`crate::layer::Changeset`]). One million files of a
//! compressed layer take about 115 bytes each in all; of an uncompressed one,
//! about 100. [`Tree::heap_bytes`] says what it is.

mod apply;
mod compare;
mod contents;
mod digest;
mod resolve;
mod walk;

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};

use crate::layer::{EntryKind, EntryRef, LayerContent};

pub use apply::{Cause, Hidden, LayerCounts, MergeLog, PathChange};
pub use compare::{Difference, Digested, TreeChange, compare};
pub use digest::{ContentDigests, TreeDigest};
pub use walk::{Step, Walk};

/// Number of a path in a [`Tree`]; 0 is the root.
pub type NodeId = u32;

/// The root directory.
pub const ROOT: NodeId = 0;

const NONE: u32 = u32::MAX;

/// An entry of one layer of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId {
    /// Index of the layer, 0 for the lowest.
    pub layer: u32,
    /// Index in the layer's changeset.
    pub index: u32,
}

/// One path, 20 bytes.
#[derive(Debug, Clone, Copy)]
struct Node {
    parent: u32,
    first_child: u32,
    next_sibling: u32,
    /// Index of the entry shown, or shown last; of an implied directory, where
    /// its name is.
    entry: u32,
    layer: u16,
    /// Flags, and in the lower bits one more than the layer that wrote here last.
    state: u16,
}

impl Node {
    /// The path exists.
    const PRESENT: u16 = 0x8000;
    /// A directory that no layer has an entry for.
    const IMPLIED: u16 = 0x4000;
    /// Another name of a file: the inode is in `Tree::links`.
    const LINKED: u16 = 0x2000;
    /// Room for [`crate::codec::Limits::LAYERS`].
    const TOUCHED: u16 = 0x1fff;

    fn has(&self, flag: u16) -> bool {
        self.state & flag != 0
    }
}

/// The merged file system of an image.
#[derive(Debug)]
pub struct Tree {
    layers: Vec<Arc<LayerContent>>,
    nodes: Vec<Node>,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Names of directories that have no entry.
    implied_text: Vec<u8>,
    implied: Vec<(u32, u32)>,
    /// The inode of each node that is a further name of one.
    links: HashMap<NodeId, EntryId>,
    /// How many names each inode with several has.
    names: HashMap<EntryId, u32>,
    /// Absent nodes that are in no list of children.
    unlisted: HashSet<NodeId>,
}

impl Tree {
    fn empty(layers: Vec<Arc<LayerContent>>) -> Self {
        let mut tree = Tree {
            layers,
            nodes: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            implied_text: Vec::new(),
            implied: vec![(0, 0)],
            links: HashMap::new(),
            names: HashMap::new(),
            unlisted: HashSet::new(),
        };
        tree.nodes.push(Node {
            parent: ROOT,
            first_child: NONE,
            next_sibling: NONE,
            entry: 0,
            layer: 0,
            state: Node::PRESENT | Node::IMPLIED,
        });
        tree
    }

    /// The layers that the tree was merged from.
    pub fn layers(&self) -> &[Arc<LayerContent>] {
        &self.layers
    }

    /// Number of paths ever seen, absent ones included.
    pub fn path_count(&self) -> usize {
        self.nodes.len()
    }

    /// The entry `id`.
    pub fn entry(&self, id: EntryId) -> EntryRef<'_> {
        self.layers[id.layer as usize].changeset.entry(id.index)
    }

    /// Whether the path exists in the merged tree.
    pub fn is_present(&self, node: NodeId) -> bool {
        self.nodes[node as usize].has(Node::PRESENT)
    }

    /// The directory that the path is in; the root is in itself.
    pub fn parent(&self, node: NodeId) -> NodeId {
        self.nodes[node as usize].parent
    }

    /// The entry that gave the path its name, which for further names of a
    /// file is the hard link; `None` for directories without an entry.
    pub fn own_entry(&self, node: NodeId) -> Option<EntryId> {
        let n = &self.nodes[node as usize];
        (!n.has(Node::IMPLIED)).then_some(EntryId {
            layer: u32::from(n.layer),
            index: n.entry,
        })
    }

    /// The entry whose contents and metadata the path shows: that of the file
    /// itself for all of its names.
    pub fn inode(&self, node: NodeId) -> Option<EntryId> {
        if self.nodes[node as usize].has(Node::LINKED) {
            return self.links.get(&node).copied();
        }
        self.own_entry(node)
    }

    /// Whether several present paths are names of this inode.
    pub fn has_links(&self, inode: EntryId) -> bool {
        self.names.contains_key(&inode)
    }

    /// What the path is, directories without an entry included. A hard link
    /// whose target does not exist stays a [`EntryKind::HardLink`].
    pub fn kind(&self, node: NodeId) -> EntryKind {
        match self.inode(node) {
            Some(id) => self.entry(id).kind(),
            None => EntryKind::Directory,
        }
    }

    /// Last component of the path; empty for the root.
    pub fn name(&self, node: NodeId) -> &[u8] {
        let n = &self.nodes[node as usize];
        if n.has(Node::IMPLIED) {
            let (start, len) = self.implied[n.entry as usize];
            return &self.implied_text[start as usize..][..len as usize];
        }
        self.layers[usize::from(n.layer)]
            .changeset
            .entry(n.entry)
            .name()
    }

    /// The whole path, relative to the root.
    pub fn path(&self, node: NodeId) -> Vec<u8> {
        let mut parts = Vec::new();
        let mut at = node;
        while at != ROOT {
            parts.push(self.name(at));
            at = self.parent(at);
        }
        parts.reverse();
        parts.join(&b'/')
    }

    /// The node of `path` (relative, normalised), present or not. Symbolic
    /// links are not followed.
    pub fn find(&self, path: &[u8]) -> Option<NodeId> {
        let mut node = ROOT;
        for name in path.split(|&b| b == b'/').filter(|name| !name.is_empty()) {
            node = self.child(node, name)?;
        }
        Some(node)
    }

    /// The node of `name` in `parent`, present or not.
    pub fn child(&self, parent: NodeId, name: &[u8]) -> Option<NodeId> {
        let hash = self.hasher.hash_one((parent, name));
        self.index
            .find(hash, |&node| {
                self.nodes[node as usize].parent == parent && self.name(node) == name
            })
            .copied()
    }

    /// Present children, in no particular order.
    pub fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let mut next = self.nodes[node as usize].first_child;
        std::iter::from_fn(move || {
            while next != NONE {
                let child = next;
                next = self.nodes[child as usize].next_sibling;
                if self.is_present(child) {
                    return Some(child);
                }
            }
            None
        })
    }

    /// Bytes on the heap, the changesets included.
    pub fn heap_bytes(&self) -> usize {
        let layers: usize = self
            .layers
            .iter()
            .map(|layer| layer.changeset.heap_bytes())
            .sum();
        layers
            + self.nodes.capacity() * size_of::<Node>()
            // One control byte a bucket besides the number.
            + self.index.capacity() * 8 / 7 * (size_of::<u32>() + 1)
            + self.implied_text.capacity()
            + self.implied.capacity() * size_of::<(u32, u32)>()
            + self.links.capacity() * (size_of::<(NodeId, EntryId)>() + 1)
            + self.names.capacity() * (size_of::<(EntryId, u32)>() + 1)
            + self.unlisted.capacity() * (size_of::<NodeId>() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::Node;

    #[test]
    fn a_path_takes_twenty_bytes() {
        assert_eq!(size_of::<Node>(), 20);
        assert!(crate::codec::Limits::LAYERS < usize::from(Node::TOUCHED));
    }
}

//! The merged tree as closures read it.

use std::io;

use crate::closure::{Files, Found, Kind, NodeId};
use crate::layer::EntryKind;
use crate::tree::Tree;

/// A tree whose contents are at hand.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The tree.
    pub tree: &'a Tree,
}

impl Files for View<'_> {
    fn resolve(&self, path: &[u8]) -> Option<Found> {
        let (node, crossed) = self.tree.trace(path)?;
        Some(Found { node, crossed })
    }

    fn locate(&self, path: &[u8]) -> Option<NodeId> {
        self.tree.locate(path)
    }

    fn kind(&self, node: NodeId) -> Kind {
        match self.tree.kind(node) {
            EntryKind::File => Kind::File,
            EntryKind::Directory => Kind::Directory,
            EntryKind::Symlink => Kind::Symlink,
            _ => Kind::Other,
        }
    }

    fn size(&self, node: NodeId) -> u64 {
        let inode = self.tree.inode(node);
        inode.map_or(0, |id| self.tree.entry(id).size())
    }

    fn path(&self, node: NodeId) -> Vec<u8> {
        let mut path = b"/".to_vec();
        path.extend_from_slice(&self.tree.path(node));
        path
    }

    fn children(&self, dir: NodeId) -> Vec<(Vec<u8>, NodeId)> {
        let children = self.tree.children(dir);
        let mut named: Vec<_> = children
            .map(|node| (self.tree.name(node).to_vec(), node))
            .collect();
        named.sort_unstable();
        named
    }

    fn read(&self, node: NodeId, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        match self.tree.inode(node) {
            Some(id) if self.tree.entry(id).kind() == EntryKind::File => {
                self.tree.read(id, offset, len)
            }
            _ => Err(io::Error::other("no regular file")),
        }
    }
}

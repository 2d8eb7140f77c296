//! The paths that a map draws, each with the bytes that are stored for it.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Directories below each other that are told apart. What is deeper counts for
/// the last one: nobody looks there, and pages must stay small.
const DEEPEST: u16 = 96;

/// The top directory.
pub(super) const TOP: u32 = 0;

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    File,
    /// A further name of a file that was counted at its first.
    HardLink,
    /// A symbolic link, a device or a FIFO: it has no bytes.
    Other,
    /// Several paths that are not told apart.
    Fold,
}

/// One path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) parent: u32,
    pub(super) name: &'a [u8],
    pub(super) kind: Kind,
    /// Of a fold, the paths in it that are no directories.
    pub(super) paths: u32,
    depth: u16,
}

/// Bytes that are stored for a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    pub(super) node: u32,
    /// What they belong to besides the path: the layer, say.
    pub(super) group: u32,
    /// What is to be said of them.
    pub(super) mark: u32,
    pub(super) bytes: u64,
}

/// Paths in an arena; parents have smaller numbers than what is in them.
pub(super) struct Forest<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) parts: Vec<Part>,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<'a> Forest<'a> {
    pub(super) fn new() -> Self {
        Forest {
            nodes: vec![Node {
                parent: TOP,
                name: b"",
                kind: Kind::Directory,
                paths: 0,
                depth: 0,
            }],
            parts: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// The path `name` in `parent`, which is new or known. A path that is too
    /// deep is a fold of its directory.
    pub(super) fn child(&mut self, parent: u32, name: &'a [u8], kind: Kind) -> u32 {
        let above = self.nodes[parent as usize];
        if above.kind == Kind::Fold || above.depth == DEEPEST {
            let fold = match above.kind {
                Kind::Fold => parent,
                _ => self.find_or_add(parent, b"", Kind::Fold),
            };
            let fold_node = &mut self.nodes[fold as usize];
            fold_node.paths = fold_node
                .paths
                .saturating_add(u32::from(kind != Kind::Directory));
            return fold;
        }
        self.find_or_add(parent, name, kind)
    }

    fn find_or_add(&mut self, parent: u32, name: &'a [u8], kind: Kind) -> u32 {
        let hash = self.hasher.hash_one((parent, name));
        let nodes = &self.nodes;
        let same = |&node: &u32| {
            let node = &nodes[node as usize];
            node.parent == parent && node.name == name
        };
        if let Some(&node) = self.index.find(hash, same) {
            return node;
        }
        let depth = nodes[parent as usize].depth + 1;
        let node = self.nodes.len() as u32;
        self.nodes.push(Node {
            parent,
            name,
            kind,
            paths: 0,
            depth,
        });
        let (nodes, hasher) = (&self.nodes, &self.hasher);
        self.index.insert_unique(hash, node, |&node| {
            let node = &nodes[node as usize];
            hasher.hash_one((node.parent, node.name))
        });
        node
    }

    /// The node of a path with slashes; its directories are made if they are new.
    pub(super) fn path(&mut self, path: &'a [u8], kind: Kind) -> u32 {
        let mut node = TOP;
        let mut names = path
            .split(|&byte| byte == b'/')
            .filter(|name| !name.is_empty())
            .peekable();
        while let Some(name) = names.next() {
            let kind = match names.peek() {
                Some(_) => Kind::Directory,
                None => kind,
            };
            node = self.child(node, name, kind);
        }
        node
    }

    /// Adds bytes to a path.
    pub(super) fn add(&mut self, node: u32, group: u32, mark: u32, bytes: u64) {
        if bytes > 0 {
            self.parts.push(Part {
                node,
                group,
                mark,
                bytes,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_again() {
        let mut forest = Forest::new();
        let file = forest.path(b"usr/lib/x", Kind::File);
        assert_eq!(forest.path(b"usr/lib/x", Kind::File), file);
        assert_eq!(forest.nodes.len(), 4);
        assert_eq!(forest.nodes[file as usize].kind, Kind::File);
        assert_eq!(forest.nodes[1].kind, Kind::Directory);
    }

    #[test]
    fn endless_depth_ends() {
        let path = b"d/".repeat(5_000);
        let mut forest = Forest::new();
        let deep = forest.path(&path, Kind::File);
        assert_eq!(forest.path(&path, Kind::File), deep);
        assert_eq!(forest.nodes.len(), usize::from(DEEPEST) + 2);
        assert_eq!(forest.nodes[deep as usize].kind, Kind::Fold);
        assert_eq!(forest.nodes[deep as usize].paths, 2);
    }
}

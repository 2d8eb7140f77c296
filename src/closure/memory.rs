//! A tree in memory, for tests.
#![allow(clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::io;

use super::{Files, Found, Kind, NodeId};

enum Entry {
    File(Vec<u8>),
    Directory(BTreeMap<Vec<u8>, NodeId>),
    Link(Vec<u8>),
}

/// A tree in memory; parents are made as needed.
pub(crate) struct Memory {
    nodes: Vec<(NodeId, Vec<u8>, Entry)>,
}

impl Memory {
    pub fn new() -> Self {
        Self {
            nodes: vec![(0, Vec::new(), Entry::Directory(BTreeMap::new()))],
        }
    }

    pub fn file(&mut self, path: &str, bytes: Vec<u8>) -> NodeId {
        self.put(path, Entry::File(bytes))
    }

    pub fn link(&mut self, path: &str, target: &str) -> NodeId {
        self.put(path, Entry::Link(target.into()))
    }

    /// An empty directory, or the one that is there.
    pub fn directory(&mut self, path: &str) -> NodeId {
        match self.resolve(path.as_bytes()) {
            Some(found) => found.node,
            None => self.put(path, Entry::Directory(BTreeMap::new())),
        }
    }

    fn put(&mut self, path: &str, entry: Entry) -> NodeId {
        let (dir, name) = path.rsplit_once('/').unwrap();
        let parent = match (dir, self.resolve(dir.as_bytes())) {
            ("", _) => 0,
            (_, Some(found)) => found.node,
            _ => self.put(dir, Entry::Directory(BTreeMap::new())),
        };
        let id = self.nodes.len() as NodeId;
        self.nodes.push((parent, name.into(), entry));
        let Entry::Directory(children) = &mut self.nodes[parent as usize].2 else {
            panic!()
        };
        children.insert(name.into(), id);
        id
    }
}

impl Files for Memory {
    fn resolve(&self, path: &[u8]) -> Option<Found> {
        let parts = |path: &[u8]| -> Vec<Vec<u8>> {
            path.rsplit(|b| *b == b'/')
                .filter(|p| !p.is_empty())
                .map(<[u8]>::to_vec)
                .collect()
        };
        let (mut node, mut crossed, mut todo) = (0, Vec::new(), parts(path));
        while let Some(part) = todo.pop() {
            let (parent, _, Entry::Directory(children)) = &self.nodes[node as usize] else {
                return None;
            };
            if part == b".." {
                node = *parent;
                continue;
            }
            let next = *children.get(&part)?;
            if let Entry::Link(target) = &self.nodes[next as usize].2 {
                crossed.push(next);
                if crossed.len() > 40 {
                    return None;
                }
                node = if target.starts_with(b"/") { 0 } else { node };
                todo.extend(parts(target));
            } else {
                node = next;
            }
        }
        Some(Found { node, crossed })
    }

    fn kind(&self, node: NodeId) -> Kind {
        match self.nodes[node as usize].2 {
            Entry::File(_) => Kind::File,
            Entry::Directory(_) => Kind::Directory,
            Entry::Link(_) => Kind::Symlink,
        }
    }

    fn size(&self, node: NodeId) -> u64 {
        match &self.nodes[node as usize].2 {
            Entry::File(bytes) => bytes.len() as u64,
            _ => 0,
        }
    }

    fn path(&self, node: NodeId) -> Vec<u8> {
        let (parent, name, _) = &self.nodes[node as usize];
        let mut path = if *parent == 0 {
            Vec::new()
        } else {
            self.path(*parent)
        };
        path.push(b'/');
        path.extend(name);
        path
    }

    fn children(&self, dir: NodeId) -> Vec<(Vec<u8>, NodeId)> {
        match &self.nodes[dir as usize].2 {
            Entry::Directory(children) => children.iter().map(|(n, id)| (n.clone(), *id)).collect(),
            _ => Vec::new(),
        }
    }

    fn read(&self, node: NodeId, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let Entry::File(bytes) = &self.nodes[node as usize].2 else {
            panic!()
        };
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let end = start.saturating_add(len).min(bytes.len());
        Ok(bytes[start..end].to_vec())
    }
}

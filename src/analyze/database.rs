//! Package databases: which contents to keep of a stream, and the final tree
//! as package readers see it.

use std::io;

use super::packages::{self, Package, PackageTree};
use crate::layer::{EntryKind, WantedContents};
use crate::tree::{EntryId, NodeId, ROOT, Step, Tree};

/// Keeps the contents of package databases while a layer passes.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseContents;

/// A database larger than this is not kept: rpm's, the largest, stay far below.
const LARGEST: u64 = 256 << 20;

impl WantedContents for DatabaseContents {
    fn wants(&self, path: &[u8], size: u64) -> bool {
        size <= LARGEST && packages::wanted(path)
    }
}

/// Lists the packages of the final tree.
pub(super) fn packages(tree: &Tree) -> io::Result<(Vec<Package>, Vec<String>)> {
    let mut databases = Vec::new();
    let mut path = Vec::new();
    for step in tree.walk() {
        match step {
            Step::Enter(ROOT) | Step::Leave(ROOT) => {}
            Step::Enter(node) => {
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(tree.name(node));
                if tree.kind(node) == EntryKind::File && packages::wanted(&path) {
                    databases.push(path.clone());
                }
            }
            Step::Leave(node) => {
                let rest = path.len() - tree.name(node).len();
                path.truncate(rest.saturating_sub(1));
            }
        }
    }
    databases.sort();
    packages::packages(&View { tree, databases })
}

struct View<'a> {
    tree: &'a Tree,
    databases: Vec<Vec<u8>>,
}

impl View<'_> {
    fn file(&self, node: NodeId) -> Option<EntryId> {
        let file = self.tree.inode(node)?;
        (self.tree.entry(file).kind() == EntryKind::File).then_some(file)
    }
}

fn identity(file: EntryId) -> u64 {
    u64::from(file.layer) << 32 | u64::from(file.index)
}

impl PackageTree for View<'_> {
    fn read(&self, path: &[u8], limit: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(node) = self.tree.follow(path) else {
            return Ok(None);
        };
        let Some(file) = self.file(node) else {
            return Ok(None);
        };
        self.tree.kept(file, limit)
    }

    fn size(&self, path: &[u8]) -> Option<(u64, u64)> {
        let node = self.tree.locate(path)?;
        let file = self.file(node)?;
        Some((self.tree.entry(file).size(), identity(file)))
    }

    fn databases(&self) -> &[Vec<u8>] {
        &self.databases
    }

    fn files_below(
        &self,
        dir: &[u8],
        skip: &dyn Fn(&[u8]) -> bool,
        visit: &mut dyn FnMut(u64, u64),
    ) {
        let Some(top) = self.tree.follow(dir) else {
            return;
        };
        let mut stack = vec![top];
        while let Some(dir) = stack.pop() {
            for node in self.tree.children(dir) {
                if self.tree.kind(node) == EntryKind::Directory {
                    if !skip(self.tree.name(node)) {
                        stack.push(node);
                    }
                } else if let Some(file) = self.file(node) {
                    visit(self.tree.entry(file).size(), identity(file));
                }
            }
        }
    }
}

//! Where the licences of packages are.

use crate::closure::files::{Files, Found, Kind, NodeId, join};

use super::package::{Manager, Package};

/// Files below all directories of licences together.
const MOST_FILES: usize = 1 << 20;

/// Looks for licences, within bounds.
pub(super) struct Licences<'a> {
    files: &'a dyn Files,
    left: usize,
}

impl<'a> Licences<'a> {
    pub fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            left: MOST_FILES,
        }
    }

    /// Whether there were too many.
    pub fn incomplete(&self) -> bool {
        self.left == 0
    }

    /// Adds those that have the package's name to those that it knows itself.
    pub fn add(&mut self, package: &mut Package) {
        let name = package.name.as_bytes();
        if !name.contains(&b'/') && !matches!(name, b"" | b"." | b"..") {
            if package.manager == Manager::Dpkg {
                let dir = join(b"/usr/share/doc", name);
                self.follow(&join(&dir, b"copyright"), &mut package.licences);
            }
            let dir = join(b"/usr/share/licenses", name);
            self.below(&dir, &mut package.licences);
        }
        package.licences.sort_unstable();
        package.licences.dedup();
    }

    /// A text, and the links that lead to it: Debian's packages of one source often share one.
    fn follow(&self, path: &[u8], nodes: &mut Vec<NodeId>) -> Option<NodeId> {
        let Found { node, crossed } = self.files.resolve(path)?;
        nodes.extend(crossed);
        nodes.push(node);
        Some(node)
    }

    fn below(&mut self, dir: &[u8], nodes: &mut Vec<NodeId>) {
        let Some(found) = self.files.resolve(dir) else {
            return;
        };
        nodes.extend(found.crossed);
        let mut todo = vec![found.node];
        // Links are followed by one step, not walked: so this ends.
        while let Some(node) = todo.pop() {
            for (_, child) in self.files.children(node) {
                let Some(left) = self.left.checked_sub(1) else {
                    return;
                };
                self.left = left;
                match self.files.kind(child) {
                    Kind::Directory => todo.push(child),
                    Kind::Symlink => {
                        self.follow(&self.files.path(child), nodes);
                    }
                    _ => nodes.push(child),
                }
            }
        }
    }
}

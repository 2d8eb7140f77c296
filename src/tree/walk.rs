//! Ordered traversal of the present paths.

use super::{NodeId, ROOT, Tree};
use crate::layer::EntryKind;

/// What a walk comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A path, before everything below it.
    Enter(NodeId),
    /// The same path, after everything below it.
    Leave(NodeId),
}

/// Depth first, siblings by the bytes of their names. Does not recurse: trees
/// may be thousands of directories deep.
#[derive(Debug)]
pub struct Walk<'a> {
    tree: &'a Tree,
    stack: Vec<Step>,
}

impl Tree {
    /// Walks all present paths from the root.
    pub fn walk(&self) -> Walk<'_> {
        self.walk_from(ROOT)
    }

    /// Walks `node` and everything below it.
    pub fn walk_from(&self, node: NodeId) -> Walk<'_> {
        Walk {
            tree: self,
            stack: vec![Step::Enter(node)],
        }
    }

    /// All present paths in the order of the walk, the root first.
    pub fn paths(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.walk().filter_map(|step| match step {
            Step::Enter(node) => Some(node),
            Step::Leave(_) => None,
        })
    }
}

/// Links followed for one path before it counts as a cycle, as in Linux.
const HOPS: usize = 40;

impl Tree {
    /// The present node that `path` leads to, symbolic links followed inside
    /// the root, the last component's too.
    pub fn follow(&self, path: &[u8]) -> Option<NodeId> {
        self.look_up(path, true)
    }

    /// The present node of `path`, symbolic links followed in its directories only.
    pub fn locate(&self, path: &[u8]) -> Option<NodeId> {
        self.look_up(path, false)
    }

    fn look_up(&self, path: &[u8], follow_last: bool) -> Option<NodeId> {
        let mut node = ROOT;
        let mut hops = 0;
        // Components still to go, the next one last.
        let mut todo: Vec<&[u8]> = path.rsplit(|&b| b == b'/').collect();
        while let Some(name) = todo.pop() {
            match name {
                b"" | b"." => continue,
                b".." => {
                    node = self.parent(node);
                    continue;
                }
                _ => {}
            }
            let child = self.child(node, name).filter(|&c| self.is_present(c))?;
            let is_last = todo.iter().all(|rest| rest.is_empty());
            if self.kind(child) != EntryKind::Symlink || (is_last && !follow_last) {
                node = child;
                continue;
            }
            hops += 1;
            if hops > HOPS {
                return None;
            }
            let target = self.entry(self.inode(child)?).link().unwrap_or_default();
            if target.first() == Some(&b'/') {
                node = ROOT;
            }
            todo.extend(target.rsplit(|&b| b == b'/'));
        }
        Some(node)
    }
}

impl Walk<'_> {
    /// Leaves out what is below the path entered last.
    pub fn skip_children(&mut self) {
        while matches!(self.stack.last(), Some(Step::Enter(_))) {
            self.stack.pop();
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let step = self.stack.pop()?;
        if let Step::Enter(node) = step {
            self.stack.push(Step::Leave(node));
            let from = self.stack.len();
            self.stack.extend(self.tree.children(node).map(Step::Enter));
            let tree = self.tree;
            let name = |step: &Step| match *step {
                Step::Enter(node) | Step::Leave(node) => tree.name(node),
            };
            // The next one is popped off the end.
            self.stack[from..].sort_unstable_by(|a, b| name(b).cmp(name(a)));
        }
        Some(step)
    }
}

//! Ordered traversal of the present paths.

use super::resolve::{Budget, components};
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

    /// As [`Tree::follow`], with every symbolic link on the way in the order it
    /// was crossed.
    pub fn trace(&self, path: &[u8]) -> Option<(NodeId, Vec<NodeId>)> {
        let mut crossed = Vec::new();
        let node = self.look_up_with(path, true, &mut |link| crossed.push(link))?;
        Some((node, crossed))
    }

    fn look_up(&self, path: &[u8], follow_last: bool) -> Option<NodeId> {
        self.look_up_with(path, follow_last, &mut |_| ())
    }

    fn look_up_with(
        &self,
        path: &[u8],
        follow_last: bool,
        crossed: &mut dyn FnMut(NodeId),
    ) -> Option<NodeId> {
        let mut node = ROOT;
        let mut budget = Budget::default();
        // Components still to go, the next one last.
        let mut todo: Vec<&[u8]> = components(path).rev().collect();
        while let Some(name) = todo.pop() {
            if name == b".." {
                node = self.parent(node);
                continue;
            }
            let child = self.child(node, name).filter(|&c| self.is_present(c))?;
            if self.kind(child) != EntryKind::Symlink || (todo.is_empty() && !follow_last) {
                node = child;
                continue;
            }
            let target = self.link_target(child);
            if !budget.allows(target) {
                return None;
            }
            crossed(child);
            if target.first() == Some(&b'/') {
                node = ROOT;
            }
            todo.extend(components(target).rev());
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

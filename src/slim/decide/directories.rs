//! Which directories stay: those that hold something, and those that somebody
//! made for a program to find.

use super::{Decider, Verdict};
use crate::closure::{self, Files, NodeId};
use crate::slim::inert::Inert;
use crate::slim::reason::{By, Gone, Kind, Reason};
use crate::tree::{ROOT, Step};

impl Decider<'_> {
    /// Directories, from the innermost out.
    pub(super) fn directories(&mut self, inert: &Inert<'_>) {
        let view = self.subject.view;
        let tree = view.tree;
        let steps: Vec<Step> = tree.walk().collect();
        for step in steps {
            let Step::Leave(node) = step else { continue };
            if view.kind(node) != closure::Kind::Directory {
                continue;
            }
            let excluded = matches!(
                self.verdicts.get(node as usize),
                Some(Some(Verdict::Gone(Gone::Excluded)))
            );
            let mut children = tree.children(node).peekable();
            let was_empty = children.peek().is_none();
            let holds = children.any(|child| self.kept(child));
            let verdict = match (holds, excluded) {
                (true, _) => Verdict::Kept(self.directory_reason(node)),
                (false, true) => continue,
                (false, false) => self.empty_directory(node, was_empty, inert),
            };
            self.set(node, verdict);
        }
    }

    fn directory_reason(&self, node: NodeId) -> Reason {
        let own = self.reason(node).cloned();
        own.unwrap_or_else(|| {
            let mut children = self.tree().children(node).filter(|&child| self.kept(child));
            let first = children.next();
            Reason::new(first.map_or(By::Itself, By::Node), Kind::Directory)
        })
    }

    fn empty_directory(&self, node: NodeId, was_empty: bool, inert: &Inert<'_>) -> Verdict {
        if let Some(reason) = self.reason(node) {
            return Verdict::Kept(reason.clone());
        }
        if node == ROOT {
            return Verdict::Kept(Reason::new(By::Itself, Kind::Always));
        }
        let owners = self.subject.units.directory_owners(node);
        let owner = owners.iter().copied().find(|&unit| self.unit_stays(unit));
        let kept = match owner {
            _ if !was_empty && inert.fills(&self.tree().path(node)) => None,
            Some(unit) => Some(Reason::new(By::Unit(unit), Kind::PartOf)),
            // Made by hand, for a program to find it.
            None if owners.is_empty() && (was_empty || self.is_special(node)) => {
                Some(Reason::new(By::Itself, Kind::Unowned))
            }
            None => None,
        };
        kept.map_or(Verdict::Gone(Gone::EmptyDirectory), Verdict::Kept)
    }

    /// Whether somebody but root may write there.
    fn is_special(&self, node: NodeId) -> bool {
        let Some(id) = self.tree().own_entry(node) else {
            return false;
        };
        let owner = self.tree().entry(id).owner();
        owner.uid != 0 || owner.mode & 0o022 != 0
    }
}

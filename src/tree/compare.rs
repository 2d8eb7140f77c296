//! What differs between two file systems.

use super::digest::{ContentDigests, fixed_of};
use super::{EntryId, NodeId, ROOT, Tree};
use crate::layer::{EntryKind, EntryRef};

use hashbrown::HashMap;

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Difference {
    /// Only the new tree has it.
    Added,
    /// Only the old tree has it.
    Removed,
    /// It is of another type.
    Kind,
    /// Other contents, another link target, other device numbers.
    Content,
    /// Another mode or owner.
    Owner,
    /// Another modification time, and nothing else.
    Time,
    /// Other extended attributes.
    Attributes,
    /// It shares its contents with other names than before.
    HardLinks,
}

impl Difference {
    /// The word for it in data.
    pub fn name(self) -> &'static str {
        match self {
            Difference::Added => "added",
            Difference::Removed => "removed",
            Difference::Kind => "kind",
            Difference::Content => "content",
            Difference::Owner => "owner",
            Difference::Time => "time",
            Difference::Attributes => "attributes",
            Difference::HardLinks => "hardlinks",
        }
    }
}

/// A path that is not the same in both trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeChange {
    /// The path, relative to the root.
    pub path: Vec<u8>,
    /// The first thing that differs, in the order of [`Difference`].
    pub difference: Difference,
    /// The path in each tree, where it is.
    pub nodes: (Option<NodeId>, Option<NodeId>),
}

/// A tree with the digests of all its files.
#[derive(Debug, Clone, Copy)]
pub struct Digested<'a> {
    /// The tree.
    pub tree: &'a Tree,
    /// Its files' digests, see [`Tree::digest_files`].
    pub contents: &'a ContentDigests,
}

/// All paths that differ, in the order of a sorted walk of both trees at once.
/// Paths below one that was added or removed are listed as well.
pub fn compare(old: Digested<'_>, new: Digested<'_>) -> Vec<TreeChange> {
    let mut comparison = Comparison {
        old,
        new,
        groups: HashMap::new(),
        found: Vec::new(),
    };
    comparison.run();
    comparison.found
}

struct Comparison<'a> {
    old: Digested<'a>,
    new: Digested<'a>,
    /// For inodes with several names, the pair of inodes at the first name.
    groups: HashMap<(bool, EntryId), (Option<EntryId>, Option<EntryId>)>,
    found: Vec<TreeChange>,
}

type Pair = (Option<NodeId>, Option<NodeId>);

impl Comparison<'_> {
    fn run(&mut self) {
        let mut stack: Vec<Pair> = vec![(Some(ROOT), Some(ROOT))];
        while let Some(pair) = stack.pop() {
            self.pair(pair);
            let mut children = self.children(pair);
            // The next one is popped off the end.
            children.reverse();
            stack.extend(children);
        }
    }

    /// The children of both, by name.
    fn children(&self, (old, new): Pair) -> Vec<Pair> {
        let mut children: Vec<(&[u8], Pair)> = Vec::new();
        for node in new.into_iter().flat_map(|dir| self.new.tree.children(dir)) {
            let name = self.new.tree.name(node);
            let other = old
                .and_then(|dir| self.old.tree.child(dir, name))
                .filter(|&other| self.old.tree.is_present(other));
            children.push((name, (other, Some(node))));
        }
        for node in old.into_iter().flat_map(|dir| self.old.tree.children(dir)) {
            let name = self.old.tree.name(node);
            let other = new
                .and_then(|dir| self.new.tree.child(dir, name))
                .filter(|&other| self.new.tree.is_present(other));
            if other.is_none() {
                children.push((name, (Some(node), None)));
            }
        }
        children.sort_unstable_by(|a, b| a.0.cmp(b.0));
        children.into_iter().map(|(_, pair)| pair).collect()
    }

    fn pair(&mut self, nodes: Pair) {
        let difference = match nodes {
            (Some(old), Some(new)) => self.differ(old, new),
            (None, Some(_)) => Some(Difference::Added),
            (Some(_), None) => Some(Difference::Removed),
            (None, None) => None,
        };
        if let Some(difference) = difference {
            let path = match nodes {
                (_, Some(new)) => self.new.tree.path(new),
                (Some(old), None) => self.old.tree.path(old),
                (None, None) => return,
            };
            self.found.push(TreeChange {
                path,
                difference,
                nodes,
            });
        }
    }

    fn differ(&mut self, old: NodeId, new: NodeId) -> Option<Difference> {
        let ids = (self.old.tree.inode(old), self.new.tree.inode(new));
        let split = self.split(ids);
        let entries = (
            ids.0.map(|id| self.old.tree.entry(id)),
            ids.1.map(|id| self.new.tree.entry(id)),
        );
        let kind = |entry: Option<EntryRef<'_>>| entry.map_or(EntryKind::Directory, |e| e.kind());
        if kind(entries.0) != kind(entries.1) {
            return Some(Difference::Kind);
        }
        let content =
            |id: Option<EntryId>, entry: Option<EntryRef<'_>>, contents: &ContentDigests| {
                let digest = id.and_then(|id| contents.get(&id).copied());
                (
                    digest,
                    entry.map_or(0, |e| e.size()),
                    entry.and_then(|e| e.device()),
                )
            };
        let link = |entry: Option<EntryRef<'_>>| entry.and_then(|e| e.link().map(<[u8]>::to_vec));
        if content(ids.0, entries.0, self.old.contents)
            != content(ids.1, entries.1, self.new.contents)
            || link(entries.0) != link(entries.1)
        {
            return Some(Difference::Content);
        }
        let (before, after) = (fixed_of(entries.0), fixed_of(entries.1));
        if before.owner != after.owner {
            return Some(Difference::Owner);
        }
        let attributes = |entry: Option<EntryRef<'_>>| -> Vec<(Vec<u8>, Vec<u8>)> {
            let extra = entry.and_then(|e| e.extra());
            extra.map_or_else(Vec::new, |extra| extra.xattrs.clone())
        };
        if attributes(entries.0) != attributes(entries.1) {
            return Some(Difference::Attributes);
        }
        if before.time != after.time {
            return Some(Difference::Time);
        }
        split.then_some(Difference::HardLinks)
    }

    /// Whether one of the two has another first name than the other.
    fn split(&mut self, ids: (Option<EntryId>, Option<EntryId>)) -> bool {
        let linked = (
            ids.0.filter(|&id| self.old.tree.has_links(id)),
            ids.1.filter(|&id| self.new.tree.has_links(id)),
        );
        let mut split = false;
        let keys = [
            linked.0.map(|id| (false, id)),
            linked.1.map(|id| (true, id)),
        ];
        for key in keys.into_iter().flatten() {
            split |= *self.groups.entry(key).or_insert(ids) != ids;
        }
        split
    }
}

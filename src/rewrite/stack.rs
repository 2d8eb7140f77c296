//! One plan → a plan for each layer that the image has, so that a layer of which
//! everything is still shown stays shared with the image that it came from, and
//! an image that differs in its upper layers only has the same lower ones.
//!
//! Each path goes into the layer that made it. What hides the base below them
//! goes into the lowest of the new layers. Directories that a layer lists again,
//! as most do with those above their files, stay in each.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::plan::{Item, Plan, find_dir};
use super::spread::totals;
use crate::layer::{Changeset, EntryKind};
use crate::tree::{EntryId, NodeId, Tree};

/// What becomes of one layer.
#[derive(Debug)]
pub enum Stacked {
    /// All of it is still shown: it stays, byte for byte.
    Same,
    /// It holds less, or something else.
    Changed(Plan),
    /// Nothing of it is shown.
    Gone,
}

/// An item with its place in the layer: parents first, and what hides behind
/// what is hidden in.
type Placed = (usize, u8, Item);

impl Plan {
    /// The layers from `from` on, each with what is left of it; with one more at
    /// the end for changes that no layer had. `before` is the file system of the
    /// image's own layers, of which `full` may be a change, and `base` that of
    /// the layers below `from`.
    ///
    /// What `full` changed is in the layer that had it before.
    pub fn by_layer(self, full: &Tree, before: &Tree, base: &Tree, from: usize) -> Vec<Stacked> {
        let layers = before.layers().len().max(from);
        let homes = Homes {
            full,
            before,
            from: from as u32,
            layers: layers as u32,
        };
        let ranks = ranks(full);
        let rank = |node: Option<NodeId>| {
            let known = node.and_then(|node| ranks.get(node as usize));
            known.copied().unwrap_or(0)
        };
        let mut slots: Vec<Vec<Placed>> = Vec::new();
        slots.resize_with(layers + 1 - from, Vec::new);
        for item in homes.place(self.items) {
            let (rank, sub) = match item {
                Item::Whiteout(gone) => (rank(full.find(&base.path(base.parent(gone)))), 1),
                Item::Opaque(node) => (rank(Some(node)), 1),
                Item::PlainDirectory(node) | Item::Entry(node) => (rank(Some(node)), 0),
                Item::Link { node, .. } | Item::Listed(node, _) => (rank(Some(node)), 0),
            };
            let slot = homes.of(item) as usize - from;
            if let Some(items) = slots.get_mut(slot) {
                items.push((rank, sub, item));
            }
        }
        let stacked = slots.into_iter().enumerate().map(|(slot, mut items)| {
            if items.is_empty() {
                return Stacked::Gone;
            }
            let layer = (from + slot) as u32;
            if let Some(content) = before.layers().get(layer as usize) {
                for (node, id) in listed(full, &content.changeset, layer) {
                    items.push((rank(Some(node)), 0, Item::Listed(node, id)));
                }
            }
            // Stable: markers of one directory are in the order of their names.
            items.sort_by_key(|&(rank, sub, _)| (rank, sub));
            let items: Vec<Item> = items.into_iter().map(|(_, _, item)| item).collect();
            match is_whole(full, layer, &items) {
                true => Stacked::Same,
                false => Stacked::Changed(Plan {
                    totals: totals(full, &items),
                    items,
                }),
            }
        });
        stacked.collect()
    }
}

/// For each node its place in a walk.
fn ranks(full: &Tree) -> Vec<usize> {
    let mut ranks = vec![0; full.path_count()];
    for (number, node) in full.paths().enumerate() {
        if let Some(rank) = ranks.get_mut(node as usize) {
            *rank = number + 1;
        }
    }
    ranks
}

/// Directories that a layer lists and a higher one lists again.
fn listed(full: &Tree, set: &Changeset, layer: u32) -> BTreeMap<NodeId, EntryId> {
    let mut found = BTreeMap::new();
    for (index, entry) in set.entries().enumerate() {
        if entry.kind() != EntryKind::Directory {
            continue;
        }
        let dir = find_dir(full, set, entry.parent());
        // The root's own entry has no name.
        let node = match (dir, entry.name()) {
            (dir, b"") => dir,
            (dir, name) => dir.and_then(|dir| full.child(dir, name)),
        };
        let node = node.filter(|&node| {
            let own = full.own_entry(node);
            full.is_present(node)
                && full.kind(node) == EntryKind::Directory
                && own.is_some_and(|own| own.layer > layer)
        });
        if let Some(node) = node {
            let index = index as u32;
            found.insert(node, EntryId { layer, index });
        }
    }
    found
}

struct Homes<'a> {
    full: &'a Tree,
    before: &'a Tree,
    from: u32,
    /// How many layers the image has.
    layers: u32,
}

impl Homes<'_> {
    /// The layer that an item goes into.
    fn of(&self, item: Item) -> u32 {
        match item {
            Item::Whiteout(_) | Item::Opaque(_) => self.from,
            // A layer that stays may hide what is below the one that it is in.
            Item::PlainDirectory(_) => self.layers.saturating_sub(1).max(self.from),
            Item::Listed(_, id) => id.layer,
            Item::Entry(node) | Item::Link { node, .. } => self.of_node(node),
        }
    }

    fn of_node(&self, node: NodeId) -> u32 {
        let own = self.full.own_entry(node).map_or(self.from, |id| id.layer);
        let home = match own < self.layers {
            true => own,
            // Changed: it replaces what was there.
            false => {
                let old = self.before.find(&self.full.path(node));
                let old = old.and_then(|old| self.before.own_entry(old));
                old.map_or(self.layers, |id| id.layer)
            }
        };
        // What the base had is changed above it.
        home.max(self.from)
    }

    /// Makes that name of a file the first which is in the lowest layer: no
    /// name can lead to one in a layer above it.
    fn place(&self, items: Vec<Item>) -> Vec<Item> {
        let mut first: HashMap<EntryId, (u32, NodeId)> = HashMap::new();
        for &item in &items {
            let node = match item {
                Item::Entry(node) => node,
                Item::Link { node, to } if self.is_new(to) => node,
                _ => continue,
            };
            let Some(inode) = self.full.inode(node) else {
                continue;
            };
            if !self.full.has_links(inode) || self.full.kind(node) == EntryKind::Directory {
                continue;
            }
            let home = self.of_node(node);
            let known = first.entry(inode).or_insert((home, node));
            if home < known.0 {
                *known = (home, node);
            }
        }
        let placed = items.into_iter().map(|item| {
            let (Item::Entry(node) | Item::Link { node, .. }) = item else {
                return item;
            };
            let inode = self.full.inode(node);
            match inode.and_then(|inode| first.get(&inode)) {
                Some(&(_, to)) if to == node => Item::Entry(node),
                Some(&(_, to)) => Item::Link { node, to },
                None => item,
            }
        });
        placed.collect()
    }

    fn is_new(&self, node: NodeId) -> bool {
        let own = self.full.own_entry(node);
        own.is_some_and(|id| id.layer >= self.from)
    }
}

/// Whether a layer has exactly these entries, each at the path where it is.
fn is_whole(full: &Tree, layer: u32, items: &[Item]) -> bool {
    let Some(content) = full.layers().get(layer as usize) else {
        return false;
    };
    let set = &content.changeset;
    let stored = set.entries().filter(|entry| {
        let kind = entry.kind();
        kind != EntryKind::Whiteout && kind != EntryKind::Opaque
    });
    if stored.count() != items.len() {
        return false;
    }
    items.iter().all(|&item| {
        if matches!(item, Item::Listed(..)) {
            return true;
        }
        let (Item::Entry(node) | Item::Link { node, .. }) = item else {
            return false;
        };
        let Some(own) = full.own_entry(node).filter(|own| own.layer == layer) else {
            return false;
        };
        let entry = full.entry(own);
        // Written through a link that may be in another layer now.
        let (mut dir, mut above) = (entry.parent(), full.parent(node));
        while dir != 0 {
            let (parent, name) = set.dir(dir);
            if full.name(above) != name {
                return false;
            }
            (dir, above) = (parent, full.parent(above));
        }
        if entry.kind() != EntryKind::HardLink {
            return matches!(item, Item::Entry(_));
        }
        let target = entry.link().and_then(|target| full.find(target));
        let same = target.is_some_and(|target| full.inode(target) == full.inode(node));
        same && matches!(item, Item::Link { .. })
    })
}

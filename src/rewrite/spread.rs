//! One plan → the plans of several layers, so that they can be fetched in
//! parallel and compress well.
//!
//! The first layer has everything small: directories, links, markers, and files
//! of up to a few kilobytes. The others have the larger files, alike ones next
//! to each other: equal contents side by side cost next to nothing, and files
//! of a kind share what a compressor's window holds. Hard links stay with their
//! file, since some runtimes cannot link across layers. Every layer lists the
//! directories above its files again, as a layer that adds to them would.

use hashbrown::{HashMap, HashSet};

use super::plan::{Item, Plan, Totals};
use crate::layer::{ContentDigest, EntryKind};
use crate::tree::{ContentDigests, EntryId, NodeId, ROOT, Tree};

/// Largest file, in bytes, that goes into the first layer; less where layers
/// are small.
const SMALL: u64 = 4096;

/// Size, in bytes, from which files are put next to those of about their size.
const LARGE: u64 = 256 * 1024;

/// A file and its further names.
struct Unit {
    node: NodeId,
    /// Each with the name that it leads to.
    links: Vec<(NodeId, NodeId)>,
    bytes: u64,
    contents: Option<ContentDigest>,
}

impl Plan {
    /// Spreads the entries over layers of about `layer_bytes` bytes of contents.
    /// A file that is larger has a layer of its own, as have equal files. `digests`
    /// tells which files are equal.
    pub fn spread(self, full: &Tree, digests: &ContentDigests, layer_bytes: u64) -> Vec<Plan> {
        let mut sorter = Sorter {
            full,
            largest: SMALL.min(layer_bytes / 4),
            first: Vec::new(),
            listed: HashSet::new(),
            small: Vec::new(),
            large: Vec::new(),
            of_inode: HashMap::new(),
        };
        for item in self.items {
            sorter.take(item, digests);
        }
        let Sorter {
            mut first,
            listed,
            small,
            large,
            ..
        } = sorter;
        let fits = self.totals.content_bytes <= layer_bytes;
        for unit in alike(full, small) {
            unit.list(&mut first);
        }
        let mut layers = vec![first];
        let mut bytes = match fits {
            // All of it is one layer.
            true => 0,
            false => u64::MAX,
        };
        let mut last = None;
        let mut above = HashSet::new();
        for unit in alike(full, large) {
            let equal = unit.contents.is_some() && unit.contents == last;
            if !equal && bytes.saturating_add(unit.bytes) > layer_bytes {
                layers.push(Vec::new());
                above.clear();
                bytes = 0;
            }
            bytes = bytes.saturating_add(unit.bytes);
            last = unit.contents;
            let Some(layer) = layers.last_mut() else {
                continue;
            };
            if !fits {
                for node in unit.names() {
                    list_above(full, node, &listed, &mut above, layer);
                }
            }
            unit.list(layer);
        }
        layers.retain(|items| !items.is_empty());
        let planned = layers.into_iter().map(|items| Plan {
            totals: totals(full, &items),
            items,
        });
        planned.collect()
    }
}

impl Unit {
    fn names(&self) -> impl Iterator<Item = NodeId> {
        let links = self.links.iter().map(|&(node, _)| node);
        std::iter::once(self.node).chain(links)
    }

    fn list(&self, items: &mut Vec<Item>) {
        items.push(Item::Entry(self.node));
        let links = self.links.iter();
        items.extend(links.map(|&(node, to)| Item::Link { node, to }));
    }
}

struct Sorter<'a> {
    full: &'a Tree,
    /// Of the files in the first layer, in bytes.
    largest: u64,
    /// Markers and directories, then what else is no file.
    first: Vec<Item>,
    /// Directories that have an entry.
    listed: HashSet<NodeId>,
    small: Vec<Unit>,
    large: Vec<Unit>,
    /// Where files with several names are: in `large` or not, and where there.
    of_inode: HashMap<EntryId, (bool, usize)>,
}

impl Sorter<'_> {
    fn take(&mut self, item: Item, digests: &ContentDigests) {
        let node = match item {
            Item::Entry(node) => node,
            Item::Link { node, to } => return self.link(node, to),
            Item::Whiteout(_) | Item::Opaque(_) | Item::PlainDirectory(_) | Item::Listed(..) => {
                return self.first.push(item);
            }
        };
        let Some(id) = self.full.inode(node) else {
            return;
        };
        let entry = self.full.entry(id);
        if entry.kind() == EntryKind::Directory {
            self.listed.insert(node);
            return self.first.push(item);
        }
        let bytes = entry.size();
        let is_large = bytes > self.largest;
        let list = match is_large {
            true => &mut self.large,
            false => &mut self.small,
        };
        if self.full.has_links(id) {
            self.of_inode.insert(id, (is_large, list.len()));
        }
        list.push(Unit {
            node,
            links: Vec::new(),
            bytes,
            contents: digests.get(&id).copied(),
        });
    }

    /// A further name goes where its file is; that of a file in a layer that
    /// stays is small.
    fn link(&mut self, node: NodeId, to: NodeId) {
        let found = self.full.inode(node).and_then(|id| self.of_inode.get(&id));
        let unit = found.and_then(|&(large, at)| match large {
            true => self.large.get_mut(at),
            false => self.small.get_mut(at),
        });
        match unit {
            Some(unit) => unit.links.push((node, to)),
            None => self.first.push(Item::Link { node, to }),
        }
    }
}

/// The files in an order that puts alike ones together.
fn alike(full: &Tree, units: Vec<Unit>) -> Vec<Unit> {
    let mut keyed: Vec<(Key, Unit)> = Vec::with_capacity(units.len());
    // Equal files come where the first of them does.
    let mut first: HashMap<ContentDigest, Key> = HashMap::new();
    for unit in units {
        let own = Key {
            family: family(full, unit.node),
            large: Some(unit.bytes).filter(|&bytes| bytes >= LARGE),
            path: full.path(unit.node),
        };
        let key = match unit.contents {
            Some(digest) => first.entry(digest).or_insert(own).clone(),
            None => own,
        };
        keyed.push((key, unit));
    }
    // Stable: equal files keep the order of their paths.
    keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
    keyed.into_iter().map(|(_, unit)| unit).collect()
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    family: Vec<u8>,
    /// Size of a large file. What lies next to each other in the tree is alike;
    /// of large files, those of about one size are versions of one another.
    large: Option<u64>,
    path: Vec<u8>,
}

/// What a file is of, by its name: machine code, or its extension.
fn family(full: &Tree, node: NodeId) -> Vec<u8> {
    let name = full.name(node);
    let is_library = name.ends_with(b".so") || name.windows(4).any(|part| part == b".so.");
    let executable = full
        .inode(node)
        .is_some_and(|id| full.entry(id).owner().mode & 0o111 != 0);
    let cut = name.iter().rposition(|&b| b == b'.').filter(|&at| at > 0);
    let extension = cut.and_then(|at| name.get(at + 1..)).unwrap_or_default();
    match (is_library, executable, extension) {
        (true, ..) | (false, true, b"") => b"so".to_vec(),
        (_, _, extension) => extension.to_ascii_lowercase(),
    }
}

/// Lists the directories above a path that this layer does not list yet.
fn list_above(
    full: &Tree,
    node: NodeId,
    listed: &HashSet<NodeId>,
    above: &mut HashSet<NodeId>,
    layer: &mut Vec<Item>,
) {
    let mut new = Vec::new();
    let mut at = node;
    while at != ROOT {
        at = full.parent(at);
        if !above.insert(at) {
            break;
        }
        if listed.contains(&at) {
            new.push(Item::Entry(at));
        }
    }
    layer.extend(new.into_iter().rev());
}

pub(super) fn totals(full: &Tree, items: &[Item]) -> Totals {
    let mut totals = Totals::default();
    for item in items {
        totals.entries += 1;
        match *item {
            Item::Whiteout(_) | Item::Opaque(_) => totals.markers += 1,
            Item::Entry(node) => {
                let size = full.inode(node).map_or(0, |id| full.entry(id).size());
                totals.content_bytes = totals.content_bytes.saturating_add(size);
            }
            Item::PlainDirectory(_) | Item::Listed(..) | Item::Link { .. } => {}
        }
    }
    totals
}

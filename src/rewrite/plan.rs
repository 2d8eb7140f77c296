//! Which entries the layer above a base must have.

use hashbrown::{HashMap, HashSet};

use crate::layer::{Changeset, EntryKind};
use crate::oci::escape_bytes;
use crate::tree::{EntryId, NodeId, ROOT, Step, Tree};

/// One entry of the new layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    /// Hides a path of the base, which is a node of the base's tree.
    Whiteout(NodeId),
    /// Hides everything that the base has in this directory.
    Opaque(NodeId),
    /// A directory without an entry that takes the place of one that had one.
    PlainDirectory(NodeId),
    /// The path with its metadata and contents.
    Entry(NodeId),
    /// A directory as a layer has it that is not the last one to list it.
    Listed(NodeId, EntryId),
    /// A further name of the file at another path.
    Link {
        /// The name.
        node: NodeId,
        /// A path that the file has in this layer or below it.
        to: NodeId,
    },
}

/// How much a plan holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Entries, markers included.
    pub entries: u64,
    /// Whiteouts and opaque markers.
    pub markers: u64,
    /// Bytes of files' contents.
    pub content_bytes: u64,
}

/// The entries of one new layer, parents first, siblings by the bytes of their
/// names, markers before anything else in their directory.
#[derive(Debug)]
pub struct Plan {
    pub(super) items: Vec<Item>,
    pub(super) totals: Totals,
}

/// Why no layer can give the same file system.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A hard link to nothing: no tool can unpack it, so nobody knows what
    /// belongs there.
    #[error(
        "{path} is a hard link to {target}, which is not in the image; \
         no runtime can unpack such a layer"
    )]
    DanglingLink {
        /// The link.
        path: String,
        /// What it should lead to.
        target: String,
    },
    /// A path below a link that cannot be followed.
    #[error(
        "{path} lies below a symbolic link that leads around in a circle; \
         no runtime can unpack such a layer"
    )]
    BelowLink {
        /// The path.
        path: String,
    },
    /// Holes of sparse files are written out.
    #[error("the layer would have more than {limit} bytes; raise the limit with --max-layer-size")]
    TooLarge {
        /// The bound, in bytes.
        limit: u64,
    },
}

impl Plan {
    /// Plans the layer that makes `full` out of `base`, the lowest
    /// `base.layers().len()` layers of the same image merged.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn new(full: &Tree, base: &Tree, max_bytes: u64) -> Result<Self, PlanError> {
        let kept = base.layers().len() as u32;
        let mut planner = Planner {
            full,
            base,
            kept,
            cut: cut_directories(full, kept),
            names: HashMap::new(),
            plan: Plan {
                items: Vec::new(),
                totals: Totals::default(),
            },
        };
        planner.surviving_names();
        planner.walk()?;
        match planner.plan.totals.content_bytes > max_bytes {
            true => Err(PlanError::TooLarge { limit: max_bytes }),
            false => Ok(planner.plan),
        }
    }

    /// How much it holds.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// The layers whose contents go into the new one.
    pub fn sources(&self, full: &Tree) -> HashSet<u32> {
        let entries = self.items.iter().filter_map(|item| match item {
            Item::Entry(node) => full.inode(*node),
            _ => None,
        });
        let with_contents = entries.filter(|&id| full.entry(id).file().is_some());
        with_contents.map(|id| id.layer).collect()
    }
}

struct Planner<'a> {
    full: &'a Tree,
    base: &'a Tree,
    /// Entries of layers below this one are not written.
    kept: u32,
    cut: HashSet<NodeId>,
    /// For files with several names, one that the others can lead to.
    names: HashMap<EntryId, NodeId>,
    plan: Plan,
}

impl Planner<'_> {
    /// Finds what is left of the base: names of its files, and directories that
    /// are not empty of it.
    fn surviving_names(&mut self) {
        if self.kept == 0 {
            return;
        }
        let mut seen = HashSet::new();
        for node in self.full.paths() {
            let (Some(own), Some(inode)) = (self.full.own_entry(node), self.full.inode(node))
            else {
                continue;
            };
            if own.layer >= self.kept {
                continue;
            }
            if self.full.has_links(inode) {
                self.names.entry(inode).or_insert(node);
            }
            // A layer may empty a directory after it wrote below one in it,
            // which then stays: a marker written first would hide that.
            let mut above = node;
            while above != ROOT && !self.cut.is_empty() {
                above = self.full.parent(above);
                if !seen.insert(above) {
                    break;
                }
                self.cut.remove(&above);
            }
        }
    }

    fn walk(&mut self) -> Result<(), PlanError> {
        // For each directory on the way down, the one that the base shows there.
        let mut below: Vec<Option<NodeId>> = Vec::new();
        for step in self.full.walk() {
            let node = match step {
                Step::Enter(node) => node,
                Step::Leave(_) => {
                    below.pop();
                    continue;
                }
            };
            let in_base = match below.last() {
                None => Some(ROOT),
                Some(parent) => parent
                    .and_then(|parent| self.base.child(parent, self.full.name(node)))
                    .filter(|&child| self.base.is_present(child)),
            };
            self.enter(node, in_base)?;
            let both = in_base.filter(|&base| {
                self.full.kind(node) == EntryKind::Directory
                    && self.base.kind(base) == EntryKind::Directory
            });
            below.push(both.filter(|&base| !self.hide(node, base)));
        }
        Ok(())
    }

    fn push(&mut self, item: Item) {
        self.plan.totals.entries += 1;
        if matches!(item, Item::Whiteout(_) | Item::Opaque(_)) {
            self.plan.totals.markers += 1;
        }
        self.plan.items.push(item);
    }

    /// Plans the entry of a path.
    fn enter(&mut self, node: NodeId, in_base: Option<NodeId>) -> Result<(), PlanError> {
        let Some(own) = self.full.own_entry(node) else {
            let needed = match in_base {
                // What the base has there must not shine through.
                Some(base) => self.base.own_entry(base).is_some(),
                // Something lay in it once; nothing makes it now.
                None => self.full.children(node).next().is_none(),
            };
            if needed && node != ROOT {
                self.push(Item::PlainDirectory(node));
            }
            return Ok(());
        };
        if own.layer < self.kept {
            return Ok(());
        }
        if self.full.kind(self.full.parent(node)) != EntryKind::Directory {
            return Err(PlanError::BelowLink {
                path: escape_bytes(&self.full.path(node)),
            });
        }
        let inode = self.full.inode(node).unwrap_or(own);
        let entry = self.full.entry(inode);
        if entry.kind() == EntryKind::HardLink {
            return Err(PlanError::DanglingLink {
                path: escape_bytes(&self.full.path(node)),
                target: escape_bytes(entry.link().unwrap_or_default()),
            });
        }
        if self.full.has_links(inode) {
            if let Some(&to) = self.names.get(&inode) {
                self.push(Item::Link { node, to });
                return Ok(());
            }
            self.names.insert(inode, node);
        }
        let bytes = &mut self.plan.totals.content_bytes;
        *bytes = bytes.saturating_add(entry.size());
        self.push(Item::Entry(node));
        Ok(())
    }

    /// Hides what the base has in a directory that both have and that is gone.
    /// Tells whether nothing of the base is left in it.
    fn hide(&mut self, node: NodeId, base: NodeId) -> bool {
        let mut gone: Vec<NodeId> = Vec::new();
        let mut any = false;
        for child in self.base.children(base) {
            any = true;
            let left = self.full.child(node, self.base.name(child));
            if left.is_none_or(|left| !self.full.is_present(left)) {
                gone.push(child);
            }
        }
        if self.cut.contains(&node) {
            if any {
                self.push(Item::Opaque(node));
            }
            return true;
        }
        gone.sort_unstable_by(|&a, &b| self.base.name(a).cmp(self.base.name(b)));
        for child in gone {
            self.push(Item::Whiteout(child));
        }
        false
    }
}

/// Directories of the tree that some layer from `from` on emptied, or removed
/// before they came back.
fn cut_directories(full: &Tree, from: u32) -> HashSet<NodeId> {
    let mut cut = HashSet::new();
    for layer in full.layers().iter().skip(from as usize) {
        if from == 0 {
            break;
        }
        let set = &layer.changeset;
        for entry in set.entries() {
            let found = match entry.kind() {
                EntryKind::Opaque => find_dir(full, set, entry.parent()),
                EntryKind::Whiteout => find_dir(full, set, entry.parent())
                    .and_then(|dir| full.child(dir, entry.name())),
                _ => None,
            };
            cut.extend(
                found.filter(|&node| {
                    full.is_present(node) && full.kind(node) == EntryKind::Directory
                }),
            );
        }
    }
    cut
}

/// The node of a directory prefix; a marker behind a link finds nothing, and
/// what it hid is hidden path by path.
pub(super) fn find_dir(full: &Tree, set: &Changeset, dir: u32) -> Option<NodeId> {
    let mut names = Vec::new();
    let mut at = dir;
    while at != 0 {
        let (parent, name) = set.dir(at);
        names.push(name);
        at = parent;
    }
    let mut names = names.into_iter().rev();
    names.try_fold(ROOT, |node, name| full.child(node, name))
}

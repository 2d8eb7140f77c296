//! Tar entries → [`Changeset`]: what every layer goes through, however it is read.

use std::sync::atomic::{AtomicU64, Ordering};

use super::changeset::{Changeset, ChangesetBuilder, EntryKind, Extra, FileTable, NewEntry, Owner};
use super::error::{LayerError, TarProblem};
use super::path::{Marker, is_aufs, marker, normalize};
use super::tar::{RawEntry, flag};
use crate::codec::Limits;
use crate::oci::escape_bytes;

/// Entries that all layers of an image may still have.
#[derive(Debug)]
pub struct EntryBudget {
    used: AtomicU64,
    limit: u64,
}

impl EntryBudget {
    /// The bound of [`Limits::entries`].
    pub fn new(limits: &Limits) -> Self {
        EntryBudget {
            used: AtomicU64::new(0),
            limit: limits.entries,
        }
    }

    fn take(&self) -> Result<(), LayerError> {
        self.take_many(1)
    }

    /// Counts the entries of a layer that is listed once more: reading it again
    /// costs nothing, but merging it does.
    pub(super) fn take_many(&self, entries: u64) -> Result<(), LayerError> {
        let before = self.used.fetch_add(entries, Ordering::Relaxed);
        if before.saturating_add(entries) > self.limit {
            return Err(LayerError::Limit {
                what: "entries",
                limit: self.limit,
                flag: "--max-entries",
            });
        }
        Ok(())
    }
}

/// Oddities of one layer that do not stop the reading. Only the first few are
/// kept in words: a hostile layer could have millions.
#[derive(Debug, Default)]
pub struct Oddities {
    messages: Vec<String>,
    more: u64,
}

impl Oddities {
    const KEPT: usize = 8;

    pub(super) fn add(&mut self, message: impl FnOnce() -> String) {
        if self.messages.len() < Self::KEPT {
            self.messages.push(message());
        } else {
            self.more += 1;
        }
    }

    /// The messages, the last one counting what was left out.
    pub fn into_messages(mut self) -> Vec<String> {
        if self.more > 0 {
            self.messages.push(format!("{} more oddities", self.more));
        }
        self.messages
    }
}

/// What became of a raw entry.
pub(super) enum Recorded {
    /// Not part of the file system.
    Nothing,
    /// An entry without contents.
    Entry,
    /// A file whose contents record is due: the entry's index.
    File(u32),
}

/// Builds the changeset of one layer.
pub(super) struct Recorder<'a> {
    builder: ChangesetBuilder,
    budget: &'a EntryBudget,
    oddities: Oddities,
    path: Vec<u8>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(files: FileTable, budget: &'a EntryBudget) -> Self {
        Recorder {
            builder: ChangesetBuilder::new(files),
            budget,
            oddities: Oddities::default(),
            path: Vec::new(),
        }
    }

    /// Adds one entry. Takes its attributes and sparse map out of `raw`.
    pub(super) fn record(&mut self, raw: &mut RawEntry) -> Result<Recorded, LayerError> {
        self.budget.take()?;
        normalize(&raw.name, &mut self.path);
        if is_aufs(&self.path) {
            return Ok(Recorded::Nothing);
        }
        let Some(kind) = kind_of(raw.flag) else {
            self.oddities.add(|| {
                format!(
                    "entry {} has the unknown type {:?} and is left out",
                    escape_bytes(&raw.name),
                    char::from(raw.flag)
                )
            });
            return Ok(Recorded::Nothing);
        };
        let cut = self.path.iter().rposition(|&b| b == b'/');
        let (dir, name) = match cut {
            Some(cut) => (&self.path[..cut], &self.path[cut + 1..]),
            None => (&self.path[..0], &self.path[..]),
        };
        if name.is_empty() && kind != EntryKind::Directory {
            if matches!(kind, EntryKind::Symlink | EntryKind::HardLink) {
                return Err(at(raw, TarProblem::RootType));
            }
            self.oddities.add(|| {
                format!(
                    "entry {:?} names the root directory but is none, and is left out",
                    escape_bytes(&raw.name)
                )
            });
            return Ok(Recorded::Nothing);
        }
        let (kind, name) = match marker(name) {
            None => (kind, name),
            Some((Marker::Whiteout, hidden)) => (EntryKind::Whiteout, hidden),
            Some((Marker::Opaque, hidden)) => (EntryKind::Opaque, hidden),
            Some((Marker::Ignored, _)) => return Ok(Recorded::Nothing),
            Some((Marker::Invalid, _)) => {
                self.oddities
                    .add(|| format!("whiteout {} hides nothing", escape_bytes(&raw.name)));
                return Ok(Recorded::Nothing);
            }
        };
        self.budget.take_many(beyond_ordinary(raw))?;
        let has_contents = kind == EntryKind::File && raw.size > 0;
        let extra = extra_of(raw);
        let dirs = self.builder.dir_count();
        let index = self
            .builder
            .push(NewEntry {
                kind,
                dir,
                name,
                owner: Owner {
                    mode: raw.mode,
                    uid: raw.uid,
                    gid: raw.gid,
                },
                mtime: raw.mtime,
                size: raw.size,
                link: match kind {
                    EntryKind::Symlink | EntryKind::HardLink => &raw.link,
                    _ => &[],
                },
                device: raw.device,
                extra,
                has_contents,
            })
            .map_err(|_| LayerError::Limit {
                what: "bytes of names",
                limit: u64::from(u32::MAX),
                flag: "nothing: split the layer",
            })?;
        // Directories that only a path names take memory too.
        self.budget
            .take_many((self.builder.dir_count() - dirs) as u64)?;
        Ok(if has_contents {
            Recorded::File(index)
        } else {
            Recorded::Entry
        })
    }

    /// The normalised path of the entry recorded last.
    pub(super) fn path(&self) -> &[u8] {
        &self.path
    }

    pub(super) fn files(&mut self) -> &mut FileTable {
        self.builder.files()
    }

    pub(super) fn oddities(&mut self) -> &mut Oddities {
        &mut self.oddities
    }

    pub(super) fn finish(self) -> (Changeset, Vec<String>) {
        (self.builder.finish(), self.oddities.into_messages())
    }
}

/// Entries that one with long names, many attributes or a sparse map counts as
/// besides itself: a few of them could take as much memory as a million others.
fn beyond_ordinary(raw: &RawEntry) -> u64 {
    let xattrs = raw.xattrs.iter();
    let attributes: usize = xattrs
        .map(|(name, value)| 64 + name.len() + value.len())
        .sum();
    let map = raw.sparse.as_ref().map_or(0, |map| map.len() * 16);
    ((raw.name.len() + raw.link.len() + attributes + map) / 512) as u64
}

fn kind_of(entry_type: u8) -> Option<EntryKind> {
    Some(match entry_type {
        flag::REGULAR => EntryKind::File,
        flag::DIRECTORY => EntryKind::Directory,
        flag::SYMLINK => EntryKind::Symlink,
        flag::LINK => EntryKind::HardLink,
        flag::CHAR => EntryKind::CharDevice,
        flag::BLOCK_DEVICE => EntryKind::BlockDevice,
        flag::FIFO => EntryKind::Fifo,
        _ => return None,
    })
}

fn extra_of(raw: &mut RawEntry) -> Option<Extra> {
    if raw.mtime_nanos == 0 && raw.xattrs.is_empty() && raw.sparse.is_none() {
        return None;
    }
    let mut xattrs = std::mem::take(&mut raw.xattrs);
    // Of a name that comes several times the last one counts.
    xattrs.reverse();
    xattrs.sort_by(|a, b| a.0.cmp(&b.0));
    xattrs.dedup_by(|later, first| later.0 == first.0);
    Some(Extra {
        mtime_nanos: raw.mtime_nanos,
        xattrs,
        sparse: raw.sparse.clone().map(Vec::into_boxed_slice),
    })
}

fn at(raw: &RawEntry, problem: TarProblem) -> LayerError {
    LayerError::Tar {
        offset: raw.header_offset,
        entry: Some(escape_bytes(&raw.name)),
        problem,
    }
}

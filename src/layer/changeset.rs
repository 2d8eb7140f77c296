//! One layer's entries, compactly: what it adds, replaces and removes.
//!
//! Memory grows with entries, never with their contents: 40 bytes an entry,
//! its last path component, and for each file with contents either where they
//! are (16 bytes) or their digest (32 bytes). Directory prefixes are stored
//! once. With Debian's average component of 17 bytes that is 75 to 90 bytes an
//! entry; [`Changeset::heap_bytes`] says what it is.

mod builder;

pub(super) use builder::{ChangesetBuilder, NewEntry};

use super::tar::SparseRange;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum EntryKind {
    /// Regular file, sparse ones included.
    File,
    /// Directory.
    Directory,
    /// Symbolic link.
    Symlink,
    /// Hard link to a path of this layer or a lower one.
    HardLink,
    /// Character device.
    CharDevice,
    /// Block device.
    BlockDevice,
    /// FIFO.
    Fifo,
    /// `.wh.NAME`, under the name that it hides.
    Whiteout,
    /// `.wh..wh..opq`, under the directory that it clears.
    Opaque,
}

impl EntryKind {
    const ALL: [EntryKind; 9] = [
        EntryKind::File,
        EntryKind::Directory,
        EntryKind::Symlink,
        EntryKind::HardLink,
        EntryKind::CharDevice,
        EntryKind::BlockDevice,
        EntryKind::Fifo,
        EntryKind::Whiteout,
        EntryKind::Opaque,
    ];

    /// Whether the entry removes instead of adding.
    pub fn is_marker(self) -> bool {
        matches!(self, EntryKind::Whiteout | EntryKind::Opaque)
    }
}

/// One entry, 40 bytes. Fields that few entries have are in side tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Size of a file; for links, where the target is in the text arena; for
    /// devices, the numbers.
    value: u64,
    mtime: i64,
    name: u32,
    /// Length of the name in the lower 24 bits, kind above.
    kind_and_len: u32,
    /// Index into `dirs`.
    parent: u32,
    /// Index into `owners`.
    owner: u32,
    /// Index into the file table, or [`NONE`].
    file: u32,
    /// Index into `extras`, or [`NONE`].
    extra: u32,
}

/// No index.
pub(crate) const NONE: u32 = u32::MAX;

/// Permission bits and owner; few distinct ones exist in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    /// Permission bits, `07777` at most.
    pub mode: u16,
    /// User id.
    pub uid: u64,
    /// Group id.
    pub gid: u64,
}

/// What few entries have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extra {
    /// Nanoseconds of the modification time.
    pub mtime_nanos: u32,
    /// Extended attributes, sorted by name.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// The stored ranges of a sparse file.
    pub sparse: Option<Box<[SparseRange]>>,
}

/// Digest of a file's contents (BLAKE3, or SHA-256 where asked for).
pub type ContentDigest = [u8; 32];

/// Where an uncompressed layer keeps a file's contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredAt {
    /// Offset in the layer's tar stream, in bytes.
    pub offset: u64,
    /// Hash of the first bytes: tells most different files apart without
    /// reading them. Never proves that two are equal.
    pub fingerprint: u64,
}

/// What is known of contents, for each file that has any.
#[derive(Debug)]
pub enum FileTable {
    /// The layer can be read again by position.
    Stored(Vec<StoredAt>),
    /// The layer passed once; contents were digested on the way.
    Digests(Vec<ContentDigest>),
}

impl FileTable {
    fn len(&self) -> usize {
        match self {
            FileTable::Stored(files) => files.len(),
            FileTable::Digests(files) => files.len(),
        }
    }
}

/// A directory prefix used by entries of the layer.
#[derive(Debug, Clone, Copy)]
struct Dir {
    parent: u32,
    name: u32,
    len: u32,
}

/// The content of one layer, in the order of its tar stream.
#[derive(Debug)]
pub struct Changeset {
    text: Vec<u8>,
    entries: Vec<Entry>,
    dirs: Vec<Dir>,
    owners: Vec<Owner>,
    extras: Vec<Extra>,
    files: FileTable,
}

/// A borrowed entry with its side tables resolved.
#[derive(Debug, Clone, Copy)]
pub struct EntryRef<'a> {
    set: &'a Changeset,
    entry: &'a Entry,
}

impl Changeset {
    /// Number of entries, whiteouts included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the layer has no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry at `index`.
    ///
    /// # Panics
    /// If `index` is not below [`Changeset::len`]; indexes come from this
    /// changeset, never from outside.
    pub fn entry(&self, index: u32) -> EntryRef<'_> {
        EntryRef {
            set: self,
            entry: &self.entries[index as usize],
        }
    }

    /// All entries in stream order.
    pub fn entries(&self) -> impl Iterator<Item = EntryRef<'_>> {
        self.entries
            .iter()
            .map(|entry| EntryRef { set: self, entry })
    }

    /// Number of directory prefixes; number 0 is the root.
    pub fn dir_count(&self) -> usize {
        self.dirs.len()
    }

    /// A directory prefix's parent and name; the root is its own parent.
    pub fn dir(&self, dir: u32) -> (u32, &[u8]) {
        let dir = self.dirs[dir as usize];
        (dir.parent, self.text(dir.name, dir.len))
    }

    /// What is known of the contents of all files.
    pub fn files(&self) -> &FileTable {
        &self.files
    }

    /// Bytes on the heap that this changeset holds.
    pub fn heap_bytes(&self) -> usize {
        let files = match &self.files {
            FileTable::Stored(files) => size_of_val(files.as_slice()),
            FileTable::Digests(files) => size_of_val(files.as_slice()),
        };
        let extras: usize = self
            .extras
            .iter()
            .map(|extra| {
                let xattrs: usize = extra
                    .xattrs
                    .iter()
                    .map(|(k, v)| k.len() + v.len() + 48)
                    .sum();
                let sparse = extra.sparse.as_ref().map_or(0, |s| size_of_val(&**s));
                size_of::<Extra>() + xattrs + sparse
            })
            .sum();
        self.text.capacity()
            + self.entries.capacity() * size_of::<Entry>()
            + self.dirs.capacity() * size_of::<Dir>()
            + self.owners.capacity() * size_of::<Owner>()
            + extras
            + files
    }

    fn text(&self, start: u32, len: u32) -> &[u8] {
        &self.text[start as usize..][..len as usize]
    }
}

impl<'a> EntryRef<'a> {
    /// What the entry is.
    pub fn kind(self) -> EntryKind {
        EntryKind::ALL[(self.entry.kind_and_len >> 24) as usize]
    }

    /// The last path component; empty for the root and for opaque markers.
    pub fn name(self) -> &'a [u8] {
        self.set
            .text(self.entry.name, self.entry.kind_and_len & 0x00ff_ffff)
    }

    /// The directory prefix, see [`Changeset::dir`].
    pub fn parent(self) -> u32 {
        self.entry.parent
    }

    /// Size of a regular file in bytes; zero for anything else.
    pub fn size(self) -> u64 {
        match self.kind() {
            EntryKind::File => self.entry.value,
            _ => 0,
        }
    }

    /// Target of a symbolic or hard link, as stored.
    pub fn link(self) -> Option<&'a [u8]> {
        match self.kind() {
            EntryKind::Symlink | EntryKind::HardLink => {
                let (start, len) = unpack(self.entry.value);
                Some(self.set.text(start, len))
            }
            _ => None,
        }
    }

    /// Major and minor number of a device.
    pub fn device(self) -> Option<(u32, u32)> {
        match self.kind() {
            EntryKind::CharDevice | EntryKind::BlockDevice => Some(unpack(self.entry.value)),
            _ => None,
        }
    }

    /// Permission bits and owner.
    pub fn owner(self) -> Owner {
        self.set.owners[self.entry.owner as usize]
    }

    /// Seconds since 1970.
    pub fn mtime(self) -> i64 {
        self.entry.mtime
    }

    /// What few entries have.
    pub fn extra(self) -> Option<&'a Extra> {
        self.set.extras.get(self.entry.extra as usize)
    }

    /// Index into [`Changeset::files`]; `None` for anything without contents.
    pub fn file(self) -> Option<u32> {
        (self.entry.file != NONE).then_some(self.entry.file)
    }

    /// Whether owner, mode, time and attributes are those of `other`.
    pub fn same_metadata(self, other: EntryRef<'_>) -> bool {
        fn time(entry: EntryRef<'_>) -> (i64, u32) {
            (entry.mtime(), entry.extra().map_or(0, |e| e.mtime_nanos))
        }
        fn xattrs(entry: EntryRef<'_>) -> &[(Vec<u8>, Vec<u8>)] {
            entry.extra().map_or(&[], |extra| &extra.xattrs)
        }
        self.owner() == other.owner() && time(self) == time(other) && xattrs(self) == xattrs(other)
    }
}

fn pack(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

fn unpack(value: u64) -> (u32, u32) {
    ((value >> 32) as u32, value as u32)
}

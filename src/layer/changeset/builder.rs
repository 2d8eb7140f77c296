//! Building a changeset, with directories and owners stored once.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::{Changeset, Dir, Entry, EntryKind, Extra, FileTable, NONE, Owner, pack};

/// What [`ChangesetBuilder::push`] needs to know of an entry.
#[derive(Debug)]
pub(in crate::layer) struct NewEntry<'a> {
    pub(in crate::layer) kind: EntryKind,
    /// Normalised path of the directory that the entry is in.
    pub(in crate::layer) dir: &'a [u8],
    /// Last component; empty for the root itself and for opaque markers.
    pub(in crate::layer) name: &'a [u8],
    pub(in crate::layer) owner: Owner,
    pub(in crate::layer) mtime: i64,
    /// Size of a file.
    pub(in crate::layer) size: u64,
    pub(in crate::layer) link: &'a [u8],
    pub(in crate::layer) device: (u32, u32),
    pub(in crate::layer) extra: Option<Extra>,
    pub(in crate::layer) has_contents: bool,
}

/// Builds a [`Changeset`] entry by entry.
pub(in crate::layer) struct ChangesetBuilder {
    set: Changeset,
    hasher: DefaultHashBuilder,
    dir_index: HashTable<u32>,
    owner_index: HashMap<Owner, u32>,
    /// The directory path of the last entry, and for each of its components
    /// where it ends and which directory it is: entries come in runs.
    last_dir: Vec<u8>,
    last_parts: Vec<(usize, u32)>,
}

/// The arena of names is full: more than 4 GiB of names in one layer.
#[derive(Debug)]
pub(in crate::layer) struct TooManyNames;

impl ChangesetBuilder {
    /// An empty changeset whose files are recorded in `files`.
    pub(in crate::layer) fn new(files: FileTable) -> Self {
        ChangesetBuilder {
            set: Changeset {
                text: Vec::new(),
                entries: Vec::new(),
                dirs: vec![Dir {
                    parent: 0,
                    name: 0,
                    len: 0,
                }],
                owners: Vec::new(),
                extras: Vec::new(),
                files,
            },
            hasher: DefaultHashBuilder::default(),
            dir_index: HashTable::new(),
            owner_index: HashMap::new(),
            last_dir: Vec::new(),
            last_parts: Vec::new(),
        }
    }

    /// Adds an entry; gives its index. A file with contents must be followed
    /// by one call that adds to [`ChangesetBuilder::files`].
    pub(in crate::layer) fn push(&mut self, new: NewEntry<'_>) -> Result<u32, TooManyNames> {
        let parent = self.dir_of(new.dir)?;
        let name = self.add_text(new.name)?;
        let value = match new.kind {
            EntryKind::File => new.size,
            EntryKind::Symlink | EntryKind::HardLink => {
                let len = u32::try_from(new.link.len()).map_err(|_| TooManyNames)?;
                pack(self.add_text(new.link)?, len)
            }
            EntryKind::CharDevice | EntryKind::BlockDevice => pack(new.device.0, new.device.1),
            _ => 0,
        };
        let extra = match new.extra {
            Some(extra) => {
                self.set.extras.push(extra);
                self.set.extras.len() as u32 - 1
            }
            None => NONE,
        };
        let owners = &mut self.set.owners;
        let owner = *self.owner_index.entry(new.owner).or_insert_with(|| {
            owners.push(new.owner);
            owners.len() as u32 - 1
        });
        let len = u32::try_from(new.name.len())
            .ok()
            .filter(|&len| len < 1 << 24)
            .ok_or(TooManyNames)?;
        let index = u32::try_from(self.set.entries.len()).map_err(|_| TooManyNames)?;
        self.set.entries.push(Entry {
            value,
            mtime: new.mtime,
            name,
            kind_and_len: len | (new.kind as u32) << 24,
            parent,
            owner,
            file: if new.has_contents {
                self.set.files.len() as u32
            } else {
                NONE
            },
            extra,
        });
        Ok(index)
    }

    /// The table to which each file with contents adds one record.
    /// Directories so far, those of which there is no entry included.
    pub(in crate::layer) fn dir_count(&self) -> usize {
        self.set.dir_count()
    }

    pub(in crate::layer) fn files(&mut self) -> &mut FileTable {
        &mut self.set.files
    }

    /// Gives back memory that growing left unused.
    pub(in crate::layer) fn finish(mut self) -> Changeset {
        self.set.text.shrink_to_fit();
        self.set.entries.shrink_to_fit();
        self.set.dirs.shrink_to_fit();
        self.set.extras.shrink_to_fit();
        match &mut self.set.files {
            FileTable::Stored(files) => files.shrink_to_fit(),
            FileTable::Digests(files) => files.shrink_to_fit(),
        }
        self.set
    }

    fn add_text(&mut self, bytes: &[u8]) -> Result<u32, TooManyNames> {
        let start = u32::try_from(self.set.text.len()).map_err(|_| TooManyNames)?;
        self.set.text.extend_from_slice(bytes);
        Ok(start)
    }

    /// The number of the directory at `path`, made when it is new. Shares the
    /// work with the last call up to the last common component.
    fn dir_of(&mut self, path: &[u8]) -> Result<u32, TooManyNames> {
        if path == self.last_dir {
            return Ok(self.last_parts.last().map_or(0, |&(_, dir)| dir));
        }
        let common = self
            .last_dir
            .iter()
            .zip(path)
            .take_while(|(a, b)| a == b)
            .count();
        let kept = self
            .last_parts
            .iter()
            .take_while(|&&(end, _)| end <= common && path.get(end).is_none_or(|&b| b == b'/'))
            .count();
        self.last_parts.truncate(kept);
        let (mut end, mut dir) = self.last_parts.last().copied().unwrap_or((0, 0));
        while end < path.len() {
            let start = if end == 0 { 0 } else { end + 1 };
            end = path[start..]
                .iter()
                .position(|&b| b == b'/')
                .map_or(path.len(), |len| start + len);
            dir = self.child_dir(dir, &path[start..end])?;
            self.last_parts.push((end, dir));
        }
        self.last_dir.clear();
        self.last_dir.extend_from_slice(path);
        Ok(dir)
    }

    fn child_dir(&mut self, parent: u32, name: &[u8]) -> Result<u32, TooManyNames> {
        let hash = self.hasher.hash_one((parent, name));
        let set = &self.set;
        let found = self.dir_index.find(hash, |&dir| {
            let dir = set.dirs[dir as usize];
            dir.parent == parent && set.text(dir.name, dir.len) == name
        });
        if let Some(&dir) = found {
            return Ok(dir);
        }
        let start = self.add_text(name)?;
        let len = u32::try_from(name.len()).map_err(|_| TooManyNames)?;
        let dir = u32::try_from(self.set.dirs.len()).map_err(|_| TooManyNames)?;
        self.set.dirs.push(Dir {
            parent,
            name: start,
            len,
        });
        let (set, hasher) = (&self.set, &self.hasher);
        self.dir_index.insert_unique(hash, dir, |&dir| {
            let dir = set.dirs[dir as usize];
            hasher.hash_one((dir.parent, set.text(dir.name, dir.len)))
        });
        Ok(dir)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file<'a>(dir: &'a str, name: &'a str) -> NewEntry<'a> {
        NewEntry {
            kind: EntryKind::File,
            dir: dir.as_bytes(),
            name: name.as_bytes(),
            owner: Owner {
                mode: 0o644,
                uid: 0,
                gid: 0,
            },
            mtime: 0,
            size: 0,
            link: b"",
            device: (0, 0),
            extra: None,
            has_contents: false,
        }
    }

    fn dir_path(set: &Changeset, mut dir: u32) -> String {
        let mut parts = Vec::new();
        while dir != 0 {
            let (parent, name) = set.dir(dir);
            parts.push(String::from_utf8(name.to_vec()).unwrap());
            dir = parent;
        }
        parts.reverse();
        parts.join("/")
    }

    #[test]
    fn an_entry_takes_forty_bytes() {
        assert_eq!(size_of::<Entry>(), 40);
    }

    #[test]
    fn directories_are_shared() {
        let mut builder = ChangesetBuilder::new(FileTable::Stored(Vec::new()));
        let paths = [
            "", "a", "a/b", "a/b/c", "a/bc", "a/b", "ab", "a/b/c/d", "", "a/b/d",
        ];
        for path in paths {
            builder.push(file(path, "x")).unwrap();
        }
        let set = builder.finish();
        let got: Vec<_> = set.entries().map(|e| dir_path(&set, e.parent())).collect();
        assert_eq!(got, paths);
        // The root and a, a/b, a/b/c, a/bc, ab, a/b/c/d, a/b/d.
        assert_eq!(set.dir_count(), 8);
    }
}

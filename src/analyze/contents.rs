//! Which stored files have equal contents, reading as little as possible.
//!
//! Layers that passed once digested everything on the way. Uncompressed layers
//! were only walked: of those, files are read here, once each, when another
//! file has the same size and the same first bytes.

use std::io;

use hashbrown::HashMap;
use rayon::prelude::*;

use crate::layer::{ContentDigest, ContentHash, Contents, FileTable, digest_contents};
use crate::tree::{EntryId, Tree};

/// Digests of the files that somebody asked about.
pub(super) struct ContentIndex<'a> {
    tree: &'a Tree,
    read: HashMap<EntryId, ContentDigest>,
}

/// Tells files apart without reading them. Equal keys prove nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    size: u64,
    /// The fingerprint or the start of the digest; zero in images that have
    /// layers of both kinds, where the two cannot be compared.
    mark: u64,
}

/// Makes keys for the files of one image.
pub(super) struct Keys<'a> {
    tree: &'a Tree,
    mixed: bool,
}

impl<'a> Keys<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        let mut stored = false;
        let mut digested = false;
        for layer in tree.layers() {
            match layer.changeset.files() {
                FileTable::Stored(files) => stored |= !files.is_empty(),
                FileTable::Digests(files) => digested |= !files.is_empty(),
            }
        }
        Keys {
            tree,
            mixed: stored && digested,
        }
    }

    /// The key of a regular file; `None` for empty files.
    pub(super) fn key(&self, id: EntryId) -> Option<Key> {
        let entry = self.tree.entry(id);
        let file = entry.file()? as usize;
        let mark = match self.tree.layers()[id.layer as usize].changeset.files() {
            _ if self.mixed => 0,
            FileTable::Stored(files) => files[file].fingerprint,
            FileTable::Digests(files) => {
                let mut head = [0; 8];
                head.copy_from_slice(&files[file][..8]);
                u64::from_le_bytes(head)
            }
        };
        Some(Key {
            size: entry.size(),
            mark,
        })
    }
}

impl<'a> ContentIndex<'a> {
    /// Reads those of `wanted` whose digest is not known yet.
    ///
    /// # Errors
    /// When a file that was walked before cannot be read now.
    pub(super) fn read(tree: &'a Tree, mut wanted: Vec<EntryId>) -> io::Result<Self> {
        wanted.retain(|id| {
            let files = tree.layers()[id.layer as usize].changeset.files();
            matches!(files, FileTable::Stored(_))
        });
        // In the order of the file, so that the disk is read forwards.
        wanted.sort_unstable();
        wanted.dedup();
        let read = wanted
            .par_chunks(256)
            .map_init(
                || vec![0u8; 128 * 1024],
                |buffer, ids| {
                    let digest = |&id| Ok((id, digest_stored(tree, id, buffer)?));
                    ids.iter().map(digest).collect::<io::Result<Vec<_>>>()
                },
            )
            .collect::<io::Result<Vec<_>>>()?;
        Ok(ContentIndex {
            tree,
            read: read.into_iter().flatten().collect(),
        })
    }

    /// The digest of a file's contents; `None` when it was not asked for.
    pub(super) fn digest(&self, id: EntryId) -> Option<ContentDigest> {
        let file = self.tree.entry(id).file()? as usize;
        match self.tree.layers()[id.layer as usize].changeset.files() {
            FileTable::Digests(files) => Some(files[file]),
            FileTable::Stored(_) => self.read.get(&id).copied(),
        }
    }

    /// Whether two files that were asked for have equal contents.
    pub(super) fn equal(&self, a: EntryId, b: EntryId) -> bool {
        match (self.digest(a), self.digest(b)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        }
    }
}

fn digest_stored(tree: &Tree, id: EntryId, buffer: &mut [u8]) -> io::Result<ContentDigest> {
    let layer = &tree.layers()[id.layer as usize];
    let entry = tree.entry(id);
    match (&layer.contents, layer.changeset.files(), entry.file()) {
        (Contents::Stored(blob), FileTable::Stored(files), Some(file)) => {
            let offset = files[file as usize].offset;
            digest_contents(blob, entry, offset, ContentHash::Blake3, buffer)
        }
        _ => Err(io::Error::other("the layer's contents are not at hand")),
    }
}

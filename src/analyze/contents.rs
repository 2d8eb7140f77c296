//! Which stored files have equal contents, reading as little as possible.
//!
//! Layers that passed once digested everything on the way. Uncompressed layers
//! were only walked: of those, files are read here, once each, when another
//! file has the same size and the same first bytes.

use std::io;

use hashbrown::HashMap;
use rayon::prelude::*;

use crate::layer::{
    ContentDigest, ContentHash, ContentHasher, Contents, FileTable, digest_contents,
};
use crate::source::BlobRange;
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

/// Bytes read at a time.
const BUFFER: usize = 128 * 1024;

impl<'a> ContentIndex<'a> {
    /// Reads those of `wanted` whose digest is not known yet.
    ///
    /// # Errors
    /// When a file that was walked before cannot be read now.
    pub(super) fn read(
        tree: &'a Tree,
        keys: &Keys<'_>,
        mut wanted: Vec<EntryId>,
    ) -> io::Result<Self> {
        wanted.retain(|id| {
            let files = tree.layers()[id.layer as usize].changeset.files();
            matches!(files, FileTable::Stored(_))
        });
        // In the order of the file, so that the disk is read forwards.
        wanted.sort_unstable_by_key(|&id| (keys.key(id), id));
        wanted.dedup();
        let mut alike: Vec<&[EntryId]> = wanted
            .chunk_by(|&a, &b| keys.key(a) == keys.key(b))
            .collect();
        alike.sort_unstable();
        let read = alike
            .par_iter()
            .with_min_len(8)
            .map_init(
                || [vec![0u8; BUFFER], vec![0u8; BUFFER]],
                |buffers, ids| digest_alike(tree, ids, buffers),
            )
            .collect::<io::Result<Vec<_>>>()?;
        Ok(ContentIndex {
            tree,
            read: read.into_iter().flatten().collect(),
        })
    }

    /// The digest of a file's contents; `None` when it was not asked for, or when
    /// nothing that was asked for is equal to it.
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

/// Times that files are read beside one of them before those that are left,
/// all of which look alike at first, are digested one by one.
const ROUNDS: usize = 4;

/// Digests files that are probably equal. One is read and digested, the others
/// are read beside it and compared, which is cheaper, and those that differ are
/// left for the next round. A file that none is equal to gets no digest.
fn digest_alike(
    tree: &Tree,
    ids: &[EntryId],
    buffers: &mut [Vec<u8>; 2],
) -> io::Result<Vec<(EntryId, ContentDigest)>> {
    let is_sparse = |id: &EntryId| {
        let extra = tree.entry(*id).extra();
        extra.is_some_and(|extra| extra.sparse.is_some())
    };
    let mut digests = Vec::new();
    let mut left = ids.to_vec();
    if !ids.iter().any(is_sparse) {
        for _ in 0..ROUNDS {
            left = compare(tree, &left, buffers, &mut digests)?;
            if left.len() < 2 {
                return Ok(digests);
            }
        }
    }
    for id in left {
        digests.push((id, digest_stored(tree, id, &mut buffers[0])?));
    }
    Ok(digests)
}

/// Reads the first of `ids` and compares the others with it. Gives those that differ.
fn compare(
    tree: &Tree,
    ids: &[EntryId],
    [first_piece, piece]: &mut [Vec<u8>; 2],
    digests: &mut Vec<(EntryId, ContentDigest)>,
) -> io::Result<Vec<EntryId>> {
    let Some((&first, others)) = ids.split_first() else {
        return Ok(Vec::new());
    };
    let size = tree.entry(first).size();
    let start = stored_at(tree, first)?;
    let mut hasher = ContentHasher::new(ContentHash::Blake3, size, None);
    let mut equal: Vec<(EntryId, Place<'_>)> = others
        .iter()
        .map(|&id| Ok((id, stored_at(tree, id)?)))
        .collect::<io::Result<_>>()?;
    let mut different = Vec::new();
    let mut at = 0;
    while at < size && !equal.is_empty() {
        let n = usize::try_from(size - at).unwrap_or(usize::MAX).min(BUFFER);
        let (first_piece, piece) = (&mut first_piece[..n], &mut piece[..n]);
        start.read(at, first_piece)?;
        let first_piece = &*first_piece;
        let mut read_others = || {
            let mut unread = Ok(());
            equal.retain(|(id, place)| {
                if let Err(error) = place.read(at, piece) {
                    unread = Err(error);
                }
                let same = piece == first_piece;
                if !same {
                    different.push(*id);
                }
                same
            });
            unread
        };
        // A single large file should not wait for one core.
        let (unread, ()) = match n == BUFFER {
            true => rayon::join(read_others, || hasher.update(first_piece)),
            false => (read_others(), hasher.update(first_piece)),
        };
        unread?;
        at += n as u64;
    }
    if !equal.is_empty() {
        let digest = hasher.finish();
        digests.push((first, digest));
        digests.extend(equal.iter().map(|&(id, _)| (id, digest)));
    }
    Ok(different)
}

/// Where a file's contents start.
struct Place<'a> {
    blob: &'a BlobRange,
    offset: u64,
}

impl Place<'_> {
    fn read(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.blob.read_exact_at(buffer, self.offset + at)
    }
}

fn stored_at(tree: &Tree, id: EntryId) -> io::Result<Place<'_>> {
    let layer = &tree.layers()[id.layer as usize];
    match (
        &layer.contents,
        layer.changeset.files(),
        tree.entry(id).file(),
    ) {
        (Contents::Stored(blob), FileTable::Stored(files), Some(file)) => Ok(Place {
            blob,
            offset: files[file as usize].offset,
        }),
        _ => Err(io::Error::other("the layer's contents are not at hand")),
    }
}

fn digest_stored(tree: &Tree, id: EntryId, buffer: &mut [u8]) -> io::Result<ContentDigest> {
    let place = stored_at(tree, id)?;
    let entry = tree.entry(id);
    digest_contents(place.blob, entry, place.offset, ContentHash::Blake3, buffer)
}

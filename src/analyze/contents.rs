//! Which stored files have equal contents, reading as little as possible.
//!
//! Layers that passed once digested everything on the way. Uncompressed layers
//! were only walked: of those, files are read here, once each, when another
//! file has the same size and the same first bytes.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use crate::layer::{
    ContentDigest, ContentHash, ContentHasher, Contents, FileTable, digest_contents,
};
use crate::source::BlobRange;
use crate::tree::{EntryId, Tree};

/// Digests of the files that somebody asked about.
pub(super) struct ContentIndex<'a> {
    tree: &'a Tree,
    read: HashMap<EntryId, Found>,
}

/// What reading a file told.
#[derive(Debug, Clone, Copy)]
struct Found {
    /// The file that it was compared with and is equal to, or itself.
    first: EntryId,
    /// Its digest, where that is more than a means to compare.
    digest: Option<ContentDigest>,
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

/// Size from which on one file is work for several threads.
const LARGE: u64 = 8 << 20;

/// Bytes of a large file that one thread compares.
const PART: u64 = 4 << 20;

impl<'a> ContentIndex<'a> {
    /// Reads those files that nothing is known of yet: `compared`, of which only
    /// equality matters, and `digested`, of which equal ones need a digest.
    ///
    /// # Errors
    /// When a file that was walked before cannot be read now.
    pub(super) fn read(
        tree: &'a Tree,
        keys: &Keys<'_>,
        compared: Vec<EntryId>,
        digested: impl Iterator<Item = EntryId>,
    ) -> io::Result<Self> {
        let digested: HashSet<EntryId> = digested.collect();
        let mut wanted = compared;
        wanted.extend(&digested);
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
                |buffers, ids| {
                    // What is equal may lie in a layer of which only digests are known.
                    if keys.mixed {
                        return digest_each(tree, ids, &mut buffers[0]);
                    }
                    let named = ids.iter().filter(|id| digested.contains(*id));
                    let digest = named.take(2).count() == 2;
                    read_alike(tree, ids, digest, buffers)
                },
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
            FileTable::Stored(_) => self.read.get(&id)?.digest,
        }
    }

    /// Whether two files that were asked for have equal contents.
    pub(super) fn equal(&self, a: EntryId, b: EntryId) -> bool {
        match (self.digest(a), self.digest(b)) {
            (Some(a), Some(b)) => a == b,
            _ => match (self.read.get(&a), self.read.get(&b)) {
                (Some(a), Some(b)) => a.first == b.first,
                _ => false,
            },
        }
    }
}

/// Times that files are read beside one of them before those that are left,
/// all of which look alike at first, are digested one by one.
const ROUNDS: usize = 4;

/// Reads files that are probably equal. Each round reads one of them and
/// compares the others with it, and those that differ are left for the next. A
/// file that none is equal to is left out.
fn read_alike(
    tree: &Tree,
    ids: &[EntryId],
    digest: bool,
    buffers: &mut [Vec<u8>; 2],
) -> io::Result<Vec<(EntryId, Found)>> {
    let is_sparse = |id: &EntryId| {
        let extra = tree.entry(*id).extra();
        extra.is_some_and(|extra| extra.sparse.is_some())
    };
    let mut found = Vec::new();
    let mut left = ids.to_vec();
    if !ids.iter().any(is_sparse) {
        for _ in 0..ROUNDS {
            left = compare(tree, &left, digest, buffers, &mut found)?;
            if left.len() < 2 {
                return Ok(found);
            }
        }
    }
    found.extend(digest_each(tree, &left, &mut buffers[0])?);
    Ok(found)
}

fn digest_each(
    tree: &Tree,
    ids: &[EntryId],
    buffer: &mut [u8],
) -> io::Result<Vec<(EntryId, Found)>> {
    ids.iter()
        .map(|&id| {
            let digest = Some(digest_stored(tree, id, buffer)?);
            Ok((id, Found { first: id, digest }))
        })
        .collect()
}

/// Reads the first of `ids` and compares the others with it. Gives those that differ.
fn compare(
    tree: &Tree,
    ids: &[EntryId],
    digest: bool,
    buffers: &mut [Vec<u8>; 2],
    found: &mut Vec<(EntryId, Found)>,
) -> io::Result<Vec<EntryId>> {
    let Some((&first, others)) = ids.split_first() else {
        return Ok(Vec::new());
    };
    let size = tree.entry(first).size();
    let start = stored_at(tree, first)?;
    let others: Vec<(EntryId, Place<'_>)> = others
        .iter()
        .map(|&id| Ok((id, stored_at(tree, id)?)))
        .collect::<io::Result<_>>()?;
    let (equal, digest) = if size < LARGE {
        side_by_side(&start, &others, size, digest, buffers)?
    } else {
        let (equal, digest) = rayon::join(
            || {
                let equal = |(_, place): &(EntryId, Place<'_>)| equal_large(&start, place, size);
                others.par_iter().map(equal).collect::<io::Result<Vec<_>>>()
            },
            || {
                digest
                    .then(|| digest_stored(tree, first, &mut buffers[0]))
                    .transpose()
            },
        );
        (equal?, digest?)
    };
    let same = Found { first, digest };
    if equal.contains(&true) {
        found.push((first, same));
    }
    let mut different = Vec::new();
    for ((id, _), equal) in others.into_iter().zip(equal) {
        match equal {
            true => found.push((id, same)),
            false => different.push(id),
        }
    }
    Ok(different)
}

/// Reads small files in step, so that each is read once and no further than it
/// is equal. Tells which of `others` are, and the digest if that is wanted.
fn side_by_side(
    first: &Place<'_>,
    others: &[(EntryId, Place<'_>)],
    size: u64,
    digest: bool,
    [first_piece, piece]: &mut [Vec<u8>; 2],
) -> io::Result<(Vec<bool>, Option<ContentDigest>)> {
    let mut hasher = ContentHasher::new(ContentHash::Blake3, size, None);
    let mut equal = vec![true; others.len()];
    let mut at = 0;
    while at < size && equal.contains(&true) {
        let n = usize::try_from(size - at).unwrap_or(usize::MAX).min(BUFFER);
        let (first_piece, piece) = (&mut first_piece[..n], &mut piece[..n]);
        first.read(at, first_piece)?;
        if digest {
            hasher.update(first_piece);
        }
        for ((_, place), equal) in others.iter().zip(&mut equal) {
            if *equal {
                place.read(at, piece)?;
                *equal = piece == first_piece;
            }
        }
        at += n as u64;
    }
    let whole = at >= size && digest;
    Ok((equal, whole.then(|| hasher.finish())))
}

/// Whether two large files are equal; their parts are compared at once.
fn equal_large(a: &Place<'_>, b: &Place<'_>, size: u64) -> io::Result<bool> {
    let differ = AtomicBool::new(false);
    (0..size.div_ceil(PART)).into_par_iter().try_for_each_init(
        || [vec![0u8; BUFFER], vec![0u8; BUFFER]],
        |[piece_a, piece_b], part| {
            let mut at = part * PART;
            let end = (at + PART).min(size);
            while at < end && !differ.load(Ordering::Relaxed) {
                let n = usize::try_from(end - at).unwrap_or(usize::MAX).min(BUFFER);
                a.read(at, &mut piece_a[..n])?;
                b.read(at, &mut piece_b[..n])?;
                if piece_a[..n] != piece_b[..n] {
                    differ.store(true, Ordering::Relaxed);
                }
                at += n as u64;
            }
            io::Result::Ok(())
        },
    )?;
    Ok(!differ.into_inner())
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

//! One digest for a whole file system: equal trees give equal digests however
//! their layers were cut, and nothing a container could see is left out.
//!
//! The digest is BLAKE3 over one record a path, in the order of a sorted walk:
//! path, type, mode, owner, modification time, contents or link target or
//! device numbers, extended attributes, and for further names of a file which
//! path is the first. Directories that no layer has an entry for count as
//! `0755`, owned by root, with the time 0.

use std::io;

use hashbrown::HashMap;
use rayon::prelude::*;

use super::{EntryId, NodeId, Tree};
use crate::layer::{
    ContentDigest, ContentHash, Contents, EntryKind, EntryRef, FileTable, Owner, digest_contents,
};

/// The BLAKE3 digests of files' contents, by the entry that holds them.
pub type ContentDigests = HashMap<EntryId, ContentDigest>;

/// The digest of a merged tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeDigest([u8; 32]);

impl std::fmt::Display for TreeDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("blake3:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Files that one thread digests in a row.
const BATCH: usize = 64;

impl Tree {
    /// Adds to `known` the digests of all files in the tree that it does not
    /// have yet, several at a time. Layers must have been scanned with
    /// [`ContentHash::Blake3`].
    ///
    /// # Errors
    /// When contents cannot be read again, or are not at hand at all.
    pub fn digest_files(&self, known: &mut ContentDigests) -> io::Result<()> {
        let mut wanted: Vec<(u32, u64, u32)> = Vec::new();
        let mut seen = hashbrown::HashSet::new();
        for node in self.paths() {
            let Some(id) = self.inode(node) else { continue };
            let entry = self.entry(id);
            let Some(file) = entry.file() else { continue };
            if entry.kind() != EntryKind::File || known.contains_key(&id) {
                continue;
            }
            let layer = &self.layers()[id.layer as usize];
            match layer.changeset.files() {
                FileTable::Digests(digests) => {
                    known.insert(id, digests[file as usize]);
                }
                FileTable::Stored(files) => {
                    if !self.has_links(id) || seen.insert(id) {
                        wanted.push((id.layer, files[file as usize].offset, id.index));
                    }
                }
            }
        }
        // In the order of the disk.
        wanted.sort_unstable();
        let digested: Vec<Vec<(EntryId, ContentDigest)>> = wanted
            .par_chunks(BATCH)
            .map(|batch| self.digest_batch(batch))
            .collect::<io::Result<_>>()?;
        known.extend(digested.into_iter().flatten());
        Ok(())
    }

    fn digest_batch(&self, batch: &[(u32, u64, u32)]) -> io::Result<Vec<(EntryId, ContentDigest)>> {
        let mut buffer = vec![0; 256 * 1024];
        let digest = |&(layer, offset, index): &(u32, u64, u32)| {
            let id = EntryId { layer, index };
            let Contents::Stored(blob) = &self.layers()[layer as usize].contents else {
                return Err(io::Error::other("the layer's contents are not at hand"));
            };
            let entry = self.entry(id);
            let digest = digest_contents(blob, entry, offset, ContentHash::Blake3, &mut buffer)?;
            Ok((id, digest))
        };
        batch.iter().map(digest).collect()
    }

    /// The digest of the tree; `contents` must have all its files.
    ///
    /// # Errors
    /// When the digest of a file is missing.
    pub fn digest(&self, contents: &ContentDigests) -> io::Result<TreeDigest> {
        let mut hasher = blake3::Hasher::new();
        let mut record = Vec::new();
        let mut first_names: HashMap<EntryId, u64> = HashMap::new();
        for (number, node) in self.paths().enumerate() {
            record.clear();
            self.record(node, contents, &mut record)?;
            if let Some(inode) = self.inode(node).filter(|&inode| self.has_links(inode)) {
                let first = *first_names.entry(inode).or_insert(number as u64);
                if first != number as u64 {
                    record.push(b'=');
                    record.extend_from_slice(&first.to_le_bytes());
                }
            }
            hasher.update(&(record.len() as u64).to_le_bytes());
            hasher.update(&record);
        }
        Ok(TreeDigest(*hasher.finalize().as_bytes()))
    }

    fn record(&self, node: NodeId, contents: &ContentDigests, out: &mut Vec<u8>) -> io::Result<()> {
        let text = |out: &mut Vec<u8>, bytes: &[u8]| {
            out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            out.extend_from_slice(bytes);
        };
        text(out, &self.path(node));
        let Some(id) = self.inode(node) else {
            out.extend_from_slice(&fixed_of(None).bytes(EntryKind::Directory));
            return Ok(());
        };
        let entry = self.entry(id);
        out.extend_from_slice(&fixed_of(Some(entry)).bytes(entry.kind()));
        if entry.kind() == EntryKind::File {
            out.extend_from_slice(&entry.size().to_le_bytes());
            if entry.file().is_some() {
                let digest = contents
                    .get(&id)
                    .ok_or_else(|| io::Error::other("a file that was not digested"))?;
                out.extend_from_slice(digest);
            }
        }
        if let Some(link) = entry.link() {
            text(out, link);
        }
        if let Some((major, minor)) = entry.device() {
            out.extend_from_slice(&major.to_le_bytes());
            out.extend_from_slice(&minor.to_le_bytes());
        }
        for (name, value) in entry.extra().into_iter().flat_map(|extra| &extra.xattrs) {
            out.push(b'x');
            text(out, name);
            text(out, value);
        }
        Ok(())
    }
}

/// What every path has besides its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fixed {
    pub(super) owner: Owner,
    /// Seconds since 1970 and nanoseconds.
    pub(super) time: (i64, u32),
}

/// The metadata of an entry; without one, that of an implied directory.
pub(super) fn fixed_of(entry: Option<EntryRef<'_>>) -> Fixed {
    match entry {
        Some(entry) => Fixed {
            owner: entry.owner(),
            time: (
                entry.mtime(),
                entry.extra().map_or(0, |extra| extra.mtime_nanos),
            ),
        },
        None => Fixed {
            owner: Owner {
                mode: 0o755,
                uid: 0,
                gid: 0,
            },
            time: (0, 0),
        },
    }
}

impl Fixed {
    fn bytes(&self, kind: EntryKind) -> [u8; 31] {
        let mut out = [0; 31];
        out[0] = kind as u8;
        out[1..3].copy_from_slice(&self.owner.mode.to_le_bytes());
        out[3..11].copy_from_slice(&self.owner.uid.to_le_bytes());
        out[11..19].copy_from_slice(&self.owner.gid.to_le_bytes());
        out[19..27].copy_from_slice(&self.time.0.to_le_bytes());
        out[27..31].copy_from_slice(&self.time.1.to_le_bytes());
        out
    }
}

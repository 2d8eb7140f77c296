//! One uncompressed layer in a file: walked from header to header.

use std::io;

use super::changeset::{Changeset, EntryRef, FileTable, StoredAt};
use super::digest::{ContentHash, ContentHasher, FINGERPRINT_BYTES, fingerprint};
use super::error::LayerError;
use super::input::PositionedInput;
use super::record::{EntryBudget, Recorded, Recorder};
use super::stream::note_global;
use super::tar::{RawEntry, TarWalker, input_error};
use crate::source::BlobRange;

/// Walks the layer in `blob`; reads headers and the first bytes of each file.
///
/// # Errors
/// [`LayerError`] with the offset at which the layer stopped making sense.
pub fn walk_stored(
    blob: &BlobRange,
    budget: &EntryBudget,
) -> Result<(Changeset, Vec<String>), LayerError> {
    let input = PositionedInput::new(blob.file.clone(), blob.offset, blob.len);
    let mut walker = TarWalker::new(input);
    let mut recorder = Recorder::new(FileTable::Stored(Vec::new()), budget);
    let mut raw = RawEntry::default();
    while walker.next(&mut raw)? {
        let Recorded::File(_) = recorder.record(&mut raw)? else {
            continue;
        };
        let want = usize::try_from(raw.stored)
            .unwrap_or(usize::MAX)
            .min(FINGERPRINT_BYTES);
        let head = walker
            .input()
            .peek(want)
            .map_err(|e| input_error(e, raw.data_offset, "contents"))?;
        let stored = StoredAt {
            offset: raw.data_offset,
            fingerprint: fingerprint(head, raw.size, raw.sparse.as_deref()),
        };
        if let FileTable::Stored(files) = recorder.files() {
            files.push(stored);
        }
    }
    note_global(&walker, &mut recorder);
    Ok(recorder.finish())
}

/// Bytes of contents that `entry` has in the archive.
fn stored_len(entry: EntryRef<'_>) -> u64 {
    match entry.extra().and_then(|extra| extra.sparse.as_deref()) {
        Some(map) => map.iter().map(|range| range.length).sum(),
        None => entry.size(),
    }
}

/// Digests the contents of `entry`, kept at `offset` of the layer in `blob`.
/// `buffer` is scratch space of any non-zero size.
///
/// # Errors
/// Whatever the operating system says; `UnexpectedEof` when the file has
/// become shorter since it was walked.
pub fn digest_contents(
    blob: &BlobRange,
    entry: EntryRef<'_>,
    offset: u64,
    hash: ContentHash,
    buffer: &mut [u8],
) -> io::Result<super::ContentDigest> {
    let sparse = entry.extra().and_then(|extra| extra.sparse.as_deref());
    let mut hasher = ContentHasher::new(hash, entry.size(), sparse);
    let mut at = offset;
    let mut left = stored_len(entry);
    while left > 0 {
        let n = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        blob.read_exact_at(&mut buffer[..n], at)?;
        hasher.update(&buffer[..n]);
        at += n as u64;
        left -= n as u64;
    }
    Ok(hasher.finish())
}

/// Reads the contents of `entry`, which must not be larger than `limit` bytes.
///
/// # Errors
/// As [`digest_contents`].
pub fn read_contents(
    blob: &BlobRange,
    entry: EntryRef<'_>,
    offset: u64,
    limit: u64,
) -> io::Result<Option<Vec<u8>>> {
    let sparse = entry.extra().is_some_and(|extra| extra.sparse.is_some());
    if sparse || entry.size() > limit {
        return Ok(None);
    }
    let mut bytes = vec![0; usize::try_from(entry.size()).map_err(io::Error::other)?];
    blob.read_exact_at(&mut bytes, offset)?;
    Ok(Some(bytes))
}

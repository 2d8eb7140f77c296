//! Layers of registries that have a table of contents: only that is fetched,
//! and the contents of the few files that somebody wants.
//!
//! The table is checked against the digest that the manifest names; so are the
//! files that are fetched. That it says what the tar stream says is taken on
//! trust, as runtimes that pull lazily do.

mod document;
mod fetch;
mod time;

use sha2::{Digest as _, Sha256};

use self::document::{Kind, TocEntry, each_entry};
use self::fetch::{Fetched, fetch_toc, read_range};
use super::capture::{Captured, WantedContents};
use super::changeset::FileTable;
use super::error::LayerError;
use super::record::{EntryBudget, Recorded, Recorder};
use super::scan::Contents;
use super::stream::StreamedLayer;
use super::tar::{BLOCK, RawEntry, flag};
use crate::codec::{Compression, Limits};
use crate::oci::{Digest, TocPlace};
use crate::source::RemoteBlob;

/// What reading a table of contents needs.
pub(super) struct TocContext<'a> {
    pub(super) limits: &'a Limits,
    pub(super) budget: &'a EntryBudget,
    pub(super) wanted: &'a dyn WantedContents,
}

/// Why a table of contents is of no use; the layer itself may still be.
#[derive(Debug, thiserror::Error)]
pub(super) enum TocError {
    /// What was fetched is not what the manifest names.
    #[error(transparent)]
    Wrong(LayerError),
    /// It cannot be fetched, or cannot tell what is needed.
    #[error("{0}")]
    Useless(String),
}

fn useless(error: impl ToString) -> TocError {
    TocError::Useless(error.to_string())
}

/// Reads a layer by its table of contents. The digests of files are SHA-256.
pub(super) fn read_toc(
    remote: &RemoteBlob,
    place: &TocPlace,
    diff_id: &Digest,
    context: &TocContext<'_>,
) -> Result<StreamedLayer, TocError> {
    let fetched = fetch_toc(remote, place, context.limits)?;
    let offsets = offsets(&fetched)?;
    let mut reader = Reader {
        remote,
        fetched: &fetched,
        offsets,
        captured: Captured::default(),
        taken: fetched.taken,
        context,
    };
    let mut recorder = Recorder::new(FileTable::Digests(Vec::new()), context.budget);
    // The archive's end is two blocks.
    let mut uncompressed = 2 * BLOCK;
    let mut raw = RawEntry::default();
    each_entry(&fetched.json, &mut |entry| {
        if entry.kind() == Kind::Chunk {
            return Ok(());
        }
        reader.fill(&entry, &mut raw)?;
        let padded = raw.size.checked_next_multiple_of(BLOCK);
        let padded = padded.ok_or_else(|| useless("a file is too large"))?;
        uncompressed = uncompressed.saturating_add(BLOCK).saturating_add(padded);
        reader.record(&entry, &mut raw, &mut recorder)
    })?;
    if let TocPlace::Stargz { digest, .. } = place {
        // The table lies in the layer as a file of its own.
        raw = RawEntry {
            name: b"stargz.index.json".to_vec(),
            flag: flag::REGULAR,
            size: fetched.json.len() as u64,
            ..RawEntry::default()
        };
        if let Recorded::File(_) = recorder.record(&mut raw).map_err(TocError::Wrong)?
            && let FileTable::Digests(files) = recorder.files()
        {
            files.push(bytes_of(digest.as_ref()).ok_or_else(|| useless("no digest"))?);
        }
        uncompressed = uncompressed.saturating_add(BLOCK);
        uncompressed = uncompressed.saturating_add(raw.size.next_multiple_of(BLOCK));
    }
    let said = match place {
        TocPlace::Stargz { uncompressed, .. } => *uncompressed,
        TocPlace::ZstdChunked { .. } => None,
    };
    let (taken, captured) = (reader.taken, reader.captured);
    let (changeset, mut warnings) = recorder.finish();
    warnings.push(format!(
        "only the table of contents was read, {taken} of {} bytes; --verify all reads the whole \
         layer and checks its digests{}",
        remote.size,
        match said {
            Some(_) => "",
            None => "; its uncompressed size is reckoned from the table",
        }
    ));
    Ok(StreamedLayer {
        changeset,
        contents: Contents::Captured(captured),
        digest: remote.digest.clone(),
        diff_id: diff_id.clone(),
        compressed_bytes: remote.size,
        uncompressed_bytes: said.unwrap_or(uncompressed),
        compression: fetched.compression,
        warnings,
    })
}

/// The places where files' contents begin, and where the last of them end.
fn offsets(fetched: &Fetched) -> Result<Vec<u64>, TocError> {
    let mut starts = vec![fetched.end];
    each_entry(&fetched.json, &mut |entry| {
        if entry.kind() == Kind::File && entry.size > 0 {
            starts.push(entry.offset);
        }
        Ok(())
    })?;
    starts.sort_unstable();
    starts.dedup();
    Ok(starts)
}

struct Reader<'a> {
    remote: &'a RemoteBlob,
    fetched: &'a Fetched,
    offsets: Vec<u64>,
    captured: Captured,
    /// Bytes fetched so far.
    taken: u64,
    context: &'a TocContext<'a>,
}

impl Reader<'_> {
    /// The entry as the tar stream would have it.
    fn fill(&self, entry: &TocEntry<'_>, raw: &mut RawEntry) -> Result<(), TocError> {
        let time = match entry.modtime.as_deref() {
            None | Some("") => (0, 0),
            Some(text) => time::parse(text).ok_or_else(|| useless("a time that is none"))?,
        };
        // Names in JSON are text; others came out as this character.
        let name = |text: &str| match text.contains('\u{fffd}') {
            true => Err(useless("it cannot hold names that are not UTF-8")),
            false => Ok(text.as_bytes().to_vec()),
        };
        *raw = RawEntry {
            name: name(&entry.name)?,
            link: name(&entry.link)?,
            flag: match entry.kind() {
                Kind::File => flag::REGULAR,
                Kind::Directory => flag::DIRECTORY,
                Kind::Symlink => flag::SYMLINK,
                Kind::HardLink => flag::LINK,
                Kind::CharDevice => flag::CHAR,
                Kind::BlockDevice => flag::BLOCK_DEVICE,
                Kind::Fifo => flag::FIFO,
                Kind::Chunk | Kind::Other => return Err(useless("an entry of an unknown type")),
            },
            mode: (entry.mode & 0o7777) as u16,
            uid: entry.uid,
            gid: entry.gid,
            mtime: time.0,
            mtime_nanos: time.1,
            size: match entry.kind() {
                Kind::File => entry.size,
                _ => 0,
            },
            device: (entry.major, entry.minor),
            xattrs: entry.attributes().map_err(useless)?,
            ..RawEntry::default()
        };
        raw.stored = raw.size;
        Ok(())
    }

    fn record(
        &mut self,
        entry: &TocEntry<'_>,
        raw: &mut RawEntry,
        recorder: &mut Recorder<'_>,
    ) -> Result<(), TocError> {
        let Recorded::File(index) = recorder.record(raw).map_err(TocError::Wrong)? else {
            return Ok(());
        };
        let digest = bytes_of(&entry.digest);
        let digest = digest.ok_or_else(|| useless("it has no digests of files"))?;
        if let FileTable::Digests(files) = recorder.files() {
            files.push(digest);
        }
        if !self.context.wanted.wants(recorder.path(), raw.size)
            || !self.captured.has_room(raw.size)
        {
            return Ok(());
        }
        let contents = self.contents(entry)?;
        if Sha256::digest(&contents)[..] != digest[..] {
            return Err(TocError::Wrong(LayerError::Mismatch {
                what: "digest of a file",
                expected: entry.digest.clone().into_owned(),
                found: entry.name.clone().into_owned(),
            }));
        }
        let kept = self.captured.keep(index, &contents);
        kept.map_err(|source| TocError::Wrong(LayerError::Read { offset: 0, source }))
    }

    /// Fetches the contents of one file.
    fn contents(&mut self, entry: &TocEntry<'_>) -> Result<Vec<u8>, TocError> {
        let next = self.offsets.partition_point(|&at| at <= entry.offset);
        let end = *self
            .offsets
            .get(next)
            .ok_or_else(|| useless("a file lies outside of the layer"))?;
        let len = end.saturating_sub(entry.offset);
        self.taken = self.taken.saturating_add(len);
        let packed = read_range(self.remote, entry.offset, len)?;
        fetch::inflate(
            &packed,
            self.fetched.compression,
            entry.inner_offset,
            entry.size,
        )
        .map_err(useless)
    }
}

/// The bytes of a `sha256:` digest.
fn bytes_of(digest: &str) -> Option<[u8; 32]> {
    let hex = digest.strip_prefix("sha256:")?.as_bytes();
    let mut out = [0; 32];
    if hex.len() != 64 {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(hex.chunks_exact(2)) {
        let text = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(text, 16).ok()?;
    }
    Some(out)
}

/// Compressions by the place of the table.
pub(super) fn compression_of(place: &TocPlace) -> Compression {
    match place {
        TocPlace::Stargz { .. } => Compression::Gzip,
        TocPlace::ZstdChunked { .. } => Compression::Zstd,
    }
}

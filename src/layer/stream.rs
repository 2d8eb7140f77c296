//! One compressed (or streamed) layer, read once from front to back.
//!
//! Three threads share the work, so that a single large layer does not wait
//! for one core: the first reads, digests and inflates the blob, the second
//! digests the tar stream (the diff_id), the third walks the tar and digests
//! the contents of files.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use sha2::{Digest as _, Sha256};

use super::capture::{Captured, WantedContents};
use super::changeset::{Changeset, FileTable};
use super::digest::{ContentHash, ContentHasher};
use super::error::LayerError;
use super::input::{Pieces, StreamInput};
use super::record::{EntryBudget, Recorded, Recorder};
use super::tar::{RawEntry, TarWalker};
use crate::codec::{Compression, Inflate, Limits, Sniffed, sniff};
use crate::oci::Digest;

/// Size of the pieces that travel between the threads. A multiple of the tar
/// block; small enough that a few fit the second-level cache.
const PIECE: usize = 256 * 1024;
/// Pieces that may wait between two threads.
const WAITING: usize = 6;

/// A layer that passed once.
#[derive(Debug)]
pub struct StreamedLayer {
    /// Its entries.
    pub changeset: Changeset,
    /// Contents that judgements asked for.
    pub captured: Captured,
    /// Digest of the blob as stored.
    pub digest: Digest,
    /// Digest of the tar stream.
    pub diff_id: Digest,
    /// Size of the blob as stored, in bytes.
    pub compressed_bytes: u64,
    /// Size of the tar stream, in bytes.
    pub uncompressed_bytes: u64,
    /// How the blob is compressed.
    pub compression: Compression,
    /// Oddities that did not stop the reading.
    pub warnings: Vec<String>,
}

/// What reading any layer needs.
pub struct StreamContext<'a> {
    /// Bounds.
    pub limits: &'a Limits,
    /// Entries still allowed.
    pub budget: &'a EntryBudget,
    /// How contents are identified.
    pub hash: ContentHash,
    /// Which contents are kept.
    pub wanted: &'a dyn WantedContents,
    /// Told of each piece of the blob that was read, in bytes.
    pub advanced: &'a (dyn Fn(u64) + Sync),
}

/// Reads the layer in `blob` to its end.
///
/// # Errors
/// [`LayerError`] with the offset at which the layer stopped making sense.
pub fn read_stream(
    blob: impl Read,
    context: &StreamContext<'_>,
) -> Result<StreamedLayer, LayerError> {
    let (compression, reader) = sniffed(blob, context)?;
    let inflate = Inflate::new(compression, BufReader::with_capacity(PIECE, reader))
        .map_err(|source| inflate_error(compression, 0, source))?;
    thread::scope(|scope| {
        let (to_walk, pieces) = sync_channel(WAITING);
        let (to_hash, hashed) = sync_channel(WAITING);
        let hasher = scope.spawn(move || hash_pieces(&hashed));
        let walker = scope.spawn(move || walk(ReceivedPieces(pieces), context));
        // When the walk stops early the producer finds its channel closed.
        let produced = produce(inflate, compression, context, to_walk, to_hash);
        let walked = join(walker);
        let diff_id = join(hasher);
        let mut walked = walked?;
        let produced = produced?;
        if produced.trailing > 0 {
            walked.warnings.push(format!(
                "{} bytes after the {compression} data are ignored",
                produced.trailing
            ));
        }
        let digest = match produced.digest {
            Some(digest) => digest,
            None => diff_id.clone(),
        };
        Ok(StreamedLayer {
            changeset: walked.changeset,
            captured: walked.captured,
            digest,
            diff_id,
            compressed_bytes: produced.compressed,
            uncompressed_bytes: produced.uncompressed,
            compression,
            warnings: walked.warnings,
        })
    })
}

/// Passes a panic of a helper thread on.
fn join<T>(handle: thread::ScopedJoinHandle<'_, T>) -> T {
    handle
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Looks at the first bytes of `blob` without losing them.
fn sniffed<'a, R: Read>(
    mut blob: R,
    context: &'a StreamContext<'_>,
) -> Result<(Compression, BlobDigest<'a, R>), LayerError> {
    let mut head = [0u8; 8];
    let mut filled = 0;
    while filled < head.len() {
        match blob.read(&mut head[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(LayerError::Read { offset: 0, source }),
        }
    }
    let compression = match sniff(&head[..filled]) {
        Sniffed::Known(compression) => compression,
        Sniffed::Unsupported(what) => return Err(LayerError::Unsupported(what.to_owned())),
    };
    let reader = BlobDigest {
        head,
        head_range: 0..filled,
        blob,
        // The digest of an uncompressed blob is its diff_id: hash it once.
        hasher: (compression != Compression::None).then(Sha256::new),
        count: 0,
        advanced: context.advanced,
    };
    Ok((compression, reader))
}

/// Counts and digests the blob as it is read.
struct BlobDigest<'a, R> {
    head: [u8; 8],
    head_range: std::ops::Range<usize>,
    blob: R,
    hasher: Option<Sha256>,
    count: u64,
    advanced: &'a (dyn Fn(u64) + Sync),
}

impl<R: Read> Read for BlobDigest<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = if self.head_range.is_empty() {
            self.blob.read(buf)?
        } else {
            let n = (&self.head[self.head_range.clone()]).read(buf)?;
            self.head_range.start += n;
            n
        };
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buf[..n]);
        }
        self.count += n as u64;
        (self.advanced)(n as u64);
        Ok(n)
    }
}

struct Produced {
    digest: Option<Digest>,
    compressed: u64,
    uncompressed: u64,
    trailing: u64,
}

/// Inflates the blob into pieces for both consumers.
fn produce<R: Read>(
    mut inflate: Inflate<BufReader<BlobDigest<'_, R>>>,
    compression: Compression,
    context: &StreamContext<'_>,
    to_walk: SyncSender<io::Result<Arc<Vec<u8>>>>,
    to_hash: SyncSender<Arc<Vec<u8>>>,
) -> Result<Produced, LayerError> {
    // One buffer more than can be on the way or in use: each is free again
    // when its turn comes.
    let mut ring: Vec<Arc<Vec<u8>>> = Vec::new();
    let mut turn = 0;
    let mut uncompressed: u64 = 0;
    loop {
        if ring.len() < 2 * WAITING + 3 {
            ring.push(Arc::new(vec![0; PIECE]));
            turn = ring.len() - 1;
        } else {
            turn = (turn + 1) % ring.len();
        }
        if Arc::get_mut(&mut ring[turn]).is_none() {
            ring[turn] = Arc::new(vec![0; PIECE]);
        }
        let Some(piece) = Arc::get_mut(&mut ring[turn]) else {
            continue;
        };
        piece.resize(PIECE, 0);
        let filled = match fill(&mut inflate, piece) {
            Ok(filled) => filled,
            Err((filled, error)) => {
                let offset = uncompressed + filled as u64;
                let error = inflate_error(compression, offset, error);
                let _ = to_walk.send(Err(io::Error::other(error)));
                return Err(stopped());
            }
        };
        piece.truncate(filled);
        if filled == 0 {
            break;
        }
        uncompressed += filled as u64;
        if uncompressed > context.limits.layer_bytes {
            let error = LayerError::Limit {
                what: "uncompressed bytes",
                limit: context.limits.layer_bytes,
                flag: "--max-layer-size",
            };
            let _ = to_walk.send(Err(io::Error::other(error)));
            return Err(stopped());
        }
        let sent = to_hash.send(Arc::clone(&ring[turn])).is_ok()
            && to_walk.send(Ok(Arc::clone(&ring[turn]))).is_ok();
        if !sent {
            return Err(stopped());
        }
        if let Some(error) = over_ratio(&inflate, uncompressed, context.limits) {
            let _ = to_walk.send(Err(io::Error::other(error)));
            return Err(stopped());
        }
    }
    let (mut rest, taken) = inflate.into_inner().ok_or_else(stopped)?;
    let trailing = taken
        + drain(&mut rest).map_err(|source| LayerError::Read {
            offset: rest.get_ref().count,
            source,
        })?;
    let reader = rest.into_inner();
    Ok(Produced {
        digest: reader.hasher.map(crate::oci::finish_sha256),
        compressed: reader.count,
        uncompressed,
        trailing,
    })
}

/// Stands in for the true error, which the walking thread has.
fn stopped() -> LayerError {
    LayerError::Read {
        offset: 0,
        source: io::ErrorKind::Interrupted.into(),
    }
}

fn over_ratio<R: Read>(
    inflate: &Inflate<BufReader<BlobDigest<'_, R>>>,
    uncompressed: u64,
    limits: &Limits,
) -> Option<LayerError> {
    if uncompressed < Limits::RATIO_FLOOR {
        return None;
    }
    let compressed = match inflate {
        Inflate::Plain(_) => return None,
        Inflate::Gzip(members) => members.get_ref()?.get_ref().count,
        Inflate::Zstd(frames) => frames.get_ref().get_ref().count,
    };
    (uncompressed / compressed.max(1) > limits.ratio).then_some(LayerError::Limit {
        what: "uncompressed bytes for each compressed byte",
        limit: limits.ratio,
        flag: "--max-ratio",
    })
}

/// Fills `piece` as far as the stream goes.
fn fill(reader: &mut impl Read, piece: &mut [u8]) -> Result<usize, (usize, io::Error)> {
    let mut filled = 0;
    while filled < piece.len() {
        match reader.read(&mut piece[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err((filled, e)),
        }
    }
    Ok(filled)
}

/// Reads to the end of the blob, so that its digest covers all of it.
fn drain(reader: &mut impl BufRead) -> io::Result<u64> {
    let mut count = 0;
    loop {
        let n = reader.fill_buf()?.len();
        if n == 0 {
            return Ok(count);
        }
        count += n as u64;
        reader.consume(n);
    }
}

fn inflate_error(compression: Compression, offset: u64, source: io::Error) -> LayerError {
    match compression {
        Compression::None => LayerError::Read { offset, source },
        _ if source.kind() == io::ErrorKind::UnexpectedEof => LayerError::Inflate {
            compression,
            offset,
            source: io::Error::new(io::ErrorKind::UnexpectedEof, "the data is truncated"),
        },
        _ => LayerError::Inflate {
            compression,
            offset,
            source,
        },
    }
}

fn hash_pieces(pieces: &Receiver<Arc<Vec<u8>>>) -> Digest {
    let mut hasher = Sha256::new();
    while let Ok(piece) = pieces.recv() {
        hasher.update(&piece[..]);
    }
    crate::oci::finish_sha256(hasher)
}

struct ReceivedPieces(Receiver<io::Result<Arc<Vec<u8>>>>);

impl Pieces for ReceivedPieces {
    fn next_piece(&mut self) -> io::Result<Option<Arc<Vec<u8>>>> {
        match self.0.recv() {
            Ok(Ok(piece)) => Ok(Some(piece)),
            Ok(Err(error)) => Err(error),
            Err(_) => Ok(None),
        }
    }
}

struct Walked {
    changeset: Changeset,
    captured: Captured,
    warnings: Vec<String>,
}

fn walk(pieces: impl Pieces, context: &StreamContext<'_>) -> Result<Walked, LayerError> {
    let mut input = StreamInput::new(pieces);
    let head = input
        .peek()
        .map_err(|e| super::tar::input_error(e, 0, "the first block"))?;
    refuse_nested(head)?;
    let mut walker = TarWalker::new(input);
    let mut recorder = Recorder::new(FileTable::Digests(Vec::new()), context.budget);
    let mut captured = Captured::default();
    let mut raw = RawEntry::default();
    let mut kept = Vec::new();
    while walker.next(&mut raw)? {
        let Recorded::File(index) = recorder.record(&mut raw)? else {
            continue;
        };
        let mut hasher = ContentHasher::new(context.hash, raw.size, raw.sparse.as_deref());
        let keep = raw.sparse.is_none() && context.wanted.wants(recorder.path(), raw.size);
        kept.clear();
        walker.contents(&mut |piece| {
            hasher.update(piece);
            if keep {
                kept.extend_from_slice(piece);
            }
        })?;
        if let FileTable::Digests(files) = recorder.files() {
            files.push(hasher.finish());
        }
        if keep {
            captured
                .keep(index, &kept)
                .map_err(|source| LayerError::Read {
                    offset: raw.data_offset,
                    source,
                })?;
        }
    }
    note_global(&walker, &mut recorder);
    walker
        .into_input()
        .drain()
        .map_err(|e| super::tar::input_error(e, 0, "the padding after the archive"))?;
    let (changeset, warnings) = recorder.finish();
    Ok(Walked {
        changeset,
        captured,
        warnings,
    })
}

/// A compressed stream inside a compressed stream is no layer.
fn refuse_nested(head: &[u8]) -> Result<(), LayerError> {
    match sniff(head) {
        Sniffed::Known(Compression::None) => Ok(()),
        Sniffed::Known(inner) => Err(LayerError::Unsupported(format!(
            "{inner} data inside the compressed data"
        ))),
        Sniffed::Unsupported(what) => Err(LayerError::Unsupported(format!(
            "{what} inside the compressed data"
        ))),
    }
}

pub(super) fn note_global<I: super::tar::TarInput>(
    walker: &TarWalker<I>,
    recorder: &mut Recorder<'_>,
) {
    if walker.saw_global_header() {
        recorder.oddities().add(|| {
            "global PAX records are not applied, as no container runtime applies them".to_owned()
        });
    }
}

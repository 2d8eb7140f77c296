//! One compressed (or streamed) layer, read once from front to back.
//!
//! Three threads share the work, so that a single large layer does not wait
//! for one core: the first reads and inflates the blob, the second digests the
//! blob and the tar stream (the diff_id), the third walks the tar and digests
//! the contents of files. Where there are only two cores the last two are one:
//! inflating takes the longest and should not share its core.

use std::fs::File;
use std::io::{self, BufRead, Read, Write as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::capture::{Captured, WantedContents};
use super::changeset::{Changeset, FileTable, StoredAt};
use super::digest::{ContentHash, ContentHasher};
use super::error::LayerError;
use super::input::{Pieces, StreamInput};
use super::pieces::{BlobReader, Digests, Piece, Ring, WAITING};
use super::record::{EntryBudget, Recorded, Recorder};
use super::scan::Contents;
use super::tar::{RawEntry, TarWalker};
use crate::codec::{Compression, Inflate, Limits, Sniffed, sniff};
use crate::oci::Digest;
use crate::source::BlobRange;

/// A layer that passed once.
#[derive(Debug)]
pub struct StreamedLayer {
    /// Its entries.
    pub changeset: Changeset,
    /// Where contents are: what judgements asked for, or all of the tar stream.
    pub contents: Contents,
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
    /// Whether there are cores for three threads.
    pub spread: bool,
    /// An empty file that the tar stream is written to, so that contents can be
    /// read by position later; they are not digested then.
    pub spool: Option<&'a Arc<File>>,
}

/// Reads the layer in `blob` to its end.
///
/// # Errors
/// [`LayerError`] with the offset at which the layer stopped making sense.
pub fn read_stream(
    blob: impl Read,
    context: &StreamContext<'_>,
) -> Result<StreamedLayer, LayerError> {
    let mut blob = BlobReader::new(blob, context.advanced);
    let head = blob
        .fill_buf()
        .map_err(|source| LayerError::Read { offset: 0, source })?;
    let compression = match sniff(head) {
        Sniffed::Known(compression) => compression,
        Sniffed::Unsupported(what) => return Err(LayerError::Unsupported(what.to_owned())),
    };
    thread::scope(|scope| {
        let (to_walk, pieces) = sync_channel(WAITING);
        let (to_hash, hashed) = sync_channel(WAITING);
        let to_hash = context.spread.then_some(to_hash);
        // The digest of an uncompressed blob is its diff_id: hash it once.
        if compression != Compression::None {
            blob.digest(to_hash.as_ref().unwrap_or(&to_walk).clone());
        }
        let inflate = Inflate::new(compression, blob)
            .map_err(|source| inflate_error(compression, 0, source))?;
        let hasher = scope.spawn(move || digest_all(&hashed));
        let walker = scope.spawn(move || {
            let mut digests = Digests::default();
            let pieces = ReceivedPieces {
                pieces,
                digests: (!context.spread).then_some(&mut digests),
                spool: context.spool.map(|file| &**file),
            };
            (walk(pieces, context), digests)
        });
        // When the walk stops early the producer finds its channel closed.
        let produced = produce(inflate, compression, context, to_walk, to_hash);
        let (walked, digests) = join(walker);
        let separate = join(hasher);
        let (digest, diff_id) = match context.spread {
            true => separate,
            false => digests,
        }
        .finish();
        let mut walked = walked?;
        let produced = produced?;
        if produced.trailing > 0 {
            walked.warnings.push(format!(
                "{} bytes after the {compression} data are ignored",
                produced.trailing
            ));
        }
        let digest = match compression {
            Compression::None => diff_id.clone(),
            _ => digest,
        };
        let contents = match context.spool {
            Some(file) => Contents::Stored(BlobRange {
                file: Arc::clone(file),
                offset: 0,
                len: produced.uncompressed,
            }),
            None => Contents::Captured(walked.captured),
        };
        Ok(StreamedLayer {
            changeset: walked.changeset,
            contents,
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

struct Produced {
    compressed: u64,
    uncompressed: u64,
    trailing: u64,
}

/// Inflates the blob into pieces for both consumers.
fn produce<R: Read>(
    mut inflate: Inflate<BlobReader<'_, R>>,
    compression: Compression,
    context: &StreamContext<'_>,
    to_walk: SyncSender<Piece>,
    to_hash: Option<SyncSender<Piece>>,
) -> Result<Produced, LayerError> {
    let mut ring = Ring::default();
    let mut uncompressed: u64 = 0;
    loop {
        let piece = match ring.fill(&mut inflate) {
            Ok(piece) => piece,
            Err((filled, error)) => {
                let offset = uncompressed + filled as u64;
                let error = inflate_error(compression, offset, error);
                let _ = to_walk.send(Piece::Failed(io::Error::other(error)));
                return Err(stopped());
            }
        };
        if piece.is_empty() {
            break;
        }
        uncompressed += piece.len() as u64;
        if uncompressed > context.limits.layer_bytes {
            let error = LayerError::Limit {
                what: "uncompressed bytes",
                limit: context.limits.layer_bytes,
                flag: "--max-layer-size",
            };
            let _ = to_walk.send(Piece::Failed(io::Error::other(error)));
            return Err(stopped());
        }
        let hashed = to_hash
            .as_ref()
            .is_none_or(|to_hash| to_hash.send(Piece::Tar(Arc::clone(&piece))).is_ok());
        let sent = hashed && to_walk.send(Piece::Tar(piece)).is_ok();
        if !sent {
            return Err(stopped());
        }
        if let Some(error) = over_ratio(&inflate, uncompressed, context.limits) {
            let _ = to_walk.send(Piece::Failed(io::Error::other(error)));
            return Err(stopped());
        }
    }
    let (mut blob, taken) = inflate.into_inner().ok_or_else(stopped)?;
    let trailing = taken
        + blob.drain().map_err(|source| LayerError::Read {
            offset: blob.count(),
            source,
        })?;
    Ok(Produced {
        compressed: blob.count(),
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
    inflate: &Inflate<BlobReader<'_, R>>,
    uncompressed: u64,
    limits: &Limits,
) -> Option<LayerError> {
    if uncompressed < Limits::RATIO_FLOOR {
        return None;
    }
    let compressed = match inflate {
        Inflate::Plain(_) => return None,
        Inflate::Gzip(members) => members.get_ref()?.count(),
        Inflate::Zstd(frames) => frames.get_ref().count(),
    };
    (uncompressed / compressed.max(1) > limits.ratio).then_some(LayerError::Limit {
        what: "uncompressed bytes for each compressed byte",
        limit: limits.ratio,
        flag: "--max-ratio",
    })
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

/// Digests the blob and the tar stream.
fn digest_all(pieces: &Receiver<Piece>) -> Digests {
    let mut digests = Digests::default();
    while let Ok(piece) = pieces.recv() {
        digests.update(&piece);
    }
    digests
}

/// What the walking thread gets; it may have to digest on the way.
struct ReceivedPieces<'a> {
    pieces: Receiver<Piece>,
    digests: Option<&'a mut Digests>,
    spool: Option<&'a File>,
}

impl Pieces for ReceivedPieces<'_> {
    fn next_piece(&mut self) -> io::Result<Option<Arc<Vec<u8>>>> {
        while let Ok(piece) = self.pieces.recv() {
            if let Some(digests) = &mut self.digests {
                digests.update(&piece);
            }
            match piece {
                Piece::Tar(piece) => {
                    if let Some(mut spool) = self.spool {
                        spool.write_all(&piece).map_err(unspooled)?;
                    }
                    return Ok(Some(piece));
                }
                Piece::Failed(error) => return Err(error),
                Piece::Blob(_) => {}
            }
        }
        Ok(None)
    }
}

fn unspooled(source: io::Error) -> io::Error {
    io::Error::new(
        source.kind(),
        format!(
            "cannot keep the uncompressed layer in {}: {source}; set TMPDIR to a folder with more room",
            std::env::temp_dir().display()
        ),
    )
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
    let table = match context.spool {
        Some(_) => FileTable::Stored(Vec::new()),
        None => FileTable::Digests(Vec::new()),
    };
    let mut recorder = Recorder::new(table, context.budget);
    let mut captured = Captured::default();
    let mut raw = RawEntry::default();
    let mut kept = Vec::new();
    while walker.next(&mut raw)? {
        let Recorded::File(index) = recorder.record(&mut raw)? else {
            continue;
        };
        if let FileTable::Stored(files) = recorder.files() {
            files.push(StoredAt {
                offset: raw.data_offset,
                fingerprint: 0,
            });
            // The walk skips what nobody looks at.
            continue;
        }
        let mut hasher = ContentHasher::new(context.hash, raw.size, raw.sparse.as_deref());
        let wanted = raw.sparse.is_none() && context.wanted.wants(recorder.path(), raw.size);
        let keep = wanted && captured.has_room(raw.size);
        if wanted && !keep {
            recorder.oddities().add(|| {
                format!(
                    "{} is not looked into: the layer has too many bytes of databases",
                    crate::oci::escape_bytes(&raw.name)
                )
            });
        }
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

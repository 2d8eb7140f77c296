//! A layer's tar stream → its blob: compressed, with both digests taken on the
//! way, each byte hashed once.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use sha2::{Digest as _, Sha256};

use super::{Sink, SinkError, WriteBlob};
use crate::codec::{Encoder, Encoding};
use crate::oci::{Digest, finish_sha256};

/// A blob that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobInfo {
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its size, in bytes.
    pub size: u64,
}

/// How a layer is made into a blob.
#[derive(Debug, Clone, Copy)]
pub struct LayerEncoding {
    /// Its compression.
    pub encoding: Encoding,
    /// Threads that compress.
    pub jobs: usize,
}

/// A layer that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The blob.
    pub blob: BlobInfo,
    /// Digest of the tar stream.
    pub diff_id: Digest,
    /// Size of the tar stream, in bytes.
    pub uncompressed: u64,
}

/// Writes a blob; what `write` says comes back as it said it.
///
/// # Errors
/// What the sink says, or `write`.
pub fn put<E: From<SinkError>>(
    sink: &mut dyn Sink,
    mut write: impl FnMut(&mut dyn Write) -> Result<(), E>,
) -> Result<BlobInfo, E> {
    let mut failed = None;
    let blob = sink.blob(&mut |out| {
        write(out).map_err(|error| {
            failed = Some(error);
            io::Error::other("the blob could not be made")
        })
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(blob?),
    }
}

/// Writes the layer whose tar stream `write` makes as a blob.
///
/// # Errors
/// What the sink says, or `write`.
pub fn encode<E: From<SinkError> + From<io::Error>>(
    sink: &mut dyn Sink,
    how: LayerEncoding,
    mut write: impl FnMut(&mut dyn Write) -> Result<(), E>,
) -> Result<Encoded, E> {
    if how.encoding == Encoding::None {
        // The sink digests it: blob and tar stream are the same bytes.
        let blob = put(sink, write)?;
        return Ok(Encoded {
            diff_id: blob.digest.clone(),
            uncompressed: blob.size,
            blob,
        });
    }
    let mut tar = None;
    let blob = put(sink, |out| {
        tar = Some(hashed(|hash| {
            let mut encoder = Encoder::new(out, how.encoding, how.jobs)?;
            write(&mut Tee {
                hash,
                out: &mut encoder,
            })?;
            encoder.finish()?;
            Ok::<(), E>(())
        })?);
        Ok::<(), E>(())
    })?;
    let (diff_id, uncompressed) = tar.unwrap_or((blob.digest.clone(), blob.size));
    Ok(Encoded {
        blob,
        diff_id,
        uncompressed,
    })
}

/// Writes a blob to a file, from where the file is.
pub(super) fn write_to(file: &mut File, write: &mut WriteBlob<'_>) -> io::Result<BlobInfo> {
    let (digest, size) = hashed(|hash| {
        let mut out = io::BufWriter::with_capacity(PIECE, file);
        write(&mut Tee {
            hash,
            out: &mut out,
        })?;
        out.flush()
    })?;
    Ok(BlobInfo { digest, size })
}

/// Bytes that travel to the digesting thread at once.
const PIECE: usize = 256 * 1024;

/// Pieces that may wait for it.
const WAITING: usize = 8;

/// Runs `write` with a writer whose bytes are digested on a thread of their
/// own; the digest and how many bytes there were.
fn hashed<E: From<io::Error>>(
    write: impl FnOnce(&mut HashWriter) -> Result<(), E>,
) -> Result<(Digest, u64), E> {
    let (sender, receiver) = sync_channel::<Vec<u8>>(WAITING);
    let (give_back, free) = sync_channel::<Vec<u8>>(WAITING + 2);
    thread::scope(|scope| {
        let hasher = scope.spawn(move || {
            let mut hasher = Sha256::new();
            while let Ok(mut piece) = receiver.recv() {
                hasher.update(&piece);
                piece.clear();
                // A full or closed channel only costs a buffer.
                let _ = give_back.try_send(piece);
            }
            hasher
        });
        let mut writer = HashWriter {
            sender,
            free,
            piece: Vec::with_capacity(PIECE),
            count: 0,
        };
        let written = write(&mut writer).and_then(|()| Ok(writer.send()?));
        let count = writer.count;
        drop(writer);
        let hasher = hasher
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        written.map(|()| (finish_sha256(hasher), count))
    })
}

/// Collects bytes for the digesting thread.
struct HashWriter {
    sender: SyncSender<Vec<u8>>,
    free: std::sync::mpsc::Receiver<Vec<u8>>,
    piece: Vec<u8>,
    count: u64,
}

impl HashWriter {
    fn send(&mut self) -> io::Result<()> {
        let next = self
            .free
            .try_recv()
            .unwrap_or_else(|_| Vec::with_capacity(PIECE));
        let full = std::mem::replace(&mut self.piece, next);
        self.sender
            .send(full)
            .map_err(|_| io::Error::other("the digesting thread stopped"))
    }
}

impl Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        self.count += bytes.len() as u64;
        if self.piece.len() >= PIECE {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes to both.
struct Tee<'a> {
    hash: &'a mut HashWriter,
    out: &'a mut dyn Write,
}

impl Write for Tee<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write_all(bytes)?;
        self.hash.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

//! Pieces of a stream that several threads look at, without copying them.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use sha2::{Digest as _, Sha256};

use crate::oci::{Digest, finish_sha256};

/// Size of the pieces that travel between the threads. A multiple of the tar
/// block; small enough that a few fit the second-level cache.
pub(super) const PIECE: usize = 128 * 1024;

/// Pieces that may wait between two threads.
pub(super) const WAITING: usize = 12;

/// What goes from the thread that inflates to the others.
pub(super) enum Piece {
    /// The next bytes of the blob.
    Blob(Arc<Vec<u8>>),
    /// The next bytes of the tar stream.
    Tar(Arc<Vec<u8>>),
    /// There are no more, and this is why.
    Failed(io::Error),
}

/// The digests of a blob and of the tar stream in it.
#[derive(Default)]
pub(super) struct Digests {
    blob: Sha256,
    tar: Sha256,
}

impl Digests {
    pub(super) fn update(&mut self, piece: &Piece) {
        match piece {
            Piece::Blob(piece) => self.blob.update(&piece[..]),
            Piece::Tar(piece) => self.tar.update(&piece[..]),
            Piece::Failed(_) => {}
        }
    }

    /// Of the blob, and of the tar stream.
    pub(super) fn finish(self) -> (Digest, Digest) {
        (finish_sha256(self.blob), finish_sha256(self.tar))
    }
}

/// Buffers that come back once every thread is done with them.
#[derive(Default)]
pub(super) struct Ring {
    pieces: Vec<Arc<Vec<u8>>>,
    turn: usize,
}

impl Ring {
    /// A buffer that nobody else has, filled from `reader` as far as that goes.
    /// On failure, the number of bytes that came before it is told as well.
    pub(super) fn fill(
        &mut self,
        reader: &mut impl Read,
    ) -> Result<Arc<Vec<u8>>, (usize, io::Error)> {
        // One more than can be on the way to two threads or in use by them:
        // each is free again when its turn comes.
        if self.pieces.len() < 2 * WAITING + 3 {
            self.pieces.push(Arc::default());
            self.turn = self.pieces.len() - 1;
        } else {
            self.turn = (self.turn + 1) % self.pieces.len();
        }
        let slot = &mut self.pieces[self.turn];
        if Arc::get_mut(slot).is_none() {
            *slot = Arc::default();
        }
        let mut filled = 0;
        if let Some(piece) = Arc::get_mut(slot) {
            piece.resize(PIECE, 0);
            let done = fill(reader, piece, &mut filled);
            piece.truncate(filled);
            done.map_err(|error| (filled, error))?;
        }
        Ok(Arc::clone(slot))
    }
}

fn fill(reader: &mut impl Read, piece: &mut [u8], filled: &mut usize) -> io::Result<()> {
    while *filled < piece.len() {
        match reader.read(&mut piece[*filled..]) {
            Ok(0) => break,
            Ok(n) => *filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// A blob, counted and handed to the digesting thread as it is read.
pub(super) struct BlobReader<'a, R> {
    blob: R,
    ring: Ring,
    piece: Arc<Vec<u8>>,
    at: usize,
    count: u64,
    to_hash: Option<SyncSender<Piece>>,
    advanced: &'a (dyn Fn(u64) + Sync),
}

impl<'a, R: Read> BlobReader<'a, R> {
    pub(super) fn new(blob: R, advanced: &'a (dyn Fn(u64) + Sync)) -> Self {
        BlobReader {
            blob,
            ring: Ring::default(),
            piece: Arc::default(),
            at: 0,
            count: 0,
            to_hash: None,
            advanced,
        }
    }

    /// From now on, and with what was looked at before, hands pieces on.
    pub(super) fn digest(&mut self, to_hash: SyncSender<Piece>) {
        if !self.piece.is_empty() {
            // Who is gone has failed, and says so itself.
            let _ = to_hash.send(Piece::Blob(Arc::clone(&self.piece)));
        }
        self.to_hash = Some(to_hash);
    }

    /// Bytes read so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Reads to the end of the blob, so that its digest covers all of it.
    /// Returns how many bytes that was.
    pub(super) fn drain(&mut self) -> io::Result<u64> {
        let mut count = 0;
        loop {
            let n = self.fill_buf()?.len();
            if n == 0 {
                return Ok(count);
            }
            count += n as u64;
            self.consume(n);
        }
    }
}

impl<R: Read> BufRead for BlobReader<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.piece.len() {
            let filled = self.ring.fill(&mut self.blob);
            self.piece = filled.map_err(|(_, error)| error)?;
            self.at = 0;
            self.count += self.piece.len() as u64;
            (self.advanced)(self.piece.len() as u64);
            if let Some(to_hash) = &self.to_hash
                && !self.piece.is_empty()
            {
                let _ = to_hash.send(Piece::Blob(Arc::clone(&self.piece)));
            }
        }
        Ok(&self.piece[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.piece.len());
    }
}

impl<R: Read> Read for BlobReader<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut front = self.fill_buf()?;
        let n = front.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::sync_channel;

    #[test]
    fn every_byte_is_read_counted_and_handed_on() {
        let blob: Vec<u8> = (0..3 * PIECE + 17).map(|i| (i / 7) as u8).collect();
        let (to_hash, hashed) = sync_channel(100);
        let mut reader = BlobReader::new(&blob[..], &|_| ());
        assert_eq!(reader.fill_buf().unwrap(), &blob[..PIECE]);
        reader.digest(to_hash);
        let mut start = vec![0; PIECE + 5];
        reader.read_exact(&mut start).unwrap();
        assert_eq!(start, blob[..PIECE + 5]);
        assert_eq!(reader.drain().unwrap() as usize, blob.len() - PIECE - 5);
        assert_eq!(reader.count() as usize, blob.len());
        drop(reader);
        let pieces = hashed.into_iter().map(|piece| match piece {
            Piece::Blob(piece) => piece.to_vec(),
            Piece::Tar(_) | Piece::Failed(_) => panic!("not of the blob"),
        });
        assert_eq!(pieces.collect::<Vec<_>>().concat(), blob);
    }
}

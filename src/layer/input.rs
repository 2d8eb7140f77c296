//! The two ways to feed a [`TarWalker`](super::tar::TarWalker): a file read by
//! position, whose contents are skipped, and a stream, which passes once.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::tar::TarInput;

/// Bytes read around a header at most. Runs of small files then need one system
/// call for several.
const WINDOW: usize = 16 * 1024;

/// Bytes read after a large file was skipped: a header and the start of the
/// next file, which may be as large.
const LANDING: usize = 4 * 1024;

/// A range of a file read by position: only the blocks asked for are read.
#[derive(Debug)]
pub struct PositionedInput {
    file: Arc<File>,
    /// Where the tar stream begins in the file.
    start: u64,
    /// Length of the tar stream.
    len: u64,
    position: u64,
    window: Box<[u8]>,
    window_start: u64,
    window_len: usize,
}

impl PositionedInput {
    /// The `len` bytes of `file` from `start` on.
    pub fn new(file: Arc<File>, start: u64, len: u64) -> Self {
        PositionedInput {
            file,
            start,
            len,
            position: 0,
            window: vec![0; WINDOW].into_boxed_slice(),
            window_start: 0,
            window_len: 0,
        }
    }

    /// Up to `count` (at most [`WINDOW`]) bytes at the current position,
    /// fewer only at the end.
    pub fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        let count = count.min(WINDOW);
        let left = self.len.saturating_sub(self.position);
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(count);
        let offset = self.position.wrapping_sub(self.window_start);
        let buffered = match usize::try_from(offset) {
            Ok(offset) if self.position >= self.window_start && offset <= self.window_len => {
                self.window_len - offset
            }
            _ => 0,
        };
        if buffered < want {
            self.fill_window(left, want)?;
        }
        let from = (self.position - self.window_start) as usize;
        let to = (from + want).min(self.window_len);
        Ok(&self.window[from..to])
    }

    fn fill_window(&mut self, left: u64, want: usize) -> io::Result<()> {
        let read_to = self.window_start + self.window_len as u64;
        let near = self.position.abs_diff(read_to) < LANDING as u64;
        let size = if near { WINDOW } else { LANDING };
        let size = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(size.max(want));
        self.window_start = self.position;
        self.window_len = 0;
        while self.window_len < size {
            let at = self.start + self.position + self.window_len as u64;
            match self
                .file
                .read_at(&mut self.window[self.window_len..size], at)
            {
                Ok(0) => break,
                Ok(n) => self.window_len += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

impl TarInput for PositionedInput {
    fn block(&mut self, block: &mut [u8; 512]) -> io::Result<bool> {
        let bytes = self.peek(512)?;
        if bytes.is_empty() {
            return Ok(false);
        }
        if bytes.len() < 512 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        block.copy_from_slice(bytes);
        self.position += 512;
        Ok(true)
    }

    fn skip(&mut self, count: u64) -> io::Result<()> {
        let end = self.position.saturating_add(count);
        if end > self.len {
            self.position = self.len;
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position = end;
        Ok(())
    }

    fn visit(&mut self, mut count: u64, visit: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        while count > 0 {
            let piece = self.peek(usize::try_from(count).unwrap_or(usize::MAX))?;
            if piece.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            visit(piece);
            let n = piece.len() as u64;
            self.position += n;
            count -= n;
        }
        Ok(())
    }

    fn position(&self) -> u64 {
        self.position
    }
}

/// Gives the pieces of a stream one after the other; `None` at its end.
pub trait Pieces {
    /// The next piece, never empty.
    ///
    /// # Errors
    /// Whatever stopped the stream.
    fn next_piece(&mut self) -> io::Result<Option<Arc<Vec<u8>>>>;
}

/// A stream of pieces, passed once.
#[derive(Debug)]
pub struct StreamInput<P> {
    pieces: P,
    piece: Arc<Vec<u8>>,
    used: usize,
    position: u64,
}

impl<P: Pieces> StreamInput<P> {
    /// Starts before the first piece.
    pub fn new(pieces: P) -> Self {
        StreamInput {
            pieces,
            piece: Arc::default(),
            used: 0,
            position: 0,
        }
    }

    /// Passes over all that is left, so that digests over the whole stream are complete.
    pub fn drain(&mut self) -> io::Result<u64> {
        while self.advance()? {
            self.position += (self.piece.len() - self.used) as u64;
            self.used = self.piece.len();
        }
        Ok(self.position)
    }

    /// The first bytes of the stream, without passing them.
    pub fn peek(&mut self) -> io::Result<&[u8]> {
        if self.advance()? {
            Ok(&self.piece[self.used..])
        } else {
            Ok(&[])
        }
    }

    /// Makes the current piece hold unread bytes; false at the end.
    fn advance(&mut self) -> io::Result<bool> {
        while self.used == self.piece.len() {
            match self.pieces.next_piece()? {
                Some(piece) => {
                    self.piece = piece;
                    self.used = 0;
                }
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

impl<P: Pieces> TarInput for StreamInput<P> {
    fn block(&mut self, block: &mut [u8; 512]) -> io::Result<bool> {
        let mut filled = 0;
        while filled < 512 {
            if !self.advance()? {
                if filled == 0 {
                    return Ok(false);
                }
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let rest = &self.piece[self.used..];
            let n = rest.len().min(512 - filled);
            block[filled..filled + n].copy_from_slice(&rest[..n]);
            filled += n;
            self.used += n;
            self.position += n as u64;
        }
        Ok(true)
    }

    fn skip(&mut self, count: u64) -> io::Result<()> {
        self.visit(count, &mut |_| {})
    }

    fn visit(&mut self, mut count: u64, visit: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        while count > 0 {
            if !self.advance()? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let rest = &self.piece[self.used..];
            let n = usize::try_from(count).unwrap_or(usize::MAX).min(rest.len());
            visit(&rest[..n]);
            self.used += n;
            self.position += n as u64;
            count -= n as u64;
        }
        Ok(())
    }

    fn position(&self) -> u64 {
        self.position
    }
}

//! Where the bytes of a blob are.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// A range of an open file; reading it does not move anybody else's position.
#[derive(Debug, Clone)]
pub struct BlobRange {
    /// The file: an archive, or the blob's own.
    pub file: Arc<File>,
    /// Where the blob starts in it, in bytes.
    pub offset: u64,
    /// Length of the blob, in bytes.
    pub len: u64,
}

impl BlobRange {
    /// A reader over the whole blob.
    pub fn reader(&self) -> BlobReader {
        BlobReader {
            range: self.clone(),
            position: 0,
        }
    }

    /// Reads the first bytes, at most `buf.len()`.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn head(&self, buf: &mut [u8]) -> io::Result<usize> {
        let mut reader = self.reader();
        let mut filled = 0;
        while filled < buf.len() {
            match reader.read(&mut buf[filled..])? {
                0 => break,
                n => filled += n,
            }
        }
        Ok(filled)
    }

    /// Reads bytes from `offset` in the blob on.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file is shorter than it was; whatever the
    /// operating system says.
    pub fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buf, self.offset + offset)
    }

    /// Reads the whole blob, which must not be longer than `limit`.
    ///
    /// # Errors
    /// `InvalidData` when it is longer; whatever the operating system says.
    pub fn read_all(&self, limit: u64) -> io::Result<Vec<u8>> {
        if self.len > limit {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "{} bytes are over the limit of {limit}; raise it with --max-document-size",
                    self.len
                ),
            ));
        }
        let mut bytes = vec![0; usize::try_from(self.len).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut bytes, self.offset)?;
        Ok(bytes)
    }
}

/// Reads a [`BlobRange`] from its start.
#[derive(Debug)]
pub struct BlobReader {
    range: BlobRange,
    position: u64,
}

impl Read for BlobReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.range.len - self.position;
        let n = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        if n == 0 {
            return Ok(0);
        }
        loop {
            match self
                .range
                .file
                .read_at(&mut buf[..n], self.range.offset + self.position)
            {
                // The file is shorter than the archive said.
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => {
                    self.position += n as u64;
                    return Ok(n);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

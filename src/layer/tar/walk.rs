//! From one entry of a tar stream to the next.
//!
//! The walk knows where contents are but never reads them itself: a seekable
//! input skips them, a streaming one hands them to whoever asks.

use std::io;

use super::header::{Dialect, Header};
use super::pax::PaxRecords;
use super::sparse::{self, MapText, SparseRange};
use super::{BLOCK, flag};
use crate::codec::Limits;
use crate::layer::error::{LayerError, TarProblem};

/// Where a tar stream comes from.
pub trait TarInput {
    /// Copies the next block; false at the clean end of the stream.
    ///
    /// # Errors
    /// `UnexpectedEof` when the stream ends inside the block.
    fn block(&mut self, block: &mut [u8; 512]) -> io::Result<bool>;

    /// Passes over `count` bytes.
    ///
    /// # Errors
    /// `UnexpectedEof` when the stream ends before.
    fn skip(&mut self, count: u64) -> io::Result<()>;

    /// Hands the next `count` bytes to `visit`, in pieces of any size.
    ///
    /// # Errors
    /// `UnexpectedEof` when the stream ends before.
    fn visit(&mut self, count: u64, visit: &mut dyn FnMut(&[u8])) -> io::Result<()>;

    /// Bytes passed so far.
    fn position(&self) -> u64;
}

/// One entry as its headers describe it; names are as stored, not yet normalised.
#[derive(Debug, Default, Clone)]
pub struct RawEntry {
    /// Path bytes.
    pub name: Vec<u8>,
    /// Target of a symbolic or hard link.
    pub link: Vec<u8>,
    /// Entry type, see [`flag`].
    pub flag: u8,
    /// Permission bits, `07777` at most.
    pub mode: u16,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Seconds since 1970, rounded down.
    pub mtime: i64,
    /// Nanoseconds above `mtime`.
    pub mtime_nanos: u32,
    /// Size of the file in bytes; of a sparse file with its holes.
    pub size: u64,
    /// Bytes of contents in the archive, from `data_offset` on.
    pub stored: u64,
    /// Offset of the entry's own header block in the stream.
    pub header_offset: u64,
    /// Offset of the contents in the stream.
    pub data_offset: u64,
    /// Major and minor number of a device.
    pub device: (u32, u32),
    /// Extended attributes.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// The stored ranges of a sparse file.
    pub sparse: Option<Vec<SparseRange>>,
}

/// Walks a tar stream header by header.
pub struct TarWalker<I> {
    input: I,
    /// Contents of the current entry not yet passed, padding not counted.
    unread: u64,
    /// Zero bytes that pad the contents to a whole block.
    padding: u64,
    saw_global: bool,
    ended: bool,
}

impl<I: TarInput> TarWalker<I> {
    /// Starts at the first byte of a tar stream.
    pub fn new(input: I) -> Self {
        TarWalker {
            input,
            unread: 0,
            padding: 0,
            saw_global: false,
            ended: false,
        }
    }

    /// Goes to the next entry; false after the last.
    ///
    /// # Errors
    /// [`LayerError::Tar`] where the format is broken, [`LayerError::Read`]
    /// where the input fails.
    pub fn next(&mut self, entry: &mut RawEntry) -> Result<bool, LayerError> {
        if self.ended {
            return Ok(false);
        }
        self.skip_contents()?;
        let mut pax: Option<PaxRecords> = None;
        let mut long_name: Option<Vec<u8>> = None;
        let mut long_link: Option<Vec<u8>> = None;
        let mut block = [0u8; 512];
        loop {
            let offset = self.input.position();
            let dangling = pax.is_some() || long_name.is_some() || long_link.is_some();
            if !self.read_header(&mut block)? {
                self.ended = true;
                if dangling {
                    return Err(self.problem(offset, TarProblem::Dangling));
                }
                return Ok(false);
            }
            let header = Header::parse(&block).map_err(|p| self.header_problem(offset, p))?;
            match header.flag() {
                flag::PAX => {
                    let body = self.extension(&header, offset)?;
                    let records = PaxRecords::parse(&body).map_err(|p| self.problem(offset, p))?;
                    pax = Some(records);
                }
                flag::PAX_GLOBAL => {
                    // Runtimes do not apply global records; reading them here
                    // would show another tree than a container sees.
                    let body = self.extension(&header, offset)?;
                    PaxRecords::parse(&body).map_err(|p| self.problem(offset, p))?;
                    self.saw_global = true;
                }
                flag::GNU_LONG_NAME => {
                    long_name = Some(until_nul(self.extension(&header, offset)?));
                }
                flag::GNU_LONG_LINK => {
                    long_link = Some(until_nul(self.extension(&header, offset)?));
                }
                _ => {
                    entry.header_offset = offset;
                    let pax = pax.unwrap_or_default();
                    self.fill(entry, &header, pax, long_name, long_link)
                        .map_err(|e| self.named(e, offset, entry))?;
                    return Ok(true);
                }
            }
        }
    }

    /// Whether a global PAX header was seen: its records are not applied, as
    /// no container runtime applies them.
    pub fn saw_global_header(&self) -> bool {
        self.saw_global
    }

    /// Hands the stored contents of the current entry to `visit`.
    ///
    /// # Errors
    /// [`LayerError::Tar`] when the stream ends inside the contents.
    pub fn contents(&mut self, visit: &mut dyn FnMut(&[u8])) -> Result<(), LayerError> {
        let count = std::mem::take(&mut self.unread);
        self.input
            .visit(count, visit)
            .map_err(|e| self.read_error(e, "contents"))
    }

    /// The input, at the place that the walk has reached.
    pub fn into_input(self) -> I {
        self.input
    }

    /// The input, at the place that the walk has reached.
    pub fn input(&mut self) -> &mut I {
        &mut self.input
    }

    fn skip_contents(&mut self) -> Result<(), LayerError> {
        let count = std::mem::take(&mut self.unread) + std::mem::take(&mut self.padding);
        if count == 0 {
            return Ok(());
        }
        self.input
            .skip(count)
            .map_err(|e| self.read_error(e, "contents"))
    }

    /// Reads the next header block; false at the end of the archive.
    fn read_header(&mut self, block: &mut [u8; 512]) -> Result<bool, LayerError> {
        if !self.read_block(block)? {
            // No end-of-archive blocks: Go and GNU tar accept it.
            return Ok(false);
        }
        if block[0] != 0 || !Header::is_zero(block) {
            return Ok(true);
        }
        let offset = self.input.position();
        if self.read_block(block)? && !Header::is_zero(block) {
            return Err(self.problem(offset, TarProblem::LoneZeroBlock));
        }
        Ok(false)
    }

    fn read_block(&mut self, block: &mut [u8; 512]) -> Result<bool, LayerError> {
        self.input
            .block(block)
            .map_err(|e| self.read_error(e, "a header"))
    }

    /// The body of an extension header.
    fn extension(&mut self, header: &Header<'_>, offset: u64) -> Result<Vec<u8>, LayerError> {
        let size = header.size().map_err(|p| self.problem(offset, p))?;
        if size > Limits::EXTENSION_BYTES {
            return Err(self.problem(offset, TarProblem::ExtensionTooLarge(size)));
        }
        let mut body = Vec::new();
        self.input
            .visit(size, &mut |piece| body.extend_from_slice(piece))
            .and_then(|()| self.input.skip(padding(size)))
            .map_err(|e| self.read_error(e, "an extension header"))?;
        Ok(body)
    }

    fn fill(
        &mut self,
        entry: &mut RawEntry,
        header: &Header<'_>,
        mut pax: PaxRecords,
        long_name: Option<Vec<u8>>,
        long_link: Option<Vec<u8>>,
    ) -> Result<(), EntryError> {
        entry.name.clear();
        // A GNU long name wins over a PAX path, as in Go's reader.
        match (long_name, pax.sparse.name.take(), pax.path) {
            (Some(name), _, _) | (None, Some(name), _) | (None, None, Some(name)) => {
                entry.name = name;
            }
            (None, None, None) => header.name_into(&mut entry.name),
        }
        entry.link.clear();
        match long_link.or(pax.linkpath) {
            Some(link) => entry.link = link,
            None => entry.link.extend_from_slice(header.link()),
        }
        entry.flag = match header.flag() {
            flag::REGULAR_V7 if entry.name.ends_with(b"/") => flag::DIRECTORY,
            flag::REGULAR_V7 | flag::CONTIGUOUS => flag::REGULAR,
            other => other,
        };
        entry.mode = u16::try_from(header.mode()? & 0o7777).unwrap_or(0);
        entry.uid = owner(pax.uid, header.uid()?, "uid")?;
        entry.gid = owner(pax.gid, header.gid()?, "gid")?;
        (entry.mtime, entry.mtime_nanos) = match pax.mtime {
            Some(time) => time,
            None => (header.mtime()?, 0),
        };
        entry.device = match entry.flag {
            flag::CHAR | flag::BLOCK_DEVICE => header.device()?,
            _ => (0, 0),
        };
        entry.xattrs = pax.xattrs;
        entry.sparse = None;

        let declared = header.size()?;
        let stored = pax.size.unwrap_or(declared);
        entry.stored = if is_header_only(entry.flag) {
            0
        } else {
            stored
        };
        entry.size = entry.stored;
        let mut unread = entry.stored;
        if header.flag() == flag::GNU_SPARSE && header.dialect() == Dialect::Gnu {
            let map = self.old_gnu_map(header)?;
            let real_size = header.gnu_real_size()?;
            sparse::check(&map, real_size, stored)?;
            entry.flag = flag::REGULAR;
            entry.size = real_size;
            entry.sparse = Some(map);
        } else if pax.sparse.is_set() && entry.flag == flag::REGULAR {
            let (map, map_bytes) = match (pax.sparse.major, pax.sparse.map) {
                (Some(1), _) => self.format_1_map(stored)?,
                (_, Some(map)) => (map, 0),
                _ => return Err(TarProblem::Sparse("unknown format").into()),
            };
            let real_size = pax
                .sparse
                .real_size
                .ok_or(TarProblem::Sparse("no real size"))?;
            unread = stored.saturating_sub(map_bytes);
            sparse::check(&map, real_size, unread)?;
            entry.stored = unread;
            entry.size = real_size;
            entry.sparse = Some(map);
        }
        entry.data_offset = self.input.position();
        self.unread = unread;
        // The map of format 1.0 fills whole blocks, so the padding is that of the whole.
        self.padding = if is_header_only(entry.flag) {
            0
        } else {
            padding(stored)
        };
        entry
            .data_offset
            .checked_add(self.unread)
            .filter(|&end| i64::try_from(end).is_ok())
            .ok_or(TarProblem::Size)?;
        Ok(())
    }

    fn old_gnu_map(&mut self, header: &Header<'_>) -> Result<Vec<SparseRange>, EntryError> {
        let mut map = sparse::old_gnu_head(header)?;
        let mut extended = header.gnu_is_extended();
        let mut block = [0u8; 512];
        while extended {
            if !self.input.block(&mut block).map_err(EntryError::Read)? {
                return Err(TarProblem::Truncated("a sparse map").into());
            }
            sparse::add_old_gnu(&block[..504], &mut map)?;
            extended = block[504] != 0;
        }
        Ok(map)
    }

    /// Reads the map of PAX format 1.0 off the front of the contents.
    fn format_1_map(&mut self, stored: u64) -> Result<(Vec<SparseRange>, u64), EntryError> {
        let mut text = MapText::default();
        let mut used = 0;
        let mut block = [0u8; 512];
        loop {
            if used + BLOCK > stored.div_ceil(BLOCK) * BLOCK {
                return Err(TarProblem::Sparse("map longer than the contents").into());
            }
            if !self.input.block(&mut block).map_err(EntryError::Read)? {
                return Err(TarProblem::Truncated("a sparse map").into());
            }
            used += BLOCK;
            if text.feed(&block)? {
                return Ok((text.into_map(), used));
            }
        }
    }

    fn problem(&self, offset: u64, problem: TarProblem) -> LayerError {
        LayerError::Tar {
            offset,
            entry: None,
            problem,
        }
    }

    /// The very first block failing its checksum means that this is no tar at all.
    fn header_problem(&self, offset: u64, problem: TarProblem) -> LayerError {
        match problem {
            TarProblem::Checksum if offset == 0 => self.problem(offset, TarProblem::NotTar),
            other => self.problem(offset, other),
        }
    }

    fn read_error(&self, error: io::Error, inside: &'static str) -> LayerError {
        input_error(error, self.input.position(), inside)
    }

    fn named(&self, error: EntryError, offset: u64, entry: &RawEntry) -> LayerError {
        match error {
            EntryError::Read(error) => self.read_error(error, "a sparse map"),
            EntryError::Tar(problem) => LayerError::Tar {
                offset,
                entry: Some(crate::oci::escape_bytes(&entry.name)),
                problem,
            },
        }
    }
}

/// What can go wrong while one entry's fields are read.
enum EntryError {
    Read(io::Error),
    Tar(TarProblem),
}

impl From<TarProblem> for EntryError {
    fn from(problem: TarProblem) -> Self {
        EntryError::Tar(problem)
    }
}

/// An input error at a place; a stream that ended early is a fault of the
/// archive, anything else a fault of what it is read from.
pub(crate) fn input_error(error: io::Error, position: u64, inside: &'static str) -> LayerError {
    match error.get_ref().is_some_and(|e| e.is::<LayerError>()) {
        // The decompressor's own error travels through `io::Error`.
        true => match error.into_inner().map(|e| e.downcast::<LayerError>()) {
            Some(Ok(error)) => *error,
            _ => unreachable_read(position),
        },
        false if error.kind() == io::ErrorKind::UnexpectedEof => LayerError::Tar {
            offset: position,
            entry: None,
            problem: TarProblem::Truncated(inside),
        },
        false => LayerError::Read {
            offset: position,
            source: error,
        },
    }
}

fn unreachable_read(offset: u64) -> LayerError {
    LayerError::Read {
        offset,
        source: io::Error::other("the reader failed"),
    }
}

fn owner(pax: Option<u64>, header: i64, field: &'static str) -> Result<u64, TarProblem> {
    match pax {
        Some(id) => Ok(id),
        None => u64::try_from(header).map_err(|_| TarProblem::Number(field)),
    }
}

/// Types whose size field does not mean contents, whatever it says.
fn is_header_only(kind: u8) -> bool {
    matches!(
        kind,
        flag::LINK | flag::SYMLINK | flag::CHAR | flag::BLOCK_DEVICE | flag::DIRECTORY | flag::FIFO
    )
}

fn padding(size: u64) -> u64 {
    (BLOCK - size % BLOCK) % BLOCK
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = bytes.iter().position(|&b| b == 0) {
        bytes.truncate(end);
    }
    bytes
}

//! Reads small pieces of one file, each checked against the file's size.

use super::error::{ElfError, Part};
use super::{Files, NodeId};

/// One read fetches at least this many bytes, since headers lie together and so do strings.
const WINDOW: usize = 4096;

/// The longest string: a search path of many directories fits.
const MAX_STRING: usize = 64 * 1024;

/// Where a segment lies in the file and in memory; all in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Load {
    pub offset: u64,
    pub size: u64,
    pub address: u64,
    pub writable: bool,
}

/// A file with the bytes that were read last.
pub(super) struct Reader<'a, F: ?Sized> {
    files: &'a F,
    node: NodeId,
    size: u64,
    start: u64,
    window: Vec<u8>,
}

impl<'a, F: Files + ?Sized> Reader<'a, F> {
    pub fn new(files: &'a F, node: NodeId) -> Self {
        Self {
            files,
            node,
            size: files.size(node),
            start: 0,
            window: Vec::new(),
        }
    }

    /// The bytes that the file has from `offset` on, at most `len` of them.
    pub fn some(&mut self, part: Part, offset: u64, len: usize) -> Result<&[u8], ElfError> {
        let within = offset
            .checked_sub(self.start)
            .and_then(|skip| usize::try_from(skip).ok());
        let cached = within
            .and_then(|skip| Some((skip, skip.checked_add(len)?)))
            .filter(|(_, end)| *end <= self.window.len());
        let (skip, end) = match cached {
            Some(range) => range,
            None => {
                let want = len.max(WINDOW);
                let left = self.size.saturating_sub(offset);
                let want = usize::try_from(left).map_or(want, |left| left.min(want));
                self.window =
                    self.files
                        .read(self.node, offset, want)
                        .map_err(|error| ElfError::Read {
                            part,
                            why: error.to_string(),
                        })?;
                self.start = offset;
                (0, len.min(self.window.len()))
            }
        };
        Ok(self.window.get(skip..end).unwrap_or_default())
    }

    /// Exactly `len` bytes, or an error that says what the file's end cut off.
    pub fn exact(&mut self, part: Part, offset: u64, len: usize) -> Result<&[u8], ElfError> {
        let size = self.size;
        let need = len as u64;
        let cut = ElfError::Truncated {
            part,
            offset,
            need,
            size,
        };
        if offset.checked_add(need).is_none_or(|end| end > size) {
            return Err(cut);
        }
        let bytes = self.some(part, offset, len)?;
        // The tree may know a larger size than it has bytes.
        if bytes.len() == len {
            Ok(bytes)
        } else {
            Err(cut)
        }
    }

    /// The string at an address of memory, up to its NUL.
    pub fn string(&mut self, loads: &[Load], address: u64) -> Result<Vec<u8>, ElfError> {
        let part = Part::StringTable;
        let (mut offset, mut left) = locate(loads, address).ok_or_else(|| {
            ElfError::malformed(
                part,
                format!("no segment of the file holds address {address:#x}"),
            )
        })?;
        let mut string = Vec::new();
        loop {
            let want = usize::try_from(left).map_or(256, |left| left.min(256));
            if want == 0 {
                return Err(ElfError::malformed(
                    part,
                    "a string runs over its segment's end",
                ));
            }
            let size = self.size;
            let piece = self.some(part, offset, want)?;
            if piece.is_empty() {
                return Err(ElfError::Truncated {
                    part,
                    offset,
                    need: 1,
                    size,
                });
            }
            if let Some(end) = piece.iter().position(|byte| *byte == 0) {
                string.extend(piece.iter().take(end));
                return Ok(string);
            }
            string.extend_from_slice(piece);
            if string.len() >= MAX_STRING {
                return Err(ElfError::TooLarge {
                    part,
                    limit: MAX_STRING as u64,
                });
            }
            let step = piece.len() as u64;
            offset = offset.saturating_add(step);
            left = left.saturating_sub(step);
        }
    }
}

/// The place in the file of an address of memory, and how many bytes the segment has from there.
/// Of segments that overlap the last counts: the loader maps it over the others.
pub(super) fn locate(loads: &[Load], address: u64) -> Option<(u64, u64)> {
    loads.iter().rev().find_map(|load| {
        let skip = address.checked_sub(load.address)?;
        let left = load.size.checked_sub(skip).filter(|left| *left > 0)?;
        Some((load.offset.checked_add(skip)?, left))
    })
}

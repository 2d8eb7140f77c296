//! Sparse files: which ranges of the file the archive really holds.

use super::header::{Header, parse_number};
use crate::codec::Limits;
use crate::layer::error::TarProblem;

/// A range of a sparse file that is stored; everything between ranges reads as zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SparseRange {
    /// Offset in the file, in bytes.
    pub offset: u64,
    /// Bytes stored.
    pub length: u64,
}

/// Checks that ranges ascend without overlap inside a file of `real_size`
/// bytes and that together they use exactly `stored` bytes of the archive.
pub(super) fn check(map: &[SparseRange], real_size: u64, stored: u64) -> Result<(), TarProblem> {
    if i64::try_from(real_size).is_err() {
        return Err(TarProblem::Size);
    }
    let mut end: u64 = 0;
    let mut sum: u64 = 0;
    for range in map {
        if range.offset < end {
            return Err(TarProblem::Sparse("ranges overlap"));
        }
        end = range
            .offset
            .checked_add(range.length)
            .ok_or(TarProblem::Sparse("range too large"))?;
        if end > real_size {
            return Err(TarProblem::Sparse("range past the end of the file"));
        }
        sum += range.length;
    }
    if sum > stored {
        return Err(TarProblem::Sparse("more bytes mapped than stored"));
    }
    Ok(())
}

/// Adds the ranges of one old-GNU field area: 12-byte octal pairs up to an empty one.
pub(super) fn add_old_gnu(fields: &[u8], map: &mut Vec<SparseRange>) -> Result<(), TarProblem> {
    for pair in fields.chunks_exact(24) {
        if pair[0] == 0 {
            break;
        }
        let number = |field: &[u8]| {
            parse_number(field)
                .and_then(|n| u64::try_from(n).ok())
                .ok_or(TarProblem::Sparse("bad number"))
        };
        if map.len() >= Limits::SPARSE_RANGES {
            return Err(TarProblem::Sparse("too many ranges"));
        }
        map.push(SparseRange {
            offset: number(&pair[..12])?,
            length: number(&pair[12..])?,
        });
    }
    Ok(())
}

/// The ranges of an old GNU header, without its extension blocks.
pub(super) fn old_gnu_head(header: &Header<'_>) -> Result<Vec<SparseRange>, TarProblem> {
    let mut map = Vec::new();
    add_old_gnu(header.gnu_sparse_fields(), &mut map)?;
    Ok(map)
}

/// Reads the decimal lines that format 1.0 stores before the contents.
#[derive(Debug, Default)]
pub(super) struct MapText {
    numbers: Vec<u64>,
    partial: Option<u64>,
}

impl MapText {
    /// Takes one block; true when the map is complete.
    pub(super) fn feed(&mut self, block: &[u8]) -> Result<bool, TarProblem> {
        for &byte in block {
            match byte {
                b'0'..=b'9' => {
                    let n = self.partial.unwrap_or(0);
                    let n = n
                        .checked_mul(10)
                        .and_then(|n| n.checked_add(u64::from(byte - b'0')))
                        .ok_or(TarProblem::Sparse("number too large"))?;
                    self.partial = Some(n);
                }
                b'\n' => {
                    let n = self
                        .partial
                        .take()
                        .ok_or(TarProblem::Sparse("an empty line"))?;
                    if self.numbers.is_empty() && n > Limits::SPARSE_RANGES as u64 {
                        return Err(TarProblem::Sparse("too many ranges"));
                    }
                    self.numbers.push(n);
                    if self.is_complete() {
                        return Ok(true);
                    }
                }
                _ => return Err(TarProblem::Sparse("not a number")),
            }
        }
        Ok(false)
    }

    fn is_complete(&self) -> bool {
        self.numbers
            .first()
            .is_some_and(|&ranges| self.numbers.len() as u64 == 1 + 2 * ranges)
    }

    pub(super) fn into_map(self) -> Vec<SparseRange> {
        self.numbers
            .get(1..)
            .unwrap_or_default()
            .chunks_exact(2)
            .map(|pair| SparseRange {
                offset: pair[0],
                length: pair[1],
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn map_text_spans_blocks() {
        let mut text = MapText::default();
        assert!(!text.feed(b"2\n0\n51").unwrap());
        assert!(text.feed(b"2\n1024\n5\n\0\0\0").unwrap());
        assert_eq!(
            text.into_map(),
            [
                SparseRange {
                    offset: 0,
                    length: 512
                },
                SparseRange {
                    offset: 1024,
                    length: 5
                }
            ]
        );
    }

    #[test]
    fn bad_maps_are_refused() {
        let range = |offset, length| SparseRange { offset, length };
        assert!(check(&[range(0, 10), range(5, 1)], 100, 11).is_err());
        assert!(check(&[range(u64::MAX, 10)], 100, 11).is_err());
        assert!(check(&[range(0, 101)], 100, 101).is_err());
        assert!(check(&[range(0, 10)], 100, 5).is_err());
        assert!(check(&[range(0, 10), range(90, 10)], 100, 20).is_ok());
        assert!(MapText::default().feed(b"4000000000\n").is_err());
    }
}

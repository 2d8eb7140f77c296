//! Reads one entry of a zip file through its central directory.

use std::io::{self, Read as _};

use crate::closure::files::{Files, Kind, NodeId};

/// The record at the end, with the longest comment behind it.
const MAX_TAIL: usize = 22 + 65_535;
/// Larger central directories are not read: some 500,000 entries.
const MAX_DIRECTORY: u64 = 64 << 20;

const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR_64: &[u8] = b"PK\x06\x07";
const ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn slice(bytes: &[u8], at: usize, len: usize) -> io::Result<&[u8]> {
    bytes
        .get(at..at.saturating_add(len))
        .ok_or_else(|| broken("the zip file is cut off"))
}

/// A number of `len` bytes, the lowest first.
fn number(bytes: &[u8], at: usize, len: usize) -> io::Result<u64> {
    let bytes = slice(bytes, at, len)?;
    Ok(bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)))
}

/// Where the central directory is.
struct Directory {
    offset: u64,
    size: u64,
    /// What the offsets in the file lack, when something stands before the zip file.
    shift: u64,
}

/// The content of the entry `name`; nothing if there is none.
///
/// # Errors
///
/// If the file is no zip file, is broken, or has parts beyond the bounds.
pub(super) fn entry(
    files: &dyn Files,
    node: NodeId,
    name: &[u8],
    limit: u64,
) -> io::Result<Option<Vec<u8>>> {
    if files.kind(node) != Kind::File {
        return Err(broken("no regular file"));
    }
    let directory = directory(files, node)?;
    if directory.size > MAX_DIRECTORY {
        return Err(broken("the directory of the zip file is too large"));
    }
    let bytes = read(files, node, directory.offset, directory.size)?;
    let mut at = 0usize;
    while bytes.get(at..).is_some_and(|rest| rest.starts_with(ENTRY)) {
        let lengths = [28, 30, 32].map(|field| number(&bytes, at.saturating_add(field), 2));
        let [name_len, extra_len, comment_len] = lengths;
        let name_len = usize::try_from(name_len?).unwrap_or(usize::MAX);
        let extra_len = usize::try_from(extra_len?).unwrap_or(usize::MAX);
        let comment_len = usize::try_from(comment_len?).unwrap_or(usize::MAX);
        let name_at = at.saturating_add(46);
        let extra_at = name_at.saturating_add(name_len);
        if slice(&bytes, name_at, name_len)?.eq_ignore_ascii_case(name) {
            let head = slice(&bytes, at, 46)?;
            let extra = slice(&bytes, extra_at, extra_len)?;
            return content(files, node, &directory, head, extra, limit).map(Some);
        }
        at = extra_at
            .saturating_add(extra_len)
            .saturating_add(comment_len);
    }
    Ok(None)
}

fn read(files: &dyn Files, node: NodeId, offset: u64, len: u64) -> io::Result<Vec<u8>> {
    let size = files.size(node);
    if offset.saturating_add(len) > size {
        return Err(broken("the zip file is cut off"));
    }
    files.read(
        node,
        offset,
        usize::try_from(len).map_err(|_| broken("too large"))?,
    )
}

fn directory(files: &dyn Files, node: NodeId) -> io::Result<Directory> {
    let size = files.size(node);
    let tail_len = size.min(MAX_TAIL as u64);
    let tail_at = size.saturating_sub(tail_len);
    let tail = read(files, node, tail_at, tail_len)?;
    let at = tail
        .windows(END.len())
        .rposition(|window| window == END)
        .ok_or_else(|| broken("no zip file"))?;
    let end = tail_at.saturating_add(at as u64);
    let locator = at.checked_sub(20).and_then(|at| tail.get(at..));
    if let Some(locator) = locator.filter(|bytes| bytes.starts_with(LOCATOR_64)) {
        let record_at = number(locator, 8, 8)?;
        let record = read(files, node, record_at, 56)?;
        if !record.starts_with(END_64) {
            return Err(broken("the record of a large zip file is missing"));
        }
        return Ok(Directory {
            offset: number(&record, 48, 8)?,
            size: number(&record, 40, 8)?,
            shift: 0,
        });
    }
    let size = number(&tail, at.saturating_add(12), 4)?;
    let offset = number(&tail, at.saturating_add(16), 4)?;
    // A script may stand before the zip file of a program that starts itself.
    let shift = end
        .checked_sub(size)
        .and_then(|start| start.checked_sub(offset))
        .ok_or_else(|| broken("the directory of the zip file is not where it should be"))?;
    Ok(Directory {
        offset: offset.saturating_add(shift),
        size,
        shift,
    })
}

/// The content that an entry of the directory tells of.
fn content(
    files: &dyn Files,
    node: NodeId,
    directory: &Directory,
    head: &[u8],
    extra: &[u8],
    limit: u64,
) -> io::Result<Vec<u8>> {
    if number(head, 8, 2)? & 1 != 0 {
        return Err(broken("the entry is encrypted"));
    }
    let method = number(head, 10, 2)?;
    let mut fields = [
        number(head, 24, 4)?,
        number(head, 20, 4)?,
        number(head, 42, 4)?,
    ];
    large(extra, &mut fields)?;
    let [size, packed, offset] = fields;
    if size > limit || packed > limit.saturating_mul(2) {
        return Err(broken("the entry is too large"));
    }
    let offset = offset.saturating_add(directory.shift);
    let local = read(files, node, offset, 30)?;
    if !local.starts_with(LOCAL) {
        return Err(broken("the entry is not where it should be"));
    }
    let names = number(&local, 26, 2)?.saturating_add(number(&local, 28, 2)?);
    let start = offset.saturating_add(30).saturating_add(names);
    let bytes = read(files, node, start, packed)?;
    match method {
        0 => Ok(bytes),
        8 => {
            let mut out = Vec::new();
            let inflated = flate2::read::DeflateDecoder::new(bytes.as_slice());
            inflated
                .take(limit.saturating_add(1))
                .read_to_end(&mut out)?;
            if out.len() as u64 > limit {
                return Err(broken("the entry is too large"));
            }
            Ok(out)
        }
        _ => Err(broken("the entry is packed in an unknown way")),
    }
}

/// Fields that do not fit 32 bits are in the extra field, in this order.
fn large(extra: &[u8], fields: &mut [u64; 3]) -> io::Result<()> {
    let mut at = 0usize;
    while at.saturating_add(4) <= extra.len() {
        let id = number(extra, at, 2)?;
        let len = usize::try_from(number(extra, at.saturating_add(2), 2)?).unwrap_or(usize::MAX);
        let mut value_at = at.saturating_add(4);
        if id == 1 {
            for field in fields.iter_mut().filter(|f| **f == u64::from(u32::MAX)) {
                *field = number(extra, value_at, 8)?;
                value_at = value_at.saturating_add(8);
            }
            return Ok(());
        }
        at = value_at.saturating_add(len);
    }
    Ok(())
}

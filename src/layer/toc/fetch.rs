//! Ranges of a blob, and the table of contents in them.

use std::io::{self, Cursor, Read};

use sha2::{Digest as _, Sha256};

use super::{TocError, compression_of, useless};
use crate::codec::{Compression, Inflate, Limits};
use crate::layer::error::LayerError;
use crate::oci::{Digest, TocPlace, finish_sha256};
use crate::source::RemoteBlob;

/// Bytes of an eStargz footer: an empty gzip member whose extra field says
/// where the table's member begins.
const FOOTER: u64 = 51;

/// What the footer's extra field is called.
const MARK: &[u8] = b"STARGZ";

/// The largest document, and the largest range, in bytes. An entry takes about
/// 300; layers with a larger document are read whole.
const LARGEST: u64 = 128 << 20;

/// A table of contents and where it was.
pub(super) struct Fetched {
    /// The JSON document.
    pub(super) json: Vec<u8>,
    /// Compression of the layer.
    pub(super) compression: Compression,
    /// Where the files' contents end in the blob.
    pub(super) end: u64,
    /// Bytes fetched.
    pub(super) taken: u64,
}

/// Fetches `len` bytes from `offset` on.
pub(super) fn read_range(remote: &RemoteBlob, offset: u64, len: u64) -> Result<Vec<u8>, TocError> {
    let end = offset.checked_add(len);
    if end.is_none_or(|end| end > remote.size) || len > LARGEST {
        return Err(useless("it lies outside of the layer"));
    }
    let range = remote.repository.blob_range(&remote.digest, offset, len);
    let mut bytes = Vec::new();
    let read = range.map_err(useless)?.take(len).read_to_end(&mut bytes);
    match read.map_err(useless)? as u64 == len {
        true => Ok(bytes),
        false => Err(useless("the registry sends less than it has")),
    }
}

/// Fetches the table and checks its digest.
pub(super) fn fetch_toc(
    remote: &RemoteBlob,
    place: &TocPlace,
    limits: &Limits,
) -> Result<Fetched, TocError> {
    let compression = compression_of(place);
    let largest = LARGEST.min(limits.layer_bytes);
    match place {
        TocPlace::Stargz { digest, .. } => {
            let footer_at = remote.size.checked_sub(FOOTER);
            let footer_at = footer_at.ok_or_else(|| useless("the layer is too short"))?;
            let footer = read_range(remote, footer_at, FOOTER)?;
            let end = stargz_offset(&footer).ok_or_else(|| useless("the layer has no footer"))?;
            let len = footer_at.checked_sub(end);
            let len = len.ok_or_else(|| useless("the footer points past itself"))?;
            let packed = read_range(remote, end, len)?;
            let json = stargz_json(&packed, largest).map_err(useless)?;
            check(digest, &json)?;
            Ok(Fetched {
                json,
                compression,
                end,
                taken: FOOTER + len,
            })
        }
        TocPlace::ZstdChunked {
            digest,
            offset,
            compressed,
            uncompressed,
        } => {
            let packed = read_range(remote, *offset, *compressed)?;
            check(digest, &packed)?;
            if *uncompressed > largest {
                return Err(useless("it is too large"));
            }
            let json = inflate(&packed, Compression::Zstd, 0, *uncompressed).map_err(useless)?;
            Ok(Fetched {
                json,
                compression,
                // The header of the skippable frame that it is in.
                end: offset.saturating_sub(8),
                taken: *compressed,
            })
        }
    }
}

fn check(expected: &Digest, bytes: &[u8]) -> Result<(), TocError> {
    let mut hasher = Sha256::new();
    hasher.update(bytes);
    let found = finish_sha256(hasher);
    match &found == expected {
        true => Ok(()),
        false => Err(TocError::Wrong(LayerError::digest(
            "digest of the table of contents",
            expected,
            &found,
        ))),
    }
}

/// The offset that a footer names.
fn stargz_offset(footer: &[u8]) -> Option<u64> {
    // Ten bytes of gzip header with an extra field, its length, the subfield's
    // name and length, then 16 hexadecimal digits and the mark.
    let extra = footer.get(12..38)?;
    let is_footer = footer.starts_with(&[0x1f, 0x8b, 8, 4])
        && extra.starts_with(b"SG\x16\0")
        && extra.ends_with(MARK);
    let digits = std::str::from_utf8(extra.get(4..20)?).ok()?;
    is_footer.then_some(())?;
    u64::from_str_radix(digits, 16).ok()
}

/// The document in the table's member: the one file of a tar stream.
fn stargz_json(packed: &[u8], largest: u64) -> io::Result<Vec<u8>> {
    let inflate = Inflate::new(Compression::Gzip, Cursor::new(packed))?;
    let mut archive = tar::Archive::new(inflate.take(largest));
    let Some(entry) = archive.entries()?.next() else {
        return Err(io::Error::other("it is empty"));
    };
    let entry = entry?;
    if &*entry.path_bytes() != b"stargz.index.json" {
        return Err(io::Error::other("it is called otherwise"));
    }
    let (size, mut json) = (entry.size(), Vec::new());
    if size > largest {
        return Err(io::Error::other("it is too large"));
    }
    let read = entry.take(size).read_to_end(&mut json)?;
    match read as u64 == size {
        true => Ok(json),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// `size` bytes of what comes out of `packed`, from `skip` on.
pub(super) fn inflate(
    packed: &[u8],
    compression: Compression,
    skip: u64,
    size: u64,
) -> io::Result<Vec<u8>> {
    let mut inflate = Inflate::new(compression, Cursor::new(packed))?;
    let skipped = io::copy(&mut (&mut inflate).take(skip), &mut io::sink())?;
    let mut bytes = Vec::new();
    let read = inflate.take(size).read_to_end(&mut bytes)?;
    match (skipped, read as u64) == (skip, size) {
        true => Ok(bytes),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn footers() {
        let mut footer = vec![0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 26, 0];
        footer.extend(b"SG\x16\0");
        footer.extend(b"00000000000012abSTARGZ");
        footer.extend([1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(footer.len() as u64, FOOTER);
        assert_eq!(stargz_offset(&footer), Some(0x12ab));
        for at in 0..footer.len() {
            // Cut or changed, it gives another answer or none, and no panic.
            let _ = stargz_offset(footer.get(..at).unwrap_or_default());
        }
        footer[16] = b'x';
        assert_eq!(stargz_offset(&footer), None);
    }
}

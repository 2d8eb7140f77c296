//! How a blob is compressed, told by its first bytes.

use std::fmt;

/// How a blob is compressed, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not compressed.
    None,
    /// RFC 1952, one or more members.
    Gzip,
    /// RFC 8878, one or more frames.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::None => "uncompressed",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        })
    }
}

/// What the first bytes of a blob say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniffed {
    /// Something that can be read.
    Known(Compression),
    /// Something recognised that layers cannot be.
    Unsupported(&'static str),
}

/// Recognises a blob by its first bytes; anything unknown is taken for tar,
/// whose own checksum then decides.
pub fn sniff(head: &[u8]) -> Sniffed {
    let is = |magic: &[u8]| head.starts_with(magic);
    if is(&[0x1f, 0x8b]) {
        Sniffed::Known(Compression::Gzip)
    } else if is(&[0x28, 0xb5, 0x2f, 0xfd]) || is_skippable_frame(head) {
        Sniffed::Known(Compression::Zstd)
    } else if is(&[0xfd, b'7', b'z', b'X', b'Z', 0]) {
        Sniffed::Unsupported("xz compression")
    } else if is(b"BZh") {
        Sniffed::Unsupported("bzip2 compression")
    } else if is(b"hsqs") {
        Sniffed::Unsupported("a squashfs image")
    } else {
        Sniffed::Known(Compression::None)
    }
}

/// Skippable zstd frames start with 0x184D2A5? in little-endian order.
fn is_skippable_frame(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

//! Compressed blob → tar bytes.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

use super::compression::Compression;
use super::zstd_frames::ZstdFrames;

/// Inflates a blob to its end. Bytes after the compressed data are left in the
/// reader; [`Inflate::into_inner`] gives it back.
#[expect(
    clippy::large_enum_variant,
    reason = "one lives for each layer being read"
)]
pub enum Inflate<R: BufRead> {
    /// Not compressed.
    Plain(R),
    /// One or more gzip members.
    Gzip(GzipMembers<R>),
    /// One or more zstd frames.
    Zstd(ZstdFrames<R>),
}

impl<R: BufRead> Inflate<R> {
    /// Starts at the first byte of the blob.
    ///
    /// # Errors
    /// When the decompressor cannot be set up.
    pub fn new(compression: Compression, reader: R) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Inflate::Plain(reader),
            Compression::Gzip => Inflate::Gzip(GzipMembers {
                member: Some(GzDecoder::new(reader)),
                trailing: None,
            }),
            Compression::Zstd => Inflate::Zstd(ZstdFrames::new(reader)?),
        })
    }

    /// The blob's reader after the compressed data, and how many bytes past
    /// them were taken out of it already.
    pub fn into_inner(self) -> Option<(R, u64)> {
        match self {
            Inflate::Plain(reader) => Some((reader, 0)),
            Inflate::Gzip(members) => members
                .trailing
                .or_else(|| members.member.map(GzDecoder::into_inner))
                .map(|reader| (reader, 0)),
            Inflate::Zstd(frames) => Some(frames.into_inner()),
        }
    }
}

impl<R: BufRead> Read for Inflate<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Inflate::Plain(reader) => reader.read(buf),
            Inflate::Gzip(members) => members.read(buf),
            Inflate::Zstd(frames) => frames.read(buf),
        }
    }
}

/// Gzip members one after the other, in a loop: a blob may have a hundred
/// thousand. What follows the last member and is none itself is left unread.
pub struct GzipMembers<R> {
    member: Option<GzDecoder<R>>,
    trailing: Option<R>,
}

impl<R> GzipMembers<R> {
    /// The blob's reader.
    pub fn get_ref(&self) -> Option<&R>
    where
        R: BufRead,
    {
        match &self.member {
            Some(member) => Some(member.get_ref()),
            None => self.trailing.as_ref(),
        }
    }
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(member) = &mut self.member else {
                return Ok(0);
            };
            let n = member.read(buf)?;
            if n > 0 {
                return Ok(n);
            }
            let Some(done) = self.member.take() else {
                return Ok(0);
            };
            let mut reader = done.into_inner();
            if reader.fill_buf()?.first() == Some(&0x1f) {
                self.member = Some(GzDecoder::new(reader));
            } else {
                self.trailing = Some(reader);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn members_are_joined_and_what_follows_is_left() {
        let mut blob = gzip(b"hello ");
        for _ in 0..1000 {
            blob.extend(gzip(b""));
        }
        blob.extend(gzip(b"world"));
        blob.extend(b"junk");
        let mut inflate = Inflate::new(Compression::Gzip, &blob[..]).unwrap();
        let mut out = String::new();
        inflate.read_to_string(&mut out).unwrap();
        assert_eq!(out, "hello world");
        assert_eq!(inflate.into_inner().unwrap(), (&b"junk"[..], 0));
    }

    #[test]
    fn a_cut_second_member_is_an_error() {
        let mut blob = gzip(b"hello ");
        let second = gzip(b"world");
        blob.extend(&second[..second.len() - 3]);
        let mut inflate = Inflate::new(Compression::Gzip, &blob[..]).unwrap();
        assert!(inflate.read_to_end(&mut Vec::new()).is_err());
    }

    #[test]
    fn a_window_of_two_gigabytes_is_refused() {
        // Magic, no single segment, window descriptor for 2 GiB, an empty last block.
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x00, 0x00];
        let mut inflate = Inflate::new(Compression::Zstd, &frame[..]).unwrap();
        assert!(inflate.read_to_end(&mut Vec::new()).is_err());
    }
}

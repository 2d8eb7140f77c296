//! Zstandard frames one after the other (RFC 8878, section 3.1).

use std::io::{self, BufRead, Read};

use zstd::stream::raw::{Decoder, Operation};

use super::limits::Limits;

/// Frames and skippable frames to the end of a blob. What follows the last
/// frame and does not start like one is left unread, but for the bytes that
/// it took to see that.
pub struct ZstdFrames<R> {
    reader: R,
    decoder: Decoder<'static>,
    state: State,
    /// The bytes that would have been a magic number.
    head: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the start of the blob or after a frame.
    Between,
    Inside,
    Done,
}

impl<R: BufRead> ZstdFrames<R> {
    pub(super) fn new(reader: R) -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(zstd::zstd_safe::DParameter::WindowLogMax(
            Limits::ZSTD_WINDOW_LOG,
        ))?;
        Ok(ZstdFrames {
            reader,
            decoder,
            state: State::Between,
            head: Vec::new(),
        })
    }

    /// The blob's reader.
    pub fn get_ref(&self) -> &R {
        &self.reader
    }

    /// The blob's reader after the frames, and how many bytes that are no
    /// frame were read before that was plain.
    pub(super) fn into_inner(self) -> (R, u64) {
        let taken = match self.state {
            State::Done => self.head.len() as u64,
            _ => 0,
        };
        (self.reader, taken)
    }

    /// Reads the next magic number; whether there is one.
    fn next_frame(&mut self) -> io::Result<bool> {
        self.head.clear();
        while self.head.len() < 4 {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let n = buffer.len().min(4 - self.head.len());
            self.head.extend_from_slice(&buffer[..n]);
            self.reader.consume(n);
        }
        Ok(is_magic(&self.head))
    }

    /// Gives the decoder the magic number, which makes no output yet.
    fn start_frame(&mut self) -> io::Result<()> {
        self.decoder.reinit()?;
        let mut at = 0;
        while at < self.head.len() {
            let status = self.decoder.run_on_buffers(&self.head[at..], &mut [])?;
            if status.bytes_read == 0 {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the decoder does not take the start of a frame",
                ));
            }
            at += status.bytes_read;
        }
        Ok(())
    }
}

fn is_magic(head: &[u8]) -> bool {
    match head {
        [0x28, 0xb5, 0x2f, 0xfd] => true,
        // A skippable frame: eStargz's and zstd:chunked's tables are kept in some.
        [low, 0x2a, 0x4d, 0x18] => low >> 4 == 5,
        _ => false,
    }
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            match self.state {
                State::Done => return Ok(0),
                State::Between => {
                    if !self.next_frame()? {
                        self.state = State::Done;
                        return Ok(0);
                    }
                    self.start_frame()?;
                    self.state = State::Inside;
                }
                State::Inside => {
                    let input = self.reader.fill_buf()?;
                    let at_end = input.is_empty();
                    let status = self.decoder.run_on_buffers(input, buf)?;
                    self.reader.consume(status.bytes_read);
                    if status.remaining == 0 {
                        self.state = State::Between;
                    }
                    if status.bytes_written > 0 {
                        return Ok(status.bytes_written);
                    }
                    if at_end && status.remaining > 0 {
                        return Err(io::Error::new(
                            io::ErrorKind::UnexpectedEof,
                            "incomplete frame",
                        ));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn frame(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 3).unwrap()
    }

    fn skippable(bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![0x5e, 0x2a, 0x4d, 0x18];
        out.extend((bytes.len() as u32).to_le_bytes());
        out.extend(bytes);
        out
    }

    /// Reads `blob` through buffers of every small size.
    fn read(blob: &[u8]) -> Vec<io::Result<(Vec<u8>, u64)>> {
        let each = |size: usize| {
            let mut frames = ZstdFrames::new(BufReader::with_capacity(size, blob))?;
            let mut out = Vec::new();
            frames.read_to_end(&mut out)?;
            let (mut rest, taken) = frames.into_inner();
            Ok((out, taken + io::copy(&mut rest, &mut io::sink())?))
        };
        (1..40).map(each).collect()
    }

    #[test]
    fn frames_are_joined() {
        let blob = [
            skippable(b"table"),
            frame(b"hello "),
            frame(b""),
            skippable(b""),
            frame(b"world"),
            skippable(b"footer"),
        ]
        .concat();
        for result in read(&blob) {
            assert_eq!(result.unwrap(), (b"hello world".to_vec(), 0));
        }
    }

    #[test]
    fn what_follows_is_counted() {
        for junk in [&b"x"[..], b"junk", b"more junk than a magic number"] {
            let blob = [frame(b"hello"), junk.to_vec()].concat();
            for result in read(&blob) {
                assert_eq!(result.unwrap(), (b"hello".to_vec(), junk.len() as u64));
            }
        }
    }

    #[test]
    fn a_cut_frame_is_an_error() {
        let whole = frame(&[7; 3000]);
        for end in 5..whole.len() {
            for result in read(&whole[..end]) {
                assert!(result.is_err(), "{end} of {}", whole.len());
            }
        }
    }

    #[test]
    fn large_contents_come_through_small_buffers() {
        let contents: Vec<u8> = (0..300_000u32)
            .map(|i| (i.wrapping_mul(i) >> 7) as u8)
            .collect();
        let blob = [frame(&contents), frame(&contents)].concat();
        let mut frames = ZstdFrames::new(BufReader::with_capacity(100, &blob[..])).unwrap();
        let mut out = Vec::new();
        let mut piece = [0; 77];
        loop {
            match frames.read(&mut piece).unwrap() {
                0 => break,
                n => out.extend_from_slice(&piece[..n]),
            }
        }
        assert!(out == [&contents[..], &contents[..]].concat());
    }
}

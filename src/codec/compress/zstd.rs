//! One zstd frame (RFC 8878), compressed by libzstd's own threads.
//!
//! libzstd cuts the input into jobs of a fixed size, each of which sees the end
//! of the job before (how much of it depends on the level alone). So the frame
//! is the same for any number of threads from one up. No threads at all would
//! give another frame, so there is always at least one, but for an input of one
//! job, which is never given to libzstd's threads.

use std::io::{self, Write};

use zstd::bulk::Compressor;
use zstd::stream::raw::{CParameter, Encoder, InBuffer, Operation, OutBuffer};

/// `log2` of the largest window, in bytes: what every reader must accept.
const WINDOW_LOG: u32 = 23;

/// Of the long window: what libzstd's readers accept unasked.
const LONG_WINDOW_LOG: u32 = 27;

/// Input bytes of one job then: matches that are near are looked for in the
/// job alone.
const LONG_JOB: usize = 16 << 20;

/// Bytes of output taken from libzstd at a time.
const CHUNK: usize = 128 << 10;

/// Writes one zstd frame. When it is dropped, the jobs that have begun are done
/// first: seconds at level 19, which takes about one for each megabyte.
pub(super) struct Zstd<W> {
    out: W,
    level: i32,
    /// Whether matches reach back to the start of the long window.
    long: bool,
    threads: u32,
    /// Input bytes of one job.
    job: usize,
    /// The start of the input, until there is more of it than one job takes.
    held: Vec<u8>,
    /// From then on.
    encoder: Option<Encoder<'static>>,
    chunk: Vec<u8>,
}

impl<W: Write> Zstd<W> {
    /// `level` is one that libzstd knows.
    pub(super) fn new(out: W, level: i32, long: bool, jobs: usize) -> Self {
        Zstd {
            out,
            level,
            long,
            // libzstd takes 200 at the most.
            threads: u32::try_from(jobs).unwrap_or(u32::MAX).clamp(1, 200),
            job: match long {
                true => LONG_JOB,
                false => job_size(level),
            },
            held: Vec::new(),
            encoder: None,
            chunk: vec![0; CHUNK],
        }
    }

    /// Takes some input.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(encoder) = &mut self.encoder {
            return feed(encoder, bytes, &mut self.chunk, &mut self.out);
        }
        let n = bytes.len().min(self.job - self.held.len());
        if n == 0 && !bytes.is_empty() {
            self.start()?;
            return self.write(bytes);
        }
        self.held.extend_from_slice(&bytes[..n]);
        Ok(n)
    }

    /// Writes nothing of the frame: ending a part of it here would make the
    /// output depend on where the caller flushes.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Writes the rest and the checksum.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let Some(mut encoder) = self.encoder else {
            self.out.write_all(&whole(&self.held, self.level)?)?;
            return Ok(self.out);
        };
        loop {
            let mut chunk = OutBuffer::around(&mut self.chunk[..]);
            let left = encoder.finish(&mut chunk, false)?;
            self.out.write_all(chunk.as_slice())?;
            if left == 0 {
                return Ok(self.out);
            }
        }
    }

    /// Begins the frame once its size is known to be more than one job.
    fn start(&mut self) -> io::Result<()> {
        let mut encoder = Encoder::new(self.level)?;
        for parameter in parameters(self.level) {
            encoder.set_parameter(parameter)?;
        }
        encoder.set_parameter(CParameter::NbWorkers(self.threads))?;
        // Far below 4 GiB.
        encoder.set_parameter(CParameter::JobSize(self.job as u32))?;
        if self.long {
            encoder.set_parameter(CParameter::EnableLongDistanceMatching(true))?;
            encoder.set_parameter(CParameter::WindowLog(LONG_WINDOW_LOG))?;
        }
        let held = std::mem::take(&mut self.held);
        let mut rest = &held[..];
        while !rest.is_empty() {
            let n = feed(&mut encoder, rest, &mut self.chunk, &mut self.out)?;
            rest = &rest[n..];
        }
        self.encoder = Some(encoder);
        Ok(())
    }
}

/// Input bytes of one job. About a window or more: a job sees only a part of
/// the window before it, and what it sees is worked on twice.
fn job_size(level: i32) -> usize {
    match level {
        // Windows of 512 KiB to 4 MiB.
        ..=12 => 4 << 20,
        13..=16 => 8 << 20,
        // 8 MiB.
        _ => 16 << 20,
    }
}

/// Gives libzstd some input and writes what it has ready; how much it took.
fn feed<W: Write>(
    encoder: &mut Encoder<'static>,
    bytes: &[u8],
    chunk: &mut [u8],
    out: &mut W,
) -> io::Result<usize> {
    let mut input = InBuffer::around(bytes);
    // It may have only output at first: its own buffer of input is full.
    while input.pos() == 0 && !bytes.is_empty() {
        let mut chunk = OutBuffer::around(&mut *chunk);
        encoder.run(&mut input, &mut chunk)?;
        out.write_all(chunk.as_slice())?;
    }
    Ok(input.pos())
}

/// The frame of an input that fits one job. Its size is known, so the frame
/// tells it and needs no more window than that.
fn whole(bytes: &[u8], level: i32) -> io::Result<Vec<u8>> {
    let mut compressor = Compressor::new(level)?;
    for parameter in parameters(level) {
        compressor.set_parameter(parameter)?;
    }
    compressor.compress(bytes)
}

/// What all frames of a level share.
fn parameters(level: i32) -> impl Iterator<Item = CParameter> {
    // Levels above 19 ask for windows of up to 128 MiB, and for tables that fit
    // them: 640 MiB for each thread.
    let bounds = [
        CParameter::WindowLog(WINDOW_LOG),
        CParameter::ChainLog(WINDOW_LOG + 1),
        CParameter::HashLog(WINDOW_LOG),
    ];
    [
        CParameter::ChecksumFlag(true),
        CParameter::DictIdFlag(false),
    ]
    .into_iter()
    .chain(bounds.into_iter().filter(move |_| level > 19))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The window a frame asks for, in bytes (RFC 8878, section 3.1.1.1).
    fn window(frame: &[u8]) -> u64 {
        assert_eq!(frame[..4], [0x28, 0xb5, 0x2f, 0xfd]);
        let descriptor = frame[4];
        assert_eq!(descriptor & 3, 0, "no dictionary id");
        assert_ne!(descriptor & 4, 0, "a checksum");
        let single_segment = descriptor & 0x20 != 0;
        if !single_segment {
            let base = 1_u64 << (10 + (frame[5] >> 3));
            return base + base / 8 * u64::from(frame[5] & 7);
        }
        match descriptor >> 6 {
            0 => u64::from(frame[5]),
            1 => u64::from(u16::from_le_bytes([frame[5], frame[6]])) + 256,
            _ => u64::from(u32::from_le_bytes([frame[5], frame[6], frame[7], frame[8]])),
        }
    }

    #[test]
    fn no_level_asks_for_more_than_eight_megabytes() {
        let bytes = vec![b'a'; (16 << 20) + 1];
        for level in [-131_072, -1, 1, 3, 9, 12, 13, 16, 17, 19, 20, 22] {
            for size in [1, 300, 100_000, 9 << 20, bytes.len()] {
                let mut zstd = Zstd::new(Vec::new(), level, false, 2);
                let mut rest = &bytes[..size];
                while !rest.is_empty() {
                    let n = zstd.write(rest).unwrap();
                    rest = &rest[n..];
                }
                let window = window(&zstd.finish().unwrap());
                assert!(window <= 8 << 20, "level {level}, {size} bytes: {window}");
            }
        }
    }
}

//! The writer that callers see: one of the formats, and what is refused.

use std::fmt;
use std::io::{self, Write};

use super::gzip::Gzip;
use super::zstd::Zstd;

/// How bytes are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Not at all.
    None,
    /// RFC 1952, one member.
    Gzip {
        /// 0 (stored) to 9 (smallest).
        level: u32,
    },
    /// RFC 8878, one frame with a checksum.
    Zstd {
        /// 1 to 22 (smallest), or below zero for faster and larger, down to
        /// -131072.
        level: i32,
    },
    /// The same with matches as far back as 128 MiB, which is as far as readers
    /// go unasked: repeated files shrink to nothing. Takes that much memory.
    LongZstd {
        /// As of [`Encoding::Zstd`].
        level: i32,
    },
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Encoding::None => f.write_str("uncompressed"),
            Encoding::Gzip { level } => write!(f, "gzip level {level}"),
            Encoding::Zstd { level } => write!(f, "zstd level {level}"),
            Encoding::LongZstd { level } => write!(f, "zstd level {level} with a long window"),
        }
    }
}

/// Compresses what is written to it and writes that to `W`, always on the
/// caller's thread: only the compressing is done on others.
///
/// An `Encoder` that is dropped without [`Encoder::finish`] leaves its output
/// cut short and waits for its threads to end.
pub struct Encoder<W: Write> {
    format: Format<W>,
    /// An earlier call failed: the output has a hole.
    failed: bool,
}

enum Format<W: Write> {
    Plain(W),
    Gzip(Gzip<W>),
    Zstd(Zstd<W>),
}

impl<W: Write> Encoder<W> {
    /// Compresses on up to `jobs` threads, at least one. They start when there
    /// is work for them.
    ///
    /// # Errors
    /// A level that the format does not have, or `out` failing.
    pub fn new(out: W, encoding: Encoding, jobs: usize) -> io::Result<Self> {
        let format = match encoding {
            Encoding::None => Format::Plain(out),
            Encoding::Gzip {
                level: level @ 0..=9,
            } => Format::Gzip(Gzip::new(out, level, jobs)?),
            Encoding::Zstd {
                level: level @ (-131_072..=-1 | 1..=22),
            } => Format::Zstd(Zstd::new(out, level, false, jobs)),
            Encoding::LongZstd {
                level: level @ (-131_072..=-1 | 1..=22),
            } => Format::Zstd(Zstd::new(out, level, true, jobs)),
            Encoding::Gzip { .. } | Encoding::Zstd { .. } | Encoding::LongZstd { .. } => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("there is no {encoding}"),
                ));
            }
        };
        Ok(Encoder {
            format,
            failed: false,
        })
    }

    /// Writes what is left and gives `out` back, not flushed.
    ///
    /// # Errors
    /// When `out` fails or a thread does, now or in an earlier call.
    pub fn finish(self) -> io::Result<W> {
        if self.failed {
            return Err(cut_short());
        }
        match self.format {
            Format::Plain(out) => Ok(out),
            Format::Gzip(gzip) => gzip.finish(),
            Format::Zstd(zstd) => zstd.finish(),
        }
    }

    fn guarded<T>(
        &mut self,
        action: impl FnOnce(&mut Format<W>) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.failed {
            return Err(cut_short());
        }
        let result = action(&mut self.format);
        // Nothing is lost by an interrupted write; it is made again.
        self.failed = matches!(&result, Err(e) if e.kind() != io::ErrorKind::Interrupted);
        result
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.guarded(|format| match format {
            Format::Plain(out) => out.write(bytes),
            Format::Gzip(gzip) => gzip.write(bytes),
            Format::Zstd(zstd) => zstd.write(bytes),
        })
    }

    /// Writes what is compressed already. The output is the same with and
    /// without it, so the last bytes written may stay inside.
    fn flush(&mut self) -> io::Result<()> {
        self.guarded(|format| match format {
            Format::Plain(out) => out.flush(),
            Format::Gzip(gzip) => gzip.flush(),
            Format::Zstd(zstd) => zstd.flush(),
        })
    }
}

fn cut_short() -> io::Error {
    io::Error::other("an earlier write failed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    use proptest::prelude::*;

    use super::super::gzip::BLOCK;

    /// Input bytes of one zstd job, at the levels below 13.
    const JOB: usize = 4 << 20;

    /// Words and noise in turns, so that some of it packs well.
    fn input(size: usize, seed: u64) -> Vec<u8> {
        let mut state = seed.wrapping_mul(2).wrapping_add(1);
        let mut bytes = Vec::with_capacity(size + 64);
        while bytes.len() < size {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            if state & 0x3_0000 == 0 {
                bytes.extend_from_slice(&state.to_le_bytes());
            } else {
                let word = (state >> 32) % 5_000;
                bytes.extend_from_slice(format!("{word:x}/usr/lib ").as_bytes());
            }
        }
        bytes.truncate(size);
        bytes
    }

    /// `splits` are the sizes of the writes, over and over; a zero flushes.
    fn pack(bytes: &[u8], encoding: Encoding, jobs: usize, splits: &[usize]) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new(), encoding, jobs).unwrap();
        let mut rest = bytes;
        for &size in splits.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at(size.min(rest.len()));
            encoder.write_all(now).unwrap();
            if size == 0 {
                encoder.flush().unwrap();
            }
            rest = later;
        }
        encoder.finish().unwrap()
    }

    /// Decodes one member or frame and insists that nothing follows it.
    fn unpack(mut packed: &[u8], encoding: Encoding) -> Vec<u8> {
        let mut out = Vec::new();
        match encoding {
            Encoding::None => return packed.to_vec(),
            Encoding::Gzip { .. } => {
                let mut decoder = flate2::bufread::GzDecoder::new(&mut packed);
                decoder.read_to_end(&mut out).unwrap();
            }
            Encoding::Zstd { .. } | Encoding::LongZstd { .. } => {
                let mut decoder = ::zstd::Decoder::with_buffer(&mut packed).unwrap();
                decoder = decoder.single_frame();
                decoder.read_to_end(&mut out).unwrap();
            }
        }
        assert!(packed.is_empty(), "more than one member or frame");
        out
    }

    fn check(size: usize, encoding: Encoding) {
        let bytes = input(size, size as u64);
        let packed = pack(&bytes, encoding, 1, &[usize::MAX]);
        assert!(unpack(&packed, encoding) == bytes, "{encoding}, {size}");
        for jobs in [0, 2, 3, 7] {
            let again = pack(&bytes, encoding, jobs, &[100_003]);
            assert!(again == packed, "{encoding}, {size} bytes, {jobs} jobs");
        }
    }

    #[test]
    fn gzip_at_the_edges_of_a_block() {
        for level in [0, 1, 6, 9] {
            for size in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 5 * BLOCK + 77] {
                check(size, Encoding::Gzip { level });
            }
        }
    }

    /// zlib-rs keeps bytes of the block before when a compressor is used again,
    /// and looks at them. Which block that was depends on the threads.
    #[test]
    fn gzip_blocks_do_not_remember_other_blocks() {
        let mut state = 1_u64;
        let bytes: Vec<u8> = (0..16 * BLOCK)
            .map(|at| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                // Few values, others in each block, so that strays match.
                (state >> 40) as u8 % 6 + (at / BLOCK % 5) as u8
            })
            .collect();
        for level in [1, 6] {
            let encoding = Encoding::Gzip { level };
            let packed = pack(&bytes, encoding, 1, &[usize::MAX]);
            for jobs in [2, 7] {
                let again = pack(&bytes, encoding, jobs, &[usize::MAX]);
                assert!(again == packed, "{encoding}, {jobs} jobs");
            }
        }
    }

    #[test]
    fn zstd_at_the_edges_of_a_job() {
        for level in [-7, 1, 3] {
            for size in [0, 1, JOB - 1, JOB, JOB + 1, 2 * JOB, 3 * JOB + 77] {
                check(size, Encoding::Zstd { level });
            }
        }
    }

    #[test]
    fn no_encoding_changes_nothing() {
        check(300_000, Encoding::None);
    }

    #[test]
    fn levels_that_do_not_exist_are_refused() {
        for encoding in [
            Encoding::Gzip { level: 10 },
            Encoding::Zstd { level: 0 },
            Encoding::Zstd { level: 23 },
            Encoding::Zstd { level: i32::MIN },
        ] {
            let error = Encoder::new(Vec::new(), encoding, 1).err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert_eq!(error.to_string(), format!("there is no {encoding}"));
        }
    }

    /// Takes so many bytes and then fails.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let n = bytes.len().min(self.0);
            if n == 0 && !bytes.is_empty() {
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            self.0 -= n;
            Ok(n)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_ends_the_work() {
        let bytes = input(4 * JOB, 5);
        for encoding in [
            Encoding::None,
            Encoding::Gzip { level: 1 },
            Encoding::Zstd { level: 1 },
        ] {
            let packed = pack(&bytes, encoding, 2, &[usize::MAX]).len();
            for room in [0, 5, 10, 11, 1_000, 500_000, packed - 1] {
                let result = Encoder::new(Full(room), encoding, 3).and_then(|mut encoder| {
                    if let Err(error) = encoder.write_all(&bytes) {
                        assert!(encoder.write(b"more").is_err());
                        assert!(encoder.finish().is_err());
                        return Err(error);
                    }
                    encoder.finish().map(drop)
                });
                let error = result.expect_err("no room");
                assert_eq!(
                    error.kind(),
                    io::ErrorKind::StorageFull,
                    "{encoding}, {room}"
                );
            }
        }
    }

    #[test]
    fn an_encoder_may_be_dropped_at_any_time() {
        for encoding in [Encoding::Gzip { level: 9 }, Encoding::Zstd { level: 3 }] {
            for size in [0, 1, BLOCK + 1, JOB + 1, 3 * JOB] {
                let mut encoder = Encoder::new(io::sink(), encoding, 3).unwrap();
                encoder.write_all(&input(size, 3)).unwrap();
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn gzip_depends_on_the_input_alone(
            (size, seed) in (0..5 * BLOCK, any::<u64>()),
            level in 0..=9_u32,
            jobs in 1..8_usize,
            splits in prop::collection::vec(0..BLOCK * 2, 0..12),
        ) {
            let encoding = Encoding::Gzip { level };
            let bytes = input(size, seed);
            let packed = pack(&bytes, encoding, 1, &[usize::MAX]);
            prop_assert!(unpack(&packed, encoding) == bytes);
            let splits = [splits, vec![777]].concat();
            prop_assert!(pack(&bytes, encoding, jobs, &splits) == packed);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn zstd_depends_on_the_input_alone(
            (size, seed) in (0..3 * JOB, any::<u64>()),
            level in prop::sample::select(vec![-20, 1, 3, 5]),
            jobs in 1..8_usize,
            splits in prop::collection::vec(0..JOB, 0..12),
        ) {
            let encoding = match seed % 2 {
                0 => Encoding::Zstd { level },
                _ => Encoding::LongZstd { level },
            };
            let bytes = input(size, seed);
            let packed = pack(&bytes, encoding, 1, &[usize::MAX]);
            prop_assert!(unpack(&packed, encoding) == bytes);
            let splits = [splits, vec![777]].concat();
            prop_assert!(pack(&bytes, encoding, jobs, &splits) == packed);
        }
    }
}

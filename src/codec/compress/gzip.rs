//! One gzip member (RFC 1952) made of blocks that are deflated in parallel.
//!
//! The input is cut every [`BLOCK`] bytes. Each block is deflated on its own
//! with the [`DICTIONARY`] bytes before it as its preset dictionary, so matches
//! still reach across the cut, and ends with a sync flush, so the deflated
//! blocks can be laid one after the other. Where the cuts fall depends on
//! nothing but the input, and so do the bytes that come out.

use std::io::{self, Write};

use zlib_rs::crc32::{crc32, crc32_combine};
use zlib_rs::{Deflate, DeflateConfig, DeflateError, DeflateFlush, Status};

use super::pool::Pool;

/// Input bytes of one block.
pub(super) const BLOCK: usize = 256 << 10;

/// Bytes before a block that its matches can reach: deflate's window.
const DICTIONARY: usize = 32 << 10;

/// Room for a deflated block: what does not get smaller is stored, at five
/// bytes for each 8 KiB.
const ROOM: usize = BLOCK + BLOCK / 64 + 1024;

/// `log2` of the symbols that share one Huffman code, less six: 8192. What is
/// in a layer changes fast, so zlib's 16384 give 0.4 % more bytes on programs;
/// 4096 give 0.2 % more on text.
const MEMORY_LEVEL: i32 = 7;

/// Blocks in flight beyond one for each thread: one is done and waits for its
/// turn, one waits for a thread.
const AHEAD: usize = 2;

/// Writes one gzip member.
pub(super) struct Gzip<W> {
    out: W,
    pool: Pool<Block>,
    /// The block being filled.
    block: Block,
    /// Blocks that were written and can be filled again.
    spare: Vec<Block>,
    /// The most blocks that are in flight.
    most: usize,
    /// CRC-32 of the input in the blocks written.
    crc: u32,
    /// Bytes of it.
    size: u64,
}

/// Part of the input, and what it became.
struct Block {
    /// The dictionary, then the part itself.
    input: Vec<u8>,
    /// How many bytes of `input` are the dictionary.
    dictionary: usize,
    /// Whether the member ends here.
    last: bool,
    /// Always [`ROOM`] long, so that the room is the same each time.
    output: Vec<u8>,
    /// How many bytes of `output` are the deflated block.
    deflated: usize,
    /// CRC-32 of the part.
    crc: u32,
}

impl<W: Write> Gzip<W> {
    /// Writes the header. `level` is 0 to 9.
    pub(super) fn new(mut out: W, level: u32, jobs: usize) -> io::Result<Self> {
        let jobs = jobs.max(1);
        out.write_all(&header(level))?;
        Ok(Gzip {
            out,
            pool: Pool::new(jobs, move |block: Block| block.deflate(level)),
            block: Block::new(),
            spare: Vec::new(),
            most: jobs.saturating_add(AHEAD),
            crc: 0,
            size: 0,
        })
    }

    /// Takes up to a block of input.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full block is sent once more input shows that it is not the last.
        if self.block.room() == 0 && !bytes.is_empty() {
            self.send(false)?;
        }
        let n = bytes.len().min(self.block.room());
        self.block.input.extend_from_slice(&bytes[..n]);
        Ok(n)
    }

    /// Writes what is ready. The block being filled stays: ending it here
    /// would make the output depend on where the caller flushes.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.write_ready()?;
        self.out.flush()
    }

    /// Writes the rest and the trailer.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.send(true)?;
        while let Some(block) = self.pool.wait() {
            self.write_block(block?)?;
        }
        self.out.write_all(&self.crc.to_le_bytes())?;
        // The format keeps the size modulo 2^32.
        self.out.write_all(&(self.size as u32).to_le_bytes())?;
        Ok(self.out)
    }

    /// Hands the block being filled to the threads and begins the next one.
    fn send(&mut self, last: bool) -> io::Result<()> {
        self.write_ready()?;
        while self.pool.in_flight() >= self.most
            && let Some(block) = self.pool.wait()
        {
            self.write_block(block?)?;
        }
        let mut next = self.spare.pop().unwrap_or_else(Block::new);
        next.follow(&self.block);
        self.block.last = last;
        self.pool.submit(std::mem::replace(&mut self.block, next))
    }

    fn write_ready(&mut self) -> io::Result<()> {
        while let Some(block) = self.pool.take_ready() {
            self.write_block(block?)?;
        }
        Ok(())
    }

    fn write_block(&mut self, block: Block) -> io::Result<()> {
        self.out.write_all(&block.output[..block.deflated])?;
        let size = (block.input.len() - block.dictionary) as u64;
        self.crc = crc32_combine(self.crc, block.crc, size);
        self.size += size;
        self.spare.push(block);
        Ok(())
    }
}

impl Block {
    fn new() -> Self {
        Block {
            input: Vec::with_capacity(DICTIONARY + BLOCK),
            dictionary: 0,
            last: false,
            output: vec![0; ROOM],
            deflated: 0,
            crc: 0,
        }
    }

    /// Input bytes that can still be added.
    fn room(&self) -> usize {
        BLOCK - (self.input.len() - self.dictionary)
    }

    /// Empties the block but for the dictionary: the end of the block before.
    fn follow(&mut self, before: &Block) {
        let reach = before.input.len().saturating_sub(DICTIONARY);
        self.input.clear();
        self.input.extend_from_slice(&before.input[reach..]);
        self.dictionary = self.input.len();
    }

    fn deflate(mut self, level: u32) -> io::Result<Self> {
        let (dictionary, input) = self.input.split_at(self.dictionary);
        self.crc = crc32(0, input);
        // A new one each time: a used one keeps bytes of the block before it,
        // `reset` or not, and hashes a few of them when it is given a
        // dictionary. Which block that was depends on the threads.
        let mut deflate = Deflate::new_with_config(DeflateConfig {
            level: effort(level),
            // Without a zlib header.
            window_bits: -15,
            mem_level: MEMORY_LEVEL,
            ..DeflateConfig::default()
        });
        if !dictionary.is_empty() {
            deflate.set_dictionary(dictionary).map_err(refused)?;
        }
        let flush = if self.last {
            DeflateFlush::Finish
        } else {
            DeflateFlush::SyncFlush
        };
        let status = deflate
            .compress(input, &mut self.output, flush)
            .map_err(refused)?;
        // Both are at most the size of a block.
        self.deflated = deflate.total_out() as usize;
        let taken = deflate.total_in() as usize;
        // A flush is known to be whole only when there was room to spare.
        let whole = match status {
            Status::StreamEnd => self.last,
            Status::Ok => !self.last && self.deflated < self.output.len(),
            Status::BufError => false,
        };
        if !whole || taken != input.len() {
            return Err(io::Error::other("deflate did not take the whole block"));
        }
        Ok(self)
    }
}

/// The level of zlib-rs that makes about the size gzip makes at `level`, in no
/// more time. Its levels are zlib-ng's: 1 is a fifth larger than gzip's, 6 is
/// 2.5 % larger, 8 is larger than 9 and as slow.
fn effort(level: u32) -> i32 {
    match level {
        0 => 0,
        1 => 2,
        2 => 3,
        3 => 4,
        4 => 5,
        5 => 6,
        6 => 7,
        _ => 9,
    }
}

/// No name, no time, no system: nothing but the level shows.
fn header(level: u32) -> [u8; 10] {
    let hint = match level {
        9 => 2,
        1 => 4,
        _ => 0,
    };
    [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, hint, 255]
}

fn refused(error: DeflateError) -> io::Error {
    io::Error::other(format!("deflate: {}", error.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(bytes: &[u8], level: u32) -> Vec<u8> {
        let mut gzip = Gzip::new(Vec::new(), level, 2).unwrap();
        let mut rest = bytes;
        while !rest.is_empty() {
            let n = gzip.write(rest).unwrap();
            rest = &rest[n..];
        }
        gzip.finish().unwrap()
    }

    #[test]
    fn nothing_is_ten_bytes_of_header_two_of_deflate_and_eight_of_trailer() {
        let hints = [0, 4, 0, 0, 0, 0, 0, 0, 0, 2];
        for (level, hint) in (1..=9).zip(&hints[1..]) {
            let mut expected = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, *hint, 255, 3, 0];
            expected.extend([0; 8]);
            assert_eq!(pack(b"", level), expected);
        }
    }

    #[test]
    fn a_later_block_finds_its_matches_in_the_one_before() {
        // Noise, so that only the repetition across the cut can be packed.
        let mut noise = vec![0_u8; BLOCK];
        let mut state = 1_u32;
        for byte in &mut noise {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
        let mut bytes = noise.clone();
        bytes.extend_from_slice(&noise[BLOCK - DICTIONARY / 2..]);
        let more = pack(&bytes, 6).len() - pack(&noise, 6).len();
        assert!(more < 1024, "{more} bytes for a repetition");
    }

    #[test]
    fn noise_fits_its_room_at_every_level() {
        let mut state = 7_u64;
        let bytes: Vec<u8> = (0..2 * BLOCK + 1)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            })
            .collect();
        for level in 0..=9 {
            let packed = pack(&bytes, level).len();
            assert!(
                packed < bytes.len() + bytes.len() / 1000,
                "{level}: {packed}"
            );
        }
    }

    #[test]
    fn no_more_blocks_are_made_than_may_be_in_flight() {
        let mut gzip = Gzip::new(Vec::new(), 1, 2).unwrap();
        for _ in 0..64 {
            assert_eq!(gzip.write(&vec![b'a'; BLOCK]).unwrap(), BLOCK);
            let blocks = gzip.spare.len() + gzip.pool.in_flight() + 1;
            assert!(blocks <= 2 + AHEAD + 1, "{blocks}");
        }
    }
}

//! Contents of the few files that judgements read, kept while a stream passes.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use hashbrown::HashMap;

/// Says which files' contents a judgement will read (package databases mostly).
pub trait WantedContents: Sync {
    /// Whether the file at `path` (normalised, relative to the root) is wanted.
    fn wants(&self, path: &[u8], size: u64) -> bool;
}

/// Wants nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoContents;

impl WantedContents for NoContents {
    fn wants(&self, _path: &[u8], _size: u64) -> bool {
        false
    }
}

/// Contents taken from a stream: small ones in memory up to a bound, the rest
/// in an unnamed temporary file, so that memory does not grow with bytes.
#[derive(Debug, Default)]
pub struct Captured {
    index: HashMap<u32, Place>,
    memory: Vec<u8>,
    spill: Option<File>,
    spilled: u64,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Memory(usize, usize),
    Spill(u64, usize),
}

impl Captured {
    const IN_MEMORY: usize = 8 << 20;
    /// Bytes kept of one layer. All databases of a large system are a tenth of that.
    const MOST: u64 = 2 << 30;

    /// Whether so many more bytes may be kept.
    pub(super) fn has_room(&self, bytes: u64) -> bool {
        let kept = self.memory.len() as u64 + self.spilled;
        kept.saturating_add(bytes) <= Self::MOST
    }

    /// Keeps the contents of the entry with index `entry`.
    ///
    /// # Errors
    /// When the temporary file cannot be written.
    pub(super) fn keep(&mut self, entry: u32, contents: &[u8]) -> io::Result<()> {
        let place = if self.memory.len() + contents.len() <= Self::IN_MEMORY {
            let start = self.memory.len();
            self.memory.extend_from_slice(contents);
            Place::Memory(start, contents.len())
        } else {
            let spill = match &mut self.spill {
                Some(file) => file,
                none => none.insert(tempfile::tempfile()?),
            };
            spill.write_all(contents)?;
            let start = self.spilled;
            self.spilled += contents.len() as u64;
            Place::Spill(start, contents.len())
        };
        self.index.insert(entry, place);
        Ok(())
    }

    /// The contents kept for `entry`.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub fn get(&self, entry: u32) -> io::Result<Option<Vec<u8>>> {
        match self.index.get(&entry) {
            None => Ok(None),
            Some(&Place::Memory(start, len)) => Ok(Some(self.memory[start..start + len].to_vec())),
            Some(&Place::Spill(start, len)) => {
                let mut bytes = vec![0; len];
                match &self.spill {
                    Some(file) => file.read_exact_at(&mut bytes, start)?,
                    None => return Ok(None),
                }
                Ok(Some(bytes))
            }
        }
    }
}

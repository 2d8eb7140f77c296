//! Contents of files of the merged tree, read by position.

use std::io;

use super::{EntryId, Tree};
use crate::layer::{Contents, FileTable, read_contents};
use crate::source::BlobRange;

impl Tree {
    /// Where the contents of a file are: the layer's tar stream and the offset
    /// in it.
    ///
    /// # Errors
    /// When the layer passed once and was not kept.
    pub fn stored(&self, id: EntryId) -> io::Result<(&BlobRange, u64)> {
        let layer = self.layers().get(id.layer as usize);
        let found = layer.zip(self.entry(id).file()).and_then(|(layer, file)| {
            let (Contents::Stored(blob), FileTable::Stored(files)) =
                (&layer.contents, layer.changeset.files())
            else {
                return None;
            };
            Some((blob, files.get(file as usize)?.offset))
        });
        found.ok_or_else(|| io::Error::other("the layer's contents are not at hand"))
    }

    /// The whole contents of a regular file that were kept when its layer was
    /// read, or can be read again; none of a larger file than `limit`.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn kept(&self, id: EntryId, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let entry = self.entry(id);
        if entry.size() > limit {
            return Ok(None);
        }
        let Some(layer) = self.layers().get(id.layer as usize) else {
            return Ok(None);
        };
        match (&layer.contents, layer.changeset.files(), entry.file()) {
            (_, _, None) => Ok(Some(Vec::new())),
            (Contents::Stored(blob), FileTable::Stored(files), Some(at)) => {
                match files.get(at as usize) {
                    Some(stored) => read_contents(blob, entry, stored.offset, limit),
                    None => Ok(None),
                }
            }
            (Contents::Captured(captured), _, _) => captured.get(id.index),
            _ => Ok(None),
        }
    }

    /// At most `len` bytes of a regular file from `offset` on; fewer only where
    /// the file ends. Holes of sparse files are zeros.
    ///
    /// # Errors
    /// As [`Tree::stored`]; whatever the operating system says.
    pub fn read(&self, id: EntryId, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let entry = self.entry(id);
        let left = entry.size().saturating_sub(offset);
        let len = usize::try_from(left).map_or(len, |left| left.min(len));
        let mut bytes = vec![0; len];
        if len == 0 {
            return Ok(bytes);
        }
        let (blob, start) = self.stored(id)?;
        let Some(map) = entry.extra().and_then(|extra| extra.sparse.as_deref()) else {
            blob.read_exact_at(&mut bytes, start.saturating_add(offset))?;
            return Ok(bytes);
        };
        let end = offset.saturating_add(len as u64);
        let mut at = start;
        for range in map {
            let from = range.offset.max(offset);
            let to = range.offset.saturating_add(range.length).min(end);
            if from < to {
                // Within `len`, which is a usize.
                let piece = (from - offset) as usize..(to - offset) as usize;
                let place = at.saturating_add(from - range.offset);
                blob.read_exact_at(bytes.get_mut(piece).unwrap_or_default(), place)?;
            }
            at = at.saturating_add(range.length);
        }
        Ok(bytes)
    }
}

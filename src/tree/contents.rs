//! Contents of files of the merged tree, read by position.

use std::io;

use super::{EntryId, Tree};
use crate::layer::{Contents, FileTable};
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

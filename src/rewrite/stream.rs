//! A plan → the tar stream of its layer.

use std::io::{self, Write};

use super::plan::{Item, Plan};
use crate::layer::tar::{self, Form};
use crate::layer::{ContentHash, ContentHasher, WHITEOUT_OPAQUE, WHITEOUT_PREFIX};
use crate::oci::escape_bytes;
use crate::tree::{ContentDigests, NodeId, Tree};

/// Why a layer's tar stream could not be made.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The contents of a file could not be read again.
    #[error("cannot read the contents of {path} in layer {layer}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Index of the layer that holds it, 0 for the lowest.
        layer: u32,
        /// What the operating system said.
        source: io::Error,
    },
    /// What takes the stream gave up.
    #[error("cannot write the new layer: {0}")]
    Write(#[from] io::Error),
}

/// Bytes read at a time.
const PIECE: usize = 256 * 1024;

/// Writes the tar stream of `plan`, which was made of these trees. The digests
/// of all contents that pass go into `digests`, where somebody wants them.
///
/// # Errors
/// [`WriteError`].
pub fn write(
    plan: &Plan,
    full: &Tree,
    base: &Tree,
    out: &mut dyn Write,
    digests: Option<&mut ContentDigests>,
) -> Result<(), WriteError> {
    let mut writer = Writer {
        full,
        out,
        headers: Vec::new(),
        buffer: vec![0; PIECE],
        digests,
    };
    for item in &plan.items {
        writer.headers.clear();
        match *item {
            Item::Whiteout(node) => {
                let dir = base.path(base.parent(node));
                writer.marker(&dir, &[WHITEOUT_PREFIX, base.name(node)].concat())?;
            }
            Item::Opaque(node) => writer.marker(&full.path(node), WHITEOUT_OPAQUE)?,
            Item::PlainDirectory(node) => {
                tar::plain_directory(&mut writer.headers, &full.path(node));
                writer.out.write_all(&writer.headers)?;
            }
            Item::Entry(node) => writer.entry(node)?,
            Item::Listed(node, id) => {
                let (entry, path) = (full.entry(id), full.path(node));
                tar::entry_headers(&mut writer.headers, entry, &path, Form::Itself);
                writer.out.write_all(&writer.headers)?;
            }
            Item::Link { node, to } => writer.link(node, to)?,
        }
    }
    out.write_all(&tar::END)?;
    Ok(())
}

struct Writer<'a> {
    full: &'a Tree,
    out: &'a mut dyn Write,
    headers: Vec<u8>,
    buffer: Vec<u8>,
    digests: Option<&'a mut ContentDigests>,
}

impl Writer<'_> {
    fn marker(&mut self, dir: &[u8], name: &[u8]) -> Result<(), WriteError> {
        let path = match dir {
            [] => name.to_vec(),
            dir => [dir, b"/", name].concat(),
        };
        tar::marker(&mut self.headers, &path);
        Ok(self.out.write_all(&self.headers)?)
    }

    fn link(&mut self, node: NodeId, to: NodeId) -> Result<(), WriteError> {
        let Some(id) = self.full.inode(node) else {
            return Ok(());
        };
        let (path, to) = (self.full.path(node), self.full.path(to));
        let entry = self.full.entry(id);
        tar::entry_headers(&mut self.headers, entry, &path, Form::Link(&to));
        Ok(self.out.write_all(&self.headers)?)
    }

    fn entry(&mut self, node: NodeId) -> Result<(), WriteError> {
        let Some(id) = self.full.inode(node) else {
            return Ok(());
        };
        let entry = self.full.entry(id);
        let path = self.full.path(node);
        tar::entry_headers(&mut self.headers, entry, &path, Form::Itself);
        self.out.write_all(&self.headers)?;
        if entry.size() == 0 {
            return Ok(());
        }
        let unreadable = |source| WriteError::Read {
            path: escape_bytes(&path),
            layer: id.layer,
            source,
        };
        let (blob, offset) = self.full.stored(id).map_err(unreadable)?;
        let sparse = entry.extra().and_then(|extra| extra.sparse.as_deref());
        // Repacking knows them already.
        let digests = self.digests.as_deref();
        let new = digests.is_some_and(|known| !known.contains_key(&id));
        let mut hasher = new.then(|| ContentHasher::new(ContentHash::Blake3, entry.size(), sparse));
        let mut at = offset;
        let mut written: u64 = 0;
        let whole = [tar::SparseRange {
            offset: 0,
            length: entry.size(),
        }];
        for range in sparse.unwrap_or(&whole) {
            zeros(self.out, range.offset.saturating_sub(written))?;
            let mut left = range.length;
            while left > 0 {
                let n = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
                let piece = self.buffer.get_mut(..n).unwrap_or_default();
                blob.read_exact_at(piece, at).map_err(unreadable)?;
                if let Some(hasher) = &mut hasher {
                    hasher.update(piece);
                }
                self.out.write_all(piece)?;
                at += n as u64;
                left -= n as u64;
            }
            written = range.offset.saturating_add(range.length);
        }
        zeros(self.out, entry.size().saturating_sub(written))?;
        zeros(self.out, tar::padding(entry.size()) as u64)?;
        if let (Some(hasher), Some(digests)) = (hasher, self.digests.as_deref_mut()) {
            digests.insert(id, hasher.finish());
        }
        Ok(())
    }
}

fn zeros(out: &mut dyn Write, mut count: u64) -> io::Result<()> {
    const ZEROS: [u8; 8192] = [0; 8192];
    while count > 0 {
        let n = count.min(ZEROS.len() as u64);
        out.write_all(ZEROS.get(..n as usize).unwrap_or_default())?;
        count -= n;
    }
    Ok(())
}

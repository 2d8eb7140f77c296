//! A layer that was never stored: what is to be taken out of an image, and
//! which of its files are to have other contents.
//!
//! Laid over the image's own layers it gives the file system that a result
//! should have; folding them all then writes that, and nothing else has to
//! know of changes.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::sync::Arc;

use crate::codec::Limits;
use crate::layer::tar::{self, Form};
use crate::layer::{Contents, EntryBudget, LayerContent, LayerError, WHITEOUT_PREFIX, walk_stored};
use crate::source::BlobRange;
use crate::tree::{NodeId, Step, Tree};

/// Why the layer could not be made.
#[derive(Debug, thiserror::Error)]
pub enum OverlayError {
    /// The temporary file.
    #[error("cannot keep what changes in a temporary file: {0}")]
    File(#[from] io::Error),
    /// More removals than entries are allowed.
    #[error("cannot describe what changes: {0}")]
    Layer(#[from] LayerError),
}

/// Makes the layer that removes the present paths for which `removed` holds,
/// with all that is below them, and gives the files in `changed` these contents.
///
/// # Errors
/// [`OverlayError`].
pub fn overlay(
    tree: &Tree,
    removed: &dyn Fn(NodeId) -> bool,
    changed: &[(NodeId, Vec<u8>)],
    limits: &Limits,
) -> Result<Arc<LayerContent>, OverlayError> {
    let mut out = Tar::new()?;
    let mut walk = tree.walk();
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        if removed(node) {
            out.whiteout(tree, node)?;
            walk.skip_children();
        }
    }
    for (node, contents) in changed {
        out.file(tree, *node, contents)?;
    }
    let blob = out.finish()?;
    let (changeset, _) = walk_stored(&blob, &EntryBudget::new(limits))?;
    Ok(Arc::new(LayerContent {
        changeset,
        contents: Contents::Stored(blob),
    }))
}

struct Tar {
    out: BufWriter<File>,
    headers: Vec<u8>,
    len: u64,
}

impl Tar {
    fn new() -> io::Result<Self> {
        Ok(Tar {
            out: BufWriter::new(tempfile::tempfile()?),
            headers: Vec::new(),
            len: 0,
        })
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.len += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn put_headers(&mut self) -> io::Result<()> {
        let headers = std::mem::take(&mut self.headers);
        self.put(&headers)?;
        self.headers = headers;
        self.headers.clear();
        Ok(())
    }

    fn whiteout(&mut self, tree: &Tree, node: NodeId) -> io::Result<()> {
        let mut path = tree.path(tree.parent(node));
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(WHITEOUT_PREFIX);
        path.extend_from_slice(tree.name(node));
        tar::marker(&mut self.headers, &path);
        self.put_headers()
    }

    fn file(&mut self, tree: &Tree, node: NodeId, contents: &[u8]) -> io::Result<()> {
        let Some(id) = tree.inode(node) else {
            return Ok(());
        };
        let size = contents.len() as u64;
        tar::entry_headers(
            &mut self.headers,
            tree.entry(id),
            &tree.path(node),
            Form::Changed(size),
        );
        self.put_headers()?;
        self.put(contents)?;
        const ZEROS: [u8; 512] = [0; 512];
        self.put(ZEROS.get(..tar::padding(size)).unwrap_or_default())
    }

    fn finish(mut self) -> io::Result<BlobRange> {
        self.put(&tar::END)?;
        let file = self.out.into_inner().map_err(io::Error::from)?;
        Ok(BlobRange {
            file: Arc::new(file),
            offset: 0,
            len: self.len,
        })
    }
}

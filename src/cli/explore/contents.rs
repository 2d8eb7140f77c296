//! One file of the image → a new file in the working folder.

use std::io::{self, Write};
use std::path::Path;

use super::ExploreCommand;
use crate::cli::failure::Failure;
use crate::cli::image::{content_hash, locate};
use crate::explore::{Stored, write_new};
use crate::layer::{self, Contents, NoProgress, ScanOptions, WantedContents};
use crate::oci::escape_bytes;
use crate::report::size::exact;
use crate::tree::{EntryId, Tree};

/// Bytes that are copied at once.
const PIECE: usize = 1 << 20;

/// Writes a file's contents to `name`; tells in words how it ended.
pub(super) fn extract(
    command: &ExploreCommand,
    tree: &Tree,
    stored: Stored,
    path: &[u8],
    name: &str,
) -> String {
    let id = EntryId {
        layer: stored.layer,
        index: stored.entry,
    };
    let path = escape_bytes(path);
    let bytes = tree.entry(id).size();
    let done = write_new(Path::new("."), name, |out| copy(command, tree, id, out));
    match done {
        Ok(_) => format!("/{path}: {} written to {name}", exact(bytes)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            format!("{name} is there already and stays as it is")
        }
        Err(error) => format!("cannot write {name}: {error}"),
    }
}

fn copy(command: &ExploreCommand, tree: &Tree, id: EntryId, out: &mut dyn Write) -> io::Result<()> {
    let size = tree.entry(id).size();
    if size == 0 {
        return Ok(());
    }
    if tree.stored(id).is_err() {
        return out.write_all(&read_again(command, tree, id)?);
    }
    let mut at = 0;
    while at < size {
        let piece = tree.read(id, at, PIECE)?;
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        out.write_all(&piece)?;
        at += piece.len() as u64;
    }
    Ok(())
}

/// Wants one file of whatever layers have it.
struct One(Vec<u8>);

impl WantedContents for One {
    fn wants(&self, path: &[u8], _size: u64) -> bool {
        path == self.0
    }
}

/// Contents of a compressed layer passed by when it was read: it is read again.
fn read_again(command: &ExploreCommand, tree: &Tree, id: EntryId) -> io::Result<Vec<u8>> {
    let other = || io::Error::other("the image is not the same any more");
    let layer = tree.layers().get(id.layer as usize).ok_or_else(other)?;
    let (set, entry) = (&layer.changeset, tree.entry(id));
    let mut parts = vec![entry.name()];
    let mut dir = entry.parent();
    while dir != 0 {
        let (parent, name) = set.dir(dir);
        parts.push(name);
        dir = parent;
    }
    parts.reverse();
    let path = parts.join(&b'/');
    let failed = |failure: Failure| match failure {
        Failure::Stopped { message, .. } => io::Error::other(message),
        Failure::BrokenPipe => io::ErrorKind::BrokenPipe.into(),
    };
    let arguments = &command.image_arguments;
    let locator = locate(&command.image).map_err(failed)?;
    let opened = arguments.open(&locator).map_err(failed)?;
    let options = ScanOptions {
        limits: arguments.reading.limits(),
        jobs: arguments.reading.jobs(),
        hash: content_hash(&opened),
        verify: arguments.reading.verify.into(),
        wanted: &One(path.clone()),
        spool_from: None,
        progress: &NoProgress,
    };
    let again = layer::scan(opened, &options).map_err(io::Error::other)?;
    let again = again.layers.get(id.layer as usize).ok_or_else(other)?;
    let count = again.set.changeset.len();
    let same = count == set.len() && again.set.changeset.entry(id.index).name() == entry.name();
    match &again.set.contents {
        Contents::Captured(captured) if same => {
            let found = captured.get(id.index)?;
            found.ok_or_else(|| io::Error::other("the file is too large to be kept"))
        }
        _ => Err(other()),
    }
}

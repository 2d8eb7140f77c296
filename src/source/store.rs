//! Named documents and blobs, wherever they are kept.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::error::SourceError;
use super::{BlobRange, LayerBlob};
use crate::oci::{Descriptor, Digest, OciError, digest_of};

/// A place that holds members by name: an archive or a folder.
pub(super) trait Store {
    /// The place, for messages.
    fn place(&self) -> &str;

    /// `archive` or `layout`, for messages.
    fn kind(&self) -> &'static str;

    /// The whole member `name`; `None` when there is none.
    fn document(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, SourceError>;

    /// The whole member `name` that `descriptor` is about.
    fn described_document(
        &self,
        _descriptor: &Descriptor,
        name: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, SourceError> {
        self.document(name, limit)
    }

    /// Where the member `name` is; `None` when there is none.
    fn blob(&self, name: &str) -> Result<Option<LayerBlob>, SourceError>;
}

/// Helpers that every store has.
impl dyn Store + '_ {
    pub(super) fn missing(&self, what: impl Into<String>, name: &str) -> SourceError {
        SourceError::Missing {
            place: self.place().to_owned(),
            what: what.into(),
            name: name.to_owned(),
            kind: self.kind(),
        }
    }

    pub(super) fn bad_document(&self, source: OciError) -> SourceError {
        SourceError::Document {
            place: self.place().to_owned(),
            source,
        }
    }

    /// The document that `descriptor` names, size and digest verified.
    pub(super) fn described(
        &self,
        descriptor: &Descriptor,
        what: &str,
        limit: u64,
    ) -> Result<Vec<u8>, SourceError> {
        let name = self.blob_path(descriptor.digest())?;
        let bytes = self
            .described_document(descriptor, &name, limit)?
            .ok_or_else(|| self.missing(what, descriptor.digest().as_ref()))?;
        if bytes.len() as u64 != descriptor.size() {
            return Err(SourceError::Mismatch {
                place: self.place().to_owned(),
                what: "size",
                name: format!("{what} {}", descriptor.digest()),
                expected: format!("{} bytes", descriptor.size()),
                found: format!("{} bytes", bytes.len()),
            });
        }
        self.verify(&bytes, descriptor.digest(), what)?;
        Ok(bytes)
    }

    pub(super) fn verify(
        &self,
        bytes: &[u8],
        digest: &Digest,
        what: &str,
    ) -> Result<(), SourceError> {
        let found = digest_of(bytes);
        if &found == digest {
            return Ok(());
        }
        Err(SourceError::Mismatch {
            place: self.place().to_owned(),
            what: "digest",
            name: what.to_owned(),
            expected: digest.to_string(),
            found: found.to_string(),
        })
    }

    /// Where a layout keeps the blob of `digest`. The digest was parsed, so
    /// the path cannot leave the layout.
    pub(super) fn blob_path(&self, digest: &Digest) -> Result<String, SourceError> {
        let algorithm = digest.algorithm().as_ref();
        if algorithm != "sha256" {
            return Err(SourceError::Unsupported {
                place: self.place().to_owned(),
                what: format!("digest algorithm {algorithm} of {digest} is not supported"),
            });
        }
        Ok(format!("blobs/{algorithm}/{}", digest.digest()))
    }
}

/// An OCI layout (or unpacked archive) in a folder.
#[derive(Debug)]
pub(super) struct FolderStore {
    root: PathBuf,
    place: String,
}

impl FolderStore {
    pub(super) fn new(root: &Path) -> Self {
        FolderStore {
            root: root.to_owned(),
            place: root.display().to_string(),
        }
    }

    /// Opens a member without following links: a layout from elsewhere may
    /// hold a link to any file of this machine.
    fn open(&self, name: &str) -> Result<Option<File>, SourceError> {
        let mut path = self.root.clone();
        let failed = |path: &Path, source| SourceError::Io {
            doing: "open",
            path: path.to_owned(),
            source,
        };
        for component in Path::new(name).components() {
            let Component::Normal(component) = component else {
                return Ok(None);
            };
            path.push(component);
            match path.symlink_metadata() {
                Ok(meta) if meta.file_type().is_symlink() => {
                    let why = io::Error::other("it is a symbolic link, which is not followed");
                    return Err(failed(&path, why));
                }
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(e) if e.kind() == io::ErrorKind::NotADirectory => return Ok(None),
                Err(e) => return Err(failed(&path, e)),
            }
        }
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(NOFOLLOW_NONBLOCK)
            .open(&path)
            .map_err(|e| failed(&path, e))?;
        let meta = file.metadata().map_err(|e| failed(&path, e))?;
        if !meta.is_file() {
            return Err(failed(&path, io::Error::other("it is not a regular file")));
        }
        Ok(Some(file))
    }

    fn range(&self, name: &str) -> Result<Option<BlobRange>, SourceError> {
        let Some(file) = self.open(name)? else {
            return Ok(None);
        };
        let len = file
            .metadata()
            .map_err(|source| SourceError::Io {
                doing: "read",
                path: self.root.join(name),
                source,
            })?
            .len();
        Ok(Some(BlobRange {
            file: Arc::new(file),
            offset: 0,
            len,
        }))
    }
}

/// `O_NOFOLLOW | O_NONBLOCK`: no links, and no waiting for a FIFO's writer.
const NOFOLLOW_NONBLOCK: i32 = if cfg!(target_os = "macos") {
    0x0100 | 0x0004
} else {
    0o400_000 | 0o4_000
};

impl Store for FolderStore {
    fn place(&self) -> &str {
        &self.place
    }

    fn kind(&self) -> &'static str {
        "layout"
    }

    fn document(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, SourceError> {
        let Some(range) = self.range(name)? else {
            return Ok(None);
        };
        range
            .read_all(limit)
            .map(Some)
            .map_err(|source| SourceError::Io {
                doing: "read",
                path: self.root.join(name),
                source,
            })
    }

    fn blob(&self, name: &str) -> Result<Option<LayerBlob>, SourceError> {
        Ok(self.range(name)?.map(LayerBlob::Range))
    }
}

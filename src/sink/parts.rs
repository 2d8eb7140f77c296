//! The blobs of a layout, each in a file without a name yet.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use std::collections::BTreeMap;

use super::blob::write_to;
use super::documents::{Documents, Rendered, blob_path};
use super::unfinished::PartFile;
use super::{BlobInfo, SinkError, WriteBlob};
use crate::codec::Limits;
use crate::oci::RawObject;
use crate::source::{BlobRange, LayoutMembers, OpenImage, SourceError};

pub(super) struct Parts {
    folder: PathBuf,
    pub(super) blobs: BTreeMap<String, (BlobInfo, PartFile)>,
}

impl Parts {
    /// Blobs to be kept in `folder` for now.
    pub(super) fn new(folder: &Path) -> Self {
        Parts {
            folder: folder.to_owned(),
            blobs: BTreeMap::new(),
        }
    }

    pub(super) fn write(&mut self, write: &mut WriteBlob<'_>) -> Result<BlobInfo, SinkError> {
        self.write_blob(write)
            .map_err(SinkError::io("write", &self.folder))
    }

    fn write_blob(&mut self, write: &mut WriteBlob<'_>) -> io::Result<BlobInfo> {
        let mut part = PartFile::new(&self.folder)?;
        let blob = write_to(part.file(), write)?;
        self.blobs
            .entry(blob_path(&blob))
            .or_insert_with(|| (blob.clone(), part));
        Ok(blob)
    }

    /// Writes the documents of a delivery.
    pub(super) fn documents(&mut self, rendered: &Rendered) -> Result<(), SinkError> {
        let mut all = rendered.documents.iter();
        all.try_for_each(|document| self.document(document.blob.clone(), &document.bytes))
    }

    fn document(&mut self, blob: BlobInfo, bytes: &[u8]) -> Result<(), SinkError> {
        let written = PartFile::new(&self.folder).and_then(|mut part| {
            part.file().write_all(bytes)?;
            Ok(part)
        });
        let part = written.map_err(SinkError::io("write", &self.folder))?;
        self.blobs.entry(blob_path(&blob)).or_insert((blob, part));
        Ok(())
    }

    /// Opens the image that one of these index entries leads to.
    pub(super) fn open(
        &self,
        place: &str,
        single: &[RawObject],
        number: usize,
        limits: &Limits,
    ) -> Result<OpenImage, SourceError> {
        let unreadable = |source| SourceError::Io {
            doing: "read back",
            path: place.into(),
            source,
        };
        let one = single.get(number..).unwrap_or_default();
        let one = one.get(..1).unwrap_or_default();
        let index = Documents::index(one).map_err(io::Error::other);
        let mut members = LayoutMembers {
            place: place.to_owned(),
            ..LayoutMembers::default()
        };
        let index = index.map_err(unreadable)?;
        members.documents.insert("index.json".to_owned(), index);
        for (name, (blob, part)) in &self.blobs {
            let file = File::open(part.path()).map_err(unreadable)?;
            let range = BlobRange {
                file: Arc::new(file),
                offset: 0,
                len: blob.size,
            };
            members.blobs.insert(name.clone(), range);
        }
        members.open(limits)
    }
}

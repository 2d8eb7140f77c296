//! An OCI layout whose members are at hand but not in one place yet, such as an
//! image that is being written.

use hashbrown::HashMap;

use super::error::SourceError;
use super::oci_layout;
use super::select::Choice;
use super::store::Store;
use super::{BlobRange, LayerBlob, OpenImage};
use crate::codec::Limits;

/// LayoutMembers of a layout by name: `index.json`, `blobs/sha256/…`.
#[derive(Debug, Default)]
pub struct LayoutMembers {
    /// What messages call the place.
    pub place: String,
    /// Small ones, whole.
    pub documents: HashMap<String, Vec<u8>>,
    /// Where the others are.
    pub blobs: HashMap<String, BlobRange>,
}

impl LayoutMembers {
    /// Opens the image that the index names.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn open(&self, limits: &Limits) -> Result<OpenImage, SourceError> {
        oci_layout::open(self, &Choice::default(), "oci", limits)
    }
}

impl Store for LayoutMembers {
    fn place(&self) -> &str {
        &self.place
    }

    fn kind(&self) -> &'static str {
        "layout"
    }

    fn document(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, SourceError> {
        if let Some(bytes) = self.documents.get(name) {
            return Ok(Some(bytes.clone()));
        }
        let Some(range) = self.blobs.get(name) else {
            return Ok(None);
        };
        let read = range.read_all(limit).map(Some);
        read.map_err(|source| SourceError::Io {
            doing: "read",
            path: name.into(),
            source,
        })
    }

    fn blob(&self, name: &str) -> Result<Option<LayerBlob>, SourceError> {
        Ok(self.blobs.get(name).cloned().map(LayerBlob::Range))
    }
}

//! Where an image comes from.
//!
//! Every source yields the same [`OpenImage`]: documents parsed, blobs still
//! closed and readable by position. Sources that pass only once (an engine's
//! socket, a compressed archive) yield an [`ArchiveStream`] instead, which
//! hands out each blob as it comes by and the image at its end.

mod archive;
mod blob;
mod docker_archive;
mod engine;
mod error;
mod locator;
mod members;
mod oci_layout;
mod open;
mod remote;
mod select;
mod store;
mod stream;

pub use blob::{BlobRange, BlobReader};
pub use engine::{EngineKind, load};
pub use error::SourceError;
pub use locator::{Locator, LocatorError};
pub use members::LayoutMembers;
pub use open::{OpenOptions, open, open_family};
pub use remote::RemoteBlob;
pub use stream::ArchiveStream;

use crate::oci;

/// An image that is ready to be read.
#[derive(Debug)]
pub struct OpenImage {
    /// Manifest and configuration.
    pub image: oci::Image,
    /// For each layer, where its blob is.
    pub blobs: Vec<LayerBlob>,
    /// The kind of place it came from, as its transport is called.
    pub source: &'static str,
    /// What was odd about the documents.
    pub warnings: Vec<String>,
    /// Manifests beside the image that say something about it by its digest:
    /// provenance, lists of its contents.
    pub attestations: usize,
}

impl OpenImage {
    /// Whether a layer in a registry has a table of contents.
    pub fn has_toc(&self) -> bool {
        let remote = |blob: &LayerBlob| matches!(blob, LayerBlob::Remote(r) if r.toc.is_some());
        self.blobs.iter().any(remote)
    }
}

/// An image for every platform that it is there for.
#[derive(Debug)]
pub struct Family {
    /// One image a platform, in the order of the index.
    pub images: Vec<OpenImage>,
    /// The index that lists them, as it is stored; a single image has none.
    pub index: Option<Vec<u8>>,
}

/// What opening a locator gives.
#[expect(clippy::large_enum_variant, reason = "one lives at a time")]
pub enum Opened {
    /// Blobs can be read by position, in any order.
    Image(OpenImage),
    /// Blobs come by once, in the order of the stream.
    Stream(ArchiveStream),
}

/// Where a layer's blob is.
#[derive(Debug, Clone)]
pub enum LayerBlob {
    /// In a file.
    Range(BlobRange),
    /// In a registry.
    Remote(RemoteBlob),
    /// It came by as this member of an [`ArchiveStream`].
    Passed(usize),
    /// Not in the image: a foreign layer, to be fetched from elsewhere.
    Foreign {
        /// Where the manifest says it can be had. Never fetched.
        urls: Vec<String>,
    },
    /// Something that is no readable layer.
    Unsupported(String),
}

impl LayerBlob {
    /// Size of the blob in bytes, where known.
    pub fn len(&self) -> Option<u64> {
        match self {
            LayerBlob::Range(range) => Some(range.len),
            LayerBlob::Remote(remote) => Some(remote.size),
            _ => None,
        }
    }

    /// A reader over the whole blob.
    ///
    /// # Errors
    /// When it is not here, or the registry does not give it.
    pub fn open(&self) -> std::io::Result<Box<dyn std::io::Read + Send>> {
        match self {
            LayerBlob::Range(range) => Ok(Box::new(range.reader())),
            LayerBlob::Remote(remote) => Ok(Box::new(remote.reader()?)),
            _ => Err(std::io::Error::other("the blob is not here")),
        }
    }

    /// Whether the blob has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Equal for blobs that are the same bytes in the same place.
    pub(crate) fn identity(&self) -> Option<(usize, u64, u64)> {
        match self {
            LayerBlob::Range(range) => Some((
                std::sync::Arc::as_ptr(&range.file) as usize,
                range.offset,
                range.len,
            )),
            LayerBlob::Passed(member) => Some((0, *member as u64, 0)),
            _ => None,
        }
    }
}

//! One image: its documents parsed, its blobs still closed.

use std::collections::BTreeMap;

use super::{Digest, ImageConfig, Platform};

/// A manifest and its configuration, from whatever source.
#[derive(Debug, Clone)]
pub struct Image {
    /// How the user or the source names it.
    pub reference: String,
    /// Digest of the manifest; docker archives of the old layout have none.
    pub digest: Option<Digest>,
    /// Digest of the configuration: Docker's image ID.
    pub config_digest: Digest,
    /// What the image runs on.
    pub platform: Platform,
    /// The configuration.
    pub config: ImageConfig,
    /// Annotations of the manifest.
    pub annotations: BTreeMap<String, String>,
    /// All names that the source has for it.
    pub names: Vec<String>,
    /// The documents as they are stored.
    pub documents: ImageDocuments,
    /// The layers, lowest first.
    pub layers: Vec<LayerDescriptor>,
}

/// The bytes of an image's documents, for writing it again without losing
/// what nobody here knows.
#[derive(Debug, Clone, Default)]
pub struct ImageDocuments {
    /// The configuration.
    pub config: Vec<u8>,
    /// The manifest; docker archives of the old layout have none.
    pub manifest: Option<Vec<u8>>,
    /// The index entry that led to the manifest.
    pub index_entry: Option<Vec<u8>>,
}

/// What the documents say about a layer.
#[derive(Debug, Clone)]
pub struct LayerDescriptor {
    /// Digest of the blob as stored.
    pub digest: Option<Digest>,
    /// Digest of the tar stream, from the configuration.
    pub diff_id: Option<Digest>,
    /// Media type of the blob.
    pub media_type: String,
    /// Size of the blob as stored, in bytes.
    pub size: Option<u64>,
}

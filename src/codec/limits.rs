//! Bounds on what an image may ask of us; each says which attack it stops.
//!
//! Images are hostile input: every number in them was chosen by somebody else.
//! A limit that is hit is an error that names the flag which raises it.

/// Bounds that hold while layers are read. All sizes are bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries in all layers together: stops an archive of empty members from
    /// filling memory, which grows with entries only (`--max-entries`).
    pub entries: u64,
    /// Uncompressed bytes of one layer: stops a decompression bomb from running
    /// for hours (`--max-layer-size`).
    pub layer_bytes: u64,
    /// Uncompressed bytes for each compressed byte, looked at once a layer has
    /// grown past [`Limits::RATIO_FLOOR`]: stops the same bomb early (`--max-ratio`).
    pub ratio: u64,
    /// Bytes of one JSON document (manifest, index, configuration):
    /// stops a document from being read into memory without end (`--max-document-size`).
    pub document_bytes: u64,
}

impl Limits {
    /// Bytes of one PAX or GNU extension header: stops a header that claims
    /// gigabytes from being read into memory. Linux paths end at 4 KiB and
    /// attribute values at 64 KiB, so 1 MiB leaves room for anything real.
    pub const EXTENSION_BYTES: u64 = 1 << 20;
    /// Ranges in one sparse map: stops a map of billions of entries.
    pub const SPARSE_RANGES: usize = 1 << 16;
    /// Layers of one image: OCI runtimes stop far earlier (overlayfs at 500).
    pub const LAYERS: usize = 8_000;
    /// Uncompressed bytes below which no ratio is looked at: small files of
    /// zeros compress a thousandfold honestly.
    pub const RATIO_FLOOR: u64 = 4 << 30;
    /// `log2` of the largest zstd window accepted: a frame may ask for gigabytes.
    pub const ZSTD_WINDOW_LOG: u32 = 27;
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            entries: 20_000_000,
            layer_bytes: 256 << 30,
            ratio: 2_000,
            document_bytes: 64 << 20,
        }
    }
}

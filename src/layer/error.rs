//! What can be wrong with a layer blob.

use crate::codec::Compression;
use crate::oci::Digest;

/// Why one layer could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The tar stream breaks the format, or uses it to mislead.
    #[error("{problem} at byte {offset} of the uncompressed layer{}", in_entry(.entry))]
    Tar {
        /// Byte offset in the uncompressed tar stream.
        offset: u64,
        /// The entry being read, where its name is known.
        entry: Option<String>,
        /// What is wrong there.
        problem: TarProblem,
    },
    /// The compressed stream cannot be inflated.
    #[error("corrupt {compression} data after {offset} uncompressed bytes: {source}")]
    Inflate {
        /// How the blob is compressed.
        compression: Compression,
        /// Uncompressed bytes that came out before.
        offset: u64,
        /// What the decompressor said.
        source: std::io::Error,
    },
    /// The blob could not be read from where it is kept.
    #[error("cannot read the layer at byte {offset}: {source}")]
    Read {
        /// Byte offset in the blob.
        offset: u64,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The blob holds something that is not a layer.
    #[error("unsupported layer: {0}")]
    Unsupported(String),
    /// A blob is not the one that was named.
    #[error("{what} mismatch: {expected} was promised, the layer has {found}")]
    Mismatch {
        /// `digest`, `diff_id` or `size`.
        what: &'static str,
        /// What the manifest or the configuration says.
        expected: String,
        /// What was read.
        found: String,
    },
    /// Files, sparse ones, that claim more bytes than anybody could count.
    #[error("the sizes of the image's files add up to more than 8 EiB")]
    Sizes,
    /// A bound of [`Limits`](crate::codec::Limits) was reached.
    #[error("the layer has more than {limit} {what}; raise the limit with {flag}")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// The bound.
        limit: u64,
        /// The command-line flag that raises it.
        flag: &'static str,
    },
}

fn in_entry(entry: &Option<String>) -> String {
    match entry {
        Some(name) => format!(" (entry {name})"),
        None => String::new(),
    }
}

impl LayerError {
    pub(crate) fn digest(what: &'static str, expected: &Digest, found: &Digest) -> Self {
        LayerError::Mismatch {
            what,
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }

    /// Whether the layer was whole and readable but not the promised one.
    pub fn is_mismatch(&self) -> bool {
        matches!(self, LayerError::Mismatch { .. })
    }
}

/// What is wrong in a tar stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TarProblem {
    /// The stream ends inside a header or inside contents.
    #[error("truncated: the tar stream ends inside {0}")]
    Truncated(&'static str),
    /// A header's checksum does not match its bytes.
    #[error("bad tar header checksum")]
    Checksum,
    /// A numeric field holds no number, or one that makes no sense.
    #[error("bad number in tar header field `{0}`")]
    Number(&'static str),
    /// A size is negative or larger than any file can be.
    #[error("impossible size in a tar header")]
    Size,
    /// An extension header is larger than [`Limits::EXTENSION_BYTES`](crate::codec::Limits::EXTENSION_BYTES).
    #[error("extension header of {0} bytes is over the limit of 1 MiB")]
    ExtensionTooLarge(u64),
    /// A PAX record breaks the format.
    #[error("bad PAX record: {0}")]
    Pax(&'static str),
    /// A sparse map breaks the format.
    #[error("bad sparse map: {0}")]
    Sparse(&'static str),
    /// One zero block, then data: readers disagree on where the archive ends.
    #[error("a lone zero block inside the tar stream")]
    LoneZeroBlock,
    /// An extension header with no entry after it.
    #[error("an extension header without an entry after it")]
    Dangling,
    /// The root directory given as something else (CVE-2021-29136).
    #[error("refusing to change the type of the root directory")]
    RootType,
    /// The stream does not start like a tar archive.
    #[error("not a tar stream")]
    NotTar,
}

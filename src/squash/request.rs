//! What is asked for, and what was done.

use crate::codec::{Encoding, Limits};
use crate::layer::Progress;
use crate::oci::{Digest, Image};
use crate::rewrite::RangeChoice;
use crate::sink::{self, Destination};
use crate::source::OpenImage;
use crate::tree::TreeDigest;

/// What becomes of the layers of the range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// They become one layer.
    #[default]
    Fold,
    /// They become layers of about so many bytes of contents, alike files
    /// together (see [`crate::rewrite::Plan::spread`]).
    Repack {
        /// Bytes of contents in each layer.
        layer_bytes: u64,
    },
    /// Each stays a layer, without what the image does not show of it; those
    /// of which all is shown stay as they are (see
    /// [`crate::rewrite::Plan::by_layer`]).
    Apart,
    /// All layers stay, and only their compression changes.
    Recompress,
}

/// What to squash, and where to.
pub struct Request<'a> {
    /// Which layers are concerned.
    pub range: RangeChoice,
    /// What becomes of them.
    pub shape: Shape,
    /// Where the result goes.
    pub destination: &'a Destination,
    /// How to write there.
    pub writing: sink::OpenOptions,
    /// Compression of the new layers; what the destination usually has without.
    pub encoding: Option<Encoding>,
    /// Names of the result; those of the image without.
    pub names: Vec<String>,
    /// Time to set as the image's `created` (RFC 3339).
    pub created: Option<String>,
    /// What the new history entry says made the layer.
    pub created_by: String,
    /// Bounds on hostile input.
    pub limits: Limits,
    /// Threads.
    pub jobs: usize,
    /// Told how far the reading is.
    pub progress: &'a dyn Progress,
}

/// The image for one platform of several.
#[derive(Debug)]
pub struct Part {
    /// The image.
    pub open: OpenImage,
    /// Which of its layers are concerned, in the place of [`Request::range`].
    pub range: RangeChoice,
}

impl Request<'_> {
    /// The names that the result of `image` gets.
    pub(super) fn names_for(&self, image: &Image) -> Vec<String> {
        match self.names.is_empty() {
            true => image.names.clone(),
            false => self.names.clone(),
        }
    }

    /// Compression of the new layers.
    pub(super) fn encoding(&self) -> Encoding {
        self.encoding.unwrap_or(match self.destination.is_plain() {
            true => Encoding::None,
            false => Encoding::Gzip { level: 6 },
        })
    }
}

/// What is known of one of the two images. Sizes are bytes.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Its name.
    pub reference: String,
    /// What it runs on.
    pub platform: String,
    /// Digest of the manifest, where there is one.
    pub digest: Option<Digest>,
    /// Digest of the configuration.
    pub config_digest: Digest,
    /// How many layers it has.
    pub layers: usize,
    /// Size of all layers as stored.
    pub compressed_bytes: u64,
    /// Size of all layers' tar streams.
    pub uncompressed_bytes: u64,
}

/// A squash that was proved and put under its name.
#[derive(Debug, Clone)]
pub struct Squashed {
    /// The image that was read.
    pub input: Facts,
    /// The image that was written.
    pub output: Facts,
    /// Digest of the file system of each.
    pub tree: (TreeDigest, TreeDigest),
    /// Layers that stayed as they are.
    pub kept: usize,
    /// Files that were stored and are not any more.
    pub removed_files: u64,
    /// Bytes of their contents.
    pub removed_bytes: u64,
    /// What was odd.
    pub warnings: Vec<String>,
}

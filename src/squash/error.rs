//! Why an image could not be squashed.

use crate::layer::ScanError;
use crate::rewrite::{ConfigError, PlanError, RangeError, WriteError};
use crate::sink::SinkError;
use crate::source::SourceError;
use crate::tree::TreeDigest;

/// Why an image could not be squashed. Nothing was written under the
/// destination's name.
#[derive(Debug, thiserror::Error)]
pub enum SquashError {
    /// The image could not be opened.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A layer could not be read.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// There are no such layers.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// No layer can have this file system.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The new layer could not be made.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The configuration could not be changed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The result could not be written.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// A blob could not be copied.
    #[error("cannot copy layer {layer}: {source}")]
    Copy {
        /// Its index, 0 for the lowest.
        layer: usize,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// Contents could not be read for the comparison.
    #[error("cannot compare the file systems: {0}")]
    Digest(#[source] std::io::Error),
    /// Something that squashing must not touch.
    #[error("layer {layer} {what}")]
    Refused {
        /// Its index, 0 for the lowest.
        layer: usize,
        /// Why.
        what: &'static str,
    },
    /// There is nothing to squash.
    #[error("there is no image")]
    NoImage,
    /// A docker archive or an engine has one image under a name.
    #[error(
        "the image has several platforms, and the destination takes one; choose it with \
         --platform, or write to oci:, oci-archive: or docker://"
    )]
    SeveralPlatforms,
    /// Windows images have another layer format.
    #[error("the image is for {0}; only Linux images can be squashed")]
    System(String),
    /// The result is not the same file system.
    #[error(
        "the file system that was written differs from the image's, and was not kept: \
         {before} became {after}; {}", .first.join(", ")
    )]
    Differs {
        /// Of the image that was read.
        before: TreeDigest,
        /// Of what was written.
        after: TreeDigest,
        /// The first paths that differ, and how.
        first: Vec<String>,
    },
}

impl From<std::io::Error> for SquashError {
    fn from(error: std::io::Error) -> Self {
        SquashError::Write(WriteError::Write(error))
    }
}

impl SquashError {
    /// Whether everything went well but for the result.
    pub fn is_difference(&self) -> bool {
        matches!(self, SquashError::Differs { .. })
    }
}

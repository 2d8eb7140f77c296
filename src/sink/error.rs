//! Why an image could not be written.

use std::io;
use std::path::PathBuf;

/// Why an image could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The operating system refused something.
    #[error("cannot {doing} {}: {source}", .path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// What is there is not what images can be added to.
    #[error("{} is not an OCI layout: {why}; nothing was changed", .path.display())]
    NotALayout {
        /// The folder.
        path: PathBuf,
        /// What is missing or wrong.
        why: String,
    },
    /// A registry refused, or could not be reached.
    #[error("{place}: {source}")]
    Registry {
        /// The image.
        place: String,
        /// What went wrong.
        source: Box<crate::registry::RegistryError>,
    },
    /// An engine did not take the image.
    #[error(transparent)]
    Engine(crate::source::SourceError),
    /// A document could not be made.
    #[error("cannot write {document}: {source}")]
    Json {
        /// Which one.
        document: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
}

impl SinkError {
    pub(super) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| SinkError::Io {
            doing,
            path,
            source,
        }
    }
}

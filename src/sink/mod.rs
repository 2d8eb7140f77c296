//! Where an image goes: docker archives, OCI archives, OCI layouts, registries
//! and engines.
//!
//! Every sink takes blobs, whose digests are known only once they have been
//! written, and at the end the documents that name them. Nothing is seen under
//! the final name before [`Staged::commit`]; until then the result can be read
//! back from where it was put ([`Staged::open`]), and if it is dropped, or
//! the program is interrupted, nothing is left.

mod archive;
mod blob;
mod documents;
mod engine;
mod error;
mod layout;
mod parts;
mod registry;
mod unfinished;

pub use blob::{BlobInfo, Encoded, LayerEncoding, encode, put};
pub use documents::{Delivery, Documents, LayerEntry, Names};
pub use error::SinkError;
pub(crate) use unfinished::PartFile;
pub use unfinished::remove_unfinished;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::codec::Limits;
use crate::registry::{Options, Reference};
use crate::source::{EngineKind, OpenImage, SourceError};

/// A place that an image can be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// `docker-archive:FILE`: what `docker save` of Docker 25 and later writes,
    /// which every Docker and podman loads.
    DockerArchive(PathBuf),
    /// `oci-archive:FILE`: an OCI layout in a tar archive.
    OciArchive(PathBuf),
    /// `oci:DIR`: an OCI layout in a folder; other images in it stay.
    OciLayout(PathBuf),
    /// `docker://REF`: a registry.
    Registry(Reference),
    /// `docker-daemon:REF` and `podman:REF`: an engine.
    Engine(EngineKind),
}

/// What some places need to be written to.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// How registries are spoken to.
    pub registry: Options,
    /// Where the image was read from, when that was a registry.
    pub read_from: Option<Reference>,
}

impl Destination {
    /// The file or folder, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Destination::DockerArchive(path)
            | Destination::OciArchive(path)
            | Destination::OciLayout(path) => Some(path),
            Destination::Registry(_) | Destination::Engine(_) => None,
        }
    }

    /// Whether layers are usually not compressed there.
    pub fn is_plain(&self) -> bool {
        matches!(self, Destination::DockerArchive(_) | Destination::Engine(_))
    }

    /// Whether an image can be there for several platforms.
    pub fn takes_several(&self) -> bool {
        !self.is_plain()
    }

    /// Gets ready to write there.
    ///
    /// # Errors
    /// [`SinkError`] when the place cannot be written to, or is something else.
    pub fn open(&self, options: &OpenOptions) -> Result<Box<dyn Sink>, SinkError> {
        Ok(match self {
            Destination::DockerArchive(path) => Box::new(archive::ArchiveSink::new(path, true)?),
            Destination::OciArchive(path) => Box::new(archive::ArchiveSink::new(path, false)?),
            Destination::OciLayout(path) => Box::new(layout::LayoutSink::new(path)?),
            Destination::Registry(reference) => Box::new(registry::RegistrySink::new(
                reference,
                &options.registry,
                options.read_from.as_ref(),
            )?),
            Destination::Engine(engine) => Box::new(engine::EngineSink::new(*engine)?),
        })
    }
}

/// Writes the bytes of a blob.
pub type WriteBlob<'a> = dyn FnMut(&mut dyn Write) -> io::Result<()> + 'a;

/// Takes the parts of an image.
pub trait Sink {
    /// Takes a blob; one that is there already is kept once.
    ///
    /// # Errors
    /// [`SinkError`]; whatever `write` says comes back as its source.
    fn blob(&mut self, write: &mut WriteBlob<'_>) -> Result<BlobInfo, SinkError>;

    /// Takes the documents, which are the end of it.
    ///
    /// # Errors
    /// [`SinkError`].
    fn finish(self: Box<Self>, delivery: &Delivery) -> Result<Box<dyn Staged>, SinkError>;
}

/// A whole image that nobody sees yet.
pub trait Staged {
    /// Opens one of its images (0 is the first) where it is now, to be read back.
    ///
    /// # Errors
    /// [`SourceError`].
    fn open(&self, number: usize, limits: &Limits) -> Result<OpenImage, SourceError>;

    /// Puts it under its final name.
    ///
    /// # Errors
    /// [`SinkError`].
    fn commit(self: Box<Self>) -> Result<(), SinkError>;
}

//! From a locator to an opened image.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::archive::ArchiveStore;
use super::engine::{self, Engine};
use super::error::SourceError;
use super::locator::Locator;
use super::select::Choice;
use super::store::{FolderStore, Store};
use super::{ArchiveStream, Family, OpenImage, Opened, docker_archive, oci_layout, remote};
use crate::codec::{Compression, Inflate, Limits, Sniffed, sniff};
use crate::oci::Platform;
use crate::registry;

/// What opening needs besides the locator.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// The platform of a multi-platform image; the host's by default.
    pub platform: Option<Platform>,
    /// Bounds.
    pub limits: Limits,
    /// How registries are spoken to.
    pub registry: registry::Options,
}

/// Opens the image that `locator` names.
///
/// # Errors
/// [`SourceError`]; for a bare name it lists every place that was tried.
pub fn open(locator: &Locator, options: &OpenOptions) -> Result<Opened, SourceError> {
    let choice = |reference: &Option<String>| Choice {
        reference: reference.clone(),
        platform: options.platform.clone(),
    };
    match locator {
        Locator::DockerArchive(path, reference) => {
            open_file(path, Some(Kind::DockerArchive), choice(reference), options)
        }
        Locator::OciArchive(path, reference) => {
            open_file(path, Some(Kind::OciArchive), choice(reference), options)
        }
        Locator::OciLayout(path, reference) => {
            let store = FolderStore::new(path);
            let found = oci_layout::open(&store, &choice(reference), "oci", &options.limits);
            found.map(Opened::Image)
        }
        Locator::Path(path, reference) => open_path(path, choice(reference), options),
        Locator::DockerDaemon(name) => one_engine(&engine::docker_sockets(), name, options),
        Locator::Podman(name) => one_engine(&engine::podman_sockets(), name, options),
        Locator::Containerd(name) => Err(unsupported(
            &format!("containerd:{name}"),
            "containerd's store cannot be read yet; `ctr image export` \
             writes an archive that can",
        )),
        Locator::Registry(name) => from_registry(name, options).map(Opened::Image),
        Locator::Name(name) => search(name, options),
    }
}

/// Opens the image that `locator` names for every platform that it has.
/// Sources that pass once are kept in a temporary file.
///
/// # Errors
/// [`SourceError`]; for a bare name it lists every place that was tried.
pub fn open_family(locator: &Locator, options: &OpenOptions) -> Result<Family, SourceError> {
    let choice = |reference: &Option<String>| Choice {
        reference: reference.clone(),
        platform: None,
    };
    let limits = &options.limits;
    match locator {
        Locator::OciLayout(path, reference) => {
            oci_layout::open_family(&FolderStore::new(path), &choice(reference), "oci", limits)
        }
        Locator::DockerArchive(path, reference) => {
            let kind = Some(Kind::DockerArchive);
            file_family(path, kind, choice(reference), options)
        }
        Locator::OciArchive(path, reference) => {
            let kind = Some(Kind::OciArchive);
            file_family(path, kind, choice(reference), options)
        }
        Locator::Path(path, reference) if !path.is_dir() => {
            file_family(path, None, choice(reference), options)
        }
        Locator::Path(path, reference)
            if path.join(oci_layout::INDEX).symlink_metadata().is_ok() =>
        {
            oci_layout::open_family(&FolderStore::new(path), &choice(reference), "oci", limits)
        }
        Locator::Registry(name) => remote::open_family(name, &options.registry, limits),
        Locator::Path(..) | Locator::DockerDaemon(_) | Locator::Podman(_) => {
            only(open(locator, options)?, limits)
        }
        Locator::Containerd(_) => only(open(locator, options)?, limits),
        Locator::Name(name) => match search(name, options)? {
            // Only a registry's answer is an image at once.
            Opened::Image(_) => remote::open_family(name, &options.registry, limits),
            stream => only(stream, limits),
        },
    }
}

/// All platforms of what an engine gave, or a single image.
fn only(opened: Opened, limits: &Limits) -> Result<Family, SourceError> {
    match opened {
        Opened::Stream(stream) => stream.keep_family(limits),
        Opened::Image(open) => Ok(Family {
            images: vec![open],
            index: None,
        }),
    }
}

fn unsupported(place: &str, what: &str) -> SourceError {
    SourceError::Unsupported {
        place: place.to_owned(),
        what: what.to_owned(),
    }
}

/// What an archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    DockerArchive,
    OciArchive,
}

impl Kind {
    /// Opens the archive in `store` as what it is.
    pub(super) fn open(
        self,
        store: &dyn Store,
        choice: &Choice,
        limits: &Limits,
    ) -> Result<OpenImage, SourceError> {
        match self {
            Kind::DockerArchive => docker_archive::open(store, choice, limits),
            Kind::OciArchive => oci_layout::open(store, choice, "oci-archive", limits),
        }
    }

    /// Opens all platforms of the image in `store`.
    pub(super) fn open_family(
        self,
        store: &dyn Store,
        choice: &Choice,
        limits: &Limits,
    ) -> Result<Family, SourceError> {
        match self {
            Kind::DockerArchive => docker_archive::open_family(store, choice, limits),
            Kind::OciArchive => oci_layout::open_family(store, choice, "oci-archive", limits),
        }
    }
}

fn open_path(path: &Path, choice: Choice, options: &OpenOptions) -> Result<Opened, SourceError> {
    let meta = path.metadata().map_err(|source| SourceError::Io {
        doing: "open",
        path: path.to_owned(),
        source,
    })?;
    if !meta.is_dir() {
        return open_file(path, None, choice, options);
    }
    let store = FolderStore::new(path);
    if path.join(oci_layout::INDEX).symlink_metadata().is_ok() {
        return oci_layout::open(&store, &choice, "oci", &options.limits).map(Opened::Image);
    }
    if path
        .join(docker_archive::MANIFEST)
        .symlink_metadata()
        .is_ok()
    {
        return docker_archive::open(&store, &choice, &options.limits).map(Opened::Image);
    }
    Err(SourceError::NotAnImage {
        path: path.to_owned(),
        why: "the folder has no index.json".to_owned(),
    })
}

/// An archive in a file.
enum Archived {
    /// Members can be reached by position.
    Plain(ArchiveStore, Kind),
    /// Compressed as a whole.
    Packed(ArchiveStream),
}

fn open_file(
    path: &Path,
    kind: Option<Kind>,
    choice: Choice,
    options: &OpenOptions,
) -> Result<Opened, SourceError> {
    match archived(path, kind, choice.clone(), options)? {
        Archived::Packed(stream) => Ok(Opened::Stream(stream)),
        Archived::Plain(store, kind) => {
            let opened = kind.open(&store, &choice, &options.limits);
            opened.map(Opened::Image)
        }
    }
}

fn file_family(
    path: &Path,
    kind: Option<Kind>,
    choice: Choice,
    options: &OpenOptions,
) -> Result<Family, SourceError> {
    match archived(path, kind, choice.clone(), options)? {
        Archived::Packed(stream) => stream.keep_family(&options.limits),
        Archived::Plain(store, kind) => kind.open_family(&store, &choice, &options.limits),
    }
}

fn archived(
    path: &Path,
    kind: Option<Kind>,
    choice: Choice,
    options: &OpenOptions,
) -> Result<Archived, SourceError> {
    let failed = |source| SourceError::Io {
        doing: "open",
        path: path.to_owned(),
        source,
    };
    let not_an_image = |why: String| SourceError::NotAnImage {
        path: path.to_owned(),
        why,
    };
    // Looked at before it is opened: opening a FIFO would wait for a writer.
    let meta = path.metadata().map_err(failed)?;
    if !meta.is_file() {
        return Err(not_an_image("it is not a regular file".to_owned()));
    }
    let mut file = File::open(path).map_err(failed)?;
    let mut head = Vec::new();
    (&mut file).take(8).read_to_end(&mut head).map_err(failed)?;
    let compression = match sniff(&head) {
        Sniffed::Known(compression) => compression,
        Sniffed::Unsupported(what) => return Err(not_an_image(format!("{what} is not supported"))),
    };
    if head.is_empty() {
        return Err(not_an_image("it is empty".to_owned()));
    }
    if compression != Compression::None {
        let packed = compressed(path, file, compression, kind, choice, &options.limits);
        return packed.map(Archived::Packed);
    }
    let store = ArchiveStore::open(path, file, &options.limits)?;
    let kind = match kind {
        Some(kind) => kind,
        None if store.has(docker_archive::MANIFEST) => Kind::DockerArchive,
        None if store.has(oci_layout::INDEX) => Kind::OciArchive,
        None => {
            return Err(not_an_image(format!(
                "it is a tar archive of {} members with neither manifest.json nor index.json",
                store.len()
            )));
        }
    };
    Ok(Archived::Plain(store, kind))
}

/// Stops an archive that unpacks to far more than it is.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.left = self.left.checked_sub(n as u64).ok_or_else(|| {
            std::io::Error::other(
                "the archive unpacks to too many times its size; raise the limit with --max-ratio",
            )
        })?;
        Ok(n)
    }
}

/// A compressed archive is read as a stream: members cannot be reached by position.
fn compressed(
    path: &Path,
    mut file: File,
    compression: Compression,
    kind: Option<Kind>,
    choice: Choice,
    limits: &Limits,
) -> Result<ArchiveStream, SourceError> {
    use std::io::Seek;
    let failed = |source| SourceError::Io {
        doing: "read",
        path: path.to_owned(),
        source,
    };
    file.rewind().map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let reader = BufReader::with_capacity(256 * 1024, file);
    let inflate = Inflate::new(compression, reader).map_err(failed)?;
    let bounded = Bounded {
        inner: inflate,
        left: size.saturating_mul(limits.ratio).max(Limits::RATIO_FLOOR),
    };
    Ok(ArchiveStream {
        reader: Box::new(bounded),
        place: path.display().to_string(),
        source: None,
        kind,
        choice,
        reference: None,
    })
}

fn one_engine(
    engines: &[Engine],
    name: &str,
    options: &OpenOptions,
) -> Result<Opened, SourceError> {
    let mut tried = Vec::new();
    match try_engines(engines, name, options, &mut tried)? {
        Some(opened) => Ok(opened),
        None => Err(SourceError::NotFound {
            reference: name.to_owned(),
            tried,
        }),
    }
}

/// The first engine that has the image.
fn try_engines(
    engines: &[Engine],
    name: &str,
    options: &OpenOptions,
    tried: &mut Vec<String>,
) -> Result<Option<Opened>, SourceError> {
    for engine in engines {
        match engine.has(name, options.platform.as_ref()) {
            Ok(true) => {
                let stream = engine.save(name, options.platform.as_ref())?;
                return Ok(Some(Opened::Stream(stream)));
            }
            Ok(false) => tried.push(format!("{engine}: no such image")),
            Err(problem) => tried.push(format!("{engine}: {problem}")),
        }
    }
    Ok(None)
}

fn from_registry(name: &str, options: &OpenOptions) -> Result<OpenImage, SourceError> {
    let choice = Choice {
        reference: None,
        platform: options.platform.clone(),
    };
    remote::open(name, &choice, &options.registry, &options.limits)
}

/// Whether a name begins with the host of a registry.
fn has_host(name: &str) -> bool {
    let reference = name.parse::<registry::Reference>();
    reference.is_ok_and(|reference| name.starts_with(&format!("{}/", reference.registry())))
}

/// Tries all places where a bare name could mean an image.
fn search(name: &str, options: &OpenOptions) -> Result<Opened, SourceError> {
    let mut tried = Vec::new();
    if name.contains(['/', '.']) || name.ends_with(".tar") {
        let path = PathBuf::from(name);
        tried.push(format!("file {}: no such file or folder", path.display()));
    }
    let mut engines = engine::docker_sockets();
    engines.extend(engine::podman_sockets());
    if let Some(opened) = try_engines(&engines, name, options, &mut tried)? {
        return Ok(opened);
    }
    if has_host(name) {
        match from_registry(name, options) {
            Ok(open) => return Ok(Opened::Image(open)),
            Err(error) => tried.push(format!("registry: {error}")),
        }
    } else {
        tried.push(format!(
            "registry: not asked, as the name has no host; docker://{name} asks Docker Hub"
        ));
    }
    Err(SourceError::NotFound {
        reference: name.to_owned(),
        tried,
    })
}

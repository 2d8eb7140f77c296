//! Images in a registry: documents are fetched, layers stay there until
//! somebody reads them.

use std::cell::RefCell;
use std::io::Read as _;

use hashbrown::HashSet;
use oci_spec::image::Digest;

use super::error::SourceError;
use super::oci_layout;
use super::select::Choice;
use super::store::Store;
use super::{Family, LayerBlob, OpenImage};
use crate::codec::Limits;
use crate::oci::{Descriptor, Document, TocPlace};
use crate::registry::{BlobReader, Client, Options, Reference, RegistryError, Repository, Version};

/// A blob of a repository.
#[derive(Debug, Clone)]
pub struct RemoteBlob {
    /// Where it is.
    pub repository: Repository,
    /// Its digest, which what comes is checked against.
    pub digest: Digest,
    /// Its size, in bytes.
    pub size: u64,
    /// Where a layer's table of contents is, if it has one.
    pub toc: Option<TocPlace>,
}

impl RemoteBlob {
    /// Begins to fetch it.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn reader(&self) -> Result<BlobReader, RegistryError> {
        self.repository.blob(&self.digest, self.size)
    }
}

/// Opens the image that `name` names in its registry.
pub(super) fn open(
    name: &str,
    choice: &Choice,
    options: &Options,
    limits: &Limits,
) -> Result<OpenImage, SourceError> {
    let (store, reference) = ask(name, options, limits)?;
    let choice = Choice {
        reference: None,
        platform: choice.platform.clone(),
    };
    let mut open = oci_layout::open(&store, &choice, "registry", limits)?;
    label(&mut open, &reference);
    Ok(open)
}

/// Opens the image that `name` names for every platform that it has.
pub(super) fn open_family(
    name: &str,
    options: &Options,
    limits: &Limits,
) -> Result<Family, SourceError> {
    let (store, reference) = ask(name, options, limits)?;
    let mut family = oci_layout::open_family(&store, &Choice::default(), "registry", limits)?;
    for open in &mut family.images {
        label(open, &reference);
    }
    Ok(family)
}

fn label(open: &mut OpenImage, reference: &Reference) {
    let name = reference.to_string();
    open.image.names = reference.tag().map(|_| name.clone()).into_iter().collect();
    open.image.reference = name;
}

/// Asks the registry what `name` stands for.
fn ask(
    name: &str,
    options: &Options,
    limits: &Limits,
) -> Result<(RegistryStore, Reference), SourceError> {
    let place = format!("docker://{name}");
    let failed = |source: RegistryError| SourceError::Registry {
        place: place.clone(),
        source: Box::new(source),
    };
    let reference: Reference = name.parse().map_err(|error| SourceError::Unsupported {
        place: place.clone(),
        what: format!("{error}"),
    })?;
    let options = Options {
        document_limit: limits.document_bytes,
        ..options.clone()
    };
    let client = Client::new(options).map_err(failed)?;
    let repository = client.repository(&reference);
    let manifest = repository.manifest(&reference.version()).map_err(failed)?;
    let index = serde_json::json!({
        "schemaVersion": 2,
        "manifests": [{
            "mediaType": manifest.media_type,
            "digest": manifest.digest.as_ref(),
            "size": manifest.bytes.len(),
        }],
    });
    let store = RegistryStore {
        place: place.clone(),
        repository,
        manifests: RefCell::new(HashSet::new()),
        index: index.to_string().into_bytes(),
        first: (manifest.digest.to_string(), manifest.bytes),
    };
    Ok((store, reference))
}

/// A repository as if it were a layout with one name in its index.
struct RegistryStore {
    place: String,
    repository: Repository,
    /// Digests that an index says are manifests.
    manifests: RefCell<HashSet<String>>,
    index: Vec<u8>,
    /// The digest and bytes of what the name stands for.
    first: (String, Vec<u8>),
}

impl RegistryStore {
    fn failed(&self, source: RegistryError) -> SourceError {
        SourceError::Registry {
            place: self.place.clone(),
            source: Box::new(source),
        }
    }

    fn fetch(&self, digest: &Digest, size: u64, limit: u64) -> Result<Vec<u8>, SourceError> {
        if digest.as_ref() == self.first.0 {
            return Ok(self.first.1.clone());
        }
        if self.manifests.borrow().contains(digest.as_ref()) {
            let fetched = self.repository.manifest(&Version::Digest(digest.clone()));
            return Ok(fetched.map_err(|e| self.failed(e))?.bytes);
        }
        if size > limit {
            return Err(SourceError::Unsupported {
                place: self.place.clone(),
                what: format!(
                    "{digest} has {size} bytes, over the limit of {limit}; \
                     raise it with --max-document-size"
                ),
            });
        }
        let mut bytes = Vec::new();
        let mut blob = self
            .repository
            .blob(digest, size)
            .map_err(|e| self.failed(e))?;
        blob.read_to_end(&mut bytes)
            .map_err(|source| SourceError::Io {
                doing: "fetch from",
                path: self.place.clone().into(),
                source,
            })?;
        Ok(bytes)
    }

    /// Remembers which digests are manifests.
    fn note(&self, bytes: &[u8]) {
        if let Ok(Document::Index(index)) = Document::parse("an index", bytes) {
            let digests = index.manifests().iter().map(|m| m.digest().to_string());
            self.manifests.borrow_mut().extend(digests);
        }
    }
}

fn digest_of(name: &str) -> Option<Digest> {
    let hex = name.strip_prefix("blobs/sha256/")?;
    Digest::try_from(format!("sha256:{hex}")).ok()
}

impl Store for RegistryStore {
    fn place(&self) -> &str {
        &self.place
    }

    fn kind(&self) -> &'static str {
        "registry"
    }

    fn document(&self, name: &str, _limit: u64) -> Result<Option<Vec<u8>>, SourceError> {
        if name == oci_layout::INDEX {
            return Ok(Some(self.index.clone()));
        }
        Ok(None)
    }

    fn described_document(
        &self,
        descriptor: &Descriptor,
        _name: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, SourceError> {
        let bytes = self.fetch(descriptor.digest(), descriptor.size(), limit)?;
        self.note(&bytes);
        Ok(Some(bytes))
    }

    fn blob(&self, name: &str) -> Result<Option<LayerBlob>, SourceError> {
        Ok(digest_of(name).map(|digest| {
            LayerBlob::Remote(RemoteBlob {
                repository: self.repository.clone(),
                digest,
                // Said by the descriptor.
                size: 0,
                toc: None,
            })
        }))
    }
}

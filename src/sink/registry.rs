//! Registries (distribution-spec "Push"): the image is made in temporary files
//! and sent when it is whole and known to be right; the manifest goes last.

use std::fs::File;
use std::io::{Seek, SeekFrom};

use rayon::prelude::*;

use super::documents::Documents;
use super::parts::Parts;
use super::{BlobInfo, Sink, SinkError, Staged, WriteBlob};
use crate::codec::Limits;
use crate::oci::RawObject;
use crate::registry::{Client, Options, Reference, RegistryError, Repository, Version};
use crate::source::{OpenImage, SourceError};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

struct Target {
    place: String,
    repository: Repository,
    version: Version,
    /// A repository of the same registry that has some of the blobs.
    mount_from: Option<String>,
}

impl Target {
    fn failed(&self) -> impl Fn(RegistryError) -> SinkError + Sync + '_ {
        |source| SinkError::Registry {
            place: self.place.clone(),
            source: Box::new(source),
        }
    }
}

pub(super) struct RegistrySink {
    target: Target,
    parts: Parts,
}

struct StagedPush {
    target: Target,
    parts: Parts,
    entries: Vec<RawObject>,
    manifest: (BlobInfo, Vec<u8>),
}

impl RegistrySink {
    pub(super) fn new(
        reference: &Reference,
        options: &Options,
        mount_from: Option<&Reference>,
    ) -> Result<Self, SinkError> {
        let place = format!("docker://{reference}");
        let client = Client::new(options.clone()).map_err(|source| SinkError::Registry {
            place: place.clone(),
            source: Box::new(source),
        })?;
        let same = mount_from.filter(|from| {
            from.registry() == reference.registry() && from.repository() != reference.repository()
        });
        let target = Target {
            place,
            repository: client.repository(reference),
            version: reference.version(),
            mount_from: same.map(|from| from.repository().to_owned()),
        };
        Ok(RegistrySink {
            target,
            parts: Parts::new(&std::env::temp_dir()),
        })
    }
}

impl Sink for RegistrySink {
    fn blob(&mut self, write: &mut WriteBlob<'_>) -> Result<BlobInfo, SinkError> {
        self.parts.write(write)
    }

    fn finish(mut self: Box<Self>, documents: &Documents) -> Result<Box<dyn Staged>, SinkError> {
        let config = documents.config();
        let manifest = documents.manifest()?;
        self.parts.document(config.blob, &config.bytes)?;
        self.parts
            .document(manifest.blob.clone(), &manifest.bytes)?;
        Ok(Box::new(StagedPush {
            entries: documents.index_entries(&manifest.blob)?,
            manifest: (manifest.blob, manifest.bytes),
            target: self.target,
            parts: self.parts,
        }))
    }
}

impl Staged for StagedPush {
    fn open(&self, limits: &Limits) -> Result<OpenImage, SourceError> {
        self.parts.open(&self.target.place, &self.entries, limits)
    }

    fn commit(self: Box<Self>) -> Result<(), SinkError> {
        let failed = self.target.failed();
        let blobs: Vec<_> = self
            .parts
            .blobs
            .values()
            .filter(|(blob, _)| *blob != self.manifest.0)
            .map(|(blob, part)| (blob, part.path()))
            .collect();
        blobs.par_iter().try_for_each(|(blob, path)| {
            let mount = self.target.mount_from.as_deref();
            let pushed =
                self.target
                    .repository
                    .push_blob(&blob.digest, blob.size, mount, |offset| {
                        let mut file = File::open(path)?;
                        file.seek(SeekFrom::Start(offset))?;
                        Ok(file)
                    });
            pushed.map(drop).map_err(&failed)
        })?;
        let (_, bytes) = &self.manifest;
        let pushed = self
            .target
            .repository
            .push_manifest(&self.target.version, MANIFEST, bytes);
        pushed.map(drop).map_err(&failed)
    }
}

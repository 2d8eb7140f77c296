//! Registries (distribution-spec "Push"): the image is made in temporary files
//! and sent when it is whole and known to be right; the manifest goes last.

use std::fs::File;
use std::io::{Seek, SeekFrom};

use rayon::prelude::*;

use super::documents::{Delivery, Rendered};
use super::parts::Parts;
use super::{BlobInfo, Sink, SinkError, Staged, WriteBlob};
use crate::codec::Limits;
use crate::registry::{Client, Options, Reference, RegistryError, Repository, Version};
use crate::source::{OpenImage, SourceError};

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
    rendered: Rendered,
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

    fn finish(mut self: Box<Self>, delivery: &Delivery) -> Result<Box<dyn Staged>, SinkError> {
        let rendered = delivery.render()?;
        self.parts.documents(&rendered)?;
        Ok(Box::new(StagedPush {
            rendered,
            target: self.target,
            parts: self.parts,
        }))
    }
}

impl Staged for StagedPush {
    fn open(&self, number: usize, limits: &Limits) -> Result<OpenImage, SourceError> {
        let single = &self.rendered.single;
        self.parts.open(&self.target.place, single, number, limits)
    }

    fn commit(self: Box<Self>) -> Result<(), SinkError> {
        let failed = self.target.failed();
        let manifests = self.rendered.manifests();
        let blobs: Vec<_> = self
            .parts
            .blobs
            .values()
            .filter(|(blob, _)| !manifests.iter().any(|(m, _)| m.blob == *blob))
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
        // An index after what it lists; only the last one gets the tag.
        for (document, media_type) in manifests {
            let version = match document.blob == self.rendered.top {
                true => self.target.version.clone(),
                false => Version::Digest(document.blob.digest.clone()),
            };
            let repository = &self.target.repository;
            let pushed = repository.push_manifest(&version, media_type, &document.bytes);
            pushed.map_err(&failed)?;
        }
        Ok(())
    }
}

//! Docker and podman: the image is made as a docker archive in a nameless
//! temporary file and loaded when it is whole and known to be right.

use std::fs::File;

use super::archive::{ArchiveSink, StagedArchive};
use super::{BlobInfo, Delivery, Sink, SinkError, Staged, WriteBlob};
use crate::codec::Limits;
use crate::source::{self, EngineKind, OpenImage, SourceError};

pub(super) struct EngineSink {
    engine: EngineKind,
    archive: Box<ArchiveSink>,
}

struct StagedLoad {
    engine: EngineKind,
    archive: StagedArchive,
}

impl EngineSink {
    pub(super) fn new(engine: EngineKind) -> Result<Self, SinkError> {
        Ok(EngineSink {
            engine,
            archive: Box::new(ArchiveSink::new(
                &std::env::temp_dir().join("rslim.tar"),
                true,
            )?),
        })
    }
}

impl Sink for EngineSink {
    fn blob(&mut self, write: &mut WriteBlob<'_>) -> Result<BlobInfo, SinkError> {
        self.archive.blob(write)
    }

    fn finish(self: Box<Self>, delivery: &Delivery) -> Result<Box<dyn Staged>, SinkError> {
        Ok(Box::new(StagedLoad {
            engine: self.engine,
            archive: self.archive.end(delivery)?,
        }))
    }
}

impl Staged for StagedLoad {
    fn open(&self, number: usize, limits: &Limits) -> Result<OpenImage, SourceError> {
        self.archive.open(number, limits)
    }

    fn commit(self: Box<Self>) -> Result<(), SinkError> {
        let path = self.archive.part_path();
        let file = File::open(&path).map_err(SinkError::io("open", &path))?;
        source::load(self.engine, file).map_err(SinkError::Engine)
    }
}

//! Archives: an OCI layout in a tar file, with Docker's `manifest.json` for
//! docker archives.
//!
//! A blob's name and size are known only after its bytes, so its header is
//! written last, into the room left for it. The file is written once, in order
//! but for that.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use hashbrown::HashSet;

use super::blob::write_to;
use super::documents::{Delivery, Documents, LAYOUT, blob_path};
use super::error::SinkError;
use super::unfinished::PartFile;
use super::{BlobInfo, Sink, Staged, WriteBlob};
use crate::codec::Limits;
use crate::source::{self, Locator, OpenImage, OpenOptions, SourceError};

const BLOCK: u64 = 512;

pub(super) struct ArchiveSink {
    path: PathBuf,
    part: PartFile,
    docker: bool,
    /// Where the next header goes.
    at: u64,
    blobs: HashSet<String>,
}

pub(super) struct StagedArchive {
    path: PathBuf,
    part: PartFile,
    docker: bool,
}

impl ArchiveSink {
    pub(super) fn new(path: &Path, docker: bool) -> Result<Self, SinkError> {
        // A link's target is replaced, not the link.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if path.is_dir() {
            return Err(SinkError::Io {
                doing: "write the archive",
                path,
                source: io::ErrorKind::IsADirectory.into(),
            });
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let part = PartFile::new(folder).map_err(SinkError::io("write in the folder", folder))?;
        let mut sink = ArchiveSink {
            path,
            part,
            docker,
            at: 0,
            blobs: HashSet::new(),
        };
        sink.folders().map_err(|e| sink.failed(e))?;
        Ok(sink)
    }

    fn failed(&self, source: io::Error) -> SinkError {
        SinkError::Io {
            doing: "write",
            path: self.path.clone(),
            source,
        }
    }

    fn folders(&mut self) -> io::Result<()> {
        for name in ["blobs/", "blobs/sha256/"] {
            let header = header(name, 0, tar::EntryType::Directory)?;
            self.part.file().write_all(header.as_bytes())?;
            self.at += BLOCK;
        }
        Ok(())
    }

    fn member(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if !self.blobs.insert(name.to_owned()) {
            return Ok(());
        }
        let size = bytes.len() as u64;
        let header = header(name, size, tar::EntryType::Regular)?;
        let file = self.part.file();
        file.write_all(header.as_bytes())?;
        file.write_all(bytes)?;
        self.pad(size)
    }

    /// Ends a member of so many bytes.
    fn pad(&mut self, size: u64) -> io::Result<()> {
        let padded = size.next_multiple_of(BLOCK);
        let zeros = [0; BLOCK as usize];
        let zeros = zeros.get(..(padded - size) as usize).unwrap_or_default();
        self.part.file().write_all(zeros)?;
        self.at += BLOCK + padded;
        Ok(())
    }

    fn write_blob(&mut self, write: &mut WriteBlob<'_>) -> io::Result<BlobInfo> {
        let start = self.at;
        let file = self.part.file();
        file.write_all(&[0; BLOCK as usize])?;
        let blob = write_to(file, write)?;
        let name = blob_path(&blob);
        if !self.blobs.insert(name.clone()) {
            // The same bytes are there already.
            let file = self.part.file();
            file.set_len(start)?;
            file.seek(SeekFrom::Start(start))?;
            return Ok(blob);
        }
        let header = header(&name, blob.size, tar::EntryType::Regular)?;
        let file = self.part.file();
        file.seek(SeekFrom::Start(start))?;
        file.write_all(header.as_bytes())?;
        file.seek(SeekFrom::End(0))?;
        self.pad(blob.size)?;
        Ok(blob)
    }

    fn write_documents(&mut self, members: &[(String, Vec<u8>)]) -> io::Result<()> {
        for (name, bytes) in members {
            self.member(name, bytes)?;
        }
        let file = self.part.file();
        file.write_all(&[0; 2 * BLOCK as usize])?;
        file.flush()
    }
}

fn header(name: &str, size: u64, kind: tar::EntryType) -> io::Result<tar::Header> {
    // GNU's form has room for any size in the header itself.
    let mut header = tar::Header::new_gnu();
    header.set_path(name)?;
    header.set_entry_type(kind);
    header.set_mode(match kind {
        tar::EntryType::Directory => 0o755,
        _ => 0o644,
    });
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size);
    header.set_cksum();
    Ok(header)
}

impl Sink for ArchiveSink {
    fn blob(&mut self, write: &mut WriteBlob<'_>) -> Result<BlobInfo, SinkError> {
        self.write_blob(write).map_err(|e| self.failed(e))
    }

    fn finish(self: Box<Self>, delivery: &Delivery) -> Result<Box<dyn Staged>, SinkError> {
        Ok(Box::new(self.end(delivery)?))
    }
}

impl ArchiveSink {
    /// Writes the documents, which are the end of the archive.
    pub(super) fn end(mut self, delivery: &Delivery) -> Result<StagedArchive, SinkError> {
        let rendered = delivery.render()?;
        let documents = rendered.documents.into_iter();
        let mut members: Vec<(String, Vec<u8>)> = documents
            .map(|document| (blob_path(&document.blob), document.bytes))
            .collect();
        let index = Documents::index(&rendered.entries)?;
        members.push(("index.json".to_owned(), index));
        if self.docker {
            members.push(("manifest.json".to_owned(), delivery.docker_list()));
        }
        members.push(("oci-layout".to_owned(), LAYOUT.to_vec()));
        self.write_documents(&members).map_err(|e| self.failed(e))?;
        let ArchiveSink {
            path, part, docker, ..
        } = self;
        Ok(StagedArchive { path, part, docker })
    }
}

impl StagedArchive {
    /// Where it can be opened before it has its name.
    pub(super) fn part_path(&self) -> PathBuf {
        self.part.path()
    }
}

impl Staged for StagedArchive {
    fn open(&self, number: usize, limits: &Limits) -> Result<OpenImage, SourceError> {
        let path = self.part.path();
        let locator = match self.docker {
            true => Locator::DockerArchive(path, None),
            false => Locator::OciArchive(path, None),
        };
        let options = OpenOptions {
            limits: *limits,
            ..OpenOptions::default()
        };
        let family = source::open_family(&locator, &options)?;
        let image = family.images.into_iter().nth(number);
        image.ok_or_else(|| SourceError::Missing {
            place: self.path.display().to_string(),
            what: "the image that was written".to_owned(),
            name: number.to_string(),
            kind: "archive",
        })
    }

    fn commit(self: Box<Self>) -> Result<(), SinkError> {
        let StagedArchive { path, mut part, .. } = *self;
        let synced = part.file().sync_all();
        let renamed = synced.and_then(|()| part.rename(&path));
        renamed.map_err(SinkError::io("write", &path))
    }
}

//! An archive that passes once: from an engine's socket, or compressed.
//!
//! Writers put `manifest.json` last, so every blob is read before anybody
//! knows whether it is needed. Whoever reads hands each blob on as it comes.

use std::io::{self, Read, Seek};

use super::archive::{ArchiveStore, Guarded, Member, Members, link_of};
use super::error::SourceError;
use super::open::Kind;
use super::select::Choice;
use super::store::Store;
use super::{Family, LayerBlob, OpenImage, docker_archive, oci_layout};
use crate::codec::{Compression, Limits, Sniffed, sniff};

/// A tar archive that can be read once from front to back.
pub struct ArchiveStream {
    pub(super) reader: Box<dyn Read>,
    pub(super) place: String,
    /// The transport, when the place decides it; else the archive's own kind.
    pub(super) source: Option<&'static str>,
    /// The layout that was asked for; else Docker's is tried first.
    pub(super) kind: Option<Kind>,
    pub(super) choice: Choice,
    /// The name that was asked for, when the archive itself has none.
    pub(super) reference: Option<String>,
}

/// Documents kept and blobs numbered, once the stream has ended.
struct Passed {
    place: String,
    members: Members<Kept>,
}

enum Kept {
    Document(Vec<u8>),
    Blob(usize),
}

impl ArchiveStream {
    /// Keeps the archive in a nameless temporary file, so that its blobs can be
    /// read by position.
    ///
    /// # Errors
    /// [`SourceError`] when it cannot be kept, or the image is not in it.
    pub fn keep(mut self, limits: &Limits) -> Result<OpenImage, SourceError> {
        let (store, kind) = self.kept(limits)?;
        let mut open = kind.open(&store, &self.choice, limits)?;
        self.label(&mut open);
        Ok(open)
    }

    /// As [`ArchiveStream::keep`], for every platform that the image has.
    ///
    /// # Errors
    /// [`SourceError`] when it cannot be kept, or the image is not in it.
    pub fn keep_family(mut self, limits: &Limits) -> Result<Family, SourceError> {
        let (store, kind) = self.kept(limits)?;
        let mut family = kind.open_family(&store, &self.choice, limits)?;
        for open in &mut family.images {
            self.label(open);
        }
        Ok(family)
    }

    fn kept(&mut self, limits: &Limits) -> Result<(ArchiveStore, Kind), SourceError> {
        let unkept = |source| SourceError::Io {
            doing: "keep a copy of the image in",
            path: std::env::temp_dir(),
            source,
        };
        let mut file = tempfile::tempfile().map_err(unkept)?;
        io::copy(&mut self.reader, &mut file).map_err(unkept)?;
        file.rewind().map_err(unkept)?;
        let store = ArchiveStore::open(self.place.as_ref(), file, limits)?;
        let kind = match self.kind {
            Some(kind) => kind,
            None if store.has(docker_archive::MANIFEST) => Kind::DockerArchive,
            None => Kind::OciArchive,
        };
        Ok((store, kind))
    }

    fn label(&self, open: &mut OpenImage) {
        if let Some(source) = self.source {
            open.source = source;
        }
        if let Some(reference) = &self.reference
            && open.image.reference.is_empty()
        {
            open.image.reference.clone_from(reference);
        }
    }

    /// Reads to the end. `blob` is given each member that may be a layer, with
    /// its number and its size in bytes, and should read it to its end.
    ///
    /// # Errors
    /// [`SourceError`] when the archive is broken or the image is not in it.
    pub fn read(
        mut self,
        limits: &Limits,
        blob: &mut dyn FnMut(usize, u64, &mut dyn Read),
    ) -> Result<OpenImage, SourceError> {
        let reader = std::mem::replace(&mut self.reader, Box::new(io::empty()));
        let members = read_members(reader, &self.place, limits, blob)?;
        let store = Passed {
            place: self.place.clone(),
            members,
        };
        let kind = match self.kind {
            Some(kind) => kind,
            None if store.members.has(docker_archive::MANIFEST) => Kind::DockerArchive,
            None if store.members.has(oci_layout::INDEX) => Kind::OciArchive,
            None => {
                return Err(SourceError::NotAnImage {
                    path: store.place.into(),
                    why: "it has neither manifest.json nor index.json".to_owned(),
                });
            }
        };
        let mut open = kind.open(&store, &self.choice, limits)?;
        self.label(&mut open);
        Ok(open)
    }
}

/// Reads all members of the archive in `reader`.
fn read_members(
    reader: Box<dyn Read>,
    place: &str,
    limits: &Limits,
    blob: &mut dyn FnMut(usize, u64, &mut dyn Read),
) -> Result<Members<Kept>, SourceError> {
    let broken = |problem: String| SourceError::Archive {
        place: place.to_owned(),
        problem,
    };
    let (reader, guard) = Guarded::new(reader);
    let mut archive = tar::Archive::new(reader);
    let entries = archive.entries().map_err(|e| broken(e.to_string()))?;
    let mut entries = entries.enumerate();
    let mut members = Members::default();
    let mut documents: u64 = 0;
    while let Some((number, entry)) = guard.next(&mut entries) {
        let mut entry = entry.map_err(|e| {
            if number == 0 {
                SourceError::NotAnImage {
                    path: place.into(),
                    why: format!("it is not a tar archive ({e})"),
                }
            } else {
                broken(format!("after member {number}: {e}"))
            }
        })?;
        if number as u64 >= limits.entries {
            return Err(broken(format!(
                "it has more than {} members; raise the limit with --max-entries",
                limits.entries
            )));
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        if kind.is_symlink() || kind.is_hard_link() {
            if let Some(target) = link_of(&entry, &name) {
                members.add(&name, Member::Link(target));
            }
            continue;
        }
        if !kind.is_file() {
            io::copy(&mut entry, &mut io::sink()).map_err(|e| broken(e.to_string()))?;
            continue;
        }
        let size = entry.size();
        let failed = |e: io::Error| broken(format!("cannot read member {name:?}: {e}"));
        let mut head = Vec::new();
        (&mut entry)
            .take(512)
            .read_to_end(&mut head)
            .map_err(failed)?;
        let kept = if is_document(&name, &head) {
            documents = documents.saturating_add(size);
            let most = limits.document_bytes.saturating_mul(8);
            if size > limits.document_bytes || documents > most {
                return Err(broken(format!(
                    "member {name:?} of {size} bytes makes documents too large; raise the limit \
                     with --max-document-size"
                )));
            }
            entry.read_to_end(&mut head).map_err(failed)?;
            if head.len() as u64 != size {
                return Err(broken(format!("truncated: member {name:?} is cut")));
            }
            Kept::Document(head)
        } else {
            if size > limits.layer_bytes {
                return Err(broken(format!(
                    "member {name:?} has {size} bytes; raise the limit with --max-layer-size"
                )));
            }
            let mut counted = Counted {
                inner: io::Cursor::new(head).chain(&mut entry),
                count: 0,
            };
            blob(number, size, &mut counted);
            // What the layer's reader left is still part of the archive.
            io::copy(&mut counted, &mut io::sink()).map_err(failed)?;
            if counted.count != size {
                return Err(broken(format!(
                    "truncated: member {name:?} has {} of {size} bytes",
                    counted.count
                )));
            }
            Kept::Blob(number)
        };
        members.add(&name, Member::Content(kept));
    }
    if members.len() == 0 {
        return Err(SourceError::NotAnImage {
            path: place.into(),
            why: "it is an empty archive".to_owned(),
        });
    }
    Ok(members)
}

/// Whether a member is JSON (or another small text) and no layer.
fn is_document(name: &str, head: &[u8]) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.ends_with(".json") || ["json", "VERSION", "repositories", "oci-layout"].contains(&last)
    {
        return true;
    }
    if sniff(head) != Sniffed::Known(Compression::None) {
        return false;
    }
    // A tar header has its magic, whatever its first name starts with.
    let is_tar = head.get(257..262) == Some(b"ustar");
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let first = text.iter().find(|b| !b.is_ascii_whitespace());
    !is_tar && matches!(first, Some(b'{' | b'['))
}

struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.count += n as u64;
        Ok(n)
    }
}

impl Store for Passed {
    fn place(&self) -> &str {
        &self.place
    }

    fn kind(&self) -> &'static str {
        "archive"
    }

    fn document(&self, name: &str, _limit: u64) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(match self.members.get(name, &self.place)? {
            Some(Kept::Document(bytes)) => Some(bytes.clone()),
            _ => None,
        })
    }

    fn blob(&self, name: &str) -> Result<Option<LayerBlob>, SourceError> {
        Ok(match self.members.get(name, &self.place)? {
            Some(Kept::Blob(number)) => Some(LayerBlob::Passed(*number)),
            _ => None,
        })
    }
}

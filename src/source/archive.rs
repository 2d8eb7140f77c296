//! A tar archive of an image in a file: members by name, read by position.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Seek};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use hashbrown::HashMap;

use super::error::SourceError;
use super::store::Store;
use super::{BlobRange, LayerBlob};
use crate::codec::Limits;

/// What a name in an archive stands for.
#[derive(Debug, Clone)]
pub(super) enum Member<T> {
    /// Contents.
    Content(T),
    /// A link to another name; old docker archives link equal layers.
    Link(String),
}

/// Members by name; the first of a name wins, as for Go's readers.
#[derive(Debug)]
pub(super) struct Members<T> {
    by_name: HashMap<String, Member<T>>,
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        Members {
            by_name: HashMap::new(),
        }
    }
}

impl<T> Members<T> {
    pub(super) fn add(&mut self, name: &str, member: Member<T>) {
        if let Some(name) = normal_name(name) {
            self.by_name.entry(name).or_insert(member);
        }
    }

    /// Follows links inside the archive.
    ///
    /// # Errors
    /// When links form a cycle.
    pub(super) fn get(&self, name: &str, place: &str) -> Result<Option<&T>, SourceError> {
        let Some(mut at) = normal_name(name) else {
            return Ok(None);
        };
        for _ in 0..40 {
            match self.by_name.get(&at) {
                None => return Ok(None),
                Some(Member::Content(content)) => return Ok(Some(content)),
                Some(Member::Link(target)) => match normal_name(target) {
                    Some(target) => at = target,
                    None => return Ok(None),
                },
            }
        }
        Err(SourceError::Archive {
            place: place.to_owned(),
            problem: format!("member {name:?} is part of a link cycle"),
        })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }
}

/// A member name without `.` and empty components; `None` when it leaves the archive.
fn normal_name(name: &str) -> Option<String> {
    if name.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What one entry of an outer archive is to us.
pub(super) fn link_of<R: io::Read>(entry: &tar::Entry<'_, R>, name: &str) -> Option<String> {
    let link = entry.link_name_bytes()?;
    let link = String::from_utf8(link.into_owned()).ok()?;
    if entry.header().entry_type().is_hard_link() {
        return Some(link);
    }
    // A symbolic link is relative to the folder of its member.
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    Some(if link.starts_with('/') || folder.is_empty() {
        link
    } else {
        format!("{folder}/{link}")
    })
}

/// A reader for the `tar` crate, which takes extension headers into memory
/// whole: while it looks for the next member it may have so much and no more.
pub(super) struct Guarded<R> {
    inner: R,
    left: Rc<Cell<Option<u64>>>,
}

/// Bounds what the reader of a [`Guarded`] may have.
pub(super) struct Guard(Rc<Cell<Option<u64>>>);

impl<R> Guarded<R> {
    pub(super) fn new(inner: R) -> (Self, Guard) {
        let left = Rc::new(Cell::new(None));
        let guard = Guard(Rc::clone(&left));
        (Guarded { inner, left }, guard)
    }
}

impl Guard {
    /// The next member of an archive whose last member was read to its end.
    pub(super) fn next<T>(&self, entries: &mut impl Iterator<Item = T>) -> Option<T> {
        // A long name, a long link and PAX records, each with its header, and padding.
        self.0.set(Some(4 * Limits::EXTENSION_BYTES));
        let next = entries.next();
        self.0.set(None);
        next
    }
}

impl<R: io::Read> io::Read for Guarded<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(left) = self.left.get() else {
            return self.inner.read(buf);
        };
        if left == 0 && !buf.is_empty() {
            return Err(io::Error::other("extension headers of several MiB"));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        let n = self.inner.read(&mut buf[..most])?;
        self.left.set(Some(left - n as u64));
        Ok(n)
    }
}

impl<R: io::Seek> io::Seek for Guarded<R> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// An archive whose members have been listed.
#[derive(Debug)]
pub(super) struct ArchiveStore {
    place: String,
    file: Arc<File>,
    members: Members<(u64, u64)>,
}

impl ArchiveStore {
    /// Lists the members; contents are skipped, not read.
    pub(super) fn open(path: &Path, file: File, limits: &Limits) -> Result<Self, SourceError> {
        let place = path.display().to_string();
        let broken = |problem: String| SourceError::Archive {
            place: place.clone(),
            problem,
        };
        let not_an_image = |why: &str| SourceError::NotAnImage {
            path: path.to_owned(),
            why: why.to_owned(),
        };
        let mut file = file;
        file.rewind().map_err(|source| SourceError::Io {
            doing: "read",
            path: path.to_owned(),
            source,
        })?;
        let len = file
            .metadata()
            .map_err(|source| SourceError::Io {
                doing: "read",
                path: path.to_owned(),
                source,
            })?
            .len();
        let mut members = Members::default();
        let mut count = 0u64;
        let (reader, guard) = Guarded::new(io::BufReader::with_capacity(4096, &file));
        let mut archive = tar::Archive::new(reader);
        let mut entries = archive
            .entries_with_seek()
            .map_err(|e| broken(e.to_string()))?;
        while let Some(entry) = guard.next(&mut entries) {
            let entry = entry.map_err(|e| {
                if count == 0 {
                    not_an_image("it is not a tar archive")
                } else {
                    broken(format!("after member {count}: {e}"))
                }
            })?;
            count += 1;
            if count > limits.entries {
                return Err(broken(format!(
                    "it has more than {} members; raise the limit with --max-entries",
                    limits.entries
                )));
            }
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let kind = entry.header().entry_type();
            if kind.is_file() {
                let (offset, size) = (entry.raw_file_position(), entry.size());
                if offset.checked_add(size).is_none_or(|end| end > len) {
                    return Err(broken(format!(
                        "truncated: member {name:?} ends at byte {} of {len}",
                        offset.saturating_add(size)
                    )));
                }
                members.add(&name, Member::Content((offset, size)));
            } else if (kind.is_symlink() || kind.is_hard_link())
                && let Some(target) = link_of(&entry, &name)
            {
                members.add(&name, Member::Link(target));
            }
        }
        if count == 0 {
            return Err(not_an_image("it is an empty archive"));
        }
        Ok(ArchiveStore {
            place,
            file: Arc::new(file),
            members,
        })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.has(name)
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    fn range(&self, name: &str) -> Result<Option<BlobRange>, SourceError> {
        let place = self.members.get(name, &self.place)?;
        Ok(place.map(|&(offset, len)| BlobRange {
            file: self.file.clone(),
            offset,
            len,
        }))
    }
}

impl Store for ArchiveStore {
    fn place(&self) -> &str {
        &self.place
    }

    fn kind(&self) -> &'static str {
        "archive"
    }

    fn document(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, SourceError> {
        let Some(range) = self.range(name)? else {
            return Ok(None);
        };
        range
            .read_all(limit)
            .map(Some)
            .map_err(|e| SourceError::Archive {
                place: self.place.clone(),
                problem: format!("cannot read member {name:?}: {e}"),
            })
    }

    fn blob(&self, name: &str) -> Result<Option<LayerBlob>, SourceError> {
        Ok(self.range(name)?.map(LayerBlob::Range))
    }
}

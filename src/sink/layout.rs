//! OCI layouts in a folder (image-spec `image-layout.md`), new or with other
//! images in it, which stay as they are.
//!
//! Blobs get their names when the image is whole, and `index.json` after them:
//! whoever reads the layout meanwhile sees the old images only.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::documents::{Delivery, Documents, LAYOUT};
use super::error::SinkError;
use super::parts::Parts;
use super::unfinished::{NewFolders, PartFile};
use super::{BlobInfo, Sink, Staged, WriteBlob};
use crate::codec::Limits;
use crate::oci::RawObject;
use crate::source::{OpenImage, SourceError};

const INDEX: &str = "index.json";
const MARK: &str = "oci-layout";
const REF_NAME: &str = "org.opencontainers.image.ref.name";

pub(super) struct LayoutSink {
    root: PathBuf,
    parts: Parts,
    /// The index that is there.
    index: Option<RawObject>,
    /// Dropped after the files in them.
    folders: NewFolders,
}

struct StagedLayout {
    root: PathBuf,
    parts: Parts,
    /// New `oci-layout` and `index.json`.
    mark: Option<PartFile>,
    index: PartFile,
    /// For each image, the entry of it alone.
    single: Vec<RawObject>,
    folders: NewFolders,
}

impl LayoutSink {
    pub(super) fn new(root: &Path) -> Result<Self, SinkError> {
        let index = existing(root)?;
        let mut folders = NewFolders::default();
        for folder in [
            root.to_owned(),
            root.join("blobs"),
            root.join("blobs/sha256"),
        ] {
            folders
                .make(&folder)
                .map_err(SinkError::io("make the folder", &folder))?;
        }
        Ok(LayoutSink {
            root: root.to_owned(),
            parts: Parts::new(&root.join("blobs/sha256")),
            index,
            folders,
        })
    }

    fn file(&self, bytes: &[u8]) -> Result<PartFile, SinkError> {
        let written = PartFile::new(&self.root).and_then(|mut part| {
            part.file().write_all(bytes)?;
            Ok(part)
        });
        written.map_err(SinkError::io("write", &self.root))
    }
}

/// The index of the layout that is there; `None` when there is nothing yet.
fn existing(root: &Path) -> Result<Option<RawObject>, SinkError> {
    let not_a_layout = |why: &str| SinkError::NotALayout {
        path: root.to_owned(),
        why: why.to_owned(),
    };
    match fs::metadata(root) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        _ if is_unused(root).map_err(SinkError::io("open", root))? => return Ok(None),
        _ => {}
    }
    if !root.join(MARK).is_file() {
        return Err(not_a_layout("it has files but no oci-layout"));
    }
    let bytes = fs::read(root.join(INDEX)).map_err(SinkError::io("read", root.join(INDEX)))?;
    let index = RawObject::parse(INDEX, &bytes).map_err(|e| not_a_layout(&e.to_string()))?;
    if index.get("manifests").is_some() && index.read::<Vec<RawObject>>("manifests").is_none() {
        return Err(not_a_layout(
            "`manifests` of its index.json is not a list of objects",
        ));
    }
    Ok(Some(index))
}

/// Whether nothing is in the folder but the folders of a layout, which a
/// program that was killed may have left.
fn is_unused(root: &Path) -> io::Result<bool> {
    let mut folder = root.to_owned();
    for next in ["blobs", "sha256"] {
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder)?.take(2) {
            names.push(entry?.file_name());
        }
        match &names[..] {
            [] => return Ok(true),
            [only] if only == next => folder.push(next),
            _ => return Ok(false),
        }
    }
    Ok(fs::read_dir(&folder)?.next().is_none())
}

/// The name that an index entry gives its image.
fn ref_name(entry: &RawObject) -> Option<String> {
    entry.read::<RawObject>("annotations")?.read(REF_NAME)
}

/// The old index with these entries, which take the place of those of the
/// same name.
fn with_entries(old: Option<RawObject>, new: Vec<RawObject>) -> Result<Vec<u8>, SinkError> {
    let Some(mut index) = old else {
        return Documents::index(&new);
    };
    let names: Vec<Option<String>> = new.iter().map(ref_name).collect();
    let mut entries: Vec<RawObject> = index.read("manifests").unwrap_or_default();
    let digest = |entry: &RawObject| entry.read::<String>("digest");
    entries.retain(|entry| {
        let name = ref_name(entry);
        let same = name.is_none() && new.iter().any(|new| digest(new) == digest(entry));
        !same && (name.is_none() || !names.contains(&name))
    });
    entries.extend(new);
    let failed = |source| SinkError::Json {
        document: "the index",
        source,
    };
    index.set("manifests", &entries).map_err(failed)?;
    index.to_bytes().map_err(failed)
}

impl Sink for LayoutSink {
    fn blob(&mut self, write: &mut WriteBlob<'_>) -> Result<BlobInfo, SinkError> {
        self.parts.write(write)
    }

    fn finish(mut self: Box<Self>, delivery: &Delivery) -> Result<Box<dyn Staged>, SinkError> {
        let rendered = delivery.render()?;
        self.parts.documents(&rendered)?;
        let index = with_entries(self.index.take(), rendered.entries)?;
        let index = self.file(&index)?;
        let mark = match self.root.join(MARK).exists() {
            true => None,
            false => Some(self.file(LAYOUT)?),
        };
        let LayoutSink {
            root,
            parts,
            folders,
            ..
        } = *self;
        Ok(Box::new(StagedLayout {
            root,
            parts,
            mark,
            index,
            single: rendered.single,
            folders,
        }))
    }
}

impl Staged for StagedLayout {
    fn open(&self, number: usize, limits: &Limits) -> Result<OpenImage, SourceError> {
        let place = self.root.display().to_string();
        self.parts.open(&place, &self.single, number, limits)
    }

    fn commit(self: Box<Self>) -> Result<(), SinkError> {
        let StagedLayout {
            root,
            parts,
            mark,
            index,
            folders,
            ..
        } = *self;
        let failed = |e| SinkError::io("write", &root)(e);
        for (name, (_, mut part)) in parts.blobs {
            let to = root.join(name);
            if to.exists() {
                continue;
            }
            part.file().sync_all().map_err(failed)?;
            part.rename(&to).map_err(failed)?;
        }
        if let Some(mark) = mark {
            mark.rename(&root.join(MARK)).map_err(failed)?;
        }
        index.rename(&root.join(INDEX)).map_err(failed)?;
        folders.keep();
        Ok(())
    }
}

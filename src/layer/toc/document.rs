//! The JSON document of a table of contents, the same in both formats.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// The document.
#[derive(Debug, Deserialize)]
pub(super) struct Toc<'a> {
    version: u64,
    #[serde(borrow)]
    pub(super) entries: Vec<TocEntry<'a>>,
}

/// One entry: of the tar stream, or a further piece of a file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TocEntry<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default, rename = "linkName")]
    pub(super) link: Cow<'a, str>,
    #[serde(default)]
    pub(super) mode: u64,
    #[serde(default)]
    pub(super) uid: u64,
    #[serde(default)]
    pub(super) gid: u64,
    #[serde(default)]
    pub(super) size: u64,
    #[serde(borrow, default)]
    pub(super) modtime: Option<Cow<'a, str>>,
    #[serde(default, rename = "devMajor")]
    pub(super) major: u32,
    #[serde(default, rename = "devMinor")]
    pub(super) minor: u32,
    #[serde(borrow, default)]
    xattrs: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
    #[serde(borrow, default)]
    pub(super) digest: Cow<'a, str>,
    /// Where the compressed contents begin in the blob.
    #[serde(default)]
    pub(super) offset: u64,
    /// Where they begin in what comes out there.
    #[serde(default)]
    pub(super) inner_offset: u64,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    Symlink,
    HardLink,
    CharDevice,
    BlockDevice,
    Fifo,
    /// A further piece of the file before it.
    Chunk,
    Other,
}

/// Name and value of an extended attribute.
type Attribute = (Vec<u8>, Vec<u8>);

impl<'a> Toc<'a> {
    /// Reads the document.
    pub(super) fn parse(json: &'a [u8]) -> Result<Self, String> {
        let toc: Toc<'_> = serde_json::from_slice(json).map_err(|e| e.to_string())?;
        match toc.version {
            1 => Ok(toc),
            other => Err(format!("its version is {other}")),
        }
    }
}

impl TocEntry<'_> {
    pub(super) fn kind(&self) -> Kind {
        match &*self.kind {
            "reg" => Kind::File,
            "dir" => Kind::Directory,
            "symlink" => Kind::Symlink,
            "hardlink" => Kind::HardLink,
            "char" => Kind::CharDevice,
            "block" => Kind::BlockDevice,
            "fifo" => Kind::Fifo,
            "chunk" => Kind::Chunk,
            _ => Kind::Other,
        }
    }

    /// Extended attributes, whose values are in base64.
    pub(super) fn attributes(&self) -> Result<Vec<Attribute>, String> {
        let all = self.xattrs.iter().flatten();
        all.map(|(name, value)| {
            let value = STANDARD.decode(value.as_bytes());
            let value = value.map_err(|e| format!("an attribute of {}: {e}", self.name))?;
            Ok((name.as_bytes().to_vec(), value))
        })
        .collect()
    }
}

//! The JSON document of a table of contents, the same in both formats.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{TocError, useless};

/// Goes through the document and hands on each entry as it comes: there can be
/// many in few bytes, and nothing needs all of them at once.
pub(super) fn each_entry<'a>(
    json: &'a [u8],
    take: &mut dyn FnMut(TocEntry<'a>) -> Result<(), TocError>,
) -> Result<(), TocError> {
    let mut failed = None;
    let mut reader = serde_json::Deserializer::from_slice(json);
    let document = Document {
        take,
        failed: &mut failed,
    };
    let read = reader.deserialize_map(document).and_then(|()| reader.end());
    match (failed, read) {
        (Some(error), _) => Err(error),
        (None, read) => read.map_err(useless),
    }
}

/// The document, and in it the list of entries.
struct Document<'t, 'a> {
    take: &'t mut dyn FnMut(TocEntry<'a>) -> Result<(), TocError>,
    /// What `take` said, which serde would make a text of.
    failed: &'t mut Option<TocError>,
}

impl<'a> Visitor<'a> for Document<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of contents")
    }

    fn visit_map<M: MapAccess<'a>>(mut self, mut map: M) -> Result<(), M::Error> {
        let mut version = 0;
        while let Some(key) = map.next_key::<Cow<'a, str>>()? {
            match &*key {
                "version" => version = map.next_value::<u64>()?,
                "entries" => map.next_value_seed(&mut self)?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        match version {
            1 => Ok(()),
            other => Err(M::Error::custom(format!("its version is {other}"))),
        }
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut list: S) -> Result<(), S::Error> {
        while let Some(entry) = list.next_element::<TocEntry<'a>>()? {
            if let Err(error) = (self.take)(entry) {
                *self.failed = Some(error);
                return Err(S::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

impl<'a> DeserializeSeed<'a> for &mut Document<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, list: D) -> Result<(), D::Error> {
        list.deserialize_seq(Document {
            take: &mut *self.take,
            failed: &mut *self.failed,
        })
    }
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

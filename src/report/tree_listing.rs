//! The final tree as JSON lines, one path a line, for comparing it with what
//! another tool unpacks (`--format tree`).

use std::collections::BTreeMap;
use std::io;

use hashbrown::HashMap;
use serde::Serialize;

use crate::layer::{
    ContentHash, Contents, EntryKind, EntryRef, FileTable, ScannedImage, digest_contents,
    is_expanded,
};
use crate::oci::escape_bytes;
use crate::tree::{EntryId, NodeId, Tree};

#[derive(Serialize)]
struct Line {
    path: String,
    #[serde(rename = "type")]
    kind: &'static str,
    /// Octal, four digits.
    mode: String,
    uid: u64,
    gid: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// Seconds since 1970, with nanoseconds where there are any.
    mtime: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// SHA-256 of the contents; absent for sparse files that are almost only holes.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    /// Attribute values in hexadecimal digits.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    xattrs: BTreeMap<String, String>,
    /// First name of the file, on its further names.
    #[serde(skip_serializing_if = "Option::is_none")]
    hardlink: Option<String>,
    layer: u32,
    #[serde(skip_serializing_if = "is_false")]
    implied: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// SHA-256 of nothing, which no layer has a digest for.
const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Writes the tree of `scan`, which must have been scanned with
/// [`ContentHash::Sha256`], one line a path in the order of a sorted walk.
///
/// # Errors
/// Whatever `out` says, or that the image cannot be read again.
pub fn write(scan: &ScannedImage, out: &mut dyn io::Write) -> io::Result<()> {
    let layers = scan.layers.iter().map(|l| l.set.clone()).collect();
    let (tree, _) = Tree::merge(layers);
    let mut out = io::BufWriter::new(out);
    let mut buffer = vec![0; 128 * 1024];
    // Of files with several names, the first one and the digest.
    let mut first_names: HashMap<EntryId, (String, Option<String>)> = HashMap::new();
    for node in tree.paths() {
        let linked = tree.inode(node).filter(|&inode| tree.has_links(inode));
        let known = linked.and_then(|inode| first_names.get(&inode)).cloned();
        let mut line = line_of(&tree, node);
        match (known, tree.inode(node)) {
            (Some((name, digest)), _) => {
                line.hardlink = Some(name);
                line.digest = digest;
            }
            (None, Some(id)) => line.digest = digest_of(&tree, id, &mut buffer)?,
            (None, None) => {}
        }
        if let (Some(inode), None) = (linked, &line.hardlink) {
            first_names.insert(inode, (line.path.clone(), line.digest.clone()));
        }
        serde_json::to_writer(&mut out, &line)?;
        io::Write::write_all(&mut out, b"\n")?;
    }
    io::Write::flush(&mut out)
}

/// The digest of a file's contents; `None` for everything else.
fn digest_of(tree: &Tree, id: EntryId, buffer: &mut [u8]) -> io::Result<Option<String>> {
    let entry = tree.entry(id);
    if entry.kind() != EntryKind::File || !has_digest(entry) {
        return Ok(None);
    }
    content_digest(tree, id, entry, buffer).map(Some)
}

/// All of a line but the digest.
fn line_of(tree: &Tree, node: NodeId) -> Line {
    let path = escape_bytes(&tree.path(node));
    let Some(id) = tree.inode(node) else {
        return Line {
            path,
            kind: "directory",
            mode: "0755".to_owned(),
            uid: 0,
            gid: 0,
            size: None,
            mtime: "0".to_owned(),
            link: None,
            digest: None,
            device: None,
            xattrs: BTreeMap::new(),
            hardlink: None,
            layer: 0,
            implied: true,
        };
    };
    let entry = tree.entry(id);
    let owner = entry.owner();
    let extra = entry.extra();
    let is_file = entry.kind() == EntryKind::File;
    Line {
        path,
        kind: kind_name(entry.kind()),
        mode: format!("{:04o}", owner.mode),
        uid: owner.uid,
        gid: owner.gid,
        size: is_file.then(|| entry.size()),
        mtime: match extra.map_or(0, |extra| extra.mtime_nanos) {
            0 => entry.mtime().to_string(),
            nanos => format!("{}.{nanos:09}", entry.mtime()),
        },
        link: entry.link().map(escape_bytes),
        digest: None,
        device: entry
            .device()
            .map(|(major, minor)| format!("{major}:{minor}")),
        xattrs: extra
            .into_iter()
            .flat_map(|extra| &extra.xattrs)
            .map(|(name, value)| (escape_bytes(name), super::json::hex(value)))
            .collect(),
        hardlink: None,
        layer: id.layer,
        implied: false,
    }
}

/// Whether the digest of a file is that of its contents, holes and all.
fn has_digest(entry: EntryRef<'_>) -> bool {
    let map = entry.extra().and_then(|extra| extra.sparse.as_deref());
    map.is_none_or(|map| is_expanded(entry.size(), map))
}

fn kind_name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File => "file",
        EntryKind::Directory => "directory",
        EntryKind::Symlink => "symlink",
        EntryKind::HardLink => "dangling-hardlink",
        EntryKind::CharDevice => "char-device",
        EntryKind::BlockDevice => "block-device",
        EntryKind::Fifo => "fifo",
        EntryKind::Whiteout | EntryKind::Opaque => "whiteout",
    }
}

fn content_digest(
    tree: &Tree,
    id: EntryId,
    entry: EntryRef<'_>,
    buffer: &mut [u8],
) -> io::Result<String> {
    let layer = &tree.layers()[id.layer as usize];
    let Some(file) = entry.file() else {
        return Ok(EMPTY.to_owned());
    };
    let digest = match (layer.changeset.files(), &layer.contents) {
        (FileTable::Digests(digests), _) => digests[file as usize],
        (FileTable::Stored(files), Contents::Stored(blob)) => {
            let offset = files[file as usize].offset;
            digest_contents(blob, entry, offset, ContentHash::Sha256, buffer)?
        }
        _ => return Err(io::Error::other("the layer's contents are not at hand")),
    };
    Ok(format!("sha256:{}", super::json::hex(&digest)))
}

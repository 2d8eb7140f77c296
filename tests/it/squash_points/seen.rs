//! What is in an image, read without `rslim`: the archive and its layers by
//! the `tar` crate, the documents as plain JSON.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::fixtures::tar::MTIME;
use crate::peers::{hex, unescaped};
use crate::program::listing;

/// What is at a path.
#[derive(Clone, PartialEq, Eq)]
pub enum Kind {
    /// With its contents, or their digest where only that is known.
    File(Vec<u8>),
    Dir,
    Symlink(Vec<u8>),
    /// A further name of the file at another path.
    Link(Vec<u8>),
    Char(u32, u32),
    Block(u32, u32),
    Fifo,
    /// A whiteout of this path.
    Gone,
    /// An opaque marker in this directory.
    Opaque,
}

/// A path and everything that a container can see of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Seen {
    pub path: Vec<u8>,
    pub kind: Kind,
    pub mode: u32,
    pub owner: (u64, u64),
    /// Seconds since 1970, rounded down, and nanoseconds.
    pub mtime: (i64, u32),
    pub xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.kind_and_path())?;
        match &self.kind {
            Kind::File(body) if body.len() > 80 => write!(f, " = {} bytes", body.len())?,
            Kind::File(body) => write!(f, " = {:?}", text(body))?,
            Kind::Symlink(to) => write!(f, " -> {}", text(to))?,
            Kind::Link(to) => return write!(f, " => {}", text(to)),
            Kind::Char(major, minor) => write!(f, " c {major}:{minor}")?,
            Kind::Block(major, minor) => write!(f, " b {major}:{minor}")?,
            Kind::Dir | Kind::Fifo => {}
            Kind::Gone | Kind::Opaque => return Ok(()),
        }
        let (uid, gid) = self.owner;
        write!(f, " {:04o} {uid}:{gid} {:?}", self.mode, self.mtime)?;
        for (name, value) in &self.xattrs {
            write!(f, " {}={:?}", text(name), text(value))?;
        }
        Ok(())
    }
}

fn seen(path: impl AsRef<[u8]>, kind: Kind, mode: u32) -> Seen {
    Seen {
        path: path.as_ref().to_vec(),
        kind,
        mode,
        owner: (0, 0),
        mtime: (MTIME, 0),
        xattrs: BTreeMap::new(),
    }
}

pub fn file(path: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Seen {
    seen(path, Kind::File(body.as_ref().to_vec()), 0o644)
}

pub fn dir(path: impl AsRef<[u8]>) -> Seen {
    seen(path, Kind::Dir, 0o755)
}

/// A directory that no layer has an entry for.
pub fn implied(path: impl AsRef<[u8]>) -> Seen {
    dir(path).mtime(0, 0)
}

pub fn symlink(path: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Seen {
    seen(path, Kind::Symlink(to.as_ref().to_vec()), 0o777)
}

pub fn link(path: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Seen {
    seen(path, Kind::Link(to.as_ref().to_vec()), 0)
}

pub fn special(path: impl AsRef<[u8]>, kind: Kind) -> Seen {
    seen(path, kind, 0o644)
}

impl Seen {
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    pub fn owner(mut self, uid: u64, gid: u64) -> Self {
        self.owner = (uid, gid);
        self
    }

    pub fn mtime(mut self, seconds: i64, nanos: u32) -> Self {
        self.mtime = (seconds, nanos);
        self
    }

    pub fn xattr(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let (name, value) = (name.as_ref().to_vec(), value.as_ref().to_vec());
        self.xattrs.insert(name, value);
        self
    }

    /// `type path`, for lists of what a layer has.
    pub fn kind_and_path(&self) -> String {
        let kind = match &self.kind {
            Kind::File(_) | Kind::Symlink(_) | Kind::Char(..) | Kind::Block(..) | Kind::Fifo => {
                "file"
            }
            Kind::Dir => "dir",
            Kind::Link(_) => "link",
            Kind::Gone => "gone",
            Kind::Opaque => "opaque",
        };
        format!("{kind} {}", text(&self.path))
    }

    pub fn is_marker(&self) -> bool {
        matches!(self.kind, Kind::Gone | Kind::Opaque)
    }

    /// As a directory without an entry looks.
    pub fn is_implied(&self) -> bool {
        *self == implied(&self.path)
    }

    /// With the digest in place of contents, and without what the header of a
    /// further name says, which is that of the first.
    pub fn digested(mut self) -> Self {
        match &mut self.kind {
            Kind::File(body) => *body = sha256(body).into_bytes(),
            Kind::Link(_) => self = link(&self.path, self.link_target()),
            _ => {}
        }
        self
    }

    pub fn link_target(&self) -> &[u8] {
        match &self.kind {
            Kind::Link(to) | Kind::Symlink(to) => to,
            _ => &[],
        }
    }
}

pub fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

/// The tree of the image at `path` as `rslim` lists it, without the root.
pub fn listed(path: &Path) -> Vec<Seen> {
    let lines = listing(path).into_iter().filter(|line| line["path"] != "");
    lines.map(|line| from_listing(&line)).collect()
}

pub fn from_listing(line: &Value) -> Seen {
    let bytes = |key: &str| unescaped(line[key].as_str().unwrap_or_default());
    let device = || {
        let (major, minor) = line["device"].as_str().unwrap().split_once(':').unwrap();
        (major.parse().unwrap(), minor.parse().unwrap())
    };
    let path = bytes("path");
    if line["hardlink"].is_string() {
        return link(path, bytes("hardlink"));
    }
    let kind = match line["type"].as_str().unwrap() {
        "file" => Kind::File(bytes("digest")),
        "directory" => Kind::Dir,
        "symlink" => Kind::Symlink(bytes("link")),
        "char-device" => Kind::Char(device().0, device().1),
        "block-device" => Kind::Block(device().0, device().1),
        "fifo" => Kind::Fifo,
        other => panic!("{other} {line}"),
    };
    let mode = u32::from_str_radix(line["mode"].as_str().unwrap(), 8).unwrap();
    let number = |key: &str| line[key].as_u64().unwrap();
    let mut seen = seen(path, kind, mode).owner(number("uid"), number("gid"));
    let time = line["mtime"].as_str().unwrap();
    let (seconds, nanos) = time.split_once('.').unwrap_or((time, "0"));
    seen.mtime = (seconds.parse().unwrap(), nanos.parse().unwrap());
    for (name, value) in line["xattrs"].as_object().into_iter().flatten() {
        let digits = value.as_str().unwrap().as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        seen = seen.xattr(unescaped(name), digits.map(byte).collect::<Vec<_>>());
    }
    seen
}

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// The entries of a tar stream, in order.
pub fn entries(tar: &[u8]) -> Vec<Seen> {
    let mut archive = tar::Archive::new(tar);
    let mut records = Records::new();
    let mut seen = Vec::new();
    // The crate ends a record at the first newline in its value, so that only
    // blocks are left to it.
    for entry in archive.entries().unwrap().raw(true) {
        let mut entry = entry.unwrap();
        let mut body = Vec::new();
        entry.read_to_end(&mut body).unwrap();
        match entry.header().entry_type() {
            tar::EntryType::XHeader => records = parsed(&body),
            _ => seen.push(from_entry(
                entry.header(),
                &std::mem::take(&mut records),
                body,
            )),
        }
    }
    seen
}

/// Records of `LENGTH KEY=VALUE\n`.
fn parsed(mut body: &[u8]) -> Records {
    let mut records = Records::new();
    let at = |text: &[u8], byte| text.iter().position(|&b| b == byte).unwrap();
    while !body.is_empty() {
        let space = at(body, b' ');
        let length: usize = String::from_utf8_lossy(&body[..space]).parse().unwrap();
        let record = body[space + 1..length].strip_suffix(b"\n").unwrap();
        let equals = at(record, b'=');
        records.insert(record[..equals].to_vec(), record[equals + 1..].to_vec());
        body = &body[length..];
    }
    records
}

fn from_entry(header: &tar::Header, records: &Records, body: Vec<u8>) -> Seen {
    let path = header.path_bytes().into_owned();
    let path = records.get(&b"path"[..]).unwrap_or(&path);
    let path = path.strip_suffix(b"/").unwrap_or(path).to_vec();
    let path = if path == b"." { Vec::new() } else { path };
    let number = |key: &str, plain: u64| match records.get(key.as_bytes()) {
        Some(value) => String::from_utf8_lossy(value).parse().unwrap(),
        None => plain,
    };
    let cut = path.iter().rposition(|&b| b == b'/').map_or(0, |at| at + 1);
    let (folder, name) = path.split_at(cut);
    let target = || match records.get(&b"linkpath"[..]) {
        Some(target) => target.clone(),
        None => header.link_name_bytes().unwrap().into_owned(),
    };
    let device = || {
        let major = header.device_major().unwrap().unwrap();
        (major, header.device_minor().unwrap().unwrap())
    };
    let kind = match header.entry_type() {
        tar::EntryType::Directory => Kind::Dir,
        tar::EntryType::Symlink => Kind::Symlink(target()),
        tar::EntryType::Link => Kind::Link(target()),
        tar::EntryType::Char => Kind::Char(device().0, device().1),
        tar::EntryType::Block => Kind::Block(device().0, device().1),
        tar::EntryType::Fifo => Kind::Fifo,
        _ if name == b".wh..wh..opq" => {
            return seen(folder.strip_suffix(b"/").unwrap_or(folder), Kind::Opaque, 0);
        }
        _ => match name.strip_prefix(b".wh.") {
            Some(hidden) => return seen([folder, hidden].concat(), Kind::Gone, 0),
            None => Kind::File(body),
        },
    };
    let mut seen = seen(&path, kind, header.mode().unwrap()).owner(
        number("uid", header.uid().unwrap()),
        number("gid", header.gid().unwrap()),
    );
    seen.mtime = match records.get(&b"mtime"[..]) {
        Some(time) => pax_time(std::str::from_utf8(time).unwrap()),
        None => (header.mtime().unwrap() as i64, 0),
    };
    for (key, value) in records {
        if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
            seen = seen.xattr(name, value);
        }
    }
    seen
}

/// `-1.25` is 0.75 s after -2 s.
fn pax_time(text: &str) -> (i64, u32) {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let nanos: u32 = format!("{part:0<9}").parse().unwrap();
    let seconds: i64 = whole.parse().unwrap();
    match text.starts_with('-') && nanos > 0 {
        true => (seconds - 1, 1_000_000_000 - nanos),
        false => (seconds, nanos),
    }
}

/// The files of a written archive or layout, by name.
pub struct Written(pub BTreeMap<String, Vec<u8>>);

impl Written {
    pub fn archive(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let mut archive = tar::Archive::new(&bytes[..]);
        let mut members = BTreeMap::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut body = Vec::new();
            entry.read_to_end(&mut body).unwrap();
            let name = entry.path().unwrap().to_str().unwrap().to_owned();
            if entry.header().entry_type().is_file() {
                assert_eq!(members.insert(name, body), None, "a member twice");
            }
        }
        Written(members)
    }

    pub fn folder(root: &Path) -> Self {
        let mut members = BTreeMap::new();
        let mut stack = vec![root.to_owned()];
        while let Some(folder) = stack.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    stack.push(path);
                    continue;
                }
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                members.insert(name.to_owned(), fs::read(&path).unwrap());
            }
        }
        Written(members)
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.0[name]).unwrap()
    }

    pub fn index(&self) -> Value {
        self.json("index.json")
    }

    /// The blob that a descriptor leads to, which must be as it says.
    pub fn blob(&self, descriptor: &Value) -> &[u8] {
        let digest = descriptor["digest"].as_str().unwrap();
        let name = format!("blobs/{}", digest.replacen(':', "/", 1));
        let blob = self.0.get(&name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(sha256(blob), digest);
        assert_eq!(descriptor["size"], blob.len(), "{name}");
        blob
    }

    /// The manifest of the first image of the index.
    pub fn manifest(&self) -> Value {
        serde_json::from_slice(self.blob(&self.index()["manifests"][0])).unwrap()
    }

    /// The bytes of its configuration.
    pub fn config(&self) -> &[u8] {
        self.blob(&self.manifest()["config"])
    }

    pub fn config_json(&self) -> Value {
        serde_json::from_slice(self.config()).unwrap()
    }

    /// The blobs of its layers.
    pub fn layers(&self) -> Vec<&[u8]> {
        let manifest = self.manifest();
        let layers = manifest["layers"].as_array().unwrap();
        layers.iter().map(|layer| self.blob(layer)).collect()
    }

    /// The entries of the topmost layer, which must not be compressed.
    pub fn top(&self) -> Vec<Seen> {
        entries(self.layers().last().unwrap())
    }
}

//! A directory as an image's tree. Links are followed here and never by the
//! system, so that nothing outside of it is opened, and directories are only
//! read when somebody asks: it may be the root of the machine.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rslim::closure::{Files, Found, Kind, NodeId};

const ROOT: NodeId = 0;

/// As many links as the kernel follows.
const LINKS: usize = 40;

#[derive(Clone)]
struct Node {
    parent: NodeId,
    /// Without a slash at the start, as the path below the root.
    path: Vec<u8>,
    kind: Kind,
    size: u64,
    target: Vec<u8>,
}

/// What was looked at so far.
#[derive(Default)]
struct Seen {
    nodes: Vec<Node>,
    by_path: HashMap<Vec<u8>, Option<NodeId>>,
}

pub struct Disk {
    root: PathBuf,
    seen: RefCell<Seen>,
}

impl Disk {
    pub fn new(root: &Path) -> Self {
        let node = Node {
            parent: ROOT,
            path: Vec::new(),
            kind: Kind::Directory,
            size: 0,
            target: Vec::new(),
        };
        let seen = Seen {
            nodes: vec![node],
            by_path: HashMap::new(),
        };
        Disk {
            root: root.to_owned(),
            seen: RefCell::new(seen),
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// All nodes below a directory, its own among them, in the order of their paths.
    pub fn below(&self, dir: NodeId) -> Vec<NodeId> {
        let mut found = vec![dir];
        for (_, child) in self.children(dir) {
            found.extend(self.below(child));
        }
        found
    }

    fn node(&self, id: NodeId) -> Node {
        self.seen.borrow().nodes[id as usize].clone()
    }

    fn place(&self, path: &[u8]) -> PathBuf {
        self.root.join(OsStr::from_bytes(path))
    }

    fn child(&self, dir: NodeId, name: &[u8]) -> Option<NodeId> {
        let mut path = self.node(dir).path;
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        if let Some(known) = self.seen.borrow().by_path.get(&path) {
            return *known;
        }
        let place = self.place(&path);
        let node = fs::symlink_metadata(&place).ok().map(|meta| Node {
            parent: dir,
            path: path.clone(),
            kind: match meta.file_type() {
                kind if kind.is_symlink() => Kind::Symlink,
                kind if kind.is_dir() => Kind::Directory,
                kind if kind.is_file() => Kind::File,
                _ => Kind::Other,
            },
            size: meta.len(),
            target: fs::read_link(&place)
                .map(|target| target.as_os_str().as_bytes().to_vec())
                .unwrap_or_default(),
        });
        let mut seen = self.seen.borrow_mut();
        let id = node.map(|node| {
            seen.nodes.push(node);
            NodeId::try_from(seen.nodes.len() - 1).unwrap()
        });
        seen.by_path.insert(path, id);
        id
    }
}

impl Files for Disk {
    fn resolve(&self, path: &[u8]) -> Option<Found> {
        let parts = |path: &[u8]| -> Vec<Vec<u8>> {
            let parts = path.rsplit(|b| *b == b'/');
            parts
                .filter(|part| !part.is_empty() && *part != b".")
                .map(<[u8]>::to_vec)
                .collect()
        };
        let (mut node, mut crossed, mut todo) = (ROOT, Vec::new(), parts(path));
        while let Some(part) = todo.pop() {
            if self.kind(node) != Kind::Directory {
                return None;
            }
            if part == b".." {
                node = self.node(node).parent;
                continue;
            }
            let next = self.child(node, &part)?;
            let found = self.node(next);
            if found.kind != Kind::Symlink {
                node = next;
                continue;
            }
            crossed.push(next);
            if crossed.len() > LINKS {
                return None;
            }
            if found.target.starts_with(b"/") {
                node = ROOT;
            }
            todo.extend(parts(&found.target));
        }
        Some(Found { node, crossed })
    }

    fn kind(&self, node: NodeId) -> Kind {
        self.seen.borrow().nodes[node as usize].kind
    }

    fn size(&self, node: NodeId) -> u64 {
        self.seen.borrow().nodes[node as usize].size
    }

    fn path(&self, node: NodeId) -> Vec<u8> {
        let mut path = vec![b'/'];
        path.extend(self.node(node).path);
        path
    }

    fn children(&self, dir: NodeId) -> Vec<(Vec<u8>, NodeId)> {
        if self.kind(dir) != Kind::Directory {
            return Vec::new();
        }
        let Ok(entries) = fs::read_dir(self.place(&self.node(dir).path)) else {
            return Vec::new();
        };
        let mut names: Vec<Vec<u8>> = entries
            .filter_map(|entry| Some(entry.ok()?.file_name().as_bytes().to_vec()))
            .collect();
        names.sort();
        names
            .into_iter()
            .filter_map(|name| {
                let id = self.child(dir, &name)?;
                Some((name, id))
            })
            .collect()
    }

    fn read(&self, node: NodeId, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        // No part of the path is a link: all were read from real directories.
        let file = File::open(self.place(&self.node(node).path))?;
        let mut bytes = vec![0; len];
        let mut done = 0;
        while done < len {
            match file.read_at(&mut bytes[done..], offset + done as u64)? {
                0 => break,
                more => done += more,
            }
        }
        bytes.truncate(done);
        Ok(bytes)
    }
}

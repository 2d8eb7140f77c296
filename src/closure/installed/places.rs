//! From the paths that databases list to nodes of the image, and reading within bounds.

use std::io;

use hashbrown::{HashMap, HashSet};

use crate::closure::files::{Files, Kind, NodeId, split};

/// Bytes of all databases together. Those of a full desktop have some 300 MiB.
pub(super) const MOST_BYTES: u64 = 512 << 20;
/// Paths in all lists together.
const MOST_PATHS: u64 = 16 << 20;
/// Longer paths cannot exist on Linux.
const LONGEST: usize = 4096;
/// Directories whose paths are remembered; a list of made-up ones would only cost memory.
const MOST_DIRS: usize = 1 << 20;

/// Why something was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("not a regular file")]
    Kind,
    #[error("not read: too large")]
    Large,
    #[error("not read: it is the list of another package too")]
    Again,
    #[error("not read: {0}")]
    Io(#[from] io::Error),
}

/// The whole of a database that was read before.
pub(super) fn read_whole(files: &dyn Files, node: NodeId) -> io::Result<Vec<u8>> {
    let size = files.size(node);
    if files.kind(node) != Kind::File || size > MOST_BYTES {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    let len = usize::try_from(size).map_err(io::Error::other)?;
    files.read(node, 0, len)
}

/// The paths of one list as nodes.
#[derive(Debug, Default)]
pub(super) struct Owned {
    pub files: Vec<NodeId>,
    pub directories: Vec<NodeId>,
}

/// The image, with the directories that were asked for remembered.
pub(super) struct Places<'a> {
    pub files: &'a dyn Files,
    /// Bytes that may still be read.
    bytes: u64,
    /// Paths that may still be looked for.
    paths: u64,
    read: HashSet<NodeId>,
    dirs: HashMap<Vec<u8>, Option<NodeId>>,
    children: HashMap<NodeId, Vec<(Vec<u8>, NodeId)>>,
}

impl<'a> Places<'a> {
    pub fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            bytes: MOST_BYTES,
            paths: MOST_PATHS,
            read: HashSet::new(),
            dirs: HashMap::new(),
            children: HashMap::new(),
        }
    }

    /// The contents of a file of the database. Each can be read once: no two packages share one,
    /// but hard links could make one list that of a million packages.
    pub fn read(&mut self, node: NodeId, limit: u64) -> Result<Vec<u8>, ReadError> {
        if self.files.kind(node) != Kind::File {
            return Err(ReadError::Kind);
        }
        let size = self.files.size(node);
        let left = self.bytes.checked_sub(size).filter(|_| size <= limit);
        let left = left.ok_or(ReadError::Large)?;
        if !self.read.insert(node) {
            return Err(ReadError::Again);
        }
        let len = usize::try_from(size).map_err(|_| ReadError::Large)?;
        self.bytes = left;
        Ok(self.files.read(node, 0, len)?)
    }

    /// The node of an absolute path, links followed in its directories only.
    pub fn locate(&mut self, path: &[u8]) -> Option<NodeId> {
        let path = path.strip_suffix(b"/.").unwrap_or(path);
        let path = path.strip_suffix(b"/").unwrap_or(path);
        if path.len() > LONGEST {
            return None;
        }
        if path.is_empty() {
            return self.dir(b"/");
        }
        let (dir, name) = split(path);
        let dir = self.dir(dir)?;
        let files = self.files;
        let children = self
            .children
            .entry(dir)
            .or_insert_with(|| files.children(dir));
        let at = children.binary_search_by(|(known, _)| known.as_slice().cmp(name));
        children.get(at.ok()?).map(|(_, node)| *node)
    }

    fn dir(&mut self, path: &[u8]) -> Option<NodeId> {
        if let Some(known) = self.dirs.get(path) {
            return *known;
        }
        if self.dirs.len() >= MOST_DIRS {
            self.dirs.clear();
        }
        let node = self.files.resolve(path).map(|found| found.node);
        self.dirs.insert(path.to_vec(), node);
        node
    }

    /// The nodes of the paths of one list; `None` if the lists of the image have too many.
    pub fn own<P: AsRef<[u8]>>(&mut self, list: impl Iterator<Item = P>) -> Option<Owned> {
        let mut owned = Owned::default();
        let mut links: Vec<(Vec<u8>, NodeId)> = Vec::new();
        let mut above: HashSet<Vec<u8>> = HashSet::new();
        let mut last: Vec<u8> = Vec::new();
        for path in list {
            self.paths = self.paths.checked_sub(1)?;
            let path = path.as_ref();
            let Some(node) = self.locate(path) else {
                continue;
            };
            let dir = split(path).0;
            if dir != last {
                last = dir.to_vec();
                above.insert(last.clone());
            }
            match self.files.kind(node) {
                Kind::Directory => owned.directories.push(node),
                Kind::Symlink => links.push((path.to_vec(), node)),
                Kind::File | Kind::Other => owned.files.push(node),
            }
        }
        // A directory that has become a link since, as those of a merged `/usr`.
        for (path, node) in links {
            if above.contains(&path) {
                owned.directories.push(node);
            } else {
                owned.files.push(node);
            }
        }
        for nodes in [&mut owned.files, &mut owned.directories] {
            nodes.sort_unstable();
            nodes.dedup();
        }
        Some(owned)
    }
}

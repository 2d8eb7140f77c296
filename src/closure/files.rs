//! The image's files, as the host program shows them.

/// Names one file of the image tree; the tree gives it its meaning.
pub type NodeId = u32;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A device, a pipe or a socket.
    Other,
}

/// Where a path led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The final node, never a symbolic link.
    pub node: NodeId,
    /// Every symbolic link on the way, in the order it was crossed, those in directory components
    /// too. A file is only found again if all of them are kept.
    pub crossed: Vec<NodeId>,
}

/// The tree that the image's container sees, merged from its layers.
pub trait Files {
    /// Follows an absolute path inside the root with all its links, as the kernel does for a
    /// process whose root this is: 40 links at most, `..` never leaves the root.
    fn resolve(&self, path: &[u8]) -> Option<Found>;
    /// The node of an absolute path, links followed in its directories only.
    fn locate(&self, path: &[u8]) -> Option<NodeId> {
        let (dir, name) = split(path);
        let dir = self.resolve(dir)?.node;
        let children = self.children(dir);
        let at = children.binary_search_by(|(known, _)| known.as_slice().cmp(name));
        children.get(at.ok()?).map(|(_, node)| *node)
    }
    /// What `node` is.
    fn kind(&self, node: NodeId) -> Kind;
    /// The size of a regular file in bytes.
    fn size(&self, node: NodeId) -> u64;
    /// The absolute path of `node`, without links in its directories.
    fn path(&self, node: NodeId) -> Vec<u8>;
    /// The entries of a directory, sorted by name; empty for anything else.
    fn children(&self, dir: NodeId) -> Vec<(Vec<u8>, NodeId)>;
    /// `len` bytes of a regular file from `offset` on, fewer only where the file ends.
    ///
    /// # Errors
    ///
    /// Whatever keeps the bytes from being read; not the end of the file.
    fn read(&self, node: NodeId, offset: u64, len: usize) -> std::io::Result<Vec<u8>>;
}

/// The whole of a regular file; `None` if it is larger than `limit`, no regular file, or cannot
/// be read.
pub(crate) fn read_all(files: &dyn Files, node: NodeId, limit: u64) -> Option<Vec<u8>> {
    if files.kind(node) != Kind::File || files.size(node) > limit {
        return None;
    }
    let len = usize::try_from(files.size(node)).ok()?;
    files.read(node, 0, len).ok()
}

/// At most `limit` bytes from the start of a regular file.
pub(crate) fn read_head(files: &dyn Files, node: NodeId, limit: usize) -> Option<Vec<u8>> {
    if files.kind(node) != Kind::File {
        return None;
    }
    let len = usize::try_from(files.size(node)).map_or(limit, |size| size.min(limit));
    files.read(node, 0, len).ok()
}

/// `dir` and `name` with one slash between; `name` may have slashes.
pub(crate) fn join(dir: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = dir.to_vec();
    if path.last() != Some(&b'/') {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// The path without its last component, and that component.
pub(crate) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|b| *b == b'/') {
        Some(0) => (b"/", path.get(1..).unwrap_or_default()),
        Some(at) => (
            path.get(..at).unwrap_or_default(),
            path.get(at.saturating_add(1)..).unwrap_or_default(),
        ),
        None => (b"/", path),
    }
}

//! Every path that any layer has, with what each layer made of it.

/// What a layer made of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionKind {
    /// It removed the path.
    Gone,
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A further name of a file; its bytes count at the first.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A FIFO.
    Fifo,
}

/// Where the contents of a file are: an entry of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The layer that stores it.
    pub layer: u32,
    /// The number of the entry in the layer.
    pub entry: u32,
}

/// A path as one layer left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The layer.
    pub layer: u16,
    /// What it made of the path.
    pub kind: VersionKind,
    /// Permission bits.
    pub mode: u16,
    /// Number of the owner, see [`Files::owner`].
    owner: u32,
    /// Size of a file; where the target is in the text of a symbolic link.
    value: u64,
    /// Where contents are.
    pub stored: Stored,
}

impl Version {
    /// Bytes of a regular file.
    pub fn bytes(&self) -> u64 {
        match self.kind {
            VersionKind::File | VersionKind::HardLink => self.value,
            _ => 0,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Path {
    parent: u32,
    name: u32,
    len: u32,
}

/// All paths; number 0 is the root, and directories have smaller numbers than
/// what is in them.
#[derive(Debug)]
pub struct Files {
    text: Vec<u8>,
    paths: Vec<Path>,
    /// Where the children of each path begin in `children`.
    first_child: Vec<u32>,
    /// Sorted by name in each directory.
    children: Vec<u32>,
    /// Where the versions of each path begin in `versions`.
    first_version: Vec<u32>,
    /// Lowest layer first for each path.
    versions: Vec<Version>,
    owners: Vec<(u64, u64)>,
}

impl Files {
    /// How many paths there are, the root included.
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    /// Whether there is nothing but the root.
    pub fn is_empty(&self) -> bool {
        self.paths.len() <= 1
    }

    /// The directory that a path is in.
    pub fn parent(&self, path: u32) -> u32 {
        self.paths.get(path as usize).map_or(0, |path| path.parent)
    }

    /// The last component of a path.
    pub fn name(&self, path: u32) -> &[u8] {
        let path = self.paths.get(path as usize);
        path.map_or(&[], |path| self.piece(path.name, path.len))
    }

    /// A whole path, relative to the root.
    pub fn path(&self, path: u32) -> Vec<u8> {
        let mut parts = Vec::new();
        let mut at = path;
        while at != 0 {
            parts.push(self.name(at));
            at = self.parent(at);
        }
        parts.reverse();
        parts.join(&b'/')
    }

    /// What is in a directory, sorted by name.
    pub fn children(&self, path: u32) -> &[u32] {
        slice(&self.children, &self.first_child, path)
    }

    /// What layers made of a path, the lowest first.
    pub fn versions(&self, path: u32) -> &[Version] {
        slice(&self.versions, &self.first_version, path)
    }

    /// The number of a path, relative to the root.
    pub fn find(&self, path: &[u8]) -> Option<u32> {
        let mut at = 0;
        for name in path.split(|&b| b == b'/').filter(|name| !name.is_empty()) {
            let children = self.children(at);
            let found = children.binary_search_by(|&child| self.name(child).cmp(name));
            at = *children.get(found.ok()?)?;
        }
        Some(at)
    }

    /// User and group of a version.
    pub fn owner(&self, version: &Version) -> (u64, u64) {
        let owner = self.owners.get(version.owner as usize);
        owner.copied().unwrap_or_default()
    }

    /// What a symbolic link leads to.
    pub fn target(&self, version: &Version) -> Option<&[u8]> {
        (version.kind == VersionKind::Symlink)
            .then(|| self.piece((version.value >> 32) as u32, version.value as u32))
    }

    fn piece(&self, start: u32, len: u32) -> &[u8] {
        let (start, len) = (start as usize, len as usize);
        self.text.get(start..start + len).unwrap_or_default()
    }
}

/// The part of `all` that belongs to `path`.
fn slice<'a, T>(all: &'a [T], first: &[u32], path: u32) -> &'a [T] {
    let at = path as usize;
    let range = first.get(at).zip(first.get(at + 1));
    range.map_or(&[], |(&from, &to)| {
        all.get(from as usize..to as usize).unwrap_or_default()
    })
}

/// What a version is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewVersion<'a> {
    /// The layer.
    pub layer: u16,
    /// What it made of the path.
    pub kind: VersionKind,
    /// Permission bits.
    pub mode: u16,
    /// User and group.
    pub owner: (u64, u64),
    /// Size of a file.
    pub bytes: u64,
    /// Target of a symbolic link.
    pub target: &'a [u8],
    /// Where contents are.
    pub stored: Stored,
}

/// Gathers paths and their versions.
#[derive(Debug)]
pub struct FilesBuilder {
    text: Vec<u8>,
    paths: Vec<Path>,
    versions: Vec<(u32, Version)>,
    owners: Vec<(u64, u64)>,
    known: hashbrown::HashMap<(u64, u64), u32>,
}

impl Default for FilesBuilder {
    fn default() -> Self {
        FilesBuilder {
            text: Vec::new(),
            paths: vec![Path {
                parent: 0,
                name: 0,
                len: 0,
            }],
            versions: Vec::new(),
            owners: Vec::new(),
            known: hashbrown::HashMap::new(),
        }
    }
}

impl FilesBuilder {
    /// Adds a path to a directory that was added before; gives its number.
    pub fn path(&mut self, parent: u32, name: &[u8]) -> u32 {
        let (name, len) = self.add_text(name);
        self.paths.push(Path { parent, name, len });
        self.paths.len() as u32 - 1
    }

    /// Adds what a layer made of a path; of several of one layer the last counts.
    pub fn version(&mut self, path: u32, new: &NewVersion<'_>) {
        let owners = &mut self.owners;
        let owner = *self.known.entry(new.owner).or_insert_with(|| {
            owners.push(new.owner);
            owners.len() as u32 - 1
        });
        let value = match new.kind {
            VersionKind::Symlink => {
                let (start, len) = self.add_text(new.target);
                u64::from(start) << 32 | u64::from(len)
            }
            _ => new.bytes,
        };
        let version = Version {
            layer: new.layer,
            kind: new.kind,
            mode: new.mode,
            owner,
            value,
            stored: new.stored,
        };
        self.versions.push((path, version));
    }

    /// Text beyond 4 GiB is left out: the names of a layer are bounded as well.
    fn add_text(&mut self, text: &[u8]) -> (u32, u32) {
        let start = self.text.len();
        match u32::try_from(start + text.len()) {
            Ok(end) => {
                self.text.extend_from_slice(text);
                (start as u32, end - start as u32)
            }
            Err(_) => (0, 0),
        }
    }

    /// Brings everything in order.
    pub fn finish(mut self) -> Files {
        // Stable: within a layer the order tells which one counts.
        self.versions
            .sort_by_key(|&(path, version)| (path, version.layer));
        let mut versions: Vec<(u32, Version)> = Vec::with_capacity(self.versions.len());
        for &(path, version) in &self.versions {
            match versions.last_mut() {
                Some(last) if (last.0, last.1.layer) == (path, version.layer) => {
                    last.1 = version;
                }
                _ => versions.push((path, version)),
            }
        }
        drop(std::mem::take(&mut self.versions));
        let count = self.paths.len();
        self.imply_directories(&mut versions);
        let first_version = starts(count, versions.iter().map(|&(path, _)| path));
        let own = self.paths.iter().enumerate().skip(1);
        let first_child = starts(count, own.clone().map(|(_, path)| path.parent));
        let mut next = first_child.clone();
        let mut children = vec![0; count - 1];
        for (number, path) in own {
            if let Some(at) = next.get_mut(path.parent as usize) {
                if let Some(child) = children.get_mut(*at as usize) {
                    *child = number as u32;
                }
                *at += 1;
            }
        }
        let mut files = Files {
            text: self.text,
            paths: self.paths,
            first_child,
            children: Vec::new(),
            first_version,
            versions: versions.into_iter().map(|(_, version)| version).collect(),
            owners: self.owners,
        };
        for range in files.first_child.windows(2) {
            let range = range[0] as usize..range[1] as usize;
            if let Some(siblings) = children.get_mut(range) {
                siblings.sort_unstable_by(|&a, &b| files.name(a).cmp(files.name(b)));
            }
        }
        files.children = children;
        files
    }
}

impl FilesBuilder {
    /// Adds the directories that no layer has an entry for and that something is
    /// put into: runtimes make them, and they stay when that goes.
    fn imply_directories(&self, versions: &mut Vec<(u32, Version)>) {
        let first = starts(self.paths.len(), versions.iter().map(|&(path, _)| path));
        let mut implied: hashbrown::HashMap<u32, Vec<u16>> = hashbrown::HashMap::new();
        for (number, path) in self.paths.iter().enumerate().skip(1).rev() {
            if path.parent == 0 {
                continue;
            }
            let own = slice(versions, &first, number as u32).iter();
            let own = own.filter(|(_, version)| version.kind != VersionKind::Gone);
            let mut layers: Vec<u16> = own.map(|(_, version)| version.layer).collect();
            layers.extend(implied.get(&(number as u32)).into_iter().flatten());
            let above = slice(versions, &first, path.parent);
            for layer in layers {
                let until = above.partition_point(|(_, version)| version.layer <= layer);
                let last = until.checked_sub(1).and_then(|at| above.get(at));
                let gone = last.filter(|(_, version)| version.kind == VersionKind::Gone);
                let made = |since: u16| {
                    let known = implied.get(&path.parent);
                    known.is_some_and(|known| known.iter().any(|at| (since..=layer).contains(at)))
                };
                let is_there = match (last, gone) {
                    (Some(_), None) => true,
                    (_, Some((_, gone))) => made(gone.layer),
                    (None, None) => made(0),
                };
                if !is_there {
                    implied.entry(path.parent).or_default().push(layer);
                }
            }
        }
        for (path, layers) in implied {
            versions.extend(layers.into_iter().map(|layer| {
                let version = Version {
                    layer,
                    kind: VersionKind::Directory,
                    mode: 0o755,
                    owner: u32::MAX,
                    value: 0,
                    stored: Stored { layer: 0, entry: 0 },
                };
                (path, version)
            }));
        }
        // Stable: where a layer also removed the path, the directory counts.
        versions.sort_by_key(|&(path, version)| (path, version.layer));
        versions.dedup_by(|later, first| {
            let same = (later.0, later.1.layer) == (first.0, first.1.layer);
            if same {
                first.1 = later.1;
            }
            same
        });
    }
}

/// Where the items of each path begin, and where the last ones end.
fn starts(paths: usize, items: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut starts = vec![0u32; paths + 1];
    for path in items {
        if let Some(count) = starts.get_mut(path as usize + 1) {
            *count += 1;
        }
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    starts
}

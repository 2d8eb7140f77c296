//! The files and modules of one distribution.

use hashbrown::{HashMap, HashSet};

use crate::closure::files::{Files, Kind, NodeId, join, split};

/// One module that a distribution provides.
#[derive(Debug, Clone)]
pub(super) struct Module {
    pub name: String,
    /// Whether it is a package: its file is `__init__`.
    pub package: bool,
    /// Its place in [`Described::sources`] if it has source.
    pub source: Option<u32>,
}

/// One source of a distribution.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub node: NodeId,
    /// The package that relative imports start from.
    pub package: String,
    /// Whether it is a test, which nothing but tests imports.
    pub test: bool,
}

#[derive(Debug, Default)]
pub(super) struct Described {
    pub files: Vec<NodeId>,
    pub modules: Vec<Module>,
    pub sources: Vec<Source>,
    /// Directories of bundled shared libraries.
    pub libs: Vec<NodeId>,
}

type Listing = HashMap<Vec<u8>, NodeId>;

/// Directories by path, listed once.
pub(super) struct Dirs<'a> {
    pub files: &'a dyn Files,
    listed: HashMap<Vec<u8>, Listing>,
    /// The files of `__pycache__` directories by their module's name.
    caches: HashMap<Vec<u8>, HashMap<Vec<u8>, Vec<NodeId>>>,
}

/// Files taken into one distribution that has no list of its own.
const MAX_WALK: usize = 1_000_000;

impl<'a> Dirs<'a> {
    pub fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            listed: HashMap::new(),
            caches: HashMap::new(),
        }
    }

    fn list(&mut self, dir: &[u8]) -> &Listing {
        let files = self.files;
        self.listed.entry_ref(dir).or_insert_with(|| {
            let found = files.resolve(dir);
            let children = found.map(|found| files.children(found.node));
            children.unwrap_or_default().into_iter().collect()
        })
    }

    /// The entry at the path, a link itself and not what it leads to.
    pub fn entry(&mut self, path: &[u8]) -> Option<NodeId> {
        let (dir, name) = split(path);
        self.list(dir).get(name).copied()
    }
}

/// Joins and removes `.` and `..`.
pub(super) fn normal(dir: &[u8], relative: &[u8]) -> Vec<u8> {
    let mut path = if relative.starts_with(b"/") {
        Vec::new()
    } else {
        dir.to_vec()
    };
    for part in relative.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => path.truncate(path.iter().rposition(|b| *b == b'/').unwrap_or(0)),
            _ => {
                if path.last() != Some(&b'/') {
                    path.push(b'/');
                }
                path.extend_from_slice(part);
            }
        }
    }
    path
}

impl Described {
    /// From the list of paths in `RECORD`, which are relative to the site.
    pub fn from_record(dirs: &mut Dirs<'_>, site: &[u8], paths: &[Vec<u8>]) -> Self {
        let mut found = Self::default();
        let mut seen = HashSet::new();
        for relative in paths {
            let path = normal(site, relative);
            if let Some(node) = dirs.entry(&path)
                && dirs.files.kind(node) != Kind::Directory
                && seen.insert(node)
            {
                found.add(dirs, site, &path, node, &mut seen);
            }
        }
        found.libraries(dirs);
        found
    }

    /// All below the given entries of the site.
    pub fn from_tops(dirs: &mut Dirs<'_>, site: &[u8], tops: &[NodeId]) -> Self {
        let mut found = Self::default();
        let mut seen = HashSet::new();
        let mut todo: Vec<NodeId> = tops.to_vec();
        while let Some(node) = todo.pop() {
            if seen.len() >= MAX_WALK || !seen.insert(node) {
                continue;
            }
            if dirs.files.kind(node) == Kind::Directory {
                todo.extend(dirs.files.children(node).into_iter().map(|(_, node)| node));
            } else {
                let path = dirs.files.path(node);
                found.add(dirs, site, &path, node, &mut seen);
            }
        }
        found.libraries(dirs);
        found
    }

    fn add(
        &mut self,
        dirs: &mut Dirs<'_>,
        site: &[u8],
        path: &[u8],
        node: NodeId,
        seen: &mut HashSet<NodeId>,
    ) {
        self.files.push(node);
        let Some(relative) = path.strip_prefix(site) else {
            return;
        };
        let relative = relative.strip_prefix(b"/").unwrap_or(relative);
        let (dir, file) = match relative.iter().rposition(|b| *b == b'/') {
            Some(at) => (
                relative.get(..at).unwrap_or_default(),
                relative.get(at.saturating_add(1)..).unwrap_or_default(),
            ),
            None => (&b""[..], relative),
        };
        let Some((stem, kind)) = module_file(file) else {
            return;
        };
        let package = dotted(dir);
        let mut source = None;
        if kind == Suffix::Source {
            source = u32::try_from(self.sources.len()).ok();
            self.sources.push(Source {
                node,
                package: package.clone().unwrap_or_default(),
                test: is_test(dir, stem.as_bytes()),
            });
            compiled(dirs, split(path).0, &stem, |node| {
                if seen.insert(node) {
                    self.files.push(node);
                }
            });
        }
        let Some(package) = package else { return };
        let is_package = stem == "__init__";
        let name = match (package.as_str(), is_package) {
            ("", true) => return,
            ("", false) => stem,
            (_, true) => package,
            (_, false) => format!("{package}.{stem}"),
        };
        if super::callee::is_dotted(&name) {
            self.modules.push(Module {
                name,
                package: is_package,
                source,
            });
        }
    }

    /// Finds `numpy.libs` and `.libs` among the directories of the files.
    fn libraries(&mut self, dirs: &mut Dirs<'_>) {
        let mut parents: HashSet<Vec<u8>> = HashSet::new();
        for node in &self.files {
            let path = dirs.files.path(*node);
            if path.windows(3).any(|part| part == b".so") {
                parents.insert(split(&path).0.to_vec());
            }
        }
        for parent in parents {
            if split(&parent).1.ends_with(b".libs") {
                self.libs
                    .extend(dirs.files.resolve(&parent).map(|found| found.node));
            }
        }
        self.libs.sort_unstable();
    }
}

/// Hands out the cached bytecode of the module `stem` in `dir`.
fn compiled(dirs: &mut Dirs<'_>, dir: &[u8], stem: &str, mut found: impl FnMut(NodeId)) {
    let cache = join(dir, b"__pycache__");
    let files = dirs.files;
    let by_stem = dirs.caches.entry(cache).or_insert_with_key(|cache| {
        let mut by_stem: HashMap<Vec<u8>, Vec<NodeId>> = HashMap::new();
        let children = files.resolve(cache).map(|found| files.children(found.node));
        for (name, node) in children.unwrap_or_default() {
            let stem = name.split(|b| *b == b'.').next().unwrap_or_default();
            by_stem.entry_ref(stem).or_default().push(node);
        }
        by_stem
    });
    for node in by_stem.get(stem.as_bytes()).into_iter().flatten() {
        found(*node);
    }
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Suffix {
    Source,
    Binary,
}

/// The module's own name and the kind of its file.
fn module_file(file: &[u8]) -> Option<(String, Suffix)> {
    let file = std::str::from_utf8(file).ok()?;
    if let Some(stem) = file.strip_suffix(".py") {
        return Some((stem.to_owned(), Suffix::Source));
    }
    let binary = file.ends_with(".so") || file.ends_with(".pyd") || file.ends_with(".pyc");
    // In `__pycache__` the name is `stem.cpython-311.pyc`; its directory keeps that from being
    // taken for another module of the same name.
    let stem = file.split('.').next().filter(|stem| !stem.is_empty())?;
    binary.then(|| (stem.to_owned(), Suffix::Binary))
}

/// The package of a directory below the site; `None` if it cannot be one.
fn dotted(dir: &[u8]) -> Option<String> {
    if dir.is_empty() {
        return Some(String::new());
    }
    let dir = std::str::from_utf8(dir).ok()?;
    if dir.contains('.') || dir.contains('-') || dir.ends_with("__pycache__") {
        return None;
    }
    Some(dir.replace('/', "."))
}

fn is_test(dir: &[u8], stem: &[u8]) -> bool {
    let tests = |part: &[u8]| {
        matches!(
            part,
            b"tests" | b"test" | b"_tests" | b"testing" | b"_testing"
        )
    };
    dir.split(|b| *b == b'/').any(tests)
        || stem == b"conftest"
        || stem.starts_with(b"test_")
        || stem.ends_with(b"_test")
}

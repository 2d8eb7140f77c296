//! The directories that distributions are installed in.

use super::scan::{Import, scan};
use crate::closure::files::{Files, Kind, NodeId, join, read_all, split};

/// One directory of installed distributions (`site-packages`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The directory.
    pub node: NodeId,
    /// Its absolute path.
    pub path: Vec<u8>,
    /// What it shares with the other sites of its Python or virtual environment: imports do not
    /// cross from one to another. `None` sees all and is seen by all: a directory that some
    /// `PYTHONPATH` names, or an environment with `include-system-site-packages`.
    pub environment: Option<Vec<u8>>,
    /// The Python version in its path.
    pub version: Option<(u32, u32)>,
    /// The directories of the standard library that belong to it.
    pub stdlib: Vec<NodeId>,
    /// Its `.pth` files, by name.
    pub pth: Vec<Pth>,
}

/// A `.pth` file, which Python reads whenever it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pth {
    /// The file.
    pub node: NodeId,
    /// The modules that its `import` lines import.
    pub imports: Vec<Import>,
    /// The absolute directories that it adds to the module path.
    pub paths: Vec<Vec<u8>>,
}

/// Larger files are not what they seem.
const MAX_PTH: u64 = 4 << 20;

/// `python3.11` as a version.
fn version_of(name: &[u8]) -> Option<(u32, u32)> {
    let name = name
        .strip_prefix(b"python")
        .or_else(|| name.strip_prefix(b"pypy"))?;
    let (major, minor) = std::str::from_utf8(name).ok()?.split_once('.')?;
    let minor = minor.trim_end_matches('t');
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Whether a directory of this name is a site wherever it lies.
pub(super) fn is_site_name(name: &[u8]) -> bool {
    matches!(name, b"site-packages" | b"dist-packages")
}

impl Site {
    pub(super) fn read(files: &dyn Files, node: NodeId) -> Self {
        let path = files.path(node);
        let (lib, name) = split(&path);
        let (mut environment, mut version) = (None, None);
        let mut stdlib = Vec::new();
        if is_site_name(name) {
            let (above, python) = split(lib);
            version = version_of(python);
            let prefix = split(above).0;
            environment = Some(match prefix {
                // Debian's Python sees both.
                b"/usr" | b"/usr/local" if name == b"dist-packages" => b"/usr".to_vec(),
                _ => prefix.to_vec(),
            });
            if sees_system(files, prefix) {
                environment = None;
            }
            stdlib = libraries(files, lib, above, version);
        }
        let pth = files
            .children(node)
            .into_iter()
            .filter(|(name, _)| name.ends_with(b".pth"))
            .filter_map(|(_, node)| Pth::read(files, node, &path))
            .collect();
        Self {
            node,
            path,
            environment,
            version,
            stdlib,
            pth,
        }
    }
}

/// Whether `prefix` is a virtual environment that sees the system's distributions too.
fn sees_system(files: &dyn Files, prefix: &[u8]) -> bool {
    let bytes = files
        .resolve(&join(prefix, b"pyvenv.cfg"))
        .and_then(|found| read_all(files, found.node, MAX_PTH));
    let text = bytes.unwrap_or_default();
    String::from_utf8_lossy(&text).lines().any(|line| {
        line.split_once('=').is_some_and(|(key, value)| {
            key.trim()
                .eq_ignore_ascii_case("include-system-site-packages")
                && value.trim().eq_ignore_ascii_case("true")
        })
    })
}

/// Where the standard library lies: beside the site, or in `/usr/lib/python3.11` for Debian's
/// `/usr/lib/python3/dist-packages`.
fn libraries(
    files: &dyn Files,
    lib: &[u8],
    above: &[u8],
    version: Option<(u32, u32)>,
) -> Vec<NodeId> {
    let mut dirs = vec![lib.to_vec()];
    if version.is_none()
        && let Some(found) = files.resolve(above)
    {
        let children = files.children(found.node).into_iter();
        let named = children.filter(|(name, _)| version_of(name).is_some());
        dirs.extend(named.map(|(name, _)| join(above, &name)));
    }
    let library = |dir: Vec<u8>| {
        files.resolve(&join(&dir, b"os.py"))?;
        Some(files.resolve(&dir)?.node)
    };
    dirs.into_iter().filter_map(library).collect()
}

impl Pth {
    fn read(files: &dyn Files, node: NodeId, site: &[u8]) -> Option<Self> {
        let target = match files.kind(node) {
            Kind::Symlink => files.resolve(&files.path(node))?.node,
            _ => node,
        };
        let bytes = read_all(files, target, MAX_PTH)?;
        let (mut imports, mut paths) = (Vec::new(), Vec::new());
        for (number, line) in (1_u32..).zip(bytes.split(|b| *b == b'\n')) {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            if line.starts_with(b"import ") || line.starts_with(b"import\t") {
                imports.extend(scan(line).imports.into_iter().map(|import| Import {
                    line: number,
                    ..import
                }));
            } else if line.starts_with(b"/") {
                paths.push(line.to_vec());
            } else {
                paths.push(join(site, line));
            }
        }
        Some(Self {
            node,
            imports,
            paths,
        })
    }
}

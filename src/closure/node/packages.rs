//! The packages of an image.

use hashbrown::HashMap;

use super::manifest::{Manifest, package_name};
use crate::closure::files::{Files, NodeId, join, read_all, split};

/// The place of a package in [`Packages::packages`].
pub type PackageId = u32;

/// Where a package lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageKind {
    /// In a `node_modules` of an application.
    Installed,
    /// A program for the whole system: in `lib/node_modules` (`npm`, `corepack`), or a yarn in
    /// `/opt`.
    Global,
    /// In a directory that Debian's Node looks in last (`/usr/share/nodejs`).
    System,
    /// Elsewhere: an application or a workspace of one.
    Application,
}

/// One package.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its directory.
    pub dir: NodeId,
    /// The absolute path of its directory, without links.
    pub path: Vec<u8>,
    /// Its `package.json`.
    pub node: NodeId,
    /// The name it is asked for by: its place in `node_modules`, or else what the manifest says.
    pub name: String,
    /// Where it lies.
    pub kind: PackageKind,
    /// What its manifest says; empty if that cannot be read.
    pub manifest: Manifest,
}

/// Something that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub node: NodeId,
    /// What is wrong.
    pub text: String,
}

/// All packages of an image.
#[derive(Debug, Default)]
pub struct Packages {
    /// The packages, in the order of the candidates.
    pub packages: Vec<Package>,
    /// Manifests that are no JSON or too large. Their packages are there, without dependencies.
    pub problems: Vec<Problem>,
    by_path: HashMap<Vec<u8>, PackageId>,
}

const MAX_MANIFEST: u64 = 8 << 20;

/// The name that a directory has by its place, and the kind of the place; `None` for a directory
/// inside a package.
fn place(path: &[u8]) -> Option<(Option<String>, PackageKind)> {
    let text = std::str::from_utf8(path).ok()?;
    let installed = text.rfind("/node_modules/").map(|at| text.split_at(at));
    let (rest, kind) = if let Some((above, rest)) = installed {
        let kind = if above.ends_with("/lib") && above.starts_with("/usr") {
            PackageKind::Global
        } else {
            PackageKind::Installed
        };
        (rest.strip_prefix("/node_modules/")?, kind)
    } else if let Some(rest) = text.strip_prefix("/usr/share/nodejs/") {
        (rest, PackageKind::System)
    } else if let Some(rest) = text.strip_prefix("/usr/lib/nodejs/") {
        (rest, PackageKind::System)
    } else if let Some((_, rest)) = text
        .split_once("/nodejs/")
        .filter(|(above, _)| above.starts_with("/usr/lib/"))
    {
        (rest, PackageKind::System)
    } else if text.starts_with("/opt/yarn-") {
        return Some((Some("yarn".to_owned()), PackageKind::Global));
    } else {
        return Some((None, PackageKind::Application));
    };
    (package_name(rest)? == rest).then(|| (Some(rest.to_owned()), kind))
}

impl Packages {
    /// Reads all packages. `candidates` are the nodes of every file called `package.json`.
    pub fn find(files: &dyn Files, candidates: &[NodeId]) -> Self {
        let mut found = Self::default();
        for node in candidates {
            let path = files.path(*node);
            let (dir, _) = split(&path);
            if let Some((name, kind)) = place(dir)
                && let Some(dir_node) = files.resolve(&join(b"/", dir))
                && let Ok(id) = u32::try_from(found.packages.len())
                && !found.by_path.contains_key(dir)
            {
                let bytes = read_all(files, *node, MAX_MANIFEST);
                let manifest = bytes
                    .ok_or_else(|| "cannot be read or is too large".to_owned())
                    .and_then(|bytes| Manifest::parse(&bytes));
                let manifest = manifest.unwrap_or_else(|text| {
                    found.problems.push(Problem { node: *node, text });
                    Manifest::default()
                });
                found.by_path.insert(dir.to_vec(), id);
                found.packages.push(Package {
                    dir: dir_node.node,
                    path: dir.to_vec(),
                    node: *node,
                    name: name.or_else(|| manifest.name.clone()).unwrap_or_default(),
                    kind,
                    manifest,
                });
            }
        }
        found
    }

    /// The package that the file or directory at `path` (without links) is of, itself included.
    pub fn owner(&self, path: &[u8]) -> Option<PackageId> {
        let mut at = path;
        loop {
            if let Some(id) = self.by_path.get(at) {
                return Some(*id);
            }
            let (above, name) = split(at);
            if name == b"node_modules" || at == b"/" {
                return None;
            }
            at = above;
        }
    }

    /// One package by its place.
    pub fn get(&self, id: PackageId) -> Option<&Package> {
        self.packages.get(usize::try_from(id).ok()?)
    }
}

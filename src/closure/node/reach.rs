//! What an application can reach.

use std::collections::{BTreeMap, BTreeSet};

use super::packages::{PackageId, Packages, Problem};
use super::walk::Walk;
use crate::closure::files::{Files, NodeId};

/// Where the application starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// A file that belongs to no installed package: source, JSON, or a `package.json`.
    File(NodeId),
    /// A command, as words or as one line for a shell, and its working directory. Also the value
    /// of `NODE_OPTIONS`.
    Command(Vec<String>, Vec<u8>),
}

/// How to walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Whether the sources of installed packages are read: finds packages that they use without
    /// declaring them, and the places that compute names. Without, only manifests are followed.
    pub scan_packages: bool,
    /// Directories that requests are looked for in last (`NODE_PATH`); Debian's are known.
    pub node_path: Vec<Vec<u8>>,
    /// Directories of commands (`PATH`).
    pub path: Vec<Vec<u8>>,
}

impl Default for Options {
    fn default() -> Self {
        let list = |dirs: &[&str]| dirs.iter().map(|dir| dir.as_bytes().to_vec()).collect();
        Self {
            scan_packages: true,
            node_path: Vec::new(),
            path: list(&[
                "/usr/local/bin",
                "/usr/local/sbin",
                "/usr/bin",
                "/usr/sbin",
                "/bin",
            ]),
        }
    }
}

/// What reaches a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// A source, or a manifest that is a root.
    File(NodeId),
    /// A reached package, by its manifest.
    Package(PackageId),
    /// A root that is no file: its place in the list of roots.
    Root(usize),
}

/// In which way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A source asks for this.
    Request(String),
    /// A source of a package asks for this, which its manifest does not declare.
    Undeclared(String),
    /// A string of a JSON file of the application names it.
    Json(String),
    /// The manifest declares it.
    Dependency,
    /// A word of a command or of a script of the manifest.
    Word(String),
}

/// The first reason found for a package being reached; there may be others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// What reaches it.
    pub by: By,
    /// The line there, counted from 1.
    pub line: Option<u32>,
    /// In which way.
    pub what: What,
}

/// A request for a package of `devDependencies` that was not followed: from a test or the
/// configuration of a tool, or undeclared from an installed package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The package.
    pub package: PackageId,
    /// The source.
    pub node: NodeId,
    /// The line, counted from 1.
    pub line: u32,
}

/// A place that asks for a module whose name is computed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The source.
    pub node: NodeId,
    /// The line, counted from 1.
    pub line: u32,
    /// The installed package that the source is of.
    pub package: Option<PackageId>,
    /// What the name surely starts with, perhaps empty; `./` for one of the package's own.
    pub start: String,
}

/// All that is reached.
#[derive(Debug, Default)]
pub struct Reached {
    /// The packages, each with the first reason found.
    pub packages: BTreeMap<PackageId, Reason>,
    /// Symbolic links that were crossed on the way to them; without them they are not found.
    pub links: BTreeSet<NodeId>,
    /// Native modules (`.node`) of reached packages and of the application, and WebAssembly that
    /// the application asks for.
    pub native: BTreeSet<NodeId>,
    /// The places of reached sources that compute what they ask for.
    pub dynamic: Vec<Place>,
    /// Requests that were not followed, for packages that nothing else reaches.
    pub skipped: Vec<Skipped>,
    /// Sources that could not be read; what they ask for is not known.
    pub problems: Vec<Problem>,
}

/// Finds all packages that can be reached from `roots`.
///
/// From a source, all its literal requests are followed, resolved as Node does up to the package.
/// From a package: all that its manifest declares and that is installed, `devDependencies` not.
/// From a command: the packages that its words run, and the scripts that it names.
pub fn reach(files: &dyn Files, packages: &Packages, roots: &[Root], options: &Options) -> Reached {
    let mut walk = Walk::new(files, packages, options);
    for (at, root) in roots.iter().enumerate() {
        walk.root(at, root);
    }
    walk.run();
    walk.finish()
}

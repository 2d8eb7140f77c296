//! What is known about one package.

use crate::closure::files::NodeId;

/// The place of a package in [`Installed::packages`](super::Installed::packages).
pub type PackageId = u32;

/// A package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Manager {
    /// Debian's.
    Dpkg,
    /// Alpine's.
    Apk,
    /// That of Fedora, Red Hat and SUSE.
    Rpm,
}

impl Manager {
    /// The name of its program.
    pub fn name(self) -> &'static str {
        match self {
            Manager::Dpkg => "dpkg",
            Manager::Apk => "apk",
            Manager::Rpm => "rpm",
        }
    }
}

/// When a dependency is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DependencyKind {
    /// Whenever the package is used.
    Runs,
    /// As [`DependencyKind::Runs`], and even before the package is unpacked: dpkg's
    /// `Pre-Depends`.
    Unpacks,
    /// Only by the scripts that run when the package is installed or removed: rpm's
    /// `Requires(post)` and the like. Nothing runs them in a container.
    Scripts,
}

/// Something that a package needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// As the package states it.
    pub name: String,
    /// The installed packages of which each satisfies it, sorted. Versions are not compared. Empty
    /// if none is installed, as in images that were made with force.
    pub satisfied_by: Vec<PackageId>,
    /// When it is needed.
    pub kind: DependencyKind,
}

/// An installed package.
#[derive(Debug, Clone)]
pub struct Package {
    /// Whose package it is.
    pub manager: Manager,
    /// Its name.
    pub name: String,
    /// Its version as the manager writes it; empty if it gives none.
    pub version: String,
    /// Its architecture as the manager writes it; empty if it gives none.
    pub architecture: String,
    /// Files, links and devices that it lists and that are there, sorted. Links in directories
    /// are followed, a link that is listed itself is that link. A file that another package
    /// diverted is where it was moved to.
    pub files: Vec<NodeId>,
    /// The directories that it lists and that are there, sorted; also links to directories that
    /// it has files below.
    pub directories: Vec<NodeId>,
    /// Whether its list of files was found. If not, its files look as if nobody owned them.
    pub listed: bool,
    /// The files in the database that are only about it, sorted; not in `files`.
    pub records: Vec<NodeId>,
    /// What it needs. What it provides itself is left out.
    pub depends: Vec<Dependency>,
    /// What it works better with: `Recommends` of dpkg and rpm.
    pub recommends: Vec<Dependency>,
    /// Whether the manager refuses to remove it: dpkg's `Essential: yes`.
    pub essential: bool,
    /// The source package, if the database names one.
    pub source: Option<String>,
    /// The nodes that have to stay for its licence to be found: texts, and links that lead to
    /// them. They may belong to other packages.
    pub licences: Vec<NodeId>,
}

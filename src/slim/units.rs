//! The packages of an image as units that are kept or removed, and who owns
//! which path.

use hashbrown::HashMap;

use super::reason::UnitId;
use super::view::View;
use crate::closure::installed::{self, Installed};
use crate::closure::node::{PackageKind, Packages};
use crate::closure::{Files, Kind, NodeId, python};
use crate::tree::{Step, Tree};

/// Where a unit's description is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A package of dpkg, apk or rpm.
    System(installed::PackageId),
    /// A Python distribution.
    Python(python::DistributionId),
    /// A Node package.
    Node(crate::closure::node::PackageId),
}

/// One package.
#[derive(Debug)]
pub struct Unit {
    /// Where its description is.
    pub origin: Origin,
    /// `dpkg`, `apk`, `rpm`, `pip` or `npm`.
    pub manager: &'static str,
    /// Its name.
    pub name: String,
    /// Its version; empty if it has none.
    pub version: String,
    /// Its files and links, not its directories.
    pub files: Vec<NodeId>,
}

impl Unit {
    /// Manager and name.
    pub fn label(&self) -> String {
        format!("{} {}", self.manager, self.name)
    }
}

/// All packages.
pub struct Units {
    /// The packages: those of the system first.
    pub units: Vec<Unit>,
    /// The system's packages.
    pub system: Installed,
    /// The Python distributions.
    pub python: python::Installed,
    /// The Node packages.
    pub node: Packages,
    owners: HashMap<NodeId, Vec<UnitId>>,
    directories: HashMap<NodeId, Vec<UnitId>>,
    records: HashMap<NodeId, UnitId>,
    python_units: HashMap<python::DistributionId, UnitId>,
    node_units: HashMap<crate::closure::node::PackageId, UnitId>,
}

/// Owners of one path that are remembered; more make no difference.
pub(super) const MOST_OWNERS: usize = 8;

impl Units {
    /// Finds all packages.
    pub fn find(view: View<'_>, python: &python::Environment) -> Self {
        let (python_candidates, node_candidates) = candidates(view.tree);
        let mut units = Units {
            units: Vec::new(),
            system: Installed::find(&view),
            python: python::Installed::find(&view, &python_candidates, python),
            node: Packages::find(&view, &node_candidates),
            owners: HashMap::new(),
            directories: HashMap::new(),
            records: HashMap::new(),
            python_units: HashMap::new(),
            node_units: HashMap::new(),
        };
        units.add_system();
        units.add_python();
        units.add_node(view.tree);
        units
    }

    fn push(&mut self, unit: Unit) -> UnitId {
        let id = self.units.len() as UnitId;
        for &node in &unit.files {
            let owners = self.owners.entry(node).or_default();
            if owners.len() < MOST_OWNERS && !owners.contains(&id) {
                owners.push(id);
            }
        }
        self.units.push(unit);
        id
    }

    fn add_system(&mut self) {
        let packages = std::mem::take(&mut self.system.packages);
        for (number, package) in packages.iter().enumerate() {
            let id = self.push(Unit {
                origin: Origin::System(number as installed::PackageId),
                manager: package.manager.name(),
                name: package.name.clone(),
                version: package.version.clone(),
                files: package.files.clone(),
            });
            for &record in &package.records {
                self.records.insert(record, id);
            }
            for &directory in &package.directories {
                let owners = self.directories.entry(directory).or_default();
                if owners.len() < MOST_OWNERS {
                    owners.push(id);
                }
            }
        }
        self.system.packages = packages;
    }

    /// Distributions that a system package brought are a part of that package.
    fn add_python(&mut self) {
        let distributions = std::mem::take(&mut self.python.distributions);
        for (number, distribution) in distributions.iter().enumerate() {
            let number = number as python::DistributionId;
            let first = distribution.files.first().unwrap_or(&distribution.info);
            if distribution.editable
                || self.owners.contains_key(&distribution.info)
                || self.owners.contains_key(first)
            {
                continue;
            }
            let id = self.push(Unit {
                origin: Origin::Python(number),
                manager: "pip",
                name: distribution.name.clone(),
                version: distribution.version.clone(),
                files: distribution.files.clone(),
            });
            self.python_units.insert(number, id);
        }
        self.python.distributions = distributions;
    }

    fn add_node(&mut self, tree: &Tree) {
        let packages = std::mem::take(&mut self.node.packages);
        for (number, package) in packages.iter().enumerate() {
            let number = number as crate::closure::node::PackageId;
            if package.kind == PackageKind::Application || self.owners.contains_key(&package.node) {
                continue;
            }
            let files = own_files(tree, package.dir);
            let id = self.push(Unit {
                origin: Origin::Node(number),
                manager: "npm",
                name: package.name.clone(),
                version: package.manifest.version.clone().unwrap_or_default(),
                files,
            });
            self.node_units.insert(number, id);
        }
        self.node.packages = packages;
    }

    /// The packages that own a file or link.
    pub fn owners(&self, node: NodeId) -> &[UnitId] {
        self.owners
            .get(&node)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The packages of the system that list a directory, some of them if there
    /// are many.
    pub fn directory_owners(&self, node: NodeId) -> &[UnitId] {
        let owners = self.directories.get(&node);
        owners.map(Vec::as_slice).unwrap_or_default()
    }

    /// The package whose record in a database a file is.
    pub fn record_of(&self, node: NodeId) -> Option<UnitId> {
        self.records.get(&node).copied()
    }

    /// One package.
    pub fn unit(&self, id: UnitId) -> Option<&Unit> {
        self.units.get(id as usize)
    }

    /// The description of a package of the system.
    pub fn system_package(&self, id: UnitId) -> Option<&installed::Package> {
        match self.unit(id)?.origin {
            Origin::System(number) => self.system.packages.get(number as usize),
            _ => None,
        }
    }

    /// The unit of a Python distribution; `None` if it is a part of another
    /// package or of the application.
    pub fn of_python(&self, id: python::DistributionId) -> Option<UnitId> {
        self.python_units.get(&id).copied()
    }

    /// The unit of a Node package, as [`Units::of_python`].
    pub fn of_node(&self, id: crate::closure::node::PackageId) -> Option<UnitId> {
        self.node_units.get(&id).copied()
    }
}

/// What Python's and Node's descriptions are looked for in.
fn candidates(tree: &Tree) -> (Vec<NodeId>, Vec<NodeId>) {
    let (mut python, mut node) = (Vec::new(), Vec::new());
    for at in tree.paths() {
        let name = tree.name(at);
        if name == b"package.json" {
            node.push(at);
        } else if name.ends_with(b".dist-info")
            || name.ends_with(b".egg-info")
            || name.ends_with(b".egg-link")
            || name.ends_with(b".pth")
            || name.starts_with(b"__editable__")
        {
            python.push(at);
        }
    }
    (python, node)
}

/// The files of a Node package without those of the packages inside it.
fn own_files(tree: &Tree, dir: NodeId) -> Vec<NodeId> {
    let view = View { tree };
    let mut files = Vec::new();
    let mut walk = tree.walk_from(dir);
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        if view.kind(node) != Kind::Directory {
            files.push(node);
        } else if node != dir && tree.name(node) == b"node_modules" {
            walk.skip_children();
        }
    }
    files
}

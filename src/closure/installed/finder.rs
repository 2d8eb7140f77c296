//! The packages as they are found, manager by manager.

use std::fmt::Display;

use hashbrown::HashSet;

use super::licences::Licences;
use super::package::{Dependency, Manager, Package, PackageId};
use super::places::Places;
use super::relations::{Index, Offer, Wish};
use super::{At, Entry, Format, Installed, Owners, Source};
use crate::closure::files::{Files, Kind, NodeId};

/// Packages of an image. The largest distributions have some 100 000 to choose from.
const MOST_PACKAGES: usize = 200_000;
/// Names that packages provide or need, of all together.
const MOST_NAMES: usize = 4 << 20;
/// Problems that are put in words for one manager.
const MOST_PROBLEMS: usize = 20;

/// One package as its database describes it.
pub(super) struct Draft {
    pub package: Package,
    pub at: At,
    pub offer: Offer,
    pub needs: Vec<Wish>,
    pub recommends: Vec<Wish>,
}

impl Draft {
    /// A package without anything but its names.
    pub fn new(manager: Manager, name: &[u8], version: &[u8], architecture: &[u8], at: At) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let offer = Offer {
            architecture: text(architecture),
            ..Offer::default()
        };
        let package = Package {
            manager,
            name: text(name),
            version: text(version),
            architecture: text(architecture),
            files: Vec::new(),
            directories: Vec::new(),
            listed: false,
            records: Vec::new(),
            depends: Vec::new(),
            recommends: Vec::new(),
            essential: false,
            source: None,
            licences: Vec::new(),
        };
        Self {
            package,
            at,
            offer,
            needs: Vec::new(),
            recommends: Vec::new(),
        }
    }

    /// Takes the files from a list of them, `false` if there are too many.
    pub fn own<P: AsRef<[u8]>>(
        &mut self,
        places: &mut Places<'_>,
        list: impl Iterator<Item = P>,
    ) -> bool {
        let Some(owned) = places.own(list) else {
            return false;
        };
        self.package.files = owned.files;
        self.package.directories = owned.directories;
        self.package.listed = true;
        true
    }
}

struct Wishes {
    needs: Vec<Wish>,
    recommends: Vec<Wish>,
}

/// Grows the list of packages.
pub(super) struct Finder<'a> {
    pub places: Places<'a>,
    installed: Installed,
    manager: Manager,
    /// The first package of the manager, and how many sources were there before.
    first: (usize, usize),
    offers: Vec<Offer>,
    wishes: Vec<Wishes>,
    seen: HashSet<NodeId>,
    names: usize,
    problems: usize,
    failed: bool,
}

impl<'a> Finder<'a> {
    pub fn new(files: &'a dyn Files) -> Self {
        Self {
            places: Places::new(files),
            installed: Installed::default(),
            manager: Manager::Dpkg,
            first: (0, 0),
            offers: Vec::new(),
            wishes: Vec::new(),
            seen: HashSet::new(),
            names: 0,
            problems: 0,
            failed: false,
        }
    }

    /// The packages of the following calls are of this manager.
    pub fn begin(&mut self, manager: Manager) {
        self.close();
        self.manager = manager;
    }

    /// Puts a problem of the file at `path` in words.
    pub fn problem(&mut self, path: &[u8], what: impl Display) {
        self.problems = self.problems.saturating_add(1);
        if self.problems <= MOST_PROBLEMS {
            let path = String::from_utf8_lossy(path);
            self.installed.problems.push(format!("{path}: {what}"));
        }
    }

    /// The manager's packages cannot be told from its database.
    pub fn fail(&mut self, path: &[u8], what: impl Display) {
        if !self.failed {
            // Of all problems, this one must not be left out.
            self.problems = 0;
        }
        self.failed = true;
        self.problem(path, what);
    }

    /// Whether nothing more of this manager is of use.
    pub fn failed(&self) -> bool {
        self.failed
    }

    /// A file with packages; what it has comes with the next calls of `add`. `false` if it is
    /// known already, by another path.
    pub fn source(&mut self, node: NodeId, format: Format) -> bool {
        if !self.seen.insert(node) {
            return false;
        }
        self.installed.sources.push(Source { node, format });
        true
    }

    /// The contents of a source; a failure of the manager if they cannot be had.
    pub fn read_source(&mut self, path: &[u8], node: NodeId) -> Option<Vec<u8>> {
        match self.places.read(node, super::places::MOST_BYTES) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.fail(path, error);
                None
            }
        }
    }

    /// Files of the database that are no package's own.
    pub fn keep(&mut self, nodes: impl IntoIterator<Item = NodeId>) {
        self.installed.databases.extend(nodes);
    }

    /// The entries of a directory, links followed on the way to it.
    pub fn list(&self, dir: &[u8]) -> Vec<(Vec<u8>, NodeId)> {
        let found = self.places.files.resolve(dir);
        found.map_or_else(Vec::new, |found| self.places.files.children(found.node))
    }

    /// Keeps everything in a directory but its directories.
    pub fn keep_all_in(&mut self, dir: &[u8]) {
        let files = self.places.files;
        let entries = self.list(dir).into_iter().map(|(_, node)| node);
        self.keep(entries.filter(|node| files.kind(*node) != Kind::Directory));
    }

    /// Adds a package of the last source.
    pub fn add(&mut self, path: &[u8], draft: Draft) {
        let names = |wishes: &[Wish]| {
            let alternatives = wishes.iter().map(|w| w.alternatives.len());
            alternatives.fold(wishes.len(), usize::saturating_add)
        };
        self.names = [
            draft.offer.provides.len(),
            names(&draft.needs),
            names(&draft.recommends),
        ]
        .into_iter()
        .fold(self.names, usize::saturating_add);
        if self.installed.packages.len() >= MOST_PACKAGES || self.names > MOST_NAMES {
            return self.fail(path, "too many packages, or too much that they need");
        }
        if self.failed {
            return;
        }
        let source = self.installed.sources.len().saturating_sub(1);
        self.installed.entries.push(Entry {
            source,
            at: draft.at,
        });
        self.installed.packages.push(draft.package);
        self.offers.push(draft.offer);
        self.wishes.push(Wishes {
            needs: draft.needs,
            recommends: draft.recommends,
        });
    }

    fn close(&mut self) {
        let (package, source) = self.first;
        if !self.failed && !self.relate(package) {
            self.fail(
                format!("{} packages", self.manager.name()).as_bytes(),
                "too many satisfy the same dependencies",
            );
        }
        if let Some(more) = self.problems.checked_sub(MOST_PROBLEMS)
            && more > 0
        {
            let manager = self.manager.name();
            let text = format!("{more} more problems with {manager} packages");
            self.installed.problems.push(text);
        }
        if self.failed {
            self.installed.packages.truncate(package);
            self.installed.entries.truncate(package);
            self.installed.sources.truncate(source);
            self.installed.unreadable.push(self.manager);
        }
        self.first = (self.installed.packages.len(), self.installed.sources.len());
        self.offers.clear();
        self.wishes.clear();
        self.names = 0;
        self.problems = 0;
        self.failed = false;
    }

    /// Turns the wishes of the manager's packages into dependencies.
    fn relate(&mut self, first: usize) -> bool {
        let Some(packages) = self.installed.packages.get_mut(first..) else {
            return true;
        };
        let Ok(base) = PackageId::try_from(first) else {
            return false;
        };
        let owners = Owners::of(packages);
        let names: Vec<String> = packages.iter().map(|p| p.name.clone()).collect();
        let mut index = Index::new(base, names.iter().map(String::as_str), &self.offers);
        let places = &mut self.places;
        let mut owners_of = |path: &str| {
            let Some(node) = places.locate(path.as_bytes()) else {
                return Vec::new();
            };
            let mut ids = owners.get(node);
            if ids.is_empty()
                && let Some(found) = places.files.resolve(path.as_bytes())
            {
                ids = owners.get(found.node);
            }
            ids.iter().map(|id| id.saturating_add(base)).collect()
        };
        for (id, (package, wishes)) in (base..).zip(packages.iter_mut().zip(self.wishes.drain(..)))
        {
            let mut relate = |wishes: Vec<Wish>| -> Result<Vec<Dependency>, ()> {
                let related = wishes
                    .into_iter()
                    .map(|wish| index.dependency(id, wish, &mut owners_of));
                related.filter_map(Result::transpose).collect()
            };
            let (Ok(needs), Ok(recommends)) = (relate(wishes.needs), relate(wishes.recommends))
            else {
                return false;
            };
            package.depends = needs;
            package.recommends = recommends;
        }
        true
    }

    pub fn finish(mut self) -> Installed {
        self.close();
        let mut installed = self.installed;
        let mut licences = Licences::new(self.places.files);
        for (id, package) in (0..).zip(&mut installed.packages) {
            licences.add(package);
            let ids = installed.names.entry_ref(package.name.as_str());
            ids.or_default().push(id);
            package.records.sort_unstable();
            package.records.dedup();
        }
        if licences.incomplete() {
            let text = "/usr/share/licenses: too many files, not all licences are known";
            installed.problems.push(text.to_owned());
        }
        installed.owners = Owners::of(&installed.packages);
        installed.databases.sort_unstable();
        installed.databases.dedup();
        installed
    }
}

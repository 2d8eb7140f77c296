//! The system packages of an image: what each owns and needs, and its manager's database without
//! some of them.
//!
//! [`Installed::find`] reads the databases of dpkg, apk and rpm; [`Installed::reduce`] gives the
//! same databases after some packages were taken out. A manager whose database cannot be read in
//! full has no packages at all: half of a list would make the files of the other half look as if
//! nobody owned them.

mod apk;
mod dpkg;
mod finder;
mod licences;
mod package;
mod places;
mod relations;
mod rpm;
#[cfg(test)]
mod tests;
mod text;

use std::io;
use std::ops::Range;

use hashbrown::HashMap;

use super::files::{Files, NodeId};
use finder::Finder;
pub use package::{Dependency, DependencyKind, Manager, Package, PackageId};

/// All system packages of an image.
#[derive(Debug, Default)]
pub struct Installed {
    /// The packages, by manager and in the order of the database.
    pub packages: Vec<Package>,
    /// What could not be read, in words.
    pub problems: Vec<String>,
    /// The managers that are there but whose database could not be read in full. None of their
    /// packages is known, so any file may be one of theirs.
    pub unreadable: Vec<Manager>,
    /// The files of the databases themselves that are no package's records: they stay as long as
    /// their manager has packages, unless [`Reduced::removed`] has them.
    pub databases: Vec<NodeId>,
    sources: Vec<Source>,
    entries: Vec<Entry>,
    names: HashMap<String, Vec<PackageId>>,
    owners: Owners,
}

/// One file with packages in it.
#[derive(Debug)]
struct Source {
    node: NodeId,
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// Stanzas; an empty file says that there are no packages.
    Stanzas,
    /// Stanzas; without any, the file goes.
    OwnStanzas,
    Sqlite,
    Ndb,
}

/// Where a package stands in its source.
#[derive(Debug, Clone)]
struct Entry {
    source: usize,
    at: At,
}

#[derive(Debug, Clone)]
enum At {
    Bytes(Range<usize>),
    Number(i64),
}

/// Who owns which file, by file.
#[derive(Debug, Default)]
struct Owners {
    nodes: Vec<NodeId>,
    packages: Vec<PackageId>,
}

impl Owners {
    fn of(packages: &[Package]) -> Self {
        let mut pairs = Vec::new();
        for (id, package) in (0..).zip(packages) {
            pairs.extend(package.files.iter().map(|node| (*node, id)));
        }
        pairs.sort_unstable();
        pairs.dedup();
        let (nodes, packages) = pairs.into_iter().unzip();
        Self { nodes, packages }
    }

    fn get(&self, node: NodeId) -> &[PackageId] {
        let start = self.nodes.partition_point(|known| *known < node);
        let end = self.nodes.partition_point(|known| *known <= node);
        self.packages.get(start..end).unwrap_or_default()
    }
}

/// What becomes of the databases.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reduced {
    /// Files with new contents.
    pub replaced: Vec<(NodeId, Vec<u8>)>,
    /// Files that go: the records of the packages that are gone, and indexes that their manager
    /// makes anew.
    pub removed: Vec<NodeId>,
}

impl Installed {
    /// Finds all packages. What cannot be read is a problem in words.
    pub fn find(files: &dyn Files) -> Self {
        let mut finder = Finder::new(files);
        dpkg::find(&mut finder);
        apk::find(&mut finder);
        rpm::find(&mut finder);
        finder.finish()
    }

    /// The packages that own a file, a link or a device.
    pub fn owners(&self, node: NodeId) -> &[PackageId] {
        self.owners.get(node)
    }

    /// The packages of this name: several if more than one architecture of it is installed.
    pub fn named(&self, name: &str) -> &[PackageId] {
        self.names.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The package of this number.
    pub fn package(&self, id: PackageId) -> Option<&Package> {
        self.packages.get(usize::try_from(id).ok()?)
    }

    /// The databases without the packages for which `gone` holds. `files` is the tree that the
    /// packages were found in. Packages that stay and depend on others that went keep what their
    /// stanzas and headers say: it is true of the package.
    ///
    /// # Errors
    ///
    /// When a database cannot be read again or is not what it was.
    pub fn reduce(
        &self,
        files: &dyn Files,
        gone: &dyn Fn(PackageId) -> bool,
    ) -> io::Result<Reduced> {
        let mut reduced = Reduced::default();
        // Packages come in the order of their sources.
        let mut entries = (0..).zip(&self.entries).peekable();
        for (index, source) in self.sources.iter().enumerate() {
            let mut ranges = Vec::new();
            let mut numbers = Vec::new();
            while let Some((id, entry)) = entries.next_if(|(_, entry)| entry.source == index) {
                match &entry.at {
                    At::Bytes(range) if gone(id) => ranges.push(range.clone()),
                    At::Number(number) if gone(id) => numbers.push(*number),
                    _ => {}
                }
            }
            if ranges.is_empty() && numbers.is_empty() {
                continue;
            }
            let bytes = places::read_whole(files, source.node)?;
            let bytes = match source.format {
                Format::Stanzas | Format::OwnStanzas => text::without(&bytes, &ranges)?,
                Format::Sqlite => rpm::sqlite_without(bytes, &numbers)?,
                Format::Ndb => rpm::ndb_without(&bytes, &numbers)?,
            };
            if source.format == Format::OwnStanzas && bytes.trim_ascii().is_empty() {
                reduced.removed.push(source.node);
            } else {
                reduced.replaced.push((source.node, bytes));
            }
            if matches!(source.format, Format::Sqlite | Format::Ndb) {
                reduced.removed.extend(rpm::indexes(files, source.node));
            }
        }
        let went = Gone {
            installed: self,
            gone,
        };
        dpkg::reduce(files, &went, &mut reduced)?;
        apk::reduce(files, &went, &mut reduced)?;
        for (id, package) in (0..).zip(&self.packages) {
            if gone(id) {
                reduced.removed.extend(&package.records);
            }
        }
        reduced.removed.sort_unstable();
        reduced.removed.dedup();
        // One file under two names has what its own manager makes of it.
        reduced.replaced.sort_by_key(|(node, _)| *node);
        reduced.replaced.dedup_by_key(|(node, _)| *node);
        let removed = &reduced.removed;
        reduced
            .replaced
            .retain(|(node, _)| removed.binary_search(node).is_err());
        Ok(reduced)
    }
}

/// Which packages are gone, asked in several ways.
struct Gone<'g> {
    installed: &'g Installed,
    gone: &'g dyn Fn(PackageId) -> bool,
}

impl Gone<'_> {
    fn any(&self, manager: Manager) -> bool {
        (0..)
            .zip(&self.installed.packages)
            .any(|(id, package)| package.manager == manager && (self.gone)(id))
    }

    /// Whether all packages of a manager with this name are gone; not if there never was one.
    /// Those of other architectures are left out if one is given; a package for all of them goes
    /// by the name of any.
    fn named(&self, manager: Manager, name: &[u8], architecture: Option<&[u8]>) -> bool {
        let Ok(name) = std::str::from_utf8(name) else {
            return false;
        };
        let meant = |package: &Package| {
            package.manager == manager
                && architecture.is_none_or(|wanted| {
                    package.architecture.as_bytes() == wanted || package.architecture == "all"
                })
        };
        let ids = self.installed.named(name).iter();
        let mut ids = ids
            .filter(|id| self.installed.package(**id).is_some_and(meant))
            .peekable();
        ids.peek().is_some() && ids.all(|id| (self.gone)(*id))
    }

    /// Whether a file had owners and all are gone.
    fn owned(&self, node: NodeId) -> bool {
        let owners = self.installed.owners(node);
        !owners.is_empty() && owners.iter().all(|id| (self.gone)(*id))
    }
}

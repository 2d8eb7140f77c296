//! What the readers share: the list that grows, the counting of owned files
//! and the warnings.

use std::fmt::Display;
use std::io;

use hashbrown::{HashMap, HashSet};

use super::{Package, PackageTree, npm, paths, pip};

/// Bytes of all databases that are read. Thousands of packages stay far below;
/// hard links could make one list the list of a million.
const MOST_BYTES: u64 = 512 << 20;

/// Warnings per package manager; a broken image could give one for each file.
const MOST_WARNINGS: usize = 20;

/// Packages found so far.
pub(super) struct Listing<'a> {
    tree: &'a dyn PackageTree,
    packages: Vec<Package>,
    warnings: Vec<String>,
    manager: &'static str,
    /// Warnings of this manager, those left out included.
    warned: usize,
    /// Identities of the metadata files of language packages, and whether
    /// another package brought the file along.
    metadata: HashMap<u64, bool>,
    /// Identities of the file lists that were read.
    lists: HashSet<u64>,
    /// Bytes of databases that may still be read.
    room: u64,
}

/// The files of one package.
#[derive(Debug, Default)]
pub(super) struct Owned {
    seen: HashSet<u64>,
    files: u64,
    bytes: u64,
    /// Identity of the package's own metadata file.
    own: Option<u64>,
}

impl Owned {
    /// The files of a package that is described by the file `own`.
    pub(super) fn described_by(own: Option<u64>) -> Self {
        Owned {
            own,
            ..Owned::default()
        }
    }

    /// The sums, without the files that they are of.
    pub(super) fn summed(self) -> Self {
        Owned {
            seen: HashSet::new(),
            ..self
        }
    }

    fn add(&mut self, bytes: u64, identity: u64) {
        if self.seen.insert(identity) {
            self.files += 1;
            self.bytes = self.bytes.saturating_add(bytes);
        }
    }
}

impl<'a> Listing<'a> {
    pub(super) fn new(tree: &'a dyn PackageTree) -> Self {
        let metadata = tree
            .databases()
            .iter()
            .filter(|path| {
                let (dir, name) = paths::split(path);
                npm::wanted(dir, name) || pip::is_metadata(dir, name)
            })
            .filter_map(|path| Some((tree.size(path)?.1, false)))
            .collect();
        Listing {
            tree,
            packages: Vec::new(),
            warnings: Vec::new(),
            manager: "",
            warned: 0,
            metadata,
            lists: HashSet::new(),
            room: MOST_BYTES,
        }
    }

    /// Begins with the packages of a manager.
    pub(super) fn begin(&mut self, manager: &'static str) {
        self.close();
        self.manager = manager;
        self.warned = 0;
    }

    fn close(&mut self) {
        if let Some(more) = self.warned.checked_sub(MOST_WARNINGS + 1) {
            self.warnings.push(format!(
                "{} more warnings about {} packages",
                more + 1,
                self.manager
            ));
        }
    }

    pub(super) fn tree(&self) -> &'a dyn PackageTree {
        self.tree
    }

    /// The databases below a directory, which ends in a slash.
    pub(super) fn databases_in(&self, dir: &[u8]) -> &'a [Vec<u8>] {
        let all = self.tree.databases();
        let start = all.partition_point(|path| path.as_slice() < dir);
        let rest = &all[start..];
        &rest[..rest.partition_point(|path| path.starts_with(dir))]
    }

    /// Whether this path is among the databases.
    pub(super) fn has(&self, path: &[u8]) -> bool {
        let known = self.tree.databases();
        known
            .binary_search_by(|known| known.as_slice().cmp(path))
            .is_ok()
    }

    /// The contents of a database; warns if there are none to be had.
    pub(super) fn read(&mut self, path: &[u8], limit: u64) -> io::Result<Option<Vec<u8>>> {
        let contents = self.tree.read(path, limit.min(self.room))?;
        match &contents {
            Some(bytes) => self.room -= bytes.len() as u64,
            None => self.warn(path, "not read: too large"),
        }
        Ok(contents)
    }

    /// The contents of a package's list of files. Two packages that share one
    /// are a mistake or worse: the second gets none.
    pub(super) fn read_list(&mut self, path: &[u8], limit: u64) -> io::Result<Option<Vec<u8>>> {
        if let Some((_, identity)) = self.tree.size(path)
            && !self.lists.insert(identity)
        {
            self.warn(path, "is the list of files of another package too");
            return Ok(None);
        }
        self.read(path, limit)
    }

    /// Adds a warning about the file at `path`.
    pub(super) fn warn(&mut self, path: &[u8], what: impl Display) {
        self.warned += 1;
        if self.warned <= MOST_WARNINGS {
            let path = String::from_utf8_lossy(path);
            self.warnings.push(format!("/{path}: {what}"));
        }
    }

    /// Counts the file `name` of `dir` if it is there. Only for a name without
    /// `..` may `dir` be a link.
    pub(super) fn own(&mut self, owned: &mut Owned, dir: &[u8], name: &[u8]) {
        if let Some((bytes, identity)) =
            paths::resolve(dir, name).and_then(|path| self.tree.size(&path))
        {
            self.own_file(owned, bytes, identity);
        }
    }

    fn own_file(&mut self, owned: &mut Owned, bytes: u64, identity: u64) {
        owned.add(bytes, identity);
        if owned.own != Some(identity)
            && let Some(claimed) = self.metadata.get_mut(&identity)
        {
            *claimed = true;
        }
    }

    /// Counts all files below a directory.
    pub(super) fn own_below(
        &mut self,
        owned: &mut Owned,
        dir: &[u8],
        skip: &dyn Fn(&[u8]) -> bool,
    ) {
        self.tree
            .files_below(dir, skip, &mut |bytes, identity| owned.add(bytes, identity));
    }

    /// Whether another package brought this metadata file along.
    pub(super) fn claimed(&self, identity: Option<u64>) -> bool {
        identity.is_some_and(|identity| self.metadata.get(&identity) == Some(&true))
    }

    /// Adds a package of the current manager.
    pub(super) fn add(&mut self, name: &[u8], version: &[u8], owned: &Owned) {
        self.packages.push(Package {
            manager: self.manager,
            name: paths::short_text(name),
            version: paths::short_text(version),
            bytes: owned.bytes,
            files: owned.files,
        });
    }

    /// The packages, largest first, and the warnings.
    pub(super) fn finish(mut self) -> (Vec<Package>, Vec<String>) {
        self.close();
        self.packages.sort_by(|a, b| {
            b.bytes
                .cmp(&a.bytes)
                .then_with(|| a.manager.cmp(b.manager))
                .then_with(|| a.name.cmp(&b.name))
                .then_with(|| a.version.cmp(&b.version))
        });
        (self.packages, self.warnings)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::MemoryTree;
    use super::*;

    #[test]
    fn warnings_are_limited() {
        let tree = MemoryTree::new();
        let mut listing = Listing::new(&tree);
        listing.begin("pip");
        for _ in 0..25 {
            listing.warn(b"x", "y");
        }
        listing.begin("npm");
        let (_, warnings) = listing.finish();
        assert_eq!(warnings.len(), 21);
        assert_eq!(warnings[0], "/x: y");
        assert_eq!(warnings[20], "5 more warnings about pip packages");
    }

    #[test]
    fn hard_links_count_once() {
        let tree = MemoryTree::new().file("a", "1234").link("b", "a");
        let mut listing = Listing::new(&tree);
        let mut owned = Owned::default();
        listing.own(&mut owned, b"", b"a");
        listing.own(&mut owned, b"", b"b");
        assert_eq!((owned.bytes, owned.seen.len()), (4, 1));
    }
}

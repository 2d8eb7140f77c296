//! A tree in memory for the tests of the readers.

use std::collections::BTreeMap;
use std::io;

use super::{Package, PackageTree, packages, wanted};

/// Files by path; a file's identity is its number.
#[derive(Default)]
pub(super) struct MemoryTree {
    files: BTreeMap<Vec<u8>, usize>,
    contents: Vec<Vec<u8>>,
    /// Directories that are links: prefix and target, both with a slash.
    links: Vec<(Vec<u8>, Vec<u8>)>,
    databases: Vec<Vec<u8>>,
}

impl MemoryTree {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn file(mut self, path: &str, contents: impl AsRef<[u8]>) -> Self {
        self.contents.push(contents.as_ref().to_vec());
        let number = self.contents.len() - 1;
        self.insert(path, number)
    }

    /// A hard link.
    pub(super) fn link(self, path: &str, to: &str) -> Self {
        let number = self.files[to.as_bytes()];
        self.insert(path, number)
    }

    /// A symlink of the root directory `from` to the directory `to`.
    pub(super) fn dir_link(mut self, from: &str, to: &str) -> Self {
        let slash = |path: &str| format!("{path}/").into_bytes();
        self.links.push((slash(from), slash(to)));
        self
    }

    fn insert(mut self, path: &str, number: usize) -> Self {
        self.files.insert(path.as_bytes().to_vec(), number);
        if wanted(path.as_bytes()) {
            self.databases.push(path.as_bytes().to_vec());
            self.databases.sort();
        }
        self
    }

    fn find(&self, path: &[u8]) -> Option<usize> {
        if let Some(&number) = self.files.get(path) {
            return Some(number);
        }
        self.links.iter().find_map(|(from, to)| {
            let target = [to.as_slice(), path.strip_prefix(from.as_slice())?].concat();
            self.files.get(&target).copied()
        })
    }

    /// `manager name version bytes files` of all packages, and the warnings.
    pub(super) fn listed(&self) -> (Vec<String>, Vec<String>) {
        let (packages, warnings) = packages(self).unwrap();
        let line = |p: Package| {
            let Package {
                manager,
                name,
                version,
                bytes,
                files,
            } = p;
            format!("{manager} {name} {version} {bytes} {files}")
        };
        (packages.into_iter().map(line).collect(), warnings)
    }
}

impl PackageTree for MemoryTree {
    fn read(&self, path: &[u8], limit: u64) -> io::Result<Option<Vec<u8>>> {
        let found = self.find(path).map(|number| &self.contents[number]);
        Ok(found.filter(|c| c.len() as u64 <= limit).cloned())
    }

    fn size(&self, path: &[u8]) -> Option<(u64, u64)> {
        let number = self.find(path)?;
        Some((self.contents[number].len() as u64, number as u64))
    }

    fn databases(&self) -> &[Vec<u8>] {
        &self.databases
    }

    fn files_below(
        &self,
        dir: &[u8],
        skip: &dyn Fn(&[u8]) -> bool,
        visit: &mut dyn FnMut(u64, u64),
    ) {
        for (path, &number) in &self.files {
            let Some(rest) = path.strip_prefix(dir).and_then(|r| r.strip_prefix(b"/")) else {
                continue;
            };
            let mut components: Vec<&[u8]> = rest.split(|&b| b == b'/').collect();
            components.pop();
            if !components.into_iter().any(skip) {
                visit(self.contents[number].len() as u64, number as u64);
            }
        }
    }
}

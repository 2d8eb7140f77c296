//! Reads package databases of the final tree and sums up what packages occupy.
//!
//! System package managers come first: a Python or npm package whose metadata
//! file belongs to an rpm, say, is that rpm's and not listed a second time.
//! Databases come from strangers, so a broken one costs a warning, never the
//! packages of the others.

mod apk;
mod dpkg;
mod listing;
mod npm;
pub(crate) mod paths;
mod pip;
pub(crate) mod rpm;
#[cfg(test)]
mod testing;

use std::io;

use listing::Listing;

/// An installed package and the bytes of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// `dpkg`, `apk`, `rpm`, `pip` or `npm`.
    pub manager: &'static str,
    /// Its name.
    pub name: String,
    /// Its version as the manager writes it; empty if it gives none.
    pub version: String,
    /// Bytes of its files that are still there; hard links count once.
    pub bytes: u64,
    /// How many files these are.
    pub files: u64,
}

/// What the readers ask of the final tree. Paths have no leading slash.
pub(super) trait PackageTree {
    /// The contents of a file; `None` if it is absent, larger than `limit` or
    /// was not kept.
    fn read(&self, path: &[u8], limit: u64) -> io::Result<Option<Vec<u8>>>;

    /// Bytes and identity of the regular file at `path`; hard links have the
    /// same identity. Follows links in all components but the last.
    fn size(&self, path: &[u8]) -> Option<(u64, u64)>;

    /// The paths for which [`wanted`] holds, sorted.
    fn databases(&self) -> &[Vec<u8>];

    /// Visits bytes and identity of all regular files below a directory,
    /// leaving out directories whose name `skip` accepts.
    fn files_below(
        &self,
        dir: &[u8],
        skip: &dyn Fn(&[u8]) -> bool,
        visit: &mut dyn FnMut(u64, u64),
    );
}

/// Whether a reader needs the contents of the file at `path`.
pub(super) fn wanted(path: &[u8]) -> bool {
    let (dir, name) = paths::split(path);
    // By the name first: few files get further, and every file comes here.
    npm::wanted(dir, name)
        || pip::wanted(dir, name)
        || dpkg::wanted(path)
        || apk::wanted(path)
        || rpm::wanted(dir, name)
}

/// Lists the packages of a tree, largest first, and what could not be read.
///
/// # Errors
/// When contents that were kept cannot be read back.
pub(super) fn packages(tree: &dyn PackageTree) -> io::Result<(Vec<Package>, Vec<String>)> {
    let mut listing = Listing::new(tree);
    dpkg::list(&mut listing)?;
    apk::list(&mut listing)?;
    rpm::list(&mut listing)?;
    pip::list(&mut listing)?;
    npm::list(&mut listing)?;
    Ok(listing.finish())
}

#[cfg(test)]
mod tests {
    use super::testing::MemoryTree;
    use super::*;

    #[test]
    fn databases_are_wanted() {
        for path in [
            "var/lib/dpkg/status",
            "var/lib/dpkg/diversions",
            "var/lib/dpkg/info/libc6:amd64.list",
            "var/lib/dpkg/status.d/base",
            "lib/apk/db/installed",
            "usr/lib/apk/db/installed",
            "var/lib/rpm/rpmdb.sqlite",
            "usr/lib/sysimage/rpm/Packages.db",
            "usr/lib/python3/site-packages/x-1.dist-info/RECORD",
            "x-1.dist-info/METADATA",
            "opt/x.egg-info/PKG-INFO",
            "opt/x.egg-info",
            "node_modules/x/package.json",
            "app/node_modules/@s/x/package.json",
            "app/node_modules/.pnpm/x@1/node_modules/x/package.json",
        ] {
            assert!(wanted(path.as_bytes()), "{path}");
        }
        for path in [
            "",
            "package.json",
            "app/package.json",
            "app/node_modules/package.json",
            "app/node_modules/x/lib/package.json",
            "app/node_modules/.cache/package.json",
            "app/node_modules/@s/package.json",
            "app/node_modules/@s/x/lib/package.json",
            "var/lib/dpkg/info/libc6.postinst",
            "var/lib/dpkg/info/libc6.md5sums",
            "var/lib/rpm/Packages",
            "etc/RECORD",
            "opt/x.dist-info/direct_url.json",
        ] {
            assert!(!wanted(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn order_is_by_size_then_name() {
        let tree = MemoryTree::new()
            .file("a/node_modules/b/package.json", "{}")
            .file("a/node_modules/a/package.json", "{}")
            .file("a/node_modules/c/package.json", "{}")
            .file("a/node_modules/c/big", "0123456789");
        let (packages, warnings) = packages(&tree).unwrap();
        let names: Vec<&str> = packages.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["c", "a", "b"]);
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn metadata_of_a_system_package_is_no_package_of_its_own() {
        let tree = MemoryTree::new()
            .file(
                "lib/apk/db/installed",
                "P:py3-x\nV:1-r0\nF:usr/lib/python3/x-1.dist-info\nR:METADATA\n\
                 F:usr/lib/node_modules/y\nR:package.json\n\n",
            )
            .file("usr/lib/python3/x-1.dist-info/METADATA", "Name: x\n\n")
            .file("usr/lib/node_modules/y/package.json", "{}")
            .file("app/node_modules/z/package.json", "{}");
        let (packages, warnings) = packages(&tree).unwrap();
        let names: Vec<&str> = packages.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["py3-x", "z"]);
        assert!(warnings.is_empty(), "{warnings:?}");
    }
}

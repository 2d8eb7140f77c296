//! RPM's packages: the header blobs of its SQLite or ndb database.
//!
//! Both kinds of database hold the same header for each package; they differ
//! in how the headers are found. Berkeley DB, which rpm gave up, is only
//! noticed.

pub(crate) mod header;
pub(crate) mod ndb;
pub(crate) mod sqlite;

use std::io;

use super::listing::{Listing, Owned};
use super::paths;
use header::{Header, HeaderError, Tag};

/// rpm has one of these; some distributions link one to the other.
pub(crate) const DIRS: [&[u8]; 2] = [b"var/lib/rpm", b"usr/lib/sysimage/rpm"];
pub(crate) const SQLITE: &[u8] = b"rpmdb.sqlite";
pub(crate) const NDB: &[u8] = b"Packages.db";

/// A full desktop has some 200 MiB.
const LARGEST: u64 = 256 << 20;

pub(super) fn wanted(dir: &[u8], name: &[u8]) -> bool {
    (name == SQLITE || name == NDB) && DIRS.contains(&dir)
}

pub(super) fn list(listing: &mut Listing) -> io::Result<()> {
    listing.begin("rpm");
    for dir in DIRS {
        let mut known = false;
        let path = [dir, b"/", SQLITE].concat();
        if listing.has(&path) {
            known = true;
            if let Some(database) = listing.read(&path, LARGEST)? {
                warn_of_log(listing, &path);
                let read = sqlite::headers(database, |row, blob| {
                    list_header(listing, &path, format_args!("package {row}"), blob);
                });
                if let Err(error) = read {
                    listing.warn(&path, error);
                }
            }
        }
        let path = [dir, b"/", NDB].concat();
        if listing.has(&path) {
            known = true;
            if let Some(database) = listing.read(&path, LARGEST)? {
                let read = ndb::headers(&database, |found| match found {
                    Ok((offset, blob)) => {
                        list_header(listing, &path, format_args!("offset {offset}"), blob);
                    }
                    Err(error) => listing.warn(&path, error),
                });
                if let Err(error) = read {
                    listing.warn(&path, error);
                }
            }
        }
        if !known {
            warn_of_berkeley(listing, dir);
        }
    }
    Ok(())
}

/// rpm empties the log when it closes the database, so this is a sign of an
/// interrupted installation.
fn warn_of_log(listing: &mut Listing, path: &[u8]) {
    let log = [path, b"-wal"].concat();
    if listing
        .tree()
        .size(&log)
        .is_some_and(|(bytes, _)| bytes > 0)
    {
        listing.warn(
            &log,
            "changes that rpm has not yet written to its database are not read",
        );
    }
}

fn warn_of_berkeley(listing: &mut Listing, dir: &[u8]) {
    // Where one directory is a link to the other, the path finds the same file
    // twice; only the first is told.
    let path = [dir, b"/Packages"].concat();
    let Some(found) = listing.tree().size(&path) else {
        return;
    };
    let first = [DIRS[0], b"/Packages"].concat();
    if found.0 == 0 || dir != DIRS[0] && listing.tree().size(&first) == Some(found) {
        return;
    }
    listing.warn(
        &path,
        "a Berkeley DB, which is not read: the rpm packages and their sizes are not known; \
         `rpmdb --rebuilddb` of rpm 4.16 or later makes an SQLite database of it",
    );
}

fn list_header(listing: &mut Listing, path: &[u8], place: std::fmt::Arguments, blob: &[u8]) {
    let read = Header::parse(blob).and_then(|header| list_package(listing, &header));
    if let Err(error) = read {
        listing.warn(path, format_args!("{place}: {error}"));
    }
}

/// Files that rpm knows not to be there, or to be another package's.
pub(crate) const NOT_OWNED: [u8; 3] = [
    1, // Replaced by a file of another package.
    2, // Not installed, as documentation may be.
    4, // The other architecture's file was installed.
];

fn list_package(listing: &mut Listing, header: &Header) -> Result<(), HeaderError> {
    let name = header.string(Tag::Name)?.ok_or(HeaderError::Nameless)?;
    if name == b"gpg-pubkey" {
        // A key that was imported: rpm files it as if it were a package.
        return Ok(());
    }
    let version = version(header)?;
    let mut owned = Owned::default();
    // What is broken in the list of files leaves the package with those before.
    let files = own_files(listing, header, &mut owned);
    listing.add(name, &version, &owned);
    files
}

/// Epoch, version and release.
pub(crate) fn version(header: &Header) -> Result<Vec<u8>, HeaderError> {
    let mut version = Vec::new();
    if let Some(epoch) = header.ints(Tag::Epoch)?.next() {
        version.extend_from_slice(format!("{epoch}:").as_bytes());
    }
    version.extend_from_slice(header.string(Tag::Version)?.unwrap_or_default());
    if let Some(release) = header.string(Tag::Release)? {
        version.push(b'-');
        version.extend_from_slice(release);
    }
    Ok(version)
}

fn own_files(listing: &mut Listing, header: &Header, owned: &mut Owned) -> Result<(), HeaderError> {
    let dirs = header.strings(Tag::DirNames)?.collect_few()?;
    let mut of_dirs = header.ints(Tag::DirIndexes)?;
    let states = header.bytes(Tag::FileStates)?;
    for (i, name) in header.strings(Tag::BaseNames)?.enumerate() {
        let name = name?;
        let at = of_dirs.next().ok_or(HeaderError::FileWithoutDirectory)?;
        let dir = usize::try_from(at).ok().and_then(|at| dirs.get(at));
        let dir = dir.ok_or(HeaderError::FileWithoutDirectory)?;
        if !states.get(i).is_some_and(|state| NOT_OWNED.contains(state)) {
            let dir = dir.strip_prefix(b"/").unwrap_or(dir);
            listing.own(owned, paths::without_slash(dir), name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::MemoryTree;
    use super::header::testing::{self, Value};
    use super::*;

    fn tree(database: &[u8]) -> MemoryTree {
        MemoryTree::new()
            .file("var/lib/rpm/rpmdb.sqlite", database)
            .file("usr/bin/bash", "12345")
            .file("usr/bin/sh", "1")
            .file("etc/bashrc", "123")
    }

    fn bash() -> Vec<u8> {
        testing::header(&[
            (Tag::Name, Value::Text("bash")),
            (Tag::Version, Value::Text("5.1")),
            (Tag::Release, Value::Text("2.el9")),
            (Tag::Epoch, Value::Ints(&[1])),
            (
                Tag::BaseNames,
                Value::Texts(&["bash", "sh", "bashrc", "gone"]),
            ),
            (Tag::DirNames, Value::Texts(&["/usr/bin/", "/etc/"])),
            (Tag::DirIndexes, Value::Ints(&[0, 0, 1, 1])),
            (Tag::FileStates, Value::Bytes(&[0, 1, 0, 2])),
        ])
    }

    #[test]
    fn sqlite_packages_are_listed() {
        let key = testing::header(&[(Tag::Name, Value::Text("gpg-pubkey"))]);
        let broken = &bash()[..50];
        let database = sqlite::testing::database(&[&bash(), &key, broken, b""]);
        let (packages, warnings) = tree(&database).listed();
        assert_eq!(packages, ["rpm bash 1:5.1-2.el9 8 2"]);
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        let start = "/var/lib/rpm/rpmdb.sqlite: package 3: ";
        assert!(warnings[0].starts_with(start), "{}", warnings[0]);
    }

    #[test]
    fn a_log_is_told() {
        let database = sqlite::testing::database(&[&bash()]);
        let tree = tree(&database).file("var/lib/rpm/rpmdb.sqlite-wal", "log");
        let (packages, warnings) = tree.listed();
        assert_eq!(packages.len(), 1);
        assert!(warnings[0].contains("-wal"), "{warnings:?}");
    }

    #[test]
    fn ndb_packages_are_listed() {
        let database = ndb::testing::database(&[&bash(), b"nonsense"]);
        let tree = MemoryTree::new()
            .file("usr/lib/sysimage/rpm/Packages.db", database)
            .file("usr/bin/bash", "12345");
        let (packages, warnings) = tree.listed();
        assert_eq!(packages, ["rpm bash 1:5.1-2.el9 5 1"]);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains(": offset "), "{warnings:?}");
    }

    #[test]
    fn berkeley_databases_are_told_once() {
        let tree = MemoryTree::new()
            .file("usr/lib/sysimage/rpm/Packages", "bdb")
            .dir_link("var/lib/rpm", "usr/lib/sysimage/rpm");
        let (packages, warnings) = tree.listed();
        assert!(packages.is_empty());
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("Berkeley DB"), "{warnings:?}");
    }

    #[test]
    fn broken_file_lists_keep_the_package() {
        let header = testing::header(&[
            (Tag::Name, Value::Text("bash")),
            (Tag::BaseNames, Value::Texts(&["bash", "sh"])),
            (Tag::DirNames, Value::Texts(&["/usr/bin/"])),
            (Tag::DirIndexes, Value::Ints(&[0, 7])),
        ]);
        let database = sqlite::testing::database(&[&header]);
        let (packages, warnings) = tree(&database).listed();
        assert_eq!(packages, ["rpm bash  5 1"]);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
    }
}

//! Several managers, and what all have in common.

use super::*;
use crate::closure::memory::Memory;

/// The packages of these names, with their needs.
pub(super) fn needs(installed: &Installed, name: &str) -> Vec<(String, Vec<String>)> {
    let package = package(installed, name);
    let names = |ids: &[PackageId]| -> Vec<String> {
        let packages = ids.iter().map(|id| installed.package(*id).unwrap());
        packages.map(|p| p.name.clone()).collect()
    };
    let all = package.depends.iter();
    all.map(|d| (d.name.clone(), names(&d.satisfied_by)))
        .collect()
}

pub(super) fn package<'i>(installed: &'i Installed, name: &str) -> &'i Package {
    let [id] = installed.named(name) else {
        panic!("{name}: {:?}", installed.named(name))
    };
    installed.package(*id).unwrap()
}

/// The paths of nodes.
pub(super) fn paths(files: &Memory, nodes: &[NodeId]) -> Vec<String> {
    let mut paths: Vec<String> = nodes
        .iter()
        .map(|node| String::from_utf8(files.path(*node)).unwrap())
        .collect();
    paths.sort();
    paths
}

/// What is left without the packages of these names: the new texts of files and the paths of
/// those that go.
pub(super) fn without(
    files: &Memory,
    installed: &Installed,
    names: &[&str],
) -> (Vec<(String, String)>, Vec<String>) {
    let gone = |id: PackageId| names.contains(&installed.package(id).unwrap().name.as_str());
    let reduced = installed.reduce(files, &gone).unwrap();
    let mut replaced: Vec<(String, String)> = reduced
        .replaced
        .iter()
        .map(|(node, bytes)| {
            let path = String::from_utf8(files.path(*node)).unwrap();
            (path, String::from_utf8_lossy(bytes).into_owned())
        })
        .collect();
    replaced.sort();
    (replaced, paths(files, &reduced.removed))
}

#[test]
fn an_image_without_databases_has_no_packages() {
    let mut files = Memory::new();
    files.file("/bin/sh", b"x".to_vec());
    let installed = Installed::find(&files);
    assert!(installed.packages.is_empty());
    assert!(installed.problems.is_empty() && installed.unreadable.is_empty());
    assert_eq!(installed.owners(1), &[] as &[PackageId]);
    let reduced = installed.reduce(&files, &|_| true).unwrap();
    assert_eq!(reduced, Reduced::default());
}

#[test]
fn a_broken_database_leaves_the_packages_of_other_managers() {
    let mut files = Memory::new();
    files.file("/var/lib/rpm/Packages", b"bdb".to_vec());
    files.file(
        "/lib/apk/db/installed",
        b"P:musl\nV:1\nF:lib\nR:libc.so\n".to_vec(),
    );
    files.file("/lib/libc.so", b"x".to_vec());
    let installed = Installed::find(&files);
    assert_eq!(installed.unreadable, [Manager::Rpm]);
    assert!(installed.problems[0].starts_with("/var/lib/rpm/Packages: a Berkeley DB"));
    assert_eq!(package(&installed, "musl").manager.name(), "apk");
    let node = files.locate(b"/lib/libc.so").unwrap();
    assert_eq!(installed.owners(node), [0]);
}

#[test]
fn a_database_that_shrank_since_is_an_error() {
    let with = |text: &str| {
        let mut files = Memory::new();
        files.file("/lib/apk/db/installed", text.into());
        files
    };
    let installed = Installed::find(&with("P:a\nV:1\n\nP:b\nV:1\n\n"));
    assert!(installed.reduce(&with("P:a\n"), &|id| id == 1).is_err());
}

//! The programs and libraries of the machine that the tests run on.

use std::path::Path;

use rslim::closure::{Files, Kind, NodeId};

use super::super::disk::Disk;
use super::oracle::Way;
use super::{Counts, compare};

/// Where programs and libraries usually are; directories that a machine lacks have none.
const PLACES: [&str; 6] = [
    "/usr/bin",
    "/usr/sbin",
    "/usr/libexec",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
];

/// So many of each place, evenly spread over its names.
const EACH: usize = 150;

fn sample(disk: &Disk) -> Vec<NodeId> {
    let mut found = Vec::new();
    for place in PLACES {
        let Some(dir) = disk.resolve(place.as_bytes()) else {
            continue;
        };
        let mut files: Vec<NodeId> = disk.children(dir.node).into_iter().map(|c| c.1).collect();
        files.retain(|node| is_elf(disk, *node));
        let step = files.len().div_ceil(EACH).max(1);
        found.extend(files.into_iter().step_by(step));
    }
    found
}

fn is_elf(disk: &Disk, node: NodeId) -> bool {
    disk.kind(node) == Kind::File && disk.read(node, 0, 4).is_ok_and(|head| head == b"\x7fELF")
}

#[test]
fn programs_and_libraries_of_this_machine_load_what_its_loader_says() {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return;
    }
    let disk = Disk::new(Path::new("/"));
    let sample = sample(&disk);
    // They are only ever called: nothing of the machine is started.
    let Counts {
        compared,
        named,
        differences,
        ..
    } = compare(&disk, &sample, &[], &[Way::Called]);
    assert_eq!(differences, [""; 0]);
    eprintln!("{compared} files, {named} objects");
    assert!(compared > 50 && named > compared, "{compared}, {named}");
}

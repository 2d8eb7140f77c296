//! Whatever a program does, the unpacked image stays as it is.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rslim::trace::Tracer;

use super::ground;
use crate::fixtures::tar::{Entry, LayerBuilder};

/// All that is to be known of a file; the times of the last change of its inode are among it, so
/// that nothing can be put back either.
#[derive(Debug, PartialEq)]
struct Known {
    mode: u32,
    owner: (u32, u32),
    modified: (i64, i64),
    changed: (i64, i64),
    inode: u64,
    names: u64,
    contents: Vec<u8>,
}

fn listing(folder: &Path, into: &mut BTreeMap<PathBuf, Known>) {
    let metadata = folder.symlink_metadata().unwrap();
    let kind = metadata.file_type();
    let contents = if kind.is_file() {
        std::fs::read(folder).unwrap()
    } else if kind.is_symlink() {
        let to = std::fs::read_link(folder).unwrap();
        to.as_os_str().as_bytes().to_vec()
    } else {
        Vec::new()
    };
    let known = Known {
        mode: metadata.mode(),
        owner: (metadata.uid(), metadata.gid()),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
        inode: metadata.ino(),
        names: metadata.nlink(),
        contents,
    };
    into.insert(folder.to_owned(), known);
    if kind.is_dir() {
        for entry in std::fs::read_dir(folder).unwrap() {
            listing(&entry.unwrap().path(), into);
        }
    }
}

#[test]
fn the_tree_is_the_same_after_a_program_has_wrecked_all_that_it_can_reach() {
    let mut layer = LayerBuilder::new().dirs(["tree", "tree/moved", "tree/removed", "data"]);
    for folder in ["tree", "tree/moved", "tree/removed", "data"] {
        for number in 0..12 {
            layer = layer.entry(
                Entry::file(
                    format!("{folder}/file{number}"),
                    format!("contents {number}"),
                )
                .mode(0o640)
                .owner(0, number % 3)
                .mtime(1_000_000_000, 123),
            );
        }
        layer = layer
            .symlink(format!("{folder}/link"), "file0")
            .hardlink(format!("{folder}/hard"), format!("{folder}/file1"))
            .fifo(format!("{folder}/pipe"));
    }
    let Some(ground) = ground(layer) else { return };
    let list = || {
        let mut all = BTreeMap::new();
        listing(&ground.root, &mut all);
        all
    };
    let before = list();
    assert!(before.len() > 60);
    for tracer in [Tracer::Seccomp, Tracer::Ptrace] {
        let mut spec = ground.spec(&["/bin/inside", "wreck"]);
        spec.tracer = tracer;
        spec.volumes = vec!["/data".to_owned()];
        // The same paths are taken away and changed by the container itself.
        spec.absent = vec![b"/tree/file3".to_vec(), b"/tree/link".to_vec()];
        spec.contents = vec![(b"/tree/file4".to_vec(), b"other".to_vec())];
        let run = ground.fine(&spec);
        let said = String::from_utf8_lossy(&run.logs.stderr);
        let changed = super::below(&run, "/tree");
        let changed = changed.iter().filter(|event| !event.starts_with("exists"));
        assert!(changed.count() > 20, "it does something: {said}");
        for (path, after) in list() {
            assert_eq!(
                before.get(&path),
                Some(&after),
                "{tracer:?}: {}",
                path.display()
            );
        }
        assert_eq!(list().len(), before.len(), "{tracer:?}");
    }
}

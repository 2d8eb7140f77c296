//! Links, names of one file and directories that stay are whole: they lead
//! where they led and look as they looked.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Lab, tree};
use crate::fixtures::showcase::service;
use crate::fixtures::tar::{Entry, LayerBuilder};

type Tree = BTreeMap<String, Value>;

/// Where a path leads in a tree, as for a process whose root it is.
fn lead(tree: &Tree, path: &str) -> Option<String> {
    let parts = |path: &str| -> Vec<String> {
        let parts = path.rsplit('/');
        parts
            .filter(|part| !part.is_empty() && *part != ".")
            .map(str::to_owned)
            .collect()
    };
    let (mut at, mut todo, mut links) = (Vec::<String>::new(), parts(path), 0);
    while let Some(part) = todo.pop() {
        if part == ".." {
            at.pop();
            continue;
        }
        at.push(part);
        let entry = tree.get(&at.join("/"))?;
        let Some(target) = entry["link"].as_str() else {
            continue;
        };
        links += 1;
        if links > 40 {
            return None;
        }
        at.pop();
        if target.starts_with('/') {
            at.clear();
        }
        todo.extend(parts(target));
    }
    Some(at.join("/"))
}

#[test]
fn each_link_that_stays_leads_where_it_led_or_as_before_nowhere() {
    let layer = LayerBuilder::new()
        .symlink("srv/app/beside", "data.bin")
        .symlink("srv/app/absolute", "/srv/app/data.bin")
        .symlink("srv/app/over", "../../bin/grep")
        .symlink("srv/app/folder", "../app/")
        .symlink("srv/app/through", "folder/./folder/data.bin")
        .symlink("srv/app/out", "../../../../../etc/passwd")
        .symlink("srv/app/chain", "through")
        .symlink("srv/app/nowhere", "/no/such/path")
        .symlink("srv/app/circle", "round")
        .symlink("srv/app/round", "circle")
        .symlink("srv/app/to-tool", "/usr/bin/legacy-tool")
        .symlink("srv/app/to-package", "../../usr/lib/os-release")
        .symlink("etc/alternative", "/usr/bin/tool")
        .finish();
    let lab = Lab::new(&service().layer(layer, "RUN ln -s"));
    let before = tree(lab.image().as_ref());
    for tier in ["safe", "package", "file"] {
        let after = lab.slimmed(&["--tier", tier]);
        let links = after.iter().filter(|(_, entry)| entry["type"] == "symlink");
        let mut compared = 0;
        for (path, _) in links {
            let (was, is) = (lead(&before, path), lead(&after, path));
            assert_eq!(is, was, "{path} at tier {tier}");
            compared += 1;
        }
        assert!(compared > 15, "{compared} at tier {tier}");
        // Those that never led anywhere are nobody's mistake.
        assert!(after.contains_key("srv/app/nowhere") && after.contains_key("srv/app/circle"));
    }
}

/// The names of each file that has more than one.
fn groups(tree: &Tree) -> BTreeSet<BTreeSet<&str>> {
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (path, entry) in tree {
        if let Some(first) = entry["hardlink"].as_str() {
            groups.entry(first).or_default().extend([first, path]);
        }
    }
    groups.into_values().collect()
}

#[test]
fn the_names_of_one_file_that_stay_are_names_of_one_file() {
    let layer = LayerBuilder::new()
        .file("srv/app/one", "shared\n")
        .hardlink("srv/app/two", "srv/app/one")
        .hardlink("srv/more/three", "srv/app/one")
        .hardlink("srv/more/four", "srv/app/two")
        .hardlink("srv/app/grep", "usr/bin/grep")
        .file("srv/app/same", "shared\n")
        .finish();
    let lab = Lab::new(&service().layer(layer, "RUN ln"));
    let before = tree(lab.image().as_ref());
    for (words, extra) in [
        (&["--tier", "package"][..], &[][..]),
        // The first name, which has the contents, and a whole directory.
        (&["--exclude", "srv/app/one"], &["srv/app/one"]),
        (
            &["--exclude", "srv/more/**"],
            &["srv/more/three", "srv/more/four"],
        ),
        (&["--exclude", "usr/bin/egrep"], &["usr/bin/egrep"]),
    ] {
        let after = lab.slimmed(words);
        let mut expected: BTreeSet<BTreeSet<&str>> = BTreeSet::new();
        for group in groups(&before) {
            let stay: BTreeSet<&str> = group
                .into_iter()
                .filter(|path| after.contains_key(*path))
                .collect();
            if stay.len() > 1 {
                expected.insert(stay);
            }
        }
        assert_eq!(groups(&after), expected, "with {words:?}");
        assert!(expected.len() == 2, "{expected:?} with {words:?}");
        for path in extra {
            assert!(!after.contains_key(*path), "{path} stays");
        }
        // The same bytes in a file of its own are no name of another.
        assert!(after["srv/app/same"].get("hardlink").is_none());
    }
}

#[test]
fn directories_above_what_stays_keep_owner_mode_time_and_attributes() {
    let layer = LayerBuilder::new()
        .entry(
            Entry::dir("opt")
                .mode(0o711)
                .owner(7, 8)
                .mtime(1_234_567_890, 123_456_789),
        )
        .entry(
            Entry::dir("opt/state")
                .mode(0o3775)
                .owner(33, 44)
                .mtime(-1, 0)
                .xattr("user.note", b"a\0b"),
        )
        .file("opt/state/deep/er/file", "x\n")
        // Directories of the base, listed again with other metadata.
        .entry(Entry::dir("usr/bin").mode(0o751).owner(1, 2).mtime(5, 0))
        .entry(Entry::dir("etc").mode(0o700).xattr("user.etc", b"1"))
        .finish();
    let lab = Lab::new(&service().layer(layer, "RUN chmod"));
    let before = tree(lab.image().as_ref());
    for words in [
        &["--tier", "safe"][..],
        &["--tier", "package"],
        &["--tier", "file"],
        &["--keep-base"],
    ] {
        let after = lab.slimmed(words);
        for path in ["opt/state/deep/er/file", "usr/bin/grep", "etc/passwd"] {
            assert!(after.contains_key(path), "{path} with {words:?}");
        }
        let directories = after
            .keys()
            .filter(|path| after[*path]["type"] == "directory");
        for path in directories {
            assert_eq!(after[path], before[path], "{path} with {words:?}");
        }
        assert_eq!(after["opt/state"]["mode"], "3775");
        assert_eq!(after["opt"]["uid"], 7);
    }
}

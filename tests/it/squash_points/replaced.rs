//! One kind of file in place of another, and what lies behind symbolic links.

use super::case::{Layers, case, new, refusal};
use super::seen::{Seen, dir, file, implied, symlink};
use crate::fixtures::tar::{Entry, LayerBuilder};

/// What a layer puts at `p`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Put {
    File,
    /// With a child that is named for the layer.
    Dir,
    Link,
}

fn layer(number: usize, put: Put) -> LayerBuilder {
    match put {
        Put::File => new().file("p", number.to_string()),
        Put::Dir => new().dirs(["p"]).file(format!("p/{number}"), "child"),
        Put::Link => new().symlink("p", "t"),
    }
}

/// Children are those of the directories on top of each other at the end.
fn shown(puts: [Put; 3]) -> Vec<Seen> {
    let mut tree = match puts[2] {
        Put::File => vec![file("p", "2")],
        Put::Link => vec![symlink("p", "t")],
        Put::Dir => vec![dir("p")],
    };
    let first = (0..3).rfind(|&layer| puts[layer] != Put::Dir);
    let first = first.map_or(0, |layer| layer + 1);
    tree.extend((first..3).map(|layer| file(format!("p/{layer}"), "child")));
    tree.extend([dir("t"), file("t/kept", "1")]);
    tree
}

#[test]
fn file_directory_and_symlink_in_place_of_each_other_over_three_layers() {
    let kinds = [Put::File, Put::Dir, Put::Link];
    for first in kinds {
        for second in kinds {
            for third in kinds {
                let puts = [first, second, third];
                let base = layer(0, first).dirs(["t"]).file("t/kept", "1");
                let case = case([base, layer(1, second), layer(2, third)]).tree(shown(puts));
                // A directory over one that was something else in between must
                // hide the first one's child.
                match puts {
                    [Put::Dir, Put::File | Put::Link, Put::Dir] => case.markers(1, &["gone p/0"]),
                    _ => case,
                }
                .check();
            }
        }
    }
}

pub fn directory_file_directory() -> Layers {
    vec![
        new().dirs(["p", "p/q"]).file("p/a", "1").file("p/q/b", "2"),
        new().file("p", "x"),
        new().dirs(["p"]).file("p/c", "3"),
    ]
}

#[test]
fn children_of_a_replaced_directory_stay_gone_when_it_comes_back() {
    case(directory_file_directory())
        .tree([dir("p"), file("p/c", "3")])
        .markers(1, &["gone p/a", "gone p/q"])
        .check();
}

#[test]
fn a_file_in_place_of_a_directory_needs_no_markers_for_its_children() {
    let base = new().dirs(["p", "p/q"]).file("p/q/a", "1").file("p/b", "2");
    case([base, new().file("p", "x")])
        .tree([file("p", "x")])
        .check();
}

pub fn listed_again() -> Layers {
    let again = Entry::dir("d").mode(0o2700).owner(5, 6);
    vec![
        new().dirs(["d", "d/e"]).file("d/a", "1").file("d/e/b", "2"),
        new().entry(again.mtime(1_600_000_000, 5).xattr("user.x", "y")),
    ]
}

#[test]
fn a_directory_listed_again_changes_only_its_metadata() {
    let again = dir("d").mode(0o2700).owner(5, 6);
    case(listed_again())
        .tree([
            again.mtime(1_600_000_000, 5).xattr("user.x", "y"),
            file("d/a", "1"),
            dir("d/e"),
            file("d/e/b", "2"),
        ])
        .check();
}

pub fn behind_links() -> Layers {
    let base = new()
        .dirs(["a", "b", "data", "data/run", "usr", "usr/lib", "var"])
        .file("usr/lib/old", "1")
        .symlink("lib", "usr/lib")
        .symlink("var/run", "/data/run")
        .symlink("a/one", "../b/two")
        .symlink("b/two", "../../../usr/./lib");
    let upper = new()
        .file("lib/relative", "2")
        .file("var/run/absolute", "3")
        .file("a/one/chain", "4")
        .symlink("lib/link", "old")
        .file("lib/sub/dir/made", "5")
        .file("lib/old", "new");
    vec![base, upper]
}

#[test]
fn entries_below_a_symlink_to_a_directory_land_where_it_leads() {
    case(behind_links())
        .tree([
            dir("a"),
            symlink("a/one", "../b/two"),
            dir("b"),
            symlink("b/two", "../../../usr/./lib"),
            dir("data"),
            dir("data/run"),
            file("data/run/absolute", "3"),
            symlink("lib", "usr/lib"),
            dir("usr"),
            dir("usr/lib"),
            file("usr/lib/chain", "4"),
            symlink("usr/lib/link", "old"),
            file("usr/lib/old", "new"),
            file("usr/lib/relative", "2"),
            implied("usr/lib/sub"),
            implied("usr/lib/sub/dir"),
            file("usr/lib/sub/dir/made", "5"),
            dir("var"),
            symlink("var/run", "/data/run"),
        ])
        .check();
}

/// What GNU tar's `--keep-directory-symlink` would do is nobody's default.
#[test]
fn a_directory_entry_replaces_a_symlink_to_a_directory() {
    let base = new()
        .dirs(["usr", "usr/lib"])
        .file("usr/lib/a", "1")
        .symlink("lib", "usr/lib");
    case([base, new().dirs(["lib"]).file("lib/b", "2")])
        .tree([
            dir("lib"),
            file("lib/b", "2"),
            dir("usr"),
            dir("usr/lib"),
            file("usr/lib/a", "1"),
        ])
        .check();
}

#[test]
fn symlinks_that_loop_or_leave_the_root_keep_their_text() {
    let texts = [
        ("absolute", "/etc/passwd"),
        ("dots", "./a/../b//c/"),
        ("loop", "loop"),
        ("one", "two"),
        ("out", "../../../etc/shadow"),
        ("two", "one"),
    ];
    let layer = texts
        .iter()
        .fold(new(), |layer, (path, to)| layer.symlink(path, to));
    let again = new().symlink("out", "../../../../proc/self");
    case([layer, again])
        .tree([
            symlink("absolute", "/etc/passwd"),
            symlink("dots", "./a/../b//c/"),
            symlink("loop", "loop"),
            symlink("one", "two"),
            symlink("out", "../../../../proc/self"),
            symlink("two", "one"),
        ])
        .check();
}

#[test]
fn a_path_below_a_loop_of_links_is_refused() {
    let base = new().symlink("one", "two").symlink("two", "one");
    let said = refusal(vec![base, new().file("one/file", "1")]);
    assert!(said.contains("leads around in a circle"), "{said}");
}

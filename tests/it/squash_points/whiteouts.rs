//! What hides files of lower layers, and which of it a new layer must repeat.

use super::case::{Layers, case, new};
use super::seen::{dir, file, implied, symlink};
use crate::fixtures::tar::{Entry, LayerBuilder};

/// `d` with two files, and one beside it.
fn lower() -> LayerBuilder {
    new()
        .dirs(["d"])
        .file("d/a", "four")
        .file("d/b", "five!")
        .file("z", "z")
}

#[test]
fn whiteout_of_a_file() {
    case([lower(), new().whiteout("d/a")])
        .tree([dir("d"), file("d/b", "five!"), file("z", "z")])
        .markers(1, &["gone d/a"])
        .check();
}

#[test]
fn whiteout_of_a_directory_with_and_without_trailing_slash() {
    let markers = [
        Entry::file(".wh.d", ""),
        Entry::file(".wh.d/", ""),
        Entry::dir(".wh.d/"),
        Entry::file("./.wh.d", ""),
    ];
    for marker in markers {
        case([lower(), new().entry(marker)])
            .tree([file("z", "z")])
            .markers(1, &["gone d"])
            .check();
    }
}

#[test]
fn whiteout_of_a_symlink_leaves_its_target() {
    let base = lower().symlink("l", "d/a").symlink("m", "d");
    case([base, new().whiteout("l").whiteout("m")])
        .tree([
            dir("d"),
            file("d/a", "four"),
            file("d/b", "five!"),
            file("z", "z"),
        ])
        .markers(1, &["gone l", "gone m"])
        .check();
}

#[test]
fn whiteout_of_a_path_that_no_layer_has_is_not_written() {
    let upper = new()
        .whiteout("d/nothing")
        .whiteout("no/where")
        .whiteout("y");
    case([lower(), upper, new().file("x", "x")])
        .tree([
            dir("d"),
            file("d/a", "four"),
            file("d/b", "five!"),
            file("x", "x"),
            file("z", "z"),
        ])
        .check();
    // What folded layers brought and took away again needs no marker either.
    case([lower(), new().file("d/new", "1"), new().whiteout("d/new")])
        .tree([
            dir("d"),
            file("d/a", "four"),
            file("d/b", "five!"),
            file("z", "z"),
        ])
        .markers(2, &["gone d/new"])
        .check();
}

pub fn in_one_layer() -> Layers {
    let upper = new()
        .dirs(["d"])
        .whiteout("d/a")
        .file("d/a", "new")
        .file("d/b", "newer")
        .whiteout("d/b");
    vec![lower(), upper]
}

#[test]
fn whiteout_and_new_file_in_one_layer_in_both_orders() {
    case(in_one_layer())
        .tree([
            dir("d"),
            file("d/a", "new"),
            file("d/b", "newer"),
            file("z", "z"),
        ])
        .check();
    let orders = [
        new().whiteout("d").dirs(["d"]).file("d/new", "1"),
        new().dirs(["d"]).file("d/new", "1").whiteout("d"),
    ];
    for upper in orders {
        case([lower(), upper])
            .tree([dir("d"), file("d/new", "1"), file("z", "z")])
            .markers(1, &["opaque d"])
            .check();
    }
}

pub fn in_a_later_layer() -> Layers {
    vec![
        lower(),
        new().whiteout("d").whiteout("z"),
        new().dir("d", 0o700).file("d/new", "1").file("z", "again"),
    ]
}

#[test]
fn whiteout_and_new_file_in_a_later_layer() {
    case(in_a_later_layer())
        .tree([dir("d").mode(0o700), file("d/new", "1"), file("z", "again")])
        .markers(1, &["opaque d"])
        .check();
}

#[test]
fn opaque_marker_before_after_and_between_its_siblings() {
    let places = [
        new()
            .dirs(["d"])
            .opaque("d")
            .file("d/a", "n")
            .file("d/n", "1"),
        new()
            .dirs(["d"])
            .file("d/a", "n")
            .opaque("d")
            .file("d/n", "1"),
        new()
            .dirs(["d"])
            .file("d/a", "n")
            .file("d/n", "1")
            .opaque("d"),
        // Even before its directory.
        new()
            .opaque("d")
            .dirs(["d"])
            .file("d/a", "n")
            .file("d/n", "1"),
    ];
    for upper in places {
        case([lower(), upper])
            .tree([dir("d"), file("d/a", "n"), file("d/n", "1"), file("z", "z")])
            .markers(1, &["opaque d"])
            .check();
    }
}

#[test]
fn opaque_root() {
    case([
        lower(),
        new().opaque("").file("y", "y"),
        new().file("x", "x"),
    ])
    .tree([file("x", "x"), file("y", "y")])
    .markers(1, &["opaque "])
    .check();
}

#[test]
fn opaque_directory_that_no_layer_below_has() {
    let upper = new().dirs(["e"]).opaque("e").file("e/new", "1");
    case([lower(), upper])
        .tree([
            dir("d"),
            file("d/a", "four"),
            file("d/b", "five!"),
            dir("e"),
            file("e/new", "1"),
            file("z", "z"),
        ])
        .check();
}

/// Each kind of change to a base, over three layers.
pub fn many_changes() -> Layers {
    let base = new()
        .dirs(["etc", "opt", "opt/tool", "usr", "usr/bin", "var"])
        .file("etc/motd", "hello")
        .file("etc/old", "old")
        .file("opt/tool/a", "1")
        .file("opt/tool/b", "2")
        .file("usr/bin/x", "x")
        .file("usr/bin/y", "y")
        .symlink("bin", "usr/bin")
        .file("var/log", "log");
    let second = new()
        .dirs(["etc", "opt", "usr", "usr/bin", "tmp"])
        .whiteout("etc/old")
        .whiteout("opt/tool")
        .file("tmp/scratch", "scratch")
        .file("usr/bin/z", "z");
    let third = new()
        .dirs(["opt", "opt/tool", "usr", "usr/bin"])
        .file("opt/tool/c", "3")
        .whiteout("tmp")
        .whiteout("usr/bin/x")
        .whiteout("usr/bin/z");
    vec![base, second, third]
}

#[test]
fn partial_squash_writes_the_markers_that_the_base_needs_and_no_others() {
    case(many_changes())
        .tree([
            symlink("bin", "usr/bin"),
            dir("etc"),
            file("etc/motd", "hello"),
            dir("opt"),
            dir("opt/tool"),
            file("opt/tool/c", "3"),
            dir("usr"),
            dir("usr/bin"),
            file("usr/bin/y", "y"),
            dir("var"),
            file("var/log", "log"),
        ])
        .markers(1, &["gone etc/old", "opaque opt/tool", "gone usr/bin/x"])
        .markers(2, &["gone tmp", "gone usr/bin/x", "gone usr/bin/z"])
        .check();
}

#[test]
fn whiteouts_behind_a_link_are_written_under_the_real_path() {
    let base = new()
        .dirs(["usr", "usr/lib"])
        .file("usr/lib/a", "1")
        .file("usr/lib/b", "2")
        .symlink("lib", "usr/lib");
    case([base, new().whiteout("lib/a")])
        .tree([
            symlink("lib", "usr/lib"),
            dir("usr"),
            dir("usr/lib"),
            file("usr/lib/b", "2"),
        ])
        .markers(1, &["gone usr/lib/a"])
        .check();
}

#[test]
fn names_with_the_marker_inside_are_files() {
    let layer = new()
        .file("a.wh.b", "1")
        .file("d/x.wh.", "2")
        .file("wh.c", "3")
        .file(".whd", "4");
    case([lower(), layer])
        .tree([
            file(".whd", "4"),
            file("a.wh.b", "1"),
            dir("d"),
            file("d/a", "four"),
            file("d/b", "five!"),
            file("d/x.wh.", "2"),
            file("wh.c", "3"),
            file("z", "z"),
        ])
        .check();
}

#[test]
fn bookkeeping_of_aufs_is_dropped() {
    let upper = new()
        .file(".wh..wh.aufs", "")
        .dirs([".wh..wh.plnk", ".wh..wh.orph"])
        .file(".wh..wh.plnk/123.456", "")
        .file("x/.wh..wh.other", "")
        .file("x/new", "1");
    case([lower(), upper])
        .tree([
            dir("d"),
            file("d/a", "four"),
            file("d/b", "five!"),
            implied("x"),
            file("x/new", "1"),
            file("z", "z"),
        ])
        .check();
}

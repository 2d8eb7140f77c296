//! Paths: long ones, odd ones, and ones that are written in odd ways.

use std::ffi::OsStr;

use super::case::{Layers, case, new, refusal};
use super::seen::{dir, file, implied, listed, symlink};
use crate::fixtures::tar::{Dialect, Entry, LayerBuilder, pax};
use crate::hostile::{PATIENCE, bounded};

/// So many bytes in components of 9.
fn long(bytes: usize) -> String {
    let mut path = "component/".repeat(bytes / 10 + 1);
    path.truncate(bytes - 1);
    path + "x"
}

/// All directories above a path.
fn above(path: &str) -> Vec<String> {
    let cuts = path.match_indices('/');
    cuts.map(|(at, _)| path[..at].to_owned()).collect()
}

pub fn long_paths(bytes: usize) -> Layers {
    let target = long(bytes);
    let dirs = above(&target);
    let base = dirs
        .iter()
        .fold(new(), |layer, path| layer.dir(path, 0o755));
    let base = base.file(&target, "1").symlink("short", &target);
    vec![base, new().hardlink("zz", &target)]
}

#[test]
fn paths_of_100_101_256_257_and_1000_bytes() {
    for bytes in [99, 100, 101, 255, 256, 257, 1000] {
        let target = long(bytes);
        assert_eq!(target.len(), bytes);
        let mut tree: Vec<_> = above(&target).iter().map(dir).collect();
        tree.push(file(&target, "1"));
        tree.push(symlink("short", &target));
        tree.push(super::seen::link("zz", &target));
        case(long_paths(bytes)).tree(tree).check();
    }
}

#[test]
fn long_paths_in_the_prefix_field_in_gnu_entries_and_in_pax_records() {
    let path = long(173);
    let entries: [fn(&str) -> LayerBuilder; 3] = [
        |path| new().entry(Entry::file(path, "1").dialect(Dialect::Ustar)),
        |path| {
            new()
                .entry(Entry::file(path, "1").dialect(Dialect::Gnu))
                .entry(Entry::symlink("to", path).dialect(Dialect::Gnu))
        },
        |path| {
            new()
                .entry(Entry::file(path, "1").dialect(Dialect::Pax))
                .entry(Entry::symlink("to", path).dialect(Dialect::Pax))
        },
    ];
    for (index, layer) in entries.into_iter().enumerate() {
        let mut tree: Vec<_> = above(&path).iter().map(implied).collect();
        tree.push(file(&path, "1"));
        if index > 0 {
            tree.push(symlink("to", &path));
        }
        case([layer(&path)]).tree(tree).check();
    }
}

/// Linux takes 4095 bytes at once, so no runtime can unpack more; it is not
/// cut off, and what cannot be a path at all is refused.
#[test]
fn paths_of_more_than_4096_bytes_stay_whole_or_are_refused() {
    let path = long(5000);
    let mut tree: Vec<_> = above(&path).iter().map(implied).collect();
    tree.push(file(&path, "1"));
    case([new().file(&path, "1"), new().file("x", "x")])
        .tree(tree.into_iter().chain([file("x", "x")]))
        .check();
    let said = refusal(vec![new().file(long(2 << 20), "1")]);
    assert!(said.contains("extension header"), "{said}");
}

pub fn any_bytes() -> Layers {
    vec![
        new()
            .file(b"caf\xe9", "1")
            .symlink("latin", b"caf\xe9")
            .file("new\nline", "2")
            .file("back\\slash", "3")
            .file("trailing ", "4"),
        new()
            .file("e\u{301}", "decomposed")
            .file("\u{e9}", "composed")
            .file("\u{fffd}", "5")
            .symlink("text", "a\nb\\c\x7f "),
    ]
}

#[test]
fn names_and_link_texts_of_any_bytes() {
    case(any_bytes())
        .tree([
            file("back\\slash", "3"),
            file(b"caf\xe9", "1"),
            file("e\u{301}", "decomposed"),
            symlink("latin", b"caf\xe9"),
            file("new\nline", "2"),
            symlink("text", "a\nb\\c\x7f "),
            file("trailing ", "4"),
            file("\u{e9}", "composed"),
            file("\u{fffd}", "5"),
        ])
        .check();
}

#[test]
fn the_last_of_several_entries_for_one_path_in_a_layer_wins() {
    let layer = new()
        .file("a", "first")
        .file("b", "other")
        .file("./a", "second")
        .dirs(["d"])
        .file("d/x", "1")
        .dir("d", 0o700)
        .dirs(["was"])
        .file("was/child", "1")
        .file("was", "file")
        .entry(Entry::file("/a", "third").mode(0o600));
    case([layer, new().file("c", "c")])
        .tree([
            file("a", "third").mode(0o600),
            file("b", "other"),
            file("c", "c"),
            dir("d").mode(0o700),
            file("d/x", "1"),
            file("was", "file"),
        ])
        .check();
}

#[test]
fn dots_and_slashes_in_names_mean_nothing() {
    case([
        new()
            .dirs(["./etc", "//opt//"])
            .file("/etc/hosts", "1")
            .file("etc//group", "2")
            .file("etc/./motd", "3")
            .file("opt//.//x", "4"),
        new().file("./etc/.//hosts", "new").whiteout("./etc//group"),
    ])
    .tree([
        dir("etc"),
        file("etc/hosts", "new"),
        file("etc/motd", "3"),
        dir("opt"),
        file("opt/x", "4"),
    ])
    .markers(1, &["gone etc/group"])
    .check();
}

/// As in every runtime; the other way would be to refuse them.
#[test]
fn dot_dot_in_names_stops_at_the_root() {
    let layer = new()
        .dirs(["a"])
        .file("a/../../b", "1")
        .file("../../../etc/passwd", "2");
    case([layer])
        .tree([
            dir("a"),
            file("b", "1"),
            implied("etc"),
            file("etc/passwd", "2"),
        ])
        .check();
}

#[test]
fn the_entry_of_the_root_keeps_its_metadata() {
    use rslim::rewrite::RangeChoice;
    use rslim::sink::Destination;
    for name in ["./", "/", "."] {
        let root = Entry::new(name, b'5').mode(0o711).owner(3, 4);
        let root = root.mtime(1_600_000_000, 7).xattr("user.x", "y");
        let layers = vec![new().entry(root).file("a", "1"), new().file("b", "2")];
        let place = tempfile::tempdir().unwrap();
        let from = crate::folding::written(layers, place.path());
        for kept in 0..=2 {
            let to = place.path().join("out.tar");
            let destination = Destination::DockerArchive(to.clone());
            crate::folding::fold(&from, &destination, RangeChoice::Above(kept), None, 1).unwrap();
            let want = dir("").mode(0o711).owner(3, 4).mtime(1_600_000_000, 7);
            let want = want.xattr("user.x", "y");
            let root = &crate::program::listing(&to)[0];
            assert_eq!(super::seen::from_listing(root), want, "{name}");
            if kept == 0 {
                let top = super::seen::Written::archive(&to).top();
                assert_eq!(top[0], want, "{name}");
            }
            assert_eq!(listed(&to).len(), 2);
        }
    }
}

#[test]
fn missing_parents_are_directories_of_root_with_mode_0755() {
    case([new().file("a/b/c", "1"), new().file("a/d/e", "2")])
        .tree([
            implied("a"),
            implied("a/b"),
            file("a/b/c", "1"),
            implied("a/d"),
            file("a/d/e", "2"),
        ])
        .check();
    // A header that comes later counts for the directory that is there.
    case([new()
        .file("a/b", "1")
        .entry(Entry::dir("a").mode(0o700).owner(1, 2))])
    .tree([dir("a").mode(0o700).owner(1, 2), file("a/b", "1")])
    .check();
    // A parent of a lower layer keeps what that layer says.
    case([new().dir("a", 0o700), new().file("a/b", "1")])
        .tree([dir("a").mode(0o700), file("a/b", "1")])
        .check();
}

#[test]
fn names_that_differ_in_case_only() {
    case([
        new().file("README", "1").dirs(["Lib"]).file("Lib/a", "2"),
        new().file("readme", "3").dirs(["lib"]).file("lib/A", "4"),
        new().whiteout("README").whiteout("lib/a"),
    ])
    .tree([
        dir("Lib"),
        file("Lib/a", "2"),
        dir("lib"),
        file("lib/A", "4"),
        file("readme", "3"),
    ])
    .markers(1, &["gone README"])
    .markers(2, &["gone README"])
    .check();
}

/// A name of a megabyte in a record is told from one that is only odd.
#[test]
fn a_record_that_holds_no_path_is_refused() {
    let mut bytes = Vec::new();
    pax::write_header(b'x', &[(b"path".to_vec(), b"a\0b".to_vec())], &mut bytes);
    let place = tempfile::tempdir().unwrap();
    let from = crate::folding::written(vec![new().raw(&bytes).file("a", "1")], place.path());
    let to = place.path().join("out.tar");
    let words = [
        OsStr::new("squash"),
        from.as_os_str(),
        OsStr::new("-o"),
        to.as_os_str(),
    ];
    let ran = bounded("a NUL in a path", PATIENCE, words);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("NUL in a name"), "{}", ran.err);
}

//! Hard links: names of one file stay names of one file, whatever becomes of
//! the first.

use rslim::rewrite::RangeChoice;
use rslim::sink::Destination;

use super::case::{Layers, case, new, refusal};
use super::seen::{Seen, Written, dir, file, link, symlink};
use crate::fixtures::tar::{Entry, Header, field};
use crate::folding::{fold, written};

#[test]
fn hard_link_after_its_target_chain_of_links_and_target_in_a_lower_layer() {
    let base = new()
        .file("m", "one")
        .hardlink("b", "m")
        .hardlink("z", "b")
        .file("low", "two");
    case([base, new().hardlink("high", "low").hardlink("d", "z")])
        .tree([
            file("b", "one"),
            link("d", "b"),
            file("high", "two"),
            link("low", "high"),
            link("m", "b"),
            link("z", "b"),
        ])
        .check();
}

#[test]
fn links_to_a_lower_layer_lead_to_a_name_that_is_there() {
    let layers = vec![
        new().dirs(["d"]).file("d/low", "two"),
        new().hardlink("a", "d/low").hardlink("e", "a"),
    ];
    let top = top_layer(layers, 1).into_iter().map(Seen::digested);
    let want = [link("a", "d/low"), link("e", "d/low")];
    assert_eq!(top.collect::<Vec<_>>(), want);
}

#[test]
fn hard_link_before_its_target_is_refused() {
    let said = refusal(vec![new().hardlink("b", "a").file("a", "1")]);
    assert!(
        said.contains("b is a hard link to a, which is not in the image"),
        "{said}"
    );
    let said = refusal(vec![new().file("a", "1"), new().hardlink("b", "no/where")]);
    assert!(said.contains("no/where"), "{said}");
}

pub fn target_replaced() -> Layers {
    vec![
        new()
            .file("a", "old")
            .hardlink("b", "a")
            .hardlink("c", "a")
            .file("m", "old m")
            .hardlink("n", "m"),
        new().file("a", "new!").dirs(["m"]),
        new().file("a", "newest"),
    ]
}

#[test]
fn other_names_keep_the_old_contents_when_the_target_is_replaced() {
    case(target_replaced())
        .tree([
            file("a", "newest"),
            file("b", "old"),
            link("c", "b"),
            dir("m"),
            file("n", "old m"),
        ])
        .check();
    // A link replaced by a file leaves the group whole.
    case([
        new().file("a", "old").hardlink("b", "a").hardlink("c", "a"),
        new().file("b", "new"),
    ])
    .tree([file("a", "old"), file("b", "new"), link("c", "a")])
    .check();
}

pub fn target_deleted() -> Layers {
    vec![
        new()
            .entry(
                Entry::file("a", "kept")
                    .mode(0o4750)
                    .owner(7, 8)
                    .xattr("user.x", "1"),
            )
            .hardlink("b", "a")
            .hardlink("c", "a"),
        new().hardlink("e", "b"),
        new().whiteout("a"),
    ]
}

#[test]
fn a_survivor_becomes_the_file_and_others_lead_to_it_when_the_target_is_deleted() {
    case(target_deleted())
        .tree([
            file("b", "kept")
                .mode(0o4750)
                .owner(7, 8)
                .xattr("user.x", "1"),
            link("c", "b"),
            link("e", "b"),
        ])
        .markers(1, &["gone a"])
        .markers(2, &["gone a"])
        .check();
    // The file is in the base and all of its names are new ones.
    let layers = || {
        vec![
            new().file("z", "kept"),
            new().hardlink("a", "z").hardlink("b", "z"),
            new().whiteout("z"),
        ]
    };
    case(layers())
        .tree([file("a", "kept"), link("b", "a")])
        .markers(1, &["gone z"])
        .markers(2, &["gone z"])
        .check();
    let lines: Vec<_> = top_layer(layers(), 1)
        .iter()
        .map(Seen::kind_and_path)
        .collect();
    assert_eq!(lines, ["gone z", "file a", "link b"]);
}

pub fn over_directories() -> Layers {
    vec![
        new()
            .dirs(["a", "b", "c"])
            .file("a/x", "kept")
            .hardlink("b/x", "a/x")
            .hardlink("c/x", "a/x")
            .hardlink("a/y", "b/x"),
        new().whiteout("a"),
    ]
}

#[test]
fn a_group_over_directories_of_which_one_is_removed() {
    case(over_directories())
        .tree([dir("b"), file("b/x", "kept"), dir("c"), link("c/x", "b/x")])
        .markers(1, &["gone a"])
        .check();
}

#[test]
fn hard_link_to_a_symlink() {
    let base = new()
        .file("file", "1")
        .symlink("link", "file")
        .hardlink("same", "link");
    case([base.clone(), new().file("x", "x")])
        .tree([
            file("file", "1"),
            symlink("link", "file"),
            link("same", "link"),
            file("x", "x"),
        ])
        .check();
    case([base, new().whiteout("link")])
        .tree([file("file", "1"), symlink("same", "file")])
        .markers(1, &["gone link"])
        .check();
}

/// Old writers repeat the file's size in the header of a link, without bytes
/// to follow.
#[test]
fn hard_link_with_a_size_has_no_contents() {
    let mut header = Header::gnu(b"b", b'1');
    header.octal(field::MODE, 0o644);
    header.octal(field::SIZE, 700);
    header.text(field::LINK, b"a");
    let layer = new().file("a", [b'x'; 700]).raw_header(header);
    case([layer.file("c", "after")])
        .tree([file("a", [b'x'; 700]), link("b", "a"), file("c", "after")])
        .check();
}

pub fn groups() -> Layers {
    vec![
        new()
            .file("1a", "one")
            .hardlink("1b", "1a")
            .hardlink("1c", "1a")
            .file("2a", "one")
            .hardlink("2b", "2a")
            .file("3a", "one"),
        new()
            .hardlink("1d", "1b")
            .file("1a", "other")
            .hardlink("2c", "2b"),
        new().hardlink("1e", "1c").whiteout("2a").whiteout("1b"),
    ]
}

#[test]
fn groups_of_links_stay_whole_and_apart() {
    case(groups())
        .tree([
            file("1a", "other"),
            file("1c", "one"),
            link("1d", "1c"),
            link("1e", "1c"),
            file("2b", "one"),
            link("2c", "2b"),
            file("3a", "one"),
        ])
        .markers(1, &["gone 1b", "gone 2a"])
        .markers(2, &["gone 1b", "gone 2a"])
        .check();
}

/// The headers of the further names say what the file says: containerd and
/// Docker set owner, mode, time and attributes for each name again, and the
/// kernel drops capabilities when the owner is set.
#[test]
fn headers_of_links_repeat_the_metadata_and_attributes_of_their_file() {
    let original = Entry::file("a", "kept").mode(0o4755).owner(7, 8);
    let base = new()
        .entry(
            original
                .mtime(1_600_000_000, 5)
                .xattr("security.capability", b"\x01\0\0\x02"),
        )
        .entry(Entry::hardlink("b", "a").mode(0o600).owner(1, 2));
    let like = |seen: Seen| {
        seen.mode(0o4755)
            .owner(7, 8)
            .mtime(1_600_000_000, 5)
            .xattr("security.capability", b"\x01\0\0\x02")
    };
    let all = top_layer(vec![base.clone(), new().hardlink("c", "a")], 0);
    let want = [file("a", "kept"), link("b", "a"), link("c", "a")].map(like);
    assert_eq!(all, want);
    let above = top_layer(vec![base, new().hardlink("c", "b")], 1);
    assert_eq!(above, [like(link("c", "a"))]);
}

/// Everything in the new layer.
fn top_layer(layers: Layers, kept: usize) -> Vec<Seen> {
    let dir = tempfile::tempdir().unwrap();
    let from = written(layers, dir.path());
    let to = dir.path().join("out.tar");
    let destination = Destination::DockerArchive(to.clone());
    fold(&from, &destination, RangeChoice::Above(kept), None, 1).unwrap();
    Written::archive(&to).top()
}

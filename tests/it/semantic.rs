//! Each point of reading and merging layers, against the tree that its
//! fixture says must come out.

use std::path::Path;

use rslim::layer::{ContentHash, EntryKind, Verify};
use rslim::tree::{NodeId, ROOT, Tree};

use crate::fixtures::{self, Expect, Fixture};
use crate::program::{analyze, scan, try_scan};

/// The final tree in the notation of [`Fixture::tree`].
fn tree_of(path: &Path) -> Vec<String> {
    let scanned = scan(path, ContentHash::Blake3);
    let layers = scanned.layers.iter().map(|l| l.set.clone()).collect();
    let (tree, _) = Tree::merge(layers);
    let mut first_names = std::collections::HashMap::new();
    tree.paths()
        .filter(|&node| node != ROOT)
        .map(|node| line(&tree, node, &mut first_names))
        .collect()
}

fn line(
    tree: &Tree,
    node: NodeId,
    first_names: &mut std::collections::HashMap<(u32, u32), String>,
) -> String {
    let path = printable(&tree.path(node));
    let Some(inode) = tree.inode(node) else {
        return format!("d {path}");
    };
    let entry = tree.entry(inode);
    let device = |kind: char| {
        let (major, minor) = entry.device().unwrap_or_default();
        format!("{kind} {path} {major},{minor}")
    };
    match entry.kind() {
        EntryKind::Directory => format!("d {path}"),
        EntryKind::Symlink => {
            let target = entry.link().map(printable).unwrap_or_default();
            format!("l {path} -> {target}")
        }
        EntryKind::CharDevice => device('c'),
        EntryKind::BlockDevice => device('b'),
        EntryKind::Fifo => format!("p {path}"),
        EntryKind::HardLink => format!("dangling {path}"),
        EntryKind::Whiteout | EntryKind::Opaque => format!("whiteout {path}"),
        EntryKind::File => {
            let size = entry.size();
            let first = first_names
                .entry((inode.layer, inode.index))
                .or_insert_with(|| path.clone());
            match *first == path {
                true => format!("f {path} {size}"),
                false => format!("f {path} {size} = {first}"),
            }
        }
    }
}

fn printable(bytes: &[u8]) -> String {
    let escape = |&b: &u8| match b {
        b'\\' => "\\x5c".to_owned(),
        b' '..=b'~' => char::from(b).to_string(),
        b => format!("\\x{b:02x}"),
    };
    bytes.iter().map(escape).collect()
}

/// Loads what should load, warns where it should warn, and shows the tree.
pub fn check_expectation(fixture: &Fixture, path: &Path) {
    let name = fixture.name;
    match fixture.expect {
        Expect::Fails(words) => {
            let error = match try_scan(path, ContentHash::Blake3, Verify::Auto) {
                Ok(_) => panic!("{name} loaded; it should fail with {words:?}"),
                Err(error) => chain(&*error),
            };
            assert!(error.contains(words), "{name}: {error:?} has no {words:?}");
            return;
        }
        Expect::LoadsOrFails => return,
        Expect::Loads | Expect::Warns => {}
    }
    let (_, analysis) = analyze(path);
    if fixture.expect == Expect::Warns {
        assert!(!analysis.warnings.is_empty(), "{name} should warn");
    }
    if let Some(want) = fixture.tree_lines() {
        assert_eq!(tree_of(path), want, "{name}: {}", fixture.shows);
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text += &format!(": {error}");
        next = error.source();
    }
    text
}

#[test]
fn fixtures_give_their_trees() {
    let dir = tempfile::tempdir().unwrap();
    for fixture in fixtures::semantic() {
        let path = fixture.build(dir.path()).unwrap();
        check_expectation(&fixture, &path);
    }
}

#[test]
fn fixtures_have_one_name_each() {
    let mut names: Vec<_> = fixtures::all().iter().map(|f| f.name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

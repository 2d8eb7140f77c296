//! Merging layers against the simplest model of it: a map from paths to what
//! is there.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rslim::layer::{ContentHash, EntryKind};
use rslim::tree::{ROOT, Tree};

use crate::fixtures::tar::LayerBuilder;
use crate::fixtures::{ImageBuilder, Layout};
use crate::program::scan;

/// One entry of a layer.
#[derive(Debug, Clone)]
pub enum Op {
    File(Path),
    Dir(Path),
    Symlink(Path),
    HardLink(Path, Path),
    Whiteout(Path),
    Opaque(Path),
}

pub type Path = Vec<&'static str>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Dir,
    /// Every file has a size of its own.
    File(u64),
    Symlink,
    Dangling,
}

#[derive(Default)]
struct Model {
    nodes: BTreeMap<Path, Node>,
    touched: BTreeSet<Path>,
}

impl Model {
    fn parents(&mut self, path: &Path) {
        for depth in 1..path.len() {
            let parent = path[..depth].to_vec();
            if self.nodes.get(&parent) != Some(&Node::Dir) {
                self.nodes.insert(parent.clone(), Node::Dir);
                self.touched.insert(parent);
            }
        }
    }

    fn put(&mut self, path: &Path, node: Node) {
        self.parents(path);
        if node != Node::Dir {
            self.nodes.retain(|other, _| !is_below(other, path));
        }
        self.nodes.insert(path.clone(), node);
        self.touched.insert(path.clone());
    }

    /// Removes what lower layers have at and below `path`.
    fn clear(&mut self, path: &Path, keep_itself: bool) {
        let keeps = |other: &Path| {
            self.touched
                .iter()
                .any(|touched| touched == other || is_below(touched, other))
        };
        let gone: Vec<Path> = self
            .nodes
            .keys()
            .filter(|other| is_below(other, path) || (!keep_itself && *other == path))
            .filter(|other| !keeps(other))
            .cloned()
            .collect();
        for path in gone {
            self.nodes.remove(&path);
        }
    }

    fn apply(&mut self, op: &Op, size: u64) {
        match op {
            Op::File(path) => self.put(path, Node::File(size)),
            Op::Dir(path) => self.put(path, Node::Dir),
            Op::Symlink(path) => self.put(path, Node::Symlink),
            Op::HardLink(path, target) => match self.nodes.get(target) {
                Some(&node @ Node::File(_)) => {
                    // The target may be what stands in the way of the link.
                    self.put(path, node);
                }
                _ => self.put(path, Node::Dangling),
            },
            Op::Whiteout(path) => {
                let parent = path[..path.len() - 1].to_vec();
                if parent.is_empty() || self.nodes.get(&parent) == Some(&Node::Dir) {
                    self.clear(path, false);
                }
            }
            Op::Opaque(path) => {
                if path.is_empty() || self.nodes.get(path) == Some(&Node::Dir) {
                    self.clear(path, true);
                }
            }
        }
    }
}

fn is_below(path: &Path, dir: &Path) -> bool {
    path.len() > dir.len() && path.starts_with(dir)
}

/// Paths of up to three names out of few, so that layers meet.
fn path() -> impl Strategy<Value = Path> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..=3)
}

/// Symbolic links have names of their own: what lies behind one is tested elsewhere.
fn link_path() -> impl Strategy<Value = Path> {
    path().prop_map(|mut path| {
        path.push("link");
        path
    })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => path().prop_map(Op::File),
        3 => path().prop_map(Op::Dir),
        1 => link_path().prop_map(Op::Symlink),
        2 => (path(), path())
            .prop_filter("a link to itself", |(a, b)| a != b && !is_below(a, b) && !is_below(b, a))
            .prop_map(|(path, target)| Op::HardLink(path, target)),
        2 => path().prop_map(Op::Whiteout),
        1 => prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 0..=2)
            .prop_map(Op::Opaque),
    ]
}

fn add(layer: LayerBuilder, op: &Op, size: u64) -> LayerBuilder {
    match op {
        Op::File(path) => layer.file(path.join("/"), vec![b'x'; size as usize]),
        Op::Dir(path) => layer.dir(path.join("/"), 0o755),
        Op::Symlink(path) => layer.symlink(path.join("/"), "nowhere"),
        Op::HardLink(path, target) => layer.hardlink(path.join("/"), target.join("/")),
        Op::Whiteout(path) => layer.whiteout(&path.join("/")),
        Op::Opaque(path) => layer.opaque(&path.join("/")),
    }
}

/// The tar of a layer; every file has a size of its own, counted on in `size`.
pub fn layer_of(ops: &[Op], size: &mut u64) -> Vec<u8> {
    let mut layer = LayerBuilder::new();
    for op in ops {
        *size += 1;
        layer = add(layer, op, *size);
    }
    layer.finish()
}

/// Layers of an image.
pub fn layers() -> impl Strategy<Value = Vec<Vec<Op>>> {
    prop::collection::vec(prop::collection::vec(op(), 0..8), 1..5)
}

fn merged(layers: &[Vec<Op>]) -> (BTreeMap<String, Node>, u64, u64) {
    let mut size = 0;
    let tars = layers.iter().map(|ops| layer_of(ops, &mut size));
    let image = ImageBuilder::of_layers(tars.collect::<Vec<_>>());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image.tar");
    image.write(Layout::DockerArchive, &path).unwrap();
    let scanned = scan(&path, ContentHash::Blake3);
    let layers: Vec<_> = scanned.layers.iter().map(|l| l.set.clone()).collect();
    let stored: u64 = layers
        .iter()
        .flat_map(|l| l.changeset.entries())
        .map(|e| e.size())
        .sum();
    let (tree, log) = Tree::merge(layers);
    let hidden: u64 = log.hidden.iter().map(|h| tree.entry(h.file).size()).sum();
    let mut shown = BTreeMap::new();
    let mut visible = BTreeMap::new();
    for node in tree.paths().filter(|&node| node != ROOT) {
        let kind = match tree.kind(node) {
            EntryKind::Directory => Node::Dir,
            EntryKind::Symlink => Node::Symlink,
            EntryKind::HardLink => Node::Dangling,
            _ => {
                let inode = tree.inode(node).expect("a file has an entry");
                let size = tree.entry(inode).size();
                visible.insert(inode, size);
                Node::File(size)
            }
        };
        shown.insert(String::from_utf8(tree.path(node)).unwrap(), kind);
    }
    let visible: u64 = visible.values().sum();
    assert_eq!(
        stored,
        visible + hidden,
        "what is stored is shown or hidden"
    );
    (shown, visible, hidden)
}

/// The model's answer to some layers.
fn modelled(layers: &[Vec<Op>]) -> BTreeMap<String, Node> {
    let mut model = Model::default();
    let mut size = 0;
    for ops in layers {
        model.touched.clear();
        for op in ops {
            size += 1;
            model.apply(op, size);
        }
    }
    let nodes = model.nodes.into_iter();
    nodes.map(|(path, node)| (path.join("/"), node)).collect()
}

#[test]
fn a_directory_made_opaque_can_still_be_removed() {
    let layers = [
        vec![Op::File(vec!["a", "a"])],
        vec![Op::Opaque(vec!["a"]), Op::Whiteout(vec!["a"])],
    ];
    assert_eq!(merged(&layers).0, modelled(&layers));
    assert!(merged(&layers).0.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn merging_is_what_the_model_does(
        layers in layers()
    ) {
        let (got, _, _) = merged(&layers);
        prop_assert_eq!(got, modelled(&layers));
    }
}

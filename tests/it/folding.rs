//! Squashing images in tests, in-process.

use std::path::{Path, PathBuf};

use rslim::codec::{Encoding, Limits};
use rslim::layer::{ContentHash, NoProgress};
use rslim::rewrite::RangeChoice;
use rslim::sink::{self, Destination};
use rslim::source::{self, Locator, OpenOptions};
use rslim::squash::{Request, Shape, SquashError, Squashed, squash};
use serde_json::Value;

use crate::fixtures::tar::LayerBuilder;
use crate::fixtures::{ImageBuilder, Layout};
use crate::program::{listing, scan};
use crate::squash_points::seen::{Seen, Written};

pub fn fold(
    from: &Path,
    to: &Destination,
    range: RangeChoice,
    encoding: Option<Encoding>,
    jobs: usize,
) -> Result<Squashed, SquashError> {
    let request = Request {
        encoding,
        jobs,
        ..request(to, range, Shape::Fold)
    };
    fold_as(from, "linux/amd64", &request)
}

fn request(to: &Destination, range: RangeChoice, shape: Shape) -> Request<'_> {
    Request {
        range,
        shape,
        destination: to,
        writing: sink::OpenOptions::default(),
        encoding: None,
        names: Vec::new(),
        created: None,
        created_by: "a test".to_owned(),
        limits: Limits::default(),
        jobs: 1,
        progress: &NoProgress,
    }
}

/// The layers above the lowest ones stay apart.
pub fn apart(from: &Path, to: &Destination, kept: usize) -> Result<Squashed, SquashError> {
    let request = request(to, RangeChoice::Above(kept), Shape::Apart);
    fold_as(from, "linux/amd64", &request)
}

/// The same with every choice open.
pub fn fold_as(
    from: &Path,
    platform: &str,
    request: &Request<'_>,
) -> Result<Squashed, SquashError> {
    let locator: Locator = from.to_str().unwrap().parse().unwrap();
    let options = OpenOptions {
        platform: Some(platform.parse().unwrap()),
        ..OpenOptions::default()
    };
    squash(source::open(&locator, &options)?, request)
}

/// The tree of an image, path by path, without what only says where it is.
pub fn tree(path: &Path) -> Vec<Value> {
    let mut lines = listing(path);
    for line in &mut lines {
        let line = line.as_object_mut().unwrap();
        line.remove("layer");
        line.remove("implied");
    }
    lines
}

/// Folds every range of the image and compares the trees.
pub fn every_range(name: &str, path: &Path) {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("out.tar");
    let before = tree(path);
    let count = scan(path, ContentHash::Blake3).layers.len();
    for kept in 0..=count {
        let destination = Destination::DockerArchive(to.clone());
        let done = fold(path, &destination, RangeChoice::Above(kept), None, 2);
        let done = done.unwrap_or_else(|e| panic!("{name}, {kept} kept: {e}"));
        assert_eq!(tree(&to), before, "{name}, {kept} kept");
        let folded = usize::from(kept < count);
        assert_eq!(done.output.layers, kept + folded, "{name}");
        assert_eq!(done.tree.0, done.tree.1);
        let done = apart(path, &destination, kept);
        let done = done.unwrap_or_else(|e| panic!("{name}, {kept} kept, others apart: {e}"));
        assert_eq!(tree(&to), before, "{name}, {kept} kept, others apart");
        assert!((kept..=count).contains(&done.output.layers), "{name}");
    }
}

pub fn has_dangling_link(path: &Path) -> bool {
    let dangling = |line: &Value| line["type"] == "dangling-hardlink";
    listing(path).iter().any(dangling)
}

pub fn written(layers: Vec<LayerBuilder>, dir: &Path) -> PathBuf {
    let tars: Vec<_> = layers.into_iter().map(LayerBuilder::finish).collect();
    let path = dir.join("image.tar");
    ImageBuilder::of_layers(tars)
        .write(Layout::DockerArchive, &path)
        .unwrap();
    path
}

/// The entries of the topmost layer, as `type path`.
pub fn top(path: &Path) -> Vec<String> {
    let entries = Written::archive(path).top();
    entries.iter().map(Seen::kind_and_path).collect()
}

pub fn folded_top(layers: Vec<LayerBuilder>, kept: usize) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let path = written(layers, dir.path());
    let to = dir.path().join("out.tar");
    let destination = Destination::DockerArchive(to.clone());
    fold(&path, &destination, RangeChoice::Above(kept), None, 1).unwrap();
    assert_eq!(tree(&to), tree(&path));
    top(&to)
}

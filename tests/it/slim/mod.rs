//! Images made smaller by what their entry point reaches.

mod bad_input;
mod chains;
mod command;
mod decided;
mod intact;
mod result;
mod used;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rslim::codec::Limits;
use rslim::layer::NoProgress;
use rslim::rewrite::RangeChoice;
use rslim::sink::{self, Destination};
use rslim::slim::Image;
use rslim::source::{self, Locator, OpenOptions, Opened};
use rslim::squash::{Request, Shape};
use serde_json::Value;
use tempfile::TempDir;

use crate::fixtures::{ImageBuilder, Layout};
use crate::program::{Ran, rslim};

/// An image in a folder of its own.
pub struct Lab {
    dir: TempDir,
    image: PathBuf,
}

/// Reads an image in-process, with all contents at hand.
pub fn with_image(path: &str, check: impl FnOnce(&Image)) {
    let nowhere = Destination::DockerArchive("nowhere.tar".into());
    let request = Request {
        range: RangeChoice::All,
        shape: Shape::Fold,
        destination: &nowhere,
        writing: sink::OpenOptions::default(),
        encoding: None,
        names: Vec::new(),
        created: None,
        created_by: String::new(),
        limits: Limits::default(),
        jobs: 1,
        progress: &NoProgress,
    };
    let locator: Locator = path.parse().unwrap();
    let Opened::Image(open) = source::open(&locator, &OpenOptions::default()).unwrap() else {
        panic!("a file is no stream");
    };
    check(&Image::read(open, &request).unwrap());
}

impl Lab {
    pub fn new(image: &ImageBuilder) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("image.tar");
        image.write(Layout::DockerArchive, &path).unwrap();
        Lab { dir, image: path }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn image(&self) -> &str {
        self.image.to_str().unwrap()
    }

    /// Runs `rslim slim` into `small.tar`.
    pub fn slim(&self, words: &[&str]) -> Ran {
        let out = self.path("small.tar");
        let mut all = vec!["slim", self.image(), "-o", out.to_str().unwrap()];
        all.extend_from_slice(words);
        rslim(&all)
    }

    /// As [`Lab::slim`], which must succeed; gives what is left, by path.
    pub fn slimmed(&self, words: &[&str]) -> BTreeMap<String, Value> {
        let ran = self.slim(words);
        assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
        tree(&self.path("small.tar"))
    }

    pub fn why(&self, words: &[&str]) -> Ran {
        let mut all = vec!["why", self.image()];
        all.extend_from_slice(words);
        rslim(&all)
    }
}

/// The paths of an image with all that is known of them but for the layer.
pub fn tree(image: &Path) -> BTreeMap<String, Value> {
    let ran = rslim(&["analyze", "--format", "tree", image.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let lines = ran.out.lines().map(|line| {
        let mut path: Value = serde_json::from_str(line).unwrap();
        let fields = path.as_object_mut().unwrap();
        fields.remove("layer");
        fields.remove("implied");
        (fields["path"].as_str().unwrap().to_owned(), path)
    });
    lines.collect()
}

/// The names of the packages that dpkg's status lists.
pub fn packages(status: &str) -> Vec<&str> {
    let lines = status.lines();
    lines
        .filter_map(|line| line.strip_prefix("Package: "))
        .collect()
}

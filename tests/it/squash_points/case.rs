//! One image, the tree that it has, and the markers that each way of folding
//! it must write.

use std::collections::BTreeMap;

use rslim::rewrite::RangeChoice;
use rslim::sink::Destination;
use rslim::squash::SquashError;

use super::seen::{Seen, Written, listed};
use crate::fixtures::tar::LayerBuilder;
use crate::fixtures::{ImageBuilder, Layout};
use crate::folding::{apart, fold};

/// Layers of an image, lowest first.
pub type Layers = Vec<LayerBuilder>;

pub fn new() -> LayerBuilder {
    LayerBuilder::new()
}

pub struct Case {
    image: ImageBuilder,
    layers: usize,
    tree: Vec<Seen>,
    markers: BTreeMap<usize, Vec<&'static str>>,
}

pub fn case(layers: impl IntoIterator<Item = LayerBuilder>) -> Case {
    case_of(ImageBuilder::of_layers(
        layers.into_iter().map(LayerBuilder::finish),
    ))
}

pub fn case_of(image: ImageBuilder) -> Case {
    Case {
        layers: image.config()["rootfs"]["diff_ids"]
            .as_array()
            .unwrap()
            .len(),
        image,
        tree: Vec::new(),
        markers: BTreeMap::new(),
    }
}

impl Case {
    /// What a container sees, in the order of a sorted walk: a directory before
    /// what is in it, names by their bytes.
    pub fn tree(mut self, tree: impl IntoIterator<Item = Seen>) -> Self {
        self.tree = tree.into_iter().collect();
        self
    }

    /// The markers of the new layer when so many layers are kept; a range that
    /// is not given one must have none.
    pub fn markers(mut self, kept: usize, markers: &[&'static str]) -> Self {
        self.markers.insert(kept, markers.to_vec());
        self
    }

    /// Folds every range.
    #[track_caller]
    pub fn check(self) {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("image.tar");
        let to = dir.path().join("out.tar");
        self.image.write(Layout::DockerArchive, &from).unwrap();
        let want: Vec<Seen> = self.tree.iter().cloned().map(Seen::digested).collect();
        assert_eq!(listed(&from), want, "what the image is read as");
        for kept in 0..=self.layers {
            let destination = Destination::DockerArchive(to.clone());
            let done = fold(&from, &destination, RangeChoice::Above(kept), None, 1);
            let done = done.unwrap_or_else(|e| panic!("{kept} kept: {e}"));
            assert_eq!(listed(&to), want, "{kept} kept");
            let written = Written::archive(&to);
            let new = usize::from(kept < self.layers);
            assert_eq!((written.layers().len(), done.kept), (kept + new, kept));
            if new == 0 {
                continue;
            }
            let layer = written.top();
            let markers: Vec<String> = layer
                .iter()
                .filter(|entry| entry.is_marker())
                .map(Seen::kind_and_path)
                .collect();
            let expected = self.markers.get(&kept).cloned().unwrap_or_default();
            assert_eq!(markers, expected, "markers with {kept} kept");
            if kept == 0 {
                self.is_the_layer(&layer);
            }
            let done = apart(&from, &destination, kept);
            done.unwrap_or_else(|e| panic!("{kept} kept, others apart: {e}"));
            assert_eq!(listed(&to), want, "{kept} kept, others apart");
        }
    }

    /// The one layer has the tree and nothing else.
    #[track_caller]
    fn is_the_layer(&self, layer: &[Seen]) {
        let shown = |entries: &[Seen]| -> Vec<Seen> {
            let entries = entries.iter().filter(|e| !e.is_implied());
            let below = entries.filter(|e| !e.path.is_empty()).cloned();
            // Headers of further names are looked at elsewhere.
            below
                .map(|e| match e.kind {
                    super::seen::Kind::Link(_) => e.digested(),
                    _ => e,
                })
                .collect()
        };
        assert_eq!(shown(layer), shown(&self.tree), "read by the tar crate");
    }
}

/// The message with which folding all layers is refused.
#[track_caller]
pub fn refusal(layers: Layers) -> String {
    let dir = tempfile::tempdir().unwrap();
    let from = crate::folding::written(layers, dir.path());
    let to = dir.path().join("out.tar");
    let done = fold(
        &from,
        &Destination::DockerArchive(to.clone()),
        RangeChoice::All,
        None,
        1,
    );
    assert!(!to.exists());
    match done {
        Ok(_) => panic!("squashed"),
        Err(error) => said(&error),
    }
}

/// All that an error says.
pub fn said(error: &SquashError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        text += &format!(": {error}");
        next = error.source();
    }
    text
}

//! What reports show of an attribution.

use super::{Attribution, Place};

/// The lines of a Dockerfile that made the layers of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins {
    /// The Dockerfile, as reports name it.
    pub path: String,
    /// What made each layer, the lowest first.
    pub layers: Vec<Attribution>,
}

impl Origins {
    /// The instruction that made a layer, where there is an answer; for layers
    /// of the base image it is the FROM.
    pub fn place(&self, layer: usize) -> Option<Place> {
        self.layers.get(layer)?.place
    }

    /// The same in words: `Dockerfile:12`, or `Dockerfile:12-14`.
    pub fn words(&self, layer: usize) -> Option<String> {
        let lines = self.place(layer)?.words();
        Some(format!("{}:{lines}", self.path))
    }
}

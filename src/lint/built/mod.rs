//! The image that a Dockerfile built, as rules see it: bytes and facts by the
//! instruction that brought them.

mod base;
mod measure;
#[cfg(test)]
pub(super) mod testing;
mod unseen;

pub use base::BaseState;
pub(super) use measure::measure;
pub(super) use unseen::report as report_unseen;

use crate::analyze::{Analysis, CacheFinding, Package, Waste};
use crate::attribute::{Attributions, Confidence, Kind};
use crate::inspect::Inspection;
use crate::oci::{Image, RunConfig};

/// Bytes below this are not worth a line of a report.
pub const WORTH_SAYING: u64 = 64 * 1024;

/// A layer and the instructions that made it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuiltLayer {
    /// The first and the last of the instructions; none where nobody knows, and
    /// for layers of the base image.
    pub made_by: Option<(usize, usize)>,
    /// It is the base image's.
    pub base: bool,
    /// Bytes of its files.
    pub stored_bytes: u64,
}

/// An image that was built from the Dockerfile at hand.
#[derive(Debug, Clone, Default)]
pub struct BuiltImage {
    /// The layers, lowest first.
    pub layers: Vec<BuiltLayer>,
    /// For each history entry, the instruction that it is of.
    pub entries: Vec<Option<usize>>,
    /// File versions that are stored and not shown, largest first.
    pub waste: Vec<Waste>,
    /// Leftovers of tools in the final tree, largest first.
    pub caches: Vec<CacheFinding>,
    /// Installed packages.
    pub packages: Vec<Package>,
    /// What the image holds that somebody should know of.
    pub inspection: Inspection,
    /// How its containers are run.
    pub config: RunConfig,
    /// What the instructions found when they began.
    pub base: BaseState,
    /// Digest of the base image, where the builder noted it.
    pub base_digest: Option<String>,
    /// The stage that was built; the last one without.
    pub stage: Option<usize>,
}

impl BuiltImage {
    /// Puts together what was found out about an image.
    pub fn new(
        image: &Image,
        analysis: &Analysis,
        attributions: &Attributions,
        inspection: Inspection,
        stage: Option<usize>,
    ) -> Self {
        let summaries = analysis.layers.iter();
        let layers = summaries.zip(&attributions.layers).map(|(summary, made)| {
            let place = made.place.filter(|_| made.confidence > Confidence::Unsure);
            BuiltLayer {
                made_by: place
                    .filter(|_| made.kind == Kind::Instruction)
                    .map(|place| (place.first, place.last)),
                base: made.kind == Kind::Base,
                stored_bytes: summary.stored_bytes,
            }
        });
        let entries = attributions.entries.iter().map(|made| {
            let place = made.place.filter(|_| made.kind != Kind::Unknown)?;
            Some(place.first)
        });
        let digest = image
            .annotations
            .get("org.opencontainers.image.base.digest")
            .or_else(|| {
                let labels = &image.config.config.labels;
                labels.get("org.opencontainers.image.base.digest")
            });
        BuiltImage {
            layers: layers.collect(),
            entries: entries.collect(),
            waste: analysis.waste.clone(),
            caches: analysis.caches.clone(),
            packages: analysis.packages.clone(),
            inspection,
            base: BaseState::of(&image.config, attributions),
            config: image.config.config.clone(),
            base_digest: digest.cloned(),
            stage,
        }
    }

    /// The instruction that alone made a layer.
    pub fn maker(&self, layer: u32) -> Option<usize> {
        let (first, last) = self.layers.get(layer as usize)?.made_by?;
        (first == last).then_some(first)
    }

    /// The layers that an instruction made all alone.
    pub fn layers_of(&self, index: usize) -> impl Iterator<Item = u32> + '_ {
        (0..self.layers.len() as u32).filter(move |&layer| self.maker(layer) == Some(index))
    }

    /// Whether a layer is the base image's.
    pub fn is_base(&self, layer: u32) -> bool {
        self.layers
            .get(layer as usize)
            .is_some_and(|layer| layer.base)
    }

    /// An installed package.
    pub fn package(&self, managers: &[&str], name: &str) -> Option<&Package> {
        self.packages
            .iter()
            .find(|package| managers.contains(&package.manager) && package.name == name)
    }
}

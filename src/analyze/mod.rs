//! Judgements: where an image's bytes are, and which of them are wasted.
//!
//! Every judgement is a function from the merged tree (and what merging did)
//! to findings; [`analyze`] calls them all and adds up.

mod base;
mod comparison;
mod contents;
mod database;
pub mod dive;
mod duplicates;
pub mod packages;
mod recommend;
mod survey;
mod waste;

use std::sync::Arc;

pub use base::{Base, Evidence, detect as detect_base, given as given_base};
pub use comparison::{LayerPair, PackageChange, compare_layers, compare_packages};
pub use database::DatabaseContents;
pub use dive::DiveFigures;
pub use duplicates::Duplicate;
pub use packages::Package;
pub use recommend::Recommendation;
pub use survey::CacheFinding;
pub use waste::{Waste, WasteGroup, WasteKind, groups as waste_groups};

use contents::{ContentIndex, Keys};

use crate::layer::ScannedImage;
use crate::oci::{Digest, HistoryEntry};
use crate::ruleset::{CacheClass, CacheRules};
use crate::tree::{LayerCounts, MergeLog, Tree};

/// Everything that is known about an image's bytes.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// Each layer, lowest first.
    pub layers: Vec<LayerSummary>,
    /// Sums over the image.
    pub totals: Totals,
    /// dive's figures, by dive's definitions.
    pub dive: DiveFigures,
    /// Stored file versions that are not shown, largest first.
    pub waste: Vec<Waste>,
    /// The same, put together by kind and layers.
    pub waste_groups: Vec<WasteGroup>,
    /// Leftovers in the final tree, largest first.
    pub caches: Vec<CacheFinding>,
    /// Equal files of the final tree, most wasteful first.
    pub duplicates: Vec<Duplicate>,
    /// Installed packages, largest first.
    pub packages: Vec<Package>,
    /// Where the base image ends, if anything tells.
    pub base: Option<Base>,
    /// What to do, by bytes saved.
    pub recommendations: Vec<Recommendation>,
    /// What was odd, for the user's eyes.
    pub warnings: Vec<String>,
}

/// One layer. All sizes are bytes.
#[derive(Debug, Clone)]
pub struct LayerSummary {
    /// Digest of the blob as stored.
    pub digest: Option<Digest>,
    /// Digest of the tar stream.
    pub diff_id: Option<Digest>,
    /// Media type of the blob.
    pub media_type: String,
    /// Size of the blob as stored.
    pub compressed_bytes: u64,
    /// Size of the tar stream.
    pub uncompressed_bytes: u64,
    /// Sizes of all regular files in the layer.
    pub stored_bytes: u64,
    /// Those of them that the final tree does not show.
    pub wasted_bytes: u64,
    /// Paths that the layer changes.
    pub counts: LayerCounts,
    /// The instruction that made it, as history has it.
    pub created_by: Option<String>,
    /// Why the layer was not read, if it was not.
    pub skipped: Option<String>,
}

/// Sums over the image. All sizes are bytes.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    /// Layers.
    pub layers: usize,
    /// Blobs as stored.
    pub compressed_bytes: u64,
    /// Tar streams.
    pub uncompressed_bytes: u64,
    /// Regular files of all layers.
    pub stored_bytes: u64,
    /// Regular files of the final tree, each once.
    pub visible_bytes: u64,
    /// Paths of the final tree that are no directories.
    pub files: u64,
    /// Stored and not shown.
    pub wasted_bytes: u64,
    /// Leftovers, the weak ones included.
    pub cache_bytes: u64,
    /// Leftovers of the weak class alone.
    pub weak_cache_bytes: u64,
    /// What duplicates take.
    pub duplicate_bytes: u64,
    /// Visible bytes by stored bytes, 0 to 1; 1 for an empty image.
    pub efficiency: f64,
}

/// Why an image that was read could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum AnalyzeError {
    /// Its files changed or vanished meanwhile.
    #[error("cannot read file contents of the image again: {0}")]
    Read(#[from] std::io::Error),
    /// Links to very deep directories give short entries endless paths.
    #[error("the paths to report add up to more than {0} bytes: the image is not meant to be read")]
    Paths(u64),
}

/// Bytes of paths that findings may still have. Paths that are written in the
/// layers have a few hundred bytes at most each, or are paid for there.
struct PathBudget {
    limit: u64,
    used: u64,
}

impl PathBudget {
    fn new(tree: &Tree) -> Self {
        PathBudget {
            limit: (64 << 20) + 256 * tree.path_count() as u64,
            used: 0,
        }
    }

    /// The whole path of `node`.
    fn path(&mut self, tree: &Tree, node: crate::tree::NodeId) -> Result<Vec<u8>, AnalyzeError> {
        let path = tree.path(node);
        self.used += path.len() as u64;
        match self.used <= self.limit {
            true => Ok(path),
            false => Err(AnalyzeError::Paths(self.limit)),
        }
    }
}

/// Judges a scanned image.
///
/// # Errors
/// When the image's files change or vanish while they are looked at.
pub fn analyze(
    scan: &ScannedImage,
    rules: &CacheRules,
    base: Option<Base>,
) -> Result<Analysis, AnalyzeError> {
    let contents: Vec<_> = scan.layers.iter().map(|l| Arc::clone(&l.set)).collect();
    let (judged, dive) = rayon::join(
        || judge(Tree::merge(contents.clone()), rules),
        || dive::figures(&contents),
    );
    let judged = judged?;
    let mut warnings = scan.warnings.clone();
    warnings.extend(judged.warnings);
    let layers = summaries(scan, &judged.waste, &judged.counts);
    let mut totals = sums(&layers);
    totals.files = judged.files;
    totals.visible_bytes = judged.visible_bytes;
    totals.cache_bytes = judged.caches.iter().map(|c| c.bytes).sum();
    totals.weak_cache_bytes = judged
        .caches
        .iter()
        .filter(|c| c.class == CacheClass::Weak)
        .map(|c| c.bytes)
        .sum();
    totals.duplicate_bytes = judged.duplicates.iter().map(|d| d.wasted_bytes).sum();
    totals.efficiency = if totals.stored_bytes == 0 {
        1.0
    } else {
        totals.visible_bytes as f64 / totals.stored_bytes as f64
    };
    let waste_groups = waste::groups(&judged.waste);
    Ok(Analysis {
        recommendations: recommend::recommend(&waste_groups, &judged.caches, &judged.duplicates),
        layers,
        totals,
        dive,
        waste: judged.waste,
        waste_groups,
        caches: judged.caches,
        duplicates: judged.duplicates,
        packages: judged.packages,
        base: base.or_else(|| detect_base(&scan.image)),
        warnings,
    })
}

/// What the merged tree tells.
struct Judged {
    waste: Vec<Waste>,
    caches: Vec<CacheFinding>,
    duplicates: Vec<Duplicate>,
    packages: Vec<Package>,
    counts: Vec<LayerCounts>,
    files: u64,
    visible_bytes: u64,
    warnings: Vec<String>,
}

fn judge((tree, log): (Tree, MergeLog), rules: &CacheRules) -> Result<Judged, AnalyzeError> {
    let survey = survey::survey(&tree, rules);
    let keys = Keys::new(&tree);
    let alike = duplicates::candidates(&keys, &survey.files);
    let compared = waste::wanted(&tree, &keys, &log.hidden);
    let (contents, listed) = rayon::join(
        || ContentIndex::read(&tree, &keys, compared, duplicates::wanted(&alike)),
        || database::packages(&tree),
    );
    let (contents, (packages, notes)) = (contents?, listed?);
    let mut paths = PathBudget::new(&tree);
    let mut waste = waste::judge(&tree, &keys, &log.hidden, &contents, &mut paths)?;
    for item in &mut waste {
        item.cache = rules.rule_of(&item.path).map(|rule| rule.id.clone());
    }
    let duplicates = duplicates::group(&tree, &alike, &contents, &mut paths)?;
    let mut warnings = log.warnings;
    warnings.extend(notes);
    Ok(Judged {
        waste,
        duplicates,
        packages,
        counts: log.counts,
        files: survey.paths,
        visible_bytes: survey
            .files
            .iter()
            .map(|file| tree.entry(file.file).size())
            .sum(),
        caches: survey.caches,
        warnings,
    })
}

fn summaries(scan: &ScannedImage, waste: &[Waste], counts: &[LayerCounts]) -> Vec<LayerSummary> {
    let mut wasted = vec![0; scan.layers.len()];
    for item in waste {
        wasted[item.stored_in as usize] += item.bytes;
    }
    let mut history = scan.image.config.layer_history();
    scan.layers
        .iter()
        .enumerate()
        .map(|(i, layer)| LayerSummary {
            digest: layer.digest.clone(),
            diff_id: layer.diff_id.clone(),
            media_type: layer.media_type.clone(),
            compressed_bytes: layer.compressed_bytes,
            uncompressed_bytes: layer.uncompressed_bytes,
            stored_bytes: layer.set.changeset.entries().map(|e| e.size()).sum(),
            wasted_bytes: wasted[i],
            counts: counts[i],
            created_by: history.next().map(instruction),
            skipped: layer.skipped.clone(),
        })
        .collect()
}

/// The instruction of a history entry; some tools only leave a comment.
fn instruction(entry: &HistoryEntry) -> String {
    if entry.created_by.is_empty() {
        entry.comment.clone()
    } else {
        entry.created_by.clone()
    }
}

fn sums(layers: &[LayerSummary]) -> Totals {
    let sum = |of: fn(&LayerSummary) -> u64| layers.iter().map(of).sum();
    Totals {
        layers: layers.len(),
        compressed_bytes: sum(|l| l.compressed_bytes),
        uncompressed_bytes: sum(|l| l.uncompressed_bytes),
        stored_bytes: sum(|l| l.stored_bytes),
        wasted_bytes: sum(|l| l.wasted_bytes),
        ..Totals::default()
    }
}

//! From an image to a smaller one.

use std::io::Write;
use std::sync::Arc;

use super::check::{Fault, check};
use super::decide::{Decisions, Rules, Subject, decide};
use super::error::SlimError;
use super::options::{Options, Tier};
use super::summary::Summary;
use super::view::View;
use crate::codec::Limits;
use crate::layer::LayerContent;
use crate::oci::{Digest, ImageConfig};
use crate::rewrite::{self, Plan};
use crate::source::OpenImage;
use crate::squash::{self, Prepared, Request, SquashError, Squashed};
use crate::tree::Tree;

/// An image that was read, with all contents at hand.
pub struct Image {
    prepared: Prepared,
    tree: Tree,
    /// What was odd when its layers were merged.
    pub warnings: Vec<String>,
}

impl Image {
    /// Reads an image.
    ///
    /// # Errors
    /// [`SlimError::Squash`] if it cannot be read.
    pub fn read(open: OpenImage, request: &Request<'_>) -> Result<Self, SlimError> {
        let prepared = squash::prepare(open, request)?;
        let sets = prepared
            .scanned
            .layers
            .iter()
            .map(|layer| layer.set.clone());
        let (tree, log) = Tree::merge(sets.collect());
        Ok(Image {
            prepared,
            tree,
            warnings: log.warnings,
        })
    }

    /// The image's file system.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Its configuration.
    pub fn config(&self) -> &ImageConfig {
        &self.prepared.scanned.image.config
    }

    /// Digest of its configuration, which names all of it.
    pub fn config_digest(&self) -> &Digest {
        &self.prepared.scanned.image.config_digest
    }

    /// Writes its file system as one tar stream, parents first.
    ///
    /// # Errors
    /// [`SlimError`].
    pub fn write_tree(&self, out: &mut dyn Write, limits: &Limits) -> Result<(), SlimError> {
        let (nothing, _) = Tree::merge(Vec::new());
        let plan =
            Plan::new(&self.tree, &nothing, limits.layer_bytes).map_err(SquashError::from)?;
        let written = rewrite::write(&plan, &self.tree, &nothing, out, None);
        Ok(written.map_err(SquashError::from)?)
    }

    /// How many of the lowest layers are not rewritten.
    pub fn kept_layers(&self) -> usize {
        self.prepared.from
    }

    /// What decisions are about.
    pub fn subject(&self) -> Subject<'_> {
        Subject::new(&self.tree, &self.prepared.scanned.image.config)
    }

    /// The changes as a layer.
    ///
    /// # Errors
    /// [`SlimError::Overlay`].
    pub fn overlay(
        &self,
        decisions: &Decisions,
        limits: &Limits,
    ) -> Result<Arc<LayerContent>, SlimError> {
        let removed = |node| !decisions.keeps(node);
        let overlay = rewrite::overlay(&self.tree, &removed, &decisions.changed, limits)?;
        Ok(overlay)
    }

    /// Checks what the changes would leave.
    pub fn check(
        &self,
        subject: &Subject<'_>,
        decisions: &Decisions,
        overlay: &Arc<LayerContent>,
    ) -> Vec<Fault> {
        let layers = self.prepared.scanned.layers.iter();
        let mut sets: Vec<_> = layers.map(|layer| layer.set.clone()).collect();
        sets.push(Arc::clone(overlay));
        let (after, _) = Tree::merge(sets);
        let used = |node| decisions.keeps_as_used(node);
        check(subject, View { tree: &after }, &used)
    }

    /// Writes the smaller image, and shows that it is what was decided.
    ///
    /// # Errors
    /// [`SlimError`]; nothing is left of the result then.
    pub fn write(
        &self,
        overlay: Arc<LayerContent>,
        request: &Request<'_>,
    ) -> Result<Squashed, SlimError> {
        Ok(squash::write_edited(&self.prepared, overlay, request)?)
    }
}

/// What would become of an image.
pub struct Proposal {
    /// The decisions.
    pub climb: Climb,
    /// The changes as a layer.
    pub overlay: Arc<LayerContent>,
    /// What the result would lack.
    pub faults: Vec<Fault>,
}

/// What is decided about, and by which rules.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The image.
    pub image: &'a Image,
    /// What decisions see of it.
    pub subject: &'a Subject<'a>,
    /// The rules.
    pub rules: &'a Rules,
    /// Bytes that the files may have at most.
    pub target: Option<u64>,
    /// Bounds on hostile input.
    pub limits: &'a Limits,
}

/// Decides, and checks what that would leave.
///
/// # Errors
/// As [`decide`], and [`SlimError::Overlay`].
pub fn propose(ground: &Ground<'_>, options: &Options) -> Result<Proposal, SlimError> {
    let climb = climb(ground.subject, ground.rules, options, ground.target)?;
    let overlay = ground.image.overlay(&climb.decisions, ground.limits)?;
    let faults = ground
        .image
        .check(ground.subject, &climb.decisions, &overlay);
    Ok(Proposal {
        climb,
        overlay,
        faults,
    })
}

/// The tiers that were tried, and what is decided at the last of them.
pub struct Climb {
    /// Each tier with the bytes of files that it leaves.
    pub tried: Vec<(Tier, u64)>,
    /// The decisions.
    pub decisions: Decisions,
    /// What they come to.
    pub summary: Summary,
    /// The tier that they are of.
    pub tier: Tier,
}

/// Decides at the tier of the options, or, with a target, at the first tier
/// that leaves at most so many bytes; at the last one if none does.
///
/// # Errors
/// As [`decide`].
pub fn climb(
    subject: &Subject<'_>,
    rules: &Rules,
    options: &Options,
    target: Option<u64>,
) -> Result<Climb, SlimError> {
    let tiers = match target {
        Some(_) => &Tier::COMPUTED[..],
        None => std::slice::from_ref(&options.tier),
    };
    let mut tried = Vec::new();
    let mut last = None;
    for &tier in tiers {
        let options = Options {
            tier,
            ..options.clone()
        };
        let decisions = decide(subject, rules, &options)?;
        let summary = Summary::of(subject, rules, &decisions);
        let bytes = summary.kept.bytes;
        tried.push((tier, bytes));
        last = Some((tier, decisions, summary));
        if target.is_some_and(|target| bytes <= target) {
            break;
        }
    }
    // There is always one.
    let (tier, decisions, summary) = last.ok_or(SlimError::NoEntry)?;
    Ok(Climb {
        tried,
        decisions,
        summary,
        tier,
    })
}

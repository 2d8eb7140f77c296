//! Deciding, running the result, adding what it looks for in vain, and again, until it answers as
//! the image does.

use std::collections::BTreeSet;
use std::path::Path;

use super::coverage::Coverage;
use super::error::ReplayError;
use super::events::{self, missed};
use super::running::{Observed, Runs};
use crate::evidence::{Evidence, Use};
use crate::oci::escape_bytes;
use crate::probe::{Deviation, compare};
use crate::slim::{self, Ground, Image, Options, Proposal};
use crate::tree::{NodeId, ROOT, Step};

/// How often the result is mended at most.
const ROUNDS: usize = 12;

/// What running the result showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// What was asked of both.
    pub probes: Vec<String>,
    /// What they answered differently.
    pub deviations: Vec<Deviation>,
    /// How often the result was run.
    pub rounds: usize,
    /// Paths that it looked for in vain, and that were added.
    pub added: Vec<String>,
    /// Paths that it still looks for in vain.
    pub missing: Vec<String>,
    /// How much of what is kept the probes touched.
    pub coverage: Coverage,
}

/// What was decided in the end.
pub struct Settled {
    /// What would become of the image.
    pub proposal: Proposal,
    /// What running it showed; it was not run if it would lack something.
    pub verification: Verification,
    /// What all runs used.
    pub evidence: Evidence,
    /// The system calls that all runs made, where they were asked for.
    pub calls: BTreeSet<u32>,
}

/// Adds what a run used to evidence.
fn gather(evidence: &mut Evidence, image: &Image, observed: &Observed) {
    let digest = image.config_digest().to_string();
    evidence.images.insert(digest);
    for outcome in &observed.asked.outcomes {
        if !evidence.probes.contains(&outcome.probe) {
            evidence.probes.push(outcome.probe.clone());
        }
    }
    events::add(evidence, &observed.events, image.tree());
    for path in &observed.unrecorded {
        events::add_opened(evidence, path, image.tree());
    }
}

/// Decides with the evidence of `whole`, a run of the image that is unpacked at `root`, runs the
/// result, and mends it.
///
/// # Errors
/// [`ReplayError`].
pub fn settle(
    ground: &Ground<'_>,
    mut options: Options,
    runs: &Runs<'_>,
    root: &Path,
    whole: &Observed,
) -> Result<Settled, ReplayError> {
    let image = ground.image;
    gather(&mut options.evidence, image, whole);
    let mut verification = Verification::default();
    for outcome in &whole.asked.outcomes {
        verification.probes.push(outcome.probe.clone());
    }
    let used = options.evidence.clone();
    let mut calls = whole.calls.clone();
    let mut own_end = whole.ended;
    let mut was_left_alone = false;
    let proposal = loop {
        let proposal = slim::propose(ground, &options)?;
        if !proposal.faults.is_empty() {
            break proposal;
        }
        let decisions = &proposal.climb.decisions;
        let keeps = |node: NodeId| decisions.keeps(node);
        let contents = decisions.changed.iter();
        let contents = contents.map(|(node, bytes)| (absolute(image, *node), bytes.clone()));
        let absent = absent(image, &keeps);
        let (plan, contents) = (&whole.asked.plan, contents.collect());
        let seen = runs.smaller(root, plan, absent, contents, own_end.is_some())?;
        verification.rounds += 1;
        calls.extend(&seen.calls);
        verification.deviations = match &seen.failed {
            Some(why) => vec![of_program(why.clone())],
            None => compare(&whole.asked.outcomes, &seen.asked.outcomes),
        };
        if seen.ended.is_some() && own_end.is_none() && !was_left_alone {
            // The image was stopped after its answers; left alone, its program may end the same way.
            let alone = runs.unasked(root)?;
            was_left_alone = true;
            own_end = alone.ended;
            calls.extend(&alone.calls);
        }
        if seen.failed.is_none() && seen.ended != own_end {
            let how = match (&seen.ended, &own_end) {
                (Some(ended), None) => format!("it ends with {ended}: {}", seen.last_words),
                (Some(ended), Some(was)) => {
                    format!("it ends with {ended}, not {was}: {}", seen.last_words)
                }
                (None, _) => "it does not end, as the image's does".to_owned(),
            };
            verification.deviations.push(of_program(how));
        }
        let gone = |node: NodeId| !keeps(node);
        let missed = missed(&seen.events, image.tree(), &gone);
        let names: BTreeSet<String> = missed.iter().map(|(path, _)| escape_bytes(path)).collect();
        verification.missing = names.into_iter().collect();
        let mut new = false;
        for (path, by) in missed {
            let known = options.evidence.paths.get(&path);
            // What is excluded stays away, however often it is asked for.
            if known.is_none_or(|known| !known.how.contains(&Use::Missed)) {
                new = true;
                verification.added.push(escape_bytes(&path));
                options.evidence.add(&path, Use::Missed, by);
            }
        }
        verification.added.dedup();
        if !new || verification.rounds >= ROUNDS {
            break proposal;
        }
    };
    verification.coverage = Coverage::of(ground.subject, &proposal.climb.decisions, &used);
    Ok(Settled {
        proposal,
        verification,
        evidence: options.evidence,
        calls,
    })
}

fn of_program(how: String) -> Deviation {
    Deviation {
        probe: "the program of the image".to_owned(),
        how,
    }
}

fn absolute(image: &Image, node: NodeId) -> Vec<u8> {
    let mut path = b"/".to_vec();
    path.extend_from_slice(&image.tree().path(node));
    path
}

/// The topmost paths that are gone.
fn absent(image: &Image, keeps: &dyn Fn(NodeId) -> bool) -> Vec<Vec<u8>> {
    let mut absent = Vec::new();
    let mut walk = image.tree().walk();
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        if node != ROOT && !keeps(node) {
            absent.push(absolute(image, node));
            walk.skip_children();
        }
    }
    absent
}

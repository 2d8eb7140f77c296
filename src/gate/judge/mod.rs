//! Settings and measurements to a verdict.

mod findings;
mod forbidden;
mod numbers;
#[cfg(test)]
pub(super) mod testing;
mod waive;

use super::baseline::Baseline;
use super::check::{Check, Quantity};
use super::lint::Finding;
use super::settings::{Level, Settings};
use super::verdict::{Checked, Offence, Status, Verdict, Waived};
use crate::analyze::Analysis;
use crate::tree::Tree;
use waive::Waivers;

/// What is known about an image and its Dockerfile.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// Where the bytes are.
    pub analysis: &'a Analysis,
    /// The final tree; only asked where paths are forbidden.
    pub tree: Option<&'a Tree>,
    /// What lint found, where it was asked.
    pub findings: Option<&'a [Finding]>,
    /// What to compare with.
    pub baseline: Option<&'a Baseline>,
}

/// Holds measurements against settings.
pub fn judge(settings: &Settings, measured: &Measured<'_>) -> Verdict {
    let mut waivers = Waivers::new(&settings.waivers);
    let mut verdict = Verdict::default();
    for (&check, limit) in &settings.limits {
        match numbers::check(check, limit, measured) {
            Some(checked) => verdict.checks.push(waivers.whole(checked)),
            None => verdict.idle.push(check),
        }
    }
    if !settings.paths.is_empty() {
        match measured.tree {
            Some(tree) => {
                let found = forbidden::paths(&settings.paths, tree, &mut waivers);
                verdict.checks.push(waivers.whole(found));
            }
            None => verdict.idle.push(Check::ForbiddenPaths),
        }
    }
    if !settings.packages.is_empty() {
        let packages = &measured.analysis.packages;
        let found = forbidden::packages(&settings.packages, packages, &mut waivers);
        verdict.checks.push(waivers.whole(found));
    }
    match (&settings.lint, measured.findings) {
        (Some(limit), Some(findings)) => {
            let baseline = measured.baseline;
            let (checked, standings) = findings::check(limit, findings, baseline, &mut waivers);
            verdict.checks.push(waivers.whole(checked));
            verdict.findings = standings;
        }
        (Some(_), None) => verdict.idle.push(Check::LintThreshold),
        (None, _) => {}
    }
    verdict.checks.sort_by_key(|checked| checked.check);
    verdict.unused_waivers = waivers.unused(&verdict);
    verdict
}

/// A check of things that may not be there.
fn of_offences(check: Check, offences: Vec<Offence>, more: Option<(u64, Level)>) -> Checked {
    let open = offences.iter().filter(|offence| offence.waived.is_none());
    let more_count = more.map_or(0, |(count, _)| count);
    let count = open.clone().count() as u64 + more_count;
    let levels = open
        .map(|offence| offence.level)
        .chain(more.map(|(_, level)| level));
    let status = match levels.max() {
        Some(Level::Fail) => Status::Fail,
        Some(Level::Warn) => Status::Warn,
        None if offences.is_empty() => Status::Pass,
        None => Status::Waived,
    };
    Checked {
        check,
        status,
        measured: Quantity::Count(count),
        warn: None,
        fail: Some(Quantity::Count(0)),
        waived: only_waiver(&offences, status),
        place: offences.first().map(|offence| offence.place.clone()),
        offences,
        more: more_count,
        fix: None,
    }
}

fn only_waiver(offences: &[Offence], status: Status) -> Option<Waived> {
    let first = offences.first().filter(|_| status == Status::Waived)?;
    first.waived.clone()
}

#[cfg(test)]
mod tests;

//! Findings of lint against their thresholds.

use super::waive::Waivers;
use crate::gate::baseline::Baseline;
use crate::gate::check::{Check, Quantity};
use crate::gate::lint::{Finding, Standing};
use crate::gate::settings::LintLimit;
use crate::gate::verdict::{Checked, Status};

/// Judges findings; what each counts for is in their order.
pub(super) fn check(
    limit: &LintLimit,
    findings: &[Finding],
    baseline: Option<&Baseline>,
    waivers: &mut Waivers<'_>,
) -> (Checked, Vec<Standing>) {
    let reaches = |finding: &Finding, threshold| {
        let reached = |threshold| finding.severity >= threshold;
        Option::is_some_and(threshold, reached)
    };
    let mut warns = 0_u64;
    let mut fails = 0_u64;
    let mut waived = None;
    let mut standings: Vec<Standing> = Vec::with_capacity(findings.len());
    for finding in findings {
        let (does_warn, does_fail) = (reaches(finding, limit.warn), reaches(finding, limit.fail));
        standings.push(if !does_warn && !does_fail {
            Standing::Below
        } else if baseline.is_some_and(|baseline| baseline.knows(finding)) {
            Standing::Known
        } else if let Some(allowed) = waivers.of_finding(finding) {
            waived.get_or_insert_with(|| allowed.clone());
            Standing::Waived(allowed)
        } else {
            warns += u64::from(does_warn);
            fails += u64::from(does_fail);
            match does_fail {
                true => Standing::Fails,
                false => Standing::Warns,
            }
        });
    }
    let too_many = fails > limit.fail_count;
    let many = warns > limit.warn_count;
    let (status, measured) = match (too_many, many) {
        (true, _) => (Status::Fail, fails),
        (false, true) => (Status::Warn, warns),
        (false, false) if waived.is_some() => (Status::Waived, fails.max(warns)),
        (false, false) => (Status::Pass, fails.max(warns)),
    };
    for (standing, finding) in standings.iter_mut().zip(findings) {
        let counts = match standing {
            Standing::Fails if too_many => continue,
            Standing::Fails => many && reaches(finding, limit.warn),
            Standing::Warns => many,
            _ => continue,
        };
        *standing = match counts {
            true => Standing::Warns,
            // There may be some.
            false => Standing::Below,
        };
    }
    let checked = Checked {
        check: Check::LintThreshold,
        status,
        measured: Quantity::Count(measured),
        warn: limit.warn.map(|_| Quantity::Count(limit.warn_count)),
        fail: limit.fail.map(|_| Quantity::Count(limit.fail_count)),
        offences: Vec::new(),
        more: 0,
        fix: None,
        waived: waived.filter(|_| status == Status::Waived),
        place: Some(limit.place.clone()),
    };
    (checked, standings)
}

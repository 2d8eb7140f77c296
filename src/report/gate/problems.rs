//! What is wrong, one by one, with the place of each: what formats for
//! machines list.

use super::{GateReport, words};
use crate::dockerfile::Position;
use crate::gate::{Check, Checked, Level, Offence, Place, Standing, Status, Waived};
use crate::ruleset::Severity;

/// One thing that is wrong.
#[derive(Debug)]
pub(super) struct Problem<'a> {
    /// The check's name, or the code of a lint rule.
    pub(super) code: &'a str,
    /// The check that it counts for.
    pub(super) check: Check,
    /// How bad it is.
    pub(super) severity: Severity,
    /// What it is, in a sentence.
    pub(super) message: String,
    /// The file, as it was given; none where nothing is known of the image's origin.
    pub(super) path: Option<&'a str>,
    /// Where it begins.
    pub(super) start: Position,
    /// Where it ends.
    pub(super) end: Position,
    /// Why it is allowed all the same.
    pub(super) waived: Option<&'a Waived>,
    /// Bytes that a finding of lint costs.
    pub(super) bytes: Option<u64>,
    /// The finding of lint that it is, by its number.
    pub(super) finding: Option<usize>,
}

const TOP: Position = Position { line: 1, column: 1 };

/// All that is wrong, in the order of checks.
pub(super) fn problems<'a>(report: &'a GateReport<'_>) -> Vec<Problem<'a>> {
    let mut all = Vec::new();
    for checked in &report.verdict.checks {
        if checked.check == Check::LintThreshold {
            findings(report, checked, &mut all);
            continue;
        }
        if checked.offences.is_empty() {
            if checked.status != Status::Pass {
                all.push(of_check(report, checked));
            }
            continue;
        }
        for offence in &checked.offences {
            all.push(of_offence(report, checked, offence));
        }
        if checked.more > 0 {
            let mut rest = of_check(report, checked);
            rest.message = format!("{} more of {}", checked.more, checked.check.title());
            all.push(rest);
        }
    }
    all
}

fn of_check<'a>(report: &'a GateReport<'_>, checked: &'a Checked) -> Problem<'a> {
    let mut message = format!("{}: {}", checked.check.name(), words::why(report, checked));
    let steps = checked.fix.iter().flat_map(|fix| &fix.steps);
    for step in steps.clone().take(3) {
        message.push_str(&format!(
            "\n{} — {}",
            words::step(report, step),
            step.advice
        ));
    }
    let layers = steps.filter_map(|step| step.layer);
    let line = layers.filter_map(|layer| line(report, layer)).next();
    let (path, start, end) = line.unwrap_or_else(|| setting(report, checked.place.as_ref()));
    Problem {
        code: checked.check.name(),
        check: checked.check,
        severity: match checked.status {
            Status::Fail => Severity::Error,
            Status::Warn => Severity::Warning,
            Status::Waived | Status::Pass => Severity::Info,
        },
        message,
        path,
        start,
        end,
        waived: checked.waived.as_ref(),
        bytes: None,
        finding: None,
    }
}

fn of_offence<'a>(
    report: &'a GateReport<'_>,
    checked: &'a Checked,
    offence: &'a Offence,
) -> Problem<'a> {
    let line = offence.layer.and_then(|layer| line(report, layer));
    let (path, start, end) = line.unwrap_or_else(|| setting(report, Some(&offence.place)));
    let waived = checked.waived.as_ref().or(offence.waived.as_ref());
    let what = match checked.check {
        Check::MaxLayerSize => {
            let limit = match offence.level {
                Level::Warn => checked.warn,
                Level::Fail => checked.fail,
            };
            let limit = limit.map(|limit| format!(", more than {}", words::quantity(limit)));
            let limit = limit.unwrap_or_default();
            format!("{}{limit}", words::offence(report, offence))
        }
        _ => words::offence(report, offence),
    };
    Problem {
        code: checked.check.name(),
        check: checked.check,
        severity: match (waived, offence.level) {
            (Some(_), _) => Severity::Info,
            (None, Level::Warn) => Severity::Warning,
            (None, Level::Fail) => Severity::Error,
        },
        message: format!("{}: {what}", checked.check.name()),
        path,
        start,
        end,
        waived,
        bytes: None,
        finding: None,
    }
}

fn findings<'a>(report: &'a GateReport<'_>, checked: &'a Checked, all: &mut Vec<Problem<'a>>) {
    let Some(lint) = &report.lint else { return };
    let standings = report.verdict.findings.iter().enumerate();
    for ((number, standing), finding) in standings.zip(lint.file.findings) {
        let (severity, waived) = match standing {
            Standing::Fails => (Severity::Error, None),
            Standing::Warns => (Severity::Warning, None),
            Standing::Waived(waived) => (Severity::Info, Some(waived)),
            Standing::Below | Standing::Known => continue,
        };
        all.push(Problem {
            code: &finding.code,
            check: checked.check,
            severity: match checked.waived {
                Some(_) => Severity::Info,
                None => severity,
            },
            message: words::finding(finding),
            bytes: finding.bytes,
            path: Some(lint.file.path),
            start: finding.start,
            end: finding.end,
            waived: checked.waived.as_ref().or(waived),
            finding: Some(number),
        });
    }
}

type Located<'a> = (Option<&'a str>, Position, Position);

/// The lines of the Dockerfile that made a layer.
fn line<'a>(report: &'a GateReport<'_>, layer: u32) -> Option<Located<'a>> {
    let origins = report.origins?;
    let place = origins.place(layer as usize)?;
    let at = |line: u32| Position { line, column: 1 };
    Some((Some(&origins.path), at(place.line), at(place.end_line)))
}

/// Where the limit was set, else the top of the Dockerfile.
fn setting<'a>(report: &'a GateReport<'_>, place: Option<&'a Place>) -> Located<'a> {
    if let Some(place) = place
        && let Some((line, column)) = place.at
    {
        let at = Position { line, column };
        return (Some(&place.file), at, at);
    }
    let known = report.origins.map(|origins| origins.path.as_str());
    let known = known.or_else(|| report.lint.as_ref().map(|lint| lint.file.path));
    (
        known.or_else(|| report.settings.first().map(String::as_str)),
        TOP,
        TOP,
    )
}

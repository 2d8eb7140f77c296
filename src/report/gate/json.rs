//! The JSON contract of `ci`, version 1: `docs/ci.schema.json`.
//!
//! Field names and meanings are public; the same image and files give the same
//! bytes.

use std::io::{self, Write};

use serde::Serialize;

use super::{GateReport, words};
use crate::gate::{Checked, Fix, Offence, Quantity, Standing, Status, Step, Subject, Waived};

/// Version of the contract; raised when a field changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    image: Image<'a>,
    status: &'static str,
    summary: Summary,
    settings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    dockerfile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<&'a str>,
    checks: Vec<Check<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Vec<Finding<'a>>>,
    unused_waivers: Vec<String>,
    idle_checks: Vec<&'static str>,
}

#[derive(Serialize)]
struct Image<'a> {
    reference: &'a str,
    source: &'a str,
    digest: Option<&'a str>,
    config_digest: &'a str,
    platform: String,
}

#[derive(Serialize)]
struct Summary {
    pass: usize,
    waived: usize,
    warn: usize,
    fail: usize,
}

#[derive(Serialize)]
struct Check<'a> {
    check: &'static str,
    status: &'static str,
    unit: &'static str,
    measured: Number,
    warn: Option<Number>,
    fail: Option<Number>,
    why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    setting: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waived: Option<WaivedBy<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    offences: Vec<OneOffence<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    more_offences: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<CheckFix<'a>>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Infinity is null: JSON has no word for it.
#[derive(Serialize)]
#[serde(untagged)]
enum Number {
    Whole(u64),
    Part(f64),
}

#[derive(Serialize)]
struct WaivedBy<'a> {
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    setting: String,
}

#[derive(Serialize)]
struct OneOffence<'a> {
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<Package<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dockerfile: Option<Lines>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waived: Option<WaivedBy<'a>>,
    setting: String,
}

#[derive(Serialize)]
struct Package<'a> {
    manager: &'static str,
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct Lines {
    line: u32,
    end_line: u32,
}

#[derive(Serialize)]
struct CheckFix<'a> {
    needs_bytes: u64,
    saves_bytes: u64,
    is_enough: bool,
    steps: Vec<FixStep<'a>>,
}

#[derive(Serialize)]
struct FixStep<'a> {
    id: &'a str,
    title: &'a str,
    saves_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dockerfile: Option<Lines>,
    advice: &'a str,
}

#[derive(Serialize)]
struct Finding<'a> {
    path: &'a str,
    code: &'a str,
    severity: &'static str,
    standing: &'static str,
    line: u32,
    column: u32,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<u32>,
    fingerprint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    waived: Option<WaivedBy<'a>>,
}

pub(super) fn write(report: &GateReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &document(report))?;
    out.write_all(b"\n")
}

fn document<'a>(report: &'a GateReport<'_>) -> Report<'a> {
    let image = report.image;
    let verdict = report.verdict;
    Report {
        schema_version: SCHEMA_VERSION,
        image: Image {
            reference: &image.reference,
            source: report.source,
            digest: image.digest.as_ref().map(AsRef::as_ref),
            config_digest: image.config_digest.as_ref(),
            platform: image.platform.to_string(),
        },
        status: verdict.status().name(),
        summary: Summary {
            pass: verdict.count(Status::Pass),
            waived: verdict.count(Status::Waived),
            warn: verdict.count(Status::Warn),
            fail: verdict.count(Status::Fail),
        },
        settings: report.settings,
        dockerfile: report.lint.as_ref().map(|lint| lint.file.path),
        baseline: report.baseline.map(|compared| compared.path),
        checks: verdict
            .checks
            .iter()
            .map(|checked| check(report, checked))
            .collect(),
        findings: findings(report),
        unused_waivers: verdict
            .unused_waivers
            .iter()
            .map(ToString::to_string)
            .collect(),
        idle_checks: verdict.idle.iter().map(|check| check.name()).collect(),
    }
}

fn check<'a>(report: &GateReport<'_>, checked: &'a Checked) -> Check<'a> {
    Check {
        check: checked.check.name(),
        status: checked.status.name(),
        unit: checked.check.unit().name(),
        measured: number(checked.measured),
        warn: checked.warn.map(number),
        fail: checked.fail.map(number),
        why: words::why(report, checked),
        setting: checked.place.as_ref().map(ToString::to_string),
        waived: checked.waived.as_ref().map(waived),
        offences: checked
            .offences
            .iter()
            .map(|one| offence(report, one))
            .collect(),
        more_offences: checked.more,
        fix: checked.fix.as_ref().map(|one| fix(report, one)),
    }
}

fn number(quantity: Quantity) -> Number {
    match quantity {
        Quantity::Bytes(number) | Quantity::Count(number) => Number::Whole(number),
        Quantity::Percent(number) | Quantity::Fraction(number) => Number::Part(number),
    }
}

fn waived(waived: &Waived) -> WaivedBy<'_> {
    WaivedBy {
        reason: &waived.reason,
        expires: waived.expires.map(|day| day.to_string()),
        setting: waived.place.to_string(),
    }
}

fn offence<'a>(report: &GateReport<'_>, offence: &'a Offence) -> OneOffence<'a> {
    let (path, package) = match &offence.subject {
        Subject::Layer => (None, None),
        Subject::Path(path) => (Some(path.as_str()), None),
        Subject::Package {
            manager,
            name,
            version,
        } => {
            let package = Package {
                manager,
                name,
                version,
            };
            (None, Some(package))
        }
    };
    OneOffence {
        level: match offence.level {
            crate::gate::Level::Warn => "warn",
            crate::gate::Level::Fail => "fail",
        },
        path,
        package,
        by: offence.by.as_deref(),
        bytes: offence.bytes,
        layer: offence.layer,
        dockerfile: lines(report, offence.layer),
        waived: offence.waived.as_ref().map(waived),
        setting: offence.place.to_string(),
    }
}

fn lines(report: &GateReport<'_>, layer: Option<u32>) -> Option<Lines> {
    let place = report.origins?.place(layer? as usize)?;
    Some(Lines {
        line: place.line,
        end_line: place.end_line,
    })
}

fn fix<'a>(report: &GateReport<'_>, fix: &'a Fix) -> CheckFix<'a> {
    let step = |step: &'a Step| FixStep {
        id: &step.id,
        title: &step.title,
        saves_bytes: step.saves_bytes,
        layer: step.layer,
        dockerfile: lines(report, step.layer),
        advice: &step.advice,
    };
    CheckFix {
        needs_bytes: fix.needs_bytes,
        saves_bytes: fix.saves_bytes,
        is_enough: fix.is_enough,
        steps: fix.steps.iter().map(step).collect(),
    }
}

fn findings<'a>(report: &'a GateReport<'_>) -> Option<Vec<Finding<'a>>> {
    let lint = report.lint.as_ref()?;
    let all = lint
        .file
        .findings
        .iter()
        .zip(lint.findings)
        .zip(&report.verdict.findings);
    let findings = all.map(|((found, known), standing)| Finding {
        path: &known.path,
        code: &found.code,
        severity: found.severity.name(),
        standing: standing.name(),
        line: found.start.line,
        column: found.start.column,
        message: &found.message,
        bytes: found.bytes,
        layer: found.layer,
        fingerprint: &known.fingerprint,
        waived: match standing {
            Standing::Waived(by) => Some(waived(by)),
            _ => None,
        },
    });
    Some(findings.collect())
}

//! What running the result showed.

use std::io::{self, Write};

use serde::Serialize;

use crate::replay::Verification;

#[derive(Serialize)]
pub(super) struct Verified<'a> {
    probes: Vec<Probe<'a>>,
    /// How often the result was run.
    rounds: usize,
    /// Paths that it looked for in vain, and that were added.
    added: &'a [String],
    /// Paths that it still looks for in vain.
    missing: &'a [String],
    /// How much of what stays the probes used.
    coverage: Coverage,
}

#[derive(Serialize)]
struct Probe<'a> {
    name: &'a str,
    same: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[derive(Serialize)]
struct Coverage {
    packages: Share,
    objects: Share,
}

#[derive(Serialize)]
struct Share {
    used: usize,
    kept: usize,
}

fn share((used, kept): (usize, usize)) -> Share {
    Share { used, kept }
}

pub(super) fn verified(verification: &Verification) -> Verified<'_> {
    let deviation = |probe: &str| {
        let mut all = verification.deviations.iter();
        all.find(|deviation| deviation.probe == probe)
    };
    let probes = verification.probes.iter().map(|name| Probe {
        name,
        same: deviation(name).is_none(),
        detail: deviation(name).map(|deviation| deviation.how.as_str()),
    });
    Verified {
        probes: probes.collect(),
        rounds: verification.rounds,
        added: &verification.added,
        missing: &verification.missing,
        coverage: Coverage {
            packages: share(verification.coverage.packages),
            objects: share(verification.coverage.objects),
        },
    }
}

/// Writes some lines for people.
pub(super) fn text(
    verification: &Verification,
    heading: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let what = match verification.probes.len() {
        0 => "by hand; the result starts and runs on as the image does".to_owned(),
        1 => "1 probe, answered alike by the image and the result".to_owned(),
        probes => format!("{probes} probes, answered alike by the image and the result"),
    };
    writeln!(out, "{heading} {what}")?;
    let space = " ".repeat(8);
    match verification.added.len() {
        0 => {}
        1 => writeln!(
            out,
            "{space} 1 path was added that the result looked for in vain"
        )?,
        added => writeln!(
            out,
            "{space} {added} paths were added that the result looked for in vain"
        )?,
    }
    let coverage = verification.coverage;
    writeln!(
        out,
        "{space} the probes used {} of {} packages and {} of {} programs and libraries that stay",
        coverage.packages.0, coverage.packages.1, coverage.objects.0, coverage.objects.1,
    )
}

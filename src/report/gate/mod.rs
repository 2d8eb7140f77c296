//! What `rslim ci` found, in the formats that it can be had in.

mod annotations;
mod github;
mod gitlab;
pub mod json;
mod junit;
mod markdown;
mod problems;
mod sarif;
mod text;
mod words;

use std::io::{self, Write};

use super::lint::{FileReport, RuleInfo};
use crate::attribute::Origins;
use crate::gate::{Baseline, Figures, Finding, LintLimit, Verdict};
use crate::oci::Image;

/// The name that reports give as the tool's.
const TOOL: &str = "rslim";
/// Things of a kind that reports for people list.
const LISTED: usize = 10;

/// A verdict with what it is about.
#[derive(Debug, Clone)]
pub struct GateReport<'a> {
    /// The image.
    pub image: &'a Image,
    /// Where it was read from.
    pub source: &'a str,
    /// How it went.
    pub verdict: &'a Verdict,
    /// The files that settings came from.
    pub settings: &'a [String],
    /// The lines that made the layers, where the Dockerfile is known.
    pub origins: Option<&'a Origins>,
    /// What was found in the Dockerfile, where one was given.
    pub lint: Option<LintPart<'a>>,
    /// What was compared with.
    pub baseline: Option<Comparison<'a>>,
    /// Version of rslim.
    pub tool_version: &'a str,
}

/// What lint found.
#[derive(Debug, Clone)]
pub struct LintPart<'a> {
    /// The file with its findings.
    pub file: FileReport<'a>,
    /// The same findings in the same order, with their fingerprints.
    pub findings: &'a [Finding],
    /// What was allowed.
    pub limit: Option<&'a LintLimit>,
    /// What is known about rules.
    pub rules: Vec<RuleInfo<'a>>,
}

/// A baseline beside what was measured.
#[derive(Debug, Clone, Copy)]
pub struct Comparison<'a> {
    /// The file.
    pub path: &'a str,
    /// What is in it.
    pub baseline: &'a Baseline,
    /// The figures now.
    pub now: Figures,
    /// Uncompressed sizes of the layers now.
    pub layers: &'a [u64],
}

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateFormat {
    /// For people.
    Text,
    /// The documented contract of rslim.
    Json,
    /// A comment for a pull request.
    Markdown,
    /// Commands that make GitHub's runner annotate lines.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// SARIF 2.1.0.
    Sarif,
    /// XML as JUnit writes it.
    Junit,
}

/// Writes the report; colours are only for text.
///
/// # Errors
/// Whatever `out` says.
pub fn write(
    report: &GateReport<'_>,
    format: GateFormat,
    color: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut buffered = io::BufWriter::new(out);
    let out = &mut buffered;
    match format {
        GateFormat::Text => text::write(report, color, out),
        GateFormat::Json => json::write(report, out),
        GateFormat::Markdown => markdown::write(report, out),
        GateFormat::Github => github::write(report, out),
        GateFormat::Gitlab => gitlab::write(report, out),
        GateFormat::Sarif => sarif::write(report, out),
        GateFormat::Junit => junit::write(report, out),
    }?;
    buffered.flush()
}

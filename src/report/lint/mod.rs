//! What `rslim lint` found, in the formats that it can be had in.

mod checkstyle;
mod codacy;
mod codeclimate;
mod counts;
mod excerpt;
mod failure;
pub(in crate::report) mod fingerprint;
mod fix_patch;
#[cfg(test)]
mod fixture;
mod github;
mod gitlab_codeclimate;
mod gnu;
pub mod json;
mod junit;
pub(in crate::report) mod path;
mod pretty;
pub(in crate::report) mod sarif;
mod sonarqube;
mod tty;
pub(in crate::report) mod xml_text;

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::lint::Finding;
use crate::ruleset::Severity;

pub use counts::Counts;
pub use failure::{Failure, UNREADABLE};
pub use fingerprint::fingerprints;

/// The name that reports give as the tool's.
const TOOL: &str = "rslim";

/// The findings in all files.
#[derive(Debug, Clone)]
pub struct LintReport<'a> {
    /// The files, in the order in which they are reported.
    pub files: Vec<FileReport<'a>>,
    /// What is known about rules; those of the findings at least.
    pub rules: Vec<RuleInfo<'a>>,
    /// Version of rslim.
    pub tool_version: &'a str,
}

/// The findings in a file.
#[derive(Debug, Clone, Copy)]
pub struct FileReport<'a> {
    /// As it was given, `-` for standard input; may hold any characters.
    pub path: &'a str,
    /// What is in it; empty when it could not be read.
    pub text: &'a str,
    /// In the order of the file.
    pub findings: &'a [Finding],
    /// Why it could not be read or is no text. May begin with
    /// `line 1, column 1: `.
    pub failure: Option<&'a str>,
}

/// What a report can say about a rule.
#[derive(Debug, Clone)]
pub struct RuleInfo<'a> {
    /// Its code, as findings have it.
    pub code: &'a str,
    /// A few words with dashes.
    pub name: &'a str,
    /// Other codes for it.
    pub aliases: &'a [String],
    /// How bad it is unless configured.
    pub severity: Severity,
    /// One sentence.
    pub summary: &'a str,
    /// Why it matters.
    pub why: &'a str,
    /// What to do.
    pub instead: &'a str,
    /// A page about it.
    pub url: Option<String>,
}

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LintFormat {
    /// For people, with the lines that findings are about.
    Pretty,
    /// A line each, as hadolint writes them to a terminal.
    Tty,
    /// A line each, in the form that GNU asks of compilers.
    Gnu,
    /// The documented contract of rslim.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// XML as Checkstyle writes it.
    Checkstyle,
    /// Code Climate's issues, a NUL after each.
    Codeclimate,
    /// GitLab's code quality report.
    GitlabCodeclimate,
    /// Codacy's results, a line each.
    Codacy,
    /// SonarQube's generic issues.
    Sonarqube,
    /// XML as JUnit writes it.
    Junit,
    /// Commands that make GitHub's runner annotate the lines.
    Github,
}

/// How the formats for people look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LintStyle {
    /// Whether to use colours.
    pub color: bool,
    /// Columns to fill at most.
    pub width: usize,
    /// Whether to show what a fix would change.
    pub show_fixes: bool,
}

impl<'a> LintReport<'a> {
    /// The rule with a code, else one that has it among its other codes.
    pub fn rule(&self, code: &str) -> Option<&RuleInfo<'a>> {
        let named = self.rules.iter().find(|rule| rule.code == code);
        named.or_else(|| {
            let mut rules = self.rules.iter();
            rules.find(|rule| rule.aliases.iter().any(|alias| alias == code))
        })
    }

    /// The codes of all findings, each with its worst severity.
    fn codes(&self) -> BTreeMap<&str, Severity> {
        let mut codes = BTreeMap::new();
        for finding in self.files.iter().flat_map(|file| file.findings) {
            let worst = codes.entry(finding.code.as_str()).or_insert(Severity::Off);
            *worst = finding.severity.max(*worst);
        }
        codes
    }
}

/// Writes the report.
///
/// # Errors
/// Whatever `out` says.
pub fn write(
    report: &LintReport<'_>,
    format: LintFormat,
    style: LintStyle,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut buffered = io::BufWriter::new(out);
    let out = &mut buffered;
    match format {
        LintFormat::Pretty => pretty::write(report, style, out),
        LintFormat::Tty => tty::write(report, style, out),
        LintFormat::Gnu => gnu::write(report, out),
        LintFormat::Json => json::write(report, out),
        LintFormat::Sarif => sarif::write(report, out),
        LintFormat::Checkstyle => checkstyle::write(report, out),
        LintFormat::Codeclimate => codeclimate::write(report, out),
        LintFormat::GitlabCodeclimate => gitlab_codeclimate::write(report, out),
        LintFormat::Codacy => codacy::write(report, out),
        LintFormat::Sonarqube => sonarqube::write(report, out),
        LintFormat::Junit => junit::write(report, out),
        LintFormat::Github => github::write(report, out),
    }?;
    buffered.flush()
}

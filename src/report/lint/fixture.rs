//! Reports for the tests of the formats.

use super::{FileReport, LintFormat, LintReport, LintStyle, RuleInfo, write};
use crate::dockerfile::{Lines, Span};
use crate::lint::{Applicability, Edit, Finding, Fix, Subject};
use crate::ruleset::Severity;

/// A path with everything that some format gives a meaning.
pub(super) const PATH: &str = "a\"<&>'\u{1b}[31m,%:\n.Dockerfile";
/// A message of that kind.
pub(super) const MESSAGE: &str = "bad ]]> <\"&'> \u{1b}[31m\r\n%0A:: \0\u{ffff}\u{9b}2J";

pub(super) struct File {
    pub(super) path: &'static str,
    pub(super) text: String,
    pub(super) findings: Vec<Finding>,
    pub(super) failure: Option<&'static str>,
}

impl File {
    fn report(&self) -> FileReport<'_> {
        FileReport {
            path: self.path,
            text: &self.text,
            findings: &self.findings,
            failure: self.failure,
        }
    }
}

pub(super) struct Fixture {
    pub(super) files: Vec<File>,
    aliases: Vec<String>,
}

impl Fixture {
    pub(super) fn of(files: Vec<File>) -> Self {
        let aliases = vec!["apt-lists".to_owned()];
        Fixture { files, aliases }
    }

    pub(super) fn report(&self) -> LintReport<'_> {
        LintReport {
            files: self.files.iter().map(File::report).collect(),
            rules: vec![RuleInfo {
                code: "DL3009",
                name: "apt-lists-left",
                aliases: &self.aliases,
                severity: Severity::Warning,
                summary: "Package lists stay in the image.",
                why: "They are large.",
                instead: "Remove them in the same layer.",
                url: Some("https://example.org/DL3009".to_owned()),
            }],
            tool_version: "1.2.3",
        }
    }
}

/// A finding about a range of a text.
pub(super) fn finding(text: &str, span: (usize, usize), code: &str, severity: Severity) -> Finding {
    let lines = Lines::of(text);
    let span = Span::new(span.0 as u32, span.1 as u32);
    Finding {
        code: code.to_owned(),
        aliases: Vec::new(),
        severity,
        message: "Something".to_owned(),
        span,
        start: lines.position(text, span.start),
        end: lines.position(text, span.end),
        instruction: None,
        bytes: None,
        layer: None,
        subject: Subject::default(),
        fix: None,
    }
}

/// A fix of one edit.
pub(super) fn fix(applicability: Applicability, span: (usize, usize), text: &str) -> Fix {
    let edit = Edit {
        span: Span::new(span.0 as u32, span.1 as u32),
        text: text.to_owned(),
    };
    Fix {
        applicability,
        edits: vec![edit],
    }
}

/// A file with two findings, and one that is not there.
pub(super) fn small() -> Fixture {
    let text = "FROM debian:12\nRUN apt-get update\nMAINTAINER me\n";
    let mut lists = finding(text, (19, 33), "DL3009", Severity::Info);
    lists.message = "Delete the lists".to_owned();
    lists.aliases = vec!["apt-lists".to_owned()];
    lists.bytes = Some(12_345_678);
    lists.fix = Some(fix(Applicability::Unsafe, (33, 33), " && rm -rf x"));
    let mut old = finding(text, (34, 47), "DL4000", Severity::Error);
    old.message = "MAINTAINER is old".to_owned();
    old.fix = Some(fix(Applicability::Safe, (34, 48), ""));
    Fixture::of(vec![
        File {
            path: "app/Dockerfile",
            text: text.to_owned(),
            findings: vec![lists, old],
            failure: None,
        },
        File {
            path: "missing",
            text: String::new(),
            findings: Vec::new(),
            failure: Some("no such file"),
        },
    ])
}

/// Everything that could break a format.
pub(super) fn hostile() -> Fixture {
    let text = "\u{feff}FROM \u{1b}[31m漢字\t\u{202e}x\r\nRUN a \\\r\n  b \u{1f600}\r\nCMD";
    let at = |what: &str| text.find(what).unwrap();
    let mut first = finding(text, (at("\u{1b}"), at("\t")), "X1", Severity::Error);
    first.message = MESSAGE.to_owned();
    first.aliases = vec![MESSAGE.to_owned()];
    first.bytes = Some(u64::MAX);
    let span = (at("漢"), at("\t"));
    first.fix = Some(fix(Applicability::Safe, span, "\u{1b}]0;\u{7}\r\n\t<\"'&>"));
    let lines = finding(text, (at("RUN"), at("\r\nCMD")), "X2", Severity::Warning);
    let end = finding(text, (text.len(), text.len()), "X3", Severity::Style);
    let again = lines.clone();
    let empty = finding("", (0, 0), "X4", Severity::Info);
    let file = |path, text: &str, findings, failure| File {
        path,
        text: text.to_owned(),
        findings,
        failure,
    };
    Fixture::of(vec![
        file(PATH, text, vec![first, lines, again, end], None),
        file("-", "", vec![empty], None),
        file(
            "nul.Dockerfile",
            "",
            vec![],
            Some("line 4, column 7: a NUL byte"),
        ),
    ])
}

fn styled(report: &LintReport<'_>, format: LintFormat, style: LintStyle) -> String {
    let mut out = Vec::new();
    write(report, format, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The report as text without colours.
pub(super) fn text(report: &LintReport<'_>, format: LintFormat) -> String {
    let style = LintStyle {
        color: false,
        width: 80,
        show_fixes: true,
    };
    styled(report, format, style)
}

/// The report as text with colours.
pub(super) fn colored(report: &LintReport<'_>, format: LintFormat) -> String {
    let style = LintStyle {
        color: true,
        width: 80,
        show_fixes: false,
    };
    styled(report, format, style)
}

/// The report as JSON.
pub(super) fn json(report: &LintReport<'_>, format: LintFormat) -> serde_json::Value {
    serde_json::from_str(&text(report, format)).unwrap()
}

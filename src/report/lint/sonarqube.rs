//! SonarQube's generic issues, in the form with rules (since 10.3).
//!
//! SonarQube stops at the first thing that it does not like, so ranges that it
//! would refuse are left out.

use std::io::{self, Write};

use serde::Serialize;

use super::{FileReport, LintReport, TOOL, UNREADABLE};
use crate::dockerfile::Lines;
use crate::lint::Finding;
use crate::ruleset::Severity;

#[derive(Serialize)]
struct Report<'a> {
    rules: Vec<Rule<'a>>,
    issues: Vec<Issue<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    engine_id: &'static str,
    clean_code_attribute: &'static str,
    r#type: &'static str,
    severity: &'static str,
    impacts: [Impact; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Impact {
    software_quality: &'static str,
    severity: &'static str,
}

/// Must not have fields of the older form, as `engineId` and `severity`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Issue<'a> {
    rule_id: &'a str,
    primary_location: Location<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    message: &'a str,
    file_path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_range: Option<TextRange>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TextRange {
    start_line: u32,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    columns: Option<Columns>,
}

/// Where in the lines; without it the first line is marked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Columns {
    end_line: u32,
    start_column: usize,
    end_column: usize,
}

pub(super) fn write(report: &LintReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: Vec<Rule<'_>> = report
        .codes()
        .into_iter()
        .map(|(code, severity)| rule(report, code, severity))
        .collect();
    if report.files.iter().any(|file| file.failure.is_some()) {
        rules.push(rule(report, UNREADABLE, Severity::Error));
    }
    let issues = report.files.iter().flat_map(issues).collect();
    serde_json::to_writer_pretty(&mut *out, &Report { rules, issues })?;
    out.write_all(b"\n")
}

fn rule<'a>(report: &'a LintReport<'_>, code: &'a str, severity: Severity) -> Rule<'a> {
    let known = report.rule(code);
    let (kind, word, quality, impact) = match severity {
        Severity::Error => ("BUG", "CRITICAL", "RELIABILITY", "HIGH"),
        Severity::Warning => ("CODE_SMELL", "MAJOR", "MAINTAINABILITY", "MEDIUM"),
        Severity::Info => ("CODE_SMELL", "MINOR", "MAINTAINABILITY", "LOW"),
        Severity::Style | Severity::Off => ("CODE_SMELL", "INFO", "MAINTAINABILITY", "LOW"),
    };
    Rule {
        id: code,
        name: known.map_or(code, |rule| rule.summary),
        description: known.map(|rule| format!("{} {}", rule.why.trim(), rule.instead.trim())),
        engine_id: TOOL,
        clean_code_attribute: "CONVENTIONAL",
        r#type: kind,
        severity: word,
        impacts: [Impact {
            software_quality: quality,
            severity: impact,
        }],
    }
}

fn issues<'a>(file: &FileReport<'a>) -> Vec<Issue<'a>> {
    let lines = Lines::of(file.text);
    // SonarQube begins a line after each of these, and then counts others.
    let split_elsewhere = file.text.split("\r\n").any(|part| part.contains('\r'));
    let file_path = file.path;
    let failure = file.failure.map(|message| Issue {
        rule_id: UNREADABLE,
        primary_location: Location {
            message,
            file_path,
            text_range: None,
        },
    });
    let findings = file.findings.iter().map(|found| {
        let columns = columns(file.text, &lines, found).filter(|_| !split_elsewhere);
        Issue {
            rule_id: &found.code,
            primary_location: Location {
                message: &found.message,
                file_path,
                text_range: Some(TextRange {
                    start_line: found.start.line,
                    columns,
                }),
            },
        }
    });
    failure.into_iter().chain(findings).collect()
}

/// Columns from 0, in units of UTF-16; none for an empty range.
fn columns(text: &str, lines: &Lines, found: &Finding) -> Option<Columns> {
    let (start_line, end_line) = (found.start.line, found.end.line);
    let start_column = column(text, lines, start_line, found.span.start);
    let end_column = column(text, lines, end_line, found.span.end);
    ((start_line, start_column) < (end_line, end_column)).then_some(Columns {
        end_line,
        start_column,
        end_column,
    })
}

fn column(text: &str, lines: &Lines, line: u32, place: u32) -> usize {
    let span = lines.span(text, line);
    // Line breaks have no column.
    let end = place.min(span.end) as usize;
    let before = text.get(span.start as usize..end).unwrap_or("");
    // Nor has a byte order mark.
    let before = match line {
        1 => before.strip_prefix('\u{feff}').unwrap_or(before),
        _ => before,
    };
    before.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::LintFormat;
    use super::super::fixture::{self, MESSAGE, PATH};

    #[test]
    fn small() {
        let rule = |id: &str, kind: &str, severity: &str, quality: &str, impact: &str| {
            json!({
                "id": id, "name": id, "engineId": "rslim", "cleanCodeAttribute": "CONVENTIONAL",
                "type": kind, "severity": severity,
                "impacts": [{ "softwareQuality": quality, "severity": impact }]
            })
        };
        let mut first = rule("DL3009", "CODE_SMELL", "MINOR", "MAINTAINABILITY", "LOW");
        first["name"] = "Package lists stay in the image.".into();
        first["description"] = "They are large. Remove them in the same layer.".into();
        assert_eq!(
            fixture::json(&fixture::small().report(), LintFormat::Sonarqube),
            json!({
                "rules": [
                    first,
                    rule("DL4000", "BUG", "CRITICAL", "RELIABILITY", "HIGH"),
                    rule("unreadable-file", "BUG", "CRITICAL", "RELIABILITY", "HIGH"),
                ],
                "issues": [
                    { "ruleId": "DL3009", "primaryLocation": {
                        "message": "Delete the lists", "filePath": "app/Dockerfile",
                        "textRange": { "startLine": 2, "endLine": 2, "startColumn": 4, "endColumn": 18 }
                    } },
                    { "ruleId": "DL4000", "primaryLocation": {
                        "message": "MAINTAINER is old", "filePath": "app/Dockerfile",
                        "textRange": { "startLine": 3, "endLine": 3, "startColumn": 0, "endColumn": 13 }
                    } },
                    { "ruleId": "unreadable-file", "primaryLocation": {
                        "message": "no such file", "filePath": "missing"
                    } },
                ]
            })
        );
    }

    #[test]
    fn ranges_are_inside_the_lines() {
        let report = fixture::json(&fixture::hostile().report(), LintFormat::Sonarqube);
        let issues = report["issues"].as_array().unwrap();
        assert_eq!(issues.len(), 6);
        let range = |i: usize| issues[i]["primaryLocation"]["textRange"].clone();
        assert_eq!(issues[0]["primaryLocation"]["filePath"], PATH);
        assert_eq!(issues[0]["primaryLocation"]["message"], MESSAGE);
        let want = json!({ "startLine": 1, "endLine": 1, "startColumn": 5, "endColumn": 12 });
        assert_eq!(range(0), want);
        let want = json!({ "startLine": 2, "endLine": 3, "startColumn": 0, "endColumn": 6 });
        assert_eq!(range(1), want);
        assert_eq!(range(3), json!({ "startLine": 4 }));
        assert_eq!(range(4), json!({ "startLine": 1 }));
        let rules = report["rules"].as_array().unwrap();
        let known = |issue: &serde_json::Value| rules.iter().any(|r| r["id"] == issue["ruleId"]);
        assert!(issues.iter().all(known));
    }
}

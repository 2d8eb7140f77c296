//! SARIF 2.1.0, which GitHub, Azure DevOps and editors read.

mod model;

use std::collections::HashMap;
use std::io::{self, Write};

use model::{
    ArtifactChange, Configuration, Fix, FixProperties, Help, Location, Notification,
    PhysicalLocation, Region, Replacement,
};
pub(in crate::report) use model::{
    ArtifactLocation, Driver, Invocation, Log, Message, PartialFingerprints, Result,
    ResultProperties, Rule, RuleProperties, Run, Suppression, Tool,
};

use super::fingerprint::Fingerprints;
use super::path::uri;
use super::{FileReport, LintReport, RuleInfo, TOOL};
use crate::dockerfile::{Lines, Position};
use crate::lint::{Applicability, Finding};
use crate::ruleset::Severity;

pub(super) fn write(report: &LintReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let codes = report.codes();
    let rules: Vec<Rule<'_>> = codes.keys().map(|code| rule(report, code)).collect();
    let indexes: HashMap<&str, usize> = rules.iter().map(|rule| rule.id).zip(0..).collect();
    let mut fingerprints = Fingerprints::default();
    let mut results = Vec::new();
    let mut notifications = Vec::new();
    for file in &report.files {
        let lines = Lines::of(file.text);
        notifications.extend(notification(file));
        let place = ArtifactLocation {
            uri: uri(file.path),
        };
        for found in file.findings {
            let line = found.start.line;
            let print = fingerprints.next(file, &lines, &found.code, line);
            let index = indexes.get(found.code.as_str()).copied();
            results.push(Result {
                rule_id: &found.code,
                rule_index: index.unwrap_or_default(),
                level: level(found.severity),
                message: Message {
                    text: &found.message,
                },
                locations: [location(&place, Some(region(found.start, found.end)))],
                partial_fingerprints: PartialFingerprints { line: print },
                suppressions: Vec::new(),
                fixes: fix(file, &lines, &place, found).into_iter().collect(),
                properties: found.bytes.map(|bytes| ResultProperties { bytes }),
            });
        }
    }
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: TOOL,
                    version: report.tool_version,
                    rules,
                },
            },
            // Otherwise readers count units of UTF-16.
            column_kind: "unicodeCodePoints",
            invocations: [Invocation {
                execution_successful: notifications.is_empty(),
                tool_execution_notifications: notifications,
            }],
            results,
        }],
    };
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")
}

pub(in crate::report) fn rule<'a>(report: &'a LintReport<'_>, code: &'a str) -> Rule<'a> {
    let known = report.rule(code);
    Rule {
        id: code,
        name: known.map(|rule| rule.name),
        short_description: Message {
            text: known.map_or(code, |rule| rule.summary),
        },
        full_description: known.map(|rule| Message { text: rule.why }),
        help: known.map(help),
        help_uri: known.and_then(|rule| rule.url.as_deref()),
        default_configuration: known.map(|rule| Configuration {
            level: level(rule.severity),
        }),
        properties: RuleProperties {
            tags: ["dockerfile"],
            aliases: known.map_or(&[], |rule| rule.aliases),
        },
    }
}

fn help(rule: &RuleInfo<'_>) -> Help {
    let (why, instead) = (rule.why.trim(), rule.instead.trim());
    let mut text = format!("{why}\n\n{instead}");
    let mut markdown = format!("**Why:** {why}\n\n**Instead:** {instead}");
    if let Some(url) = &rule.url {
        text.push_str(&format!("\n\n{url}"));
        markdown.push_str(&format!("\n\n[{}]({url})", rule.code));
    }
    Help { text, markdown }
}

pub(in crate::report) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Style => "note",
        Severity::Off => "none",
    }
}

fn notification<'a>(file: &FileReport<'a>) -> Option<Notification<'a>> {
    let failure = file.failed()?;
    let place = ArtifactLocation {
        uri: uri(file.path),
    };
    Some(Notification {
        level: "error",
        message: Message {
            text: failure.message,
        },
        locations: [location(&place, failure.place.map(|at| region(at, at)))],
    })
}

pub(in crate::report) fn location(place: &ArtifactLocation, region: Option<Region>) -> Location {
    Location {
        physical_location: PhysicalLocation {
            artifact_location: place.clone(),
            region,
        },
    }
}

pub(in crate::report) fn region(start: Position, end: Position) -> Region {
    Region {
        start_line: start.line,
        start_column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}

fn fix<'a>(
    file: &FileReport<'_>,
    lines: &Lines,
    place: &ArtifactLocation,
    found: &'a Finding,
) -> Option<Fix<'a>> {
    let fix = found.fix.as_ref()?;
    let edits = fix.edits.iter();
    let replacements = edits.map(|edit| Replacement {
        deleted_region: region(
            lines.position(file.text, edit.span.start),
            lines.position(file.text, edit.span.end),
        ),
        inserted_content: Message { text: &edit.text },
    });
    Some(Fix {
        description: Message {
            text: match fix.applicability {
                Applicability::Safe => "What rslim lint --fix does",
                Applicability::Unsafe => {
                    "What rslim lint --fix=unsafe does; it may change what the image does"
                }
            },
        },
        artifact_changes: [ArtifactChange {
            artifact_location: place.clone(),
            replacements: replacements.collect(),
        }],
        properties: FixProperties {
            applicability: fix.applicability.name(),
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::LintFormat;
    use super::super::fixture::{self, MESSAGE};

    #[test]
    fn small() {
        let mut log = fixture::json(&fixture::small().report(), LintFormat::Sarif);
        let results = log["runs"][0]["results"].as_array_mut().unwrap();
        for result in results {
            let prints = result["partialFingerprints"].take();
            assert_eq!(prints["rslim/line/v1"].as_str().map(str::len), Some(64));
        }
        let file = json!({ "uri": "app/Dockerfile" });
        let region = |line: u32, start: u32, end_line: u32, end: u32| json!({ "startLine": line, "startColumn": start, "endLine": end_line, "endColumn": end });
        let fix = |what: &str, kind: &str, region: Value, text: &str| {
            json!([{
                "description": { "text": what },
                "artifactChanges": [{ "artifactLocation": file, "replacements": [
                    { "deletedRegion": region, "insertedContent": { "text": text } }
                ] }],
                "properties": { "applicability": kind }
            }])
        };
        let at = |region: Value| json!([{ "physicalLocation": { "artifactLocation": file, "region": region } }]);
        let unsafely = "What rslim lint --fix=unsafe does; it may change what the image does";
        assert_eq!(
            log,
            json!({
                "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
                "version": "2.1.0",
                "runs": [{
                    "tool": { "driver": { "name": "rslim", "version": "1.2.3", "rules": [
                        {
                            "id": "DL3009",
                            "name": "apt-lists-left",
                            "shortDescription": { "text": "Package lists stay in the image." },
                            "fullDescription": { "text": "They are large." },
                            "help": {
                                "text": "They are large.\n\nRemove them in the same layer.\n\nhttps://example.org/DL3009",
                                "markdown": "**Why:** They are large.\n\n**Instead:** Remove them in the same layer.\n\n[DL3009](https://example.org/DL3009)"
                            },
                            "helpUri": "https://example.org/DL3009",
                            "defaultConfiguration": { "level": "warning" },
                            "properties": { "tags": ["dockerfile"], "aliases": ["apt-lists"] }
                        },
                        {
                            "id": "DL4000",
                            "shortDescription": { "text": "DL4000" },
                            "properties": { "tags": ["dockerfile"], "aliases": [] }
                        }
                    ] } },
                    "columnKind": "unicodeCodePoints",
                    "invocations": [{
                        "executionSuccessful": false,
                        "toolExecutionNotifications": [{
                            "level": "error",
                            "message": { "text": "no such file" },
                            "locations": [{ "physicalLocation": { "artifactLocation": { "uri": "missing" } } }]
                        }]
                    }],
                    "results": [
                        {
                            "ruleId": "DL3009", "ruleIndex": 0, "level": "note",
                            "message": { "text": "Delete the lists" },
                            "locations": at(region(2, 5, 2, 19)),
                            "partialFingerprints": null,
                            "fixes": fix(unsafely, "unsafe", region(2, 19, 2, 19), " && rm -rf x"),
                            "properties": { "bytes": 12_345_678 }
                        },
                        {
                            "ruleId": "DL4000", "ruleIndex": 1, "level": "error",
                            "message": { "text": "MAINTAINER is old" },
                            "locations": at(region(3, 1, 3, 14)),
                            "partialFingerprints": null,
                            "fixes": fix("What rslim lint --fix does", "safe", region(3, 1, 4, 1), "")
                        }
                    ]
                }]
            })
        );
    }

    #[test]
    fn hostile() {
        let log = fixture::json(&fixture::hostile().report(), LintFormat::Sarif);
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let results = run["results"].as_array().unwrap();
        assert_eq!((rules.len(), results.len()), (4, 5));
        for result in results {
            let index = result["ruleIndex"].as_u64().unwrap() as usize;
            assert_eq!(rules[index]["id"], result["ruleId"]);
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            assert!(
                uri.bytes()
                    .all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}:".contains(&b))
            );
            for field in ["startLine", "startColumn", "endLine", "endColumn"] {
                assert!(place["region"][field].as_u64().unwrap() >= 1);
            }
        }
        assert_eq!(results[0]["message"]["text"], MESSAGE);
        let uri = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(*uri, "a%22%3C%26%3E%27%1B%5B31m%2C%25%3A%0A.Dockerfile");
        let notes = &run["invocations"][0]["toolExecutionNotifications"];
        let place = &notes[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["region"]["startLine"], 4);
    }

    #[test]
    fn nothing_found() {
        let log = fixture::json(&fixture::Fixture::of(vec![]).report(), LintFormat::Sarif);
        let run = &log["runs"][0];
        assert_eq!(run["results"], json!([]));
        assert_eq!(run["invocations"], json!([{ "executionSuccessful": true }]));
    }
}

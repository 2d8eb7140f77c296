//! The JSON contract of `lint`, version 1: `docs/lint.schema.json`.
//!
//! Field names and meanings are public; the same files give the same bytes.

use std::io::{self, Write};

use serde::Serialize;

use super::{Counts, FileReport, LintReport};
use crate::dockerfile::{Lines, Position};
use crate::ruleset::Severity;

/// Version of the contract; raised when a field changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    files: Vec<File<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    code: &'a str,
    aliases: &'a [String],
    severity: Severity,
    message: &'a str,
    start: Position,
    end: Position,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Fix<'a>>,
}

#[derive(Serialize)]
struct Fix<'a> {
    applicability: &'static str,
    edits: Vec<Edit<'a>>,
}

#[derive(Serialize)]
struct Edit<'a> {
    start: Position,
    end: Position,
    start_byte: u32,
    end_byte: u32,
    text: &'a str,
}

#[derive(Serialize)]
struct Summary {
    files: usize,
    failed: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
    styles: usize,
    fixable_safe: usize,
    fixable_unsafe: usize,
}

pub(super) fn write(report: &LintReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let counts = Counts::of(report);
    let report = Report {
        schema_version: SCHEMA_VERSION,
        files: report.files.iter().map(file).collect(),
        summary: Summary {
            files: counts.files,
            failed: counts.failed,
            errors: counts.errors,
            warnings: counts.warnings,
            infos: counts.infos,
            styles: counts.styles,
            fixable_safe: counts.fixable_safe,
            fixable_unsafe: counts.fixable_unsafe,
        },
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    out.write_all(b"\n")
}

fn file<'a>(file: &FileReport<'a>) -> File<'a> {
    let lines = Lines::of(file.text);
    let findings = file.findings.iter();
    let findings = findings.map(|found| Finding {
        code: &found.code,
        aliases: &found.aliases,
        severity: found.severity,
        message: &found.message,
        start: found.start,
        end: found.end,
        bytes: found.bytes,
        layer: found.layer,
        fix: found.fix.as_ref().map(|fix| Fix {
            applicability: fix.applicability.name(),
            edits: fix
                .edits
                .iter()
                .map(|edit| Edit {
                    start: lines.position(file.text, edit.span.start),
                    end: lines.position(file.text, edit.span.end),
                    start_byte: edit.span.start,
                    end_byte: edit.span.end,
                    text: &edit.text,
                })
                .collect(),
        }),
    });
    File {
        path: file.path,
        error: file.failure,
        findings: findings.collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::LintFormat;
    use super::super::fixture::{self, MESSAGE, PATH, json, text};

    fn forbid_others(schema: &mut Value) {
        match schema {
            Value::Object(fields) => {
                if fields.contains_key("properties") {
                    fields.insert("additionalProperties".into(), false.into());
                }
                fields.values_mut().for_each(forbid_others);
            }
            Value::Array(items) => items.iter_mut().for_each(forbid_others),
            _ => {}
        }
    }

    #[test]
    fn reports_match_the_schema() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lint.schema.json");
        let schema = std::fs::read_to_string(path).unwrap();
        let mut schema: Value = serde_json::from_str(&schema).unwrap();
        assert!(jsonschema::meta::is_valid(&schema));
        // Readers must expect new fields; we must not add any that it does not list.
        forbid_others(&mut schema);
        let schema = jsonschema::validator_for(&schema).unwrap();
        for fixture in [fixture::small(), fixture::hostile()] {
            let report = json(&fixture.report(), LintFormat::Json);
            let errors: Vec<String> = schema
                .iter_errors(&report)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
    }

    #[test]
    fn small() {
        let fixture = fixture::small();
        let mut report = fixture.report();
        report.files[0].findings = &report.files[0].findings[..1];
        assert_eq!(
            text(&report, LintFormat::Json),
            r#"{
  "schema_version": 1,
  "files": [
    {
      "path": "app/Dockerfile",
      "findings": [
        {
          "code": "DL3009",
          "aliases": [
            "apt-lists"
          ],
          "severity": "info",
          "message": "Delete the lists",
          "start": {
            "line": 2,
            "column": 5
          },
          "end": {
            "line": 2,
            "column": 19
          },
          "bytes": 12345678,
          "fix": {
            "applicability": "unsafe",
            "edits": [
              {
                "start": {
                  "line": 2,
                  "column": 19
                },
                "end": {
                  "line": 2,
                  "column": 19
                },
                "start_byte": 33,
                "end_byte": 33,
                "text": " && rm -rf x"
              }
            ]
          }
        }
      ]
    },
    {
      "path": "missing",
      "error": "no such file",
      "findings": []
    }
  ],
  "summary": {
    "files": 2,
    "failed": 1,
    "errors": 0,
    "warnings": 0,
    "infos": 1,
    "styles": 0,
    "fixable_safe": 0,
    "fixable_unsafe": 1
  }
}
"#
        );
    }

    #[test]
    fn nothing_is_lost() {
        let report = json(&fixture::hostile().report(), LintFormat::Json);
        let first = &report["files"][0]["findings"][0];
        assert_eq!(report["files"][0]["path"], PATH);
        assert_eq!(first["message"], MESSAGE);
        assert_eq!(first["bytes"], u64::MAX);
    }
}

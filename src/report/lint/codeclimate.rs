//! Code Climate's issues: objects with a NUL after each.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::path::in_repository;
use super::{FileReport, LintReport, UNREADABLE};
use crate::lint::Finding;
use crate::ruleset::Severity;

/// An issue; GitLab's are the same but for the fingerprint.
#[derive(Serialize)]
pub(super) struct Issue<'a> {
    categories: [&'static str; 1],
    pub(super) check_name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fingerprint: Option<String>,
    pub(super) location: Location<'a>,
    severity: &'static str,
    r#type: &'static str,
}

#[derive(Serialize)]
pub(super) struct Location<'a> {
    pub(super) lines: Range,
    path: Cow<'a, str>,
}

#[derive(Serialize)]
pub(super) struct Range {
    pub(super) begin: u32,
    end: u32,
}

pub(super) fn write(report: &LintReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    for issue in report.files.iter().flat_map(issues) {
        serde_json::to_writer(&mut *out, &issue)?;
        out.write_all(b"\0")?;
    }
    Ok(())
}

/// The issues in a file.
pub(super) fn issues<'a>(file: &FileReport<'a>) -> impl Iterator<Item = Issue<'a>> + use<'a> {
    let path = in_repository(file.path);
    let failure = file.failed().map(|failure| Issue {
        categories: ["Bug Risk"],
        check_name: UNREADABLE,
        // With the place: columns have no field.
        description: file.failure.unwrap_or(failure.message),
        fingerprint: None,
        location: location(path.clone(), failure.line(), failure.line()),
        severity: severity(Severity::Error),
        r#type: "issue",
    });
    let findings = file.findings.iter();
    let findings = findings.map(move |found| issue(path.clone(), found));
    failure.into_iter().chain(findings)
}

fn issue<'a>(path: Cow<'a, str>, found: &'a Finding) -> Issue<'a> {
    let category = match found.severity {
        Severity::Style => "Style",
        _ => "Bug Risk",
    };
    Issue {
        categories: [category],
        check_name: &found.code,
        description: &found.message,
        fingerprint: None,
        location: location(path, found.start.line, found.end.line),
        severity: severity(found.severity),
        r#type: "issue",
    }
}

fn location(path: Cow<'_, str>, begin: u32, end: u32) -> Location<'_> {
    let lines = Range { begin, end };
    Location { lines, path }
}

/// As hadolint ranks them, so that a change of tool changes no thresholds.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "blocker",
        Severity::Warning => "major",
        Severity::Style => "minor",
        Severity::Info | Severity::Off => "info",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::LintFormat;
    use super::super::fixture::{self, MESSAGE, PATH, text};

    #[test]
    fn objects() {
        assert_eq!(
            text(&fixture::small().report(), LintFormat::Codeclimate).replace('\0', "\n"),
            r#"{"categories":["Bug Risk"],"check_name":"DL3009","description":"Delete the lists","location":{"lines":{"begin":2,"end":2},"path":"app/Dockerfile"},"severity":"info","type":"issue"}
{"categories":["Bug Risk"],"check_name":"DL4000","description":"MAINTAINER is old","location":{"lines":{"begin":3,"end":3},"path":"app/Dockerfile"},"severity":"blocker","type":"issue"}
{"categories":["Bug Risk"],"check_name":"unreadable-file","description":"no such file","location":{"lines":{"begin":1,"end":1},"path":"missing"},"severity":"blocker","type":"issue"}
"#
        );
    }

    #[test]
    fn nul_only_ends_objects() {
        let text = text(&fixture::hostile().report(), LintFormat::Codeclimate);
        let objects: Vec<Value> = text
            .split_terminator('\0')
            .map(|object| serde_json::from_str(object).unwrap())
            .collect();
        assert_eq!(objects.len(), 6);
        assert_eq!(objects[0]["location"]["path"], PATH);
        assert_eq!(objects[0]["description"], MESSAGE);
        assert_eq!(objects[3]["severity"], "minor");
        assert_eq!(objects[5]["location"]["lines"]["begin"], 4);
    }
}

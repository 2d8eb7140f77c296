//! What is wrong as findings of lint, for the formats that lint can write.

use super::problems::{Problem, problems};
use super::{GateReport, LintPart};
use crate::dockerfile::Span;
use crate::lint::Finding;
use crate::report::lint::{FileReport, LintReport};

/// Findings by file, those of the first file first.
pub(super) struct Annotated<'a> {
    files: Vec<(&'a str, Vec<Finding>)>,
    lint: Option<&'a LintPart<'a>>,
    tool_version: &'a str,
}

impl<'a> Annotated<'a> {
    /// All that is wrong and not waived; `nowhere` is the path of what has none.
    pub(super) fn of(report: &'a GateReport<'a>, nowhere: &'a str) -> Self {
        let mut files: Vec<(&str, Vec<Finding>)> = Vec::new();
        let open = problems(report).into_iter();
        for problem in open.filter(|problem| problem.waived.is_none()) {
            let path = problem.path.unwrap_or(nowhere);
            let finding = finding(report, problem);
            match files.iter_mut().find(|(known, _)| *known == path) {
                Some((_, findings)) => findings.push(finding),
                None => files.push((path, vec![finding])),
            }
        }
        Annotated {
            files,
            lint: report.lint.as_ref(),
            tool_version: report.tool_version,
        }
    }

    pub(super) fn report(&self) -> LintReport<'_> {
        let files = self.files.iter().map(|(path, findings)| FileReport {
            path,
            text: match self.lint {
                Some(lint) if lint.file.path == *path => lint.file.text,
                _ => "",
            },
            findings,
            failure: None,
        });
        LintReport {
            files: files.collect(),
            rules: self.lint.map(|lint| lint.rules.clone()).unwrap_or_default(),
            tool_version: self.tool_version,
        }
    }
}

fn finding(report: &GateReport<'_>, problem: Problem<'_>) -> Finding {
    let lint = report.lint.as_ref();
    let known = problem
        .finding
        .and_then(|number| lint?.file.findings.get(number));
    match known {
        Some(finding) => Finding {
            severity: problem.severity,
            ..finding.clone()
        },
        None => Finding {
            code: problem.code.to_owned(),
            aliases: Vec::new(),
            severity: problem.severity,
            message: problem.message,
            span: Span::new(0, 0),
            start: problem.start,
            end: problem.end,
            instruction: None,
            bytes: None,
            layer: None,
            subject: Default::default(),
            fix: None,
        },
    }
}

//! XML as JUnit writes it: a case for each check, and one for each thing that
//! breaks it.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::problems::{Problem, problems};
use super::{GateReport, TOOL, words};
use crate::gate::{Check, Checked, Status};
use crate::report::lint::xml_text::allowed;
use crate::ruleset::Severity;

/// A case and how it went.
struct Case {
    class: &'static str,
    name: String,
    end: End,
}

enum End {
    Passed,
    /// Kind and message.
    Failed(&'static str, String),
    /// With a message: waived, or only a warning.
    Skipped(String),
}

pub(super) fn write(report: &GateReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let cases = cases(report);
    let count = |wanted: fn(&End) -> bool| cases.iter().filter(|case| wanted(&case.end)).count();
    let failures = count(|end| matches!(end, End::Failed(..))).to_string();
    let skipped = count(|end| matches!(end, End::Skipped(_))).to_string();
    let tests = cases.len().to_string();
    let name = match report.image.reference.as_str() {
        "" => report.image.config_digest.as_ref(),
        name => name,
    };
    let mut xml = Writer::new_with_indent(&mut *out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let root = xml
        .create_element("testsuites")
        .with_attribute(("name", TOOL));
    let root = root.with_attribute(("tests", tests.as_str()));
    let root = root.with_attribute(("failures", failures.as_str()));
    let root = root.with_attribute(("errors", "0"));
    root.write_inner_content(|xml| {
        let suite = xml.create_element("testsuite");
        let suite = suite.with_attribute(("name", allowed(name).as_ref()));
        let suite = suite.with_attribute(("tests", tests.as_str()));
        let suite = suite.with_attribute(("failures", failures.as_str()));
        let suite = suite.with_attribute(("errors", "0"));
        let suite = suite.with_attribute(("skipped", skipped.as_str()));
        match cases.is_empty() {
            true => suite.write_empty().map(|_| ()),
            false => suite
                .write_inner_content(|xml| cases.iter().try_for_each(|case| one(xml, case)))
                .map(|_| ()),
        }
    })?;
    out.write_all(b"\n")
}

fn cases(report: &GateReport<'_>) -> Vec<Case> {
    let problems = problems(report);
    let mut cases = Vec::new();
    for checked in &report.verdict.checks {
        let own: Vec<&Problem<'_>> = problems
            .iter()
            .filter(|problem| problem.check == checked.check)
            .collect();
        cases.push(Case {
            class: checked.check.name(),
            name: checked.check.title().to_owned(),
            end: end_of(report, checked),
        });
        let several = matches!(
            checked.check,
            Check::ForbiddenPaths | Check::ForbiddenPackages
        );
        if !several && checked.check != Check::LintThreshold {
            continue;
        }
        cases.extend(own.into_iter().map(|problem| Case {
            class: checked.check.name(),
            name: match problem.finding {
                // With the place: readers take cases of one name for one case.
                Some(_) => format!(
                    "{} at {}:{}",
                    problem.code, problem.start.line, problem.start.column
                ),
                None => problem.message.clone(),
            },
            end: match (problem.waived, problem.severity) {
                (Some(waived), _) => End::Skipped(words::waived(waived)),
                (None, Severity::Error) => End::Failed("error", problem.message.clone()),
                _ => End::Skipped(format!("warning: {}", problem.message)),
            },
        }));
    }
    cases
}

fn end_of(report: &GateReport<'_>, checked: &Checked) -> End {
    let mut why = words::why(report, checked);
    match checked.status {
        Status::Pass => End::Passed,
        Status::Waived => {
            if let Some(waived) = &checked.waived {
                why = format!("{why} ({})", words::waived(waived));
            }
            End::Skipped(why)
        }
        Status::Warn => End::Skipped(format!("warning: {why}")),
        Status::Fail => {
            for offence in checked.offences.iter().take(super::LISTED) {
                why.push_str(&format!("\n{}", words::listed(report, offence)));
            }
            let fix = checked.fix.iter();
            for step in fix.flat_map(|fix| &fix.steps) {
                why.push_str(&format!(
                    "\n{} — {}",
                    words::step(report, step),
                    step.advice
                ));
            }
            End::Failed("budget", why)
        }
    }
}

fn one<W: Write>(xml: &mut Writer<W>, case: &Case) -> io::Result<()> {
    let element = xml.create_element("testcase");
    let element = element.with_attribute(("name", allowed(&case.name).as_ref()));
    let element = element.with_attribute(("classname", case.class));
    match &case.end {
        End::Passed => element.write_empty().map(|_| ()),
        End::Failed(kind, message) => element
            .write_inner_content(|xml| {
                let first = message.lines().next().unwrap_or_default();
                let failure = xml.create_element("failure");
                let failure = failure.with_attribute(("type", *kind));
                let failure = failure.with_attribute(("message", allowed(first).as_ref()));
                failure.write_text_content(BytesText::new(&allowed(message)))?;
                Ok(())
            })
            .map(|_| ()),
        End::Skipped(message) => element
            .write_inner_content(|xml| {
                let skipped = xml.create_element("skipped");
                skipped
                    .with_attribute(("message", allowed(message).as_ref()))
                    .write_empty()?;
                Ok(())
            })
            .map(|_| ()),
    }
}

//! XML as JUnit writes it: a suite a file, a failed case a finding.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::xml_text::allowed;
use super::{FileReport, LintReport, TOOL, UNREADABLE};
use crate::lint::Finding;

pub(super) fn write(report: &LintReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(&mut *out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let sum = |count: fn(&FileReport<'_>) -> usize| report.files.iter().map(count).sum();
    let root = xml
        .create_element("testsuites")
        .with_attribute(("name", TOOL));
    let root = root.with_attribute(("tests", number(sum(tests)).as_str()));
    let root = root.with_attribute(("failures", number(sum(failures)).as_str()));
    let root = root.with_attribute(("errors", number(sum(errors)).as_str()));
    if report.files.is_empty() {
        root.write_empty()?;
    } else {
        root.write_inner_content(|xml| {
            report
                .files
                .iter()
                .try_for_each(|file| write_suite(xml, file))
        })?;
    }
    out.write_all(b"\n")
}

fn tests(file: &FileReport<'_>) -> usize {
    // A file with nothing to say is a case that passed: readers take a suite
    // without cases for one that did not run.
    (failures(file) + errors(file)).max(1)
}

fn failures(file: &FileReport<'_>) -> usize {
    file.findings.len()
}

fn errors(file: &FileReport<'_>) -> usize {
    usize::from(file.failure.is_some())
}

fn number(count: usize) -> String {
    count.to_string()
}

fn write_suite<W: Write>(xml: &mut Writer<W>, file: &FileReport<'_>) -> io::Result<()> {
    let path = allowed(file.path);
    let suite = xml.create_element("testsuite");
    let suite = suite.with_attribute(("name", path.as_ref()));
    let suite = suite.with_attribute(("tests", number(tests(file)).as_str()));
    let suite = suite.with_attribute(("failures", number(failures(file)).as_str()));
    let suite = suite.with_attribute(("errors", number(errors(file)).as_str()));
    suite.write_inner_content(|xml| {
        if let Some(failure) = file.failed() {
            let trouble = Trouble {
                element: "error",
                kind: UNREADABLE,
                message: failure.message,
                text: format!(
                    "{path}:{}:{}: {}",
                    failure.line(),
                    failure.column(),
                    failure.message
                ),
            };
            write_case(xml, &path, UNREADABLE, Some(trouble))?;
        }
        for found in file.findings {
            write_finding(xml, &path, found)?;
        }
        if file.findings.is_empty() && file.failure.is_none() {
            write_case(xml, &path, "no findings", None)?;
        }
        Ok(())
    })?;
    Ok(())
}

fn write_finding<W: Write>(xml: &mut Writer<W>, path: &str, found: &Finding) -> io::Result<()> {
    let (line, column) = (found.start.line, found.start.column);
    // With the place: readers take cases of one name for one case.
    let name = format!("{} at {line}:{column}", found.code);
    let trouble = Trouble {
        element: "failure",
        kind: found.severity.name(),
        message: &found.message,
        text: format!(
            "{path}:{line}:{column}: {} {}: {}",
            found.code, found.severity, found.message
        ),
    };
    write_case(xml, path, &name, Some(trouble))
}

/// Why a case did not pass.
struct Trouble<'a> {
    element: &'static str,
    kind: &'a str,
    message: &'a str,
    text: String,
}

fn write_case<W: Write>(
    xml: &mut Writer<W>,
    path: &str,
    name: &str,
    trouble: Option<Trouble<'_>>,
) -> io::Result<()> {
    let case = xml.create_element("testcase");
    let case = case.with_attribute(("name", allowed(name).as_ref()));
    let case = case.with_attribute(("classname", path));
    let case = case.with_attribute(("file", path));
    let Some(trouble) = trouble else {
        case.write_empty()?;
        return Ok(());
    };
    case.write_inner_content(|xml| {
        let element = xml.create_element(trouble.element);
        let element = element.with_attribute(("type", trouble.kind));
        let element = element.with_attribute(("message", allowed(trouble.message).as_ref()));
        element.write_text_content(BytesText::new(&allowed(&trouble.text)))?;
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::super::LintFormat;
    use super::super::fixture::{self, MESSAGE, PATH, text};
    use super::super::xml_text::allowed;

    #[test]
    fn small() {
        assert_eq!(
            text(&fixture::small().report(), LintFormat::Junit),
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="rslim" tests="3" failures="2" errors="1">
  <testsuite name="app/Dockerfile" tests="2" failures="2" errors="0">
    <testcase name="DL3009 at 2:5" classname="app/Dockerfile" file="app/Dockerfile">
      <failure type="info" message="Delete the lists">app/Dockerfile:2:5: DL3009 info: Delete the lists</failure>
    </testcase>
    <testcase name="DL4000 at 3:1" classname="app/Dockerfile" file="app/Dockerfile">
      <failure type="error" message="MAINTAINER is old">app/Dockerfile:3:1: DL4000 error: MAINTAINER is old</failure>
    </testcase>
  </testsuite>
  <testsuite name="missing" tests="1" failures="0" errors="1">
    <testcase name="unreadable-file" classname="missing" file="missing">
      <error type="unreadable-file" message="no such file">missing:1:1: no such file</error>
    </testcase>
  </testsuite>
</testsuites>
"#
        );
    }

    #[test]
    fn a_clean_file_passed() {
        let mut fixture = fixture::small();
        fixture.files[0].findings.clear();
        fixture.files.truncate(1);
        let text = text(&fixture.report(), LintFormat::Junit);
        assert!(text.contains(r#"<testsuites name="rslim" tests="1" failures="0" errors="0">"#));
        assert!(text.contains(r#"<testcase name="no findings" classname="app/Dockerfile""#));
    }

    #[test]
    fn a_parser_reads_it_back() {
        let text = text(&fixture::hostile().report(), LintFormat::Junit);
        let document = Document::parse(&text).unwrap();
        let cases: Vec<_> = document
            .descendants()
            .filter(|node| node.has_tag_name("testcase"))
            .collect();
        assert_eq!(cases.len(), 6);
        assert_eq!(cases[0].attribute("file"), Some(allowed(PATH).as_ref()));
        let failure = cases[0].first_element_child().unwrap();
        assert_eq!(
            failure.attribute("message"),
            Some(allowed(MESSAGE).as_ref())
        );
        let said = failure.text().unwrap();
        assert!(said.starts_with(allowed(PATH).as_ref()), "{said:?}");
        assert!(
            cases[5]
                .first_element_child()
                .unwrap()
                .has_tag_name("error")
        );
    }
}

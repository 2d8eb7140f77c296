//! XML as Checkstyle writes it.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, Event};

use super::xml_text::allowed;
use super::{FileReport, LintReport, TOOL};
use crate::ruleset::Severity;

/// Version of Checkstyle whose form this is.
const VERSION: &str = "4.3";

pub(super) fn write(report: &LintReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(&mut *out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let root = xml.create_element("checkstyle");
    let root = root.with_attribute(("version", VERSION));
    if report.files.is_empty() {
        root.write_empty()?;
    } else {
        root.write_inner_content(|xml| {
            report
                .files
                .iter()
                .try_for_each(|file| write_file(xml, file))
        })?;
    }
    out.write_all(b"\n")
}

fn write_file<W: Write>(xml: &mut Writer<W>, file: &FileReport<'_>) -> io::Result<()> {
    let path = allowed(file.path);
    let element = xml.create_element("file");
    let element = element.with_attribute(("name", path.as_ref()));
    if file.failure.is_none() && file.findings.is_empty() {
        element.write_empty()?;
        return Ok(());
    }
    element.write_inner_content(|xml| {
        if let Some(failure) = file.failed() {
            let place = (failure.line(), failure.column());
            write_error(xml, place, "error", failure.message, TOOL)?;
        }
        for found in file.findings {
            let place = (found.start.line, found.start.column);
            let severity = severity(found.severity);
            write_error(xml, place, severity, &found.message, &found.code)?;
        }
        Ok(())
    })?;
    Ok(())
}

fn write_error<W: Write>(
    xml: &mut Writer<W>,
    (line, column): (u32, u32),
    severity: &str,
    message: &str,
    source: &str,
) -> io::Result<()> {
    let (line, column) = (line.to_string(), column.to_string());
    let attributes = [
        ("line", line.as_str()),
        ("column", &column),
        ("severity", severity),
        ("message", &allowed(message)),
        ("source", &allowed(source)),
    ];
    let element = xml.create_element("error").with_attributes(attributes);
    element.write_empty()?;
    Ok(())
}

/// Checkstyle has no word for style.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Style => "info",
        Severity::Off => "ignore",
    }
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
            text(&fixture::small().report(), LintFormat::Checkstyle),
            r#"<?xml version="1.0" encoding="UTF-8"?>
<checkstyle version="4.3">
  <file name="app/Dockerfile">
    <error line="2" column="5" severity="info" message="Delete the lists" source="DL3009"/>
    <error line="3" column="1" severity="error" message="MAINTAINER is old" source="DL4000"/>
  </file>
  <file name="missing">
    <error line="1" column="1" severity="error" message="no such file" source="rslim"/>
  </file>
</checkstyle>
"#
        );
        let nothing = fixture::Fixture::of(vec![]);
        let text = text(&nothing.report(), LintFormat::Checkstyle);
        assert!(text.ends_with("<checkstyle version=\"4.3\"/>\n"));
    }

    #[test]
    fn a_parser_reads_it_back() {
        let text = text(&fixture::hostile().report(), LintFormat::Checkstyle);
        let document = Document::parse(&text).unwrap();
        let files: Vec<_> = document.root_element().children().collect();
        let files: Vec<_> = files.iter().filter(|node| node.is_element()).collect();
        assert_eq!(files.len(), 3);
        assert_eq!(files[0].attribute("name"), Some(allowed(PATH).as_ref()));
        let first = files[0].first_element_child().unwrap();
        assert_eq!(first.attribute("message"), Some(allowed(MESSAGE).as_ref()));
        let failed = files[2].first_element_child().unwrap();
        assert_eq!(failed.attribute("line"), Some("4"));
        assert_eq!(failed.attribute("message"), Some("a NUL byte"));
    }
}

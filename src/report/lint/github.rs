//! Commands that make the runner of GitHub Actions annotate lines.

use std::io::{self, Write};

use super::{LintReport, UNREADABLE};
use crate::lint::Finding;
use crate::ruleset::Severity;

pub(super) fn write(report: &LintReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    for file in &report.files {
        // Standard input has no file to annotate.
        let path = (file.path != "-").then(|| property(file.path));
        if let Some(failure) = file.failed() {
            let place = match failure.place {
                Some(place) => format!("line={},col={}", place.line, place.column),
                None => "line=1".to_owned(),
            };
            write_command(
                "error",
                path.as_deref(),
                &place,
                UNREADABLE,
                failure.message,
                out,
            )?;
        }
        for found in file.findings {
            let command = match found.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info | Severity::Style | Severity::Off => "notice",
            };
            let (code, message) = (property(&found.code), &found.message);
            write_command(command, path.as_deref(), &place(found), &code, message, out)?;
        }
    }
    Ok(())
}

fn write_command(
    command: &str,
    path: Option<&str>,
    place: &str,
    title: &str,
    message: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    write!(out, "::{command} ")?;
    if let Some(path) = path {
        write!(out, "file={path},{place},")?;
    }
    writeln!(out, "title={title}::{}", data(message))
}

fn place(found: &Finding) -> String {
    let (start, end) = (found.start, found.end);
    let lines = format!("line={},endLine={}", start.line, end.line);
    // The runner drops columns of several lines, and says so in its log.
    if start.line != end.line {
        return lines;
    }
    format!("{lines},col={},endColumn={}", start.column, end.column)
}

/// Text after the `::`.
fn data(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' => out.push_str("%25"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            // The log shows colours, and what else a terminal would do.
            c if c.is_control() && c != '\t' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Text between the name of a property and the next comma.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::LintFormat;
    use super::super::fixture::{self, text};

    #[test]
    fn commands() {
        assert_eq!(
            text(&fixture::small().report(), LintFormat::Github),
            "::notice file=app/Dockerfile,line=2,endLine=2,col=5,endColumn=19,\
             title=DL3009::Delete the lists\n\
             ::error file=app/Dockerfile,line=3,endLine=3,col=1,endColumn=14,\
             title=DL4000::MAINTAINER is old\n\
             ::error file=missing,line=1,title=unreadable-file::no such file\n"
        );
    }

    #[test]
    fn everything_is_escaped() {
        let text = text(&fixture::hostile().report(), LintFormat::Github);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6);
        assert_eq!(
            lines[0],
            "::error file=a\"<&>'\u{fffd}[31m%2C%25%3A%0A.Dockerfile,\
             line=1,endLine=1,col=6,endColumn=13,title=X1::\
             bad ]]> <\"&'> \u{fffd}[31m%0D%0A%250A:: \u{fffd}\u{ffff}\u{fffd}2J"
        );
        assert!(lines[1].contains("line=2,endLine=3,title=X2::"));
        assert_eq!(lines[4], "::notice title=X4::Something");
        assert_eq!(
            lines[5],
            "::error file=nul.Dockerfile,line=4,col=7,title=unreadable-file::a NUL byte"
        );
    }
}

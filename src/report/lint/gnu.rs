//! A line each, as GNU has compilers write them:
//! `rslim:path:line:column: CODE severity: message`.

use std::io::{self, Write};

use super::{LintReport, TOOL, UNREADABLE};
use crate::report::table::text::printable;

pub(super) fn write(report: &LintReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    for file in &report.files {
        let path = printable(file.path);
        if let Some(failure) = file.failed() {
            let (line, column) = (failure.line(), failure.column());
            let message = printable(failure.message);
            writeln!(
                out,
                "{TOOL}:{path}:{line}:{column}: {UNREADABLE} error: {message}"
            )?;
        }
        for found in file.findings {
            let (line, column) = (found.start.line, found.start.column);
            let (code, message) = (printable(&found.code), printable(&found.message));
            let severity = found.severity;
            writeln!(
                out,
                "{TOOL}:{path}:{line}:{column}: {code} {severity}: {message}"
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::LintFormat;
    use super::super::fixture::{self, text};

    #[test]
    fn lines() {
        assert_eq!(
            text(&fixture::small().report(), LintFormat::Gnu),
            "rslim:app/Dockerfile:2:5: DL3009 info: Delete the lists\n\
             rslim:app/Dockerfile:3:1: DL4000 error: MAINTAINER is old\n\
             rslim:missing:1:1: unreadable-file error: no such file\n"
        );
    }

    #[test]
    fn nothing_moves_the_cursor() {
        let text = text(&fixture::hostile().report(), LintFormat::Gnu);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        assert_eq!(text.lines().count(), 6);
        assert!(text.contains("\nrslim:nul.Dockerfile:4:7: unreadable-file error: a NUL byte\n"));
    }
}

//! A line each, in hadolint's shape: `path:line CODE severity: message`.

use std::io::{self, Write};

use super::{LintReport, LintStyle, UNREADABLE};
use crate::report::table::text::printable;
use crate::ruleset::Severity;

pub(super) fn write(
    report: &LintReport<'_>,
    style: LintStyle,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut line = |path: &str, line, code: &str, severity, message: &str| {
        let code = printable(code);
        let severity = painted(severity, style.color);
        writeln!(
            out,
            "{path}:{line} {code} {severity}: {}",
            printable(message)
        )
    };
    for file in &report.files {
        let path = printable(file.path);
        if let Some(failure) = file.failed() {
            let severity = Severity::Error;
            line(&path, failure.line(), UNREADABLE, severity, failure.message)?;
        }
        for found in file.findings {
            let at = found.start.line;
            line(&path, at, &found.code, found.severity, &found.message)?;
        }
    }
    Ok(())
}

fn painted(severity: Severity, color: bool) -> String {
    let code = match severity {
        _ if !color => return severity.name().to_owned(),
        Severity::Error => "1;91",
        Severity::Warning => "1;93",
        Severity::Info => "92",
        Severity::Style | Severity::Off => "96",
    };
    format!("\u{1b}[{code}m{severity}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::super::LintFormat;
    use super::super::fixture::{self, text};

    #[test]
    fn lines() {
        assert_eq!(
            text(&fixture::small().report(), LintFormat::Tty),
            "app/Dockerfile:2 DL3009 info: Delete the lists\n\
             app/Dockerfile:3 DL4000 error: MAINTAINER is old\n\
             missing:1 unreadable-file error: no such file\n"
        );
    }

    #[test]
    fn nothing_moves_the_cursor() {
        let text = text(&fixture::hostile().report(), LintFormat::Tty);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        assert_eq!(text.lines().count(), 6);
        assert!(text.starts_with(
            r#"a"<&>'\u{1b}[31m,%:\n.Dockerfile:1 X1 error: bad ]]> <"&'> \u{1b}[31m\r\n%0A:: \u{0}"#
        ));
        let colored = fixture::colored(&fixture::small().report(), LintFormat::Tty);
        assert!(colored.contains("DL4000 \u{1b}[1;91merror\u{1b}[0m: MAINTAINER"));
    }
}

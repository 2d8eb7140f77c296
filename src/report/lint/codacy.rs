//! Codacy's results: an object a line.

use std::io::{self, Write};

use serde::Serialize;

use super::LintReport;

#[derive(Serialize)]
struct Issue<'a> {
    filename: &'a str,
    line: u32,
    message: &'a str,
    #[serde(rename = "patternId")]
    pattern_id: &'a str,
}

/// A file that could not be checked; Codacy knows it by what is missing.
#[derive(Serialize)]
struct FileError<'a> {
    filename: &'a str,
    message: &'a str,
}

pub(super) fn write(report: &LintReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    for file in &report.files {
        let filename = file.path;
        if let Some(message) = file.failure {
            line(&FileError { filename, message }, out)?;
        }
        for found in file.findings {
            let issue = Issue {
                filename,
                line: found.start.line,
                message: &found.message,
                pattern_id: &found.code,
            };
            line(&issue, out)?;
        }
    }
    Ok(())
}

fn line(object: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, object)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::LintFormat;
    use super::super::fixture::{self, MESSAGE, PATH, text};

    #[test]
    fn lines() {
        assert_eq!(
            text(&fixture::small().report(), LintFormat::Codacy),
            r#"{"filename":"app/Dockerfile","line":2,"message":"Delete the lists","patternId":"DL3009"}
{"filename":"app/Dockerfile","line":3,"message":"MAINTAINER is old","patternId":"DL4000"}
{"filename":"missing","message":"no such file"}
"#
        );
    }

    #[test]
    fn each_line_is_an_object() {
        let text = text(&fixture::hostile().report(), LintFormat::Codacy);
        let objects: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(objects.len(), 6);
        assert_eq!(objects[0]["filename"], PATH);
        assert_eq!(objects[0]["message"], MESSAGE);
    }
}

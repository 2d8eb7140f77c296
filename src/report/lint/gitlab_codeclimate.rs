//! GitLab's code quality report: Code Climate's issues in one list, with
//! fingerprints, by which GitLab tells old from new.

use std::io::{self, Write};

use super::LintReport;
use super::codeclimate::issues;
use super::fingerprint::Fingerprints;
use crate::dockerfile::Lines;

pub(super) fn write(report: &LintReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut fingerprints = Fingerprints::default();
    let mut list = Vec::new();
    for file in &report.files {
        let lines = Lines::of(file.text);
        for mut issue in issues(file) {
            let line = issue.location.lines.begin;
            let print = fingerprints.next(file, &lines, issue.check_name, line);
            issue.fingerprint = Some(print);
            list.push(issue);
        }
    }
    serde_json::to_writer(&mut *out, &list)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::LintFormat;
    use super::super::fixture::{self, json, text};

    #[test]
    fn one_list() {
        let fixture = fixture::small();
        let mut report = fixture.report();
        report.files[0].findings = &report.files[0].findings[..1];
        report.files.truncate(1);
        assert_eq!(
            text(&report, LintFormat::GitlabCodeclimate),
            "[{\"categories\":[\"Bug Risk\"],\"check_name\":\"DL3009\",\
             \"description\":\"Delete the lists\",\"fingerprint\":\
             \"09cde8928fc6049dcd5c5e8816e866a467a8d4d1e4aa20f7312646330cde6a37\",\
             \"location\":{\"lines\":{\"begin\":2,\"end\":2},\"path\":\"app/Dockerfile\"},\
             \"severity\":\"info\",\"type\":\"issue\"}]\n"
        );
        report.files.clear();
        assert_eq!(text(&report, LintFormat::GitlabCodeclimate), "[]\n");
    }

    #[test]
    fn fingerprints_differ() {
        let list = json(&fixture::hostile().report(), LintFormat::GitlabCodeclimate);
        let list = list.as_array().unwrap();
        let prints: HashSet<&str> = list
            .iter()
            .map(|issue| issue["fingerprint"].as_str().unwrap())
            .collect();
        assert_eq!((list.len(), prints.len()), (6, 6));
    }
}

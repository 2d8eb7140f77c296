//! How many findings there are.

use super::LintReport;
use crate::lint::Applicability;
use crate::ruleset::Severity;

/// Numbers of files and findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Files.
    pub files: usize,
    /// Files that could not be read.
    pub failed: usize,
    /// Files with findings.
    pub found_in: usize,
    /// Findings that are errors.
    pub errors: usize,
    /// Findings that are warnings.
    pub warnings: usize,
    /// Findings worth knowing.
    pub infos: usize,
    /// Findings about style.
    pub styles: usize,
    /// Findings with a safe fix.
    pub fixable_safe: usize,
    /// Findings with an unsafe fix.
    pub fixable_unsafe: usize,
}

impl Counts {
    /// Counts a report's.
    pub fn of(report: &LintReport<'_>) -> Self {
        let mut counts = Counts {
            files: report.files.len(),
            ..Counts::default()
        };
        for file in &report.files {
            counts.failed += usize::from(file.failure.is_some());
            counts.found_in += usize::from(!file.findings.is_empty());
        }
        for finding in report.files.iter().flat_map(|file| file.findings) {
            match finding.severity {
                Severity::Error => counts.errors += 1,
                Severity::Warning => counts.warnings += 1,
                Severity::Info => counts.infos += 1,
                Severity::Style => counts.styles += 1,
                Severity::Off => {}
            }
            match finding.fix.as_ref().map(|fix| fix.applicability) {
                Some(Applicability::Safe) => counts.fixable_safe += 1,
                Some(Applicability::Unsafe) => counts.fixable_unsafe += 1,
                None => {}
            }
        }
        counts
    }

    /// The counts in a sentence.
    pub fn sentence(&self) -> String {
        let mut text = [
            some(self.errors, "error", "errors"),
            some(self.warnings, "warning", "warnings"),
            some(self.infos + self.styles, "note", "notes"),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ");
        if text.is_empty() {
            text.push_str("no findings");
        }
        text.push_str(" in ");
        if self.found_in > 0 && self.found_in < self.files {
            text.push_str(&format!("{} of ", self.found_in));
        }
        text.push_str(&number(self.files, "file", "files"));
        match (self.fixable_safe, self.fixable_unsafe) {
            (0, 0) => {}
            (0, n) => text.push_str(&format!("; {n} can be fixed with --fix=unsafe")),
            (n, 0) => text.push_str(&format!("; {n} can be fixed with --fix")),
            (n, more) => text.push_str(&format!(
                "; {n} can be fixed with --fix, {more} more with --fix=unsafe"
            )),
        }
        if let Some(files) = some(self.failed, "file", "files") {
            text.push_str(&format!("; {files} could not be read"));
        }
        text
    }
}

fn some(count: usize, one: &str, many: &str) -> Option<String> {
    (count > 0).then(|| number(count, one, many))
}

fn number(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences() {
        let none = Counts {
            files: 3,
            ..Counts::default()
        };
        assert_eq!(none.sentence(), "no findings in 3 files");
        let one = Counts {
            files: 1,
            found_in: 1,
            warnings: 1,
            fixable_unsafe: 1,
            ..Counts::default()
        };
        assert_eq!(
            one.sentence(),
            "1 warning in 1 file; 1 can be fixed with --fix=unsafe"
        );
        let many = Counts {
            files: 5,
            failed: 1,
            found_in: 2,
            errors: 3,
            warnings: 12,
            infos: 3,
            styles: 1,
            fixable_safe: 5,
            fixable_unsafe: 2,
        };
        assert_eq!(
            many.sentence(),
            "3 errors, 12 warnings, 4 notes in 2 of 5 files; 5 can be fixed with --fix, \
             2 more with --fix=unsafe; 1 file could not be read"
        );
    }
}

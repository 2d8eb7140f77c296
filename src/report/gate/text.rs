//! The verdict for people.

use std::io::{self, Write};

use super::{GateReport, LISTED, words};
use crate::gate::{Checked, Standing, Status, Subject};
use crate::report::table::text::printable;

pub(super) fn write(report: &GateReport<'_>, color: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { report, color, out };
    page.heading()?;
    for checked in &report.verdict.checks {
        page.check(checked)?;
    }
    page.notes()
}

struct Page<'a, 'o> {
    report: &'a GateReport<'a>,
    color: bool,
    out: &'o mut dyn Write,
}

impl Page<'_, '_> {
    /// Names in images, files and settings are other people's.
    fn line(&mut self, indent: usize, text: &str) -> io::Result<()> {
        writeln!(self.out, "{:indent$}{}", "", printable(text))
    }

    fn word(&self, status: Status) -> String {
        let (word, code) = match status {
            Status::Pass => ("pass", "32"),
            Status::Waived => ("waived", "36"),
            Status::Warn => ("warn", "33"),
            Status::Fail => ("FAIL", "31"),
        };
        match self.color {
            true => format!("\u{1b}[1;{code}m{word:<6}\u{1b}[0m"),
            false => format!("{word:<6}"),
        }
    }

    fn heading(&mut self) -> io::Result<()> {
        let report = self.report;
        let image = report.image;
        let name = match image.reference.as_str() {
            "" => image.config_digest.as_ref(),
            name => name,
        };
        self.line(
            0,
            &format!("{name}  {} from {}", image.platform, report.source),
        )?;
        let status = self.word(report.verdict.status());
        let summary = words::summary(report.verdict);
        writeln!(self.out, "{status}  {summary}\n")
    }

    fn check(&mut self, checked: &Checked) -> io::Result<()> {
        let report = self.report;
        let status = self.word(checked.status);
        let why = printable(&words::why(report, checked));
        writeln!(self.out, "{status}  {}: {why}", checked.check.name())?;
        if let Some(waived) = &checked.waived {
            self.line(8, &words::waived(waived))?;
        }
        let shown = checked.offences.iter().take(LISTED);
        for offence in shown {
            self.line(8, &words::listed(report, offence))?;
        }
        let left = checked.offences.len().saturating_sub(LISTED) as u64 + checked.more;
        if left > 0 {
            self.line(8, &format!("and {left} more; --format json has them"))?;
        }
        if checked.check == crate::gate::Check::LintThreshold {
            self.findings()?;
        }
        if let Some(fix) = checked
            .fix
            .as_ref()
            .filter(|_| checked.status != Status::Waived)
        {
            self.line(8, &format!("{}:", words::fix(fix)))?;
            for step in &fix.steps {
                self.line(10, &words::step(report, step))?;
                self.line(12, &step.advice)?;
            }
        }
        let layers = checked
            .offences
            .iter()
            .any(|offence| offence.subject == Subject::Layer);
        if checked.fix.is_none() && (checked.status > Status::Waived) && layers {
            self.line(8, "nothing is known that would make it smaller")?;
        }
        Ok(())
    }

    fn findings(&mut self) -> io::Result<()> {
        let report = self.report;
        let Some(lint) = &report.lint else {
            return Ok(());
        };
        let mut left = 0;
        let all = lint.file.findings.iter().zip(&report.verdict.findings);
        let told = all.filter(|(_, standing)| {
            matches!(
                standing,
                Standing::Fails | Standing::Warns | Standing::Waived(_)
            )
        });
        for (i, (finding, standing)) in told.enumerate() {
            if i >= LISTED {
                left += 1;
                continue;
            }
            let waived = match standing {
                Standing::Waived(waived) => format!(" ({})", words::waived(waived)),
                _ => String::new(),
            };
            let (path, line) = (lint.file.path, finding.start.line);
            let (code, severity) = (&finding.code, finding.severity);
            let text = format!(
                "{path}:{line} {code} {severity}: {}{waived}",
                words::finding(finding)
            );
            self.line(8, &text)?;
        }
        match left {
            0 => Ok(()),
            left => self.line(8, &format!("and {left} more; `rslim lint` shows them")),
        }
    }

    fn notes(&mut self) -> io::Result<()> {
        for place in &self.report.verdict.unused_waivers {
            self.line(
                0,
                &format!("note    {place}: this waiver waives nothing; remove it"),
            )?;
        }
        Ok(())
    }
}

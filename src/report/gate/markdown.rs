//! The verdict as a comment on a pull request, or a job's summary.

use std::io::{self, Write};

use super::{GateReport, LISTED, words};
use crate::gate::{Check, Checked, Standing, Status};
use crate::report::table::text::printable;

/// Lets a later comment take the place of an earlier one.
const MARK: &str = "<!-- rslim ci -->";

pub(super) fn write(report: &GateReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let verdict = report.verdict;
    let name = match report.image.reference.as_str() {
        "" => report.image.config_digest.as_ref(),
        name => name,
    };
    let symbol = symbol(verdict.status());
    writeln!(out, "{MARK}\n## {symbol} rslim: {}\n", escaped(name))?;
    writeln!(out, "{}.\n", words::summary(verdict))?;
    if verdict.checks.is_empty() {
        return Ok(());
    }
    writeln!(out, "| | check | measured | limit |\n|---|---|---:|---:|")?;
    for checked in &verdict.checks {
        let (measured, limit) = words::sides(checked);
        let symbol = self::symbol(checked.status);
        let name = checked.check.name();
        let limit = limit.unwrap_or_default();
        writeln!(out, "| {symbol} | `{name}` | {measured} | {limit} |")?;
    }
    for checked in verdict
        .checks
        .iter()
        .filter(|checked| checked.status != Status::Pass)
    {
        details(report, checked, out)?;
    }
    if !verdict.unused_waivers.is_empty() {
        writeln!(out, "\n### Waivers that waive nothing\n")?;
        for place in &verdict.unused_waivers {
            writeln!(out, "- {}", escaped(&place.to_string()))?;
        }
    }
    Ok(())
}

fn symbol(status: Status) -> &'static str {
    match status {
        Status::Pass => "✅",
        Status::Waived => "☑️",
        Status::Warn => "⚠️",
        Status::Fail => "❌",
    }
}

fn details(report: &GateReport<'_>, checked: &Checked, out: &mut dyn Write) -> io::Result<()> {
    let symbol = symbol(checked.status);
    writeln!(out, "\n### {symbol} `{}`\n", checked.check.name())?;
    writeln!(out, "{}", escaped(&words::why(report, checked)))?;
    if let Some(waived) = &checked.waived {
        writeln!(out, "\n*{}*", escaped(&words::waived(waived)))?;
    }
    let mut items: Vec<String> = checked
        .offences
        .iter()
        .map(|offence| words::listed(report, offence))
        .collect();
    if checked.check == Check::LintThreshold {
        items.extend(findings(report));
    }
    let left = items.len().saturating_sub(LISTED) as u64 + checked.more;
    list(items.iter().take(LISTED), out)?;
    if left > 0 {
        writeln!(out, "- and {left} more")?;
    }
    let Some(fix) = checked
        .fix
        .as_ref()
        .filter(|_| checked.status != Status::Waived)
    else {
        return Ok(());
    };
    writeln!(out, "\n**Cheapest fix:** {}", words::fix(fix))?;
    let steps = fix.steps.iter();
    let steps = steps.map(|step| format!("{}. {}", words::step(report, step), step.advice));
    let steps: Vec<String> = steps.collect();
    list(steps.iter(), out)
}

fn findings(report: &GateReport<'_>) -> Vec<String> {
    let Some(lint) = &report.lint else {
        return Vec::new();
    };
    let all = lint.file.findings.iter().zip(&report.verdict.findings);
    let told = all.filter_map(|(finding, standing)| {
        let waived = match standing {
            Standing::Fails | Standing::Warns => String::new(),
            Standing::Waived(waived) => format!(" ({})", words::waived(waived)),
            Standing::Below | Standing::Known => return None,
        };
        let (path, line) = (lint.file.path, finding.start.line);
        Some(format!(
            "{path}:{line} {} {}{waived}",
            finding.code,
            words::finding(finding)
        ))
    });
    told.collect()
}

fn list<'t>(items: impl Iterator<Item = &'t String>, out: &mut dyn Write) -> io::Result<()> {
    for (i, item) in items.enumerate() {
        if i == 0 {
            writeln!(out)?;
        }
        writeln!(out, "- {}", escaped(item))?;
    }
    Ok(())
}

/// Text that means nothing to Markdown and HTML, in one line. Other people
/// choose names of files; they must not put links or pictures into comments.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A name must not call people or issues.
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // So that nothing is made a link by itself.
    out.replace("://", ":&#47;&#47;")
        .replace("www.", "www&#46;")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn names_stay_names() {
        for (text, want) in [
            ("usr/lib", "usr/lib"),
            ("<img src=x>", "&lt;img src=x&gt;"),
            (
                "[a](b)|`c`\n#1 @me",
                "\\[a\\](b)\\|\\`c\\`\\\\n&#35;1 &#64;me",
            ),
            ("http://x", "http:&#47;&#47;x"),
        ] {
            assert_eq!(escaped(text), want);
        }
    }
}

//! Lint rules as a list, as pages for a terminal or the book, and as JSON.

use std::io::{self, Write};

use serde::Serialize;

use crate::ruleset::{Example, FixKind, LintRule, Severity};

fn fix_word(rule: &LintRule) -> &'static str {
    match rule.fix {
        FixKind::None => "",
        FixKind::Safe => "--fix",
        FixKind::Unsafe => "--fix=unsafe",
    }
}

fn bold(text: &str, color: bool) -> String {
    if color {
        format!("\u{1b}[1m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

/// One line a rule, by families.
///
/// # Errors
/// Those of `out`.
pub fn list(rules: &[&LintRule], color: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut families: Vec<&str> = rules.iter().map(|rule| rule.family.as_str()).collect();
    families.sort_unstable();
    families.dedup();
    let width = rules.iter().map(|rule| rule.code.len()).max().unwrap_or(0);
    for family in families {
        writeln!(out, "{}", bold(family, color))?;
        for rule in rules.iter().filter(|rule| rule.family == family) {
            writeln!(
                out,
                "  {:width$}  {:7}  {:12}  {}",
                rule.code,
                rule.severity,
                fix_word(rule),
                rule.summary
            )?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "{} rules; `rslim rules CODE` explains one",
        rules.len()
    )
}

fn heading(rule: &LintRule) -> String {
    let mut line = format!("{} {}", rule.code, rule.name);
    if !rule.aliases.is_empty() {
        line += &format!(" ({})", rule.aliases.join(", "));
    }
    line
}

fn facts(rule: &LintRule) -> String {
    let mut line = format!("{}, {}", rule.family, rule.severity);
    if rule.severity == Severity::Off {
        line += " unless it is selected";
    }
    match rule.fix {
        FixKind::None => {}
        FixKind::Safe => line += ", fixed by --fix",
        FixKind::Unsafe => line += ", fixed by --fix=unsafe",
    }
    line
}

/// Pages for a terminal.
///
/// # Errors
/// Those of `out`.
pub fn text(rules: &[&LintRule], color: bool, out: &mut dyn Write) -> io::Result<()> {
    for (i, rule) in rules.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", bold(&heading(rule), color))?;
        writeln!(out, "{}\n\n{}", facts(rule), rule.summary)?;
        for (title, text) in [
            ("Why", &rule.why),
            ("Instead", &rule.instead),
            ("Fix", &rule.fix_note),
            ("hadolint", &rule.hadolint),
        ] {
            if !text.trim().is_empty() {
                writeln!(out, "\n{}", bold(title, color))?;
                indented(text.trim(), out)?;
            }
        }
        for example in &rule.examples {
            let title = match example.lines.is_empty() {
                true => "Good",
                false => "Bad",
            };
            writeln!(out, "\n{}{}", bold(title, color), about(example))?;
            for (number, line) in example.text.trim_end().lines().enumerate() {
                let mark = if example.lines.contains(&(number as u32 + 1)) {
                    '>'
                } else {
                    ' '
                };
                writeln!(out, "{mark} {line}")?;
            }
        }
        if !rule.references.is_empty() {
            writeln!(out, "\n{}", bold("References", color))?;
            for url in &rule.references {
                writeln!(out, "  {url}")?;
            }
        }
    }
    Ok(())
}

fn indented(text: &str, out: &mut dyn Write) -> io::Result<()> {
    for line in text.lines() {
        match line.trim_end() {
            "" => writeln!(out)?,
            line => writeln!(out, "  {line}")?,
        }
    }
    Ok(())
}

fn about(example: &Example) -> String {
    match example.about.trim() {
        "" => String::new(),
        about => format!(": {about}"),
    }
}

/// A table of all rules, for the book.
///
/// # Errors
/// Those of `out`.
pub fn markdown_index(rules: &[&LintRule], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| Rule | Severity | Fix | Finds |")?;
    writeln!(out, "|---|---|---|---|")?;
    for rule in rules {
        let fix = match rule.fix {
            FixKind::None => "",
            FixKind::Safe => "safe",
            FixKind::Unsafe => "unsafe",
        };
        let also = if rule.aliases.is_empty() {
            String::new()
        } else {
            format!(" ({})", rule.aliases.join(", "))
        };
        let summary = rule.summary.replace('|', "\\|");
        let (code, family, severity) = (&rule.code, &rule.family, rule.severity);
        writeln!(
            out,
            "| [{code}](rules/{family}.md#{}){also} | {severity} | {fix} | {summary} |",
            code.to_lowercase()
        )?;
    }
    Ok(())
}

/// Pages for the book.
///
/// # Errors
/// Those of `out`.
pub fn markdown(rules: &[&LintRule], out: &mut dyn Write) -> io::Result<()> {
    for rule in rules {
        writeln!(out, "## {}\n", rule.code)?;
        writeln!(out, "**{}** · {}\n", rule.name, facts(rule))?;
        if !rule.aliases.is_empty() {
            writeln!(out, "Also called {}.\n", rule.aliases.join(", "))?;
        }
        writeln!(out, "{}\n", rule.summary)?;
        writeln!(out, "### Why\n\n{}\n", rule.why.trim())?;
        writeln!(out, "### Instead\n\n{}\n", rule.instead.trim())?;
        if !rule.fix_note.trim().is_empty() {
            writeln!(out, "### Fix\n\n{}\n", rule.fix_note.trim())?;
        }
        if !rule.hadolint.trim().is_empty() {
            writeln!(
                out,
                "### Where hadolint answers otherwise\n\n{}\n",
                rule.hadolint.trim()
            )?;
        }
        for example in &rule.examples {
            let title = if example.lines.is_empty() {
                "Good"
            } else {
                "Bad"
            };
            writeln!(
                out,
                "### {title}{}\n\n```dockerfile\n{}\n```\n",
                about(example),
                example.text.trim_end()
            )?;
        }
        for url in &rule.references {
            writeln!(out, "- <{url}>")?;
        }
        if !rule.references.is_empty() {
            writeln!(out)?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct RuleJson<'a> {
    code: &'a str,
    name: &'a str,
    aliases: &'a [String],
    family: &'a str,
    severity: Severity,
    summary: &'a str,
    why: &'a str,
    instead: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    hadolint: &'a str,
    references: &'a [String],
}

/// The rules as a JSON array.
///
/// # Errors
/// Those of `out`.
pub fn json(rules: &[&LintRule], out: &mut dyn Write) -> io::Result<()> {
    let rules: Vec<RuleJson<'_>> = rules
        .iter()
        .map(|rule| RuleJson {
            code: &rule.code,
            name: &rule.name,
            aliases: &rule.aliases,
            family: &rule.family,
            severity: rule.severity,
            summary: &rule.summary,
            why: rule.why.trim(),
            instead: rule.instead.trim(),
            fix: match rule.fix {
                FixKind::None => None,
                FixKind::Safe => Some("safe"),
                FixKind::Unsafe => Some("unsafe"),
            },
            hadolint: rule.hadolint.trim(),
            references: &rule.references,
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &rules)?;
    writeln!(out)
}

//! `--fix` and `--diff`.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use rayon::prelude::*;

use super::context::Contexts;
use super::{Checked, LintCommand, Loaded, outcome, report};
use crate::cli::Outcome;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};
use crate::cli::terminal;
use crate::lint::fix::{self, Fixed};
use crate::lint::{Applicability, BuiltImage, ShellChecker, Source};

/// Applies or shows the fixes, and reports what is left.
pub(super) fn run(
    command: &LintCommand,
    loaded: &[Loaded],
    most: Applicability,
    checker: Option<&Arc<dyn ShellChecker>>,
    image: Option<&BuiltImage>,
) -> Result<Outcome, Failure> {
    let contexts = Contexts::new(command);
    let fixed: Result<Vec<Option<Result<Fixed, String>>>, Failure> = loaded
        .par_iter()
        .map(|file| {
            let Ok(bytes) = &file.bytes else {
                return Ok(None);
            };
            let context = contexts.of(&file.path)?;
            let source = Source {
                bytes,
                context: context.as_deref(),
                image,
            };
            let knowledge = file.configured.knowledge(checker);
            let done = fix::fix(source, &file.configured.settings, &knowledge, most);
            Ok(Some(done.map_err(|wrong| wrong.to_string())))
        })
        .collect();
    let fixed = fixed?;
    let failed = contexts.report_failures();
    if command.diff {
        let result = diff(command, loaded, fixed)?;
        return Ok(if failed { Outcome::Unreadable } else { result });
    }
    let mut checked = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut changed = 0;
    let mut to_stdout = false;
    for (file, fixed) in loaded.iter().zip(fixed) {
        let mut entry = Checked {
            path: file.name.clone(),
            text: String::new(),
            findings: Vec::new(),
            failure: file.bytes.as_ref().err().cloned(),
            broken: false,
            dropped: 0,
            threshold: file.configured.settings.threshold,
            no_fail: file.configured.settings.no_fail,
        };
        match fixed {
            None => {}
            Some(Err(wrong)) => entry.failure = Some(wrong),
            Some(Ok(fixed)) => {
                let stdin = file.path.as_os_str() == "-";
                let differs = file.bytes.as_ref().is_ok_and(|bytes| *bytes != fixed.bytes);
                if stdin {
                    // The text itself is the result; findings go to stderr's reader no more.
                    to_stdout = true;
                    std::io::stdout()
                        .write_all(&fixed.bytes)
                        .map_err(|error| Failure::writing("standard output", &error))?;
                } else if differs {
                    write(file, &fixed)?;
                }
                changed += usize::from(differs);
                for (code, _) in &fixed.applied {
                    *counts.entry(code.clone()).or_default() += 1;
                }
                entry.text = fixed.rest.file.text;
                entry.findings = fixed.rest.findings;
                entry.broken = fixed.rest.broken;
            }
        }
        checked.push(entry);
    }
    if !command.output.quiet {
        let total: usize = counts.values().sum();
        let codes: Vec<String> = counts
            .iter()
            .map(|(code, count)| format!("{code} {count}"))
            .collect();
        let list = if codes.is_empty() {
            String::new()
        } else {
            format!(": {}", codes.join(", "))
        };
        terminal::note(&format!(
            "{total} {} in {changed} {}{list}",
            plural(total, "fix", "fixes"),
            plural(changed, "file", "files")
        ));
    }
    if !to_stdout {
        let default = super::FormatArgument::Pretty;
        let plan: Vec<Output<super::FormatArgument>> = command.output.plan(default)?;
        report(command, &checked, loaded, &plan)?;
    }
    match failed {
        true => Ok(Outcome::Unreadable),
        false => Ok(outcome(&checked)),
    }
}

fn plural<'w>(count: usize, one: &'w str, many: &'w str) -> &'w str {
    if count == 1 { one } else { many }
}

/// Puts the new text in place of the old, in one step, with its permissions.
fn write(file: &Loaded, fixed: &Fixed) -> Result<(), Failure> {
    let place = file.path.display().to_string();
    let permissions = std::fs::metadata(&file.path).map(|meta| meta.permissions());
    output::write_file(&file.path, |out| out.write_all(&fixed.bytes))
        .map_err(|error| Failure::writing(&place, &error))?;
    if let Ok(permissions) = permissions {
        std::fs::set_permissions(&file.path, permissions)
            .map_err(|error| Failure::writing(&place, &error))?;
    }
    Ok(())
}

fn diff(
    command: &LintCommand,
    loaded: &[Loaded],
    fixed: Vec<Option<Result<Fixed, String>>>,
) -> Result<Outcome, Failure> {
    let mut result = Outcome::Fine;
    let mut out = String::new();
    for (file, fixed) in loaded.iter().zip(fixed) {
        let wrong = match (&file.bytes, fixed) {
            (Err(message), _) => message.clone(),
            (Ok(_), Some(Err(message))) => message,
            (Ok(bytes), Some(Ok(fixed))) => {
                if *bytes != fixed.bytes {
                    let (old, new) = (
                        String::from_utf8_lossy(bytes),
                        String::from_utf8_lossy(&fixed.bytes),
                    );
                    let name = file.name.escape_debug().to_string();
                    let text = similar::TextDiff::from_lines(old.as_ref(), new.as_ref());
                    out += &text
                        .unified_diff()
                        .context_radius(3)
                        .header(&format!("a/{name}"), &format!("b/{name}"))
                        .to_string();
                    if result == Outcome::Fine && !file.configured.settings.no_fail {
                        result = Outcome::Findings;
                    }
                }
                if fixed.rest.broken && !file.configured.settings.no_fail {
                    result = Outcome::Unreadable;
                }
                continue;
            }
            (Ok(_), None) => continue,
        };
        terminal::warn(&format!("{}: {wrong}", file.name.escape_debug()));
        result = Outcome::Unreadable;
    }
    let plan = command.output.plan(super::FormatArgument::Pretty)?;
    if let Some(output) = plan.first() {
        output.write(|writer| writer.write_all(out.as_bytes()))?
    }
    Ok(result)
}

//! An installed `shellcheck`: all scripts of all files in few processes.

use std::collections::{BTreeSet, HashMap};
use std::process::{Command, Stdio};
use std::sync::Arc;

use rayon::prelude::*;
use serde::Deserialize;

use super::Loaded;
use crate::cli::failure::Failure;
use crate::dockerfile::{Lines, Span};
use crate::lint::{self, ShellChecker, ShellDiagnostic, ShellScript};
use crate::ruleset::Severity;

/// Scripts for one process.
const BATCH: usize = 200;

/// What shellcheck said, by the script.
#[derive(Debug)]
struct Answers {
    by_script: HashMap<String, Vec<ShellDiagnostic>>,
}

impl ShellChecker for Answers {
    fn check(&self, script: &ShellScript<'_>) -> Vec<ShellDiagnostic> {
        self.by_script
            .get(&whole(script))
            .cloned()
            .unwrap_or_default()
    }

    fn knows(&self, _: u32) -> bool {
        true
    }
}

fn whole(script: &ShellScript<'_>) -> String {
    format!("{}{}\n", script.prelude(), script.text.text())
}

pub(super) fn is_installed() -> bool {
    let asked = Command::new("shellcheck")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}

#[derive(Deserialize)]
struct Report {
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comment {
    file: String,
    line: u32,
    end_line: u32,
    column: u32,
    end_column: u32,
    level: String,
    code: u32,
    message: String,
}

/// Judges the scripts of all files.
pub(super) fn run(loaded: &[Loaded], jobs: usize) -> Result<Arc<dyn ShellChecker>, Failure> {
    if !is_installed() {
        return Err(
            Failure::new("--shellcheck required: there is no shellcheck on the PATH")
                .help("install it, or leave the option out to use the linter inside rslim"),
        );
    }
    let mut scripts: BTreeSet<(String, usize)> = BTreeSet::new();
    for file in loaded {
        let Ok(bytes) = &file.bytes else { continue };
        for (text, prelude) in lint::script_texts(bytes, &file.configured.settings) {
            scripts.insert((text, prelude));
        }
    }
    let scripts: Vec<(String, usize)> = scripts.into_iter().collect();
    let size = scripts.len().div_ceil(jobs.max(1)).clamp(1, BATCH);
    let answers: Result<Vec<_>, Failure> = scripts.par_chunks(size).map(batch).collect();
    let by_script = answers?.into_iter().flatten().collect();
    Ok(Arc::new(Answers { by_script }))
}

fn batch(scripts: &[(String, usize)]) -> Result<Vec<(String, Vec<ShellDiagnostic>)>, Failure> {
    let failed = |error: std::io::Error| Failure::of("shellcheck", &error);
    let dir = tempfile::tempdir().map_err(failed)?;
    let mut command = Command::new("shellcheck");
    command
        .args(["--norc", "--format", "json1", "--"])
        .current_dir(dir.path());
    for (i, (text, _)) in scripts.iter().enumerate() {
        std::fs::write(dir.path().join(i.to_string()), text).map_err(failed)?;
        command.arg(i.to_string());
    }
    let done = command.stdin(Stdio::null()).output().map_err(failed)?;
    // 1 is for findings.
    if !matches!(done.status.code(), Some(0 | 1)) {
        let said = String::from_utf8_lossy(&done.stderr);
        return Err(Failure::new(format!(
            "shellcheck failed: {}",
            said.lines().next().unwrap_or("")
        )));
    }
    let report: Report = serde_json::from_slice(&done.stdout)
        .map_err(|error| Failure::of("what shellcheck printed", &error))?;
    let mut found: Vec<(String, Vec<ShellDiagnostic>)> = scripts
        .iter()
        .map(|(text, _)| (text.clone(), Vec::new()))
        .collect();
    for comment in report.comments {
        let Ok(number) = comment.file.parse::<usize>() else {
            continue;
        };
        let (Some((text, diagnostics)), Some((_, prelude))) =
            (found.get_mut(number), scripts.get(number))
        else {
            continue;
        };
        let lines = Lines::of(text);
        let place = |line: u32, column: u32| {
            let start = lines.start(line) as usize;
            let rest = text.get(start..).unwrap_or("");
            let at = rest
                .char_indices()
                .nth(column.saturating_sub(1) as usize)
                .map_or(rest.len(), |(at, _)| at);
            (start + at).checked_sub(*prelude)
        };
        let (Some(start), Some(end)) = (
            place(comment.line, comment.column),
            place(comment.end_line, comment.end_column),
        ) else {
            continue;
        };
        diagnostics.push(ShellDiagnostic {
            code: comment.code,
            severity: comment.level.parse().unwrap_or(Severity::Info),
            message: comment.message,
            span: Span::new(start as u32, end.max(start) as u32),
        });
    }
    Ok(found)
}

//! The Dockerfile, looked at as `rslim lint` looks at it.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use crate::cli::arguments;
use crate::cli::failure::Failure;
use crate::cli::lint::configuration::{Configurations, Configured};
use crate::cli::lint::context::Contexts;
use crate::cli::lint::{self, Checked, LintCommand, Loaded};
use crate::gate::{Finding, LintLimit};
use crate::lint::BuiltImage;
use crate::report::gate::LintPart;
use crate::report::lint::{FileReport, fingerprints};
use crate::ruleset::Severity;

/// What was found in a Dockerfile, and by which settings.
pub(super) struct LintedFile {
    checked: Checked,
    configured: Arc<Configured>,
    /// The findings with their fingerprints.
    pub(super) findings: Vec<Finding>,
    /// Part of it is no Dockerfile.
    pub(super) is_broken: bool,
}

/// A Dockerfile that was read, with the settings that `rslim lint FILE` would use.
pub(super) struct Prepared {
    command: LintCommand,
    configured: Arc<Configured>,
    loaded: Loaded,
}

/// Reads a file and its settings.
pub(super) fn prepare(
    path: &Path,
    config: Option<&Path>,
    jobs: usize,
) -> Result<Prepared, Failure> {
    let mut words: Vec<OsString> = vec!["--jobs".into(), jobs.to_string().into()];
    if let Some(config) = config {
        words.extend(["--config".into(), config.into()]);
    }
    words.extend(["--".into(), path.into()]);
    let command = arguments::lint_command(words)?;
    let configured = Configurations::new(&command)?.of(path)?;
    let loaded = Loaded {
        bytes: lint::read(&command, path),
        name: command.shown(path),
        path: path.to_owned(),
        configured: Arc::clone(&configured),
    };
    Ok(Prepared {
        command,
        configured,
        loaded,
    })
}

impl Prepared {
    /// The severity that would fail `rslim lint`.
    pub(super) fn threshold(&self) -> Option<Severity> {
        let settings = &self.configured.settings;
        (!settings.no_fail).then_some(settings.threshold)
    }

    /// The settings file of lint.
    pub(super) fn settings_file(&self) -> Option<&Path> {
        self.configured.file.as_deref()
    }

    /// The code of the rule that has this code, name or alias.
    pub(super) fn rule_code(&self, name: &str) -> Option<String> {
        self.configured
            .rules
            .find(name)
            .next()
            .map(|rule| rule.code.clone())
    }

    /// Lints the file, with the bytes of the image that it built.
    pub(super) fn lint(self, image: Option<&BuiltImage>) -> Result<LintedFile, Failure> {
        linted(&self, image)
    }
}

fn linted(prepared: &Prepared, image: Option<&BuiltImage>) -> Result<LintedFile, Failure> {
    let Prepared {
        command,
        configured,
        loaded,
    } = prepared;
    let path = &loaded.path;
    let loaded = std::slice::from_ref(loaded);
    let checker = lint::checker(command, loaded)?;
    let contexts = Contexts::new(command);
    // On a thread of the pool, which has the room.
    let checked: Result<Vec<Checked>, Failure> = loaded
        .par_iter()
        .map(|file| lint::check(file, &contexts, checker.as_ref(), image))
        .collect();
    if contexts.report_failures() {
        return Err(Failure::new(format!(
            "{}: its build context cannot be read",
            path.display()
        )));
    }
    let Some(checked) = checked?.pop() else {
        return Err(Failure::new(format!(
            "{} was not looked at",
            path.display()
        )));
    };
    if let Some(problem) = &checked.failure {
        return Err(Failure::new(format!("{}: {problem}", path.display())));
    }
    let is_broken = checked.broken && !checked.no_fail;
    let mut linted = LintedFile {
        findings: Vec::new(),
        checked,
        configured: Arc::clone(configured),
        is_broken,
    };
    let file = linted.file();
    let all = file.findings.iter().zip(fingerprints(&file));
    let findings = all.map(|(finding, fingerprint)| Finding {
        path: file.path.to_owned(),
        code: finding.code.clone(),
        aliases: finding.aliases.clone(),
        severity: finding.severity,
        fingerprint,
    });
    linted.findings = findings.collect();
    Ok(linted)
}

impl LintedFile {
    fn file(&self) -> FileReport<'_> {
        FileReport {
            path: &self.checked.path,
            text: &self.checked.text,
            findings: &self.checked.findings,
            failure: None,
        }
    }

    /// For reports.
    pub(super) fn part<'a>(&'a self, limit: Option<&'a LintLimit>) -> LintPart<'a> {
        LintPart {
            file: self.file(),
            findings: &self.findings,
            limit,
            rules: self
                .configured
                .rules
                .rules()
                .iter()
                .map(lint::rule_info)
                .collect(),
        }
    }
}

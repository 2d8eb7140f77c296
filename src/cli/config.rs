//! `rslim config`: which settings count for a Dockerfile, and where they come from.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use toml::{Table, Value};

use super::arguments;
use super::failure::Failure;
use super::lint::configuration::{Configurations, Configured};
use crate::lint::{Compat, LabelType, Settings, ShellLint};
use crate::ruleset::Severity;

/// Shows the settings that count for a Dockerfile
///
/// Prints them as a settings file, with the defaults of what nobody set, and
/// says which file they come from. The tables for `rslim slim` and `rslim ci`
/// are printed as they stand in that file.
#[derive(Debug, Args)]
pub(super) struct ConfigCommand {
    /// Dockerfile, or the folder that it would be in
    #[arg(default_value = "Dockerfile")]
    path: PathBuf,

    /// Settings to use instead of those found near the Dockerfile
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(command: &ConfigCommand) -> Result<(), Failure> {
    let path = match command.path.is_dir() {
        true => command.path.join("Dockerfile"),
        false => command.path.clone(),
    };
    let mut words: Vec<OsString> = Vec::new();
    if let Some(config) = &command.config {
        words.extend(["--config".into(), config.into()]);
    }
    words.extend(["--".into(), (&path).into()]);
    let lint = arguments::lint_command(words)?;
    let configured = Configurations::new(&lint)?.of(&path)?;
    let mut text = match &configured.file {
        Some(file) => format!("# settings of {}\n\n", file.display()),
        None => "# no settings file: the defaults\n\n".to_owned(),
    };
    let mut all = Table::new();
    all.insert("lint".to_owned(), Value::Table(table(&configured)));
    for (name, value) in others(configured.file.as_deref())? {
        all.insert(name, value);
    }
    let failed = |error: toml::ser::Error| Failure::of("settings", &error);
    text.push_str(&toml::to_string_pretty(&all).map_err(failed)?);
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing("standard output", &error))
}

/// The tables of other commands, where the file is one that has them.
fn others(file: Option<&Path>) -> Result<Vec<(String, Value)>, Failure> {
    let toml = file.filter(|file| {
        file.extension()
            .is_some_and(|extension| extension == "toml")
    });
    let Some(file) = toml else {
        return Ok(Vec::new());
    };
    let place = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| Failure::of(&place, &error))?;
    let table: Table = text.parse().map_err(|error| Failure::of(&place, &error))?;
    let other = |(name, _): &(String, Value)| name != "lint";
    Ok(table.into_iter().filter(other).collect())
}

fn table(configured: &Configured) -> Table {
    let Settings {
        compat,
        select,
        ignore,
        severities,
        threshold,
        no_fail,
        no_pragmas,
        trusted_registries,
        labels,
        strict_labels,
        shell,
        report_unused,
        build_args,
    } = &configured.settings;
    let mut table = Table::new();
    let mut set = |key: &str, value: Value| {
        table.insert(key.to_owned(), value);
    };
    set("compat", word(compat_name(*compat)));
    set("select", list(select));
    set("ignore", list(ignore));
    set("failure-threshold", word(threshold_name(*threshold)));
    set("no-fail", Value::Boolean(*no_fail));
    set("disable-ignore-comments", Value::Boolean(*no_pragmas));
    set("trusted-registries", list(trusted_registries));
    set("strict-labels", Value::Boolean(*strict_labels));
    set("shell-lint", word(shell_name(*shell)));
    set("report-unused-ignores", Value::Boolean(*report_unused));
    let pairs = severities.iter();
    let pairs = pairs.map(|(code, severity)| (code.clone(), word(severity.name())));
    set("severity", Value::Table(pairs.collect()));
    let pairs = labels.iter();
    let pairs = pairs.map(|(name, kind)| (name.clone(), word(label_name(*kind))));
    set("labels", Value::Table(pairs.collect()));
    let pairs = build_args.iter();
    let pairs = pairs.map(|(name, value)| (name.clone(), word(value)));
    set("build-args", Value::Table(pairs.collect()));
    table
}

fn word(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn list(words: &[String]) -> Value {
    Value::Array(words.iter().map(|text| word(text)).collect())
}

/// Off as a threshold means that anything fails.
fn threshold_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Off => "none",
        severity => severity.name(),
    }
}

fn compat_name(compat: Compat) -> &'static str {
    match compat {
        Compat::None => "none",
        Compat::Hadolint => "hadolint",
        Compat::Buildkit => "buildkit",
    }
}

fn shell_name(shell: ShellLint) -> &'static str {
    match shell {
        ShellLint::Inside => "inside",
        ShellLint::External => "shellcheck",
        ShellLint::Off => "off",
    }
}

fn label_name(kind: LabelType) -> &'static str {
    match kind {
        LabelType::Text => "text",
        LabelType::Url => "url",
        LabelType::Rfc3339 => "rfc3339",
        LabelType::Spdx => "spdx",
        LabelType::Hash => "hash",
        LabelType::Semver => "semver",
        LabelType::Email => "email",
    }
}

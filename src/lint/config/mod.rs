//! Where settings come from: `.rslim.toml`, `.hadolint.yaml`, HADOLINT_*
//! variables and the command line.
//!
//! What stands nearer to the user wins for single values: command line, then
//! file, then environment. Lists are added to each other.

mod environment;
mod hadolint_yaml;
mod rslim_toml;

pub use environment::hadolint_variables;
pub use hadolint_yaml::hadolint_yaml;
pub use rslim_toml::rslim_toml;

use std::path::PathBuf;

use super::settings::{Compat, LabelType, Settings, ShellLint};
use crate::ruleset::Severity;

/// Settings as one source gives them; what it does not say is `None` or empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Partial {
    /// Whose answers to give.
    pub compat: Option<Compat>,
    /// Only these codes, prefixes and families.
    pub select: Vec<String>,
    /// Not these.
    pub ignore: Vec<String>,
    /// Severities of codes, prefixes and families.
    pub severities: Vec<(String, Severity)>,
    /// Findings below this do not fail the run.
    pub threshold: Option<Severity>,
    /// Findings never fail the run.
    pub no_fail: Option<bool>,
    /// Comments cannot ignore anything.
    pub no_pragmas: Option<bool>,
    /// Registries that images may come from.
    pub trusted_registries: Vec<String>,
    /// Labels and their types.
    pub labels: Vec<(String, LabelType)>,
    /// No labels but those of the schema.
    pub strict_labels: Option<bool>,
    /// How shell text is looked at.
    pub shell: Option<ShellLint>,
    /// Report ignore comments that do nothing.
    pub report_unused: Option<bool>,
    /// Build arguments.
    pub build_args: Vec<(String, String)>,
    /// Folders with rules of the user's.
    pub rules: Vec<PathBuf>,
    /// Names of report formats, hadolint's words for them included.
    pub formats: Vec<String>,
    /// Whether to do without colours.
    pub no_color: Option<bool>,
}

/// Why settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file is not what it should be; the text has line and column.
    #[error("{place}: {message}")]
    File {
        /// The file or variable.
        place: String,
        /// What is wrong with it.
        message: String,
    },
    /// A value that is not among those known.
    #[error("{place}: {key}: {value:?} is not one of {expected}")]
    Value {
        /// The file or variable.
        place: String,
        /// The setting.
        key: String,
        /// What it was set to.
        value: String,
        /// What it can be set to.
        expected: &'static str,
    },
}

impl Partial {
    /// Combines this with what comes from further away.
    #[must_use]
    pub fn over(self, far: Partial) -> Partial {
        fn join<T>(far: Vec<T>, near: Vec<T>) -> Vec<T> {
            far.into_iter().chain(near).collect()
        }
        Partial {
            compat: self.compat.or(far.compat),
            select: if self.select.is_empty() {
                far.select
            } else {
                self.select
            },
            ignore: join(far.ignore, self.ignore),
            severities: join(far.severities, self.severities),
            threshold: self.threshold.or(far.threshold),
            no_fail: self.no_fail.or(far.no_fail),
            no_pragmas: self.no_pragmas.or(far.no_pragmas),
            trusted_registries: join(far.trusted_registries, self.trusted_registries),
            labels: join(far.labels, self.labels),
            strict_labels: self.strict_labels.or(far.strict_labels),
            shell: self.shell.or(far.shell),
            report_unused: self.report_unused.or(far.report_unused),
            build_args: join(far.build_args, self.build_args),
            rules: join(far.rules, self.rules),
            formats: if self.formats.is_empty() {
                far.formats
            } else {
                self.formats
            },
            no_color: self.no_color.or(far.no_color),
        }
    }

    /// Fills in what nobody said.
    pub fn settings(&self) -> Settings {
        let default = Settings::default();
        Settings {
            compat: self.compat.unwrap_or(default.compat),
            select: self.select.clone(),
            ignore: self.ignore.clone(),
            severities: self.severities.clone(),
            threshold: self.threshold.unwrap_or(default.threshold),
            no_fail: self.no_fail.unwrap_or(default.no_fail),
            no_pragmas: self.no_pragmas.unwrap_or(default.no_pragmas),
            trusted_registries: self.trusted_registries.clone(),
            labels: self.labels.clone(),
            strict_labels: self.strict_labels.unwrap_or(default.strict_labels),
            shell: self.shell.unwrap_or(default.shell),
            report_unused: self.report_unused.unwrap_or(default.report_unused),
            build_args: self.build_args.iter().cloned().collect(),
        }
    }
}

/// The words for severities as thresholds; hadolint's `none` and `ignore`
/// fail on anything.
fn threshold(place: &str, key: &str, value: &str) -> Result<Severity, ConfigError> {
    value.parse().map_err(|_| ConfigError::Value {
        place: place.to_owned(),
        key: key.to_owned(),
        value: value.to_owned(),
        expected: "error, warning, info, style, ignore, none",
    })
}

fn label(place: &str, name: &str, kind: &str) -> Result<(String, LabelType), ConfigError> {
    match LabelType::parse(kind) {
        Some(kind) => Ok((name.to_owned(), kind)),
        None => Err(ConfigError::Value {
            place: place.to_owned(),
            key: format!("label {name}"),
            value: kind.to_owned(),
            expected: "text, url, semver, hash, rfc3339, spdx, email",
        }),
    }
}

/// `name:type`, or a name alone for any text.
///
/// # Errors
/// [`ConfigError::Value`] for an unknown type.
pub fn required_label(place: &str, text: &str) -> Result<(String, LabelType), ConfigError> {
    match text.split_once(':') {
        Some((name, kind)) => label(place, name.trim(), kind.trim()),
        None => label(place, text.trim(), "text"),
    }
}

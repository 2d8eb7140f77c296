//! The `[lint]` table of `.rslim.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ConfigError, Partial, label, threshold};
use crate::lint::settings::{Compat, ShellLint};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawFile {
    lint: RawLint,
    /// For `rslim slim`.
    slim: serde::de::IgnoredAny,
    /// For `rslim ci`.
    ci: serde::de::IgnoredAny,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawLint {
    compat: Option<String>,
    select: Vec<String>,
    ignore: Vec<String>,
    severity: BTreeMap<String, String>,
    failure_threshold: Option<String>,
    no_fail: Option<bool>,
    disable_ignore_comments: Option<bool>,
    trusted_registries: Vec<String>,
    labels: BTreeMap<String, String>,
    strict_labels: Option<bool>,
    shell_lint: Option<String>,
    report_unused_ignores: Option<bool>,
    build_args: BTreeMap<String, String>,
    rules: Vec<PathBuf>,
    format: Option<String>,
}

/// The message quotes the line; not all of a line that nobody can read.
fn shortened(message: &str) -> String {
    const WIDTH: usize = 200;
    let cut = |line: &str| line.chars().take(WIDTH).collect::<String>();
    let lines: Vec<String> = message.lines().map(cut).collect();
    lines.join("\n")
}

/// Parses `.rslim.toml`; relative folders in it are relative to its own.
///
/// # Errors
/// [`ConfigError`], with line and column for mistakes of form and unknown keys.
pub fn rslim_toml(path: &Path, text: &str) -> Result<Partial, ConfigError> {
    let place = path.display().to_string();
    let raw: RawFile = toml::from_str(text).map_err(|wrong| ConfigError::File {
        place: place.clone(),
        message: shortened(wrong.to_string().trim_end()),
    })?;
    let lint = raw.lint;
    let choice = |key: &str, value: &str, expected| ConfigError::Value {
        place: place.clone(),
        key: key.to_owned(),
        value: value.to_owned(),
        expected,
    };
    let compat = match lint.compat.as_deref() {
        None => None,
        Some("none") => Some(Compat::None),
        Some("hadolint") => Some(Compat::Hadolint),
        Some("buildkit") => Some(Compat::Buildkit),
        Some(other) => return Err(choice("compat", other, "none, hadolint, buildkit")),
    };
    let shell = match lint.shell_lint.as_deref() {
        None => None,
        Some("inside") => Some(ShellLint::Inside),
        Some("shellcheck") => Some(ShellLint::External),
        Some("off") => Some(ShellLint::Off),
        Some(other) => return Err(choice("shell-lint", other, "inside, shellcheck, off")),
    };
    let severities = lint.severity.into_iter().map(|(code, word)| {
        let severity = threshold(&place, &format!("severity of {code}"), &word)?;
        Ok((code, severity))
    });
    let labels = lint
        .labels
        .iter()
        .map(|(name, kind)| label(&place, name, kind));
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok(Partial {
        compat,
        select: lint.select,
        ignore: lint.ignore,
        severities: severities.collect::<Result<_, ConfigError>>()?,
        threshold: lint
            .failure_threshold
            .map(|word| threshold(&place, "failure-threshold", &word))
            .transpose()?,
        no_fail: lint.no_fail,
        no_pragmas: lint.disable_ignore_comments,
        trusted_registries: lint.trusted_registries,
        labels: labels.collect::<Result<_, ConfigError>>()?,
        strict_labels: lint.strict_labels,
        shell,
        report_unused: lint.report_unused_ignores,
        build_args: lint.build_args.into_iter().collect(),
        rules: lint
            .rules
            .into_iter()
            .map(|rules| folder.join(rules))
            .collect(),
        formats: lint.format.into_iter().collect(),
        no_color: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ruleset::Severity;

    #[test]
    fn everything_is_read() {
        let text = r#"
            [lint]
            compat = "hadolint"
            ignore = ["DL3008"]
            failure-threshold = "error"
            rules = ["mine"]
            [lint.severity]
            DL3009 = "off"
            [lint.labels]
            maintainer = "email"
        "#;
        let got = rslim_toml(Path::new("/a/.rslim.toml"), text).unwrap();
        assert_eq!(got.compat, Some(Compat::Hadolint));
        assert_eq!(got.threshold, Some(Severity::Error));
        assert_eq!(got.severities, [("DL3009".to_owned(), Severity::Off)]);
        assert_eq!(got.rules, [PathBuf::from("/a/mine")]);
    }

    #[test]
    fn mistakes_have_a_place() {
        let error = rslim_toml(Path::new("x.toml"), "[lint]\nignored = []\n")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("line 2") && error.contains("ignored"),
            "{error}"
        );
        let error = rslim_toml(Path::new("x.toml"), "[lint]\nshell-lint = \"loud\"\n")
            .unwrap_err()
            .to_string();
        assert!(error.contains("shellcheck"), "{error}");
    }
}

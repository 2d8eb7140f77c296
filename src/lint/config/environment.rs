//! The HADOLINT_* variables.

use super::{ConfigError, Partial, required_label, threshold};
use crate::ruleset::Severity;

/// Reads hadolint's variables through `get`.
///
/// # Errors
/// [`ConfigError`] for values that mean nothing.
pub fn hadolint_variables(get: impl Fn(&str) -> Option<String>) -> Result<Partial, ConfigError> {
    let list = |name: &str| -> Vec<String> {
        let value = get(name).unwrap_or_default();
        value
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let switch = |name: &str| -> Result<Option<bool>, ConfigError> {
        let Some(value) = get(name) else {
            return Ok(None);
        };
        match value.to_ascii_lowercase().as_str() {
            "1" | "y" | "on" | "true" | "yes" => Ok(Some(true)),
            "" | "0" | "n" | "off" | "false" | "no" => Ok(Some(false)),
            _ => Err(ConfigError::Value {
                place: "environment".to_owned(),
                key: name.to_owned(),
                value,
                expected: "1, y, on, true, yes, 0, n, off, false, no",
            }),
        }
    };
    let mut severities = Vec::new();
    for (name, severity) in [
        ("HADOLINT_OVERRIDE_STYLE", Severity::Style),
        ("HADOLINT_OVERRIDE_INFO", Severity::Info),
        ("HADOLINT_OVERRIDE_WARNING", Severity::Warning),
        ("HADOLINT_OVERRIDE_ERROR", Severity::Error),
    ] {
        severities.extend(list(name).into_iter().map(|code| (code, severity)));
    }
    let labels = list("HADOLINT_REQUIRE_LABELS");
    let labels = labels
        .iter()
        .map(|text| required_label("HADOLINT_REQUIRE_LABELS", text));
    let word = get("HADOLINT_FAILURE_THRESHOLD").filter(|word| !word.is_empty());
    Ok(Partial {
        ignore: list("HADOLINT_IGNORE"),
        severities,
        threshold: word
            .map(|word| threshold("environment", "HADOLINT_FAILURE_THRESHOLD", &word))
            .transpose()?,
        no_fail: switch("HADOLINT_NOFAIL")?,
        no_pragmas: switch("HADOLINT_DISABLE_IGNORE_PRAGMA")?,
        trusted_registries: list("HADOLINT_TRUSTED_REGISTRIES"),
        labels: labels.collect::<Result<_, ConfigError>>()?,
        strict_labels: switch("HADOLINT_STRICT_LABELS")?,
        formats: list("HADOLINT_FORMAT"),
        ..Partial::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read() {
        let get = |name: &str| match name {
            "HADOLINT_IGNORE" => Some("DL3000, SC2086".to_owned()),
            "HADOLINT_NOFAIL" => Some("yes".to_owned()),
            "HADOLINT_REQUIRE_LABELS" => Some("a:url,b".to_owned()),
            _ => None,
        };
        let got = hadolint_variables(get).unwrap();
        assert_eq!(got.ignore, ["DL3000", "SC2086"]);
        assert_eq!(got.no_fail, Some(true));
        assert_eq!(got.labels.len(), 2);
        let wrong = |name: &str| (name == "HADOLINT_NOFAIL").then(|| "maybe".to_owned());
        assert!(hadolint_variables(wrong).is_err());
    }
}

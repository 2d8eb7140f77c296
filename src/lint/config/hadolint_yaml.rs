//! `.hadolint.yaml`, read as hadolint reads it, but for its silence about
//! mistakes.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ConfigError, Partial, label, threshold};
use crate::ruleset::Severity;

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<String>),
    One(String),
}

impl OneOrMany {
    fn list(this: Option<Self>) -> Vec<String> {
        match this {
            None => Vec::new(),
            Some(OneOrMany::One(one)) => vec![one],
            Some(OneOrMany::Many(many)) => many,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawOverride {
    error: Option<Vec<String>>,
    warning: Option<Vec<String>>,
    info: Option<Vec<String>>,
    style: Option<Vec<String>>,
    ignore: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawFile {
    ignored: Option<Vec<String>>,
    #[serde(rename = "trustedRegistries")]
    trusted_registries: Option<OneOrMany>,
    r#override: Option<RawOverride>,
    label_schema: Option<BTreeMap<String, String>>,
    strict_labels: Option<bool>,
    failure_threshold: Option<String>,
    format: Option<String>,
    formats: Option<Vec<String>>,
    no_fail: Option<bool>,
    no_color: Option<bool>,
    verbose: Option<bool>,
    disable_ignore_pragma: Option<bool>,
}

/// Parses `.hadolint.yaml`.
///
/// # Errors
/// [`ConfigError`]: text that is not YAML, unknown keys, unknown values.
pub fn hadolint_yaml(place: &str, text: &str) -> Result<Partial, ConfigError> {
    let is_empty = text.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line == "---"
    });
    if is_empty {
        return Ok(Partial::default());
    }
    let raw: RawFile = serde_saphyr::from_str(text).map_err(|wrong| ConfigError::File {
        place: place.to_owned(),
        message: wrong
            .to_string()
            .lines()
            .next()
            .map_or("not valid YAML", |line| line.trim_start_matches("error: "))
            .to_owned(),
    })?;
    // Of several lists that name a rule, the worst one counts: it comes last.
    let mut severities = Vec::new();
    let over = raw.r#override.unwrap_or_default();
    for (codes, severity) in [
        (over.ignore, Severity::Off),
        (over.style, Severity::Style),
        (over.info, Severity::Info),
        (over.warning, Severity::Warning),
        (over.error, Severity::Error),
    ] {
        severities.extend(
            codes
                .unwrap_or_default()
                .into_iter()
                .map(|code| (code, severity)),
        );
    }
    let labels = raw.label_schema.unwrap_or_default();
    let labels = labels.iter().map(|(name, kind)| label(place, name, kind));
    Ok(Partial {
        ignore: raw.ignored.unwrap_or_default(),
        severities,
        threshold: raw
            .failure_threshold
            .map(|word| threshold(place, "failure-threshold", &word))
            .transpose()?,
        no_fail: raw.no_fail,
        no_pragmas: raw.disable_ignore_pragma,
        trusted_registries: OneOrMany::list(raw.trusted_registries),
        labels: labels.collect::<Result<_, ConfigError>>()?,
        strict_labels: raw.strict_labels,
        formats: raw
            .formats
            .unwrap_or_default()
            .into_iter()
            .chain(raw.format)
            .collect(),
        no_color: raw.no_color,
        ..Partial::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_as_hadolint_documents_it() {
        let text = "ignored:\n  - DL3000\noverride:\n  error: [DL3015]\n  info: [DL3015]\n\
                    trustedRegistries: docker.io\nlabel-schema:\n  author: text\n  url: url\n\
                    failure-threshold: warning\nno-fail: true\nstrict-labels: false\n";
        let got = hadolint_yaml("x", text).unwrap();
        assert_eq!(got.ignore, ["DL3000"]);
        assert_eq!(
            got.severities.last(),
            Some(&("DL3015".to_owned(), Severity::Error))
        );
        assert_eq!(got.trusted_registries, ["docker.io"]);
        assert_eq!(got.labels.len(), 2);
        assert_eq!(got.threshold, Some(Severity::Warning));
        assert_eq!(
            hadolint_yaml("x", "# nothing\n").unwrap(),
            Partial::default()
        );
    }

    #[test]
    fn mistakes_have_a_place() {
        let error = hadolint_yaml("x.yaml", "ignored:\n  - A\nignore: []\n")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("x.yaml") && error.contains("ignore"),
            "{error}"
        );
        assert!(hadolint_yaml("x.yaml", "ignored: [").is_err());
        assert!(hadolint_yaml("x.yaml", "failure-threshold: loud\n").is_err());
    }

    #[test]
    fn alias_bombs_are_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for i in 1..12 {
            let last = i - 1;
            let many = vec![format!("*a{last}"); 9].join(", ");
            text += &format!("a{i}: &a{i} [{many}]\n");
        }
        assert!(hadolint_yaml("x.yaml", &text).is_err());
    }
}

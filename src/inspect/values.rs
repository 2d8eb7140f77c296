//! Credentials in an image's configuration: variables, labels, and the
//! commands and build arguments that history keeps.

use crate::oci::ImageConfig;
use crate::ruleset::SecretRules;

/// Bytes of a text that are looked at.
const TEXT_LIMIT: usize = 1 << 18;

/// Where a credential stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValuePlace {
    /// The variable of this name.
    Variable(String),
    /// The label of this key.
    Label(String),
    /// The history entry with this index.
    History(usize),
}

/// A credential that whoever has the image can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretInValue {
    /// What it is: a kind of value, or the name of a variable.
    pub what: String,
    /// Where it stands.
    pub place: ValuePlace,
    /// How long it is, in characters. The value itself is kept nowhere.
    pub length: usize,
}

pub(super) fn find(config: &ImageConfig, rules: &SecretRules) -> Vec<SecretInValue> {
    let mut found = Vec::new();
    for variable in &config.config.env {
        let Some((name, value)) = variable.split_once('=') else {
            continue;
        };
        let place = || ValuePlace::Variable(name.to_owned());
        if !named(rules, name, value, &place, &mut found) {
            known(rules, value, &place, &mut found);
        }
    }
    for (key, value) in &config.config.labels {
        known(rules, value, &|| ValuePlace::Label(key.clone()), &mut found);
    }
    for (index, entry) in config.history.iter().enumerate() {
        let text = limited(&entry.created_by);
        let place = || ValuePlace::History(index);
        // What ENV sets is among the variables.
        let is_env = text.split("#(nop)").last().is_some_and(|rest| {
            let rest = rest.trim_start();
            rest.starts_with("ENV ") || rest.starts_with("LABEL ")
        });
        if is_env {
            continue;
        }
        let mut of_entry = Vec::new();
        for (name, value) in assignments(text) {
            named(rules, name, value, &place, &mut of_entry);
        }
        known(rules, text, &place, &mut of_entry);
        of_entry.dedup_by(|a, b| a.what == b.what);
        found.append(&mut of_entry);
    }
    found
}

fn limited(text: &str) -> &str {
    let mut end = text.len().min(TEXT_LIMIT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

/// A value that is a secret by the name of its variable.
fn named(
    rules: &SecretRules,
    name: &str,
    value: &str,
    place: &dyn Fn() -> ValuePlace,
    found: &mut Vec<SecretInValue>,
) -> bool {
    let is_secret = rules.is_secret_name(name) && rules.is_secret_value(name, value);
    if is_secret {
        found.push(SecretInValue {
            what: name.to_owned(),
            place: place(),
            length: value.trim_matches(['"', '\'']).chars().count(),
        });
    }
    is_secret
}

/// Values that are secrets whatever they are called.
fn known(
    rules: &SecretRules,
    text: &str,
    place: &dyn Fn() -> ValuePlace,
    found: &mut Vec<SecretInValue>,
) {
    for (kind, value) in rules.values(text) {
        found.push(SecretInValue {
            what: kind.name.clone(),
            place: place(),
            length: value.chars().count(),
        });
    }
}

/// Words `NAME=VALUE` of a command; build arguments stand before it in the same
/// form.
fn assignments(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split([' ', '\t', '\n', ';']).filter_map(|word| {
        let (name, value) = word.split_once('=')?;
        let name = name.trim_start_matches(['"', '\'', '(']);
        let plain = !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        plain.then_some((name, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::HistoryEntry;

    fn config(env: &[&str], history: &[&str]) -> ImageConfig {
        let mut config = ImageConfig::default();
        config.config.env = env.iter().map(|text| (*text).to_owned()).collect();
        let entry = |text: &&str| HistoryEntry {
            created_by: (*text).to_owned(),
            ..HistoryEntry::default()
        };
        config.history = history.iter().map(entry).collect();
        config
    }

    #[test]
    fn secrets_of_variables_and_history() {
        let rules = SecretRules::builtin().unwrap();
        let config = config(
            &[
                "PATH=/bin",
                "DB_PASSWORD=hunter2",
                "GPG_KEY=ABCDEF",
                "URL=https://me:hunter2@host/",
            ],
            &[
                "/bin/sh -c #(nop)  ENV DB_PASSWORD=hunter2",
                "|1 NPM_TOKEN=abcdef /bin/sh -c npm ci",
                "RUN /bin/sh -c git clone https://me:hunter2@host/x # buildkit",
                "RUN /bin/sh -c TOKEN=$(cat /run/secrets/token) npm ci # buildkit",
            ],
        );
        let found = find(&config, &rules);
        let seen: Vec<_> = found
            .iter()
            .map(|f| (f.what.as_str(), &f.place, f.length))
            .collect();
        let variable = |name: &str| ValuePlace::Variable(name.to_owned());
        assert_eq!(
            seen,
            [
                ("DB_PASSWORD", &variable("DB_PASSWORD"), 7),
                ("password in a URL", &variable("URL"), 19),
                ("NPM_TOKEN", &ValuePlace::History(1), 6),
                ("password in a URL", &ValuePlace::History(2), 19),
            ]
        );
    }
}

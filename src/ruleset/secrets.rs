//! `rules/secrets.toml`: what gives credentials away.

use regex::Regex;
use serde::Deserialize;

use super::caches::RuleFileError;
use super::path_pattern::PathMatcher;

/// A kind of file that holds credentials.
#[derive(Debug, Clone)]
pub struct SecretFile {
    /// Short name, used in reports.
    pub id: String,
    /// What it is, for people.
    pub name: String,
    /// What its text must hold; without it the path alone tells.
    pub content: Option<regex::bytes::Regex>,
    /// What the rule must find: its own test.
    pub matches: Vec<String>,
    /// What the rule must not find: its own test.
    pub spares: Vec<String>,
}

/// A kind of value that is a credential whatever it is called.
#[derive(Debug, Clone)]
pub struct SecretValue {
    /// Short name, used in reports.
    pub id: String,
    /// What it is, for people.
    pub name: String,
    pattern: Regex,
    /// What the rule must find: its own test.
    pub matches: Vec<String>,
    /// What the rule must not find: its own test.
    pub spares: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    id: String,
    name: String,
    paths: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
    content: Option<String>,
    matches: Vec<String>,
    spares: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawValue {
    id: String,
    name: String,
    pattern: String,
    matches: Vec<String>,
    spares: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    words: Vec<String>,
    harmless: Vec<String>,
    public: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRules {
    names: Names,
    value: Vec<RawValue>,
    file: Vec<RawFile>,
}

/// All rules about credentials, compiled.
#[derive(Debug, Clone)]
pub struct SecretRules {
    files: Vec<SecretFile>,
    matcher: PathMatcher,
    /// For each kind of file, what it spares.
    except: Vec<PathMatcher>,
    values: Vec<SecretValue>,
    names: Names,
}

impl SecretRules {
    /// The rules that rslim ships.
    ///
    /// # Errors
    /// [`RuleFileError`] if the shipped file is broken, which a test rules out.
    pub fn builtin() -> Result<Self, RuleFileError> {
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/secrets.toml"));
        Self::parse("rules/secrets.toml", text)
    }

    /// Parses a rule file.
    ///
    /// # Errors
    /// [`RuleFileError`].
    pub fn parse(file: &str, text: &str) -> Result<Self, RuleFileError> {
        let raw: RawRules = toml::from_str(text).map_err(|source| RuleFileError::Toml {
            file: file.to_owned(),
            source: Box::new(source),
        })?;
        let wrong = |id: &str, source: &regex::Error| RuleFileError::Rule {
            file: file.to_owned(),
            what: format!("rule {id}: {source}"),
        };
        let mut rules = SecretRules {
            files: Vec::new(),
            matcher: PathMatcher::default(),
            except: Vec::new(),
            values: Vec::new(),
            names: raw.names,
        };
        for value in raw.value {
            let pattern = Regex::new(&value.pattern);
            rules.values.push(SecretValue {
                pattern: pattern.map_err(|error| wrong(&value.id, &error))?,
                id: value.id,
                name: value.name,
                matches: value.matches,
                spares: value.spares,
            });
        }
        for (number, raw) in raw.file.into_iter().enumerate() {
            let bad = |source| RuleFileError::Pattern {
                file: file.to_owned(),
                rule: raw.id.clone(),
                source,
            };
            for pattern in &raw.paths {
                rules.matcher.add(pattern, number).map_err(bad)?;
            }
            let mut spared = PathMatcher::default();
            for pattern in &raw.except {
                spared.add(pattern, number).map_err(bad)?;
            }
            rules.except.push(spared);
            let content = raw.content.as_deref().map(regex::bytes::Regex::new);
            let content = content
                .transpose()
                .map_err(|error| wrong(&raw.id, &error))?;
            rules.files.push(SecretFile {
                content,
                id: raw.id,
                name: raw.name,
                matches: raw.matches,
                spares: raw.spares,
            });
        }
        Ok(rules)
    }

    /// The kind of file that a path may be.
    pub fn file(&self, path: &[u8]) -> Option<&SecretFile> {
        self.file_number(self.matcher.rule_of(path)?, path)
    }

    /// The compiled patterns of paths; their rules are for [`SecretRules::file_number`].
    pub fn matcher(&self) -> &PathMatcher {
        &self.matcher
    }

    /// The kind of this number, unless it spares the path.
    pub fn file_number(&self, number: usize, path: &[u8]) -> Option<&SecretFile> {
        let spared = self.except.get(number)?.rule_of(path).is_some();
        self.files.get(number).filter(|_| !spared)
    }

    /// The kinds of values that a text holds, each once.
    pub fn values<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (&'a SecretValue, &'a str)> {
        self.values.iter().filter_map(move |value| {
            let found = value.pattern.find(text)?;
            Some((value, found.as_str()))
        })
    }

    /// Whether a variable of this name holds a secret by its name.
    pub fn is_secret_name(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let has = |words: &[String]| name.split('_').any(|part| words.iter().any(|w| w == part));
        has(&self.names.words) && !has(&self.names.harmless)
    }

    /// Whether a value of such a variable is a secret: not a reference to
    /// another, a path, a switch, or a public key.
    pub fn is_secret_value(&self, name: &str, value: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let public = name
            .split('_')
            .any(|part| self.names.public.iter().any(|word| word == part));
        let value = value.trim_matches(['"', '\'']);
        let masked = value.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '.'));
        let switch = matches!(
            value.to_ascii_lowercase().as_str(),
            "true" | "false" | "yes" | "no" | "none" | "null" | "0" | "1"
        );
        !public && !masked && !switch && !value.starts_with(['$', '/', '<', '%'])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_rules_match_their_examples() {
        let rules = SecretRules::builtin().unwrap();
        for file in &rules.files {
            for path in &file.matches {
                let found = rules.file(path.as_bytes()).map(|file| file.id.as_str());
                assert_eq!(found, Some(file.id.as_str()), "{path}");
            }
            for path in &file.spares {
                let found = rules.file(path.as_bytes()).map(|file| file.id.as_str());
                assert_ne!(found, Some(file.id.as_str()), "{path}");
            }
        }
        for value in &rules.values {
            let found = |text: &str| rules.values(text).any(|(found, _)| found.id == value.id);
            for text in &value.matches {
                assert!(found(text), "{}: {text}", value.id);
            }
            for text in &value.spares {
                assert!(!found(text), "{}: {text}", value.id);
            }
        }
    }

    #[test]
    fn names_and_values_of_variables() {
        let rules = SecretRules::builtin().unwrap();
        for name in ["NPM_TOKEN", "db_password", "AUTH", "API_KEY"] {
            assert!(rules.is_secret_name(name), "{name}");
        }
        for name in ["PUBLIC_KEY", "TOKENIZER", "KEYBOARD", "SECRET_FILE", "PATH"] {
            assert!(!rules.is_secret_name(name), "{name}");
        }
        assert!(rules.is_secret_value("NPM_TOKEN", "abc123"));
        for value in [
            "",
            "$TOKEN",
            "/run/secrets/token",
            "****",
            "false",
            "<token>",
        ] {
            assert!(!rules.is_secret_value("NPM_TOKEN", value), "{value}");
        }
        assert!(!rules.is_secret_value("GPG_KEY", "E3FF2839C048B25C084DEBE9B26995E310250568"));
    }

    #[test]
    fn mistakes_are_named() {
        let text = "[names]\nwords=[]\nharmless=[]\npublic=[]\n[[value]]\nid='a'\nname='a'\npattern='('\nmatches=[]\nspares=[]\n";
        let text = format!("file=[]\n{text}");
        let error = SecretRules::parse("x.toml", &text).unwrap_err();
        assert!(error.to_string().contains("rule a"), "{error}");
    }
}

//! `rules/caches.toml`: paths that hold leftovers of tools.

use serde::Deserialize;

use super::path_pattern::PathMatcher;

/// How surely the bytes are not needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheClass {
    /// A tool's cache, log or scratch file: made again when needed.
    Cache,
    /// Documentation, translations, headers: not needed to run, but somebody
    /// may have wanted them.
    Weak,
}

/// One kind of leftover.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheRule {
    /// Short name, used in reports.
    pub id: String,
    /// The tool that leaves the files.
    pub tool: String,
    /// What the files are, for people.
    pub name: String,
    /// How surely they are not needed.
    pub class: CacheClass,
    /// Patterns of the files, relative to the root.
    pub paths: Vec<String>,
    /// Patterns of files that are spared.
    #[serde(default)]
    pub except: Vec<String>,
    /// Whether an image certainly runs as well without the files. Not so for
    /// what programs may be run from, such as downloaded packages.
    #[serde(default = "yes")]
    pub inert: bool,
    /// What to do, in a sentence or two.
    pub advice: String,
    /// Where a cache mount would keep the files out of the image.
    #[serde(default)]
    pub mount: Option<String>,
    /// Commands that fill it: a program, and words among its arguments.
    #[serde(default)]
    pub filled_by: Vec<String>,
    /// Commands that empty it.
    #[serde(default)]
    pub emptied_by: Vec<String>,
    /// Flags with which nothing is left.
    #[serde(default)]
    pub avoided_by: Vec<String>,
    /// Paths that the rule must match: its own test.
    #[serde(default)]
    pub matches: Vec<String>,
    /// Paths that the rule must not match: its own test.
    #[serde(default)]
    pub spares: Vec<String>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CacheFile {
    cache: Vec<CacheRule>,
}

/// Why a rule file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleFileError {
    /// Not TOML, or TOML of another shape.
    #[error("{file}: {source}")]
    Toml {
        /// The file.
        file: String,
        /// What is wrong, with its line.
        source: Box<toml::de::Error>,
    },
    /// A pattern is no glob.
    #[error("{file}: rule {rule}: {source}")]
    Pattern {
        /// The file.
        file: String,
        /// The rule's id.
        rule: String,
        /// What is wrong.
        source: globset::Error,
    },
    /// A lint rule that says too little or too much.
    #[error("{file}: {what}")]
    Rule {
        /// The file.
        file: String,
        /// What is wrong.
        what: String,
    },
    /// Two rules of one name.
    #[error("{file}: rule {rule} is given twice")]
    Twice {
        /// The file.
        file: String,
        /// The rule's id.
        rule: String,
    },
}

/// All cache rules, compiled.
#[derive(Debug, Clone)]
pub struct CacheRules {
    rules: Vec<CacheRule>,
    matcher: PathMatcher,
    /// For each rule, what it spares.
    except: Vec<PathMatcher>,
}

impl CacheRules {
    /// The rules that rslim ships.
    ///
    /// # Errors
    /// [`RuleFileError`] if the shipped file is broken, which a test rules out.
    pub fn builtin() -> Result<Self, RuleFileError> {
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/caches.toml"));
        Self::parse("rules/caches.toml", text)
    }

    /// Parses a rule file.
    ///
    /// # Errors
    /// [`RuleFileError`].
    pub fn parse(file: &str, text: &str) -> Result<Self, RuleFileError> {
        let parsed: CacheFile = toml::from_str(text).map_err(|source| RuleFileError::Toml {
            file: file.to_owned(),
            source: Box::new(source),
        })?;
        let rules = parsed.cache;
        let mut matcher = PathMatcher::default();
        let mut except = Vec::new();
        for (i, rule) in rules.iter().enumerate() {
            if rules[..i].iter().any(|earlier| earlier.id == rule.id) {
                return Err(RuleFileError::Twice {
                    file: file.to_owned(),
                    rule: rule.id.clone(),
                });
            }
            let bad = |source| RuleFileError::Pattern {
                file: file.to_owned(),
                rule: rule.id.clone(),
                source,
            };
            for pattern in &rule.paths {
                matcher.add(pattern, i).map_err(bad)?;
            }
            let mut spared = PathMatcher::default();
            for pattern in &rule.except {
                spared.add(pattern, i).map_err(bad)?;
            }
            except.push(spared);
        }
        Ok(CacheRules {
            rules,
            matcher,
            except,
        })
    }

    /// The rule with this number.
    pub fn rule(&self, number: usize) -> &CacheRule {
        &self.rules[number]
    }

    /// All rules, in the order of the file, which is their order of precedence.
    pub fn rules(&self) -> &[CacheRule] {
        &self.rules
    }

    /// The compiled patterns.
    pub fn matcher(&self) -> &PathMatcher {
        &self.matcher
    }

    /// Whether a rule has exceptions at all.
    pub fn has_exceptions(&self, number: usize) -> bool {
        !self.rules[number].except.is_empty()
    }

    /// Whether `path` is an exception of the rule.
    pub fn spares(&self, number: usize, path: &[u8]) -> bool {
        self.has_exceptions(number) && self.except[number].rule_of(path).is_some()
    }

    /// The rule for the file at `path`.
    pub fn rule_of(&self, path: &[u8]) -> Option<&CacheRule> {
        let number = self.matcher.rule_of(path)?;
        (!self.spares(number, path)).then(|| &self.rules[number])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_rules_match_their_examples() {
        let rules = CacheRules::builtin().unwrap();
        for rule in rules.rules() {
            assert!(!rule.matches.is_empty(), "rule {} has no example", rule.id);
            for path in &rule.matches {
                let found = rules.rule_of(path.as_bytes()).map(|r| r.id.as_str());
                assert_eq!(found, Some(rule.id.as_str()), "{path}");
            }
            for path in &rule.spares {
                let found = rules.rule_of(path.as_bytes()).map(|r| r.id.as_str());
                assert_ne!(found, Some(rule.id.as_str()), "{path}");
            }
        }
    }

    #[test]
    fn mistakes_are_named() {
        let error = CacheRules::parse("x.toml", "[[cache]]\nid = 1\n").unwrap_err();
        assert!(error.to_string().starts_with("x.toml: "), "{error}");
    }
}

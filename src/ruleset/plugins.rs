//! `rules/plugins.toml`: what programs and libraries load at run time from
//! places that only their documentation names.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::Deserialize;

use super::caches::RuleFileError;
use super::path_pattern::PathMatcher;

/// One program or library and what it loads.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginRule {
    /// Short name, used in reports.
    pub id: String,
    /// Why the files are needed, in a sentence for people.
    pub why: String,
    /// Patterns of the program or library.
    pub when: Vec<String>,
    /// Patterns of what it loads; directories count with all that is in them.
    #[serde(default)]
    pub keeps: Vec<String>,
    /// Patterns of what `keeps` does not mean; a directory counts as in `keeps`.
    #[serde(default)]
    pub except: Vec<String>,
    /// The reader of a settings file that says more.
    #[serde(default)]
    pub reads: Option<String>,
    /// Settings files for that reader.
    #[serde(default)]
    pub settings: Vec<String>,
    /// Paths that the rule must match: its own test.
    #[serde(default)]
    pub matches: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PluginFile {
    plugin: Vec<PluginRule>,
}

/// All plugin rules, compiled.
#[derive(Debug, Clone)]
pub struct PluginRules {
    rules: Vec<PluginRule>,
    /// The last components of all patterns of programs and libraries, and the
    /// rule of each: nearly every path is none of these.
    names: GlobSet,
    named: Vec<usize>,
    matchers: Vec<PathMatcher>,
    excepts: Vec<Option<PathMatcher>>,
}

impl PluginRules {
    /// The rules that rslim ships.
    ///
    /// # Errors
    /// [`RuleFileError`] if the shipped file is broken, which a test rules out.
    pub fn builtin() -> Result<Self, RuleFileError> {
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/plugins.toml"));
        Self::parse("rules/plugins.toml", text)
    }

    /// Parses a rule file.
    ///
    /// # Errors
    /// [`RuleFileError`].
    pub fn parse(file: &str, text: &str) -> Result<Self, RuleFileError> {
        let parsed: PluginFile = toml::from_str(text).map_err(|source| RuleFileError::Toml {
            file: file.to_owned(),
            source: Box::new(source),
        })?;
        let rules = parsed.plugin;
        let mut names = GlobSetBuilder::new();
        let mut named = Vec::new();
        let mut matchers = Vec::new();
        let mut excepts = Vec::new();
        for (number, rule) in rules.iter().enumerate() {
            let mut earlier = rules.iter().take(number);
            if earlier.any(|earlier| earlier.id == rule.id) {
                return Err(RuleFileError::Twice {
                    file: file.to_owned(),
                    rule: rule.id.clone(),
                });
            }
            let broken = |source| RuleFileError::Pattern {
                file: file.to_owned(),
                rule: rule.id.clone(),
                source,
            };
            // One for each, since a path may have several rules.
            let mut matcher = PathMatcher::default();
            for pattern in &rule.when {
                matcher.add(pattern, number).map_err(broken)?;
                let name = pattern.rsplit('/').next().unwrap_or_default();
                names.add(Glob::new(name).map_err(broken)?);
                named.push(number);
            }
            matchers.push(matcher);
            let mut except = PathMatcher::default();
            for pattern in &rule.except {
                except.add(pattern, number).map_err(broken)?;
                let below = format!("{pattern}/**");
                except.add(&below, number).map_err(broken)?;
            }
            excepts.push(Some(except).filter(|_| !rule.except.is_empty()));
        }
        let names = names.build().map_err(|source| RuleFileError::Pattern {
            file: file.to_owned(),
            rule: "plugin".to_owned(),
            source,
        })?;
        Ok(PluginRules {
            rules,
            names,
            named,
            matchers,
            excepts,
        })
    }

    /// All rules, in the order of the file.
    pub fn rules(&self) -> &[PluginRule] {
        &self.rules
    }

    /// The numbers of the rules for a path without a slash in front.
    pub fn matching(&self, path: &[u8]) -> impl Iterator<Item = usize> {
        let name = path.rsplit(|&b| b == b'/').next().unwrap_or_default();
        let found = self.names.matches(OsStr::from_bytes(name));
        let mut rules: Vec<usize> = found
            .into_iter()
            .filter_map(|at| self.named.get(at).copied())
            .collect();
        rules.sort_unstable();
        rules.dedup();
        rules.into_iter().filter(move |&number| {
            let matcher = self.matchers.get(number);
            matcher.is_some_and(|matcher| matcher.rule_of(path).is_some())
        })
    }

    /// What a rule's `except` says; `None` if it has none.
    pub fn except(&self, number: usize) -> Option<&PathMatcher> {
        self.excepts.get(number)?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_rules_match_their_examples() {
        let rules = PluginRules::builtin().unwrap();
        for (number, rule) in rules.rules().iter().enumerate() {
            assert!(!rule.matches.is_empty(), "rule {} has no example", rule.id);
            for path in &rule.matches {
                let found = rules.matching(path.as_bytes()).any(|found| found == number);
                assert!(found, "{path}");
            }
            assert!(!rule.why.is_empty(), "{}", rule.id);
            assert!(
                !rule.keeps.is_empty() || rule.reads.is_some(),
                "rule {} keeps nothing",
                rule.id
            );
        }
    }
}

//! All lint rules: those that rslim ships and those that a user adds.

use hashbrown::HashMap;
use rust_embed::RustEmbed;

use super::caches::RuleFileError;
use super::lint_rule::LintRule;

#[derive(RustEmbed)]
#[folder = "rules/lint"]
struct Shipped;

/// Lint rules in the order of their codes.
#[derive(Debug, Clone, Default)]
pub struct LintRules {
    rules: Vec<LintRule>,
    /// Codes, names and aliases in lower case.
    numbers: HashMap<String, Vec<usize>>,
}

impl LintRules {
    /// The rules that rslim ships.
    ///
    /// # Errors
    /// [`RuleFileError`] if a shipped file is broken, which a test rules out.
    pub fn builtin() -> Result<Self, RuleFileError> {
        let mut rules = Vec::new();
        for name in Shipped::iter() {
            let Some(file) = Shipped::get(&name) else {
                continue;
            };
            let text = String::from_utf8_lossy(&file.data);
            let rule = LintRule::parse(&name, &text)?;
            let expected = format!("{}/{}-{}.toml", rule.family, rule.code, rule.name);
            if name != expected {
                let what = format!("by its fields the file would be {expected}");
                return Err(RuleFileError::Rule {
                    file: name.into_owned(),
                    what,
                });
            }
            rules.push((name.into_owned(), rule));
        }
        LintRules::default().with(rules)
    }

    /// Adds rules, each with the name of its file.
    ///
    /// # Errors
    /// [`RuleFileError::Twice`] when a code is taken.
    pub fn with(mut self, added: Vec<(String, LintRule)>) -> Result<Self, RuleFileError> {
        for (file, rule) in added {
            if self
                .rules
                .iter()
                .any(|known| known.code.eq_ignore_ascii_case(&rule.code))
            {
                return Err(RuleFileError::Twice {
                    file,
                    rule: rule.code,
                });
            }
            self.rules.push(rule);
        }
        self.rules.sort_by(|a, b| a.code.cmp(&b.code));
        self.numbers.clear();
        for (number, rule) in self.rules.iter().enumerate() {
            let names = [&rule.code, &rule.name].into_iter().chain(&rule.aliases);
            for name in names {
                self.numbers
                    .entry(name.to_ascii_lowercase())
                    .or_default()
                    .push(number);
            }
        }
        Ok(self)
    }

    /// All rules.
    pub fn rules(&self) -> &[LintRule] {
        &self.rules
    }

    /// The rules of a code, name or alias, in any case; several rules can
    /// share an alias.
    pub fn find(&self, name: &str) -> impl Iterator<Item = &LintRule> {
        let numbers = self.numbers.get(&name.to_ascii_lowercase());
        numbers
            .into_iter()
            .flatten()
            .filter_map(|&number| self.rules.get(number))
    }

    /// The rule with this very code.
    pub fn get(&self, code: &str) -> Option<&LintRule> {
        self.find(code)
            .find(|rule| rule.code.eq_ignore_ascii_case(code))
    }
}

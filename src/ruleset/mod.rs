//! Rules as data: the TOML files of the `rules/` folder, parsed.

mod bases;
mod caches;
mod example;
mod lint_rule;
mod lint_rules;
mod path_pattern;
mod plugins;
mod secrets;
mod severity;

pub use bases::BaseTwins;
pub use caches::{CacheClass, CacheRule, CacheRules, RuleFileError};
pub use example::{Example, ExampleImage};
pub use lint_rule::{CommandMatcher, FixKind, InstructionMatcher, LintRule, Matcher, Measure};
pub use lint_rules::LintRules;
pub use path_pattern::{PathMatcher, States};
pub use plugins::{PluginRule, PluginRules};
pub use secrets::{SecretFile, SecretRules, SecretValue};
pub use severity::{Severity, UnknownSeverity};

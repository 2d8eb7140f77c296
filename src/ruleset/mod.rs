//! Rules as data: the TOML files of the `rules/` folder, parsed.

mod bases;
mod caches;
mod lint_rule;
mod lint_rules;
mod path_pattern;
mod plugins;
mod severity;

pub use bases::BaseTwins;
pub use caches::{CacheClass, CacheRule, CacheRules, RuleFileError};
pub use lint_rule::{CommandMatcher, Example, FixKind, InstructionMatcher, LintRule, Matcher};
pub use lint_rules::LintRules;
pub use path_pattern::{PathMatcher, States};
pub use plugins::{PluginRule, PluginRules};
pub use severity::{Severity, UnknownSeverity};

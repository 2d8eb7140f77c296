//! Rules as data: the TOML files of the `rules/` folder, parsed.

mod caches;
mod path_pattern;

pub use caches::{CacheClass, CacheRule, CacheRules, RuleFileError};
pub use path_pattern::{PathMatcher, States};

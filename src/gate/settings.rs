//! What is allowed, as settings say it.

use std::collections::BTreeMap;
use std::fmt;

use globset::GlobMatcher;

use super::check::{Check, Quantity};
use super::date::Date;
use crate::ruleset::Severity;

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, or the option of the command line.
    pub file: String,
    /// Line and column, counted from 1; none for an option.
    pub at: Option<(u32, u32)>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{}:{line}:{column}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// What breaking a limit means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// It is told.
    Warn,
    /// The run fails.
    Fail,
}

/// A number that is allowed, for each level.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// Beyond it there is a warning.
    pub warn: Option<Quantity>,
    /// Beyond it the run fails.
    pub fail: Option<Quantity>,
    /// Where it was set.
    pub place: Place,
}

/// Paths that the final tree may not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForbiddenPath {
    /// The pattern as it was written.
    pub pattern: String,
    /// What its breach means.
    pub level: Level,
    /// Where it was set.
    pub place: Place,
}

/// A package that may not be installed.
#[derive(Debug, Clone)]
pub struct ForbiddenPackage {
    /// The words of it, for people: `gcc`, `apk openssl 1.*`.
    pub words: String,
    /// Its name.
    pub name: GlobMatcher,
    /// Only of this manager.
    pub manager: Option<String>,
    /// Only such versions.
    pub version: Option<GlobMatcher>,
    /// What its breach means.
    pub level: Level,
    /// Where it was set.
    pub place: Place,
}

/// Which findings of lint are too many.
#[derive(Debug, Clone, PartialEq)]
pub struct LintLimit {
    /// Findings of this severity or a worse one give a warning.
    pub warn: Option<Severity>,
    /// Findings of this severity or a worse one fail the run.
    pub fail: Option<Severity>,
    /// How many of the former there may be.
    pub warn_count: u64,
    /// How many of the latter there may be.
    pub fail_count: u64,
    /// Where it was set.
    pub place: Place,
}

/// What a waiver takes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waives {
    /// A check.
    Check(Check),
    /// A rule of lint, by its code.
    Rule(String),
}

/// A failure that is known and allowed, for a reason and perhaps for a time.
#[derive(Debug, Clone)]
pub struct Waiver {
    /// The name of the check or the code of the rule, as it was written.
    pub check: String,
    /// What that is.
    pub waives: Waives,
    /// Only what is at such a path, or is such a package.
    pub what: Option<GlobMatcher>,
    /// Why.
    pub reason: String,
    /// The last day on which it counts.
    pub expires: Option<Date>,
    /// Where it was set.
    pub place: Place,
}

/// Everything that is allowed.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Limits that are numbers.
    pub limits: BTreeMap<Check, Limit>,
    /// Paths that may not be there.
    pub paths: Vec<ForbiddenPath>,
    /// Packages that may not be there.
    pub packages: Vec<ForbiddenPackage>,
    /// What lint may find.
    pub lint: Option<LintLimit>,
    /// What is allowed all the same.
    pub waivers: Vec<Waiver>,
}

impl Settings {
    /// Whether nothing is checked.
    pub fn is_empty(&self) -> bool {
        self.limits.is_empty()
            && self.paths.is_empty()
            && self.packages.is_empty()
            && self.lint.is_none()
    }

    /// Unless something else is said about it, an image must not grow beyond
    /// its baseline.
    pub fn forbid_growth(&mut self, baseline: &str) {
        if self.limits.keys().any(|check| check.is_growth()) {
            return;
        }
        let place = Place {
            file: baseline.to_owned(),
            at: None,
        };
        let limit = Limit {
            warn: None,
            fail: Some(Quantity::Bytes(0)),
            place,
        };
        self.limits.insert(Check::MaxGrowth, limit);
    }
}

//! What came of it.

use super::check::{Check, Quantity};
use super::date::Date;
use super::fix::Fix;
use super::lint::Standing;
use super::settings::{Level, Place};

/// How a check went; the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Within its limits.
    Pass,
    /// Broken and allowed.
    Waived,
    /// Beyond the level of a warning.
    Warn,
    /// Beyond its limit.
    Fail,
}

impl Status {
    /// The word for it in data.
    pub fn name(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Waived => "waived",
            Status::Warn => "warn",
            Status::Fail => "fail",
        }
    }
}

/// Why something is allowed all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waived {
    /// The reason that was given.
    pub reason: String,
    /// The last day on which that counts.
    pub expires: Option<Date>,
    /// Where the waiver stands.
    pub place: Place,
}

/// What a check is broken by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A layer by its index.
    Layer,
    /// A path of the final tree, as text.
    Path(String),
    /// A package.
    Package {
        /// `dpkg`, `apk`, `rpm`, `pip` or `npm`.
        manager: &'static str,
        /// Its name.
        name: String,
        /// Its version.
        version: String,
    },
}

/// One thing that a check is broken by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offence {
    /// What it is.
    pub subject: Subject,
    /// The setting that forbids it, where it is one of several.
    pub by: Option<String>,
    /// What it takes.
    pub bytes: u64,
    /// The layer that it is in, where that is known.
    pub layer: Option<u32>,
    /// What it means.
    pub level: Level,
    /// Why it is allowed all the same.
    pub waived: Option<Waived>,
    /// Where it was forbidden.
    pub place: Place,
}

/// A check and how it went.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// Which.
    pub check: Check,
    /// How it went.
    pub status: Status,
    /// What was measured.
    pub measured: Quantity,
    /// Beyond it there is a warning.
    pub warn: Option<Quantity>,
    /// Beyond it the run fails.
    pub fail: Option<Quantity>,
    /// What breaks it, worst first.
    pub offences: Vec<Offence>,
    /// How many more there are.
    pub more: u64,
    /// What would help.
    pub fix: Option<Fix>,
    /// Why the whole check is allowed to fail.
    pub waived: Option<Waived>,
    /// Where its limit was set.
    pub place: Option<Place>,
}

impl Checked {
    /// The limit that is broken, or would be next.
    pub fn limit(&self) -> Option<Quantity> {
        let broken = |limit: &Quantity| self.measured.breaks(*limit, self.check.direction());
        let fail = self.fail.filter(broken);
        fail.or(self.warn.filter(broken))
            .or(self.fail)
            .or(self.warn)
    }
}

/// All checks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// Each, in the order of [`Check`].
    pub checks: Vec<Checked>,
    /// What each finding of lint counts for, in the order that they were given.
    pub findings: Vec<Standing>,
    /// Waivers that allow nothing: their places.
    pub unused_waivers: Vec<Place>,
    /// Checks that were asked for and had nothing to look at.
    pub idle: Vec<Check>,
}

impl Verdict {
    /// The worst of all.
    pub fn status(&self) -> Status {
        let all = self.checks.iter().map(|checked| checked.status);
        // A waived failure is none.
        all.max()
            .filter(|&worst| worst > Status::Waived)
            .unwrap_or(Status::Pass)
    }

    /// How many checks went this way.
    pub fn count(&self, status: Status) -> usize {
        self.checks
            .iter()
            .filter(|checked| checked.status == status)
            .count()
    }
}

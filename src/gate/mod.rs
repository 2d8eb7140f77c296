//! Budgets: what was measured against what is allowed.
//!
//! Settings come from the `[ci]` table of `.rslim.toml` ([`rslim_toml`]) and
//! from dive's `.dive-ci` ([`dive::dive_ci`]); [`judge`] holds an [`Analysis`] and the
//! findings of lint against them. Nothing here reads files or the clock, and
//! nothing is phrased: a [`Verdict`] is data.
//!
//! [`Analysis`]: crate::analyze::Analysis

mod baseline;
mod check;
mod config;
mod date;
pub mod dive;
mod fix;
mod judge;
mod lint;
mod settings;
mod size;
mod verdict;

pub use baseline::{Baseline, BaselineError, Figures, Kept, KnownFinding, LayerFigures, Ratchet};
pub use check::{Check, Direction, Quantity, Unit};
pub use config::{ConfigError, Mistake, Surroundings, rslim_toml};
pub use date::Date;
pub use fix::{Fix, Step};
pub use judge::{Measured, judge};
pub use lint::{Finding, Standing};
pub use settings::{
    ForbiddenPackage, ForbiddenPath, Level, Limit, LintLimit, Place, Settings, Waiver, Waives,
};
pub use size::{SizeError, parse_size};
pub use verdict::{Checked, Offence, Status, Subject, Verdict, Waived};

//! Smaller images without running them: what the entry point can reach stays,
//! with a reason for each path.
//!
//! [`Subject`] is the image as it is, [`decide()`] says what stays of it at a
//! [`Tier`], [`check()`] looks at the result, and [`Image`] reads and writes.
//! The parts that know one kind of file each are in [`crate::closure`].

mod accounts;
mod check;
mod decide;
mod error;
mod explain;
mod inert;
mod job;
mod options;
mod preserve;
mod reason;
mod roots;
mod settings;
mod start;
mod summary;
mod units;
mod view;
mod walk;

pub use accounts::Account;
pub use check::{Fault, check};
pub use decide::{Decisions, Rules, Subject, Verdict, decide, decide_without};
pub use error::SlimError;
pub use explain::{Explanation, explain, last_step, origin};
pub use job::{Climb, Ground, Image, Proposal, climb, propose};
pub use options::{Options, Tier};
pub use preserve::{Given, PathList};
pub use reason::{By, Gone, Kind, Reason, UnitId};
pub use roots::{Command, Launch};
pub use settings::Settings;
pub use summary::{Amount, Group, Summary};
pub use units::{Origin, Unit, Units};
pub use view::View;
pub use walk::Note;

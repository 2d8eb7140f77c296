//! Running an image, asking it something, and running what was made of it with the same
//! questions: what both answer alike, and what the smaller one looks for in vain.
//!
//! [`Trees`] keeps unpacked images, [`Runs`] runs them and turns what was recorded into
//! [`crate::evidence::Evidence`], and [`settle`] decides, runs the result and adds what it
//! misses, until nothing differs.

mod coverage;
mod error;
mod events;
mod launch;
mod profile;
mod running;
mod settle;
mod target;
mod trees;

pub use coverage::Coverage;
pub use error::ReplayError;
pub use launch::{Launching, launch};
pub use profile::profile;
pub use running::{Observed, Patience, Runs, Wait};
pub use settle::{Settled, Verification, settle};
pub use trees::{Cached, Listed, Trees, TreesError};

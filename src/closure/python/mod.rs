//! Which Python distributions of an image an application can reach.
//!
//! [`Installed::find`] lists what is installed, [`reach`] walks from the application over import
//! statements, requirements and entry points. The unit is the distribution: one that is reached
//! at all is kept whole. Nothing is run, and no source is ever refused: what cannot be understood
//! counts as reaching nothing in a source and as reached in a description.

mod callee;
mod describe;
mod guess;
mod index;
mod installed;
mod lexer;
mod marker;
mod metadata;
mod reach;
mod reason;
mod scan;
mod sites;
mod stdlib;
mod walk;
mod words;

pub use installed::{Distribution, DistributionId, Environment, Installed, Problem};
pub use marker::{Requirement, normalise};
pub use metadata::EntryPoint;
pub use reach::{Place, Reached, Root, reach};
pub use reason::{By, Reason, What};
pub use scan::{Dynamic, DynamicKind, Import, Literal, Scan, scan};
pub use sites::{Pth, Site};
pub use stdlib::is_stdlib;

#[cfg(test)]
pub(crate) mod tests;

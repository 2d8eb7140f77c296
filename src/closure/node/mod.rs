//! Which Node packages of an image an application can reach.
//!
//! [`Packages::find`] lists what is installed, [`reach`] walks from the application's sources,
//! manifests and commands. The unit is the package: one that is reached at all is kept whole.
//! Nothing is run, and no source or manifest is ever refused.

mod builtins;
mod command;
mod lexer;
mod manifest;
mod packages;
mod reach;
mod scan;
mod tooling;
mod walk;

pub use builtins::is_builtin;
pub use manifest::Manifest;
pub use packages::{Package, PackageId, PackageKind, Packages, Problem};
pub use reach::{By, Options, Place, Reached, Reason, Root, Skipped, What, reach};
pub use scan::{Request, RequestKind, Scan, scan};

#[cfg(test)]
mod tests;

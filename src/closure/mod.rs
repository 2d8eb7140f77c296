//! What a file of an image needs of the others, told without running anything.
//!
//! Each submodule knows one kind of file and what it leads to. All read the
//! image through [`Files`], and all treat it as hostile: sizes are bounded,
//! nothing panics, and what cannot be understood counts in favour of keeping.

pub mod elf;
mod files;
pub mod installed;
pub mod java;
#[cfg(test)]
mod memory;
mod need;
pub mod node;
mod paths;
pub mod plugins;
pub mod python;
pub mod script;

pub use files::{Files, Found, Kind, NodeId};
pub use need::{Need, NeedKind};
pub use paths::{absolute_paths, constants};

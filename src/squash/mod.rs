//! Squashing: an image whose upper layers are one, with the same file system,
//! proved by reading it back.

mod error;
mod job;

pub use error::SquashError;
pub use job::{Facts, Request, Squashed, squash};

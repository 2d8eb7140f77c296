//! Squashing: an image whose upper layers are one, or several better ones, with
//! the same file system, proved by reading it back.

mod configuration;
mod edited;
mod error;
mod job;
mod layers;
mod reading;
mod request;

pub use edited::{Prepared, prepare, write_edited};
pub use error::SquashError;
pub use job::{squash, squash_all};
pub use request::{Facts, Part, Request, Shape, Squashed};

//! Squashing: an image whose upper layers are one, or several better ones, with
//! the same file system, proved by reading it back.

mod error;
mod job;
mod layers;
mod reading;
mod request;

pub use error::SquashError;
pub use job::{squash, squash_all};
pub use request::{Facts, Part, Request, Shape, Squashed};

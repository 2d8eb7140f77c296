//! Bytes → compressed bytes, on several threads. The output depends on the
//! input and the [`Encoding`] alone: not on the number of threads, not on time,
//! not on how the input is split into writes.

mod encoder;
mod gzip;
mod pool;
mod zstd;

pub use encoder::{Encoder, Encoding};

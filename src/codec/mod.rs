//! Bytes to bytes: compression and the bounds on hostile input. Knows nothing
//! of images.

mod compress;
mod compression;
mod inflate;
mod limits;
mod zstd_frames;

pub use compress::{Encoder, Encoding};
pub use compression::{Compression, Sniffed, sniff};
pub use inflate::{GzipMembers, Inflate};
pub use limits::Limits;
pub use zstd_frames::ZstdFrames;

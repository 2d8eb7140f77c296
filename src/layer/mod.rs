//! One layer blob → its entries.
//!
//! A [`Changeset`] is what a layer's tar stream says, in order, with names
//! normalised and whiteouts recognised, and nothing else: what it means
//! together with the layers below is for [`crate::tree`].
//!
//! Uncompressed layers in a file are walked header to header
//! ([`walk_stored`]); everything else passes once ([`read_stream`]), digested
//! on the way. [`scan`] reads all layers of an image at once.

mod capture;
mod changeset;
mod digest;
mod error;
mod input;
mod path;
mod pieces;
mod record;
mod scan;
mod stored;
mod stream;
pub mod tar;
mod toc;

pub use capture::{Captured, NoContents, WantedContents};
pub use changeset::{
    Changeset, ContentDigest, EntryKind, EntryRef, Extra, FileTable, Owner, StoredAt,
};
pub use digest::ContentHash;
pub(crate) use digest::{ContentHasher, is_expanded};
pub use error::{LayerError, TarProblem};
pub use path::{WHITEOUT_OPAQUE, WHITEOUT_PREFIX, normalized as normalize_name};
pub use record::EntryBudget;
pub use scan::{
    Contents, Layer, LayerContent, NoProgress, Progress, ScanError, ScanOptions, ScannedImage,
    Verify, scan,
};
pub use stored::{digest_contents, read_contents, walk_stored};
pub use stream::{StreamContext, StreamedLayer, read_stream};

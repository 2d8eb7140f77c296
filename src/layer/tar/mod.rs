//! The tar format: header blocks, extensions and the walk from entry to entry.
//!
//! Reads what container runtimes read (Go's `archive/tar` is their common
//! reader): V7, ustar, GNU and PAX, base-256 numbers, all four sparse formats.
//! Where readers disagree, the answer of that reader is the right one here,
//! since it decides what a container sees.

mod header;
mod pax;
mod sparse;
mod walk;
mod write;

pub use sparse::SparseRange;
pub(crate) use walk::input_error;
pub use walk::{RawEntry, TarInput, TarWalker};
pub use write::{END, Form, entry_headers, marker, padding, plain_directory};

/// Size of a tar block in bytes; headers and contents are padded to it.
pub const BLOCK: u64 = 512;

/// Entry types by the byte that a header gives.
pub mod flag {
    /// Regular file.
    pub const REGULAR: u8 = b'0';
    /// Regular file in V7 archives; a directory when the name ends in a slash.
    pub const REGULAR_V7: u8 = 0;
    /// Hard link.
    pub const LINK: u8 = b'1';
    /// Symbolic link.
    pub const SYMLINK: u8 = b'2';
    /// Character device.
    pub const CHAR: u8 = b'3';
    /// Block device.
    pub const BLOCK_DEVICE: u8 = b'4';
    /// Directory.
    pub const DIRECTORY: u8 = b'5';
    /// FIFO.
    pub const FIFO: u8 = b'6';
    /// Contiguous file: a regular file to everybody today.
    pub const CONTIGUOUS: u8 = b'7';
    /// PAX records for the next entry.
    pub const PAX: u8 = b'x';
    /// PAX records for all later entries.
    pub const PAX_GLOBAL: u8 = b'g';
    /// GNU long name for the next entry.
    pub const GNU_LONG_NAME: u8 = b'L';
    /// GNU long link target for the next entry.
    pub const GNU_LONG_LINK: u8 = b'K';
    /// GNU sparse file of the old format.
    pub const GNU_SPARSE: u8 = b'S';
}

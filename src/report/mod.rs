//! Finished results → text. Reports never compute what they print.

pub mod diff;
pub mod gate;
pub mod history;
pub mod html;
pub mod json;
pub mod lint;
pub mod markdown;
pub mod rule_pages;
pub mod size;
pub mod slim;
pub mod squash;
pub mod table;
pub mod tree_listing;

pub use table::TableStyle;

use crate::analyze::Analysis;
use crate::attribute::Origins;
use crate::layer::ScannedImage;

/// An image that was read and judged.
#[derive(Debug, Clone, Copy)]
pub struct ImageReport<'a> {
    /// What was read.
    pub scan: &'a ScannedImage,
    /// What it was judged to be.
    pub analysis: &'a Analysis,
    /// The lines that made its layers, where the Dockerfile is known.
    pub origins: Option<&'a Origins>,
}

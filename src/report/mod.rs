//! Finished results → text. Reports never compute what they print.

pub mod diff;
pub mod history;
pub mod json;
pub mod lint;
pub mod rule_pages;
pub mod size;
pub mod slim;
pub mod squash;
pub mod table;
pub mod tree_listing;

pub use table::TableStyle;

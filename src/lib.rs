//! rslim tells why container images are big and which of their bytes are wasted.
//!
//! Data flows one way, and a module uses only those named before it:
//! [`codec`] → [`oci`] → [`registry`] → [`source`] → [`layer`] → [`tree`] → [`ruleset`] →
//! [`analyze`] → [`inspect`] → [`dockerfile`] → [`attribute`] → [`lint`] → [`gate`] → [`closure`] →
//! [`rewrite`] → [`sink`] → [`squash`] → [`trace`] → [`probe`] → [`evidence`] → [`slim`] →
//! [`replay`] → [`report`] → `explore` → [`cli`].
//!
//! ```no_run
//! use rslim::{analyze, codec, layer, ruleset, source};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let opened = source::open(&"app.tar".parse()?, &source::OpenOptions::default())?;
//! let options = layer::ScanOptions {
//!     limits: codec::Limits::default(),
//!     jobs: 4,
//!     hash: layer::ContentHash::Blake3,
//!     verify: layer::Verify::Auto,
//!     wanted: &analyze::DatabaseContents,
//!     spool_from: None,
//!     progress: &layer::NoProgress,
//! };
//! let scan = layer::scan(opened, &options)?;
//! let rules = ruleset::CacheRules::builtin()?;
//! let analysis = analyze::analyze(&scan, &rules, None)?;
//! println!("{} bytes are wasted", analysis.totals.wasted_bytes);
//! # Ok(())
//! # }
//! ```
#![cfg_attr(test, allow(clippy::expect_used, clippy::unwrap_used))]

pub mod analyze;
pub mod attribute;
pub mod cli;
pub mod closure;
pub mod codec;
pub mod dockerfile;
pub mod evidence;
#[cfg(feature = "tui")]
pub mod explore;
pub mod gate;
pub mod inspect;
pub mod layer;
pub mod lint;
pub mod oci;
pub mod probe;
pub mod registry;
pub mod replay;
pub mod report;
pub mod rewrite;
pub mod ruleset;
pub mod sink;
pub mod slim;
pub mod source;
pub mod squash;
pub mod trace;
pub mod tree;

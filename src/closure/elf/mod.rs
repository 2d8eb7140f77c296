//! The shared objects that an executable of an image loads, found as its own loader finds them.
//!
//! Nothing is run: headers are read out of the image ([`Object`]), the loader's configuration
//! files too ([`LoaderConfig`]), and [`closure`] walks as `ld-linux` of glibc or `ld-musl` of musl
//! would. Where the answer depends on the processor of the machine that will run the image, all
//! answers are given (`glibc-hwcaps` and the older directories), since that machine is unknown.
//!
//! All that is read here comes from the image and is hostile: sizes are bounded, arithmetic is
//! checked, and work per closure has a budget ([`Closure::complete`]).

mod arch;
mod cache;
mod closure;
mod conf;
mod config;
mod error;
mod facts;
mod glibc;
mod musl;
mod note;
mod object;
mod objects;
mod paths;
mod reader;
mod record;
mod strings;
mod walk;

pub use cache::{Cache, CacheEntry, CacheError, Hwcap};
pub use closure::{Closure, Dlopen, Edge, Fault, How, Missing, When, Why, closure, closure_with};
pub use config::{LoaderConfig, MuslPath};
pub use error::{ElfError, Part};
pub use facts::{Flavour, LoaderFacts};
pub use note::{DlopenNote, Priority};
pub use object::{Class, Dependency, Link, Object, Order};
pub use objects::Objects;
pub use strings::{SonameStrings, soname_strings};

use super::files::{Files, Found, Kind, NodeId};

#[cfg(test)]
mod tests;

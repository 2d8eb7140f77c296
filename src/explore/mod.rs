//! Looking around in an image, key by key: what `rslim explore` shows.
//!
//! [`State`] is all that is on the screen and [`State::press`] what a key makes of
//! it; [`draw()`] is a function of the state. Neither reads files nor knows a
//! terminal: [`crate::cli`] brings keys and [`News`] and carries out [`Effect`]s.
//!
//! Memory grows with paths and their versions ([`Files`]), about 90 bytes for
//! each; only rows on screen are made into text.

pub mod draw;
mod extract;
mod facts;
mod files;
mod filter;
mod gather;
mod keys;
mod layout;
mod state;
#[cfg(test)]
mod tests;
mod view;

pub use draw::{Theme, draw};
pub use extract::{checked_name, proposed_name, write_new};
pub use facts::{Findings, ImageFacts, LayerFacts, List, ListRow, Reading, Tab, Target};
pub use files::{Files, FilesBuilder, NewVersion, Stored, Version, VersionKind};
pub use filter::Filter;
pub use gather::{DockerfileText, files, findings, image_facts};
pub use keys::{Action, HELP, Key};
pub use state::{Effect, Focus, News, State};
pub use view::{Row, Shown, Sort, Status, View};

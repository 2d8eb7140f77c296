//! New layers from old ones: which entries a layer must have so that, on top
//! of what stays below it, the file system is exactly the one before.
//!
//! Everything here is pure but for reading the contents that go into a layer:
//! a [`Plan`] says what the layer holds, [`write()`] makes its tar stream, and
//! [`fold`] the configuration that fits.

mod config;
mod overlay;
mod plan;
mod range;
mod spread;
mod stack;
mod stream;

pub use config::{ConfigError, Folded, LayersChanged, change_layers, fold};
pub use overlay::{OverlayError, overlay};
pub use plan::{Plan, PlanError, Totals};
pub use range::{RangeChoice, RangeError, first_layer};
pub use stack::Stacked;
pub use stream::{WriteError, write};

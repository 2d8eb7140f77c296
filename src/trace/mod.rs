//! Runs an unpacked image and records which files its processes touch.
//!
//! No daemon and no container runtime is needed: the program starts itself
//! again, and that child makes the namespaces, the mounts and the processes
//! ([`contain`]). The side that asks for it is [`Container`]; it is blocking
//! and safe to use from several threads.

pub mod contain;
mod container;
mod error;
mod exchange;
mod mapping;
mod output;
mod record;
mod runner;
mod spec;
mod subids;
mod sys;
mod tree;
mod wire;

pub use container::Container;
pub use error::{Failure, Reason, TraceError};
pub use mapping::Mapping;
pub use record::event::{Event, Kind};
pub use runner::Runner;
pub use spec::{Exec, Finished, Limits, Logs, Maker, Network, Run, Spec, Status, Tracer};
pub use tree::{Unpacked, remove, unpack};

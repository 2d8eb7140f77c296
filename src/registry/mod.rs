//! Registries: images are fetched and pushed by the distribution
//! specification's API, blocking, over HTTP/1.1.
//!
//! Everything from the network counts as hostile: sizes, redirects, waits and
//! repetitions have limits, every blob and manifest is checked against its
//! digest, and credentials go to nobody but the registry and the token server
//! that it names.

mod auth;
mod blob;
mod chunked;
mod client;
mod error;
mod failure;
mod hash;
mod location;
mod manifest;
mod push;
mod reference;
mod retry;
mod session;
mod tls;
mod transport;
mod upload;
mod web;

pub use auth::{AuthFiles, Credentials, Login};
pub use blob::BlobReader;
pub use chunked::BlobUpload;
pub use client::{Client, Options, Repository};
pub use error::{Context, RegistryError};
pub use manifest::{Manifest, ManifestHead};
pub use push::Pushed;
pub use reference::{Reference, ReferenceError, Version};
pub use retry::RetryPolicy;
pub use transport::{Connection, OneRequest};

//! What an image is: the documents of the OCI image specification and of
//! Docker's image format, parsed once, with unknown keys kept.
//!
//! Descriptors, manifests, indexes, media types and digests are those of the
//! `oci-spec` crate. The configuration is our own type, since real ones hold
//! nulls and omissions that the specification does not allow.

mod config;
mod docker_manifest;
mod document;
mod error;
mod escape;
mod image;
mod name;
mod platform;
mod raw;
mod toc;

pub use config::{HistoryEntry, ImageConfig, RootFs, RunConfig};
pub use docker_manifest::{DockerManifestEntry, parse_docker_manifest};
pub use document::{
    ATTESTATION_TYPE, Document, declared_compression, is_foreign, is_index, is_layer, is_manifest,
    parse_json,
};
pub use error::OciError;
pub use escape::{escape_bytes, unescape_bytes};
pub use image::{Image, ImageDocuments, LayerDescriptor};
pub use name::tag;
pub use oci_spec::image::{Descriptor, Digest, ImageIndex, ImageManifest, MediaType};
pub use platform::{Platform, PlatformError};
pub use raw::RawObject;
pub use toc::TocPlace;

use sha2::{Digest as _, Sha256};

/// The digest of everything that `hasher` has seen.
pub(crate) fn finish_sha256(hasher: Sha256) -> Digest {
    sha256_digest(&hasher.finalize().into())
}

/// The digest of `bytes`.
pub fn digest_of(bytes: &[u8]) -> Digest {
    sha256_digest(&Sha256::digest(bytes).into())
}

fn sha256_digest(hash: &[u8; 32]) -> Digest {
    use std::fmt::Write as _;
    let mut text = String::from("sha256:");
    for byte in hash {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    #[expect(
        clippy::expect_used,
        reason = "64 hexadecimal digits are a SHA-256 digest"
    )]
    Digest::try_from(text).expect("a digest")
}

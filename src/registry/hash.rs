//! Digests of bytes as they pass.

use oci_spec::image::{Digest, DigestAlgorithm};
use sha2::{Digest as _, Sha256, Sha512};

/// Computes the digest of what it is given.
#[derive(Debug, Clone)]
pub(super) enum Hasher {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    /// One that computes digests of the algorithm of `digest`; `None` for an
    /// algorithm that we do not know.
    pub(super) fn like(digest: &Digest) -> Option<Self> {
        match digest.algorithm() {
            DigestAlgorithm::Sha256 => Some(Hasher::Sha256(Sha256::new())),
            DigestAlgorithm::Sha512 => Some(Hasher::Sha512(Sha512::new())),
            _ => None,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// The digest as text, such as `sha256:…`.
    pub(super) fn finish(self) -> String {
        match self {
            Hasher::Sha256(hasher) => text("sha256:", &hasher.finalize()),
            Hasher::Sha512(hasher) => text("sha512:", &hasher.finalize()),
        }
    }
}

/// The SHA-256 digest of `bytes` as text.
pub(super) fn sha256(bytes: &[u8]) -> String {
    text("sha256:", &Sha256::digest(bytes))
}

fn text(prefix: &str, hash: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = prefix.to_owned();
    for byte in hash {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

//! Manifests and indexes: small documents, checked against their digests.

use oci_spec::image::Digest;
use ureq::http::header::{ACCEPT, CONTENT_TYPE};
use ureq::http::{Method, StatusCode};

use super::auth::Action;
use super::client::Repository;
use super::error::{Context, RegistryError, escape};
use super::hash::{Hasher, sha256};
use super::reference::Version;
use super::session::{Purpose, refusal};
use super::web::{Answer, Ask, Payload};

/// What we can read: manifests and indexes of OCI and of Docker.
const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.docker.distribution.manifest.v2+json";
/// The header with the digest of the body.
const DIGEST_HEADER: &str = "docker-content-digest";

/// A manifest or index as the registry has it; its digest has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The document, byte for byte.
    pub bytes: Vec<u8>,
    /// What the registry says that it is; where it says nothing, what the document says.
    pub media_type: String,
    /// The digest that it was asked for by, or its SHA-256.
    pub digest: Digest,
}

/// What a registry says about a manifest without sending it. Nothing of it
/// has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestHead {
    /// Its digest; not all registries say.
    pub digest: Option<Digest>,
    /// Its media type; empty where the registry does not say.
    pub media_type: String,
    /// In bytes.
    pub size: Option<u64>,
}

impl Repository {
    /// Fetches a manifest or index (distribution specification, "Pulling
    /// manifests") and checks its digest.
    ///
    /// # Errors
    /// [`RegistryError`]; [`RegistryError::NotFound`] when there is none.
    pub fn manifest(&self, version: &Version) -> Result<Manifest, RegistryError> {
        let context = self.context(format!("fetch the manifest {version}"));
        let answer = self.ask_manifest(Method::GET, version, &context)?;
        if answer.status != StatusCode::OK {
            return Err(refusal(answer, &context));
        }
        let promised = promised(&answer, &context)?;
        let media_type = media_type(&answer);
        let bytes = match answer.read(self.document_limit) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                return Err(RegistryError::TooLarge {
                    context: Box::new(context),
                    limit: self.document_limit,
                });
            }
            Err(e) => {
                return Err(RegistryError::Transport {
                    context: Box::new(context),
                    problem: format!("the answer was cut: {}", escape(&e.to_string())),
                });
            }
        };
        if media_type.contains("distribution.manifest.v1+") {
            return Err(RegistryError::Protocol {
                context: Box::new(context),
                problem: "it has the image only in Docker's first format, which is not supported; \
                          push it again with a newer client"
                    .to_owned(),
            });
        }
        let digest = match version {
            Version::Digest(digest) => {
                check(&bytes, digest, &context)?;
                digest.clone()
            }
            Version::Tag(_) => own_digest(&bytes, &context)?,
        };
        if let Some(promised) = promised {
            check(&bytes, &promised, &context)?;
        }
        let media_type = match media_type.as_str() {
            "" | "text/plain" | "application/json" | "application/octet-stream" => {
                inner_media_type(&bytes).unwrap_or(media_type)
            }
            _ => media_type,
        };
        Ok(Manifest {
            bytes,
            media_type,
            digest,
        })
    }

    /// Asks about a manifest without fetching it; `None` when there is none.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn manifest_head(&self, version: &Version) -> Result<Option<ManifestHead>, RegistryError> {
        let context = self.context(format!("look for the manifest {version}"));
        let answer = self.ask_manifest(Method::HEAD, version, &context)?;
        match answer.status {
            StatusCode::OK => Ok(Some(ManifestHead {
                digest: promised(&answer, &context)?,
                media_type: media_type(&answer),
                size: answer.length(),
            })),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(refusal(answer, &context)),
        }
    }

    /// Pushes a manifest or index (distribution specification, "Pushing
    /// manifests"); what it names must be there already. Returns its digest
    /// after the registry has confirmed it.
    ///
    /// # Errors
    /// [`RegistryError`]; [`RegistryError::DigestMismatch`] when `version` is
    /// another digest, or when the registry stored something else.
    pub fn push_manifest(
        &self,
        version: &Version,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Digest, RegistryError> {
        let context = self.context(format!("push the manifest {version}"));
        let digest = match version {
            Version::Digest(digest) => {
                check(bytes, digest, &context)?;
                digest.clone()
            }
            Version::Tag(_) => own_digest(bytes, &context)?,
        };
        let scope = self.scope(Action::Push);
        let purpose = Purpose {
            context: &context,
            scope: &scope,
        };
        let path = format!("/v2/{}/manifests/{version}", self.name);
        let uri = self.session.address(&path, &context)?;
        let ask = Ask::new(Method::PUT, uri).with(CONTENT_TYPE, media_type);
        let answer = self.session.call(&ask, Payload::Bytes(bytes), &purpose)?;
        // 201 is the specification's; old registries say 202.
        if !matches!(answer.status.as_u16(), 200..=202) {
            return Err(refusal(answer, &context));
        }
        match promised(&answer, &context)? {
            Some(stored) if stored.algorithm() == digest.algorithm() && stored != digest => {
                Err(mismatch(&context, &digest, stored.to_string()))
            }
            Some(_) => Ok(digest),
            // It did not say what it stored: see whether it is there.
            None => match self.manifest_head(&Version::Digest(digest.clone()))? {
                Some(_) => Ok(digest),
                None => Err(mismatch(&context, &digest, "nothing".to_owned())),
            },
        }
    }

    fn ask_manifest(
        &self,
        method: Method,
        version: &Version,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        let scope = self.scope(Action::Pull);
        let purpose = Purpose {
            context,
            scope: &scope,
        };
        let path = format!("/v2/{}/manifests/{version}", self.name);
        let uri = self.session.address(&path, context)?;
        let ask = Ask::new(method, uri).with(ACCEPT, ACCEPTED);
        self.session.call(&ask, Payload::None, &purpose)
    }
}

/// The digest in the header, if there is one.
fn promised(answer: &Answer, context: &Context) -> Result<Option<Digest>, RegistryError> {
    match answer.header(DIGEST_HEADER) {
        None => Ok(None),
        Some(text) => Digest::try_from(text)
            .map(Some)
            .map_err(|_| RegistryError::Protocol {
                context: Box::new(context.clone()),
                problem: format!("the digest header {:?} is none", escape(text)),
            }),
    }
}

/// The media type without parameters, in lower case.
fn media_type(answer: &Answer) -> String {
    let text = answer.header("content-type").unwrap_or_default();
    let text = text.split(';').next().unwrap_or(text);
    text.trim().to_ascii_lowercase()
}

fn inner_media_type(bytes: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Document {
        #[serde(rename = "mediaType")]
        media_type: String,
    }
    let document: Document = serde_json::from_slice(bytes).ok()?;
    Some(document.media_type)
}

fn own_digest(bytes: &[u8], context: &Context) -> Result<Digest, RegistryError> {
    Digest::try_from(sha256(bytes)).map_err(|e| RegistryError::Protocol {
        context: Box::new(context.clone()),
        problem: e.to_string(),
    })
}

/// Checks `bytes` against a digest.
fn check(bytes: &[u8], digest: &Digest, context: &Context) -> Result<(), RegistryError> {
    let mut hasher = Hasher::like(digest).ok_or_else(|| unknown(digest, context))?;
    hasher.update(bytes);
    match hasher.finish() {
        found if found == digest.as_ref() => Ok(()),
        found => Err(mismatch(context, digest, found)),
    }
}

/// A digest that cannot be checked is not trusted.
pub(super) fn unknown(digest: &Digest, context: &Context) -> RegistryError {
    RegistryError::Protocol {
        context: Box::new(context.clone()),
        problem: format!(
            "digests of the algorithm {} cannot be checked; sha256 and sha512 can",
            digest.algorithm()
        ),
    }
}

pub(super) fn mismatch(context: &Context, expected: &Digest, found: String) -> RegistryError {
    RegistryError::DigestMismatch {
        context: Box::new(context.clone()),
        expected: expected.to_string(),
        found,
    }
}

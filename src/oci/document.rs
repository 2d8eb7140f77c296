//! JSON documents: one door for manifests, indexes and configurations.

use serde::de::DeserializeOwned;

use super::error::OciError;
use super::{ImageIndex, ImageManifest, MediaType};

/// Annotation value that marks a manifest as an attestation of another one
/// (BuildKit's convention).
pub const ATTESTATION_TYPE: (&str, &str) = ("vnd.docker.reference.type", "attestation-manifest");

/// Parses `bytes`; the error names the field and its place. A key given twice
/// is an error where the type knows the key, and unknown keys are ignored.
///
/// # Errors
/// [`OciError::Json`].
pub fn parse_json<T: DeserializeOwned>(document: &str, bytes: &[u8]) -> Result<T, OciError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| OciError::Json {
        document: document.to_owned(),
        path: error.path().to_string(),
        problem: error.into_inner(),
    });
    let value = parsed?;
    json.end().map_err(|problem| OciError::Json {
        document: document.to_owned(),
        path: String::new(),
        problem,
    })?;
    Ok(value)
}

/// An index or a manifest: what a descriptor in an index may lead to.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one lives at a time")]
pub enum Document {
    /// A list of manifests.
    Index(ImageIndex),
    /// One image.
    Manifest(Box<ImageManifest>),
}

impl Document {
    /// Tells an index from a manifest by what it holds, not by what it says.
    ///
    /// # Errors
    /// [`OciError`] when it is neither, or both (CVE-2021-41190).
    pub fn parse(document: &str, bytes: &[u8]) -> Result<Self, OciError> {
        #[derive(serde::Deserialize)]
        struct Shape {
            manifests: Option<serde::de::IgnoredAny>,
            layers: Option<serde::de::IgnoredAny>,
            config: Option<serde::de::IgnoredAny>,
            #[serde(rename = "schemaVersion")]
            schema_version: Option<serde_json::Value>,
        }
        let shape: Shape = parse_json(document, bytes)?;
        if shape.schema_version == Some(serde_json::Value::from(1)) {
            return Err(OciError::meaning(
                document,
                "it is a Docker schema 1 manifest, which no registry serves any more; \
                 save the image again with a current tool",
            ));
        }
        match (
            shape.manifests,
            shape.layers.is_some() || shape.config.is_some(),
        ) {
            (Some(_), true) => Err(OciError::meaning(
                document,
                "it has both `manifests` and `layers`: an index and a manifest at once",
            )),
            (Some(_), false) => Ok(Document::Index(parse_json(document, bytes)?)),
            (None, true) => Ok(Document::Manifest(parse_json(document, bytes)?)),
            (None, false) => Err(OciError::meaning(
                document,
                "it has neither `manifests` nor `layers`",
            )),
        }
    }
}

/// Whether a media type means an index.
pub fn is_index(media_type: &MediaType) -> bool {
    matches!(media_type, MediaType::ImageIndex)
        || media_type.as_ref() == "application/vnd.docker.distribution.manifest.list.v2+json"
}

/// Whether a media type means an image manifest.
pub fn is_manifest(media_type: &MediaType) -> bool {
    matches!(media_type, MediaType::ImageManifest)
        || media_type.as_ref() == "application/vnd.docker.distribution.manifest.v2+json"
}

/// Whether a media type means a file system layer that we can read.
pub fn is_layer(media_type: &str) -> bool {
    let known = [
        "application/vnd.oci.image.layer.",
        "application/vnd.docker.image.rootfs.",
        "application/vnd.docker.container.image.rootfs.",
    ];
    known.iter().any(|prefix| media_type.starts_with(prefix)) && !media_type.contains("+encrypted")
}

/// Whether a media type means a layer that may not be handed on: Docker calls
/// it foreign, OCI non-distributable.
pub fn is_foreign(media_type: &str) -> bool {
    media_type.contains("nondistributable") || media_type.contains("foreign")
}

/// The compression that a layer's media type declares: `gzip`, `zstd`,
/// `uncompressed`; `None` where it says nothing we know.
pub fn declared_compression(media_type: &str) -> Option<&'static str> {
    let media_type = media_type.split(';').next().unwrap_or(media_type).trim();
    if media_type.ends_with("+gzip") || media_type.ends_with(".gzip") {
        Some("gzip")
    } else if media_type.ends_with("+zstd") || media_type.ends_with(".zstd") {
        Some("zstd")
    } else if media_type.ends_with(".tar") {
        Some("uncompressed")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_and_manifest_at_once_is_refused() {
        let both = br#"{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}"#;
        let error = Document::parse("the manifest", both).unwrap_err();
        assert!(error.to_string().contains("both"), "{error}");
    }

    #[test]
    fn errors_name_the_field() {
        let bad =
            br#"{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:0","size":1}]}"#;
        let error = Document::parse("index.json", bad).unwrap_err().to_string();
        assert!(error.contains("manifests[0].digest"), "{error}");
    }

    #[test]
    fn nesting_without_end_is_an_error() {
        let deep = "[".repeat(200_000);
        assert!(Document::parse("index.json", deep.as_bytes()).is_err());
    }

    #[test]
    fn compression_by_media_type() {
        for (media_type, want) in [
            ("application/vnd.oci.image.layer.v1.tar+gzip", Some("gzip")),
            (
                "application/vnd.docker.image.rootfs.diff.tar.gzip",
                Some("gzip"),
            ),
            (
                "application/vnd.docker.image.rootfs.diff.tar.zstd",
                Some("zstd"),
            ),
            (
                "application/vnd.oci.image.layer.v1.tar",
                Some("uncompressed"),
            ),
            ("application/octet-stream", None),
        ] {
            assert_eq!(declared_compression(media_type), want, "{media_type}");
        }
    }
}

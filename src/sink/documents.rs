//! The documents of the written image: manifest, index entry, and Docker's
//! list (OCI image-spec `manifest.md`, `image-index.md`; moby `image/spec`).
//!
//! They start from the documents of the image that was read, so that
//! annotations and keys that nobody here knows survive.

use serde_json::json;

use super::{BlobInfo, SinkError};
use crate::oci::{RawObject, declared_compression, digest_of, tag};
use crate::registry::Reference;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const REF_NAME: &str = "org.opencontainers.image.ref.name";
const FULL_NAME: &str = "io.containerd.image.name";

/// The names under which an image is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl Names {
    /// Those that Docker takes: `repository:tag`.
    pub(super) fn repo_tags(&self) -> Vec<&str> {
        let names = self.0.iter().map(String::as_str);
        names.filter(|name| tag(name).is_some()).collect()
    }
}

/// A layer of the written image.
#[derive(Debug, Clone)]
pub struct LayerEntry {
    /// Its blob.
    pub blob: BlobInfo,
    /// Its media type.
    pub media_type: String,
    /// The descriptor that the image had for it, when the blob is the same.
    pub descriptor: Option<RawObject>,
}

/// Everything about the written image but its layers' bytes.
#[derive(Debug, Clone)]
pub struct Documents {
    /// The configuration, as it is written.
    pub config: Vec<u8>,
    /// The layers, lowest first.
    pub layers: Vec<LayerEntry>,
    /// The manifest of the image that was read, where it had one.
    pub manifest: Option<RawObject>,
    /// The entry of the index that led to it.
    pub index_entry: Option<RawObject>,
    /// What the image is called.
    pub names: Names,
}

/// A document and what a descriptor says of it.
pub(super) struct Document {
    pub(super) bytes: Vec<u8>,
    pub(super) blob: BlobInfo,
}

impl Document {
    fn new(bytes: Vec<u8>) -> Self {
        Document {
            blob: BlobInfo {
                digest: digest_of(&bytes),
                size: bytes.len() as u64,
            },
            bytes,
        }
    }
}

fn failed(document: &'static str) -> impl Fn(serde_json::Error) -> SinkError {
    move |source| SinkError::Json { document, source }
}

fn describe(
    mut object: RawObject,
    media_type: &str,
    blob: &BlobInfo,
) -> Result<RawObject, serde_json::Error> {
    object.set("mediaType", media_type)?;
    object.set("digest", blob.digest.as_ref())?;
    object.set("size", &blob.size)?;
    // The bytes themselves, of what is something else now.
    object.remove("data");
    Ok(object)
}

/// The OCI media type of a layer, with the compression of the one it has.
pub fn layer_media_type(media_type: &str) -> String {
    if media_type.starts_with(LAYER) || media_type.contains("nondistributable") {
        return media_type.to_owned();
    }
    let kind = if media_type.contains("foreign") {
        "application/vnd.oci.image.layer.nondistributable.v1.tar"
    } else {
        LAYER
    };
    match declared_compression(media_type) {
        Some(compression @ ("gzip" | "zstd")) => format!("{kind}+{compression}"),
        _ => kind.to_owned(),
    }
}

impl Documents {
    pub(super) fn config(&self) -> Document {
        Document::new(self.config.clone())
    }

    /// The manifest, as OCI has it.
    pub(super) fn manifest(&self) -> Result<Document, SinkError> {
        let failed = failed("the manifest");
        let mut manifest = self.manifest.clone().unwrap_or_default();
        let old: RawObject = manifest.read("config").unwrap_or_default();
        let config = describe(old, CONFIG, &self.config().blob).map_err(&failed)?;
        let mut layers = Vec::new();
        for layer in &self.layers {
            let old = layer.descriptor.clone().unwrap_or_default();
            let media_type = layer_media_type(&layer.media_type);
            layers.push(describe(old, &media_type, &layer.blob).map_err(&failed)?);
        }
        manifest.set("schemaVersion", &2).map_err(&failed)?;
        manifest.set("mediaType", MANIFEST).map_err(&failed)?;
        manifest.set("config", &config).map_err(&failed)?;
        manifest.set("layers", &layers).map_err(&failed)?;
        Ok(Document::new(manifest.to_bytes().map_err(&failed)?))
    }

    /// The entries of the index, one for each name.
    pub(super) fn index_entries(&self, manifest: &BlobInfo) -> Result<Vec<RawObject>, SinkError> {
        let failed = failed("the index");
        let names = self.names.0.iter().map(|name| Some(name.as_str()));
        let names: Vec<Option<&str>> = match self.names.0.is_empty() {
            true => vec![None],
            false => names.collect(),
        };
        let mut entries = Vec::new();
        for name in names {
            let old = self.index_entry.clone().unwrap_or_default();
            let mut annotations: RawObject = old.read("annotations").unwrap_or_default();
            annotations.remove(REF_NAME);
            annotations.remove(FULL_NAME);
            if let Some(name) = name {
                match tag(name) {
                    Some(tag) => {
                        annotations
                            .set(FULL_NAME, &full_name(name))
                            .map_err(&failed)?;
                        annotations.set(REF_NAME, tag).map_err(&failed)?;
                    }
                    None => annotations.set(REF_NAME, name).map_err(&failed)?,
                }
            }
            let mut entry = describe(old, MANIFEST, manifest).map_err(&failed)?;
            match annotations.is_empty() {
                true => entry.remove("annotations"),
                false => entry.set("annotations", &annotations).map_err(&failed)?,
            }
            if entry.get("platform").is_none() {
                entry.set("platform", &self.platform()).map_err(&failed)?;
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    /// The platform that the configuration says.
    fn platform(&self) -> serde_json::Value {
        let config: serde_json::Value = serde_json::from_slice(&self.config).unwrap_or_default();
        let mut platform = serde_json::Map::new();
        for key in ["architecture", "os", "variant", "os.version", "os.features"] {
            if let Some(value) = config.get(key).filter(|v| !v.is_null() && *v != "") {
                platform.insert(key.to_owned(), value.clone());
            }
        }
        platform.into()
    }

    /// `index.json` with these entries and nothing else.
    pub(super) fn index(entries: &[RawObject]) -> Result<Vec<u8>, SinkError> {
        let mut index = RawObject::default();
        let failed = failed("the index");
        index.set("schemaVersion", &2).map_err(&failed)?;
        index.set("mediaType", INDEX).map_err(&failed)?;
        index.set("manifests", entries).map_err(&failed)?;
        index.to_bytes().map_err(&failed)
    }

    /// `manifest.json`, Docker's list of images.
    pub(super) fn docker_list(&self) -> Vec<u8> {
        let path = |blob: &BlobInfo| blob_path(blob);
        let tags = self.names.repo_tags();
        let list = json!([{
            "Config": path(&self.config().blob),
            "RepoTags": (!tags.is_empty()).then_some(tags),
            "Layers": self.layers.iter().map(|layer| path(&layer.blob)).collect::<Vec<_>>(),
        }]);
        list.to_string().into_bytes()
    }
}

/// Where a layout keeps a blob.
pub(super) fn blob_path(blob: &BlobInfo) -> String {
    format!("blobs/sha256/{}", blob.digest.digest())
}

/// What every layout says of itself.
pub(super) const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// A name with Docker Hub's defaults spelt out, as containerd wants it.
fn full_name(name: &str) -> String {
    let reference = name.parse::<Reference>();
    reference.map_or_else(|_| name.to_owned(), |reference| reference.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types() {
        for (from, to) in [
            (
                "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "application/vnd.oci.image.layer.v1.tar+gzip",
            ),
            ("application/vnd.docker.image.rootfs.diff.tar", LAYER),
            (
                "application/vnd.oci.image.layer.v1.tar+zstd",
                "application/vnd.oci.image.layer.v1.tar+zstd",
            ),
        ] {
            assert_eq!(layer_media_type(from), to);
        }
    }

    #[test]
    fn names_in_full() {
        assert_eq!(full_name("app:1"), "docker.io/library/app:1");
        assert_eq!(full_name("me/app:1"), "docker.io/me/app:1");
        assert_eq!(full_name("localhost:5000/app:1"), "localhost:5000/app:1");
    }
}

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
}

/// What is handed over: an image, or one for each of several platforms.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The images; more than one have an index of their own.
    pub images: Vec<Documents>,
    /// The index that listed them where they were read. It is written with the
    /// new images in the place of the old.
    pub index: Option<RawObject>,
    /// What all of it is called.
    pub names: Names,
}

/// The documents of a delivery, ready to be written.
pub(super) struct Rendered {
    /// Configurations, manifests, and the index of several.
    pub(super) documents: Vec<Document>,
    /// What the names stand for: the last of the documents.
    pub(super) top: BlobInfo,
    /// Its media type.
    media_type: &'static str,
    /// The entries of `index.json`, one for each name.
    pub(super) entries: Vec<RawObject>,
    /// For each image, an entry that leads to it alone.
    pub(super) single: Vec<RawObject>,
}

impl Rendered {
    /// Manifests and their media types, each before the index that lists it.
    pub(super) fn manifests(&self) -> Vec<(&Document, &'static str)> {
        let ours = |document: &&Document| {
            let digest = document.blob.digest.as_ref();
            let listed = self
                .single
                .iter()
                .map(|entry| entry.read::<String>("digest"));
            listed.flatten().any(|listed| listed == digest)
        };
        let manifests = self.documents.iter().filter(ours);
        let mut all: Vec<_> = manifests.map(|document| (document, MANIFEST)).collect();
        if self.media_type == INDEX {
            all.extend(self.documents.last().map(|index| (index, INDEX)));
        }
        all
    }
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

    /// What an index says of the manifest.
    fn entry(&self, manifest: &BlobInfo) -> Result<RawObject, SinkError> {
        let failed = failed("the index");
        let old = self.index_entry.clone().unwrap_or_default();
        let mut entry = describe(old, MANIFEST, manifest).map_err(&failed)?;
        if entry.get("platform").is_none() {
            entry.set("platform", &self.platform()).map_err(&failed)?;
        }
        Ok(entry)
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
        index_of(RawObject::default(), entries)
    }
}

/// An index with these entries; what else it says stays.
fn index_of(mut index: RawObject, entries: &[RawObject]) -> Result<Vec<u8>, SinkError> {
    let failed = failed("the index");
    index.set("schemaVersion", &2).map_err(&failed)?;
    index.set("mediaType", INDEX).map_err(&failed)?;
    index.set("manifests", entries).map_err(&failed)?;
    index.to_bytes().map_err(&failed)
}

impl Delivery {
    /// Makes all documents.
    pub(super) fn render(&self) -> Result<Rendered, SinkError> {
        let mut documents = Vec::new();
        let mut single = Vec::new();
        for image in &self.images {
            documents.push(image.config());
            let manifest = image.manifest()?;
            single.push(image.entry(&manifest.blob)?);
            documents.push(manifest);
        }
        let (entry, top, media_type) = match (&single[..], documents.last()) {
            ([only], Some(manifest)) => (only.clone(), manifest.blob.clone(), MANIFEST),
            (several, _) => {
                let plain: Result<Vec<RawObject>, SinkError> =
                    several.iter().map(|entry| named(entry, None)).collect();
                let old = self.index.clone().unwrap_or_default();
                let index = Document::new(index_of(old, &plain?)?);
                let entry = describe(RawObject::default(), INDEX, &index.blob);
                let top = index.blob.clone();
                documents.push(index);
                (entry.map_err(failed("the index"))?, top, INDEX)
            }
        };
        let names = self.names.0.iter().map(|name| named(&entry, Some(name)));
        let entries = match self.names.0.is_empty() {
            true => vec![named(&entry, None)?],
            false => names.collect::<Result<_, _>>()?,
        };
        Ok(Rendered {
            top,
            documents,
            media_type,
            entries,
            single,
        })
    }

    /// `manifest.json`, Docker's list of images.
    pub(super) fn docker_list(&self) -> Vec<u8> {
        let path = |blob: &BlobInfo| blob_path(blob);
        let tags = self.names.repo_tags();
        let entry = |image: &Documents| {
            json!({
                "Config": path(&image.config().blob),
                "RepoTags": (!tags.is_empty()).then_some(&tags),
                "Layers": image.layers.iter().map(|layer| path(&layer.blob)).collect::<Vec<_>>(),
            })
        };
        let list: Vec<_> = self.images.iter().map(entry).collect();
        serde_json::Value::from(list).to_string().into_bytes()
    }
}

/// The entry with this name in place of the one it had.
fn named(entry: &RawObject, name: Option<&str>) -> Result<RawObject, SinkError> {
    let failed = failed("the index");
    let mut entry = entry.clone();
    let mut annotations: RawObject = entry.read("annotations").unwrap_or_default();
    annotations.remove(REF_NAME);
    annotations.remove(FULL_NAME);
    if let Some(name) = name {
        let ref_name = match tag(name) {
            Some(tag) => {
                let full = full_name(name);
                annotations.set(FULL_NAME, &full).map_err(&failed)?;
                tag
            }
            None => name,
        };
        annotations.set(REF_NAME, ref_name).map_err(&failed)?;
    }
    match annotations.is_empty() {
        true => entry.remove("annotations"),
        false => entry.set("annotations", &annotations).map_err(&failed)?,
    }
    Ok(entry)
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

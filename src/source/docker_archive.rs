//! `docker save` archives: `manifest.json`, configurations and layers by
//! member name. Written by Docker (old and OCI-compatible layout), podman,
//! skopeo, kaniko, Jib, bazel and others.

use super::error::SourceError;
use super::oci_layout::{entry_bytes, raw_entries};
use super::select::{Choice, names, pick_platform};
use super::store::Store;
use super::{Family, OpenImage};
use crate::codec::Limits;
use crate::oci::{
    Digest, DockerManifestEntry, Document, Image, ImageConfig, ImageDocuments, LayerDescriptor,
    Platform, digest_of, parse_docker_manifest,
};

pub(super) const MANIFEST: &str = "manifest.json";

/// Opens the image that `choice` names for every platform that it has.
pub(super) fn open_family(
    store: &dyn Store,
    choice: &Choice,
    limits: &Limits,
) -> Result<Family, SourceError> {
    let entries = entries(store, limits)?;
    let mut images = Vec::new();
    for entry in by_name(store, &entries, choice)? {
        let config = read_config(store, entry, limits)?;
        images.push(build(store, entry, config, limits)?);
    }
    let index = None;
    Ok(Family { images, index })
}

fn entries(store: &dyn Store, limits: &Limits) -> Result<Vec<DockerManifestEntry>, SourceError> {
    let manifest = store
        .document(MANIFEST, limits.document_bytes)?
        .ok_or_else(|| store.missing("the list of images", MANIFEST))?;
    parse_docker_manifest(&manifest).map_err(|e| store.bad_document(e))
}

/// Opens the image that `choice` names.
pub(super) fn open(
    store: &dyn Store,
    choice: &Choice,
    limits: &Limits,
) -> Result<OpenImage, SourceError> {
    let entries = entries(store, limits)?;
    let entries = by_name(store, &entries, choice)?;
    let mut platforms = Vec::new();
    for entry in &entries {
        // One configuration at a time: there may be many, and large ones.
        let (_, config, _) = read_config(store, entry, limits)?;
        platforms.push(Some(platform_of(&config)));
    }
    let chosen = pick_platform(&platforms, choice.platform.as_ref()).map_err(|wanted| {
        SourceError::NoPlatform {
            place: store.place().to_owned(),
            wanted: wanted.to_string(),
            choices: platforms
                .iter()
                .flatten()
                .map(Platform::to_string)
                .collect(),
        }
    })?;
    let config = read_config(store, entries[chosen], limits)?;
    build(store, entries[chosen], config, limits)
}

/// The entries that carry the wanted name; without a wish, all entries, which
/// must then be one image (for one or several platforms).
fn by_name<'a>(
    store: &dyn Store,
    entries: &'a [DockerManifestEntry],
    choice: &Choice,
) -> Result<Vec<&'a DockerManifestEntry>, SourceError> {
    let choices = || -> Vec<String> {
        entries
            .iter()
            .enumerate()
            .map(|(i, entry)| match entry.repo_tags.as_slice() {
                [] => format!("@{i} (untagged, {})", entry.config),
                tags => tags.join(", "),
            })
            .collect()
    };
    let Some(wanted) = &choice.reference else {
        let same_tags = entries
            .iter()
            .all(|entry| entry.repo_tags == entries[0].repo_tags && !entry.repo_tags.is_empty());
        if entries.len() == 1 || same_tags {
            return Ok(entries.iter().collect());
        }
        return Err(SourceError::Ambiguous {
            place: store.place().to_owned(),
            choices: choices(),
        });
    };
    let found: Vec<_> = match wanted.strip_prefix('@') {
        Some(index) => index
            .parse::<usize>()
            .ok()
            .and_then(|i| entries.get(i))
            .into_iter()
            .collect(),
        None => entries
            .iter()
            .filter(|entry| {
                entry.repo_tags.iter().any(|tag| names(wanted, tag)) || is_id(wanted, &entry.config)
            })
            .collect(),
    };
    if found.is_empty() {
        return Err(SourceError::NoSuchTag {
            place: store.place().to_owned(),
            wanted: wanted.clone(),
            choices: choices(),
        });
    }
    Ok(found)
}

/// Whether `wanted` is an image ID (or the start of one) of this configuration.
fn is_id(wanted: &str, config: &str) -> bool {
    let wanted = wanted.strip_prefix("sha256:").unwrap_or(wanted);
    wanted.len() >= 12
        && wanted.bytes().all(|b| b.is_ascii_hexdigit())
        && named_digest(config).is_some_and(|digest| digest.digest().starts_with(wanted))
}

fn read_config(
    store: &dyn Store,
    entry: &DockerManifestEntry,
    limits: &Limits,
) -> Result<(Digest, ImageConfig, Vec<u8>), SourceError> {
    let bytes = store
        .document(&entry.config, limits.document_bytes)?
        .ok_or_else(|| store.missing("configuration", &entry.config))?;
    if let Some(digest) = named_digest(&entry.config) {
        store.verify(&bytes, &digest, "the image configuration")?;
    }
    let config = ImageConfig::parse(&bytes).map_err(|e| store.bad_document(e))?;
    Ok((digest_of(&bytes), config, bytes))
}

/// The digest that a member's name promises: `<hex>.json`, `sha256:<hex>` or
/// `blobs/sha256/<hex>`.
fn named_digest(member: &str) -> Option<Digest> {
    let hex = member
        .strip_suffix(".json")
        .or_else(|| member.strip_prefix("sha256:"))
        .or_else(|| member.strip_prefix("blobs/sha256/"))?;
    Digest::try_from(format!("sha256:{hex}")).ok()
}

pub(super) fn platform_of(config: &ImageConfig) -> Platform {
    Platform {
        os: config.os.clone(),
        architecture: config.architecture.clone(),
        variant: config.variant.clone(),
    }
}

fn build(
    store: &dyn Store,
    entry: &DockerManifestEntry,
    (config_digest, config, config_bytes): (Digest, ImageConfig, Vec<u8>),
    limits: &Limits,
) -> Result<OpenImage, SourceError> {
    let mut warnings = Vec::new();
    let diff_ids = diff_ids(store, &config, entry.layers.len(), &mut warnings)?;
    let mut layers = Vec::new();
    let mut blobs = Vec::new();
    for (i, (name, diff_id)) in entry.layers.iter().zip(diff_ids).enumerate() {
        let blob = store
            .blob(name)?
            .ok_or_else(|| store.missing(format!("layer {i}"), name))?;
        let digest = name
            .strip_prefix("blobs/sha256/")
            .and_then(|hex| Digest::try_from(format!("sha256:{hex}")).ok());
        layers.push(LayerDescriptor {
            digest,
            diff_id,
            media_type: String::new(),
            size: blob.len(),
        });
        blobs.push(blob);
    }
    let mut image = Image {
        reference: entry.repo_tags.first().cloned().unwrap_or_default(),
        digest: None,
        platform: platform_of(&config),
        config_digest,
        config,
        annotations: std::collections::BTreeMap::new(),
        names: entry.repo_tags.clone(),
        documents: ImageDocuments {
            config: config_bytes,
            ..ImageDocuments::default()
        },
        layers,
    };
    if let Err(error) = add_oci_manifest(store, &mut image, limits) {
        warnings.push(format!("index.json of the archive is not used: {error}"));
    }
    Ok(OpenImage {
        image,
        blobs,
        source: "docker-archive",
        warnings,
        attestations: 0,
    })
}

/// One optional diff_id a layer; counts that differ are only worth a warning,
/// since they do not change what the layers hold.
pub(super) fn diff_ids(
    store: &dyn Store,
    config: &ImageConfig,
    layers: usize,
    warnings: &mut Vec<String>,
) -> Result<Vec<Option<Digest>>, SourceError> {
    if layers > Limits::LAYERS {
        return Err(SourceError::Unsupported {
            place: store.place().to_owned(),
            what: format!(
                "the image has {layers} layers, more than {}",
                Limits::LAYERS
            ),
        });
    }
    let declared = &config.rootfs.diff_ids;
    if declared.len() != layers {
        warnings.push(format!(
            "the configuration lists {} diff_ids for {layers} layers",
            declared.len()
        ));
    }
    let history = config.layer_history().count();
    if history != layers && !config.history.is_empty() {
        warnings.push(format!(
            "the history lists {history} layers, the image has {layers}"
        ));
    }
    let mut ids: Vec<Option<Digest>> = Vec::with_capacity(layers);
    for text in declared.iter().take(layers) {
        let digest = Digest::try_from(text.as_str()).map_err(|e| {
            store.bad_document(crate::oci::OciError::meaning(
                "the image configuration",
                format!("diff_id {text:?}: {e}"),
            ))
        })?;
        ids.push(Some(digest));
    }
    // With counts that differ nobody knows which diff_id is whose.
    if declared.len() != layers {
        ids.clear();
    }
    ids.resize(layers, None);
    Ok(ids)
}

/// Docker 25 and later also write an OCI index; it knows the manifest's digest.
fn add_oci_manifest(
    store: &dyn Store,
    image: &mut Image,
    limits: &Limits,
) -> Result<(), SourceError> {
    let Some(bytes) = store.document("index.json", limits.document_bytes)? else {
        return Ok(());
    };
    let index = Document::parse("index.json", &bytes).map_err(|e| store.bad_document(e))?;
    let Document::Index(index) = index else {
        return Ok(());
    };
    let raw = raw_entries(&bytes, &index);
    for (at, descriptor) in index.manifests().iter().enumerate().take(64) {
        if !crate::oci::is_manifest(descriptor.media_type()) {
            continue;
        }
        let path = store.blob_path(descriptor.digest())?;
        let Some(bytes) = store.document(&path, limits.document_bytes)? else {
            continue;
        };
        let found = crate::oci::digest_of(&bytes);
        if &found != descriptor.digest() {
            return Err(SourceError::Mismatch {
                place: store.place().to_owned(),
                what: "digest",
                name: path,
                expected: descriptor.digest().to_string(),
                found: found.to_string(),
            });
        }
        let manifest =
            Document::parse("the manifest", &bytes).map_err(|e| store.bad_document(e))?;
        if let Document::Manifest(manifest) = manifest
            && manifest.config().digest() == &image.config_digest
        {
            image.documents.index_entry = entry_bytes(raw.get(at).map(AsRef::as_ref), descriptor);
            image.documents.manifest = Some(bytes);
            image.digest = Some(descriptor.digest().clone());
            image.annotations = manifest
                .annotations()
                .iter()
                .flatten()
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            return Ok(());
        }
    }
    Ok(())
}

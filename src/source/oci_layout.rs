//! OCI image layouts (image-spec `image-layout.md`), in a folder or an archive.

use std::collections::HashSet;

use serde_json::value::RawValue;

use super::docker_archive::{diff_ids, platform_of};
use super::error::SourceError;
use super::select::{Choice, names, pick_platform};
use super::store::Store;
use super::{Family, LayerBlob, OpenImage, RemoteBlob};
use crate::codec::Limits;
use crate::oci::{
    ATTESTATION_TYPE, Descriptor, Document, Image, ImageConfig, ImageDocuments, ImageIndex,
    ImageManifest, LayerDescriptor, Platform, RawObject, TocPlace, is_foreign, is_layer,
};

pub(super) const INDEX: &str = "index.json";

/// Annotation with the name of an image in `index.json`.
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// Annotation with the full name, written by containerd and Docker.
const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// Indexes inside indexes that are followed; registries have one.
const DEPTH: usize = 8;
/// Annotation of an attestation: the manifest that it is about.
const ATTESTED: &str = "vnd.docker.reference.digest";

/// Opens the image that `choice` names.
pub(super) fn open(
    store: &dyn Store,
    choice: &Choice,
    source: &'static str,
    limits: &Limits,
) -> Result<OpenImage, SourceError> {
    let found = find(store, choice, limits)?;
    let platforms: Vec<_> = found
        .candidates
        .iter()
        .map(|candidate| Some(candidate.platform.clone()))
        .collect();
    let chosen = pick_platform(&platforms, choice.platform.as_ref()).map_err(|wanted| {
        SourceError::NoPlatform {
            place: store.place().to_owned(),
            wanted: wanted.to_string(),
            choices: match platforms.as_slice() {
                [] => vec!["nothing: the index names no image".to_owned()],
                found => found.iter().flatten().map(Platform::to_string).collect(),
            },
        }
    })?;
    let (names, warnings) = (found.names, found.warnings);
    let candidate = found.candidates.into_iter().nth(chosen);
    let Some(candidate) = candidate else {
        return Err(store.missing("image", INDEX));
    };
    build(store, candidate, names, source, warnings)
}

/// Opens the image that `choice` names for every platform that it has.
pub(super) fn open_family(
    store: &dyn Store,
    choice: &Choice,
    source: &'static str,
    limits: &Limits,
) -> Result<Family, SourceError> {
    let found = find(store, choice, limits)?;
    let mut images = Vec::new();
    let mut warnings = found.warnings;
    for candidate in found.candidates {
        let warnings = std::mem::take(&mut warnings);
        let names = found.names.clone();
        images.push(build(store, candidate, names, source, warnings)?);
    }
    match images.is_empty() {
        true => Err(store.missing("image", INDEX)),
        false => Ok(Family {
            images,
            index: found.index,
        }),
    }
}

/// What a name stands for.
struct Found {
    /// The image for each platform.
    candidates: Vec<Candidate>,
    /// The index that lists the platforms, when the name stands for one.
    index: Option<Vec<u8>>,
    names: Vec<String>,
    warnings: Vec<String>,
}

fn find(store: &dyn Store, choice: &Choice, limits: &Limits) -> Result<Found, SourceError> {
    let bytes = store
        .document(INDEX, limits.document_bytes)?
        .ok_or_else(|| store.missing("the index", INDEX))?;
    let index = match Document::parse(INDEX, &bytes).map_err(|e| store.bad_document(e))? {
        Document::Index(index) => index,
        Document::Manifest(_) => {
            return Err(store.bad_document(crate::oci::OciError::meaning(
                INDEX,
                "it is a manifest, not an index",
            )));
        }
    };
    let roots = by_name(store, &index, choice)?;
    let mut names: Vec<String> = roots.iter().map(|root| name_of(root)).collect();
    names.retain(|name| !name.is_empty());
    names.dedup();
    let mut search = Search {
        store,
        limits,
        seen: HashSet::new(),
        found: Vec::new(),
        unusable: None,
        index: None,
        attestations: Vec::new(),
    };
    search.note_attestations(&index);
    let raw = raw_entries(&bytes, &index);
    let mut roots = roots.into_iter().peekable();
    for (at, descriptor) in index.manifests().iter().enumerate() {
        let wanted = roots.next_if(|root| std::ptr::eq(*root, descriptor));
        if wanted.is_some() {
            search.child(descriptor, raw.get(at).map(AsRef::as_ref), None, 0)?;
        }
    }
    let mut candidates = search.found;
    for candidate in &mut candidates {
        let digest = candidate.descriptor.digest().as_ref();
        let about = search.attestations.iter().filter(|about| *about == digest);
        candidate.attestations = about.count();
    }
    let mut warnings = Vec::new();
    match search.unusable {
        Some(why) if candidates.is_empty() => return Err(why),
        Some(why) => warnings.push(format!("left out of the choice: {why}")),
        None => {}
    }
    Ok(Found {
        candidates,
        index: search.index,
        names,
        warnings,
    })
}

/// The descriptors that carry the wanted name; without a wish, all of them,
/// which must then have one name.
fn by_name<'a>(
    store: &dyn Store,
    index: &'a ImageIndex,
    choice: &Choice,
) -> Result<Vec<&'a Descriptor>, SourceError> {
    let images: Vec<_> = index
        .manifests()
        .iter()
        .filter(|descriptor| !is_attestation(descriptor))
        .collect();
    let choices = || {
        images
            .iter()
            .enumerate()
            .map(|(i, descriptor)| match name_of(descriptor).as_str() {
                "" => format!("@{i} (unnamed, {})", descriptor.digest()),
                name => name.to_owned(),
            })
            .collect()
    };
    let Some(wanted) = &choice.reference else {
        let distinct: HashSet<_> = images.iter().map(|d| name_of(d)).collect();
        let targets: HashSet<_> = images.iter().map(|d| d.digest().as_ref()).collect();
        if distinct.len() > 1 && targets.len() > 1 {
            return Err(SourceError::Ambiguous {
                place: store.place().to_owned(),
                choices: choices(),
            });
        }
        return Ok(images);
    };
    let found: Vec<_> = match wanted.strip_prefix('@').map(str::parse::<usize>) {
        Some(Ok(i)) => images.get(i).copied().into_iter().collect(),
        _ => images
            .iter()
            .copied()
            .filter(|descriptor| {
                let annotations = descriptor.annotations().as_ref();
                let is = |key| {
                    annotations
                        .and_then(|a| a.get(key))
                        .is_some_and(|have| names(wanted, have))
                };
                is(REF_NAME)
                    || is(CONTAINERD_NAME)
                    || wanted.trim_start_matches('@') == descriptor.digest().as_ref()
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

fn name_of(descriptor: &Descriptor) -> String {
    let annotations = descriptor.annotations().as_ref();
    annotations
        .and_then(|a| a.get(CONTAINERD_NAME).or_else(|| a.get(REF_NAME)))
        .cloned()
        .unwrap_or_default()
}

fn is_attestation(descriptor: &Descriptor) -> bool {
    let (key, value) = ATTESTATION_TYPE;
    descriptor
        .annotations()
        .as_ref()
        .and_then(|a| a.get(key))
        .is_some_and(|found| found == value)
}

/// The entries of an index as they are written, in its order: with keys that
/// nobody here knows, and with theirs in the order that they have. Empty where
/// they cannot be told apart.
pub(super) fn raw_entries(bytes: &[u8], index: &ImageIndex) -> Vec<Box<RawValue>> {
    let raw = RawObject::parse(INDEX, bytes).ok();
    let raw: Option<Vec<Box<RawValue>>> = raw.and_then(|raw| raw.read("manifests"));
    raw.filter(|raw| raw.len() == index.manifests().len())
        .unwrap_or_default()
}

/// The bytes of an entry, as it is written where that is known and no key of
/// it comes twice.
pub(super) fn entry_bytes(raw: Option<&RawValue>, entry: &Descriptor) -> Option<Vec<u8>> {
    let raw = raw.map(|raw| raw.get().as_bytes());
    match raw.filter(|raw| RawObject::parse("an index entry", raw).is_ok()) {
        Some(raw) => Some(raw.to_vec()),
        None => serde_json::to_vec(entry).ok(),
    }
}

/// A manifest that may be the image.
struct Candidate {
    descriptor: Descriptor,
    manifest: Box<ImageManifest>,
    config: ImageConfig,
    documents: ImageDocuments,
    platform: Platform,
    /// Manifests beside it that say something about it.
    attestations: usize,
}

struct Search<'a> {
    store: &'a dyn Store,
    limits: &'a Limits,
    seen: HashSet<String>,
    found: Vec<Candidate>,
    /// Why the first manifest that is no image, or is not here, was left out.
    unusable: Option<SourceError>,
    /// The first index that a name leads to.
    index: Option<Vec<u8>>,
    /// For each attestation, the digest of the manifest that it is about.
    attestations: Vec<String>,
}

impl Search<'_> {
    fn note_attestations(&mut self, index: &ImageIndex) {
        let all = index.manifests().iter().filter(|d| is_attestation(d));
        let about = all.filter_map(|d| d.annotations().as_ref()?.get(ATTESTED).cloned());
        self.attestations.extend(about);
    }

    /// As [`Search::descend`], but a manifest that cannot be used does not stand
    /// in the way of others: charts lie beside images, and engines save the
    /// index of all platforms with the blobs of one.
    fn child(
        &mut self,
        descriptor: &Descriptor,
        raw: Option<&RawValue>,
        platform: Option<Platform>,
        depth: usize,
    ) -> Result<(), SourceError> {
        match self.descend(descriptor, raw, platform, depth) {
            Err(why @ (SourceError::Missing { .. } | SourceError::NoImage { .. })) => {
                self.unusable.get_or_insert(why);
                Ok(())
            }
            done => done,
        }
    }

    fn descend(
        &mut self,
        descriptor: &Descriptor,
        raw: Option<&RawValue>,
        platform: Option<Platform>,
        depth: usize,
    ) -> Result<(), SourceError> {
        if is_attestation(descriptor) || !self.seen.insert(descriptor.digest().to_string()) {
            return Ok(());
        }
        if depth > DEPTH {
            return Err(SourceError::Unsupported {
                place: self.store.place().to_owned(),
                what: format!("indexes are nested more than {DEPTH} deep"),
            });
        }
        let platform = descriptor.platform().as_ref().map(declared).or(platform);
        let bytes = self
            .store
            .described(descriptor, "the manifest", self.limits.document_bytes)?;
        let document =
            Document::parse("the manifest", &bytes).map_err(|e| self.store.bad_document(e))?;
        match document {
            Document::Index(index) => {
                self.note_attestations(&index);
                let raw = raw_entries(&bytes, &index);
                self.index.get_or_insert(bytes);
                for (at, child) in index.manifests().iter().enumerate() {
                    let entry = raw.get(at).map(AsRef::as_ref);
                    self.child(child, entry, platform.clone(), depth + 1)?;
                }
                Ok(())
            }
            Document::Manifest(manifest) => {
                let entry = entry_bytes(raw, descriptor);
                self.candidate(descriptor, entry, manifest, bytes, platform)
            }
        }
    }

    fn candidate(
        &mut self,
        descriptor: &Descriptor,
        index_entry: Option<Vec<u8>>,
        manifest: Box<ImageManifest>,
        manifest_bytes: Vec<u8>,
        platform: Option<Platform>,
    ) -> Result<(), SourceError> {
        let kind = manifest.config().media_type().as_ref();
        let is_image = [
            "application/vnd.oci.image.config.v1+json",
            "application/vnd.docker.container.image.v1+json",
        ]
        .contains(&kind);
        if !is_image {
            return Err(SourceError::NoImage {
                place: self.store.place().to_owned(),
                kind: kind.to_owned(),
            });
        }
        let bytes = self.store.described(
            manifest.config(),
            "the image configuration",
            self.limits.document_bytes,
        )?;
        let config = ImageConfig::parse(&bytes).map_err(|e| self.store.bad_document(e))?;
        let platform = platform.unwrap_or_else(|| platform_of(&config));
        self.found.push(Candidate {
            descriptor: descriptor.clone(),
            manifest,
            config,
            documents: ImageDocuments {
                config: bytes,
                manifest: Some(manifest_bytes),
                index_entry,
            },
            platform,
            attestations: 0,
        });
        Ok(())
    }
}

fn declared(platform: &oci_spec::image::Platform) -> Platform {
    Platform {
        os: platform.os().to_string(),
        architecture: platform.architecture().to_string(),
        variant: platform.variant().clone().unwrap_or_default(),
    }
}

fn build(
    store: &dyn Store,
    candidate: Candidate,
    names: Vec<String>,
    source: &'static str,
    mut warnings: Vec<String>,
) -> Result<OpenImage, SourceError> {
    let Candidate {
        descriptor,
        manifest,
        config,
        documents,
        platform,
        attestations,
    } = candidate;
    let diff_ids = diff_ids(store, &config, manifest.layers().len(), &mut warnings)?;
    let mut layers = Vec::new();
    let mut blobs = Vec::new();
    for (i, (layer, diff_id)) in manifest.layers().iter().zip(diff_ids).enumerate() {
        blobs.push(layer_blob(store, layer, i)?);
        layers.push(LayerDescriptor {
            digest: Some(layer.digest().clone()),
            diff_id,
            media_type: layer.media_type().to_string(),
            size: Some(layer.size()),
        });
    }
    let image = Image {
        reference: names.first().cloned().unwrap_or_default(),
        names,
        documents,
        digest: Some(descriptor.digest().clone()),
        config_digest: manifest.config().digest().clone(),
        platform,
        config,
        annotations: manifest
            .annotations()
            .iter()
            .flatten()
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
        layers,
    };
    Ok(OpenImage {
        image,
        blobs,
        source,
        warnings,
        attestations,
    })
}

fn layer_blob(
    store: &dyn Store,
    layer: &Descriptor,
    index: usize,
) -> Result<LayerBlob, SourceError> {
    let media_type = layer.media_type().as_ref();
    if !is_layer(media_type) {
        return Ok(LayerBlob::Unsupported(format!(
            "media type {media_type:?} is no file system layer"
        )));
    }
    let path = store.blob_path(layer.digest())?;
    let foreign = is_foreign(media_type);
    match store.blob(&path)? {
        // Registries seldom have them, and asking costs a request.
        Some(LayerBlob::Remote(_)) if foreign => {}
        Some(LayerBlob::Remote(remote)) => {
            return Ok(LayerBlob::Remote(RemoteBlob {
                size: layer.size(),
                toc: layer.annotations().as_ref().and_then(TocPlace::of),
                ..remote
            }));
        }
        Some(blob) => return Ok(blob),
        None => {}
    }
    if foreign {
        return Ok(LayerBlob::Foreign {
            urls: layer.urls().clone().unwrap_or_default(),
        });
    }
    Err(store.missing(format!("layer {index}"), layer.digest().as_ref()))
}

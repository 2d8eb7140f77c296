//! What was read of the blobs, put together layer by layer and checked.

use std::sync::Arc;

use super::{Contents, Layer, LayerContent, Outcome, Scan, ScanError, ScannedImage, Verify};
use crate::codec::Compression;
use crate::layer::changeset::FileTable;
use crate::layer::error::LayerError;
use crate::layer::record::Recorder;
use crate::oci;
use crate::source::LayerBlob;

impl Scan<'_> {
    pub(super) fn assemble(
        &self,
        outcomes: Vec<Vec<Result<Outcome, LayerError>>>,
        first: &[usize],
    ) -> Result<ScannedImage, ScanError> {
        let mut warnings = self.open.warnings.clone();
        let mut layers: Vec<Layer> = Vec::new();
        let mut stored: u64 = 0;
        for (index, outcomes) in outcomes.into_iter().enumerate() {
            let layer = if first[index] == index {
                self.layer(index, outcomes, &mut warnings)
            } else {
                let again = layers[first[index]].clone();
                let entries = again.set.changeset.len() as u64;
                self.budget.take_many(entries).map(|()| again)
            };
            let descriptor = &self.open.image.layers[index];
            let failed = |source| ScanError::Layer {
                index,
                digest: descriptor.digest.clone().or(descriptor.diff_id.clone()),
                source,
            };
            let layer = layer.map_err(failed)?;
            // Sparse files may claim any size; sums of them must mean something.
            stored = layer
                .set
                .changeset
                .entries()
                .try_fold(stored, |sum, entry| sum.checked_add(entry.size()))
                .filter(|&sum| i64::try_from(sum).is_ok())
                .ok_or_else(|| failed(LayerError::Sizes))?;
            for mismatch in mismatches(descriptor, &layer) {
                if self.options.verify != Verify::Warn {
                    return Err(failed(mismatch));
                }
                warnings.push(format!("layer {}: {mismatch}", index));
            }
            layers.push(layer);
        }
        Ok(ScannedImage {
            image: self.open.image.clone(),
            source: self.open.source,
            layers,
            hash: self.options.hash,
            warnings,
        })
    }

    fn layer(
        &self,
        index: usize,
        outcomes: Vec<Result<Outcome, LayerError>>,
        warnings: &mut Vec<String>,
    ) -> Result<Layer, LayerError> {
        let descriptor = &self.open.image.layers[index];
        let mut layer = Layer {
            set: Arc::new(LayerContent {
                changeset: Recorder::new(FileTable::Stored(Vec::new()), self.budget)
                    .finish()
                    .0,
                contents: Contents::Absent,
            }),
            digest: descriptor.digest.clone(),
            diff_id: descriptor.diff_id.clone(),
            media_type: descriptor.media_type.clone(),
            compressed_bytes: descriptor.size.unwrap_or(0),
            uncompressed_bytes: 0,
            skipped: None,
        };
        match &self.open.blobs[index] {
            LayerBlob::Foreign { urls } => {
                layer.skipped = Some("foreign".to_owned());
                let urls: Vec<_> = urls
                    .iter()
                    .map(|url| url.escape_debug().to_string())
                    .collect();
                warnings.push(format!(
                    "layer {} is foreign and not in the image; it is reported but not fetched{}{}",
                    index,
                    if urls.is_empty() { "" } else { " from " },
                    urls.join(", ")
                ));
                return Ok(layer);
            }
            LayerBlob::Unsupported(what) => return Err(LayerError::Unsupported(what.clone())),
            LayerBlob::Range(_) | LayerBlob::Remote(_) | LayerBlob::Passed(_) => {}
        }
        let mut compression = Compression::None;
        // A failed walk says more than the digest that then differs.
        let mut sorted = outcomes;
        sorted.sort_by_key(|outcome| matches!(outcome, Ok(Outcome::Hashed(_))));
        for outcome in sorted {
            match (outcome?, &self.open.blobs[index]) {
                (Outcome::Walked(changeset, odd), LayerBlob::Range(range)) => {
                    self.note_media_type(index, Compression::None, warnings);
                    add_warnings(warnings, index, odd);
                    layer.compressed_bytes = range.len;
                    layer.uncompressed_bytes = range.len;
                    layer.set = Arc::new(LayerContent {
                        changeset,
                        contents: Contents::Stored(range.clone()),
                    });
                }
                (Outcome::Streamed(streamed), _) => {
                    compression = streamed.compression;
                    self.note_media_type(index, streamed.compression, warnings);
                    add_warnings(warnings, index, streamed.warnings);
                    layer.digest = Some(streamed.digest);
                    layer.diff_id = Some(streamed.diff_id);
                    layer.compressed_bytes = streamed.compressed_bytes;
                    layer.uncompressed_bytes = streamed.uncompressed_bytes;
                    layer.set = Arc::new(LayerContent {
                        changeset: streamed.changeset,
                        contents: streamed.contents,
                    });
                }
                (Outcome::Hashed(digest), _) => {
                    layer.digest = Some(digest.clone());
                    layer.diff_id = Some(digest);
                }
                (Outcome::Walked(..), _) => {}
            }
        }
        if layer.media_type.is_empty() {
            layer.media_type = docker_media_type(compression).to_owned();
        }
        // The digest of an uncompressed blob is its diff_id by definition.
        if compression == Compression::None && layer.digest.is_none() {
            layer.digest.clone_from(&layer.diff_id);
        }
        Ok(layer)
    }

    fn note_media_type(&self, index: usize, found: Compression, warnings: &mut Vec<String>) {
        let media_type = &self.open.image.layers[index].media_type;
        if let Some(declared) = oci::declared_compression(media_type)
            && declared != found.to_string()
        {
            warnings.push(format!(
                "layer {index} is {found} although its media type says {declared}",
            ));
        }
    }
}

/// Docker archives name no media types; these are the ones their layers have.
fn docker_media_type(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "application/vnd.docker.image.rootfs.diff.tar",
        Compression::Gzip => "application/vnd.docker.image.rootfs.diff.tar.gzip",
        Compression::Zstd => "application/vnd.docker.image.rootfs.diff.tar.zstd",
    }
}

fn add_warnings(warnings: &mut Vec<String>, index: usize, odd: Vec<String>) {
    warnings.extend(
        odd.into_iter()
            .map(|message| format!("layer {}: {message}", index)),
    );
}

/// Everything about `layer` that is not as `descriptor` promised.
fn mismatches(descriptor: &oci::LayerDescriptor, layer: &Layer) -> Vec<LayerError> {
    let mut found = Vec::new();
    if layer.skipped.is_some() {
        return found;
    }
    if let Some(size) = descriptor.size
        && size != layer.compressed_bytes
    {
        found.push(LayerError::Mismatch {
            what: "size",
            expected: format!("{size} bytes"),
            found: format!("{} bytes", layer.compressed_bytes),
        });
    }
    let pairs = [
        ("digest", &descriptor.digest, &layer.digest),
        ("diff_id", &descriptor.diff_id, &layer.diff_id),
    ];
    for (what, promised, read) in pairs {
        if let (Some(promised), Some(read)) = (promised, read)
            && promised != read
        {
            found.push(LayerError::digest(what, promised, read));
        }
    }
    found
}

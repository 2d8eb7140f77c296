//! Reading, planning, writing, reading back.

use std::sync::Arc;

use super::configuration::{apart, folded};
use super::layers::{described, descriptors, keep, make, recompress};
use super::reading::{
    digested, facts, fetch_kept, first_differences, is_stored, read, read_back, refuse, stored,
    trees,
};
use super::{Facts, Part, Request, Shape, SquashError, Squashed};
use crate::layer::{LayerContent, ScannedImage};
use crate::oci::{Image, RawObject, is_foreign};
use crate::rewrite::{self, Plan, Stacked};
use crate::sink::{Delivery, Documents, LayerEntry, Names, Sink, Staged};
use crate::source::{OpenImage, Opened};
use crate::tree::{ContentDigests, Digested, Tree};

/// Squashes the image, and shows that the result has the same file system.
///
/// # Errors
/// [`SquashError`]; nothing is left of the result then.
pub fn squash(opened: Opened, request: &Request<'_>) -> Result<Squashed, SquashError> {
    let open = match opened {
        Opened::Image(open) => open,
        Opened::Stream(stream) => stream.keep(&request.limits)?,
    };
    let part = Part {
        open,
        range: request.range.clone(),
    };
    let mut all = squash_all(vec![part], None, request)?;
    all.pop().ok_or(SquashError::NoImage)
}

/// Squashes an image for all its platforms into one delivery. `index` is the
/// index that listed them.
///
/// # Errors
/// [`SquashError`]; nothing is left of the result then.
pub fn squash_all(
    parts: Vec<Part>,
    index: Option<&[u8]>,
    request: &Request<'_>,
) -> Result<Vec<Squashed>, SquashError> {
    let Some(first) = parts.first() else {
        return Err(SquashError::NoImage);
    };
    if parts.len() > 1 && !request.destination.takes_several() {
        return Err(SquashError::SeveralPlatforms);
    }
    let names = request.names_for(&first.open.image);
    let mut sink = request.destination.open(&request.writing)?;
    let mut rewritten = Vec::new();
    let mut images = Vec::new();
    for part in parts {
        let (done, documents) = rewrite_image(&mut *sink, part, request)?;
        rewritten.push(done);
        images.push(documents);
    }
    let delivery = Delivery {
        images,
        index: index.and_then(|bytes| RawObject::parse("the index", bytes).ok()),
        names: Names(names),
    };
    let staged = sink.finish(&delivery)?;
    let mut squashed = Vec::new();
    for (number, done) in rewritten.into_iter().enumerate() {
        squashed.push(done.prove(&*staged, number, request)?);
    }
    staged.commit()?;
    Ok(squashed)
}

/// An image whose layers were written, and what it was before.
pub(super) struct Rewritten {
    input: Facts,
    /// Files stored in its layers, and their bytes.
    stored: (u64, u64),
    tree: Tree,
    digests: ContentDigests,
    kept: usize,
    warnings: Vec<String>,
}

/// Reads one image and writes its layers.
fn rewrite_image(
    sink: &mut dyn Sink,
    part: Part,
    request: &Request<'_>,
) -> Result<(Rewritten, Documents), SquashError> {
    let Part { mut open, range } = part;
    let from = match request.shape {
        Shape::Recompress => open.blobs.len(),
        Shape::Fold | Shape::Apart | Shape::Repack { .. } => {
            rewrite::first_layer(&open.image, &range)?
        }
    };
    refuse(&open, from)?;
    fetch_kept(&mut open, from, request)?;
    let again = |warnings: &[String]| OpenImage {
        image: open.image.clone(),
        blobs: open.blobs.clone(),
        source: open.source,
        warnings: warnings.to_vec(),
        attestations: open.attestations,
    };
    let mut scanned = read(again(&open.warnings), Some(from), request)?;
    let mut merged = Merged::of(&scanned, from, None, request)?;
    // Files whose last name in a kept layer goes: their contents are needed.
    let deepest = merged.plan.sources(&merged.full).into_iter().min();
    if let Some(deepest) = deepest.filter(|&layer| !is_stored(&merged.full, layer)) {
        scanned = read(again(&open.warnings), Some(deepest as usize), request)?;
        merged = Merged::of(&scanned, from, None, request)?;
    }
    write_layers(sink, &open, &scanned, merged, from, request)
}

/// The file systems before and after the range, and the layer between them.
pub(super) struct Merged {
    full: Tree,
    base: Tree,
    log: Vec<String>,
    plan: Plan,
}

impl Merged {
    pub(super) fn of(
        scanned: &ScannedImage,
        from: usize,
        overlay: Option<Arc<LayerContent>>,
        request: &Request<'_>,
    ) -> Result<Self, SquashError> {
        let (full, base, log) = trees(scanned, from, overlay);
        let plan = Plan::new(&full, &base, request.limits.layer_bytes)?;
        Ok(Merged {
            full,
            base,
            log,
            plan,
        })
    }
}

/// Writes the layers of an image that was read.
pub(super) fn write_layers(
    sink: &mut dyn Sink,
    open: &OpenImage,
    scanned: &ScannedImage,
    merged: Merged,
    from: usize,
    request: &Request<'_>,
) -> Result<(Rewritten, Documents), SquashError> {
    let Merged {
        full,
        base,
        log,
        plan,
    } = merged;
    let mut digests = ContentDigests::new();
    let old = descriptors(&open.image);
    let mut entries = Vec::new();
    for (layer, blob) in open.blobs.iter().enumerate().take(from) {
        let kept = match request.shape {
            // What may not be handed on is not made anew either.
            Shape::Recompress if !is_foreign(&scanned.layers[layer].media_type) => {
                recompress(sink, blob, layer, request)?
            }
            _ => keep(sink, scanned, blob, layer, request)?,
        };
        entries.push(described(kept, scanned, layer, &old));
    }
    let mut kept = from;
    let config = match request.shape {
        // Nothing is above the layers that stay.
        _ if from == full.layers().len() => folded(open, scanned, from, &[], request)?,
        Shape::Apart => {
            // Only what was laid over the image makes a difference.
            let laid_over = full.layers().len() > scanned.layers.len();
            let before = laid_over.then(|| {
                let sets = scanned.layers.iter().map(|layer| layer.set.clone());
                Tree::merge(sets.collect()).0
            });
            let stacked = plan.by_layer(&full, before.as_ref().unwrap_or(&full), &base, from);
            let mut ids = Vec::new();
            for (layer, stacked) in (from..).zip(stacked) {
                ids.push(match stacked {
                    Stacked::Gone => None,
                    Stacked::Same => {
                        let blob = open.blobs.get(layer).ok_or(SquashError::NoImage)?;
                        let entry = keep(sink, scanned, blob, layer, request)?;
                        entries.push(described(entry, scanned, layer, &old));
                        kept += 1;
                        scanned.layers[layer].diff_id.clone()
                    }
                    Stacked::Changed(plan) => {
                        let trees = (&full, &base);
                        let (entry, id) = make(sink, &plan, trees, &mut digests, request)?;
                        entries.push(entry);
                        Some(id)
                    }
                });
            }
            apart(open, scanned, from, ids, request)?
        }
        Shape::Fold | Shape::Recompress | Shape::Repack { .. } => {
            let plans = match request.shape {
                Shape::Repack { layer_bytes } => {
                    full.digest_files(&mut digests)
                        .map_err(SquashError::Digest)?;
                    plan.spread(&full, &digests, layer_bytes)
                }
                _ => vec![plan],
            };
            let mut new = Vec::new();
            for plan in &plans {
                let (entry, id) = make(sink, plan, (&full, &base), &mut digests, request)?;
                entries.push(entry);
                new.push(id);
            }
            folded(open, scanned, from, &new, request)?
        }
    };
    let documents = documents(&open.image, config, entries);
    full.digest_files(&mut digests)
        .map_err(SquashError::Digest)?;
    let mut warnings = scanned.warnings.clone();
    warnings.extend(log);
    warnings.extend(left_out(open.attestations));
    let done = Rewritten {
        input: facts(scanned),
        stored: stored(scanned),
        tree: full,
        digests,
        kept,
        warnings,
    };
    Ok((done, documents))
}

/// The note about what names the image by its old digest.
fn left_out(attestations: usize) -> Option<String> {
    let what = match attestations {
        0 => return None,
        1 => "an attestation".to_owned(),
        several => format!("{several} attestations"),
    };
    Some(format!(
        "{what} beside the image (provenance, contents) is left out, as it names the image by \
         its old digest; so do signatures"
    ))
}

impl Rewritten {
    /// Reads the image back and compares.
    pub(super) fn prove(
        self,
        staged: &dyn Staged,
        number: usize,
        request: &Request<'_>,
    ) -> Result<Squashed, SquashError> {
        let old = Digested {
            tree: &self.tree,
            contents: &self.digests,
        };
        let before = self
            .tree
            .digest(&self.digests)
            .map_err(SquashError::Digest)?;
        let open = staged.open(number, &request.limits)?;
        let written = read_back(open, request)?;
        let (tree, contents) = digested(&written)?;
        let after = tree.digest(&contents).map_err(SquashError::Digest)?;
        if before != after {
            let new = Digested {
                tree: &tree,
                contents: &contents,
            };
            let first = first_differences(old, new);
            return Err(SquashError::Differs {
                before,
                after,
                first,
            });
        }
        let left = stored(&written);
        Ok(Squashed {
            input: self.input,
            output: facts(&written),
            tree: (before, after),
            kept: self.kept,
            removed_files: self.stored.0.saturating_sub(left.0),
            removed_bytes: self.stored.1.saturating_sub(left.1),
            warnings: self.warnings,
        })
    }
}

fn documents(image: &Image, config: Vec<u8>, layers: Vec<LayerEntry>) -> Documents {
    let object = |bytes: &Option<Vec<u8>>| {
        let bytes = bytes.as_deref()?;
        RawObject::parse("a document", bytes).ok()
    };
    Documents {
        config,
        layers,
        manifest: object(&image.documents.manifest),
        index_entry: object(&image.documents.index_entry),
    }
}

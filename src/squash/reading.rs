//! Images, read: before squashing, and back after it.

use std::sync::Arc;

use super::{Facts, Request, SquashError};
use crate::codec::Encoding;
use crate::layer::{
    ContentHash, Contents, LayerContent, NoContents, ScanOptions, ScannedImage, Verify, scan,
};
use crate::oci::{escape_bytes, is_foreign};
use crate::source::{LayerBlob, OpenImage, Opened};
use crate::tree::{ContentDigests, Digested, Tree, compare};

/// Refuses what squashing must not touch.
pub(super) fn refuse(open: &OpenImage, from: usize) -> Result<(), SquashError> {
    let system = &open.image.config.os;
    if !system.is_empty() && system != "linux" {
        return Err(SquashError::System(escape_bytes(system.as_bytes())));
    }
    for (layer, blob) in open.blobs.iter().enumerate() {
        let elsewhere = matches!(blob, LayerBlob::Foreign { .. });
        let declared = open.image.layers.get(layer);
        // Some tools fetch them into an image; that allows nothing.
        let foreign = elsewhere || declared.is_some_and(|l| is_foreign(&l.media_type));
        let what = match layer >= from {
            true if foreign => {
                "is foreign: it may not be distributed, so its files cannot go into another \
                 layer; keep it with --from or --last"
            }
            false if elsewhere => "is foreign and not in the image, so it cannot be written",
            _ => continue,
        };
        return Err(SquashError::Refused { layer, what });
    }
    Ok(())
}

/// Reads all layers; those from `spool_from` on stay at hand.
pub(super) fn read(
    open: OpenImage,
    spool_from: Option<usize>,
    request: &Request<'_>,
) -> Result<ScannedImage, SquashError> {
    read_with(open, spool_from, request, request.jobs)
}

/// Reads what was written. Each thread that reads a long window holds all of
/// it, so there is one.
pub(super) fn read_back(
    open: OpenImage,
    request: &Request<'_>,
) -> Result<ScannedImage, SquashError> {
    let jobs = match request.encoding() {
        Encoding::LongZstd { .. } => 1,
        _ => request.jobs,
    };
    read_with(open, None, request, jobs)
}

fn read_with(
    open: OpenImage,
    spool_from: Option<usize>,
    request: &Request<'_>,
    jobs: usize,
) -> Result<ScannedImage, SquashError> {
    let options = ScanOptions {
        limits: request.limits,
        jobs,
        hash: ContentHash::Blake3,
        verify: Verify::All,
        wanted: &NoContents,
        spool_from,
        progress: request.progress,
    };
    Ok(scan(Opened::Image(open), &options)?)
}

/// All layers merged, and those below `from`; with what was odd.
pub(super) fn trees(scanned: &ScannedImage, from: usize) -> (Tree, Tree, Vec<String>) {
    let sets: Vec<Arc<LayerContent>> = scanned.layers.iter().map(|l| l.set.clone()).collect();
    let (base, _) = Tree::merge(sets.iter().take(from).cloned().collect());
    let (full, log) = Tree::merge(sets);
    (full, base, log.warnings)
}

/// Whether the contents of a layer can be read again.
pub(super) fn is_stored(tree: &Tree, layer: u32) -> bool {
    let layer = tree.layers().get(layer as usize);
    layer.is_some_and(|layer| matches!(layer.contents, Contents::Stored(_)))
}

/// The merged tree with the digests of its contents.
pub(super) fn digested(scanned: &ScannedImage) -> Result<(Tree, ContentDigests), SquashError> {
    let (tree, _) = Tree::merge(scanned.layers.iter().map(|l| l.set.clone()).collect());
    let mut digests = ContentDigests::new();
    tree.digest_files(&mut digests)
        .map_err(SquashError::Digest)?;
    Ok((tree, digests))
}

/// The first paths that differ, and how.
pub(super) fn first_differences(old: Digested<'_>, new: Digested<'_>) -> Vec<String> {
    let changes = compare(old, new);
    let first = changes.iter().take(5);
    first
        .map(|change| {
            format!(
                "{} ({})",
                escape_bytes(&change.path),
                change.difference.name()
            )
        })
        .collect()
}

pub(super) fn facts(scanned: &ScannedImage) -> Facts {
    let sum = |bytes: fn(&crate::layer::Layer) -> u64| {
        let sizes = scanned.layers.iter().map(bytes);
        sizes.fold(0, u64::saturating_add)
    };
    Facts {
        reference: scanned.image.reference.clone(),
        platform: scanned.image.platform.to_string(),
        digest: scanned.image.digest.clone(),
        config_digest: scanned.image.config_digest.clone(),
        layers: scanned.layers.len(),
        compressed_bytes: sum(|layer| layer.compressed_bytes),
        uncompressed_bytes: sum(|layer| layer.uncompressed_bytes),
    }
}

/// Files with contents in all layers, and their bytes.
pub(super) fn stored(scanned: &ScannedImage) -> (u64, u64) {
    let entries = scanned
        .layers
        .iter()
        .flat_map(|l| l.set.changeset.entries());
    entries
        .filter(|entry| entry.file().is_some())
        .fold((0, 0), |(files, bytes), entry| {
            (files + 1, entry.size().saturating_add(bytes))
        })
}

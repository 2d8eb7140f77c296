//! Images, read: before squashing, and back after it.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use rayon::prelude::*;

use super::{Facts, Request, SquashError};
use crate::codec::Encoding;
use crate::layer::{
    ContentHash, Contents, LayerContent, NoContents, ScanOptions, ScannedImage, Verify, scan,
};
use crate::oci::{escape_bytes, is_foreign};
use crate::source::{BlobRange, LayerBlob, OpenImage, Opened};
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

/// Fetches the layers that stay once: they are read, and then copied.
pub(super) fn fetch_kept(
    open: &mut OpenImage,
    from: usize,
    request: &Request<'_>,
) -> Result<(), SquashError> {
    let kept = open.blobs.iter_mut().take(from).enumerate();
    let mut remote: Vec<(usize, &mut LayerBlob)> = kept
        .filter(|(_, blob)| matches!(blob, LayerBlob::Remote(_)))
        .collect();
    let sizes: Vec<_> = remote.iter().map(|(_, blob)| blob.len()).collect();
    if sizes.is_empty() {
        return Ok(());
    }
    request.progress.started(&sizes);
    remote
        .par_iter_mut()
        .enumerate()
        .try_for_each(|(number, (layer, blob))| {
            let fetched = fetch(blob, |bytes| request.progress.advanced(number, bytes));
            request.progress.finished(number);
            **blob = fetched.map_err(|source| SquashError::Copy {
                layer: *layer,
                source,
            })?;
            Ok(())
        })
}

/// The blob in a nameless temporary file.
fn fetch(blob: &LayerBlob, advanced: impl Fn(u64)) -> io::Result<LayerBlob> {
    let mut file = tempfile::tempfile()?;
    let blob = Told {
        inner: blob.open()?,
        advanced,
    };
    let len = io::copy(&mut BufReader::with_capacity(256 * 1024, blob), &mut file)?;
    Ok(LayerBlob::Range(BlobRange {
        file: Arc::new(file),
        offset: 0,
        len,
    }))
}

/// Tells how far the reading is.
struct Told<R, F> {
    inner: R,
    advanced: F,
}

impl<R: Read, F: Fn(u64)> Read for Told<R, F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        (self.advanced)(n as u64);
        Ok(n)
    }
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

/// All layers merged with what is laid over them, and those below `from`; with
/// what was odd.
pub(super) fn trees(
    scanned: &ScannedImage,
    from: usize,
    overlay: Option<Arc<LayerContent>>,
) -> (Tree, Tree, Vec<String>) {
    let mut sets: Vec<Arc<LayerContent>> = scanned.layers.iter().map(|l| l.set.clone()).collect();
    let (base, _) = Tree::merge(sets.iter().take(from).cloned().collect());
    sets.extend(overlay);
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

//! Reading, planning, writing, reading back.

use std::io::{self, BufRead as _, BufReader};
use std::sync::Arc;

use crate::codec::{Compression, Encoding, Inflate, Limits, Sniffed, sniff};
use crate::layer::{
    ContentHash, Contents, LayerContent, NoContents, Progress, ScanOptions, ScannedImage, Verify,
    scan,
};
use crate::oci::{Digest, Image, RawObject, declared_compression, escape_bytes, is_foreign};
use crate::rewrite::{self, Folded, Plan, RangeChoice};
use crate::sink::{
    self, BlobInfo, Destination, Documents, Encoded, LayerEncoding, LayerEntry, Names, Sink,
};
use crate::source::{LayerBlob, OpenImage, Opened};
use crate::tree::{ContentDigests, Digested, Tree, TreeDigest, compare};

use super::SquashError;

/// What to squash, and where to.
pub struct Request<'a> {
    /// Which layers become one.
    pub range: RangeChoice,
    /// Where the result goes.
    pub destination: &'a Destination,
    /// How to write there.
    pub writing: sink::OpenOptions,
    /// Compression of the new layer; what the destination usually has without.
    pub encoding: Option<Encoding>,
    /// Names of the result; those of the image without.
    pub names: Vec<String>,
    /// Time to set as the image's `created` (RFC 3339).
    pub created: Option<String>,
    /// What the new history entry says made the layer.
    pub created_by: String,
    /// Bounds on hostile input.
    pub limits: Limits,
    /// Threads.
    pub jobs: usize,
    /// Told how far the reading is.
    pub progress: &'a dyn Progress,
}

/// What is known of one of the two images. Sizes are bytes.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Its name.
    pub reference: String,
    /// Digest of the manifest, where there is one.
    pub digest: Option<Digest>,
    /// Digest of the configuration.
    pub config_digest: Digest,
    /// How many layers it has.
    pub layers: usize,
    /// Size of all layers as stored.
    pub compressed_bytes: u64,
    /// Size of all layers' tar streams.
    pub uncompressed_bytes: u64,
}

/// A squash that was proved and put under its name.
#[derive(Debug, Clone)]
pub struct Squashed {
    /// The image that was read.
    pub input: Facts,
    /// The image that was written.
    pub output: Facts,
    /// Digest of the file system of each.
    pub tree: (TreeDigest, TreeDigest),
    /// Layers that stayed as they are.
    pub kept: usize,
    /// Files that were stored and are not any more.
    pub removed_files: u64,
    /// Bytes of their contents.
    pub removed_bytes: u64,
    /// What was odd.
    pub warnings: Vec<String>,
}

/// Squashes the image, and shows that the result has the same file system.
///
/// # Errors
/// [`SquashError`]; nothing is left of the result then.
pub fn squash(opened: Opened, request: &Request<'_>) -> Result<Squashed, SquashError> {
    let open = match opened {
        Opened::Image(open) => open,
        Opened::Stream(stream) => stream.keep(&request.limits)?,
    };
    let from = rewrite::first_layer(&open.image, &request.range)?;
    refuse(&open, from)?;
    let blobs = open.blobs.clone();
    let again = |spool| OpenImage {
        image: open.image.clone(),
        blobs: open.blobs.clone(),
        source: open.source,
        warnings: if spool == from {
            open.warnings.clone()
        } else {
            Vec::new()
        },
    };
    let mut scanned = read(again(from), Some(from), request)?;
    let (mut full, mut base, mut log) = trees(&scanned, from);
    let mut plan = Plan::new(&full, &base, request.limits.layer_bytes)?;
    // Files whose last name in a kept layer goes: their contents are needed.
    let deepest = plan.sources(&full).into_iter().min();
    if let Some(deepest) = deepest.filter(|&layer| !is_stored(&full, layer)) {
        scanned = read(again(deepest as usize), Some(deepest as usize), request)?;
        (full, base, log) = trees(&scanned, from);
        plan = Plan::new(&full, &base, request.limits.layer_bytes)?;
    }
    let mut digests = ContentDigests::new();
    let mut sink = request.destination.open(&request.writing)?;
    let encoding = request
        .encoding
        .unwrap_or(match request.destination.is_plain() {
            true => Encoding::None,
            false => Encoding::Gzip { level: 6 },
        });
    let old = descriptors(&open.image);
    let mut layers = Vec::new();
    for (layer, blob) in blobs.iter().enumerate().take(from) {
        let kept = keep(&mut *sink, &scanned, blob, layer, encoding, request)?;
        let same = scanned.layers[layer].digest.as_ref() == Some(&kept.0.digest);
        layers.push(LayerEntry {
            blob: kept.0,
            media_type: kept.1,
            descriptor: old.get(layer).filter(|_| same).cloned(),
        });
    }
    let new = match from < blobs.len() {
        false => None,
        true => {
            let how = LayerEncoding {
                encoding,
                jobs: request.jobs,
            };
            let made: Encoded = sink::encode(&mut *sink, how, |out| {
                rewrite::write(&plan, &full, &base, out, &mut digests).map_err(SquashError::from)
            })?;
            layers.push(LayerEntry {
                blob: made.blob.clone(),
                media_type: media_type(encoding).to_owned(),
                descriptor: None,
            });
            Some(made)
        }
    };
    let documents = documents(&open.image, &scanned, from, layers, new.as_ref(), request)?;
    let staged = sink.finish(&documents)?;
    full.digest_files(&mut digests)
        .map_err(SquashError::Digest)?;
    let before = full.digest(&digests).map_err(SquashError::Digest)?;
    let written = read(staged.open(&request.limits)?, None, request)?;
    let (copy, contents) = digested(&written)?;
    let after = copy.digest(&contents).map_err(SquashError::Digest)?;
    if before != after {
        let old = Digested {
            tree: &full,
            contents: &digests,
        };
        let new = Digested {
            tree: &copy,
            contents: &contents,
        };
        return Err(SquashError::Differs {
            before,
            after,
            first: first_differences(old, new),
        });
    }
    staged.commit()?;
    let mut warnings = scanned.warnings.clone();
    warnings.extend(log);
    let (stored, left) = (stored(&scanned), stored(&written));
    Ok(Squashed {
        input: facts(&scanned),
        output: facts(&written),
        tree: (before, after),
        kept: from,
        removed_files: stored.0.saturating_sub(left.0),
        removed_bytes: stored.1.saturating_sub(left.1),
        warnings,
    })
}

fn refuse(open: &OpenImage, from: usize) -> Result<(), SquashError> {
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

fn read(
    open: OpenImage,
    spool_from: Option<usize>,
    request: &Request<'_>,
) -> Result<ScannedImage, SquashError> {
    let options = ScanOptions {
        limits: request.limits,
        jobs: request.jobs,
        hash: ContentHash::Blake3,
        verify: Verify::All,
        wanted: &NoContents,
        spool_from,
        progress: request.progress,
    };
    Ok(scan(Opened::Image(open), &options)?)
}

/// All layers merged, and those below `from`; with what was odd.
fn trees(scanned: &ScannedImage, from: usize) -> (Tree, Tree, Vec<String>) {
    let sets: Vec<Arc<LayerContent>> = scanned.layers.iter().map(|l| l.set.clone()).collect();
    let (base, _) = Tree::merge(sets.iter().take(from).cloned().collect());
    let (full, log) = Tree::merge(sets);
    (full, base, log.warnings)
}

fn is_stored(tree: &Tree, layer: u32) -> bool {
    let layer = tree.layers().get(layer as usize);
    layer.is_some_and(|layer| matches!(layer.contents, Contents::Stored(_)))
}

fn digested(scanned: &ScannedImage) -> Result<(Tree, ContentDigests), SquashError> {
    let (tree, _) = Tree::merge(scanned.layers.iter().map(|l| l.set.clone()).collect());
    let mut digests = ContentDigests::new();
    tree.digest_files(&mut digests)
        .map_err(SquashError::Digest)?;
    Ok((tree, digests))
}

fn first_differences(old: Digested<'_>, new: Digested<'_>) -> Vec<String> {
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

/// The descriptors of the image's manifest, as they are.
fn descriptors(image: &Image) -> Vec<RawObject> {
    let manifest = image.documents.manifest.as_deref();
    let manifest = manifest.and_then(|bytes| RawObject::parse("the manifest", bytes).ok());
    manifest.and_then(|m| m.read("layers")).unwrap_or_default()
}

/// Writes a layer that stays: as it is, but uncompressed where the destination
/// has uncompressed layers.
fn keep(
    sink: &mut dyn Sink,
    scanned: &ScannedImage,
    blob: &LayerBlob,
    layer: usize,
    encoding: Encoding,
    request: &Request<'_>,
) -> Result<(BlobInfo, String), SquashError> {
    let unpack = encoding == Encoding::None && request.destination.is_plain();
    let mut found = Compression::None;
    let blob = sink::put(sink, |out| {
        let mut copy = || {
            let mut blob = BufReader::with_capacity(256 * 1024, blob.open()?);
            found = compression(blob.fill_buf()?)?;
            match unpack {
                true => io::copy(&mut Inflate::new(found, blob)?, out),
                false => io::copy(&mut blob, out),
            }
        };
        let copied = copy().map(drop);
        copied.map_err(|source| SquashError::Copy { layer, source })
    })?;
    let kept = &scanned.layers[layer];
    let plain = unpack || found == Compression::None;
    let media_type = match (plain, declared_compression(&kept.media_type)) {
        (true, _) if is_foreign(&kept.media_type) => FOREIGN.to_owned(),
        (true, _) => media_type(Encoding::None).to_owned(),
        (false, Some("gzip" | "zstd")) => kept.media_type.clone(),
        (false, _) => match found {
            Compression::Zstd => media_type(Encoding::Zstd { level: 3 }).to_owned(),
            _ => media_type(Encoding::Gzip { level: 6 }).to_owned(),
        },
    };
    Ok((blob, media_type))
}

fn compression(head: &[u8]) -> io::Result<Compression> {
    match sniff(head) {
        Sniffed::Known(compression) => Ok(compression),
        Sniffed::Unsupported(what) => Err(io::Error::other(what)),
    }
}

/// The media type of a foreign layer that is not compressed.
const FOREIGN: &str = "application/vnd.oci.image.layer.nondistributable.v1.tar";

fn media_type(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::None => "application/vnd.oci.image.layer.v1.tar",
        Encoding::Gzip { .. } => "application/vnd.oci.image.layer.v1.tar+gzip",
        Encoding::Zstd { .. } => "application/vnd.oci.image.layer.v1.tar+zstd",
    }
}

fn documents(
    image: &Image,
    scanned: &ScannedImage,
    from: usize,
    layers: Vec<LayerEntry>,
    new: Option<&Encoded>,
    request: &Request<'_>,
) -> Result<Documents, SquashError> {
    let kept = scanned.layers.iter().take(from);
    let kept: Vec<Digest> = kept.filter_map(|layer| layer.diff_id.clone()).collect();
    let new: Vec<Digest> = new.map(|layer| layer.diff_id.clone()).into_iter().collect();
    let config = rewrite::fold(
        &image.documents.config,
        &Folded {
            kept: &kept,
            new: &new,
            layers: scanned.layers.len(),
            created_by: &request.created_by,
            created: request.created.as_deref(),
        },
    )?;
    let object = |bytes: &Option<Vec<u8>>| {
        let bytes = bytes.as_deref()?;
        RawObject::parse("a document", bytes).ok()
    };
    Ok(Documents {
        config,
        layers,
        manifest: object(&image.documents.manifest),
        index_entry: object(&image.documents.index_entry),
        names: Names(match request.names.is_empty() {
            true => image.names.clone(),
            false => request.names.clone(),
        }),
    })
}

fn facts(scanned: &ScannedImage) -> Facts {
    let sum = |bytes: fn(&crate::layer::Layer) -> u64| {
        let sizes = scanned.layers.iter().map(bytes);
        sizes.fold(0, u64::saturating_add)
    };
    Facts {
        reference: scanned.image.reference.clone(),
        digest: scanned.image.digest.clone(),
        config_digest: scanned.image.config_digest.clone(),
        layers: scanned.layers.len(),
        compressed_bytes: sum(|layer| layer.compressed_bytes),
        uncompressed_bytes: sum(|layer| layer.uncompressed_bytes),
    }
}

/// Files with contents in all layers, and their bytes.
fn stored(scanned: &ScannedImage) -> (u64, u64) {
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

//! The layers of the result: kept, compressed anew, or made from a plan.

use std::io::{self, BufRead as _, BufReader};

use super::{Request, SquashError};
use crate::codec::{Compression, Encoding, Inflate, Sniffed, sniff};
use crate::layer::ScannedImage;
use crate::oci::{Digest, Image, RawObject, declared_compression, is_foreign};
use crate::rewrite::{self, Plan};
use crate::sink::{self, BlobInfo, Encoded, LayerEncoding, LayerEntry, Sink};
use crate::source::LayerBlob;
use crate::tree::{ContentDigests, Tree};

/// The descriptors of the image's manifest, as they are.
pub(super) fn descriptors(image: &Image) -> Vec<RawObject> {
    let manifest = image.documents.manifest.as_deref();
    let manifest = manifest.and_then(|bytes| RawObject::parse("the manifest", bytes).ok());
    manifest.and_then(|m| m.read("layers")).unwrap_or_default()
}

/// Writes a layer that stays: as it is, but uncompressed where the destination
/// has uncompressed layers.
pub(super) fn keep(
    sink: &mut dyn Sink,
    scanned: &ScannedImage,
    blob: &LayerBlob,
    layer: usize,
    request: &Request<'_>,
) -> Result<LayerEntry, SquashError> {
    let unpack = request.encoding() == Encoding::None && request.destination.is_plain();
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
    Ok(LayerEntry {
        blob,
        media_type,
        descriptor: None,
    })
}

/// Writes a layer that stays with the compression that was asked for.
pub(super) fn recompress(
    sink: &mut dyn Sink,
    blob: &LayerBlob,
    layer: usize,
    request: &Request<'_>,
) -> Result<LayerEntry, SquashError> {
    let made = sink::encode(sink, how(request), |out| {
        let mut copy = || {
            let mut blob = BufReader::with_capacity(256 * 1024, blob.open()?);
            let found = compression(blob.fill_buf()?)?;
            io::copy(&mut Inflate::new(found, blob)?, out)
        };
        let copied = copy().map(drop);
        copied.map_err(|source| SquashError::Copy { layer, source })
    })?;
    Ok(LayerEntry {
        blob: made.blob,
        media_type: media_type(request.encoding()).to_owned(),
        descriptor: None,
    })
}

/// Writes a layer that was planned.
pub(super) fn make(
    sink: &mut dyn Sink,
    plan: &Plan,
    (full, base): (&Tree, &Tree),
    digests: &mut ContentDigests,
    request: &Request<'_>,
) -> Result<(LayerEntry, Digest), SquashError> {
    let made: Encoded = sink::encode(sink, how(request), |out| {
        rewrite::write(plan, full, base, out, Some(digests)).map_err(SquashError::from)
    })?;
    let entry = LayerEntry {
        blob: made.blob,
        media_type: media_type(request.encoding()).to_owned(),
        descriptor: None,
    };
    Ok((entry, made.diff_id))
}

fn how(request: &Request<'_>) -> LayerEncoding {
    LayerEncoding {
        encoding: request.encoding(),
        jobs: request.jobs,
    }
}

/// Gives a layer the descriptor that the image had for it, if it is the same.
pub(super) fn described(
    mut entry: LayerEntry,
    scanned: &ScannedImage,
    layer: usize,
    old: &[RawObject],
) -> LayerEntry {
    let digest = scanned.layers[layer].digest.as_ref();
    let same: Option<&BlobInfo> = Some(&entry.blob).filter(|blob| digest == Some(&blob.digest));
    entry.descriptor = same.and_then(|_| old.get(layer).cloned());
    entry
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
        Encoding::Zstd { .. } | Encoding::LongZstd { .. } => {
            "application/vnd.oci.image.layer.v1.tar+zstd"
        }
    }
}

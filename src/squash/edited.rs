//! Images that were read, judged, and are written with changes.

use std::sync::Arc;

use super::job::{Merged, write_layers};
use super::reading::{fetch_kept, read, refuse};
use super::{Request, SquashError, Squashed};
use crate::layer::{LayerContent, ScannedImage};
use crate::rewrite;
use crate::sink::{Delivery, Names};
use crate::source::OpenImage;

/// An image whose layers are all at hand, so that contents can be looked at.
pub struct Prepared {
    /// The image.
    pub open: OpenImage,
    /// Its layers.
    pub scanned: ScannedImage,
    /// The lowest layer of the range; those below it stay as they are.
    pub from: usize,
}

/// Reads an image for [`write_edited`].
///
/// # Errors
/// [`SquashError`].
pub fn prepare(mut open: OpenImage, request: &Request<'_>) -> Result<Prepared, SquashError> {
    let from = rewrite::first_layer(&open.image, &request.range)?;
    refuse(&open, from)?;
    fetch_kept(&mut open, from, request)?;
    let again = OpenImage {
        image: open.image.clone(),
        blobs: open.blobs.clone(),
        source: open.source,
        warnings: open.warnings.clone(),
        attestations: open.attestations,
    };
    let scanned = read(again, Some(0), request)?;
    Ok(Prepared {
        open,
        scanned,
        from,
    })
}

/// Writes the image with `overlay` as its topmost layer, folded with those of
/// the range, and shows that the result has that file system.
///
/// # Errors
/// [`SquashError`]; nothing is left of the result then.
pub fn write_edited(
    prepared: &Prepared,
    overlay: Arc<LayerContent>,
    request: &Request<'_>,
) -> Result<Squashed, SquashError> {
    let Prepared {
        open,
        scanned,
        from,
    } = prepared;
    let merged = Merged::of(scanned, *from, Some(overlay), request)?;
    let mut sink = request.destination.open(&request.writing)?;
    let (done, documents) = write_layers(&mut *sink, open, scanned, merged, *from, request)?;
    let staged = sink.finish(&Delivery {
        images: vec![documents],
        index: None,
        names: Names(request.names_for(&open.image)),
    })?;
    let squashed = done.prove(&*staged, 0, request)?;
    staged.commit()?;
    Ok(squashed)
}

//! The configuration of the result.

use super::{Request, SquashError};
use crate::layer::ScannedImage;
use crate::oci::Digest;
use crate::rewrite::{self, Folded, LayersChanged};
use crate::source::OpenImage;

/// The diff_ids of the lowest layers.
fn lowest(scanned: &ScannedImage, count: usize) -> Vec<Digest> {
    let lowest = scanned.layers.iter().take(count);
    lowest.filter_map(|layer| layer.diff_id.clone()).collect()
}

/// The configuration where the layers from `from` on became those of `new`.
pub(super) fn folded(
    open: &OpenImage,
    scanned: &ScannedImage,
    from: usize,
    new: &[Digest],
    request: &Request<'_>,
) -> Result<Vec<u8>, SquashError> {
    let folded = Folded {
        kept: &lowest(scanned, from),
        new,
        layers: scanned.layers.len(),
        created_by: &request.created_by,
        created: request.created.as_deref(),
    };
    Ok(rewrite::fold(&open.image.documents.config, &folded)?)
}

/// The configuration where each layer from `from` on has another diff_id, or is
/// gone; the last of `ids` may be of a layer on top of them.
pub(super) fn apart(
    open: &OpenImage,
    scanned: &ScannedImage,
    from: usize,
    ids: Vec<Option<Digest>>,
    request: &Request<'_>,
) -> Result<Vec<u8>, SquashError> {
    let config = &open.image.documents.config;
    let count = scanned.layers.len();
    let mut layers: Vec<Option<Digest>> = lowest(scanned, from).into_iter().map(Some).collect();
    layers.extend(ids);
    let added = layers.split_off(count.min(layers.len())).pop().flatten();
    let same = scanned.layers.iter().map(|layer| layer.diff_id.as_ref());
    let same = same.eq(layers.iter().map(Option::as_ref));
    if same && added.is_none() && request.created.is_none() {
        // The image keeps its ID.
        return Ok(config.clone());
    }
    let changed = LayersChanged {
        layers: &layers,
        added: added.as_ref(),
        created_by: &request.created_by,
        created: request.created.as_deref(),
    };
    Ok(rewrite::change_layers(config, &changed)?)
}

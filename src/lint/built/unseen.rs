//! Waste and leftovers of the image that no rule found by reading the
//! Dockerfile.

use std::collections::BTreeMap;

use super::BuiltImage;
use super::measure::{Measured, guilty, is_worth};
use crate::analyze::{CacheFinding, Waste, WasteGroup, WasteKind, waste_groups};
use crate::lint::input::Input;
use crate::lint::reporter::Reporter;
use crate::oci::escape_bytes;
use crate::ruleset::CacheClass;

/// The rule for waste of a kind.
fn code(kind: WasteKind) -> &'static str {
    match kind {
        WasteKind::Deleted => "RS2001",
        WasteKind::Metadata => "RS2002",
        WasteKind::Overwritten => "RS2003",
        WasteKind::Identical => "RS2004",
    }
}

/// Bytes of the base image that are hidden, below which nothing is said.
const BASE_WORTH_SAYING: u64 = 1 << 20;

/// The rule for leftovers.
const LEFTOVER: &str = "RS2005";

/// Reports what rule `rule` is for.
pub(in crate::lint) fn report(
    input: &Input<'_>,
    image: &BuiltImage,
    measured: &Measured,
    rule: &str,
    out: &mut Reporter<'_>,
) {
    if rule == LEFTOVER {
        return leftovers(input, image, measured, out);
    }
    let open = (0..image.waste.len()).filter(|&at| measured.is_open(image, at));
    let open: Vec<Waste> = open
        .filter_map(|at| image.waste.get(at))
        .filter(|waste| code(waste.kind) == rule)
        .cloned()
        .collect();
    for group in waste_groups(&open) {
        // Package managers rewrite their databases: little of it says nothing.
        let of_base = image.is_base(group.stored_in);
        if is_worth(group.bytes) && (!of_base || group.bytes >= BASE_WORTH_SAYING) {
            waste(input, image, &group, out);
        }
    }
}

fn waste(input: &Input<'_>, image: &BuiltImage, group: &WasteGroup, out: &mut Reporter<'_>) {
    let what = match group.files {
        1 => format!("/{}", escape_bytes(&group.place)),
        files if group.is_in_one_place() => {
            format!("{files} files below /{}", escape_bytes(&group.place))
        }
        files => format!("{files} files such as /{}", escape_bytes(&group.largest)),
    };
    let layer = guilty(image, group.kind, group.stored_in, group.wasted_by);
    let other = match layer == group.stored_in {
        true => group.wasted_by,
        false => group.stored_in,
    };
    let with = source(input, image, other);
    at_layer(input, image, layer, &what, &with, group.bytes, out);
}

/// A layer in words: the line that made it, or the base image.
fn source(input: &Input<'_>, image: &BuiltImage, layer: u32) -> String {
    if image.is_base(layer) {
        return "the base image".to_owned();
    }
    let line = image.maker(layer).and_then(|index| {
        let instruction = input.file.instructions.get(index)?;
        Some(input.file.line(instruction.span.start))
    });
    match line {
        Some(line) => format!("line {line}"),
        None => format!("layer {layer}"),
    }
}

fn leftovers(input: &Input<'_>, image: &BuiltImage, measured: &Measured, out: &mut Reporter<'_>) {
    let mut by_rule: BTreeMap<(u32, &str), Vec<&CacheFinding>> = BTreeMap::new();
    for (cache, claimed) in image.caches.iter().zip(&measured.caches) {
        if cache.class == CacheClass::Cache && !claimed && !image.is_base(cache.layer) {
            by_rule
                .entry((cache.layer, &cache.rule))
                .or_default()
                .push(cache);
        }
    }
    for ((layer, _), found) in by_rule {
        let bytes: u64 = found.iter().map(|cache| cache.bytes).sum();
        let Some(first) = found.first().filter(|_| is_worth(bytes)) else {
            continue;
        };
        let place = match found.as_slice() {
            [one] => format!("/{}", escape_bytes(&one.path)),
            [one, _] => format!("/{} and another place", escape_bytes(&one.path)),
            [one, rest @ ..] => {
                let more = rest.len();
                format!("/{} and {more} other places", escape_bytes(&one.path))
            }
            [] => continue,
        };
        let what = format!("{} in {place}", first.name);
        let advice = first.advice.trim_end_matches('.');
        at_layer(input, image, layer, &what, advice, bytes, out);
    }
}

/// Reports at the instruction that made a layer; where nobody knows which that
/// is, at the FROM of the stage.
fn at_layer(
    input: &Input<'_>,
    image: &BuiltImage,
    layer: u32,
    what: &str,
    with: &str,
    bytes: u64,
    out: &mut Reporter<'_>,
) {
    let made_by = image
        .layers
        .get(layer as usize)
        .and_then(|layer| layer.made_by);
    let index = made_by
        .map(|(first, _)| first)
        .or_else(|| input.built_from());
    let span = index
        .and_then(|index| input.file.instructions.get(index))
        .map(|instruction| instruction.name.span);
    if let Some(span) = span {
        out.with(index, span, what, with).bytes(bytes).layer(layer);
    }
}

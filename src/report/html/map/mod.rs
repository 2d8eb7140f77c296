//! The data of the maps: paths with their bytes, and what is said of them.

mod difference;
mod encode;
mod fold;
mod forest;
mod image;

use std::io;

use super::super::ImageReport;
use super::super::diff::DiffReport;
use super::super::size::{grouped, human};
use crate::tree::Tree;
use encode::{Encoded, encode};

/// The data as text, and what the reader should know of them.
pub(super) struct MapData {
    /// Base64, so that nothing in it can end the element that holds it.
    pub(super) text: String,
    /// What was put together, where something was.
    pub(super) note: Option<String>,
}

/// The maps of an image.
///
/// # Errors
/// When memory cannot be written to, which does not happen.
pub(super) fn of_image(report: &ImageReport<'_>) -> io::Result<MapData> {
    let layers = report.scan.layers.iter().map(|l| l.set.clone()).collect();
    let (tree, _) = Tree::merge(layers);
    let marks = image::Marks::new(report.analysis);
    let forest = image::forest(&tree, report, &marks);
    Ok(data(encode(&forest, &image::facts(report, marks))?))
}

/// The maps of what differs between two images.
///
/// # Errors
/// When memory cannot be written to, which does not happen.
pub(super) fn of_difference(report: &DiffReport<'_>) -> io::Result<MapData> {
    let forest = difference::forest(report);
    Ok(data(encode(&forest, &difference::facts())?))
}

fn data(encoded: Encoded) -> MapData {
    let note = (encoded.folded > 0).then(|| match encoded.threshold {
        0 => format!(
            "{} paths are very deep and are shown as part of a directory above them.",
            grouped(encoded.folded)
        ),
        bytes => format!(
            "{} paths are too small to be told apart here (each below {}, or very deep): \
             they are shown as one item of their directory, and search does not find them.",
            grouped(encoded.folded),
            human(bytes)
        ),
    });
    MapData {
        text: encoded.text,
        note,
    }
}

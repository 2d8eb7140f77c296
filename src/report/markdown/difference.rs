//! What differs between two images, for a pull request.

use std::io::{self, Write};

use super::list::{Document, Row};
use super::slash;
use super::text::{code, path};
use crate::analyze::{Analysis, LayerPair, PackageChange, compare_layers, compare_packages};
use crate::report::diff::{DiffReport, by_bytes, visible};
use crate::report::size::{human, percent, signed};
use crate::report::table::text::instruction;
use crate::tree::{Difference, TreeChange};

/// Writes the report, at most `top` rows of each list.
///
/// # Errors
/// Whatever `out` says.
pub fn write(report: &DiffReport<'_>, top: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut document = Document {
        text: String::new(),
        top,
    };
    let (old, new) = (code(report.old.name), code(report.new.name));
    document.line(&format!("## Images {old} → {new}\n"));
    if report.changes.is_empty() {
        document.line("The file systems are the same.\n");
    }
    let both = report.old.analysis.zip(report.new.analysis);
    figures(&mut document, report, both);
    if !report.changes.is_empty() {
        let totals = report.totals();
        document.line(&format!(
            "\n{} paths added ({}), {} removed ({}), {} changed.",
            totals.added.paths,
            human(totals.added.bytes),
            totals.removed.paths,
            human(totals.removed.bytes),
            totals.changed.paths,
        ));
    }
    if let Some((old, new)) = both {
        packages(
            &mut document,
            &compare_packages(&old.packages, &new.packages),
        );
        layers(&mut document, old, new);
    }
    paths(&mut document, report);
    out.write_all(document.text.as_bytes())
}

fn figures(document: &mut Document, report: &DiffReport<'_>, both: Option<(&Analysis, &Analysis)>) {
    let mut rows: Vec<Row> = Vec::new();
    let mut size = |name: &str, old: u64, new: u64| {
        let change = signed(i128::from(new) - i128::from(old));
        rows.push(vec![name.to_owned(), human(old), human(new), change]);
    };
    if let Some((old, new)) = both {
        let (old, new) = (&old.totals, &new.totals);
        size("Size", old.uncompressed_bytes, new.uncompressed_bytes);
        let compressed =
            |totals: &crate::analyze::Totals| totals.compressed_bytes != totals.uncompressed_bytes;
        if compressed(old) || compressed(new) {
            size("Compressed", old.compressed_bytes, new.compressed_bytes);
        }
    }
    let shown = [report.old.tree, report.new.tree].map(visible);
    size("In the final tree", shown[0], shown[1]);
    if let Some((old, new)) = both {
        let (old, new) = (&old.totals, &new.totals);
        size("Wasted", old.wasted_bytes, new.wasted_bytes);
        size(
            "Caches and optional files",
            old.cache_bytes,
            new.cache_bytes,
        );
        size("Duplicates", old.duplicate_bytes, new.duplicate_bytes);
        let counts = [old.layers as i128, new.layers as i128];
        let change = match counts[1] - counts[0] {
            0 => "±0".to_owned(),
            change => format!("{change:+}").replace('-', "−"),
        };
        rows.push(vec![
            "Layers".to_owned(),
            counts[0].to_string(),
            counts[1].to_string(),
            change,
        ]);
        rows.push(vec![
            "Efficiency".to_owned(),
            percent(old.efficiency),
            percent(new.efficiency),
            String::new(),
        ]);
    }
    document.table(&["", ">old", ">new", ">change"], rows.into_iter());
}

fn packages(document: &mut Document, changes: &[PackageChange]) {
    let title = format!("Packages: {} came, went or changed version", changes.len());
    let columns = [">change", "manager", "package", "old", "new"];
    document.folded(&title, &columns, changes, |change| {
        let version = |side: &Option<(String, u64)>| match side {
            Some((version, _)) => code(version),
            None => "–".to_owned(),
        };
        vec![
            signed(change.bytes()),
            change.manager.to_owned(),
            code(&change.name),
            version(&change.old),
            version(&change.new),
        ]
    });
}

fn layers(document: &mut Document, old: &Analysis, new: &Analysis) {
    let mut pairs = compare_layers(&old.layers, &new.layers);
    let all = pairs.len();
    pairs.retain(|pair| !pair.same);
    let title = format!(
        "Layers: {} differ, {} are the same",
        pairs.len(),
        all - pairs.len()
    );
    let columns = [
        ">old",
        ">new",
        ">old size",
        ">new size",
        ">change",
        "created by",
    ];
    document.folded(&title, &columns, &pairs, |pair: &LayerPair| {
        let before = pair.old.map(|layer| &old.layers[layer]);
        let after = pair.new.map(|layer| &new.layers[layer]);
        let size = |layer: Option<&crate::analyze::LayerSummary>| {
            layer.map_or("–".to_owned(), |layer| human(layer.uncompressed_bytes))
        };
        let bytes = |layer: Option<&crate::analyze::LayerSummary>| {
            layer.map_or(0, |layer| i128::from(layer.uncompressed_bytes))
        };
        let index = |layer: Option<usize>| layer.map_or("–".to_owned(), |l| l.to_string());
        let created_by = after
            .or(before)
            .and_then(|layer| layer.created_by.as_deref());
        vec![
            index(pair.old),
            index(pair.new),
            size(before),
            size(after),
            signed(bytes(after) - bytes(before)),
            code(&created_by.map(instruction).unwrap_or_default()),
        ]
    });
}

fn paths(document: &mut Document, report: &DiffReport<'_>) {
    let sorted = by_bytes(report);
    let of = |wanted: fn(Difference) -> bool| -> Vec<(u64, &TreeChange)> {
        let found = sorted
            .iter()
            .filter(|(_, change)| wanted(change.difference));
        found.copied().collect()
    };
    let sized = |bytes: Option<u64>| bytes.map_or("–".to_owned(), human);
    for (word, found) in [
        ("added", of(|d| d == Difference::Added)),
        ("removed", of(|d| d == Difference::Removed)),
    ] {
        let title = format!("Paths {word}: {}", found.len());
        document.folded(&title, &[">bytes", "path"], &found, |(_, change)| {
            let (old, new) = report.sizes(change);
            vec![sized(new.or(old)), path(&slash(&change.path))]
        });
    }
    let changed = of(|d| !matches!(d, Difference::Added | Difference::Removed));
    let title = format!("Paths changed: {}", changed.len());
    let columns = [">old", ">new", "what", "path"];
    document.folded(&title, &columns, &changed, |(_, change)| {
        let (old, new) = report.sizes(change);
        vec![
            sized(old),
            sized(new),
            change.difference.name().to_owned(),
            path(&slash(&change.path)),
        ]
    });
}

//! Markdown for pull requests and wikis: the figures first, long lists folded.

mod difference;
mod list;
mod text;

use std::io::{self, Write};

pub use difference::write as write_difference;

use super::ImageReport;
use super::size::{human, percent};
use super::table::findings::kind_in_words;
use super::table::text::instruction;
use crate::analyze::{Analysis, LayerSummary};
use crate::attribute::Origins;
use crate::oci::escape_bytes;
use crate::ruleset::CacheClass;
use list::{Document, exact};
use text::{code, path, sentence};

/// Writes the report, at most `top` rows of each list.
///
/// # Errors
/// Whatever `out` says.
pub fn write(report: &ImageReport<'_>, top: usize, out: &mut dyn Write) -> io::Result<()> {
    let ImageReport {
        scan,
        analysis,
        origins,
    } = *report;
    let image = &scan.image;
    let name = match image.reference.as_str() {
        "" => image.config_digest.as_ref(),
        name => name,
    };
    let mut document = Document {
        text: String::new(),
        top,
    };
    document.line(&format!("## Image {}\n", code(name)));
    figures(&mut document, analysis);
    advice(&mut document, analysis, origins);
    layers(&mut document, analysis, origins);
    findings(&mut document, analysis);
    out.write_all(document.text.as_bytes())
}

fn figures(document: &mut Document, analysis: &Analysis) {
    let totals = &analysis.totals;
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![row("Size", exact(totals.uncompressed_bytes))];
    if totals.compressed_bytes != totals.uncompressed_bytes {
        rows.push(row("Compressed", exact(totals.compressed_bytes)));
    }
    let shown = format!("{} in {} files", exact(totals.visible_bytes), totals.files);
    rows.push(row("In the final tree", shown));
    rows.push(row("Layers", totals.layers.to_string()));
    rows.push(row("Efficiency", percent(totals.efficiency)));
    rows.push(row("Wasted", exact(totals.wasted_bytes)));
    let caches = totals.cache_bytes - totals.weak_cache_bytes;
    rows.push(row("Caches", exact(caches)));
    rows.push(row("Optional files", exact(totals.weak_cache_bytes)));
    rows.push(row("Duplicates", exact(totals.duplicate_bytes)));
    document.table(&["", ">"], rows.into_iter());
}

fn advice(document: &mut Document, analysis: &Analysis, origins: Option<&Origins>) {
    if analysis.recommendations.is_empty() {
        return;
    }
    document.line("\n### What to do\n");
    let mut columns = vec![">saves", "what", "how"];
    if origins.is_some() {
        columns.insert(1, "line");
    }
    document.list(&columns, &analysis.recommendations, |item| {
        let mut row = vec![
            human(item.saves_bytes),
            sentence(&item.title),
            // Advice is this program's own and is written in Markdown.
            item.advice.replace('|', "\\|"),
        ];
        if let Some(origins) = origins {
            row.insert(1, line(origins, item.layer));
        }
        row
    });
}

fn line(origins: &Origins, layer: Option<u32>) -> String {
    let words = layer.and_then(|layer| origins.words(layer as usize));
    words.map_or("–".to_owned(), |words| code(&words))
}

fn layers(document: &mut Document, analysis: &Analysis, origins: Option<&Origins>) {
    let mut columns = vec![">layer", ">size", ">wasted", "created by"];
    if origins.is_some() {
        columns.insert(3, "line");
    }
    let numbered: Vec<(usize, &LayerSummary)> = analysis.layers.iter().enumerate().collect();
    let title = format!("Layers: {}", numbered.len());
    document.folded(&title, &columns, &numbered, |&(index, layer)| {
        let created_by = match (&layer.skipped, &layer.created_by) {
            (Some(why), _) => format!("not read: {why} layer"),
            (None, Some(created_by)) => instruction(created_by),
            (None, None) => String::new(),
        };
        let mut row = vec![
            index.to_string(),
            human(layer.uncompressed_bytes),
            human(layer.wasted_bytes),
            code(&created_by),
        ];
        if let Some(origins) = origins {
            row.insert(3, line(origins, Some(index as u32)));
        }
        row
    });
}

fn findings(document: &mut Document, analysis: &Analysis) {
    let totals = &analysis.totals;
    let title = format!("Wasted: {}", human(totals.wasted_bytes));
    let columns = [">bytes", ">files", "what", "layers", "where"];
    document.folded(&title, &columns, &analysis.waste_groups, |group| {
        let place = match group.is_in_one_place() {
            true => path(&slash(&group.place)),
            false => format!(
                "{} and {} more",
                path(&slash(&group.largest)),
                group.files - 1
            ),
        };
        vec![
            human(group.bytes),
            group.files.to_string(),
            kind_in_words(group.kind).to_owned(),
            format!("{} → {}", group.stored_in, group.wasted_by),
            place,
        ]
    });
    let title = format!("Caches and optional files: {}", human(totals.cache_bytes));
    let columns = [">bytes", "class", "what", ">layer", "where"];
    document.folded(&title, &columns, &analysis.caches, |cache| {
        let class = match cache.class {
            CacheClass::Cache => "cache",
            CacheClass::Weak => "optional",
        };
        vec![
            human(cache.bytes),
            class.to_owned(),
            sentence(&cache.name),
            cache.layer.to_string(),
            path(&slash(&cache.path)),
        ]
    });
    let title = format!("Duplicates: {}", human(totals.duplicate_bytes));
    let columns = [">bytes", ">copies", "first two paths"];
    document.folded(&title, &columns, &analysis.duplicates, |duplicate| {
        let two = duplicate.paths.iter().take(2).map(|p| path(&slash(p)));
        vec![
            human(duplicate.wasted_bytes),
            duplicate.paths.len().to_string(),
            two.collect::<Vec<_>>().join("<br>"),
        ]
    });
    let title = format!("Packages: {}", analysis.packages.len());
    let columns = [">bytes", "manager", "package", "version"];
    document.folded(&title, &columns, &analysis.packages, |package| {
        vec![
            human(package.bytes),
            package.manager.to_owned(),
            code(&package.name),
            code(&package.version),
        ]
    });
}

fn slash(path: &[u8]) -> String {
    format!("/{}", escape_bytes(path))
}

//! The page of one image.

mod findings;

use std::io::{self, Write};

use super::map;
use super::page::{Figure, Page};
use super::table::{Cell, Table, bar, number, text, wide};
use crate::analyze::{Analysis, LayerSummary};
use crate::attribute::Origins;
use crate::report::ImageReport;
use crate::report::size::{grouped, human, percent};
use crate::report::table::text::instruction;

/// Writes the page.
///
/// # Errors
/// Whatever `out` says.
pub fn write(report: &ImageReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let ImageReport {
        scan,
        analysis,
        origins,
    } = *report;
    let image = &scan.image;
    let title = match image.reference.as_str() {
        "" => image.config_digest.as_ref(),
        name => name,
    };
    let mut facts = vec![
        format!("{} from {}", image.platform, scan.source),
        format!("{} layers", analysis.totals.layers),
    ];
    if !image.config.created.is_empty() {
        facts.push(format!("created {}", image.config.created));
    }
    facts.push(format!("image ID {}", image.config_digest));
    if let Some(origins) = origins {
        facts.push(format!("lines of {}", origins.path));
    }
    let mut page = Page::new("Image report", title, &facts);
    page.contents(&[
        ("summary", "Summary"),
        ("advice", "What to do"),
        ("map", "Map"),
        ("layers", "Layers"),
        ("waste", "Wasted"),
        ("caches", "Caches"),
        ("duplicates", "Duplicates"),
        ("packages", "Packages"),
    ]);
    summary(&mut page, analysis);
    advice(&mut page, analysis, origins);
    page.map(
        &map::of_image(report)?,
        "every byte that is stored, hidden ones too",
    );
    layers(&mut page, analysis, origins);
    findings::waste(&mut page, analysis, origins);
    findings::caches(&mut page, analysis, origins);
    findings::duplicates(&mut page, analysis);
    findings::packages(&mut page, analysis);
    findings::warnings(&mut page, analysis);
    page.finish(out)
}

fn summary(page: &mut Page, analysis: &Analysis) {
    let totals = &analysis.totals;
    page.section("summary", "Summary", "");
    page.raw("<dl class=\"figures\">\n");
    let compressed = match totals.compressed_bytes == totals.uncompressed_bytes {
        true => "stored uncompressed".to_owned(),
        false => format!("{} compressed", human(totals.compressed_bytes)),
    };
    page.figure(
        "Size",
        &Figure::Size(totals.uncompressed_bytes),
        &compressed,
    );
    page.figure(
        "In the final tree",
        &Figure::Size(totals.visible_bytes),
        &format!("{} files", grouped(totals.files)),
    );
    page.figure(
        "Efficiency",
        &Figure::Words(percent(totals.efficiency)),
        "of the stored bytes are shown",
    );
    page.figure(
        "Wasted",
        &Figure::Bad(totals.wasted_bytes),
        "stored and not shown",
    );
    page.figure(
        "Caches",
        &Figure::Bad(totals.cache_bytes - totals.weak_cache_bytes),
        &format!("and {} of optional files", human(totals.weak_cache_bytes)),
    );
    page.figure(
        "Duplicates",
        &Figure::Bad(totals.duplicate_bytes),
        "in copies of equal files",
    );
    page.raw(
        "</dl>\n<p class=\"note\">The sums overlap: a file can be a leftover and a duplicate. ",
    );
    let dive = &analysis.dive;
    page.text(&format!(
        "dive would say: efficiency {}, wasted {}, user wasted {}.",
        percent(dive.efficiency_score),
        human(dive.wasted_bytes),
        percent(dive.user_wasted_percent),
    ));
    page.raw("</p>\n");
    page.end_section();
}

fn advice(page: &mut Page, analysis: &Analysis, origins: Option<&Origins>) {
    let note = match analysis.recommendations.is_empty() {
        true => "",
        false => "by bytes saved; savings can overlap",
    };
    page.section("advice", "What to do", note);
    if analysis.recommendations.is_empty() {
        page.raw("<p class=\"none\">Nothing that saves 64 KiB or more.</p>\n");
        return page.end_section();
    }
    let mut columns = vec![number("saves"), wide("what and how")];
    if origins.is_some() {
        columns.insert(1, text("line"));
    }
    let all = &analysis.recommendations;
    let table = Table::of(
        "What to do",
        columns,
        all,
        |a| a.saves_bytes,
        |item| {
            let mut row = vec![
                Cell::Size(item.saves_bytes),
                Cell::Advice(item.title.clone(), item.advice.clone()),
            ];
            if let Some(origins) = origins {
                row.insert(1, place(origins, item.layer));
            }
            row
        },
    );
    table.write(page);
    page.end_section();
}

/// The lines that made a layer.
fn place(origins: &Origins, layer: Option<u32>) -> Cell {
    let words = layer.and_then(|layer| origins.words(layer as usize));
    words.map_or(Cell::Text("–".to_owned()), Cell::Code)
}

fn layers(page: &mut Page, analysis: &Analysis, origins: Option<&Origins>) {
    let note = match &analysis.base {
        Some(base) => {
            let name = base.name.as_deref().unwrap_or("the base image");
            format!("the lowest {} from {name}", base.layers)
        }
        None => String::new(),
    };
    page.section("layers", "Layers", &note);
    let most = analysis.layers.iter().map(|l| l.uncompressed_bytes).max();
    let most = most.unwrap_or(0);
    let mut columns = vec![
        number("layer"),
        number("size"),
        bar(),
        number("compressed"),
        number("wasted"),
        number("added"),
        number("changed"),
        number("removed"),
        wide("created by"),
    ];
    if origins.is_some() {
        columns.insert(8, text("line"));
    }
    let numbered: Vec<(usize, &LayerSummary)> = analysis.layers.iter().enumerate().collect();
    let size = |item: &(usize, &LayerSummary)| item.1.uncompressed_bytes;
    let table = Table::of("Layers", columns, &numbered, size, |&(index, layer)| {
        let created_by = match (&layer.skipped, &layer.created_by) {
            (Some(why), _) => format!("not read: {why} layer"),
            (None, Some(created_by)) => instruction(created_by),
            (None, None) => String::new(),
        };
        let mut row = vec![
            Cell::Count(index as u64),
            Cell::Size(layer.uncompressed_bytes),
            Cell::Bar {
                bytes: layer.uncompressed_bytes,
                bad: layer.wasted_bytes,
                most,
            },
            Cell::Size(layer.compressed_bytes),
            Cell::Size(layer.wasted_bytes),
            Cell::Count(layer.counts.added),
            Cell::Count(layer.counts.modified),
            Cell::Count(layer.counts.removed),
            Cell::Code(created_by),
        ];
        if let Some(origins) = origins {
            row.insert(8, place(origins, Some(index as u32)));
        }
        row
    });
    table.write(page);
    page.end_section();
}

//! The page of one image.

use std::io::{self, Write};

use super::map;
use super::page::{Figure, Page};
use super::table::{Cell, Table, bar, number, text, wide};
use crate::analyze::{Analysis, LayerSummary, WasteGroup};
use crate::attribute::Origins;
use crate::oci::escape_bytes;
use crate::report::ImageReport;
use crate::report::size::{grouped, human, percent};
use crate::report::table::findings::kind_in_words;
use crate::report::table::text::instruction;
use crate::ruleset::CacheClass;

/// Paths of one group of equal files.
const COPIES: usize = 4;

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
    waste(&mut page, analysis, origins);
    caches(&mut page, analysis, origins);
    duplicates(&mut page, analysis);
    packages(&mut page, analysis);
    warnings(&mut page, analysis);
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

fn waste(page: &mut Page, analysis: &Analysis, origins: Option<&Origins>) {
    let total = human(analysis.totals.wasted_bytes);
    page.section("waste", "Wasted", &format!("{total}, stored and not shown"));
    if analysis.waste_groups.is_empty() {
        page.raw("<p class=\"none\">Every stored file is shown.</p>\n");
        return page.end_section();
    }
    let mut columns = vec![
        number("bytes"),
        number("files"),
        text("what"),
        text("layers"),
        wide("where"),
    ];
    if origins.is_some() {
        columns.insert(4, text("lines"));
    }
    let all = &analysis.waste_groups;
    let table = Table::of(
        "Wasted",
        columns,
        all,
        |g| g.bytes,
        |group| {
            let mut row = vec![
                Cell::Size(group.bytes),
                Cell::Count(group.files),
                Cell::Marked(kind_in_words(group.kind).to_owned(), "bad"),
                Cell::Text(format!("{} → {}", group.stored_in, group.wasted_by)),
                waste_place(group),
            ];
            if let Some(origins) = origins {
                let line = |layer: u32| {
                    let place = origins.place(layer as usize);
                    place.map_or("?".to_owned(), |place| place.words())
                };
                let lines = format!("{} → {}", line(group.stored_in), line(group.wasted_by));
                row.insert(4, Cell::Text(lines));
            }
            row
        },
    );
    table.write(page);
    largest_waste(page, analysis);
    page.end_section();
}

/// The files behind the groups, where there are more than the groups name.
fn largest_waste(page: &mut Page, analysis: &Analysis) {
    if analysis.waste.len() == analysis.waste_groups.len() {
        return;
    }
    page.raw("<details><summary>Each wasted file</summary>\n");
    let columns = vec![number("bytes"), text("what"), text("layers"), wide("path")];
    let table = Table::of(
        "Wasted files",
        columns,
        &analysis.waste,
        |w| w.bytes,
        |w| {
            vec![
                Cell::Size(w.bytes),
                Cell::Marked(kind_in_words(w.kind).to_owned(), "bad"),
                Cell::Text(format!("{} → {}", w.stored_in, w.wasted_by)),
                Cell::Code(path(&w.path)),
            ]
        },
    );
    table.write(page);
    page.raw("</details>\n");
}

fn waste_place(group: &WasteGroup) -> Cell {
    match group.is_in_one_place() {
        true => Cell::Code(path(&group.place)),
        false => Cell::Codes(vec![path(&group.largest)], group.files as usize - 1),
    }
}

fn path(bytes: &[u8]) -> String {
    format!("/{}", escape_bytes(bytes))
}

fn caches(page: &mut Page, analysis: &Analysis, origins: Option<&Origins>) {
    let totals = &analysis.totals;
    let note = format!(
        "{}, and {} of files that few containers need",
        human(totals.cache_bytes - totals.weak_cache_bytes),
        human(totals.weak_cache_bytes)
    );
    page.section("caches", "Caches and leftovers", &note);
    if analysis.caches.is_empty() {
        page.raw("<p class=\"none\">None that a rule knows.</p>\n");
        return page.end_section();
    }
    let mut columns = vec![
        number("bytes"),
        number("files"),
        text("class"),
        text("tool"),
        text("what"),
        number("layer"),
        wide("where"),
    ];
    if origins.is_some() {
        columns.insert(6, text("line"));
    }
    let all = &analysis.caches;
    let table = Table::of(
        "Caches and leftovers",
        columns,
        all,
        |c| c.bytes,
        |cache| {
            let (class, mark) = match cache.class {
                CacheClass::Cache => ("cache", "soft"),
                CacheClass::Weak => ("optional", "plain"),
            };
            let mut row = vec![
                Cell::Size(cache.bytes),
                Cell::Count(cache.files),
                Cell::Marked(class.to_owned(), mark),
                Cell::Text(cache.tool.clone()),
                Cell::Text(cache.name.clone()),
                Cell::Count(u64::from(cache.layer)),
                Cell::Code(path(&cache.path)),
            ];
            if let Some(origins) = origins {
                row.insert(6, place(origins, Some(cache.layer)));
            }
            row
        },
    );
    table.write(page);
    page.end_section();
}

fn duplicates(page: &mut Page, analysis: &Analysis) {
    let total = human(analysis.totals.duplicate_bytes);
    page.section(
        "duplicates",
        "Duplicates",
        &format!("{total} in copies of equal files"),
    );
    if analysis.duplicates.is_empty() {
        page.raw("<p class=\"none\">No two files of the final tree are equal.</p>\n");
        return page.end_section();
    }
    let columns = vec![
        number("bytes"),
        number("copies"),
        number("each"),
        wide("paths"),
    ];
    let all = &analysis.duplicates;
    let table = Table::of(
        "Duplicates",
        columns,
        all,
        |d| d.wasted_bytes,
        |duplicate| {
            let paths = &duplicate.paths;
            vec![
                Cell::Size(duplicate.wasted_bytes),
                Cell::Count(paths.len() as u64),
                Cell::Size(duplicate.bytes_each),
                Cell::Codes(
                    paths.iter().take(COPIES).map(|p| path(p)).collect(),
                    paths.len().saturating_sub(COPIES),
                ),
            ]
        },
    );
    table.write(page);
    page.end_section();
}

fn packages(page: &mut Page, analysis: &Analysis) {
    let note = format!("{} installed", grouped(analysis.packages.len() as u64));
    page.section("packages", "Packages", &note);
    if analysis.packages.is_empty() {
        page.raw("<p class=\"none\">No package database was found.</p>\n");
        return page.end_section();
    }
    let columns = vec![
        number("bytes"),
        number("files"),
        text("manager"),
        text("package"),
        wide("version"),
    ];
    let all = &analysis.packages;
    let table = Table::of(
        "Packages",
        columns,
        all,
        |p| p.bytes,
        |package| {
            vec![
                Cell::Size(package.bytes),
                Cell::Count(package.files),
                Cell::Text(package.manager.to_owned()),
                Cell::Text(package.name.clone()),
                Cell::Text(package.version.clone()),
            ]
        },
    );
    table.write(page);
    page.end_section();
}

fn warnings(page: &mut Page, analysis: &Analysis) {
    if analysis.warnings.is_empty() {
        return;
    }
    let note = format!("{} oddities of the image", analysis.warnings.len());
    page.section("warnings", "Warnings", &note);
    let columns = vec![wide("warning")];
    let all = &analysis.warnings;
    let row = |warning: &String| vec![Cell::Text(warning.clone())];
    Table::of("Warnings", columns, all, |_| 0, row).write(page);
    page.end_section();
}

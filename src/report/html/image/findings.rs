//! The lists below the layers: waste, caches, duplicates, packages, warnings.

use super::super::page::Page;
use super::super::table::{Cell, Table, number, text, wide};
use super::place;
use crate::analyze::{Analysis, WasteGroup};
use crate::attribute::Origins;
use crate::oci::escape_bytes;
use crate::report::size::{grouped, human};
use crate::report::table::findings::kind_in_words;
use crate::ruleset::CacheClass;

/// Paths of one group of equal files.
const COPIES: usize = 4;

pub(super) fn waste(page: &mut Page, analysis: &Analysis, origins: Option<&Origins>) {
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

pub(super) fn caches(page: &mut Page, analysis: &Analysis, origins: Option<&Origins>) {
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

pub(super) fn duplicates(page: &mut Page, analysis: &Analysis) {
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

pub(super) fn packages(page: &mut Page, analysis: &Analysis) {
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

pub(super) fn warnings(page: &mut Page, analysis: &Analysis) {
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

//! The page of what differs between two images.

use std::io::{self, Write};

use super::map;
use super::page::{Figure, Page};
use super::table::{Cell, Table, number, text, wide};
use crate::analyze::{Analysis, LayerPair, PackageChange, compare_layers, compare_packages};
use crate::oci::escape_bytes;
use crate::report::diff::{DiffReport, Side, by_bytes, visible};
use crate::report::size::{grouped, human, percent, signed};
use crate::report::table::text::instruction;
use crate::tree::{Difference, TreeChange};

/// Writes the page.
///
/// # Errors
/// Whatever `out` says.
pub fn write(report: &DiffReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let title = format!("{} → {}", report.old.name, report.new.name);
    let facts = [
        side_fact("old", &report.old),
        side_fact("new", &report.new),
        format!("{} paths differ", grouped(report.changes.len() as u64)),
    ];
    let mut page = Page::new("Image comparison", &title, &facts);
    let both = report.old.analysis.zip(report.new.analysis);
    let mut sections = vec![("summary", "Summary"), ("map", "Map"), ("paths", "Paths")];
    if both.is_some() {
        sections.extend([("layers", "Layers"), ("packages", "Packages")]);
    }
    page.contents(&sections);
    summary(&mut page, report, both);
    page.map(
        &map::of_difference(report)?,
        "bytes that came, went or changed",
    );
    paths(&mut page, report);
    if let Some((old, new)) = both {
        layers(&mut page, old, new);
        packages(&mut page, &compare_packages(&old.packages, &new.packages));
    }
    page.finish(out)
}

fn side_fact(word: &str, side: &Side<'_>) -> String {
    let layers = side.scanned.layers.len();
    format!("{word}: {layers} layers, {}", side.digest)
}

fn change(old: u64, new: u64) -> i128 {
    i128::from(new) - i128::from(old)
}

fn summary(page: &mut Page, report: &DiffReport<'_>, both: Option<(&Analysis, &Analysis)>) {
    page.section("summary", "Summary", "");
    page.raw("<dl class=\"figures\">\n");
    let mut sizes = vec![(
        "In the final tree",
        visible(report.old.tree),
        visible(report.new.tree),
    )];
    if let Some((old, new)) = both {
        let (old, new) = (&old.totals, &new.totals);
        sizes.insert(0, ("Size", old.uncompressed_bytes, new.uncompressed_bytes));
        if (old.compressed_bytes, new.compressed_bytes)
            != (old.uncompressed_bytes, new.uncompressed_bytes)
        {
            sizes.insert(
                1,
                ("Compressed", old.compressed_bytes, new.compressed_bytes),
            );
        }
        sizes.push(("Wasted", old.wasted_bytes, new.wasted_bytes));
        sizes.push((
            "Caches and optional files",
            old.cache_bytes,
            new.cache_bytes,
        ));
        sizes.push(("Duplicates", old.duplicate_bytes, new.duplicate_bytes));
    }
    for (name, old, new) in sizes {
        let note = format!("{} → {}", human(old), human(new));
        page.figure(name, &Figure::Words(signed(change(old, new))), &note);
    }
    if let Some((old, new)) = both {
        let (old, new) = (old.totals.efficiency, new.totals.efficiency);
        let note = format!("before: {}", percent(old));
        page.figure("Efficiency", &Figure::Words(percent(new)), &note);
    }
    page.raw("</dl>\n<p class=\"note\">");
    let totals = report.totals();
    page.text(&format!(
        "{} paths added ({}), {} removed ({}), {} changed.",
        totals.added.paths,
        human(totals.added.bytes),
        totals.removed.paths,
        human(totals.removed.bytes),
        totals.changed.paths,
    ));
    page.raw("</p>\n");
    page.end_section();
}

fn paths(page: &mut Page, report: &DiffReport<'_>) {
    page.section("paths", "Paths", "by bytes that came, went or changed");
    if report.changes.is_empty() {
        page.raw("<p class=\"none\">The file systems are the same.</p>\n");
        return page.end_section();
    }
    let columns = vec![
        number("change"),
        number("old"),
        number("new"),
        text("what"),
        wide("path"),
    ];
    let sorted = by_bytes(report);
    let row = |found: &(u64, &TreeChange)| {
        let found = found.1;
        let (old, new) = report.sizes(found);
        let mark = match found.difference {
            Difference::Added => "soft",
            Difference::Removed => "bad",
            _ => "plain",
        };
        vec![
            match old.or(new) {
                Some(_) => Cell::Change(change(old.unwrap_or(0), new.unwrap_or(0))),
                None => Cell::None,
            },
            old.map_or(Cell::None, Cell::Size),
            new.map_or(Cell::None, Cell::Size),
            Cell::Marked(found.difference.name().to_owned(), mark),
            Cell::Code(format!("/{}", escape_bytes(&found.path))),
        ]
    };
    Table::of("Paths", columns, &sorted, |found| found.0, row).write(page);
    page.end_section();
}

fn layers(page: &mut Page, old: &Analysis, new: &Analysis) {
    let pairs = compare_layers(&old.layers, &new.layers);
    let same = pairs.iter().filter(|pair| pair.same).count();
    let note = format!("{same} are the same in both");
    page.section("layers", "Layers", &note);
    let columns = vec![
        number("old layer"),
        number("new layer"),
        text("what"),
        number("old size"),
        number("new size"),
        number("change"),
        number("wasted before"),
        number("wasted now"),
        wide("created by"),
    ];
    let size = |analysis: &Analysis, layer: Option<usize>| {
        layer.map_or(0, |layer| analysis.layers[layer].uncompressed_bytes)
    };
    let bytes = |pair: &LayerPair| size(old, pair.old).abs_diff(size(new, pair.new));
    let row = |pair: &LayerPair| {
        let before = pair.old.map(|layer| &old.layers[layer]);
        let after = pair.new.map(|layer| &new.layers[layer]);
        let index = |layer: Option<usize>| layer.map_or(Cell::None, |l| Cell::Count(l as u64));
        let (what, mark) = match (pair.same, before, after) {
            (true, ..) => ("same", "plain"),
            (_, None, _) => ("added", "soft"),
            (_, _, None) => ("removed", "bad"),
            _ => ("changed", "plain"),
        };
        let created_by = after
            .or(before)
            .and_then(|layer| layer.created_by.as_deref());
        vec![
            index(pair.old),
            index(pair.new),
            Cell::Marked(what.to_owned(), mark),
            before.map_or(Cell::None, |layer| Cell::Size(layer.uncompressed_bytes)),
            after.map_or(Cell::None, |layer| Cell::Size(layer.uncompressed_bytes)),
            Cell::Change(change(size(old, pair.old), size(new, pair.new))),
            before.map_or(Cell::None, |layer| Cell::Size(layer.wasted_bytes)),
            after.map_or(Cell::None, |layer| Cell::Size(layer.wasted_bytes)),
            Cell::Code(created_by.map(instruction).unwrap_or_default()),
        ]
    };
    Table::of("Layers", columns, &pairs, bytes, row).write(page);
    page.end_section();
}

fn packages(page: &mut Page, changes: &[PackageChange]) {
    let note = format!("{} added, removed or in another version", changes.len());
    page.section("packages", "Packages", &note);
    if changes.is_empty() {
        page.raw("<p class=\"none\">None came, went or changed its version.</p>\n");
        return page.end_section();
    }
    let columns = vec![
        number("change"),
        text("what"),
        text("manager"),
        text("package"),
        text("old version"),
        wide("new version"),
    ];
    let bytes = |c: &PackageChange| u64::try_from(c.bytes().unsigned_abs()).unwrap_or(u64::MAX);
    let row = |found: &PackageChange| {
        let (what, mark) = match (&found.old, &found.new) {
            (None, _) => ("added", "soft"),
            (_, None) => ("removed", "bad"),
            _ => ("version", "plain"),
        };
        let version = |side: &Option<(String, u64)>| match side {
            Some((version, _)) => Cell::Text(version.clone()),
            None => Cell::Text("–".to_owned()),
        };
        vec![
            Cell::Change(found.bytes()),
            Cell::Marked(what.to_owned(), mark),
            Cell::Text(found.manager.to_owned()),
            Cell::Text(found.name.clone()),
            version(&found.old),
            version(&found.new),
        ]
    };
    Table::of("Packages", columns, changes, bytes, row).write(page);
    page.end_section();
}

//! The lists below the layers: waste, caches, duplicates, packages, advice.

use hashbrown::HashMap;

use comfy_table::Cell;

use super::layers::line;
use super::text::{printable, shorten_path, wrap};
use super::{LastCell, Page};
use crate::analyze::{Analysis, CacheFinding, WasteGroup, WasteKind};
use crate::attribute::Origins;
use crate::oci::escape_bytes;
use crate::report::size::human;
use crate::ruleset::CacheClass;

impl Page {
    pub(super) fn waste(&mut self, analysis: &Analysis, origins: Option<&Origins>) {
        let groups = &analysis.waste_groups;
        if groups.is_empty() {
            return;
        }
        let total = human(analysis.totals.wasted_bytes);
        self.heading("Wasted", &format!("{total}, stored and not shown"));
        let mut header = vec!["bytes", "files", "what", "layers", "where"];
        if origins.is_some() {
            header.insert(4, "lines");
        }
        let mut table = self.table(&header);
        for group in groups.iter().take(self.style.top) {
            let mut row = vec![
                self.bad_size(group.bytes),
                self.number(&group.files.to_string()),
                self.cell(kind_in_words(group.kind)),
                self.number(&format!("{} → {}", group.stored_in, group.wasted_by)),
            ];
            if let Some(origins) = origins {
                let [stored, hidden] =
                    [group.stored_in, group.wasted_by].map(|layer| line(origins, layer as usize));
                row.push(self.number(&format!("{stored} → {hidden}")));
            }
            table.add_row(row);
        }
        let places = groups.iter().map(|group| {
            let group = group.clone();
            Box::new(move |room| Cell::new(waste_place(&group, room))) as LastCell
        });
        self.last_column(&mut table, places);
        self.push_table(&table);
        let rest = groups.iter().skip(self.style.top).map(|g| g.bytes).sum();
        self.rest(groups.len(), rest);
    }

    pub(super) fn caches(&mut self, analysis: &Analysis, origins: Option<&Origins>) {
        let rows = cache_rows(&analysis.caches);
        if rows.is_empty() {
            return;
        }
        let totals = &analysis.totals;
        self.heading(
            "Caches and leftovers",
            &format!(
                "{}, and {} of files that few containers need",
                human(totals.cache_bytes - totals.weak_cache_bytes),
                human(totals.weak_cache_bytes)
            ),
        );
        let mut header = vec!["bytes", "files", "tool", "what", "layer", "where"];
        if origins.is_some() {
            header.insert(5, "line");
        }
        let mut table = self.table(&header);
        for row in rows.iter().take(self.style.top) {
            let size = match row.class {
                CacheClass::Cache => self.bad_size(row.bytes),
                CacheClass::Weak => self.number(&human(row.bytes)),
            };
            let mut cells = vec![
                size,
                self.number(&row.files.to_string()),
                self.cell(&printable(row.tool)),
                self.cell(&printable(row.name)),
                self.number(&row.layer.to_string()),
            ];
            if let Some(origins) = origins {
                cells.push(self.number(&line(origins, row.layer as usize)));
            }
            table.add_row(cells);
        }
        let places = rows.iter().map(|row| {
            let places: Vec<Vec<u8>> = row.places.iter().map(|place| place.to_vec()).collect();
            Box::new(move |room| Cell::new(cache_place(&places, room))) as LastCell
        });
        self.last_column(&mut table, places);
        self.push_table(&table);
        let rest = rows.iter().skip(self.style.top).map(|r| r.bytes).sum();
        self.rest(rows.len(), rest);
    }

    pub(super) fn duplicates(&mut self, analysis: &Analysis) {
        let duplicates = &analysis.duplicates;
        if duplicates.is_empty() {
            return;
        }
        let total = human(analysis.totals.duplicate_bytes);
        self.heading("Duplicates", &format!("{total} in copies of equal files"));
        let mut table = self.table(&["bytes", "copies", "each", "first two paths"]);
        for duplicate in duplicates.iter().take(self.style.top) {
            table.add_row(vec![
                self.bad_size(duplicate.wasted_bytes),
                self.number(&duplicate.paths.len().to_string()),
                self.number(&human(duplicate.bytes_each)),
            ]);
        }
        let paths = duplicates.iter().map(|duplicate| {
            let two: Vec<Vec<u8>> = duplicate.paths.iter().take(2).cloned().collect();
            Box::new(move |room| Cell::new(side_by_side(&two, room))) as LastCell
        });
        self.last_column(&mut table, paths);
        self.push_table(&table);
        let skipped = duplicates.iter().skip(self.style.top);
        let rest = skipped.map(|d| d.wasted_bytes).sum();
        self.rest(duplicates.len(), rest);
    }

    pub(super) fn packages(&mut self, analysis: &Analysis) {
        let packages = &analysis.packages;
        if packages.is_empty() {
            return;
        }
        self.heading("Packages", &format!("{} installed", packages.len()));
        let mut table = self.table(&["bytes", "files", "manager", "package", "version"]);
        for package in packages.iter().take(self.style.top) {
            table.add_row(vec![
                self.number(&human(package.bytes)),
                self.number(&package.files.to_string()),
                self.cell(package.manager),
                self.cell(&printable(&package.name)),
                self.cell(&printable(&package.version)),
            ]);
        }
        self.push_table(&table);
        let rest = packages.iter().skip(self.style.top).map(|p| p.bytes).sum();
        self.rest(packages.len(), rest);
    }

    pub(super) fn recommendations(&mut self, analysis: &Analysis, origins: Option<&Origins>) {
        let advice = &analysis.recommendations;
        if advice.is_empty() {
            return;
        }
        self.heading("What to do", "by bytes saved");
        let width = self.style.width.saturating_sub(13).max(30);
        for item in advice.iter().take(self.style.top) {
            let saves = self.bold(&format!("{:>10}", human(item.saves_bytes)));
            let mut first = true;
            let place = item.layer.and_then(|layer| origins?.words(layer as usize));
            let title = match place {
                Some(place) => format!("{place}: {}", item.title),
                None => item.title.clone(),
            };
            for line in wrap(&printable(&title), width) {
                let margin = if first { &saves[..] } else { "          " };
                self.line(&format!("{margin}  {line}"));
                first = false;
            }
            for line in wrap(&printable(&item.advice), width) {
                let line = self.dim(&line);
                self.line(&format!("            {line}"));
            }
        }
        let rest = advice
            .iter()
            .skip(self.style.top)
            .map(|a| a.saves_bytes)
            .sum();
        self.rest(advice.len(), rest);
    }
}

/// Paths in columns of equal width, with two spaces between.
fn side_by_side(paths: &[Vec<u8>], room: usize) -> String {
    let each = (room + 2) / paths.len().max(1);
    let each = each.saturating_sub(2).max(12);
    let texts: Vec<_> = paths.iter().map(|path| path_text(path, each)).collect();
    texts.join("  ")
}

/// The words of reports for a kind of waste.
pub(in crate::report) fn kind_in_words(kind: WasteKind) -> &'static str {
    match kind {
        WasteKind::Deleted => "deleted later",
        WasteKind::Overwritten => "overwritten",
        WasteKind::Metadata => "chown/chmod copy",
        WasteKind::Identical => "stored again",
    }
}

fn waste_place(group: &WasteGroup, room: usize) -> String {
    if group.is_in_one_place() {
        return path_text(&group.place, room);
    }
    let more = format!(" and {} more", group.files - 1);
    path_text(&group.largest, room.saturating_sub(more.len()).max(12)) + &more
}

fn path_text(path: &[u8], room: usize) -> String {
    shorten_path(&printable(&format!("/{}", escape_bytes(path))), room)
}

/// Leftovers of one rule in one layer, in however many places.
struct CacheRow<'a> {
    class: CacheClass,
    tool: &'a str,
    name: &'a str,
    layer: u32,
    bytes: u64,
    files: u64,
    places: Vec<&'a [u8]>,
}

fn cache_place(places: &[Vec<u8>], room: usize) -> String {
    match places {
        [] => String::new(),
        [one] => path_text(one, room),
        [first, rest @ ..] => {
            let more = format!(" and {} more", rest.len());
            path_text(first, room.saturating_sub(more.len()).max(12)) + &more
        }
    }
}

fn cache_rows(caches: &[CacheFinding]) -> Vec<CacheRow<'_>> {
    let mut rows: Vec<CacheRow<'_>> = Vec::new();
    let mut by_key: HashMap<(&str, u32), usize> = HashMap::new();
    for cache in caches {
        let at = *by_key.entry((&cache.rule, cache.layer)).or_insert_with(|| {
            rows.push(CacheRow {
                class: cache.class,
                tool: &cache.tool,
                name: &cache.name,
                layer: cache.layer,
                bytes: 0,
                files: 0,
                places: Vec::new(),
            });
            rows.len() - 1
        });
        rows[at].bytes += cache.bytes;
        rows[at].files += cache.files;
        rows[at].places.push(&cache.path);
    }
    // A stable sort keeps rows of equal size in the order of the findings.
    rows.sort_by_key(|row| (row.class, std::cmp::Reverse(row.bytes)));
    rows
}

//! The table of layers.

use comfy_table::{Attribute, Cell, CellAlignment, ColumnConstraint, Width};

use super::text::{instruction, printable, shorten};
use super::{LastCell, Page};
use crate::analyze::Analysis;
use crate::attribute::Origins;
use crate::report::size::human;

/// Columns of the bar that compares sizes.
const BAR: usize = 12;

impl Page {
    pub(super) fn layers(&mut self, analysis: &Analysis, origins: Option<&Origins>) {
        let base = analysis.base.as_ref().map_or(0, |base| base.layers);
        let note = match &analysis.base {
            Some(base) => {
                let name = base.name.as_deref().unwrap_or("the base image");
                let name = printable(name);
                format!("the lowest {} from {name}", base.layers)
            }
            None => String::new(),
        };
        let note = match origins {
            Some(origins) if note.is_empty() => format!("lines of {}", printable(&origins.path)),
            Some(origins) => format!("{note}; lines of {}", printable(&origins.path)),
            None => note,
        };
        self.heading("Layers", &note);
        let largest = analysis
            .layers
            .iter()
            .map(|layer| layer.uncompressed_bytes)
            .max()
            .unwrap_or(0);
        let mut header = vec!["#", "size", "", "wasted", "+ ~ −", "created by"];
        if origins.is_some() {
            header.insert(5, "line");
        }
        let mut table = self.table(&header);
        let mut last: Vec<LastCell> = Vec::new();
        for (i, layer) in analysis.layers.iter().enumerate() {
            let counts = layer.counts;
            let created_by = match (&layer.skipped, &layer.created_by) {
                (Some(why), _) => format!("not read: {why} layer"),
                (None, Some(created_by)) => instruction(created_by),
                (None, None) => String::new(),
            };
            last.push(Box::new(move |room| {
                let cell = Cell::new(shorten(&created_by, room));
                match i < base {
                    true => cell.add_attribute(Attribute::Dim),
                    false => cell,
                }
            }));
            let mut row = vec![
                self.number(&i.to_string()),
                self.number(&human(layer.uncompressed_bytes)),
                self.cell(&bar(layer.uncompressed_bytes, layer.wasted_bytes, largest)),
                self.bad_size(layer.wasted_bytes),
                self.cell(&format!(
                    "{} {} {}",
                    counts.added, counts.modified, counts.removed
                ))
                .set_alignment(CellAlignment::Right),
            ];
            if let Some(origins) = origins {
                row.push(self.number(&line(origins, i)));
            }
            table.add_row(row);
        }
        if let Some(column) = table.column_mut(2) {
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(BAR as u16 + 2)));
        }
        self.last_column(&mut table, last);
        self.push_table(&table);
    }
}

/// The lines that made a layer.
pub(super) fn line(origins: &Origins, layer: usize) -> String {
    let place = origins.place(layer);
    place.map_or_else(|| "?".to_owned(), |place| place.words())
}

/// A bar as long as the layer is large; its wasted part is drawn lighter.
fn bar(bytes: u64, wasted: u64, largest: u64) -> String {
    let cells = |bytes: u64| -> usize {
        if largest == 0 {
            return 0;
        }
        let exact = bytes as f64 / largest as f64 * BAR as f64;
        exact.ceil() as usize
    };
    let all = cells(bytes).min(BAR);
    let light = if wasted == 0 {
        0
    } else {
        cells(wasted).min(all)
    };
    format!("{}{}", "█".repeat(all - light), "░".repeat(light))
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn bars_show_the_wasted_part() {
        assert_eq!(bar(100, 0, 100), "████████████");
        assert_eq!(bar(100, 50, 100), "██████░░░░░░");
        assert_eq!(bar(1, 0, 100), "█");
        assert_eq!(bar(0, 0, 0), "");
    }
}

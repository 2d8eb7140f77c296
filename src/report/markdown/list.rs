//! Tables of Markdown, folded away where they are long.

use std::fmt::Write as _;

use crate::report::size;

/// Cells of a row, already fit for Markdown.
pub(super) type Row = Vec<String>;

/// A document in the making.
pub(super) struct Document {
    pub(super) text: String,
    /// Rows of each list.
    pub(super) top: usize,
}

impl Document {
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A table; columns whose name begins with `>` are set to the right.
    pub(super) fn table(&mut self, columns: &[&str], rows: impl Iterator<Item = Row>) {
        let names: Vec<&str> = columns.iter().map(|c| c.trim_start_matches('>')).collect();
        let rules: Vec<&str> = columns
            .iter()
            .map(|c| if c.starts_with('>') { "---:" } else { "---" })
            .collect();
        self.line(&format!("| {} |", names.join(" | ")));
        self.line(&format!("| {} |", rules.join(" | ")));
        for row in rows {
            self.line(&format!("| {} |", row.join(" | ")));
        }
    }

    /// A folded list of the first items, and how many more there are.
    pub(super) fn folded<T>(
        &mut self,
        title: &str,
        columns: &[&str],
        items: &[T],
        row: impl Fn(&T) -> Row,
    ) {
        if items.is_empty() {
            return;
        }
        // An empty line on both sides, or the table is not one.
        let _ = write!(self.text, "\n<details><summary>{title}</summary>\n\n");
        self.list(columns, items, row);
        self.line("\n</details>");
    }

    /// The first items, and how many more there are.
    pub(super) fn list<T>(&mut self, columns: &[&str], items: &[T], row: impl Fn(&T) -> Row) {
        let top = self.top;
        self.table(columns, items.iter().take(top).map(row));
        if items.len() > top {
            let more = items.len() - top;
            self.line(&format!("\nand {more} more"));
        }
    }
}

/// A size with its exact bytes.
pub(super) fn exact(bytes: u64) -> String {
    match bytes {
        0..1000 => size::exact(bytes),
        _ => format!("{} ({})", size::human(bytes), size::exact(bytes)),
    }
}

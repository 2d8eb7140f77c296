//! The report that a person reads in a terminal.

pub(super) mod findings;
mod layers;
pub mod text;

use std::io;

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ContentArrangement, ContentLineStyle, LineStyle, Table,
};

use super::ImageReport;
use super::size::{human, percent};
use crate::analyze::Analysis;
use crate::layer::ScannedImage;
use text::{printable, wrap};

/// A line below the header and none elsewhere: lists are long.
const LOOK: comfy_table::TableStyle = comfy_table::TableStyle::new()
    .header_lines(ContentLineStyle::none())
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .content_lines(ContentLineStyle::none());

/// How the report looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableStyle {
    /// Columns to fill at most.
    pub width: usize,
    /// Whether to use colours and bold type.
    pub color: bool,
    /// Rows of each list.
    pub top: usize,
}

/// Writes the report.
///
/// # Errors
/// Whatever `out` says.
pub fn write(
    report: &ImageReport<'_>,
    style: TableStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let ImageReport {
        scan,
        analysis,
        origins,
    } = *report;
    let mut page = Page {
        style,
        text: String::new(),
    };
    page.summary(scan, analysis);
    page.layers(analysis, origins);
    page.waste(analysis, origins);
    page.caches(analysis, origins);
    page.duplicates(analysis);
    page.packages(analysis);
    page.recommendations(analysis, origins);
    out.write_all(page.text.as_bytes())
}

/// Makes the last cell of a row for so many columns.
type LastCell = Box<dyn Fn(usize) -> Cell>;

/// The page being written.
struct Page {
    style: TableStyle,
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn heading(&mut self, title: &str, note: &str) {
        let fits = title.chars().count() + 2 + note.chars().count() <= self.style.width;
        let title = self.bold(title);
        self.line("");
        if fits {
            let note = self.dim(note);
            return self.line(&format!("{title}  {note}"));
        }
        self.line(&title);
        for line in wrap(note, self.style.width) {
            let line = self.dim(&line);
            self.line(&line);
        }
    }

    fn bold(&self, text: &str) -> String {
        self.styled(text, "1")
    }

    fn dim(&self, text: &str) -> String {
        self.styled(text, "2")
    }

    fn styled(&self, text: &str, code: &str) -> String {
        if self.style.color && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// An empty table in the page's look.
    fn table(&self, header: &[&str]) -> Table {
        let mut table = Table::new();
        table
            .load_style(LOOK)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(self.style.width).unwrap_or(u16::MAX))
            .set_header(
                header
                    .iter()
                    .map(|name| self.cell(name).add_attribute(Attribute::Dim)),
            );
        if self.style.color {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table
    }

    fn cell(&self, text: &str) -> Cell {
        Cell::new(text)
    }

    fn number(&self, text: &str) -> Cell {
        Cell::new(text).set_alignment(CellAlignment::Right)
    }

    /// A size that is bad when it is large.
    fn bad_size(&self, bytes: u64) -> Cell {
        match bytes {
            0 => self.number("–").add_attribute(Attribute::Dim),
            bytes if bytes >= 10_000_000 => self.number(&human(bytes)).fg(Color::Red),
            bytes if bytes >= 1_000_000 => self.number(&human(bytes)).fg(Color::Yellow),
            bytes => self.number(&human(bytes)),
        }
    }

    /// Completes each row with a last cell that takes the columns still free.
    fn last_column(&self, table: &mut Table, cells: impl IntoIterator<Item = LastCell>) {
        let widths = table.column_max_content_widths();
        // Every column has a space on both sides, and one between it and the next.
        let taken: usize = widths
            .iter()
            .rev()
            .skip(1)
            .map(|&width| usize::from(width) + 3)
            .sum();
        let room = self.style.width.saturating_sub(taken + 2).max(16);
        for (row, cell) in table.row_iter_mut().zip(cells) {
            row.add_cell(cell(room));
        }
    }

    fn push_table(&mut self, table: &Table) {
        // No line above: the heading stands there.
        for line in table.lines() {
            self.line(&line);
        }
    }

    /// Says how many rows of a list were left out.
    fn rest(&mut self, total: usize, bytes: u64) {
        if total > self.style.top {
            let more = total - self.style.top;
            let note = format!(
                "  and {more} more, {} (--top {total} or --format json shows all)",
                human(bytes)
            );
            let note = self.dim(&note);
            self.line(&note);
        }
    }

    fn summary(&mut self, scan: &ScannedImage, analysis: &Analysis) {
        let image = &scan.image;
        let name = match image.reference.as_str() {
            "" => image.config_digest.as_ref(),
            name => name,
        };
        let title = self.bold(&printable(name));
        let platform = printable(&image.platform.to_string());
        let from = self.dim(&format!("{platform} from {}", scan.source));
        self.line(&format!("{title}  {from}"));
        let totals = &analysis.totals;
        let layers = match totals.layers {
            1 => "1 layer".to_owned(),
            n => format!("{n} layers"),
        };
        let compressed = if totals.compressed_bytes == totals.uncompressed_bytes {
            String::new()
        } else {
            format!(" ({} compressed)", human(totals.compressed_bytes))
        };
        let sizes = format!(
            "{layers}, {}{compressed}, {} files of {} in the final tree",
            human(totals.uncompressed_bytes),
            totals.files,
            human(totals.visible_bytes),
        );
        for line in wrap(&sizes, self.style.width) {
            self.line(&line);
        }
        let efficiency = percent(totals.efficiency);
        let sums = format!(
            "efficiency {efficiency}, wasted {}, caches {}, optional files {}, duplicates {}",
            human(totals.wasted_bytes),
            human(totals.cache_bytes - totals.weak_cache_bytes),
            human(totals.weak_cache_bytes),
            human(totals.duplicate_bytes),
        );
        for line in wrap(&sums, self.style.width) {
            let line = line.replace(&efficiency, &self.bold(&efficiency));
            self.line(&line);
        }
        let dive = format!(
            "dive would say: efficiency {}, wasted {}, user wasted {}",
            percent(analysis.dive.efficiency_score),
            human(analysis.dive.wasted_bytes),
            percent(analysis.dive.user_wasted_percent),
        );
        for line in wrap(&dive, self.style.width) {
            let line = self.dim(&line);
            self.line(&line);
        }
    }
}

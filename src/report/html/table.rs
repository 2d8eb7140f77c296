//! Tables of a page. The script makes them sortable; they are whole without it.

use super::page::Page;
use crate::report::size::{exact, grouped, human, signed};

/// Rows of one table; a page is read by a person.
pub(super) const MOST: usize = 200;

/// A column.
pub(super) struct Column {
    pub(super) title: &'static str,
    pub(super) kind: Kind,
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Text,
    /// Wide: a path, an instruction.
    Wide,
    /// A picture of the column before it.
    Bar,
}

pub(super) const fn number(title: &'static str) -> Column {
    column(title, Kind::Number)
}

pub(super) const fn text(title: &'static str) -> Column {
    column(title, Kind::Text)
}

pub(super) const fn wide(title: &'static str) -> Column {
    column(title, Kind::Wide)
}

pub(super) const fn bar() -> Column {
    column("", Kind::Bar)
}

const fn column(title: &'static str, kind: Kind) -> Column {
    Column { title, kind }
}

/// A cell.
pub(super) enum Cell {
    Size(u64),
    /// Bytes more or less than before.
    Change(i128),
    Count(u64),
    /// Nothing to say.
    None,
    Text(String),
    /// A path or a command: in type of one width.
    Code(String),
    /// The same with more of them behind a word.
    Codes(Vec<String>, usize),
    /// Words with a line of advice below.
    Advice(String, String),
    /// A word with the mark of the maps: `bad`, `soft` or `plain`.
    Marked(String, &'static str),
    /// A part of `most`, and a bad part of that.
    Bar {
        bytes: u64,
        bad: u64,
        most: u64,
    },
}

/// A table.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// How many rows were left out, and their bytes.
    pub(super) more: Option<(usize, u64)>,
}

impl Table {
    /// A table of the first rows of `items`.
    pub(super) fn of<T>(
        name: &'static str,
        columns: Vec<Column>,
        items: &[T],
        bytes: impl Fn(&T) -> u64,
        row: impl Fn(&T) -> Vec<Cell>,
    ) -> Self {
        let left = &items[items.len().min(MOST)..];
        Table {
            name,
            columns,
            rows: items.iter().take(MOST).map(row).collect(),
            more: (!left.is_empty()).then(|| {
                let sum = left.iter().map(bytes).fold(0, u64::saturating_add);
                (left.len(), sum)
            }),
        }
    }

    pub(super) fn write(&self, page: &mut Page) {
        page.raw("<div class=\"scroll\"><table>\n<caption>");
        page.raw(self.name);
        page.raw("</caption>\n<thead><tr>");
        for column in &self.columns {
            page.raw(match column.kind {
                Kind::Number => "<th scope=\"col\" class=\"number\" data-sort=\"number\">",
                Kind::Text => "<th scope=\"col\" data-sort=\"text\">",
                Kind::Wide => "<th scope=\"col\" class=\"wide\" data-sort=\"text\">",
                Kind::Bar => "<th class=\"bar\">",
            });
            page.raw(column.title);
            page.raw("</th>");
        }
        page.raw("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            page.raw("<tr>");
            for (cell, column) in row.iter().zip(&self.columns) {
                cell.write(column, page);
            }
            page.raw("</tr>\n");
        }
        page.raw("</tbody>\n</table></div>\n");
        if let Some((more, bytes)) = self.more {
            page.raw("<p class=\"note\">");
            page.text(&format!("and {} more", grouped(more as u64)));
            if bytes > 0 {
                page.raw(", ");
                page.size(bytes);
            }
            page.raw(" (--format json has all of them)</p>\n");
        }
    }
}

impl Cell {
    fn write(&self, column: &Column, page: &mut Page) {
        page.raw("<td");
        let class = match (self, column.kind) {
            (Cell::Change(change), _) if *change > 0 => "number up",
            (Cell::Change(change), _) if *change < 0 => "number down",
            (_, Kind::Number) => "number",
            (_, Kind::Wide) => "wide",
            (_, Kind::Bar) => "bar",
            (_, Kind::Text) => "",
        };
        if !class.is_empty() {
            page.raw(" class=\"");
            page.raw(class);
            page.raw("\"");
        }
        if !column.title.is_empty() {
            // Narrow windows show it before the value.
            page.raw(" data-name=\"");
            page.raw(column.title);
            page.raw("\"");
        }
        self.write_value(page);
        page.raw("</td>");
    }

    fn write_value(&self, page: &mut Page) {
        match self {
            Cell::Size(bytes) => {
                sort_value(page, &bytes.to_string());
                page.raw(" title=\"");
                page.text(&exact(*bytes));
                page.raw("\">");
                match bytes {
                    0 => page.raw("–"),
                    bytes => page.text(&human(*bytes)),
                }
            }
            Cell::Change(change) => {
                sort_value(page, &change.to_string());
                let bytes = u64::try_from(change.unsigned_abs()).unwrap_or(u64::MAX);
                page.raw(" title=\"");
                page.text(&exact(bytes));
                page.raw("\">");
                page.text(&signed(*change));
            }
            Cell::Count(count) => {
                sort_value(page, &count.to_string());
                page.raw(">");
                page.text(&grouped(*count));
            }
            Cell::None => {
                sort_value(page, "-1");
                page.raw(">–");
            }
            Cell::Text(text) => {
                page.raw(">");
                page.text(text);
            }
            Cell::Code(text) => {
                page.raw(">");
                code(page, text);
            }
            Cell::Codes(texts, more) => {
                page.raw(">");
                for text in texts {
                    code(page, text);
                    page.raw("<br>");
                }
                if *more > 0 {
                    page.text(&format!("and {} more", grouped(*more as u64)));
                }
            }
            Cell::Advice(title, advice) => {
                page.raw(">");
                page.text(title);
                page.raw("<p class=\"advice\">");
                page.prose(advice);
                page.raw("</p>");
            }
            Cell::Marked(text, mark) => {
                page.raw("><span class=\"mark ");
                page.raw(mark);
                page.raw("\">");
                page.text(text);
                page.raw("</span>");
            }
            Cell::Bar { bytes, bad, most } => bars(page, *bytes, *bad, *most),
        }
    }
}

fn sort_value(page: &mut Page, value: &str) {
    page.raw(" data-value=\"");
    page.text(value);
    page.raw("\"");
}

fn code(page: &mut Page, text: &str) {
    page.raw("<code>");
    page.text(text);
    page.raw("</code>");
}

fn bars(page: &mut Page, bytes: u64, bad: u64, most: u64) {
    let width = |bytes: u64| match most {
        0 => 0,
        most => (u128::from(bytes) * 1000 / u128::from(most)).min(1000) as u64,
    };
    let (all, bad) = (width(bytes), width(bad.min(bytes)));
    page.raw("><svg class=\"bar\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"whole\" height=\"10\" width=\"");
    page.digits(all);
    page.raw("\"/><rect class=\"bad\" height=\"10\" x=\"");
    page.digits(all - bad);
    page.raw("\" width=\"");
    page.digits(bad);
    page.raw("\"/></svg>");
}

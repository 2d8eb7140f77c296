//! Waste, leftovers and the other lists.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::text::{padded, size, wrapped};
use super::{Theme, put, selected};
use crate::explore::layout;
use crate::explore::state::{Focus, State};

pub(super) fn rows(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let Some((list, mut scroll)) = state.list() else {
        let text = "Findings are shown as soon as the image is judged.";
        return put(area, 0, Line::styled(text, theme.dim()), buffer);
    };
    put(
        area,
        0,
        Line::styled(list.title.clone(), theme.dim()),
        buffer,
    );
    let height = layout::rows(area);
    scroll.settle(list.rows.len(), height);
    let rows = list.rows.iter().enumerate().skip(scroll.top).take(height);
    let visible = list.rows.iter().skip(scroll.top).take(height);
    let widest = |of: fn(&super::super::ListRow) -> &str| {
        let widths = visible.clone().map(|row| Span::raw(of(row)).width());
        widths.max().unwrap_or(0)
    };
    let (layer, lines) = (widest(|row| &row.layer), widest(|row| &row.lines));
    for (at, (index, row)) in rows.enumerate() {
        let mut spans = vec![Span::styled(size(row.bytes), theme.bytes()), Span::raw(" ")];
        if layer > 0 {
            let text = format!(" {}", padded(&row.layer, layer + 1));
            spans.push(Span::styled(text, theme.dim()));
        }
        if lines > 0 {
            let text = format!(" {}", padded(&row.lines, lines + 1));
            spans.push(Span::styled(text, theme.line()));
        }
        spans.push(Span::raw(format!(" {}", row.text)));
        let style = match index == scroll.selected {
            true => selected(theme, state, Focus::Content),
            false => Style::new(),
        };
        put(area, at + 1, Line::from(spans).patch_style(style), buffer);
    }
}

pub(super) fn details(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let selected = state
        .list()
        .and_then(|(list, scroll)| list.rows.get(scroll.selected));
    let Some(row) = selected else { return };
    let rule = "─".repeat(usize::from(area.width));
    put(area, 0, Line::styled(rule, theme.dim()), buffer);
    let lines = wrapped(&row.detail, usize::from(area.width));
    for (at, line) in lines.into_iter().take(3).enumerate() {
        put(area, 1 + at, Line::raw(line), buffer);
    }
}

//! The list of layers, and what is known of the selected one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::text::{padded, size, wrapped};
use super::{Theme, put, selected};
use crate::explore::facts::LayerFacts;
use crate::explore::layout;
use crate::explore::state::{Focus, State};
use crate::report::size::human;
use crate::report::table::text::{instruction, printable};

pub(super) fn list(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let lines = state.layers.iter().any(|layer| !layer.lines.is_empty());
    let widest = state.layers.iter().map(|layer| layer.lines.len()).max();
    let widest = widest.unwrap_or(0).max(4);
    let mut header = String::from("   #      size ");
    if lines {
        header += &padded(" line", widest + 2);
    }
    header += " created by";
    put(area, 0, Line::styled(header, theme.dim()), buffer);
    let mut scroll = state.layer;
    scroll.settle(state.layers.len(), layout::rows(area));
    let rows = state.layers.iter().enumerate().skip(scroll.top);
    for (row, (index, layer)) in rows.take(layout::rows(area)).enumerate() {
        let is_selected = index == scroll.selected;
        // What the tree shows the changes of.
        let covered = match state.aggregate {
            true => index > 0 && index <= scroll.selected,
            false => is_selected,
        };
        let mark = if covered { "●" } else { " " };
        let mut spans = vec![
            Span::raw(format!("{mark}{index:>3} ")),
            Span::styled(size(layer.bytes), theme.bytes()),
            Span::raw(" "),
        ];
        if lines {
            let text = format!(" {:>widest$} ", printable(&layer.lines));
            spans.push(Span::styled(text, theme.line()));
        }
        spans.push(Span::raw(format!(" {}", words(layer))));
        let style = match is_selected {
            true => selected(theme, state, Focus::Layers),
            false => Style::new(),
        };
        put(area, row + 1, Line::from(spans).patch_style(style), buffer);
    }
}

fn words(layer: &LayerFacts) -> String {
    match &layer.skipped {
        Some(why) => format!("not read: {} layer", printable(why)),
        None => instruction(&layer.created_by),
    }
}

pub(super) fn details(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let columns = usize::from(area.width);
    let mut lines: Vec<Line<'_>> = Vec::new();
    if let Some(layer) = state.layers.get(state.layer.selected) {
        let rule = "─".repeat(columns);
        lines.push(Line::styled(rule, theme.dim()));
        lines.push(Line::styled(
            format!("Layer {}", state.layer.selected),
            theme.title(),
        ));
        if !layer.digest.is_empty() {
            lines.push(Line::styled(printable(&layer.digest), theme.dim()));
        }
        if let (Some([added, modified, removed]), Some(wasted)) = (layer.counts, layer.wasted) {
            let text = format!(
                "+{added} ~{modified} -{removed} files, {} of it wasted",
                human(wasted)
            );
            lines.push(Line::raw(text));
        }
        // The sums of the image come first where there is no room for all.
        let room =
            usize::from(area.height).saturating_sub(lines.len() + state.image.sums.len() + 1);
        let created = wrapped(&words(layer), columns);
        lines.extend(created.into_iter().take(room.max(1)).map(Line::raw));
    }
    if !state.image.sums.is_empty() {
        lines.push(Line::styled("Image", theme.title()));
        lines.extend(state.image.sums.iter().map(|sum| Line::raw(printable(sum))));
    }
    for (row, line) in lines.into_iter().enumerate() {
        put(area, row, line, buffer);
    }
}

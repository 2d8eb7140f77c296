//! State → screen.

mod bars;
mod layers;
mod lists;
mod text;
mod theme;
mod tree;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::facts::Tab;
use super::layout;
use super::state::{Focus, State};

pub use theme::Theme;

/// Draws everything.
pub fn draw(state: &State, theme: Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    let areas = layout::areas(area.as_size(), state.focus());
    let buffer = frame.buffer_mut();
    bars::title(state, theme, areas.title, buffer);
    bars::status(state, theme, areas.status, buffer);
    if state.shows_help() {
        let body = Rect {
            y: areas.title.height,
            height: area.height.saturating_sub(2),
            ..area
        };
        bars::help(state, theme, body, buffer);
        return;
    }
    layers::list(state, theme, areas.layers, buffer);
    layers::details(state, theme, areas.layer_details, buffer);
    bars::tabs(state, theme, areas.tabs, buffer);
    bars::rule(theme, areas, buffer);
    match state.tab {
        Tab::Files => {
            tree::rows(state, theme, areas.content, buffer);
            tree::details(state, theme, areas.row_details, buffer);
        }
        _ => {
            lists::rows(state, theme, areas.content, buffer);
            lists::details(state, theme, areas.row_details, buffer);
        }
    }
}

/// Puts one line into a row of an area; what is too long is cut.
fn put(area: Rect, row: usize, line: Line<'_>, buffer: &mut Buffer) {
    let Ok(row) = u16::try_from(row) else { return };
    if row < area.height {
        let place = Rect {
            y: area.y + row,
            height: 1,
            ..area
        };
        line.render(place, buffer);
    }
}

/// How the selected row looks in a pane.
fn selected(theme: Theme, state: &State, pane: Focus) -> ratatui::style::Style {
    match state.focus() == pane && !state.is_typing() {
        true => theme.selected(),
        false => theme.selected_elsewhere(),
    }
}

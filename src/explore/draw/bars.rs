//! The lines around the panes, and the list of keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::text::padded;
use super::{Theme, put};
use crate::explore::facts::{Reading, Tab};
use crate::explore::keys::HELP;
use crate::explore::layout::Areas;
use crate::explore::state::{Focus, Input, State};
use crate::report::size::human;
use crate::report::table::text::printable;

pub(super) fn title(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let image = &state.image;
    let mut spans = vec![Span::styled(printable(&image.name), theme.title())];
    if !image.platform.is_empty() {
        let from = format!("  {} from {}", image.platform, image.source);
        spans.push(Span::styled(printable(&from), theme.dim()));
    }
    put(area, 0, Line::from(spans), buffer);
}

/// The line between panes that are side by side.
pub(super) fn rule(theme: Theme, areas: Areas, buffer: &mut Buffer) {
    let (left, right) = (areas.layers, areas.tabs);
    if left.width == 0 || right.width == 0 {
        return;
    }
    let height = left.height + areas.layer_details.height;
    let place = Rect {
        x: left.x + left.width,
        y: left.y,
        width: 1,
        height,
    };
    for row in 0..usize::from(height) {
        put(place, row, Line::styled("│", theme.dim()), buffer);
    }
}

/// The tabs with their numbers; where they have no room, the one that is shown.
pub(super) fn tabs(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let all: usize = Tab::ALL.iter().map(|tab| tab.name().len() + 3).sum();
    let roomy = usize::from(area.width) >= all;
    let mut spans = Vec::new();
    for tab in Tab::ALL {
        let number = tab.index() + 1;
        let text = match roomy || tab == state.tab {
            true => format!(" {number} {}", tab.name()),
            false => format!(" {number}"),
        };
        let style = match (tab == state.tab, state.focus()) {
            (true, Focus::Content) => theme.selected(),
            (true, Focus::Layers) => theme.selected_elsewhere(),
            (false, _) => theme.dim(),
        };
        spans.push(Span::styled(text, style));
    }
    put(area, 0, Line::from(spans), buffer);
}

pub(super) fn status(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    put(area, 0, words(state, theme), buffer);
}

fn words(state: &State, theme: Theme) -> Line<'static> {
    match &state.input {
        Some(Input::Filter(text)) => {
            let kind = match state.tree.filter.plain {
                true => "plain text",
                false => "regular expression",
            };
            let mut spans = vec![
                Span::styled("filter: ", theme.title()),
                Span::raw(printable(text)),
                Span::raw("▏"),
            ];
            match &state.tree.filter.error {
                Some(error) => {
                    let error = format!("  {}", printable(error));
                    spans.push(Span::styled(error, theme.error()));
                }
                None => spans.push(Span::styled(format!("  {kind}"), theme.dim())),
            }
            Line::from(spans)
        }
        Some(Input::Name { text, error, .. }) => {
            let hint = match error {
                Some(error) => Span::styled(format!("  {error}"), theme.error()),
                None => Span::styled("  Enter writes, Esc does not", theme.dim()),
            };
            Line::from(vec![
                Span::styled("write to file: ", theme.title()),
                Span::raw(printable(text)),
                Span::raw("▏"),
                hint,
            ])
        }
        None => match (&state.note, progress(&state.reading)) {
            (Some(note), _) => Line::styled(printable(note), theme.title()),
            (None, Some(progress)) => Line::from(progress),
            (None, None) => Line::styled(hints(state), theme.dim()),
        },
    }
}

fn progress(reading: &Reading) -> Option<String> {
    Some(match reading {
        Reading::Opening => "opening the image …".to_owned(),
        Reading::Layers {
            done,
            of,
            bytes,
            of_bytes,
        } => {
            let all = match of_bytes {
                Some(all) => format!(" of {}", human(*all)),
                None => String::new(),
            };
            format!("reading layers: {done} of {of}, {}{all} …", human(*bytes))
        }
        Reading::Judging => "looking for waste, caches and duplicates …".to_owned(),
        Reading::Done => return None,
    })
}

fn hints(state: &State) -> String {
    let own = match (state.focus(), state.tab) {
        (Focus::Layers, _) => "c changes of one layer or all  Enter files",
        (Focus::Content, Tab::Files) => {
            "Space open  / filter  + ~ - = show or hide  s sort  b attributes  e write"
        }
        (Focus::Content, _) => "Enter jump to path and layer",
    };
    format!("? keys  q leave  Tab pane  1-7 tabs  {own}")
}

pub(super) fn help(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    put(area, 0, Line::styled("Keys", theme.title()), buffer);
    let top = state.help.unwrap_or(0);
    let keys = HELP.iter().skip(top);
    for (row, (key, what)) in keys.enumerate() {
        let line = Line::from(vec![
            Span::styled(padded(&format!("  {key}"), 17), theme.bytes()),
            Span::raw(*what),
        ]);
        put(area, row + 1, line, buffer);
    }
}

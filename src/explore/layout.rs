//! Where things are on a screen of some size.

use ratatui::layout::{Position, Rect, Size};

use super::state::Focus;

/// Columns from which both panes are side by side.
const SIDE_BY_SIDE: u16 = 90;

/// Lines from which there is room for details.
const TALL: u16 = 16;

/// The parts of the screen; those without room are empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Areas {
    /// The name of the image.
    pub(super) title: Rect,
    /// The list of layers.
    pub(super) layers: Rect,
    /// What is known of the selected layer.
    pub(super) layer_details: Rect,
    /// The tabs.
    pub(super) tabs: Rect,
    /// The tree, or a list.
    pub(super) content: Rect,
    /// What is known of the selected row.
    pub(super) row_details: Rect,
    /// What is being typed, said or done.
    pub(super) status: Rect,
}

pub(super) fn areas(size: Size, focus: Focus) -> Areas {
    let screen = Rect::from((Position::ORIGIN, size));
    let (title, rest) = cut(screen, 1);
    let (body, status) = cut(rest, rest.height.saturating_sub(1));
    let (left, right) = if size.width >= SIDE_BY_SIDE {
        let width = (size.width * 2 / 5).min(80);
        let left = Rect { width, ..body };
        let right = Rect {
            x: body.x + width + 1,
            width: body.width - width - 1,
            ..body
        };
        (left, right)
    } else {
        match focus {
            Focus::Layers => (body, Rect::default()),
            Focus::Content => (Rect::default(), body),
        }
    };
    let (layers, layer_details) = match left.height {
        TALL.. => cut(left, left.height * 3 / 5),
        height => cut(left, height),
    };
    let (tabs, pane) = cut(right, 1);
    let (content, row_details) = match pane.height {
        TALL.. => cut(pane, pane.height - 4),
        height => cut(pane, height),
    };
    Areas {
        title,
        layers,
        layer_details,
        tabs,
        content,
        row_details,
        status,
    }
}

/// The first lines of an area, and the rest of it.
fn cut(area: Rect, lines: u16) -> (Rect, Rect) {
    let height = lines.min(area.height);
    let top = Rect { height, ..area };
    let rest = Rect {
        y: area.y + height,
        height: area.height - height,
        ..area
    };
    (top, rest)
}

/// Rows below the header of a list.
pub(super) fn rows(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(1))
}

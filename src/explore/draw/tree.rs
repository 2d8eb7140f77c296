//! The rows of the tree that are on screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::text::{shown, size, wrapped};
use super::{Theme, put, selected};
use crate::explore::files::{Files, Version, VersionKind};
use crate::explore::layout;
use crate::explore::state::{Focus, State};
use crate::explore::view::{Row, Sort, Status};
use crate::report::size::exact;

/// Deeper directories are indented no further.
const DEEPEST: u16 = 40;

/// Columns from which owners are among the attributes.
const WITH_OWNERS: u16 = 56;

pub(super) fn rows(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let pane = &state.tree;
    let mut header = match (pane.attributes, area.width >= WITH_OWNERS) {
        (true, true) => format!("{:<10} {:>11} {:>9}   ", "mode", "owner", "size"),
        (true, false) => format!("{:<10} {:>9}   ", "mode", "size"),
        (false, _) => format!("{:>9}   ", "size"),
    };
    header += match state.aggregate {
        true => "changes of all layers so far",
        false => "changes of this layer",
    };
    if pane.sort == Sort::Size {
        header += ", by size";
    }
    let hidden = [
        (Status::Added, "added"),
        (Status::Modified, "modified"),
        (Status::Removed, "removed"),
        (Status::Unmodified, "unmodified"),
    ];
    for (status, word) in hidden {
        if !pane.shown.has(status) {
            header += &format!(", no {word}");
        }
    }
    if pane.filter.is_active() {
        header += ", filtered";
    }
    put(area, 0, Line::styled(header, theme.dim()), buffer);
    let Some(files) = &pane.files else {
        let text = "The tree is shown as soon as the layers are read.";
        return put(area, 1, Line::styled(text, theme.dim()), buffer);
    };
    if pane.rows.is_empty() {
        let text = match pane.filter.is_active() {
            true => "No path fits the filter.",
            false => "Nothing to show.",
        };
        return put(area, 1, Line::styled(text, theme.dim()), buffer);
    }
    let height = layout::rows(area);
    let mut scroll = pane.scroll;
    scroll.settle(pane.rows.len(), height);
    let rows = pane.rows.iter().enumerate().skip(scroll.top).take(height);
    for (at, (index, row)) in rows.enumerate() {
        let style = match index == scroll.selected {
            true => selected(theme, state, Focus::Content),
            false => Style::new(),
        };
        let line = line(state, files, theme, *row, area.width).patch_style(style);
        put(area, at + 1, line, buffer);
    }
}

fn line(state: &State, files: &Files, theme: Theme, row: Row, width: u16) -> Line<'static> {
    let pane = &state.tree;
    let status = pane.view.status(row.path);
    let version = pane.view.version(files, row.path);
    let is_directory = pane.view.is_directory(files, row.path);
    let mut spans = Vec::new();
    if pane.attributes {
        let owner = version.map_or_else(String::new, |version| {
            let (user, group) = files.owner(version);
            format!("{user}:{group}")
        });
        let text = match width >= WITH_OWNERS {
            true => format!("{} {owner:>11} ", mode(version)),
            false => format!("{} ", mode(version)),
        };
        spans.push(Span::styled(text, theme.dim()));
    }
    let bytes = match version.map(|version| version.kind) {
        None | Some(VersionKind::Directory | VersionKind::File) => Some(pane.view.bytes(row.path)),
        Some(VersionKind::HardLink) => version.map(Version::bytes),
        _ => None,
    };
    spans.push(Span::styled(size(bytes), theme.bytes()));
    let indent = "  ".repeat(usize::from(row.depth.min(DEEPEST)));
    let fold = match (is_directory, pane.is_open(row.path)) {
        (true, true) => "▾ ",
        (true, false) => "▸ ",
        (false, _) => "  ",
    };
    let mut name = shown(files.name(row.path));
    if is_directory {
        name.push('/');
    }
    match version {
        Some(version) if version.kind == VersionKind::Symlink => {
            name += " → ";
            name += &shown(files.target(version).unwrap_or_default());
        }
        Some(version) if version.kind == VersionKind::HardLink => name += " (further name)",
        _ => {}
    }
    let text = format!(" {} {indent}{fold}{name}", status.sign());
    spans.push(Span::styled(text, theme.status(status)));
    Line::from(spans)
}

/// As `ls -l` writes it.
fn mode(version: Option<&Version>) -> String {
    let Some(version) = version else {
        return "d---------".to_owned();
    };
    let mut out = String::from(match version.kind {
        VersionKind::Directory => "d",
        VersionKind::Symlink => "l",
        VersionKind::CharDevice => "c",
        VersionKind::BlockDevice => "b",
        VersionKind::Fifo => "p",
        VersionKind::File | VersionKind::HardLink | VersionKind::Gone => "-",
    });
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = version.mode >> shift;
        out.push(if bits & 4 != 0 { 'r' } else { '-' });
        out.push(if bits & 2 != 0 { 'w' } else { '-' });
        out.push(match (version.mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    out
}

/// The whole path, and which layers wrote it.
pub(super) fn details(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let pane = &state.tree;
    let (Some(files), Some(path)) = (&pane.files, pane.selected()) else {
        return;
    };
    let rule = "─".repeat(usize::from(area.width));
    put(area, 0, Line::styled(rule, theme.dim()), buffer);
    let layers: Vec<String> = files
        .versions(path)
        .iter()
        .map(|version| match version.kind {
            VersionKind::Gone => format!("removed in layer {}", version.layer),
            VersionKind::Directory => format!("in layer {}", version.layer),
            _ => format!("layer {} ({})", version.layer, exact(version.bytes())),
        })
        .collect();
    let line = Line::styled(layers.join(", "), theme.dim());
    put(area, 1, line, buffer);
    let whole = format!("/{}", shown(&files.path(path)));
    let lines = wrapped(&whole, usize::from(area.width));
    for (at, line) in lines.into_iter().take(2).enumerate() {
        put(area, 2 + at, Line::raw(line), buffer);
    }
}

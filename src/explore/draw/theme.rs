//! Colours, and what stands for them where there are none.

use ratatui::style::{Color, Modifier, Style};

use crate::explore::view::Status;

/// How things look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Whether there are colours; bold, dim and reversed text are there anyway.
    pub color: bool,
}

impl Theme {
    fn with(self, color: Color) -> Style {
        match self.color {
            true => Style::new().fg(color),
            false => Style::new(),
        }
    }

    pub(super) fn status(self, status: Status) -> Style {
        match status {
            Status::Added => self.with(Color::Green),
            Status::Modified => self.with(Color::Yellow),
            Status::Removed => self.with(Color::Red).add_modifier(Modifier::CROSSED_OUT),
            Status::Absent | Status::Unmodified => Style::new(),
        }
    }

    pub(super) fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(super) fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(super) fn error(self) -> Style {
        self.with(Color::Red).add_modifier(Modifier::BOLD)
    }

    pub(super) fn bytes(self) -> Style {
        self.with(Color::Cyan)
    }

    pub(super) fn line(self) -> Style {
        self.with(Color::Magenta)
    }

    pub(super) fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub(super) fn selected_elsewhere(self) -> Style {
        Style::new().add_modifier(Modifier::UNDERLINED)
    }
}

//! The tree of files: what is open, hidden and selected.

use super::scroll::Scroll;
use crate::explore::files::Files;
use crate::explore::filter::Filter;
use crate::explore::view::{Row, Shown, Sort, Status, View};

/// The tree pane.
#[derive(Debug, Default)]
pub(in crate::explore) struct TreePane {
    pub(in crate::explore) files: Option<Files>,
    pub(in crate::explore) view: View,
    pub(in crate::explore) rows: Vec<Row>,
    pub(in crate::explore) scroll: Scroll,
    pub(in crate::explore) shown: Shown,
    pub(in crate::explore) sort: Sort,
    pub(in crate::explore) attributes: bool,
    pub(in crate::explore) filter: Filter,
    expanded: Vec<bool>,
}

impl TreePane {
    pub(super) fn load(&mut self, files: Files) {
        self.expanded = vec![false; files.len()];
        self.files = Some(files);
    }

    pub(in crate::explore) fn selected(&self) -> Option<u32> {
        self.rows.get(self.scroll.selected).map(|row| row.path)
    }

    pub(in crate::explore) fn is_open(&self, path: u32) -> bool {
        self.expanded.get(path as usize).copied().unwrap_or(false)
    }

    /// Another layer, or another way to compare it.
    pub(super) fn compare(&mut self, layer: usize, aggregate: bool) {
        if let Some(files) = &self.files {
            self.view = View::new(files, layer, aggregate);
            self.choose();
        }
    }

    /// After other filters.
    pub(super) fn choose(&mut self) {
        if let Some(files) = &self.files {
            self.view.keep(files, self.shown, &self.filter);
            self.arrange();
        }
    }

    /// Makes the rows again; the selection stays at its path, or at the nearest
    /// directory above it that still has a row.
    pub(super) fn arrange(&mut self) {
        let Some(files) = &self.files else { return };
        let before = self.selected();
        let distance = self.scroll.selected.saturating_sub(self.scroll.top);
        self.rows = self.view.rows(files, &self.expanded, self.sort);
        let Some(mut path) = before else { return };
        loop {
            if let Some(at) = self.rows.iter().position(|row| row.path == path) {
                self.scroll.selected = at;
                self.scroll.top = at.saturating_sub(distance);
                return;
            }
            if path == 0 {
                return;
            }
            path = files.parent(path);
        }
    }

    fn is_directory(&self, path: u32) -> bool {
        let files = self.files.as_ref();
        files.is_some_and(|files| {
            self.view.is_directory(files, path) || !files.children(path).is_empty()
        })
    }

    /// Opens or closes the selected directory.
    pub(super) fn set_open(&mut self, open: Option<bool>) {
        let Some(path) = self.selected().filter(|&path| self.is_directory(path)) else {
            return;
        };
        if let Some(expanded) = self.expanded.get_mut(path as usize) {
            *expanded = open.unwrap_or(!*expanded);
        }
        self.arrange();
    }

    /// Opens all directories, or closes them when any is open.
    pub(super) fn turn_all(&mut self) {
        let any = self.rows.iter().any(|row| self.is_open(row.path));
        self.expanded.fill(!any);
        self.arrange();
    }

    /// Opens what leads to paths that a filter lets through.
    pub(super) fn open_found(&mut self) {
        let Some(files) = self.files.as_ref().filter(|_| self.filter.is_active()) else {
            return;
        };
        // Enough to see them; a filter for everything opens no million rows.
        const MOST: usize = 10_000;
        let mut opened = 0;
        let mut stack = vec![0];
        while let Some(path) = stack.pop() {
            for &child in files.children(path) {
                if opened < MOST && self.view.is_kept(child) && !files.children(child).is_empty() {
                    if let Some(expanded) = self.expanded.get_mut(child as usize) {
                        *expanded = true;
                    }
                    opened += 1;
                    stack.push(child);
                }
            }
        }
        self.arrange();
    }

    /// Closes the selected directory, or goes to the one around it.
    pub(super) fn close(&mut self) {
        let Some(path) = self.selected() else { return };
        if self.is_open(path) {
            return self.set_open(Some(false));
        }
        let parent = self.files.as_ref().map_or(0, |files| files.parent(path));
        if let Some(at) = self.rows.iter().position(|row| row.path == parent) {
            self.scroll.selected = at;
        }
    }

    /// Opens the selected directory, or goes into it.
    pub(super) fn open(&mut self) {
        match self.selected() {
            Some(path) if self.is_open(path) => self.scroll.go(1),
            _ => self.set_open(Some(true)),
        }
    }

    /// Selects a path, whatever hides it. `false` where the view does not have it.
    pub(super) fn reveal(&mut self, path: &[u8]) -> bool {
        let Some(files) = &self.files else {
            return false;
        };
        let found = files.find(path);
        let Some(path) = found.filter(|&path| self.view.status(path) != Status::Absent) else {
            return false;
        };
        let mut at = files.parent(path);
        while at != 0 {
            if let Some(expanded) = self.expanded.get_mut(at as usize) {
                *expanded = true;
            }
            at = files.parent(at);
        }
        if !self.view.is_kept(path) {
            self.shown = Shown::default();
            self.filter = Filter::default();
            self.view.keep(files, self.shown, &self.filter);
        }
        self.arrange();
        if let Some(at) = self.rows.iter().position(|row| row.path == path) {
            self.scroll.selected = at;
            self.scroll.top = at.saturating_sub(3);
        }
        true
    }
}

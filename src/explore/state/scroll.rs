//! A selection in a list that is longer than the screen.

/// The selected row and the first one on screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::explore) struct Scroll {
    pub(in crate::explore) selected: usize,
    pub(in crate::explore) top: usize,
}

impl Scroll {
    /// Goes `by` rows down, or up.
    pub(super) fn go(&mut self, by: isize) {
        self.selected = self.selected.saturating_add_signed(by);
    }

    /// Brings both into range for `rows` rows of which `height` are on screen.
    pub(in crate::explore) fn settle(&mut self, rows: usize, height: usize) {
        self.selected = self.selected.min(rows.saturating_sub(1));
        let height = height.max(1);
        self.top = self.top.min(self.selected);
        if self.selected >= self.top + height {
            self.top = self.selected + 1 - height;
        }
        // No empty lines below while there are rows above.
        self.top = self.top.min(rows.saturating_sub(height));
    }
}

//! Text in columns.

use ratatui::text::Span;

use crate::oci::escape_bytes;
use crate::report::size::human;
use crate::report::table::text::printable;

/// A name or path of the image, fit for a terminal.
pub(super) fn shown(bytes: &[u8]) -> String {
    printable(&escape_bytes(bytes))
}

/// Bytes in nine columns.
pub(super) fn size(bytes: Option<u64>) -> String {
    let words = bytes.map_or_else(String::new, human);
    format!("{words:>9}")
}

/// `text` in at least so many columns.
pub(super) fn padded(text: &str, columns: usize) -> String {
    let width = Span::raw(text).width();
    format!("{text}{}", " ".repeat(columns.saturating_sub(width)))
}

/// `text` in lines of at most so many columns, of any script.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = Vec::new();
    let (mut line, mut width) = (String::new(), 0);
    for word in text.split_whitespace() {
        let own = Span::raw(word).width();
        if width > 0 && width + 1 + own > columns {
            lines.push(std::mem::take(&mut line));
            width = 0;
        }
        if width > 0 {
            line.push(' ');
            width += 1;
        }
        if width + own <= columns {
            line.push_str(word);
            width += own;
            continue;
        }
        for c in word.chars() {
            let own = Span::raw(c.encode_utf8(&mut [0; 4]) as &str).width();
            if width + own > columns {
                lines.push(std::mem::take(&mut line));
                width = 0;
            }
            line.push(c);
            width += own;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

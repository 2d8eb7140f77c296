//! Places in a text: byte ranges, lines and columns, and joined lines that
//! still know where each byte came from.

use serde::Serialize;

/// A range of bytes, in the file unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// From `start` up to, but not including, `end`.
    pub fn new(start: u32, end: u32) -> Self {
        Span { start, end }
    }

    /// An empty span.
    pub fn at(place: u32) -> Self {
        Span::new(place, place)
    }

    /// The span from the start of the one to the end of the other.
    pub fn to(self, other: Span) -> Self {
        Span::new(self.start, other.end.max(self.start))
    }

    /// Whether it holds the byte at `place`.
    pub fn contains(self, place: u32) -> bool {
        self.start <= place && place < self.end
    }

    /// The range, for slicing.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The text that it covers; empty when it is not inside `text`.
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or("")
    }
}

/// A line and a column, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// Where the lines of a text begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    starts: Vec<u32>,
    /// Characters before each block of the text.
    characters: Vec<u32>,
}

/// Bytes between two counts of characters.
const BLOCK: usize = 1024;

impl Lines {
    /// Finds the lines of a text; `\n` ends one.
    pub fn of(text: &str) -> Self {
        let mut starts = vec![0];
        let bytes = text.as_bytes().iter().enumerate();
        starts.extend(
            bytes
                .filter(|&(_, b)| *b == b'\n')
                .map(|(i, _)| i as u32 + 1),
        );
        let mut characters = vec![0];
        let mut count = 0;
        for block in text.as_bytes().chunks(BLOCK) {
            count += begun(block);
            characters.push(count);
        }
        Lines { starts, characters }
    }

    /// How many characters begin before a byte.
    fn before(&self, text: &str, place: u32) -> u32 {
        let block = place as usize / BLOCK;
        let counted = self.characters.get(block).copied().unwrap_or(0);
        let rest = text.as_bytes().get(block * BLOCK..place as usize);
        counted + rest.map_or(0, begun)
    }

    /// The line of a byte, counted from 1.
    pub fn line(&self, place: u32) -> u32 {
        self.starts.partition_point(|&start| start <= place) as u32
    }

    /// Line and column of a byte of `text`.
    pub fn position(&self, text: &str, place: u32) -> Position {
        let line = self.line(place);
        let place = place.min(text.len() as u32);
        let before = self.before(text, place) - self.before(text, self.start(line));
        // A byte order mark is no character of the line.
        let mark = u32::from(line == 1 && place >= 3 && text.starts_with('\u{feff}'));
        Position {
            line,
            column: before + 1 - mark,
        }
    }

    /// First byte of a line (counted from 1); the last line's for lines after it.
    pub fn start(&self, line: u32) -> u32 {
        let index = (line.max(1) as usize - 1).min(self.starts.len() - 1);
        self.starts.get(index).copied().unwrap_or(0)
    }

    /// The bytes of a line without its line break.
    pub fn span(&self, text: &str, line: u32) -> Span {
        let start = self.start(line);
        let end = self
            .starts
            .get(line as usize)
            .map_or(text.len() as u32, |&next| next - 1);
        let content = Span::new(start, end).of(text);
        Span::new(start, start + content.trim_end_matches('\r').len() as u32)
    }

    /// How many lines there are.
    pub fn count(&self) -> u32 {
        self.starts.len() as u32
    }
}

/// How many characters begin in these bytes.
fn begun(bytes: &[u8]) -> u32 {
    // All but the bytes that continue a character.
    bytes.iter().filter(|b| **b & 0xc0 != 0x80).count() as u32
}

/// Text put together from pieces of the file, as of the lines of a continued
/// instruction, with the place of every byte.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Joined {
    /// The text.
    pub text: String,
    /// For each piece, where it begins in `text` and in the file.
    pieces: Vec<(u32, u32)>,
}

impl Joined {
    /// Appends the bytes `span` of the file.
    pub fn push(&mut self, file: &str, span: Span) {
        if span.start < span.end {
            self.pieces.push((self.text.len() as u32, span.start));
            self.text.push_str(span.of(file));
        }
    }

    /// Appends text that stands for the place `at` of the file.
    pub fn push_made(&mut self, text: &str, at: u32) {
        self.pieces.push((self.text.len() as u32, at));
        self.text.push_str(text);
    }

    /// Appends text with spans of its own.
    pub fn append(&mut self, other: &Joined) {
        let by = self.text.len() as u32;
        self.pieces
            .extend(other.pieces.iter().map(|&(here, there)| (here + by, there)));
        self.text.push_str(&other.text);
    }

    /// Removes everything from `length` on.
    pub fn truncate(&mut self, length: usize) {
        self.text.truncate(length);
        self.pieces.retain(|&(here, _)| (here as usize) < length);
    }

    /// The part `span` of the text, still with its places.
    pub fn part(&self, span: Span) -> Joined {
        let mut part = Joined {
            text: span.of(&self.text).to_owned(),
            pieces: Vec::new(),
        };
        if part.text.is_empty() {
            part.pieces.push((0, self.place(span.start)));
            return part;
        }
        part.pieces.push((0, self.place(span.start)));
        let first = self.pieces.partition_point(|&(here, _)| here <= span.start);
        let rest = self.pieces.get(first..).unwrap_or(&[]);
        let inside = rest.iter().take_while(|&&(here, _)| here < span.end);
        part.pieces
            .extend(inside.map(|&(here, there)| (here - span.start, there)));
        part
    }

    /// The place in the file of a byte of the text.
    pub fn place(&self, at: u32) -> u32 {
        let after = self.pieces.partition_point(|&(here, _)| here <= at);
        match after.checked_sub(1).and_then(|i| self.pieces.get(i)) {
            Some(&(here, there)) => there + (at - here),
            None => self.pieces.first().map_or(0, |&(_, there)| there),
        }
    }

    /// The bytes of the file that a part of the text came from, with whatever
    /// lies between them.
    pub fn span(&self, part: Span) -> Span {
        if part.end <= part.start {
            return Span::at(self.place(part.start));
        }
        Span::new(self.place(part.start), self.place(part.end - 1) + 1)
    }

    /// Whether a part of the text is in one piece in the file.
    pub fn is_whole(&self, part: Span) -> bool {
        let span = self.span(part);
        span.end - span.start == part.end.saturating_sub(part.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        let text = "a\nüb\r\nc";
        let lines = Lines::of(text);
        assert_eq!(lines.position(text, 0), Position { line: 1, column: 1 });
        assert_eq!(lines.position(text, 4), Position { line: 2, column: 2 });
        assert_eq!(lines.span(text, 2).of(text), "üb");
        assert_eq!(lines.position(text, 7), Position { line: 3, column: 1 });
        assert_eq!(lines.count(), 3);
    }

    #[test]
    fn positions_in_long_lines() {
        let text = format!("a\n{}", "ü€b".repeat(2 * BLOCK));
        let lines = Lines::of(&text);
        for place in (0..=text.len()).filter(|&place| text.is_char_boundary(place)) {
            let line_start = if place < 2 { 0 } else { 2 };
            let before = text[line_start..place].chars().count() as u32;
            assert_eq!(lines.position(&text, place as u32).column, before + 1);
        }
    }

    #[test]
    fn joined_text_knows_its_places() {
        let file = "RUN a \\\n  b";
        let mut joined = Joined::default();
        joined.push(file, Span::new(4, 6));
        joined.push(file, Span::new(8, 11));
        assert_eq!(joined.text, "a   b");
        assert_eq!(joined.place(4), 10);
        assert_eq!(joined.span(Span::new(0, 5)), Span::new(4, 11));
        assert!(!joined.is_whole(Span::new(0, 5)));
        let part = joined.part(Span::new(1, 5));
        assert_eq!((part.text.as_str(), part.place(3)), ("   b", 10));
    }
}

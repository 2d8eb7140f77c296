//! Lines of a file made fit for a terminal, with places in them still known.

use std::ops::Range;

use crate::dockerfile::Lines;

/// Some lines of a file: characters that act on terminals are replaced by ones
/// that are seen, line breaks are `\n`, and lines that only machines write are
/// cut around the places of interest.
#[derive(Debug)]
pub(super) struct Excerpt {
    /// The lines.
    pub(super) text: String,
    /// The number of the first one, from 1.
    pub(super) first_line: usize,
    /// Whether a line lost its beginning, so that columns are not the file's.
    pub(super) columns_lost: bool,
    steps: Vec<Step>,
}

/// From here the excerpt is the file's text, or stands for it.
#[derive(Debug)]
struct Step {
    in_file: usize,
    in_excerpt: usize,
    copied: bool,
}

impl Excerpt {
    /// The lines from the first of `places` to the last, which must be
    /// boundaries of characters. Of longer lines at most about `room` bytes
    /// are kept around each place.
    pub(super) fn of(file: &str, lines: &Lines, places: &[usize], room: usize) -> Self {
        let line = |place: Option<&usize>| lines.line(place.map_or(0, |&place| place as u32));
        let (first, last) = (line(places.iter().min()), line(places.iter().max()));
        let mut excerpt = Excerpt {
            text: String::new(),
            first_line: first as usize,
            columns_lost: false,
            steps: Vec::new(),
        };
        for line in first..=last {
            let range = lines.span(file, line).range();
            excerpt.push_line(file, range.clone(), &windows(file, &range, places, room));
            // What ends the line stands for itself.
            excerpt.step(range.end, false);
            if line < last {
                excerpt.text.push('\n');
            }
        }
        excerpt
    }

    /// Where a place of the file is in the excerpt.
    pub(super) fn place(&self, in_file: usize) -> usize {
        let after = self.steps.partition_point(|step| step.in_file <= in_file);
        let Some(step) = after.checked_sub(1).and_then(|at| self.steps.get(at)) else {
            return 0;
        };
        let next = self.steps.get(after);
        let end = next.map_or(self.text.len(), |next| next.in_excerpt);
        if step.in_file == in_file {
            step.in_excerpt
        } else if step.copied {
            (step.in_excerpt + (in_file - step.in_file)).min(end)
        } else if next.is_some() {
            end
        } else {
            step.in_excerpt
        }
    }

    fn step(&mut self, in_file: usize, copied: bool) {
        self.steps.push(Step {
            in_file,
            in_excerpt: self.text.len(),
            copied,
        });
    }

    fn push_line(&mut self, file: &str, line: Range<usize>, kept: &[Range<usize>]) {
        let mut at = line.start;
        for window in kept {
            if at < window.start {
                self.columns_lost |= at == line.start;
                self.step(at, false);
                self.text.push('…');
            }
            self.push_piece(file, window.clone());
            at = window.end;
        }
        if at < line.end {
            self.step(at, false);
            self.text.push('…');
        }
    }

    fn push_piece(&mut self, file: &str, piece: Range<usize>) {
        self.step(piece.start, true);
        let start = piece.start;
        for (at, c) in file.get(piece).unwrap_or("").char_indices() {
            let shown = if start + at == 0 && c == '\u{feff}' {
                None
            } else {
                Some(seen(c))
            };
            if shown == Some(c) {
                self.text.push(c);
                continue;
            }
            self.step(start + at, false);
            self.text.extend(shown);
            self.step(start + at + c.len_utf8(), true);
        }
    }
}

/// The parts of a line to keep, in order and apart.
fn windows(file: &str, line: &Range<usize>, places: &[usize], room: usize) -> Vec<Range<usize>> {
    if line.len() <= room {
        return vec![line.clone()];
    }
    let mut here: Vec<usize> = places
        .iter()
        .copied()
        .filter(|place| (line.start..=line.end).contains(place))
        .collect();
    here.sort_unstable();
    if here.is_empty() {
        here.push(line.start);
    }
    let mut kept: Vec<Range<usize>> = Vec::new();
    for place in here {
        let mut start = place.saturating_sub(room / 2).max(line.start);
        let mut end = place.saturating_add(room / 2).min(line.end);
        while !file.is_char_boundary(start) {
            start -= 1;
        }
        while !file.is_char_boundary(end) {
            end += 1;
        }
        match kept.last_mut() {
            Some(last) if start <= last.end => last.end = end,
            _ => kept.push(start..end),
        }
    }
    kept
}

/// A character that shows and does nothing else. Tabs stay: they are common,
/// and the renderer knows them.
pub(super) fn seen(c: char) -> char {
    match c {
        '\t' => c,
        // Pictures of control characters, in the order of these.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        // More controls; invisible characters; marks that turn the line around.
        '\u{80}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(file: &str, what: &str, room: usize, want: &str, underlined: &str) -> Excerpt {
        let start = file.find(what).unwrap();
        let places = [start, start + what.len()];
        let excerpt = Excerpt::of(file, &Lines::of(file), &places, room);
        assert_eq!(excerpt.text, want);
        let range = excerpt.place(places[0])..excerpt.place(places[1]);
        assert_eq!(&excerpt.text[range], underlined);
        excerpt
    }

    #[test]
    fn what_acts_is_replaced() {
        check(
            "A\n\u{1b}[mb\u{7}\tc\u{9b}\nD",
            "b\u{7}\tc",
            80,
            "␛[mb␇\tc\u{fffd}",
            "b␇\tc",
        );
        check("A\r\nB\rC\r\nD", "C\r\n", 80, "B␍C\nD", "C\n");
        check("\u{feff}A\u{202e}B", "\u{feff}A", 80, "A\u{fffd}B", "A");
        check(
            "\u{feff}A\u{202e}B",
            "\u{202e}",
            80,
            "A\u{fffd}B",
            "\u{fffd}",
        );
        check("", "", 80, "", "");
        check("A\n", "\n", 80, "A\n", "\n");
    }

    #[test]
    fn long_lines_are_cut() {
        let long = format!("{}what{}", "ä".repeat(1000), "ö".repeat(1000));
        let excerpt = check(&long, "what", 10, "…äääwhatööö…", "what");
        assert!(excerpt.columns_lost);
        let long = format!("what{}", "ö".repeat(1000));
        let excerpt = check(&long, "what", 10, "whatööö…", "what");
        assert!(!excerpt.columns_lost);
        let covered = long.clone();
        check(&long, &covered, 10, "whatö…ööö", "whatö…ööö");
    }
}

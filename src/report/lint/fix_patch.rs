//! What a fix would change, as the lines that go and the lines that come.
//!
//! annotate-snippets has patches, too, but of several edits, or of whole lines,
//! it shows lines as gone that stay, and the other way round.

use super::FileReport;
use super::excerpt::seen;
use crate::dockerfile::Lines;
use crate::lint::{Applicability, Edit, Fix};

/// Lines, old and new ones, up to which a patch is shown: it is there to be
/// taken in at a glance.
const LINES: usize = 24;

/// Bytes of the lines up to which it is made at all.
const BYTES: usize = 64 * 1024;

/// Says what applies a fix.
pub(super) fn note(fix: &Fix) -> &'static str {
    match fix.applicability {
        Applicability::Safe => "`--fix` mends this",
        Applicability::Unsafe => "`--fix=unsafe` mends this, and may change what the image does",
    }
}

/// Lines in a row that change.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hunk {
    line: u32,
    old: Vec<String>,
    new: Vec<String>,
}

/// What a fix changes; none when that is nothing to look at, too much, or
/// outside the file.
pub(super) fn hunks(file: &FileReport<'_>, lines: &Lines, fix: &Fix) -> Option<Vec<Hunk>> {
    let mut edits: Vec<&Edit> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| edit.span);
    let mut hunks = Vec::new();
    let mut bytes = 0;
    let mut rest: &[&Edit] = &edits;
    while let [first, ..] = rest {
        let top = lines.line(first.span.start);
        let mut bottom = lines.line(first.span.end);
        let mut count = 1;
        while let Some(next) = rest.get(count)
            && lines.line(next.span.start) <= bottom
        {
            bottom = lines.line(next.span.end).max(bottom);
            count += 1;
        }
        let (here, after) = rest.split_at_checked(count)?;
        rest = after;
        let start = lines.start(top) as usize;
        let end = match bottom < lines.count() {
            true => lines.start(bottom + 1) as usize,
            false => file.text.len(),
        };
        bytes += end.checked_sub(start)?;
        bytes += here.iter().map(|edit| edit.text.len()).sum::<usize>();
        if bytes > BYTES {
            return None;
        }
        let new = edited(file.text, start, end, here)?;
        hunks.extend(hunk(top, file.text.get(start..end)?, &new));
    }
    let shown: usize = hunks
        .iter()
        .map(|hunk| hunk.old.len() + hunk.new.len())
        .sum();
    (1..=LINES).contains(&shown).then_some(hunks)
}

/// The text from `start` to `end` after the edits, unless they overlap.
fn edited(text: &str, start: usize, end: usize, edits: &[&Edit]) -> Option<String> {
    let mut new = String::new();
    let mut at = start;
    for edit in edits {
        let range = edit.span.range();
        new.push_str(text.get(at..range.start)?);
        new.push_str(&edit.text);
        at = range.end;
    }
    new.push_str(text.get(at..end)?);
    Some(new)
}

/// The lines that differ.
fn hunk(top: u32, old: &str, new: &str) -> Option<Hunk> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let pairs = old.iter().zip(&new);
    let head = pairs.take_while(|(old, new)| old == new).count();
    let (old, new) = (old.get(head..)?, new.get(head..)?);
    let pairs = old.iter().rev().zip(new.iter().rev());
    let tail = pairs.take_while(|(old, new)| old == new).count();
    let old = old.get(..old.len() - tail)?;
    let new = new.get(..new.len() - tail)?;
    (!old.is_empty() || !new.is_empty()).then(|| Hunk {
        line: top + head as u32,
        old: old.iter().map(|line| clean(line)).collect(),
        new: new.iter().map(|line| clean(line)).collect(),
    })
}

fn clean(line: &str) -> String {
    let line = line.strip_prefix('\u{feff}').unwrap_or(line);
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\t' => out.push_str("    "),
            c => out.push(seen(c)),
        }
    }
    out
}

/// The hunks below the line that says what applies them. `last_line` is the
/// highest line number above, which sets how far the numbers are indented.
pub(super) fn text(fix: &Fix, hunks: &[Hunk], last_line: u32, width: usize, color: bool) -> String {
    let lines = hunks.iter().map(|hunk| {
        let count = hunk.old.len().max(hunk.new.len()) as u32;
        hunk.line + count.saturating_sub(1)
    });
    let last = lines.max().unwrap_or(0).max(last_line);
    let paper = Paper {
        numbers: last.to_string().len(),
        width,
        color,
    };
    let help = paper.styled("help", "1;96");
    let mut out = format!("{help}: {}", note(fix));
    out.push_str(&paper.row("", "|"));
    for (number, hunk) in hunks.iter().enumerate() {
        if number > 0 {
            out.push('\n');
            out.push_str(&paper.styled("...", "1;94"));
        }
        paper.write(hunk, &mut out);
    }
    out
}

/// What hunks are written on.
struct Paper {
    numbers: usize,
    width: usize,
    color: bool,
}

impl Paper {
    fn write(&self, hunk: &Hunk, out: &mut String) {
        // Of a line for a line, the part that differs stands out.
        let same = match (hunk.old.as_slice(), hunk.new.as_slice()) {
            ([old], [new]) => common_ends(old, new),
            _ => (0, 0),
        };
        for (sign, code, lines) in [('-', "91", &hunk.old), ('+', "92", &hunk.new)] {
            for (line, number) in lines.iter().zip(hunk.line..) {
                let sign = self.styled(&sign.to_string(), code);
                out.push_str(&self.row(&number.to_string(), &sign));
                out.push_str(&self.line(line, same, code));
            }
        }
    }

    fn row(&self, number: &str, mark: &str) -> String {
        let number = format!("{number:>width$}", width = self.numbers);
        let (number, mark) = match mark {
            "|" => (number, self.styled(mark, "1;94")),
            _ => (self.styled(&number, "1;94"), mark.to_owned()),
        };
        format!("\n{number} {mark}")
    }

    /// A line, cut around what differs between its first `head` and last
    /// `tail` characters.
    fn line(&self, line: &str, (head, tail): (usize, usize), code: &str) -> String {
        let room = self.width.saturating_sub(self.numbers + 3).max(8);
        let length = line.chars().count();
        let start = match length > room {
            true => head.saturating_sub(room / 3).min(length - room),
            false => 0,
        };
        let end = (start + room).min(length);
        let part = |from: usize, to: usize| -> String {
            let (from, to) = (from.max(start), to.min(end));
            line.chars()
                .skip(from)
                .take(to.saturating_sub(from))
                .collect()
        };
        let (before, after) = (
            if start > 0 { "…" } else { "" },
            if end < length { "…" } else { "" },
        );
        let changed = self.styled(&part(head, length - tail), code);
        let (first, last) = (part(0, head), part(length - tail, length));
        let line = format!(" {before}{first}{changed}{last}{after}");
        line.trim_end().to_owned()
    }

    fn styled(&self, text: &str, code: &str) -> String {
        if self.color && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// How many characters two lines share at their beginnings and, further on,
/// at their ends.
fn common_ends(old: &str, new: &str) -> (usize, usize) {
    let same = |(a, b): &(char, char)| a == b;
    let head = old.chars().zip(new.chars()).take_while(same).count();
    let shorter = old.chars().count().min(new.chars().count());
    let ends = old.chars().rev().zip(new.chars().rev());
    let tail = ends.take(shorter - head).take_while(same).count();
    (head, tail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::Span;

    const FILE: &str = "FROM a\nRUN b\nENV x=1\r\nENV y=2\nUSER root\nCMD c\n";

    /// Edits as what is replaced and by what.
    fn fix(edits: &[(&str, &str)]) -> Fix {
        let edits = edits.iter().map(|(old, new)| {
            let start = FILE.find(old).unwrap() as u32;
            Edit {
                span: Span::new(start, start + old.len() as u32),
                text: (*new).to_owned(),
            }
        });
        Fix {
            applicability: Applicability::Safe,
            edits: edits.collect(),
        }
    }

    fn shown(file: &str, fix: &Fix, width: usize) -> Option<String> {
        let file = FileReport {
            path: "",
            text: file,
            findings: &[],
            failure: None,
        };
        let hunks = hunks(&file, &Lines::of(file.text), fix)?;
        let text = text(fix, &hunks, 1, width, false);
        Some(text.split_once("|\n").unwrap().1.to_owned())
    }

    #[track_caller]
    fn check(edits: &[(&str, &str)], want: &str) {
        assert_eq!(shown(FILE, &fix(edits), 80).unwrap(), want);
    }

    #[test]
    fn lines_that_go_and_come() {
        check(&[("y=2", "z=2")], "4 - ENV y=2\n4 + ENV z=2");
        check(&[("ENV y=2\n", "")], "4 - ENV y=2");
        check(
            &[("USER root\n", "USER me\n")],
            "5 - USER root\n5 + USER me",
        );
        check(&[("CMD c", "USER me\nCMD c")], "6 + USER me");
        check(
            &[("x=1\r\nENV ", "x=1 ")],
            "3 - ENV x=1\n4 - ENV y=2\n3 + ENV x=1 y=2",
        );
        check(
            &[("RUN b\n", ""), ("root", "me")],
            "2 - RUN b\n...\n5 - USER root\n5 + USER me",
        );
        check(
            &[("=1", "=2"), ("ENV x", "ARG x")],
            "3 - ENV x=1\n3 + ARG x=2",
        );
        check(
            &[("b", "b && \\\r\n\tc\u{1b}")],
            "2 - RUN b\n2 + RUN b && \\\n3 +     c␛",
        );
    }

    #[test]
    fn not_shown() {
        assert_eq!(shown(FILE, &fix(&[]), 80), None);
        assert_eq!(shown(FILE, &fix(&[("RUN b", "RUN b")]), 80), None);
        assert_eq!(shown(FILE, &fix(&[("RUN", "x"), ("UN b", "y")]), 80), None);
        assert_eq!(
            shown(FILE, &fix(&[("RUN", &"x\n".repeat(LINES))]), 80),
            None
        );
        assert_eq!(shown(FILE, &fix(&[("RUN", &"x".repeat(BYTES))]), 80), None);
        assert_eq!(shown("FROM a", &fix(&[("RUN", "x")]), 80), None);
    }

    #[test]
    fn long_lines_are_cut_around_the_change() {
        let file = format!("FROM a\nRUN b\n{}漢{}", "x".repeat(500), "y".repeat(500));
        let mut fix = fix(&[("RUN b", "")]);
        fix.edits[0] = Edit {
            span: Span::new(513, 516),
            text: "字字".to_owned(),
        };
        assert_eq!(
            shown(&file, &fix, 24).unwrap(),
            "3 - …xxxxxx漢yyyyyyyyyyyyy…\n3 + …xxxxxx字字yyyyyyyyyyyy…"
        );
    }

    #[test]
    fn what_differs_is_painted() {
        let file = FileReport {
            path: "",
            text: FILE,
            findings: &[],
            failure: None,
        };
        let fix = fix(&[("y=2", "yy=2")]);
        let hunks = hunks(&file, &Lines::of(FILE), &fix).unwrap();
        let text = text(&fix, &hunks, 10, 80, true);
        assert!(
            text.ends_with("\u{1b}[92m+\u{1b}[0m ENV y\u{1b}[92my\u{1b}[0m=2"),
            "{text:?}"
        );
        assert!(text.contains("\n\u{1b}[1;94m 4\u{1b}[0m \u{1b}[91m-\u{1b}[0m ENV y=2\n"));
    }
}

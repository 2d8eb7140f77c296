//! For people: each finding with the lines that it is about.

use std::collections::HashSet;
use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Message, Origin, Renderer, Snippet,
};

use super::excerpt::Excerpt;
use super::{Counts, FileReport, LintReport, LintStyle, fix_patch};
use crate::dockerfile::{Lines, Span};
use crate::lint::Finding;
use crate::report::size::human;
use crate::report::table::text::{printable, wrap};
use crate::ruleset::Severity;

/// Bytes of a line around a place up to which it is whole. The renderer cuts
/// it to the terminal's width; this spares it lines that fill the memory.
const LINE_BYTES: usize = 1000;

/// Lines of a finding up to which its end is shown, too.
const SPAN_LINES: u32 = 300;

/// Lines that are underlined of a longer one.
const SPAN_HEAD: u32 = 4;

/// Narrower terminals are written to as if they had so many columns.
const MIN_WIDTH: usize = 40;

/// Columns that the renderer puts before the text of a note, about.
const NOTE_INDENT: usize = 14;

pub(super) fn write(
    report: &LintReport<'_>,
    style: LintStyle,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page {
        report,
        style: LintStyle {
            width: style.width.max(MIN_WIDTH),
            ..style
        },
        advised: HashSet::new(),
    };
    let renderer = match style.color {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    let renderer = renderer.term_width(page.style.width);
    for file in &report.files {
        let lines = Lines::of(file.text);
        if let Some(group) = failure(file) {
            writeln!(out, "{}\n", renderer.render(&[group]))?;
        }
        for found in file.findings {
            let patch = page.patch(file, &lines, found);
            let group = page.group(file, &lines, found, patch.is_some());
            writeln!(out, "{}", renderer.render(&[group]))?;
            if let Some(patch) = patch {
                writeln!(out, "{patch}")?;
            }
            writeln!(out)?;
        }
    }
    for line in wrap(&Counts::of(report).sentence(), page.style.width) {
        match style.color {
            true => writeln!(out, "\u{1b}[1m{line}\u{1b}[0m"),
            false => writeln!(out, "{line}"),
        }?;
    }
    Ok(())
}

fn shown_path(path: &str) -> String {
    match path {
        "-" => "<stdin>".to_owned(),
        path => printable(path),
    }
}

fn failure<'a>(file: &FileReport<'_>) -> Option<Group<'a>> {
    let failure = file.failed()?;
    let mut origin = Origin::path(shown_path(file.path));
    if let Some(place) = failure.place {
        origin = origin
            .line(place.line as usize)
            .char_column(place.column as usize);
    }
    let title = Level::ERROR.primary_title(printable(failure.message));
    Some(title.element(origin))
}

/// What is the same for all findings.
struct Page<'a> {
    report: &'a LintReport<'a>,
    style: LintStyle,
    /// Rules whose advice was given: once is enough.
    advised: HashSet<&'a str>,
}

impl<'a> Page<'a> {
    /// What the finding's fix would change.
    fn patch(&self, file: &FileReport<'_>, lines: &Lines, found: &Finding) -> Option<String> {
        let fix = found.fix.as_ref().filter(|_| self.style.show_fixes)?;
        let hunks = fix_patch::hunks(file, lines, fix)?;
        let (width, color) = (self.style.width, self.style.color);
        Some(fix_patch::text(fix, &hunks, found.end.line, width, color))
    }

    fn group(
        &mut self,
        file: &FileReport<'_>,
        lines: &Lines,
        found: &'a Finding,
        has_patch: bool,
    ) -> Group<'static> {
        let title = level(found.severity)
            .primary_title(printable(&found.message))
            .id(printable(&found.code));
        let group = title.elements(place(file, lines, found));
        let group = group.elements(self.notes(found));
        match &found.fix {
            // Said above the patch.
            Some(_) if has_patch => group,
            Some(fix) => group.element(Level::HELP.message(fix_patch::note(fix))),
            None => group.elements(self.advice(found)),
        }
    }

    fn notes(&self, found: &Finding) -> Vec<Message<'static>> {
        let mut notes = Vec::new();
        if let Some(bytes) = found.bytes {
            let layer = match found.layer {
                Some(layer) => format!(", in layer {layer}"),
                None => String::new(),
            };
            let text = format!("costs {} ({bytes} bytes{layer})", human(bytes));
            notes.push(self.note(Level::NOTE, &text));
        }
        if !found.aliases.is_empty() {
            let aliases = format!("also known as {}", found.aliases.join(", "));
            notes.push(self.note(Level::NOTE, &aliases));
        }
        notes
    }

    /// What the rule says to do, the first time that it is broken.
    fn advice(&mut self, found: &'a Finding) -> Option<Message<'static>> {
        let rule = self.report.rule(&found.code)?;
        let first = self.advised.insert(&found.code);
        // Its examples are on the rule's page.
        let text = rule.instead.trim().split("\n\n").next().unwrap_or("");
        (first && !text.is_empty()).then(|| self.note(Level::HELP, text))
    }

    fn note(&self, level: Level<'static>, text: &str) -> Message<'static> {
        // First into lines: `printable` would write line breaks out.
        let text: Vec<&str> = text.split_whitespace().collect();
        let text = printable(&text.join(" "));
        level.message(wrap(&text, self.style.width - NOTE_INDENT).join("\n"))
    }
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
        Severity::Style | Severity::Off => Level::NOTE.with_name(severity.name()),
    }
}

/// The lines that a finding is about.
fn place(file: &FileReport<'_>, lines: &Lines, found: &Finding) -> Vec<Element<'static>> {
    let path = shown_path(file.path);
    let (line, column) = (found.start.line, found.start.column);
    let Some((range, more)) = underlined(file.text, lines, found.span) else {
        // A place that the file does not have: better shown without lines.
        let origin = Origin::path(path).line(line as usize);
        return vec![origin.char_column(column as usize).into()];
    };
    let excerpt = Excerpt::of(file.text, lines, &[range.start, range.end], LINE_BYTES);
    let range = excerpt.place(range.start)..excerpt.place(range.end);
    let annotation: Annotation<'_> = AnnotationKind::Primary.span(range);
    let columns_lost = excerpt.columns_lost;
    let mut snippet = Snippet::source(excerpt.text)
        .line_start(excerpt.first_line)
        .annotation(annotation);
    let mut notes = Vec::new();
    if columns_lost {
        // The renderer would count columns in what is left of the line.
        notes.push(Level::NOTE.message(format!("at {path}:{line}:{column}")));
    } else {
        snippet = snippet.path(path);
    }
    if let Some(last) = more {
        notes.push(Level::NOTE.message(format!("goes on to line {last}")));
    }
    let notes = notes.into_iter().map(Element::from);
    [snippet.into()].into_iter().chain(notes).collect()
}

/// The bytes to underline, and the last line if that is not among theirs;
/// none when the file does not have them.
fn underlined(text: &str, lines: &Lines, span: Span) -> Option<(Range<usize>, Option<u32>)> {
    let covered = text.get(span.range())?;
    // Otherwise the next line would be shown for its beginning.
    let covered = covered.trim_end_matches(['\r', '\n']);
    let range = span.start as usize..span.start as usize + covered.len();
    let (first, last) = (lines.line(span.start), lines.line(range.end as u32));
    if last - first < SPAN_LINES {
        return Some((range, None));
    }
    let head = lines.span(text, first + SPAN_HEAD - 1);
    Some((range.start..head.end as usize, Some(last)))
}

#[cfg(test)]
#[path = "pretty_tests.rs"]
mod tests;

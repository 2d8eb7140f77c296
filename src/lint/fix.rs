//! Applying fixes: never two that overlap, and until nothing is left to do.

use std::collections::BTreeMap;

use super::engine::{Linted, Source, lint};
use super::finding::{Applicability, Edit, Finding};
use super::input::Knowledge;
use super::settings::Settings;
use crate::dockerfile::{NotText, Span};

/// Rounds after which a file that still changes is left as it is.
const ROUNDS: usize = 12;

/// A file with fixes applied.
#[derive(Debug)]
pub struct Fixed {
    /// The new bytes.
    pub bytes: Vec<u8>,
    /// Codes of the fixes that were applied, with the line of each in the
    /// text it was applied to.
    pub applied: Vec<(String, u32)>,
    /// What is left to say about the new text.
    pub rest: Linted,
}

/// Applies the fixes that `most` allows, and lints again, until there are none.
///
/// # Errors
/// [`NotText`] when the file is no text.
pub fn fix(
    source: Source<'_>,
    settings: &Settings,
    knowledge: &Knowledge,
    most: Applicability,
) -> Result<Fixed, NotText> {
    let mut bytes = source.bytes.to_vec();
    let mut applied = Vec::new();
    let mut current = lint(source, settings, knowledge)?;
    let instructions = current.file.instructions.len();
    let mut image = source.image;
    for _ in 0..ROUNDS {
        let chosen = choose(&current.findings, most);
        if chosen.is_empty() {
            break;
        }
        let edits: Vec<&Edit> = chosen.iter().flat_map(|&(_, edits)| edits).collect();
        let next_bytes = apply(&bytes, &edits);
        let source = Source {
            bytes: &next_bytes,
            context: source.context,
            image,
        };
        let mut next = lint(source, settings, knowledge)?;
        // The image knows the instructions by their numbers.
        let told = image.is_none() || next.file.instructions.len() == instructions;
        if !told {
            image = None;
            let source = Source { image, ..source };
            next = lint(source, settings, knowledge)?;
        }
        // A fix that breaks the file is no fix.
        if next.file.errors.len() > current.file.errors.len() {
            break;
        }
        applied.extend(
            chosen
                .iter()
                .map(|(finding, _)| (finding.code.clone(), finding.start.line)),
        );
        bytes = next_bytes;
        current = next;
        // What nobody measured any more is not mended for its bytes.
        if !told {
            break;
        }
    }
    Ok(Fixed {
        bytes,
        applied,
        rest: current,
    })
}

/// Fixes that can be applied together, first come first served.
fn choose(findings: &[Finding], most: Applicability) -> Vec<(&Finding, &Vec<Edit>)> {
    let mut taken = Taken::default();
    let mut chosen = Vec::new();
    for finding in findings {
        let Some(fix) = finding.fix.as_ref().filter(|fix| fix.applicability <= most) else {
            continue;
        };
        // An instruction is changed by one fix a round: the next one sees
        // what the first left.
        if fix.edits.iter().all(|edit| taken.is_free(edit.span)) {
            for edit in &fix.edits {
                taken.take(edit.span);
            }
            chosen.push((finding, &fix.edits));
        }
    }
    chosen
}

/// Bytes that fixes have taken: ranges that do not touch, by their start.
#[derive(Debug, Default)]
struct Taken {
    ranges: BTreeMap<u32, u32>,
}

impl Taken {
    /// The last range that begins at or before the end of `span`.
    fn before(&self, span: Span) -> Option<(u32, u32)> {
        let (&start, &end) = self.ranges.range(..=span.end).next_back()?;
        (end >= span.start).then_some((start, end))
    }

    fn is_free(&self, span: Span) -> bool {
        self.before(span).is_none()
    }

    fn take(&mut self, span: Span) {
        let mut whole = span;
        while let Some((start, end)) = self.before(whole) {
            self.ranges.remove(&start);
            whole = Span::new(whole.start.min(start), whole.end.max(end));
        }
        self.ranges.insert(whole.start, whole.end);
    }
}

/// Puts the edits in; bytes outside them stay as they are.
fn apply(bytes: &[u8], edits: &[&Edit]) -> Vec<u8> {
    let mut ordered: Vec<&&Edit> = edits.iter().collect();
    ordered.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut out = Vec::with_capacity(bytes.len() + 64);
    let mut at = 0;
    for edit in ordered {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        if start < at {
            continue;
        }
        out.extend_from_slice(bytes.get(at..start).unwrap_or(&[]));
        out.extend_from_slice(edit.text.as_bytes());
        at = end;
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or(&[]));
    out
}

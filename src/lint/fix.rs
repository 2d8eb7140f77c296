//! Applying fixes: never two that overlap, and until nothing is left to do.

use super::engine::{Linted, Source, lint};
use super::finding::{Applicability, Edit, Finding};
use super::input::Knowledge;
use super::settings::Settings;
use crate::dockerfile::NotText;

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
        };
        let next = lint(source, settings, knowledge)?;
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
    }
    Ok(Fixed {
        bytes,
        applied,
        rest: current,
    })
}

/// Fixes that can be applied together, first come first served.
fn choose(findings: &[Finding], most: Applicability) -> Vec<(&Finding, &Vec<Edit>)> {
    let mut taken: Vec<(u32, u32)> = Vec::new();
    let mut chosen = Vec::new();
    for finding in findings {
        let Some(fix) = finding.fix.as_ref().filter(|fix| fix.applicability <= most) else {
            continue;
        };
        // An instruction is changed by one fix a round: the next one sees
        // what the first left.
        let free = |edit: &Edit| {
            taken
                .iter()
                .all(|&(start, end)| edit.span.end < start || end < edit.span.start)
        };
        if fix.edits.iter().all(free) {
            taken.extend(
                fix.edits
                    .iter()
                    .map(|edit| (edit.span.start, edit.span.end)),
            );
            chosen.push((finding, &fix.edits));
        }
    }
    chosen
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

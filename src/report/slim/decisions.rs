//! The file of `--report`: every path, what was decided, and why.

use std::io::{self, Write};

use serde::Serialize;

use super::{Removed, SCHEMA_VERSION, removed};
use crate::closure::Files;
use crate::oci::escape_bytes;
use crate::slim::{Climb, Rules, Subject, Verdict};

#[derive(Serialize)]
struct Path<'a> {
    path: &'a str,
    kept: bool,
    bytes: u64,
    /// The package that it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<String>,
    /// The last step of the chain, or why it goes.
    because: &'a str,
    /// The path or package that the last step starts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
}

#[derive(Serialize)]
struct Note<'a> {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    text: &'a str,
}

#[derive(Serialize)]
struct Package<'a> {
    manager: &'a str,
    name: &'a str,
    version: &'a str,
    kept: bool,
}

/// Writes the report, one path a line.
///
/// # Errors
/// Whatever `out` says.
pub fn decisions(
    subject: &Subject<'_>,
    rules: &Rules,
    climb: &Climb,
    out: &mut dyn Write,
) -> io::Result<()> {
    let groups: Vec<Removed<'_>> = removed(climb);
    writeln!(out, "{{\"schema_version\":{SCHEMA_VERSION},")?;
    writeln!(out, "\"tier\":\"{}\",", climb.tier.name())?;
    list(out, "removed", groups.iter())?;
    let units = subject.units.units.iter().zip(&climb.decisions.units);
    list(
        out,
        "packages",
        units.map(|(unit, kept)| Package {
            manager: unit.manager,
            name: &unit.name,
            version: &unit.version,
            kept: kept.is_some(),
        }),
    )?;
    let notes = climb.decisions.notes.iter().map(|note| Note {
        path: escape_bytes(&subject.view.path(note.node)),
        line: note.line,
        text: &note.text,
    });
    list(out, "notes", notes)?;
    writeln!(out, "\"paths\":[")?;
    let mut separator = "";
    for node in subject.view.tree.paths() {
        let verdict = climb.decisions.verdicts.get(node as usize);
        let Some(Some(verdict)) = verdict else {
            continue;
        };
        let told = crate::slim::last_step(subject, rules, &climb.decisions, node);
        let owner = subject.units.owners(node).first();
        let by = match verdict {
            Verdict::Kept(reason) => crate::slim::origin(subject, reason),
            Verdict::Gone(_) => None,
        };
        let line = Path {
            path: &escape_bytes(&subject.view.path(node)),
            kept: matches!(verdict, Verdict::Kept(_)),
            bytes: subject.view.size(node),
            package: owner.and_then(|&id| Some(subject.units.unit(id)?.label())),
            because: &told,
            by,
        };
        write!(out, "{separator}")?;
        serde_json::to_writer(&mut *out, &line)?;
        separator = ",\n";
    }
    writeln!(out, "\n]}}")
}

fn list<T: Serialize>(
    out: &mut dyn Write,
    name: &str,
    items: impl Iterator<Item = T>,
) -> io::Result<()> {
    writeln!(out, "\"{name}\":[")?;
    let mut separator = "";
    for item in items {
        write!(out, "{separator}")?;
        serde_json::to_writer(&mut *out, &item)?;
        separator = ",\n";
    }
    writeln!(out, "\n],")
}

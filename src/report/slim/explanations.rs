//! What `rslim why` tells.

use std::io::{self, Write};

use serde::Serialize;

use super::SCHEMA_VERSION;
use crate::closure::{Files, NodeId};
use crate::oci::escape_bytes;
use crate::report::size::human;
use crate::slim::{Explanation, Subject};

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    paths: Vec<Path<'a>>,
}

#[derive(Serialize)]
struct Path<'a> {
    path: String,
    kept: bool,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<String>,
    steps: &'a [String],
}

fn path<'a>(subject: &Subject<'_>, node: NodeId, told: &'a Explanation) -> Path<'a> {
    let view = subject.view;
    let owner = subject.units.owners(node).first();
    let package = owner.and_then(|&id| {
        let unit = subject.units.unit(id)?;
        Some(format!("{} {}", unit.label(), unit.version))
    });
    Path {
        path: escape_bytes(&view.path(node)),
        kept: told.kept,
        bytes: view.size(node),
        layer: view.tree.own_entry(node).map(|own| own.layer),
        package,
        steps: &told.steps,
    }
}

/// Writes the documented JSON report.
///
/// # Errors
/// Whatever `out` says.
pub fn explanations_json(
    subject: &Subject<'_>,
    told: &[(NodeId, Explanation)],
    out: &mut dyn Write,
) -> io::Result<()> {
    let paths = told.iter().map(|(node, told)| path(subject, *node, told));
    let report = Report {
        schema_version: SCHEMA_VERSION,
        paths: paths.collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    out.write_all(b"\n")
}

/// Writes some lines for people.
///
/// # Errors
/// Whatever `out` says.
pub fn explanations(
    subject: &Subject<'_>,
    told: &[(NodeId, Explanation)],
    color: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (number, (node, told)) in told.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        let path = path(subject, *node, told);
        let verdict = match (told.kept, color) {
            (true, true) => "\u{1b}[32mstays\u{1b}[0m",
            (false, true) => "\u{1b}[31mgoes\u{1b}[0m",
            (true, false) => "stays",
            (false, false) => "goes",
        };
        write!(out, "{} {verdict}: {}", path.path, human(path.bytes))?;
        if let Some(layer) = path.layer {
            write!(out, ", layer {layer}")?;
        }
        match &path.package {
            Some(package) => writeln!(out, ", package {package}")?,
            None => writeln!(out, ", of no package")?,
        }
        for step in path.steps {
            writeln!(out, "  {step}")?;
        }
    }
    Ok(())
}

//! What `rslim squash` did.

use std::io::{self, Write};

use serde::Serialize;

use super::size::human;
use super::table::text::printable;
use crate::squash::{Facts, Squashed};

/// Version of the JSON contract.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    platform: &'a str,
    input: Image<'a>,
    output: Image<'a>,
    tree: Trees,
    kept_layers: usize,
    removed: Removed,
    warnings: &'a [String],
}

#[derive(Serialize)]
pub(super) struct Image<'a> {
    reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    config_digest: &'a str,
    layers: usize,
    compressed_bytes: u64,
    uncompressed_bytes: u64,
}

#[derive(Serialize)]
struct Trees {
    before: String,
    after: String,
}

#[derive(Serialize)]
struct Removed {
    files: u64,
    bytes: u64,
}

pub(super) fn image<'a>(facts: &'a Facts, reference: &'a str) -> Image<'a> {
    Image {
        reference,
        digest: facts.digest.as_ref().map(AsRef::as_ref),
        config_digest: facts.config_digest.as_ref(),
        layers: facts.layers,
        compressed_bytes: facts.compressed_bytes,
        uncompressed_bytes: facts.uncompressed_bytes,
    }
}

fn report<'a>(squashed: &'a Squashed, place: &'a str) -> Report<'a> {
    Report {
        schema_version: SCHEMA_VERSION,
        platform: &squashed.input.platform,
        input: image(&squashed.input, &squashed.input.reference),
        output: image(&squashed.output, place),
        tree: Trees {
            before: squashed.tree.0.to_string(),
            after: squashed.tree.1.to_string(),
        },
        kept_layers: squashed.kept,
        removed: Removed {
            files: squashed.removed_files,
            bytes: squashed.removed_bytes,
        },
        warnings: &squashed.warnings,
    }
}

/// Writes the documented JSON report.
///
/// # Errors
/// Whatever `out` says.
pub fn json(squashed: &Squashed, place: &str, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &report(squashed, place))?;
    out.write_all(b"\n")
}

/// Writes the reports of all platforms as one list.
///
/// # Errors
/// Whatever `out` says.
pub fn json_of_all(all: &[Squashed], place: &str, out: &mut dyn Write) -> io::Result<()> {
    let all: Vec<Report<'_>> = all.iter().map(|one| report(one, place)).collect();
    serde_json::to_writer_pretty(&mut *out, &all)?;
    out.write_all(b"\n")
}

/// Writes which platform the lines after it are about.
///
/// # Errors
/// Whatever `out` says.
pub fn heading(
    squashed: &Squashed,
    number: usize,
    color: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    if number > 0 {
        writeln!(out)?;
    }
    let platform = printable(&squashed.input.platform);
    match color {
        true => writeln!(out, "\u{1b}[1m{platform}\u{1b}[0m"),
        false => writeln!(out, "{platform}"),
    }
}

/// Writes a few lines for people.
///
/// # Errors
/// Whatever `out` says.
pub fn text(squashed: &Squashed, place: &str, color: bool, out: &mut dyn Write) -> io::Result<()> {
    let bold = |text: &str| match color {
        true => format!("\u{1b}[1m{text}\u{1b}[0m"),
        false => text.to_owned(),
    };
    let line = |facts: &Facts| {
        let layers = match facts.layers {
            1 => "1 layer".to_owned(),
            layers => format!("{layers} layers"),
        };
        let sizes = human(facts.uncompressed_bytes);
        match facts.compressed_bytes == facts.uncompressed_bytes {
            true => format!("{layers}, {sizes}"),
            false => format!(
                "{layers}, {sizes}, {} compressed",
                human(facts.compressed_bytes)
            ),
        }
    };
    writeln!(out, "{} {}", bold("before "), line(&squashed.input))?;
    writeln!(out, "{} {}", bold("after  "), line(&squashed.output))?;
    if squashed.kept > 0 {
        writeln!(out, "{} {} as they were", bold("kept   "), squashed.kept)?;
    }
    let files = squashed.removed_files;
    let what = if files == 1 { "file" } else { "files" };
    let bytes = human(squashed.removed_bytes);
    writeln!(out, "{} {bytes} in {files} hidden {what}", bold("removed"))?;
    writeln!(out, "{} {}", bold("tree   "), squashed.tree.0)?;
    writeln!(out, "        {} (read back: the same)", squashed.tree.1)?;
    let digest = squashed.output.digest.as_ref();
    let digest = digest.unwrap_or(&squashed.output.config_digest);
    writeln!(out, "{} {} ({digest})", bold("wrote  "), printable(place))
}

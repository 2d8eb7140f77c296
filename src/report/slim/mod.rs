//! What `rslim slim` decided and did, and what `rslim why` tells.

mod decisions;
mod explanations;
mod verification;

use std::io::{self, Write};

use serde::Serialize;

pub use decisions::decisions;
pub use explanations::{explanations, explanations_json};

use super::size::human;
use super::squash::{Image, image};
use super::table::text::printable;
use crate::replay::Verification;
use crate::slim::{Climb, Group};
use crate::squash::Squashed;

/// Version of the JSON contract.
const SCHEMA_VERSION: u32 = 1;

/// What is reported.
pub struct Done<'a> {
    /// The decisions.
    pub climb: &'a Climb,
    /// What was written; nothing of a dry run.
    pub written: Option<&'a Squashed>,
    /// Where to.
    pub place: &'a str,
    /// What running it showed.
    pub verification: Option<&'a Verification>,
}

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    tier: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Image<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Image<'a>>,
    /// Digest of the file system that was decided on, and read back.
    #[serde(skip_serializing_if = "Option::is_none")]
    tree: Option<String>,
    tried: Vec<Tried>,
    files: Files,
    packages: Packages,
    removed: Vec<Removed<'a>>,
    notes: usize,
    warnings: Vec<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification: Option<verification::Verified<'a>>,
}

#[derive(Serialize)]
struct Tried {
    tier: &'static str,
    bytes: u64,
}

#[derive(Serialize)]
struct Files {
    before: Amount,
    after: Amount,
}

#[derive(Serialize)]
pub(super) struct Amount {
    files: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct Packages {
    before: usize,
    after: usize,
}

#[derive(Serialize)]
pub(super) struct Removed<'a> {
    kind: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
    files: u64,
    bytes: u64,
}

fn amount(amount: crate::slim::Amount) -> Amount {
    Amount {
        files: amount.files,
        bytes: amount.bytes,
    }
}

fn removed(climb: &Climb) -> Vec<Removed<'_>> {
    let groups = climb.summary.removed.iter();
    groups
        .map(|group| Removed {
            kind: group.kind,
            name: &group.name,
            version: &group.version,
            files: group.amount.files,
            bytes: group.amount.bytes,
        })
        .collect()
}

/// Writes the documented JSON report.
///
/// # Errors
/// Whatever `out` says.
pub fn json(done: &Done<'_>, out: &mut dyn Write) -> io::Result<()> {
    let climb = done.climb;
    let written = done.written;
    let tried = climb.tried.iter();
    let report = Report {
        schema_version: SCHEMA_VERSION,
        tier: climb.tier.name(),
        platform: written.map(|written| written.input.platform.as_str()),
        input: written.map(|written| image(&written.input, &written.input.reference)),
        output: written.map(|written| image(&written.output, done.place)),
        tree: written.map(|written| written.tree.1.to_string()),
        tried: tried
            .map(|&(tier, bytes)| Tried {
                tier: tier.name(),
                bytes,
            })
            .collect(),
        files: Files {
            before: amount(climb.summary.image),
            after: amount(climb.summary.kept),
        },
        packages: Packages {
            before: climb.summary.packages.1,
            after: climb.summary.packages.0,
        },
        removed: removed(climb),
        notes: climb.decisions.notes.len(),
        warnings: climb.decisions.warnings.iter().collect(),
        verification: done.verification.map(verification::verified),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    out.write_all(b"\n")
}

/// Writes some lines for people.
///
/// # Errors
/// Whatever `out` says.
pub fn text(done: &Done<'_>, color: bool, top: usize, out: &mut dyn Write) -> io::Result<()> {
    let bold = |text: &str| match color {
        true => format!("\u{1b}[1m{text}\u{1b}[0m"),
        false => text.to_owned(),
    };
    let summary = &done.climb.summary;
    let share = match summary.image.bytes {
        0 => 100.0,
        all => summary.kept.bytes as f64 * 100.0 / all as f64,
    };
    writeln!(
        out,
        "{} {} in {} files",
        bold("image   "),
        human(summary.image.bytes),
        summary.image.files
    )?;
    writeln!(
        out,
        "{} {} in {} files ({share:.0} %), {} of {} packages",
        bold("stays   "),
        human(summary.kept.bytes),
        summary.kept.files,
        summary.packages.0,
        summary.packages.1,
    )?;
    let tried: Vec<String> = done
        .climb
        .tried
        .iter()
        .map(|(tier, bytes)| format!("{} {}", tier.name(), human(*bytes)))
        .collect();
    match tried.len() {
        1 => writeln!(out, "{} {}", bold("tier    "), done.climb.tier.name())?,
        _ => writeln!(out, "{} {}", bold("tiers   "), tried.join(", "))?,
    }
    goes(&summary.removed, top, &bold("goes    "), out)?;
    writeln!(
        out,
        "{} links, libraries, interpreters, user and entry point are there",
        bold("checked ")
    )?;
    if let Some(verification) = done.verification {
        verification::text(verification, &bold("ran     "), out)?;
    }
    let Some(written) = done.written else {
        return writeln!(out, "{} nothing (dry run)", bold("wrote   "));
    };
    writeln!(
        out,
        "{} {} (read back: the same)",
        bold("tree    "),
        written.tree.1
    )?;
    let layers = match written.output.layers {
        1 => "1 layer".to_owned(),
        layers => format!("{layers} layers"),
    };
    let compressed = match written.output.compressed_bytes == written.output.uncompressed_bytes {
        true => String::new(),
        false => format!(", {} compressed", human(written.output.compressed_bytes)),
    };
    writeln!(
        out,
        "{} {layers}, {}{compressed}",
        bold("layers  "),
        human(written.output.uncompressed_bytes)
    )?;
    let digest = written.output.digest.as_ref();
    let digest = digest.unwrap_or(&written.output.config_digest);
    writeln!(
        out,
        "{} {} ({digest})",
        bold("wrote   "),
        printable(done.place)
    )
}

/// The largest things that go.
fn goes(groups: &[Group], top: usize, heading: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut heading = heading.to_owned();
    for group in groups.iter().take(top) {
        let name = printable(&group.name);
        let version = printable(&group.version);
        let space = if version.is_empty() { "" } else { " " };
        writeln!(
            out,
            "{heading} {:>8}  {name}{space}{version}",
            human(group.amount.bytes)
        )?;
        heading = " ".repeat(8);
    }
    if groups.len() > top {
        let rest = groups.iter().skip(top);
        let bytes = rest.fold(0_u64, |sum, group| sum.saturating_add(group.amount.bytes));
        let more = groups.len() - top;
        writeln!(out, "{heading} {:>8}  in {more} more", human(bytes))?;
    }
    Ok(())
}

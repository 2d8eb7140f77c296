//! How an image was built: history, layers, and the lines that made them.

use std::io::{self, Write};

use serde::Serialize;

use super::size::human;
use super::table::text::{instruction, printable, shorten};
use crate::attribute::{Attribution, Attributions, LayerMap, Place, Step};
use crate::layer::ScannedImage;
use crate::oci::HistoryEntry;

/// Version of the JSON contract.
const SCHEMA_VERSION: u32 = 1;
/// Columns that the text of an entry has at least.
const TEXT_COLUMNS: usize = 24;

/// An image's history with all that is known of it.
#[derive(Debug, Clone, Copy)]
pub struct HistoryReport<'a> {
    /// The image as it was given.
    pub name: &'a str,
    /// What was read.
    pub scanned: &'a ScannedImage,
    /// Which entries made which layer.
    pub map: &'a LayerMap,
    /// The Dockerfile and what it explains, where one was given.
    pub explained: Option<(&'a str, &'a Attributions)>,
}

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    image: Image<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dockerfile: Option<&'a str>,
    entries: Vec<Entry<'a>>,
    layers: Vec<Layer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unmatched: Option<Vec<Lines>>,
}

#[derive(Serialize)]
struct Image<'a> {
    reference: &'a str,
    config_digest: &'a str,
}

#[derive(Serialize)]
struct Entry<'a> {
    index: usize,
    #[serde(skip_serializing_if = "str::is_empty")]
    created: &'a str,
    created_by: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    comment: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instruction: Option<&'static str>,
    layer: Option<usize>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
}

#[derive(Serialize)]
struct Layer<'a> {
    index: usize,
    digest: Option<&'a str>,
    compressed_bytes: u64,
    uncompressed_bytes: u64,
    entries: &'a [usize],
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
}

#[derive(Serialize)]
struct Origin {
    kind: &'static str,
    confidence: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Lines>,
}

#[derive(Serialize)]
struct Lines {
    line: u32,
    end_line: u32,
}

impl From<Place> for Lines {
    fn from(place: Place) -> Self {
        Lines {
            line: place.line,
            end_line: place.end_line,
        }
    }
}

impl From<&Attribution> for Origin {
    fn from(attribution: &Attribution) -> Self {
        Origin {
            kind: attribution.kind.name(),
            confidence: attribution.confidence.name(),
            lines: attribution.place.map(Lines::from),
        }
    }
}

impl HistoryReport<'_> {
    fn history(&self) -> &[HistoryEntry] {
        &self.scanned.image.config.history
    }

    /// The lines of an entry, or of a layer that no entry tells of.
    fn place(&self, file: &str, attribution: Option<&Attribution>) -> String {
        let Some(place) = attribution.and_then(|attribution| attribution.place) else {
            return "?".to_owned();
        };
        let file = printable(file);
        match place.line == place.end_line {
            true => format!("{file}:{}", place.line),
            false => format!("{file}:{}-{}", place.line, place.end_line),
        }
    }
}

/// Writes the documented JSON report.
///
/// # Errors
/// Whatever `out` says.
pub fn json(report: &HistoryReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let answer = report.explained.map(|(_, answer)| answer);
    let entries = report.history().iter().enumerate().map(|(index, entry)| {
        let step = Step::read(&entry.created_by, &entry.comment);
        Entry {
            index,
            created: &entry.created,
            created_by: &entry.created_by,
            comment: &entry.comment,
            instruction: step.keyword.map(|keyword| keyword.name()),
            layer: report.map.of_entry.get(index).copied().flatten(),
            origin: answer.and_then(|a| a.entries.get(index)).map(Origin::from),
        }
    });
    let layers = report.scanned.layers.iter().enumerate();
    let layers = layers.map(|(index, layer)| Layer {
        index,
        digest: layer.digest.as_ref().map(AsRef::as_ref),
        compressed_bytes: layer.compressed_bytes,
        uncompressed_bytes: layer.uncompressed_bytes,
        entries: report.map.entries.get(index).map_or(&[], Vec::as_slice),
        origin: answer.and_then(|a| a.layers.get(index)).map(Origin::from),
    });
    let whole = Report {
        schema_version: SCHEMA_VERSION,
        image: Image {
            reference: report.name,
            config_digest: report.scanned.image.config_digest.as_ref(),
        },
        dockerfile: report.explained.map(|(file, _)| file),
        entries: entries.collect(),
        layers: layers.collect(),
        unmatched: answer.map(|a| a.unmatched.iter().map(|&place| place.into()).collect()),
    };
    serde_json::to_writer_pretty(&mut *out, &whole)?;
    out.write_all(b"\n")
}

/// Writes a line for each entry, the newest last, at most `width` columns wide.
///
/// # Errors
/// Whatever `out` says.
pub fn table(report: &HistoryReport<'_>, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut rows: Vec<[String; 5]> = Vec::new();
    for (index, entry) in report.history().iter().enumerate() {
        let layer = report.map.of_entry.get(index).copied().flatten();
        let size = layer.and_then(|layer| report.scanned.layers.get(layer));
        let place = match report.explained {
            // A layer that several entries made says so where it is.
            Some((file, answer)) => report.place(file, answer.entries.get(index)),
            None => String::new(),
        };
        let text = match entry.created_by.trim() {
            "" => printable(entry.comment.trim()),
            text => instruction(text),
        };
        rows.push([
            index.to_string(),
            layer.map_or(String::new(), |layer| layer.to_string()),
            size.map_or(String::new(), |layer| human(layer.uncompressed_bytes)),
            place,
            text,
        ]);
    }
    let mut header = ["#", "layer", "size", "made by", "created by"].map(str::to_owned);
    if report.explained.is_none() {
        header[3].clear();
    }
    let columns = |column: usize| {
        let cells = rows
            .iter()
            .chain([&header])
            .map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let [number, layer, size, place] = [columns(0), columns(1), columns(2), columns(3)];
    let used = number + layer + size + 6 + place + if place > 0 { 2 } else { 0 };
    let room = width.saturating_sub(used).max(TEXT_COLUMNS);
    for row in [&header].into_iter().chain(&rows) {
        let [a, b, c, d, e] = row;
        let e = shorten(e, room);
        let line = match place {
            0 => format!("{a:>number$}  {b:>layer$}  {c:>size$}  {e}"),
            _ => format!("{a:>number$}  {b:>layer$}  {c:>size$}  {d:place$}  {e}"),
        };
        writeln!(out, "{}", line.trim_end())?;
    }
    notes(report, out)
}

/// What the table cannot show.
fn notes(report: &HistoryReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let silent = report
        .map
        .entries
        .iter()
        .filter(|made_by| made_by.is_empty());
    let silent = silent.count();
    if silent > 0 {
        writeln!(
            out,
            "\n{silent} layers of which history does not tell what made them"
        )?;
    }
    let several = report.map.entries.iter().enumerate();
    for (layer, made_by) in several.filter(|(_, made_by)| made_by.len() > 1) {
        let entries: Vec<String> = made_by.iter().map(ToString::to_string).collect();
        writeln!(
            out,
            "\nlayer {layer} has the work of entries {}",
            entries.join(", ")
        )?;
    }
    let Some((file, answer)) = report.explained else {
        return Ok(());
    };
    for place in &answer.unmatched {
        let file = printable(file);
        writeln!(out, "\n{file}:{}: nothing in history fits it", place.line)?;
    }
    Ok(())
}

//! The JSON contract of `analyze`, version 1: `docs/analyze.schema.json`.
//!
//! Field names and meanings are public. Lists are sorted by bytes, then path;
//! the same image gives the same bytes.

use std::io;

use serde::Serialize;

use super::ImageReport;
use crate::analyze::{Analysis, LayerSummary, WasteKind};
use crate::attribute::Origins;
use crate::oci::{Image, escape_bytes};
use crate::ruleset::CacheClass;

/// Version of the contract; raised when a field changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    image: ImageInfo<'a>,
    totals: Totals,
    dive: Dive,
    layers: Vec<Layer<'a>>,
    waste: Vec<Waste<'a>>,
    caches: Vec<Cache<'a>>,
    duplicates: Vec<Duplicate>,
    packages: Vec<Package<'a>>,
    recommendations: Vec<Recommendation<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dockerfile: Option<&'a str>,
    warnings: &'a [String],
}

/// Lines of the Dockerfile.
#[derive(Serialize, Clone, Copy)]
struct Lines {
    line: u32,
    end_line: u32,
}

/// What made a layer.
#[derive(Serialize)]
struct Origin {
    kind: &'static str,
    confidence: &'static str,
    #[serde(flatten)]
    lines: Option<Lines>,
}

#[derive(Serialize)]
struct ImageInfo<'a> {
    reference: &'a str,
    source: &'a str,
    digest: Option<String>,
    config_digest: String,
    platform: String,
    created: Option<&'a str>,
    base: Option<Base<'a>>,
}

#[derive(Serialize)]
struct Base<'a> {
    layers: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    evidence: &'static str,
}

#[derive(Serialize)]
struct Totals {
    layers: usize,
    compressed_bytes: u64,
    uncompressed_bytes: u64,
    stored_bytes: u64,
    visible_bytes: u64,
    files: u64,
    wasted_bytes: u64,
    cache_bytes: u64,
    weak_cache_bytes: u64,
    duplicate_bytes: u64,
    efficiency: f64,
}

#[derive(Serialize)]
struct Dive {
    efficiency_score: f64,
    wasted_bytes: u64,
    user_wasted_percent: f64,
}

#[derive(Serialize)]
struct Layer<'a> {
    index: usize,
    digest: Option<String>,
    diff_id: Option<String>,
    media_type: &'a str,
    compressed_bytes: u64,
    uncompressed_bytes: u64,
    stored_bytes: u64,
    wasted_bytes: u64,
    files: Counts,
    created_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dockerfile: Option<Origin>,
}

#[derive(Serialize)]
struct Counts {
    added: u64,
    modified: u64,
    removed: u64,
}

#[derive(Serialize)]
struct Waste<'a> {
    kind: &'static str,
    path: String,
    bytes: u64,
    stored_in: u32,
    wasted_by: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache: Option<&'a str>,
    /// Of the layer that stores it and of the one that hid it.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<[Option<u32>; 2]>,
}

#[derive(Serialize)]
struct Cache<'a> {
    rule: &'a str,
    tool: &'a str,
    class: &'static str,
    path: String,
    bytes: u64,
    files: u64,
    layer: u32,
    advice: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mount: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dockerfile: Option<Lines>,
}

#[derive(Serialize)]
struct Duplicate {
    digest: String,
    bytes_each: u64,
    wasted_bytes: u64,
    paths: Vec<String>,
}

#[derive(Serialize)]
struct Package<'a> {
    manager: &'a str,
    name: &'a str,
    version: &'a str,
    bytes: u64,
    files: u64,
}

#[derive(Serialize)]
struct Recommendation<'a> {
    id: &'a str,
    title: &'a str,
    saves_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dockerfile: Option<Lines>,
    advice: &'a str,
}

/// Writes the report as one JSON document with a final line end.
///
/// # Errors
/// Whatever `out` says.
pub fn write(judged: &ImageReport<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut buffered = io::BufWriter::new(&mut *out);
    serde_json::to_writer_pretty(&mut buffered, &report(judged))?;
    io::Write::write_all(&mut buffered, b"\n")?;
    io::Write::flush(&mut buffered)
}

fn report<'a>(judged: &ImageReport<'a>) -> Report<'a> {
    let ImageReport {
        scan,
        analysis,
        origins,
    } = *judged;
    let totals = &analysis.totals;
    Report {
        schema_version: SCHEMA_VERSION,
        image: image_info(&scan.image, scan.source, analysis),
        totals: Totals {
            layers: totals.layers,
            compressed_bytes: totals.compressed_bytes,
            uncompressed_bytes: totals.uncompressed_bytes,
            stored_bytes: totals.stored_bytes,
            visible_bytes: totals.visible_bytes,
            files: totals.files,
            wasted_bytes: totals.wasted_bytes,
            cache_bytes: totals.cache_bytes,
            weak_cache_bytes: totals.weak_cache_bytes,
            duplicate_bytes: totals.duplicate_bytes,
            efficiency: totals.efficiency,
        },
        dive: Dive {
            efficiency_score: analysis.dive.efficiency_score,
            wasted_bytes: analysis.dive.wasted_bytes,
            user_wasted_percent: analysis.dive.user_wasted_percent,
        },
        layers: analysis
            .layers
            .iter()
            .enumerate()
            .map(|(index, summary)| layer(index, summary, origins))
            .collect(),
        waste: analysis
            .waste
            .iter()
            .map(|item| waste(item, origins))
            .collect(),
        caches: analysis
            .caches
            .iter()
            .map(|cache| Cache {
                rule: &cache.rule,
                tool: &cache.tool,
                class: class_name(cache.class),
                path: escape_bytes(&cache.path),
                bytes: cache.bytes,
                files: cache.files,
                layer: cache.layer,
                advice: &cache.advice,
                mount: cache.mount.as_deref(),
                dockerfile: lines(origins, cache.layer),
            })
            .collect(),
        duplicates: analysis
            .duplicates
            .iter()
            .map(|duplicate| Duplicate {
                digest: format!("{}:{}", scan.hash, hex(&duplicate.digest)),
                bytes_each: duplicate.bytes_each,
                wasted_bytes: duplicate.wasted_bytes,
                paths: duplicate.paths.iter().map(|p| escape_bytes(p)).collect(),
            })
            .collect(),
        packages: analysis
            .packages
            .iter()
            .map(|package| Package {
                manager: package.manager,
                name: &package.name,
                version: &package.version,
                bytes: package.bytes,
                files: package.files,
            })
            .collect(),
        recommendations: analysis
            .recommendations
            .iter()
            .map(|advice| Recommendation {
                id: &advice.id,
                title: &advice.title,
                saves_bytes: advice.saves_bytes,
                layer: advice.layer,
                dockerfile: advice.layer.and_then(|layer| lines(origins, layer)),
                advice: &advice.advice,
            })
            .collect(),
        dockerfile: origins.map(|origins| origins.path.as_str()),
        warnings: &analysis.warnings,
    }
}

fn image_info<'a>(image: &'a Image, source: &'a str, analysis: &'a Analysis) -> ImageInfo<'a> {
    ImageInfo {
        reference: &image.reference,
        source,
        digest: image.digest.as_ref().map(ToString::to_string),
        config_digest: image.config_digest.to_string(),
        platform: image.platform.to_string(),
        created: Some(image.config.created.as_str()).filter(|created| !created.is_empty()),
        base: analysis.base.as_ref().map(|base| Base {
            layers: base.layers,
            name: base.name.as_deref(),
            evidence: base.evidence.name(),
        }),
    }
}

/// The lines that made a layer.
fn lines(origins: Option<&Origins>, layer: u32) -> Option<Lines> {
    let place = origins?.place(layer as usize)?;
    Some(Lines {
        line: place.line,
        end_line: place.end_line,
    })
}

fn layer<'a>(index: usize, layer: &'a LayerSummary, origins: Option<&Origins>) -> Layer<'a> {
    Layer {
        index,
        digest: layer.digest.as_ref().map(ToString::to_string),
        diff_id: layer.diff_id.as_ref().map(ToString::to_string),
        media_type: &layer.media_type,
        compressed_bytes: layer.compressed_bytes,
        uncompressed_bytes: layer.uncompressed_bytes,
        stored_bytes: layer.stored_bytes,
        wasted_bytes: layer.wasted_bytes,
        files: Counts {
            added: layer.counts.added,
            modified: layer.counts.modified,
            removed: layer.counts.removed,
        },
        created_by: layer.created_by.as_deref(),
        skipped: layer.skipped.as_deref(),
        dockerfile: origins.and_then(|origins| {
            let attribution = origins.layers.get(index)?;
            Some(Origin {
                kind: attribution.kind.name(),
                confidence: attribution.confidence.name(),
                lines: lines(Some(origins), index as u32),
            })
        }),
    }
}

fn waste<'a>(waste: &'a crate::analyze::Waste, origins: Option<&Origins>) -> Waste<'a> {
    let line = |layer| Some(lines(origins, layer)?.line);
    Waste {
        kind: WasteKind::name(waste.kind),
        path: escape_bytes(&waste.path),
        bytes: waste.bytes,
        stored_in: waste.stored_in,
        wasted_by: waste.wasted_by,
        cache: waste.cache.as_deref(),
        lines: origins.map(|_| [line(waste.stored_in), line(waste.wasted_by)]),
    }
}

/// The class's name in data.
pub fn class_name(class: CacheClass) -> &'static str {
    match class {
        CacheClass::Cache => "cache",
        CacheClass::Weak => "weak",
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

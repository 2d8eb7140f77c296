//! A scanned and judged image → what the screen shows.

use hashbrown::HashSet;

use super::facts::{Findings, ImageFacts, LayerFacts, List, ListRow, Target};
use super::files::{Files, FilesBuilder, NewVersion, Stored, VersionKind};
use crate::analyze::{Analysis, WasteKind};
use crate::attribute::{Kind, Origins};
use crate::layer::EntryKind;
use crate::oci::{Image, escape_bytes};
use crate::report::size::{human, percent};
use crate::report::table::text::printable;
use crate::source::LayerBlob;
use crate::tree::{EntryId, MergeLog, Tree};

/// Rows of one list; what is smaller than so many others is summed up.
const MOST: usize = 20_000;

/// The files of all layers, from a tree merged with its changes.
pub fn files(tree: &Tree, log: &MergeLog) -> Files {
    let mut builder = FilesBuilder::default();
    for node in 1..tree.path_count() as u32 {
        builder.path(tree.parent(node), tree.name(node));
    }
    for change in log.changes.iter().flatten() {
        let gone = NewVersion {
            layer: change.layer,
            kind: VersionKind::Gone,
            mode: 0,
            owner: (0, 0),
            bytes: 0,
            target: &[],
            stored: Stored { layer: 0, entry: 0 },
        };
        let Some(EntryId { layer, index }) = change.inode else {
            builder.version(change.node, &gone);
            continue;
        };
        let entry = tree.entry(EntryId { layer, index });
        let kind = match entry.kind() {
            EntryKind::File if change.linked => VersionKind::HardLink,
            EntryKind::File => VersionKind::File,
            EntryKind::Directory => VersionKind::Directory,
            // A link to nothing is shown as one.
            EntryKind::Symlink | EntryKind::HardLink => VersionKind::Symlink,
            EntryKind::CharDevice => VersionKind::CharDevice,
            EntryKind::BlockDevice => VersionKind::BlockDevice,
            EntryKind::Fifo => VersionKind::Fifo,
            EntryKind::Whiteout | EntryKind::Opaque => continue,
        };
        let owner = entry.owner();
        let version = NewVersion {
            kind,
            mode: owner.mode,
            owner: (owner.uid, owner.gid),
            bytes: entry.size(),
            target: entry.link().unwrap_or_default(),
            stored: Stored {
                layer,
                entry: index,
            },
            ..gone
        };
        builder.version(change.node, &version);
    }
    builder.finish()
}

/// What an image's documents tell before its layers are read. Sizes are those of
/// the blobs.
pub fn image_facts(
    name: &str,
    image: &Image,
    source: &str,
    blobs: &[LayerBlob],
) -> (ImageFacts, Vec<LayerFacts>) {
    let mut history = image.config.layer_history();
    let layers = image.layers.iter().enumerate().map(|(at, layer)| {
        let digest = layer.diff_id.as_ref().or(layer.digest.as_ref());
        let created_by = history
            .next()
            .map(|entry| match entry.created_by.is_empty() {
                true => entry.comment.clone(),
                false => entry.created_by.clone(),
            });
        let stored = match blobs.get(at) {
            Some(LayerBlob::Range(range)) => Some(range.len),
            _ => None,
        };
        LayerFacts {
            digest: digest.map_or_else(String::new, ToString::to_string),
            bytes: layer.size.or(stored),
            created_by: created_by.unwrap_or_default(),
            ..LayerFacts::default()
        }
    });
    let facts = ImageFacts {
        name: match image.reference.as_str() {
            "" => name.to_owned(),
            reference => reference.to_owned(),
        },
        platform: image.platform.to_string(),
        source: source.to_owned(),
        sums: Vec::new(),
    };
    (facts, layers.collect())
}

/// The text beside which bytes are shown.
#[derive(Debug, Clone, Copy)]
pub struct DockerfileText<'a> {
    /// The lines.
    pub text: &'a str,
    /// What made each layer, as lines of the text.
    pub origins: Option<&'a Origins>,
    /// Whether it is the file itself, and no reconstruction.
    pub is_given: bool,
}

/// All findings; `text` is the Dockerfile, or what history tells of it.
pub fn findings(analysis: &Analysis, text: DockerfileText<'_>) -> Findings {
    // Lines of a reconstruction are nobody's to look up.
    let origins = text.origins.filter(|_| text.is_given);
    let lines = |layer: usize| {
        let place = origins.and_then(|origins| origins.place(layer));
        place.map_or_else(String::new, |place| place.words())
    };
    let label = |layer: Option<usize>| match layer.map(lines) {
        Some(lines) if !lines.is_empty() => format!(":{lines}"),
        _ => String::new(),
    };
    let layers = analysis.layers.iter().enumerate().map(|(at, layer)| {
        let digest = layer.diff_id.as_ref().or(layer.digest.as_ref());
        let counts = layer.counts;
        LayerFacts {
            digest: digest.map_or_else(String::new, ToString::to_string),
            bytes: Some(layer.uncompressed_bytes),
            wasted: Some(layer.wasted_bytes),
            counts: Some([counts.added, counts.modified, counts.removed]),
            created_by: layer.created_by.clone().unwrap_or_default(),
            lines: lines(at),
            skipped: layer.skipped.clone(),
        }
    });
    Findings {
        sums: sums(analysis),
        layers: layers.collect(),
        lists: vec![
            waste(analysis, &label),
            caches(analysis, &label),
            duplicates(analysis),
            packages(analysis),
            advice(analysis, &label),
            dockerfile(analysis, text),
        ],
    }
}

fn sums(analysis: &Analysis) -> Vec<String> {
    let totals = &analysis.totals;
    vec![
        format!(
            "{} in {} files, {} stored in {} layers",
            human(totals.visible_bytes),
            totals.files,
            human(totals.stored_bytes),
            totals.layers
        ),
        format!(
            "efficiency {}, wasted {}",
            percent(totals.efficiency),
            human(totals.wasted_bytes)
        ),
        format!(
            "caches {}, duplicates {}",
            human(totals.cache_bytes),
            human(totals.duplicate_bytes)
        ),
    ]
}

/// A list with a row for each item, the first ones of very many.
fn list<'a, T>(
    title: String,
    all: &'a [T],
    bytes: impl Fn(&T) -> u64,
    row: impl Fn(&'a T) -> ListRow,
) -> List {
    let mut rows: Vec<ListRow> = all.iter().take(MOST).map(row).collect();
    if let Some(rest) = all.get(MOST..).filter(|rest| !rest.is_empty()) {
        rows.push(ListRow {
            bytes: Some(rest.iter().map(bytes).sum()),
            text: format!("{} more", rest.len()),
            ..ListRow::default()
        });
    }
    List { title, rows }
}

fn shown(path: &[u8]) -> String {
    printable(&format!("/{}", escape_bytes(path)))
}

fn waste(analysis: &Analysis, label: &dyn Fn(Option<usize>) -> String) -> List {
    let title = format!(
        "{} stored and not shown, {} file versions",
        human(analysis.totals.wasted_bytes),
        analysis.waste.len()
    );
    list(
        title,
        &analysis.waste,
        |item| item.bytes,
        |item| {
            let (from, by) = (item.stored_in, item.wasted_by);
            let what = match item.kind {
                WasteKind::Deleted => "deleted",
                WasteKind::Overwritten => "replaced",
                WasteKind::Metadata => "stored again for other owner, mode or times",
                WasteKind::Identical => "stored again unchanged",
            };
            let cache = match &item.cache {
                Some(rule) => format!(" ({})", printable(rule)),
                None => String::new(),
            };
            ListRow {
                bytes: Some(item.bytes),
                layer: format!("{from}→{by}"),
                lines: label(Some(from as usize)),
                text: shown(&item.path),
                detail: format!("stored in layer {from}, {what} in layer {by}{cache}"),
                target: Some(Target {
                    layer: from as usize,
                    path: Some(item.path.clone()),
                }),
            }
        },
    )
}

fn caches(analysis: &Analysis, label: &dyn Fn(Option<usize>) -> String) -> List {
    let title = format!(
        "{} left by tools, {} places",
        human(analysis.totals.cache_bytes),
        analysis.caches.len()
    );
    list(
        title,
        &analysis.caches,
        |item| item.bytes,
        |item| ListRow {
            bytes: Some(item.bytes),
            layer: item.layer.to_string(),
            lines: label(Some(item.layer as usize)),
            text: format!("{}  {}", shown(&item.path), printable(&item.name)),
            detail: printable(&item.advice),
            target: Some(Target {
                layer: item.layer as usize,
                path: Some(item.path.clone()),
            }),
        },
    )
}

fn duplicates(analysis: &Analysis) -> List {
    let title = format!(
        "{} in equal files, {} groups",
        human(analysis.totals.duplicate_bytes),
        analysis.duplicates.len()
    );
    let top = analysis.layers.len().saturating_sub(1);
    list(
        title,
        &analysis.duplicates,
        |item| item.wasted_bytes,
        |item| {
            let first = item.paths.first().map_or(&[][..], |path| path);
            let others: Vec<String> = item
                .paths
                .iter()
                .skip(1)
                .take(20)
                .map(|p| shown(p))
                .collect();
            ListRow {
                bytes: Some(item.wasted_bytes),
                text: format!("{} × {}", item.paths.len(), shown(first)),
                detail: format!("also {}", others.join(" ")),
                target: Some(Target {
                    layer: top,
                    path: Some(first.to_vec()),
                }),
                ..ListRow::default()
            }
        },
    )
}

fn packages(analysis: &Analysis) -> List {
    let bytes = analysis.packages.iter().map(|package| package.bytes).sum();
    let title = format!("{} packages, {}", analysis.packages.len(), human(bytes));
    list(
        title,
        &analysis.packages,
        |item| item.bytes,
        |item| ListRow {
            bytes: Some(item.bytes),
            layer: item.manager.to_owned(),
            text: printable(format!("{} {}", item.name, item.version).trim_end()),
            detail: format!("{} files", item.files),
            ..ListRow::default()
        },
    )
}

fn advice(analysis: &Analysis, label: &dyn Fn(Option<usize>) -> String) -> List {
    let title = "what to do, by the bytes that it saves".to_owned();
    list(
        title,
        &analysis.recommendations,
        |item| item.saves_bytes,
        |item| {
            let layer = item.layer.map(|layer| layer as usize);
            ListRow {
                bytes: Some(item.saves_bytes),
                layer: layer.map_or_else(String::new, |layer| layer.to_string()),
                lines: label(layer),
                text: printable(&item.title),
                detail: printable(&item.advice),
                target: layer.map(|layer| Target { layer, path: None }),
            }
        },
    )
}

/// Each line with the bytes of the layers that it made.
fn dockerfile(analysis: &Analysis, text: DockerfileText<'_>) -> List {
    let title = match (text.is_given, text.origins) {
        (true, Some(origins)) => printable(&origins.path),
        _ => "reconstructed from history; --dockerfile FILE shows the real one".to_owned(),
    };
    let mut rows: Vec<ListRow> = text
        .text
        .lines()
        .zip(1..)
        .map(|(line, number)| ListRow {
            lines: format!("{number:>4}"),
            text: printable(&line.replace('\t', "    ")),
            ..ListRow::default()
        })
        .collect();
    let Some(origins) = text.origins else {
        return List { title, rows };
    };
    let mut seen = HashSet::new();
    for (at, layer) in analysis.layers.iter().enumerate() {
        let Some(place) = origins.place(at) else {
            continue;
        };
        let row = rows.get_mut((place.line as usize).saturating_sub(1));
        let Some(row) = row else { continue };
        *row.bytes.get_or_insert(0) += layer.uncompressed_bytes;
        if seen.insert(place.line) {
            row.layer = at.to_string();
            row.target = Some(Target {
                layer: at,
                path: None,
            });
        } else {
            let first = row.layer.split('-').next().unwrap_or_default();
            row.layer = format!("{first}-{at}");
        }
        let what = match origins.layers.get(at).map(|origin| origin.kind) {
            Some(Kind::Base) => "layers of the base image",
            _ => "layers of this instruction",
        };
        row.detail = format!("{what}: {}, {}", row.layer, human(row.bytes.unwrap_or(0)));
    }
    List { title, rows }
}

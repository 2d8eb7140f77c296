//! What to do about it, ranked by the bytes it saves.

use hashbrown::HashMap;

use super::duplicates::Duplicate;
use super::survey::CacheFinding;
use super::waste::{WasteGroup, WasteKind};
use crate::oci::escape_bytes;
use crate::ruleset::CacheClass;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recommendation {
    /// What kind of advice, for machines.
    pub id: String,
    /// What it is about, in one line.
    pub title: String,
    /// Bytes of contents that it saves.
    pub saves_bytes: u64,
    /// The layer whose instruction should change.
    pub layer: Option<u32>,
    /// What to do.
    pub advice: String,
}

/// Savings below this are noise in a list of advice.
const WORTH_SAYING: u64 = 64 * 1024;

/// Makes advice out of findings.
pub(super) fn recommend(
    waste: &[WasteGroup],
    caches: &[CacheFinding],
    duplicates: &[Duplicate],
) -> Vec<Recommendation> {
    let mut all: Vec<_> = about_waste(waste).collect();
    all.extend(about_caches(caches));
    all.extend(about_duplicates(duplicates));
    all.retain(|r| r.saves_bytes >= WORTH_SAYING);
    all.sort_by(|a, b| {
        b.saves_bytes
            .cmp(&a.saves_bytes)
            .then_with(|| a.id.cmp(&b.id))
            .then(a.layer.cmp(&b.layer))
            .then_with(|| a.title.cmp(&b.title))
    });
    all
}

fn about_waste(groups: &[WasteGroup]) -> impl Iterator<Item = Recommendation> + '_ {
    groups.iter().map(|group| {
        let what = match group.files {
            1 => format!("/{}", escape_bytes(&group.place)),
            files if group.is_in_one_place() => {
                format!("{files} files below /{}", escape_bytes(&group.place))
            }
            files => format!(
                "{files} files, the largest /{}",
                escape_bytes(&group.largest)
            ),
        };
        let (title, advice) = words(group.kind, &what, group.stored_in, group.wasted_by);
        Recommendation {
            id: format!("waste-{}", group.kind.name()),
            title,
            saves_bytes: group.bytes,
            layer: Some(match group.kind {
                // The layer that makes the copy is the one to change.
                WasteKind::Metadata | WasteKind::Identical => group.wasted_by,
                WasteKind::Deleted | WasteKind::Overwritten => group.stored_in,
            }),
            advice,
        }
    })
}

fn words(kind: WasteKind, what: &str, stored_in: u32, wasted_by: u32) -> (String, String) {
    let same_layer = stored_in == wasted_by;
    match kind {
        WasteKind::Deleted => (
            format!("{what}: stored in layer {stored_in}, deleted in layer {wasted_by}"),
            "Delete the files in the RUN that creates them, or create them in an earlier build \
             stage: a deletion in a later instruction only hides them."
                .to_owned(),
        ),
        WasteKind::Overwritten if same_layer => (
            format!("{what}: stored twice in layer {stored_in}"),
            "The layer's archive holds the path more than once; build it again with a tool that \
             writes each path once."
                .to_owned(),
        ),
        WasteKind::Overwritten => (
            format!("{what}: stored in layer {stored_in}, replaced in layer {wasted_by}"),
            "Write the final contents once: move both steps into one RUN, or copy the final file \
             in place of the first."
                .to_owned(),
        ),
        WasteKind::Metadata => (
            format!("{what}: stored again in layer {wasted_by} to change owner, mode or times"),
            "Set them when the files are created: COPY --chown=… --chmod=…, or chown in the same \
             RUN."
                .to_owned(),
        ),
        WasteKind::Identical => (
            format!("{what}: stored again unchanged in layer {wasted_by}"),
            "Do not copy or install the same files twice; exclude them from the later COPY."
                .to_owned(),
        ),
    }
}

fn about_caches(caches: &[CacheFinding]) -> Vec<Recommendation> {
    let mut groups: HashMap<(&str, u32), Vec<&CacheFinding>> = HashMap::new();
    for cache in caches {
        groups
            .entry((&cache.rule, cache.layer))
            .or_default()
            .push(cache);
    }
    groups
        .into_values()
        .filter_map(|found| {
            let first = *found.first()?;
            let place = match found.as_slice() {
                [one] => format!("/{}", escape_bytes(&one.path)),
                many => format!("{} places", many.len()),
            };
            let prefix = match first.class {
                CacheClass::Cache => "cache",
                CacheClass::Weak => "optional",
            };
            Some(Recommendation {
                id: format!("{prefix}-{}", first.rule),
                title: format!("{} in {place}, from layer {}", first.name, first.layer),
                saves_bytes: found.iter().map(|cache| cache.bytes).sum(),
                layer: Some(first.layer),
                advice: first.advice.clone(),
            })
        })
        .collect()
}

fn about_duplicates(duplicates: &[Duplicate]) -> Option<Recommendation> {
    let bytes = duplicates.iter().map(|d| d.wasted_bytes).sum();
    let largest = duplicates.first()?;
    Some(Recommendation {
        id: "duplicates".to_owned(),
        title: format!(
            "{} groups of equal files, the largest with {} copies of /{}",
            duplicates.len(),
            largest.paths.len(),
            escape_bytes(&largest.paths[0])
        ),
        saves_bytes: bytes,
        layer: None,
        advice: "Keep one copy and link to it, or find out why the same file is installed twice."
            .to_owned(),
    })
}

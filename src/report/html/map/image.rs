//! What the maps show of one image.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::encode::{Facts, ListedGroup, Mark, Style, View};
use super::forest::{Forest, Kind};
use crate::analyze::{Analysis, WasteKind};
use crate::attribute::{Kind as OriginKind, Origins};
use crate::layer::EntryKind;
use crate::report::ImageReport;
use crate::report::table::findings::kind_in_words;
use crate::report::table::text::{instruction, printable, shorten};
use crate::ruleset::CacheClass;
use crate::tree::{EntryId, ROOT, Step, Tree};

/// Characters of the label of a layer or line.
const LABEL: usize = 160;

/// Packages of one manager that the map tells apart.
const MOST_PACKAGES: usize = 5_000;

/// All paths of the image, those that upper layers hide too.
pub(super) fn forest<'a>(tree: &'a Tree, report: &ImageReport<'a>, marks: &Marks) -> Forest<'a> {
    let mut forest = Forest::new();
    let mut counted = hashbrown::HashSet::new();
    let mut way = vec![super::forest::TOP];
    for step in tree.walk() {
        let node = match step {
            Step::Enter(ROOT) | Step::Leave(ROOT) => continue,
            Step::Leave(_) => {
                way.pop();
                continue;
            }
            Step::Enter(node) => node,
        };
        let above = way.last().copied().unwrap_or(super::forest::TOP);
        let name = tree.name(node);
        let file = tree.inode(node);
        let first = file.is_some_and(|id| !tree.has_links(id) || counted.insert(id));
        let kind = match (tree.kind(node), first) {
            (EntryKind::Directory, _) => Kind::Directory,
            (EntryKind::File, true) => Kind::File,
            (EntryKind::File, false) => Kind::HardLink,
            _ => Kind::Other,
        };
        let at = forest.child(above, name, kind);
        way.push(at);
        if let (Kind::File, Some(id)) = (kind, file) {
            let mark = marks.shown.get(&id).copied().unwrap_or(0);
            forest.add(at, id.layer, mark, tree.entry(id).size());
        }
    }
    for (item, &mark) in report.analysis.waste.iter().zip(&marks.wasted) {
        let at = forest.path(&item.path, Kind::File);
        forest.add(at, item.stored_in, mark, item.bytes);
    }
    forest
}

/// What is to be said of files.
pub(super) struct Marks {
    all: Vec<Mark>,
    /// Of files that are shown and are leftovers.
    shown: HashMap<EntryId, u32>,
    /// Of [`Analysis::waste`], one for each.
    wasted: Vec<u32>,
}

impl Marks {
    pub(super) fn new(analysis: &Analysis) -> Self {
        let mut known: BTreeMap<String, u32> = BTreeMap::new();
        let mut all = vec![Mark {
            label: String::new(),
            style: Style::Plain,
        }];
        let mut mark = |label: String, style: Style| {
            *known.entry(label.clone()).or_insert_with(|| {
                all.push(Mark { label, style });
                all.len() as u32 - 1
            })
        };
        let mut shown = HashMap::new();
        for cache in &analysis.caches {
            let class = match cache.class {
                CacheClass::Cache => "cache",
                CacheClass::Weak => "optional",
            };
            let at = mark(format!("{class}: {}", printable(&cache.name)), Style::Soft);
            shown.extend(cache.entries.iter().map(|&entry| (entry, at)));
        }
        let mut label = |kind: WasteKind, cache: Option<&str>| {
            let words = kind_in_words(kind);
            let label = match cache {
                Some(rule) => format!("wasted: {words} ({})", printable(rule)),
                None => format!("wasted: {words}"),
            };
            mark(label, Style::Bad)
        };
        let waste = analysis.waste.iter();
        let wasted = waste
            .map(|item| label(item.kind, item.cache.as_deref()))
            .collect();
        Marks { all, shown, wasted }
    }
}

/// What the page says besides the paths.
pub(super) fn facts(report: &ImageReport<'_>, marks: Marks) -> Facts {
    let analysis = report.analysis;
    let layers: Vec<String> = (0..analysis.layers.len())
        .map(|layer| layer_label(analysis, layer))
        .collect();
    let mut views = vec![
        View::Paths { name: "path" },
        View::Groups {
            name: "layer",
            labels: layers.clone(),
            of: (0..layers.len() as u32).collect(),
        },
    ];
    if !analysis.packages.is_empty() {
        views.push(View::Listed {
            name: "package",
            groups: packages(analysis),
        });
    }
    if let Some(origins) = report.origins {
        views.push(lines(analysis, origins));
    }
    Facts {
        styles: ["wasted", "caches and optional files"],
        groups: layers,
        marks: marks.all,
        views,
    }
}

fn layer_label(analysis: &Analysis, layer: usize) -> String {
    let summary = &analysis.layers[layer];
    let words = match (&summary.skipped, &summary.created_by) {
        (Some(why), _) => format!("not read: {} layer", printable(why)),
        (None, Some(created_by)) => instruction(created_by),
        (None, None) => String::new(),
    };
    let label = format!("layer {layer} {}", shorten(&words, LABEL));
    label.trim_end().to_owned()
}

/// Lines of the Dockerfile, each with the layers that it made.
fn lines(analysis: &Analysis, origins: &Origins) -> View {
    let mut labels: Vec<String> = Vec::new();
    let mut known: HashMap<Option<(u32, u32)>, u32> = HashMap::new();
    let of = (0..analysis.layers.len()).map(|layer| {
        let place = origins.place(layer);
        let key = place.map(|place| (place.line, place.end_line));
        *known.entry(key).or_insert_with(|| {
            let is_base = origins
                .layers
                .get(layer)
                .is_some_and(|answer| answer.kind == OriginKind::Base);
            let created_by = analysis.layers[layer].created_by.as_deref();
            labels.push(match (place, created_by) {
                (Some(place), _) if is_base => format!("line {} FROM", place.words()),
                (Some(place), Some(text)) => {
                    let text = shorten(&instruction(text), LABEL);
                    format!("line {} {text}", place.words())
                }
                (Some(place), None) => format!("line {}", place.words()),
                (None, _) => "no line is known".to_owned(),
            });
            labels.len() as u32 - 1
        })
    });
    let of = of.collect();
    View::Groups {
        name: "Dockerfile line",
        labels,
        of,
    }
}

fn packages(analysis: &Analysis) -> Vec<ListedGroup> {
    let mut groups: Vec<ListedGroup> = Vec::new();
    for package in &analysis.packages {
        let at = groups.iter().position(|g| g.name == package.manager);
        let at = at.unwrap_or_else(|| {
            groups.push(ListedGroup {
                name: package.manager.to_owned(),
                items: Vec::new(),
                more: (0, 0, 0),
            });
            groups.len() - 1
        });
        let group = &mut groups[at];
        if group.items.len() < MOST_PACKAGES {
            let name = format!("{} {}", package.name, package.version);
            let name = shorten(&printable(name.trim_end()), LABEL);
            group.items.push((name, package.bytes, package.files));
        } else {
            group.more.0 += 1;
            group.more.1 = group.more.1.saturating_add(package.bytes);
            group.more.2 = group.more.2.saturating_add(package.files);
        }
    }
    groups
}

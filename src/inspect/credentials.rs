//! Files that hold credentials, in every layer: what a later layer deletes can
//! still be had from the image.

use std::io;

use super::{LARGEST, file_of};
use crate::layer::{Changeset, EntryKind};
use crate::ruleset::{SecretRules, States};
use crate::tree::{EntryId, Tree};

/// More of them are an attack on whoever reads the report.
const MOST: usize = 10_000;

/// A file with credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Id of the kind in `rules/secrets.toml`.
    pub rule: String,
    /// What it is, for people.
    pub name: String,
    /// The file, relative to the root.
    pub path: Vec<u8>,
    /// The layer that stores it.
    pub layer: u32,
    /// Whether the final tree shows it.
    pub shown: bool,
}

/// Looks at the paths of all layers, and at the contents where the path alone
/// does not tell.
pub(super) fn find(tree: &Tree, rules: &SecretRules) -> io::Result<Vec<Credential>> {
    let mut found = Vec::new();
    for (layer, content) in tree.layers().iter().enumerate() {
        let set = &content.changeset;
        let states = states(set, rules);
        let mut next = States::new();
        let mut here = Vec::new();
        for (index, entry) in set.entries().enumerate() {
            if entry.kind() != EntryKind::File || entry.size() == 0 {
                continue;
            }
            let Some(from) = states.get(entry.parent() as usize) else {
                continue;
            };
            let Some(found) = rules.matcher().step(from, entry.name(), &mut next) else {
                continue;
            };
            let path = path(set, entry.parent(), entry.name());
            let Some(kind) = rules.file_number(found.rule, &path) else {
                continue;
            };
            let id = EntryId {
                layer: layer as u32,
                index: index as u32,
            };
            if let Some(pattern) = &kind.content {
                let text = tree.kept(id, LARGEST)?;
                if !text.is_some_and(|text| pattern.is_match(&text)) {
                    continue;
                }
            }
            here.push(Credential {
                rule: kind.id.clone(),
                name: kind.name.clone(),
                shown: tree.find(&path).and_then(|node| file_of(tree, node)) == Some(id),
                path,
                layer: layer as u32,
            });
            if here.len() > MOST {
                break;
            }
        }
        here.sort_by(|a, b| a.path.cmp(&b.path));
        // A path can be in a layer twice; the last one counts.
        here.dedup_by(|a, b| a.path == b.path);
        found.append(&mut here);
        if found.len() > MOST {
            found.truncate(MOST);
            break;
        }
    }
    Ok(found)
}

/// The states of the patterns in each directory of a layer.
fn states(set: &Changeset, rules: &SecretRules) -> Vec<States> {
    let matcher = rules.matcher();
    let mut states: Vec<States> = Vec::with_capacity(set.dir_count());
    for dir in 0..set.dir_count() as u32 {
        let mut own = States::new();
        match set.dir(dir) {
            _ if dir == 0 => own = matcher.root(),
            (parent, name) => {
                if let Some(from) = states.get(parent as usize) {
                    matcher.step(from, name, &mut own);
                }
            }
        }
        states.push(own);
    }
    states
}

/// The path of an entry from its directory and its name.
fn path(set: &Changeset, mut dir: u32, name: &[u8]) -> Vec<u8> {
    let mut parts = vec![name];
    while dir != 0 {
        let (parent, name) = set.dir(dir);
        parts.push(name);
        dir = parent;
    }
    parts.reverse();
    parts.join(&b'/')
}

//! Bytes that are stored and not shown, by kind.

use hashbrown::HashMap;

use super::contents::{ContentIndex, Keys};
use super::{AnalyzeError, PathBudget};
use crate::tree::{Cause, EntryId, Hidden, Tree};

/// How a stored file version became waste.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WasteKind {
    /// Removed by a whiteout, an opaque marker, or something in its directory's place.
    Deleted,
    /// Other contents at the path later.
    Overwritten,
    /// The same contents stored again because owner, mode, time or attributes
    /// changed: the chown copy. The earlier copy is the waste.
    Metadata,
    /// The same contents stored again with nothing changed.
    Identical,
}

impl WasteKind {
    /// All kinds, in the order of reports.
    pub const ALL: [WasteKind; 4] = [
        WasteKind::Deleted,
        WasteKind::Overwritten,
        WasteKind::Metadata,
        WasteKind::Identical,
    ];

    /// The kind's name in data.
    pub fn name(self) -> &'static str {
        match self {
            WasteKind::Deleted => "deleted",
            WasteKind::Overwritten => "overwritten",
            WasteKind::Metadata => "metadata",
            WasteKind::Identical => "identical",
        }
    }
}

/// One stored file version that the final tree does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waste {
    /// How it became waste.
    pub kind: WasteKind,
    /// Where it was, relative to the root.
    pub path: Vec<u8>,
    /// Its size in bytes.
    pub bytes: u64,
    /// The layer that stores it.
    pub stored_in: u32,
    /// The layer that hid it.
    pub wasted_by: u32,
    /// The cache rule that names the path, if one does.
    pub cache: Option<String>,
}

/// Waste of one kind, and of one tool if of any, between the same two layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WasteGroup {
    /// How it became waste.
    pub kind: WasteKind,
    /// The cache rule that names the paths, if one does.
    pub cache: Option<String>,
    /// The layer that stores it.
    pub stored_in: u32,
    /// The layer that hid it.
    pub wasted_by: u32,
    /// File versions in the group.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The one file, or the deepest directory that holds all, relative to the root.
    pub place: Vec<u8>,
    /// The largest file.
    pub largest: Vec<u8>,
}

/// Puts waste together by kind and layers, largest first. It must be sorted by
/// size, as [`super::Analysis::waste`] is.
pub fn groups(waste: &[Waste]) -> Vec<WasteGroup> {
    type Key<'a> = (WasteKind, Option<&'a str>, u32, u32);
    let mut by_key: HashMap<Key<'_>, Vec<&Waste>> = HashMap::new();
    for item in waste {
        let cache = item.cache.as_deref();
        let key = (item.kind, cache, item.stored_in, item.wasted_by);
        by_key.entry(key).or_default().push(item);
    }
    let mut groups: Vec<_> = by_key
        .into_iter()
        .map(|((kind, cache, stored_in, wasted_by), items)| WasteGroup {
            kind,
            cache: cache.map(str::to_owned),
            stored_in,
            wasted_by,
            files: items.len() as u64,
            bytes: items.iter().map(|item| item.bytes).sum(),
            place: match items.as_slice() {
                [one] => one.path.clone(),
                many => common_directory(many.iter().map(|item| &item.path[..])),
            },
            // They are sorted by size.
            largest: items.first().map_or(Vec::new(), |item| item.path.clone()),
        })
        .collect();
    groups.sort_by(|a, b| {
        let place = |g: &WasteGroup| (g.kind, g.stored_in, g.wasted_by);
        b.bytes
            .cmp(&a.bytes)
            .then_with(|| place(a).cmp(&place(b)))
            .then_with(|| a.cache.cmp(&b.cache))
    });
    groups
}

impl WasteGroup {
    /// Whether [`WasteGroup::place`] says where the files are: directories right
    /// below the root, or the root itself, hold too much for that.
    pub fn is_in_one_place(&self) -> bool {
        self.files == 1 || self.place.contains(&b'/')
    }
}

/// Pairs of files that must be compared to tell a copy from an overwrite.
pub(super) fn wanted(tree: &Tree, keys: &Keys<'_>, hidden: &[Hidden]) -> Vec<EntryId> {
    hidden
        .iter()
        .filter_map(|hidden| candidate(tree, keys, hidden))
        .flat_map(|by| [by.0, by.1])
        .collect()
}

/// The hidden file and the one in its place, when they may be equal.
fn candidate(tree: &Tree, keys: &Keys<'_>, hidden: &Hidden) -> Option<(EntryId, EntryId)> {
    let Cause::Replaced(by) = hidden.cause else {
        return None;
    };
    let key = keys.key(hidden.file)?;
    (tree.entry(by).file().is_some() && keys.key(by) == Some(key)).then_some((hidden.file, by))
}

/// Judges every hidden file version; empty ones waste nothing and are left out.
pub(super) fn judge(
    tree: &Tree,
    keys: &Keys<'_>,
    hidden: &[Hidden],
    contents: &ContentIndex<'_>,
    paths: &mut PathBudget,
) -> Result<Vec<Waste>, AnalyzeError> {
    let mut waste: Vec<Waste> = hidden
        .iter()
        .filter(|hidden| tree.entry(hidden.file).size() > 0)
        .map(|hidden| {
            Ok(Waste {
                kind: kind_of(tree, keys, hidden, contents),
                path: paths.path(tree, hidden.node)?,
                bytes: tree.entry(hidden.file).size(),
                stored_in: hidden.file.layer,
                wasted_by: hidden.by_layer,
                cache: None,
            })
        })
        .collect::<Result<_, AnalyzeError>>()?;
    waste.sort_by(|a, b| {
        b.bytes
            .cmp(&a.bytes)
            .then_with(|| a.path.cmp(&b.path))
            .then(a.stored_in.cmp(&b.stored_in))
            .then(a.wasted_by.cmp(&b.wasted_by))
    });
    Ok(waste)
}

fn kind_of(
    tree: &Tree,
    keys: &Keys<'_>,
    hidden: &Hidden,
    contents: &ContentIndex<'_>,
) -> WasteKind {
    let Cause::Replaced(by) = hidden.cause else {
        return WasteKind::Deleted;
    };
    match candidate(tree, keys, hidden) {
        Some((file, by)) if contents.equal(file, by) => {}
        _ => return WasteKind::Overwritten,
    }
    if tree.entry(hidden.file).same_metadata(tree.entry(by)) {
        WasteKind::Identical
    } else {
        WasteKind::Metadata
    }
}

/// The deepest directory that holds all paths.
fn common_directory<'a>(mut paths: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let Some(first) = paths.next() else {
        return Vec::new();
    };
    let mut common = first
        .iter()
        .rposition(|&b| b == b'/')
        .map_or(&first[..0], |end| &first[..end]);
    for path in paths {
        let holds = |dir: &[u8]| {
            dir.is_empty() || (path.starts_with(dir) && path.get(dir.len()) == Some(&b'/'))
        };
        while !holds(common) {
            common = common
                .iter()
                .rposition(|&b| b == b'/')
                .map_or(&common[..0], |end| &common[..end]);
        }
    }
    common.to_vec()
}

#[cfg(test)]
mod tests {
    use super::common_directory;

    #[test]
    fn common_directories() {
        #[track_caller]
        fn check(paths: &[&str], want: &str) {
            let got = common_directory(paths.iter().map(|p| p.as_bytes()));
            assert_eq!(String::from_utf8(got).unwrap(), want);
        }
        check(&["a/b/c", "a/b/d"], "a/b");
        check(&["a/b/c", "a/bc/d"], "a");
        check(&["x"], "");
        check(&["a/b", "c/d"], "");
    }
}

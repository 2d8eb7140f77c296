//! Equal contents at different paths of the final tree.

use hashbrown::HashMap;

use super::contents::{ContentIndex, Key, Keys};
use super::survey::VisibleFile;
use super::{AnalyzeError, PathBudget};
use crate::layer::ContentDigest;
use crate::tree::{EntryId, Tree};

/// Files with equal contents. Hard links are one file and no duplicate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// BLAKE3 of the contents.
    pub digest: ContentDigest,
    /// Size of one of them.
    pub bytes_each: u64,
    /// What all but one of them take.
    pub wasted_bytes: u64,
    /// Their paths, sorted.
    pub paths: Vec<Vec<u8>>,
}

/// Files that may be equal to another, in groups.
pub(super) fn candidates(keys: &Keys<'_>, files: &[VisibleFile]) -> Vec<VisibleFile> {
    let mut keyed: Vec<(Key, VisibleFile)> = files
        .iter()
        .filter_map(|&file| Some((keys.key(file.file)?, file)))
        .collect();
    keyed.sort_unstable_by_key(|&(key, file)| (key, file.node));
    keyed
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|group| group.len() > 1)
        .flatten()
        .map(|&(_, file)| file)
        .collect()
}

/// The entries to digest for [`group`].
pub(super) fn wanted(candidates: &[VisibleFile]) -> impl Iterator<Item = EntryId> + '_ {
    candidates.iter().map(|candidate| candidate.file)
}

/// Groups candidates by what they really hold.
pub(super) fn group(
    tree: &Tree,
    candidates: &[VisibleFile],
    contents: &ContentIndex<'_>,
    budget: &mut PathBudget,
) -> Result<Vec<Duplicate>, AnalyzeError> {
    let mut groups: HashMap<(u64, ContentDigest), Vec<VisibleFile>> = HashMap::new();
    for &candidate in candidates {
        if let Some(digest) = contents.digest(candidate.file) {
            let size = tree.entry(candidate.file).size();
            groups.entry((size, digest)).or_default().push(candidate);
        }
    }
    let mut duplicates: Vec<Duplicate> = groups
        .into_iter()
        .filter(|(_, files)| files.len() > 1)
        .map(|((size, digest), files)| {
            let path = |file: &VisibleFile| budget.path(tree, file.node);
            let mut paths = files.iter().map(path).collect::<Result<Vec<_>, _>>()?;
            paths.sort();
            Ok(Duplicate {
                digest,
                bytes_each: size,
                wasted_bytes: size * (files.len() as u64 - 1),
                paths,
            })
        })
        .collect::<Result<_, AnalyzeError>>()?;
    duplicates.sort_by(|a, b| {
        b.wasted_bytes
            .cmp(&a.wasted_bytes)
            .then_with(|| a.paths.cmp(&b.paths))
    });
    Ok(duplicates)
}

//! What became of the layers and packages of an image in another one.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::{LayerSummary, Package};

/// A layer of the old image and the one that took its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerPair {
    /// Index in the old image; `None` if the layer is new.
    pub old: Option<usize>,
    /// Index in the new image; `None` if the layer is gone.
    pub new: Option<usize>,
    /// It is the very same layer, by its diff ID.
    pub same: bool,
}

/// Pairs layers: the lowest ones that are the same, and of the others those that
/// the same instruction made, in order.
pub fn compare_layers(old: &[LayerSummary], new: &[LayerSummary]) -> Vec<LayerPair> {
    let same = |(old, new): &(&LayerSummary, &LayerSummary)| {
        old.diff_id.is_some() && old.diff_id == new.diff_id
    };
    let shared = old.iter().zip(new).take_while(same).count();
    let mut pairs: Vec<LayerPair> = (0..shared)
        .map(|index| LayerPair {
            old: Some(index),
            new: Some(index),
            same: true,
        })
        .collect();
    let keys = |layers: &[LayerSummary]| -> Vec<String> {
        let above = layers[shared..].iter();
        above
            .map(|layer| layer.created_by.clone().unwrap_or_default())
            .collect()
    };
    for op in capture_diff_slices(Algorithm::Myers, &keys(old), &keys(new)) {
        let (tag, before, after) = op.as_tag_tuple();
        if tag == DiffTag::Equal {
            pairs.extend(before.zip(after).map(|(a, b)| LayerPair {
                old: Some(shared + a),
                new: Some(shared + b),
                same: same(&(&old[shared + a], &new[shared + b])),
            }));
            continue;
        }
        pairs.extend(before.map(|index| LayerPair {
            old: Some(shared + index),
            new: None,
            same: false,
        }));
        pairs.extend(after.map(|index| LayerPair {
            old: None,
            new: Some(shared + index),
            same: false,
        }));
    }
    pairs
}

/// A package that only one image has, or that they have in other versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageChange {
    /// Its manager.
    pub manager: &'static str,
    /// Its name.
    pub name: String,
    /// Its version and bytes in the old image.
    pub old: Option<(String, u64)>,
    /// Its version and bytes in the new image.
    pub new: Option<(String, u64)>,
}

impl PackageChange {
    /// Bytes more, or less, than before.
    pub fn bytes(&self) -> i128 {
        let size = |side: &Option<(String, u64)>| side.as_ref().map_or(0, |(_, b)| i128::from(*b));
        size(&self.new) - size(&self.old)
    }
}

/// Lists the packages that changed, by how many bytes.
pub fn compare_packages(old: &[Package], new: &[Package]) -> Vec<PackageChange> {
    type Versions<'a> = (Vec<&'a Package>, Vec<&'a Package>);
    let mut named: BTreeMap<(&'static str, &str), Versions<'_>> = BTreeMap::new();
    for package in old {
        let key = (package.manager, package.name.as_str());
        named.entry(key).or_default().0.push(package);
    }
    for package in new {
        let key = (package.manager, package.name.as_str());
        named.entry(key).or_default().1.push(package);
    }
    let mut changes = Vec::new();
    for ((manager, name), (mut before, mut after)) in named {
        take_equal(&mut before, &mut after);
        let side = |list: &[&Package], at: usize| -> Option<(String, u64)> {
            let package = list.get(at)?;
            Some((package.version.clone(), package.bytes))
        };
        // Several versions of one name are paired in their order.
        for at in 0..before.len().max(after.len()) {
            changes.push(PackageChange {
                manager,
                name: name.to_owned(),
                old: side(&before, at),
                new: side(&after, at),
            });
        }
    }
    // A stable sort keeps the order of the names.
    changes.sort_by_key(|change| std::cmp::Reverse(change.bytes().unsigned_abs()));
    changes
}

/// Sorts both lists by version and takes out the versions that both have.
fn take_equal<'a>(before: &mut Vec<&'a Package>, after: &mut Vec<&'a Package>) {
    before.sort_by(|a, b| a.version.cmp(&b.version));
    after.sort_by(|a, b| a.version.cmp(&b.version));
    let (mut only_before, mut only_after) = (Vec::new(), Vec::new());
    let (mut a, mut b) = (0, 0);
    while a < before.len() || b < after.len() {
        match (before.get(a), after.get(b)) {
            (Some(x), Some(y)) if x.version == y.version => (a, b) = (a + 1, b + 1),
            (Some(x), y) if y.is_none_or(|y| x.version < y.version) => {
                only_before.push(*x);
                a += 1;
            }
            (_, y) => {
                only_after.extend(y);
                b += 1;
            }
        }
    }
    (*before, *after) = (only_before, only_after);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::LayerCounts;

    fn layer(diff_id: &str, created_by: &str) -> LayerSummary {
        let digest = format!("sha256:{:0>64}", diff_id);
        LayerSummary {
            digest: None,
            diff_id: digest.parse().ok(),
            media_type: String::new(),
            compressed_bytes: 0,
            uncompressed_bytes: 0,
            stored_bytes: 0,
            wasted_bytes: 0,
            counts: LayerCounts::default(),
            created_by: Some(created_by.to_owned()),
            skipped: None,
        }
    }

    #[test]
    fn layers_are_paired_by_what_they_are_and_who_made_them() {
        let old = [layer("1", "ADD"), layer("2", "RUN a"), layer("3", "COPY")];
        let new = [layer("1", "ADD"), layer("4", "RUN b"), layer("5", "COPY")];
        let pairs = compare_layers(&old, &new);
        let shown: Vec<_> = pairs.iter().map(|p| (p.old, p.new, p.same)).collect();
        let want = [
            (Some(0), Some(0), true),
            (Some(1), None, false),
            (None, Some(1), false),
            (Some(2), Some(2), false),
        ];
        assert_eq!(shown, want);
    }

    fn package(name: &str, version: &str, bytes: u64) -> Package {
        Package {
            manager: "npm",
            name: name.to_owned(),
            version: version.to_owned(),
            bytes,
            files: 1,
        }
    }

    #[test]
    fn packages_come_go_and_change() {
        let old = [
            package("a", "1", 10),
            package("b", "1", 10),
            package("c", "1", 5),
            package("c", "2", 5),
        ];
        let new = [
            package("a", "2", 25),
            package("c", "2", 5),
            package("c", "3", 6),
            package("d", "1", 100),
        ];
        let shown: Vec<_> = compare_packages(&old, &new)
            .into_iter()
            .map(|c| (c.name.clone(), c.old.map(|o| o.0), c.new.map(|n| n.0)))
            .collect();
        let version = |v: &str| Some(v.to_owned());
        let want = [
            ("d".to_owned(), None, version("1")),
            ("a".to_owned(), version("1"), version("2")),
            ("b".to_owned(), version("1"), None),
            ("c".to_owned(), version("1"), version("3")),
        ];
        assert_eq!(shown, want);
    }
}

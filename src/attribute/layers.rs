//! Which history entries made which layer.

use crate::oci::HistoryEntry;

use super::step::Meaning;

/// History and layers brought together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerMap {
    /// For each entry the layer that it stands for, as an index (0 is the lowest).
    pub of_entry: Vec<Option<usize>>,
    /// For each layer the entries whose work is in it, oldest first. Empty where
    /// history does not tell.
    pub entries: Vec<Vec<usize>>,
    /// Whether the entries' own marks say so, rather than their instructions.
    pub marked: bool,
}

/// Brings history and layers together. Where marks and number of layers disagree,
/// the kind of each instruction is tried; where that fails too, nothing is told.
pub fn layer_map(history: &[HistoryEntry], layers: usize) -> LayerMap {
    let meanings: Vec<Meaning> = history.iter().map(Meaning::of).collect();
    map(history, &meanings, layers)
}

pub(super) fn map(history: &[HistoryEntry], meanings: &[Meaning], layers: usize) -> LayerMap {
    let marked: Vec<bool> = history.iter().map(|entry| !entry.empty_layer).collect();
    let by_kind = || -> Vec<bool> {
        let makes = |meaning: &Meaning| match meaning {
            Meaning::One(step) => step.keyword.is_none_or(super::step::makes_layer),
            Meaning::Folded { .. } | Meaning::SameAsBefore => true,
        };
        meanings.iter().map(makes).collect()
    };
    let fits = |makes: &[bool]| makes.iter().filter(|made| **made).count() == layers;
    let (makes, is_marked) = match fits(&marked) {
        true => (marked, true),
        false => (by_kind(), false),
    };
    let mut map = LayerMap {
        of_entry: vec![None; history.len()],
        entries: vec![Vec::new(); layers],
        marked: is_marked,
    };
    if !fits(&makes) {
        return map;
    }
    let mut since = 0;
    let made = makes.iter().enumerate().filter(|(_, made)| **made);
    for (layer, (i, _)) in made.enumerate() {
        let between = since..i;
        let mut work: Vec<usize> = Vec::new();
        if is_marked && is_committed_at_once(history, meanings, between.clone(), i) {
            let makers = between
                .chain([i])
                .filter(|&k| changes_files(meanings.get(k)));
            work.extend(makers);
        }
        if work.is_empty() {
            work.push(i);
        }
        if let (Some(slot), Some(entries)) = (map.of_entry.get_mut(i), map.entries.get_mut(layer)) {
            *slot = Some(layer);
            *entries = work;
        }
        since = i + 1;
    }
    map
}

/// Whether the work of the entries `before` is in the layer of entry `at`: buildah
/// without `--layers` commits a stage once, marks all entries but the last one as
/// empty, and notes the stage's FROM there.
fn is_committed_at_once(
    history: &[HistoryEntry],
    meanings: &[Meaning],
    before: std::ops::Range<usize>,
    at: usize,
) -> bool {
    let comment = |i: usize| history.get(i).map_or("", |entry| entry.comment.as_str());
    let quiet = before.clone().all(|i| comment(i).is_empty());
    let worked = before.clone().any(|i| changes_files(meanings.get(i)));
    worked && quiet && (comment(at).starts_with("FROM ") || !changes_files(meanings.get(at)))
}

fn changes_files(meaning: Option<&Meaning>) -> bool {
    match meaning {
        Some(Meaning::One(step)) => step.can_make_layer(),
        Some(Meaning::Folded { .. } | Meaning::SameAsBefore) => true,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(lines: &[(&str, bool, &str)]) -> Vec<HistoryEntry> {
        let entry = |&(created_by, made, comment): &(&str, bool, &str)| HistoryEntry {
            created_by: created_by.into(),
            comment: comment.into(),
            empty_layer: !made,
            ..HistoryEntry::default()
        };
        lines.iter().map(entry).collect()
    }

    #[test]
    fn a_stage_that_was_committed_at_once_is_one_layer() {
        let history = history(&[
            ("/bin/sh -c #(nop) ADD file:0 in /", true, ""),
            ("/bin/sh -c #(nop) ENV A=1", false, ""),
            ("/bin/sh -c a", false, ""),
            ("/bin/sh -c b", false, ""),
            ("/bin/sh -c #(nop) CMD x", true, "FROM base"),
        ]);
        let map = layer_map(&history, 2);
        assert_eq!(map.entries, [vec![0], vec![2, 3]]);
        assert_eq!(map.of_entry[4], Some(1));
    }

    #[test]
    fn steps_that_changed_nothing_are_not_the_next_ones() {
        let history = history(&[
            ("/bin/sh -c true", false, ""),
            ("/bin/sh -c #(nop) COPY file:0 in /", true, ""),
        ]);
        assert_eq!(layer_map(&history, 1).entries, [vec![1]]);
    }

    #[test]
    fn wrong_marks_are_not_believed() {
        let history = history(&[
            ("ADD a /", true, ""),
            ("CMD x", true, ""),
            ("RUN y", true, ""),
        ]);
        let map = layer_map(&history, 2);
        assert!(!map.marked);
        assert_eq!(map.entries, [vec![0], vec![2]]);
        assert_eq!(layer_map(&history, 5).entries, vec![Vec::<usize>::new(); 5]);
    }
}

//! How much of what is kept the probes touched.

use crate::closure::{Files, Kind};
use crate::evidence::{Evidence, Use};
use crate::slim::{Decisions, Subject};

/// What is kept, and how much of it a run used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Packages: used, kept.
    pub packages: (usize, usize),
    /// ELF files: used, kept.
    pub objects: (usize, usize),
}

impl Coverage {
    /// Counts.
    pub fn of(subject: &Subject<'_>, decisions: &Decisions, evidence: &Evidence) -> Self {
        let view = subject.view;
        let mut coverage = Coverage::default();
        let mut used = vec![false; subject.units.units.len()];
        for node in view.tree.paths() {
            if view.kind(node) != Kind::File || !decisions.keeps(node) {
                continue;
            }
            let known = evidence.paths.get(&view.path(node));
            let opened = known.is_some_and(|known| {
                let mut how = known.how.iter();
                how.any(|how| matches!(how, Use::Exec | Use::Read | Use::Written))
            });
            if opened {
                for &unit in subject.units.owners(node) {
                    if let Some(used) = used.get_mut(unit as usize) {
                        *used = true;
                    }
                }
            }
            if view.read(node, 0, 4).is_ok_and(|head| head == b"\x7fELF") {
                coverage.objects.1 += 1;
                coverage.objects.0 += usize::from(opened);
            }
        }
        let kept = decisions.units.iter().map(Option::is_some);
        for (used, kept) in used.into_iter().zip(kept) {
            coverage.packages.1 += usize::from(kept);
            coverage.packages.0 += usize::from(kept && used);
        }
        coverage
    }
}

//! Failures that are allowed all the same.

use crate::gate::check::Check;
use crate::gate::lint::Finding;
use crate::gate::settings::{Place, Waiver, Waives};
use crate::gate::verdict::{Checked, Status, Verdict, Waived};

/// The waivers, and which of them did anything.
pub(super) struct Waivers<'a> {
    all: &'a [Waiver],
    used: Vec<bool>,
}

impl<'a> Waivers<'a> {
    pub(super) fn new(all: &'a [Waiver]) -> Self {
        Waivers {
            all,
            used: vec![false; all.len()],
        }
    }

    /// The first waiver that fits.
    fn first(&mut self, fits: impl Fn(&Waiver) -> bool) -> Option<Waived> {
        let at = self.all.iter().position(fits)?;
        if let Some(used) = self.used.get_mut(at) {
            *used = true;
        }
        let waiver = self.all.get(at)?;
        Some(Waived {
            reason: waiver.reason.clone(),
            expires: waiver.expires,
            place: waiver.place.clone(),
        })
    }

    /// Whether some waiver asks which path or package it is.
    pub(super) fn look_at(&self, check: Check) -> bool {
        let mut all = self.all.iter();
        all.any(|waiver| waiver.waives == Waives::Check(check) && waiver.what.is_some())
    }

    /// The waiver of one path or package.
    pub(super) fn of(&mut self, check: Check, what: &str) -> Option<Waived> {
        self.first(|waiver| {
            let named = waiver.what.as_ref().is_some_and(|glob| glob.is_match(what));
            named && waiver.waives == Waives::Check(check)
        })
    }

    /// The waiver of one finding.
    pub(super) fn of_finding(&mut self, finding: &Finding) -> Option<Waived> {
        self.first(|waiver| {
            let here = waiver
                .what
                .as_ref()
                .is_none_or(|glob| glob.is_match(&finding.path));
            here && match &waiver.waives {
                Waives::Check(Check::LintThreshold) => waiver.what.is_some(),
                Waives::Check(_) => false,
                Waives::Rule(code) => {
                    let codes = std::iter::once(&finding.code).chain(&finding.aliases);
                    codes.into_iter().any(|own| own.eq_ignore_ascii_case(code))
                }
            }
        })
    }

    /// A check that failed, unless that is allowed as a whole.
    pub(super) fn whole(&mut self, mut checked: Checked) -> Checked {
        if matches!(checked.status, Status::Fail | Status::Warn)
            && let Some(waived) = self.first(|waiver| {
                waiver.what.is_none() && waiver.waives == Waives::Check(checked.check)
            })
        {
            checked.status = Status::Waived;
            checked.waived = Some(waived);
        }
        checked
    }

    /// The places of waivers that did nothing, though what they are about was checked.
    pub(super) fn unused(&self, verdict: &Verdict) -> Vec<Place> {
        let checked = |check: Check| verdict.checks.iter().any(|checked| checked.check == check);
        let idle = |waiver: &&Waiver| match waiver.waives {
            Waives::Check(check) => checked(check) || !verdict.idle.contains(&check),
            Waives::Rule(_) => checked(Check::LintThreshold),
        };
        let all = self.all.iter().zip(&self.used);
        let unused = all.filter(|(_, used)| !**used).map(|(waiver, _)| waiver);
        unused
            .filter(idle)
            .map(|waiver| waiver.place.clone())
            .collect()
    }
}

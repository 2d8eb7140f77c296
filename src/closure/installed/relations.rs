//! Which installed packages satisfy what a package needs.

use hashbrown::HashMap;

use super::package::{Dependency, DependencyKind, PackageId};

/// Something that a package needs, before it is known who has it.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// As the package states it.
    pub name: String,
    pub kind: DependencyKind,
    /// Any of these will do.
    pub alternatives: Vec<Alternative>,
}

#[derive(Debug, Clone)]
pub(super) struct Alternative {
    pub name: String,
    /// Whose package has to be of which architecture.
    pub architecture: Architecture,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Architecture {
    /// That of the package that needs it, unless the other serves all.
    Same,
    Any,
}

/// What a package is to those that need something.
#[derive(Debug, Clone, Default)]
pub(super) struct Offer {
    /// Other names that it goes by.
    pub provides: Vec<String>,
    pub architecture: String,
    /// It serves packages of all architectures.
    pub serves_all: bool,
}

/// Packages that satisfy something, summed over all wishes: a virtual package that everybody
/// provides and needs would cost the square.
const MOST_MATCHES: usize = 16 << 20;

/// The packages of one manager by what they are called.
pub(super) struct Index<'o> {
    first: PackageId,
    offers: &'o [Offer],
    names: HashMap<&'o str, Vec<PackageId>>,
    left: usize,
}

impl<'o> Index<'o> {
    /// `packages` are names and offers; the first has the number `first`.
    pub fn new(
        first: PackageId,
        names: impl Iterator<Item = &'o str>,
        offers: &'o [Offer],
    ) -> Self {
        let mut index: HashMap<&str, Vec<PackageId>> = HashMap::new();
        for (id, (name, offer)) in (first..).zip(names.zip(offers)) {
            let provided = offer.provides.iter().map(String::as_str);
            for name in provided.chain([name]) {
                let ids = index.entry(name).or_default();
                if ids.last() != Some(&id) {
                    ids.push(id);
                }
            }
        }
        Self {
            first,
            offers,
            names: index,
            left: MOST_MATCHES,
        }
    }

    fn offer(&self, id: PackageId) -> Option<&Offer> {
        let at = usize::try_from(id.checked_sub(self.first)?).ok()?;
        self.offers.get(at)
    }

    /// The dependency that a wish of the package `own` comes to. `Ok(None)` if it provides that
    /// itself, `Err` if there is too much to keep.
    pub fn dependency(
        &mut self,
        own: PackageId,
        wish: Wish,
        owners: &mut dyn FnMut(&str) -> Vec<PackageId>,
    ) -> Result<Option<Dependency>, ()> {
        let mut satisfied_by = Vec::new();
        for alternative in &wish.alternatives {
            let found = self.names.get(alternative.name.as_str());
            let found = found.map(Vec::as_slice).unwrap_or_default();
            self.left = self.left.checked_sub(found.len()).ok_or(())?;
            let before = satisfied_by.len();
            if alternative.architecture == Architecture::Same
                && let Some(wanted) = self.offer(own).map(|offer| &offer.architecture)
            {
                let fits = |id: &&PackageId| {
                    self.offer(**id)
                        .is_some_and(|o| o.serves_all || o.architecture == *wanted)
                };
                satisfied_by.extend(found.iter().filter(fits));
            }
            // Of another architecture is better than nothing: it is kept then.
            if satisfied_by.len() == before {
                satisfied_by.extend(found);
            }
            if satisfied_by.len() == before && alternative.name.starts_with('/') {
                satisfied_by.extend(owners(&alternative.name));
            }
        }
        satisfied_by.sort_unstable();
        satisfied_by.dedup();
        if satisfied_by.binary_search(&own).is_ok() {
            return Ok(None);
        }
        Ok(Some(Dependency {
            name: wish.name,
            satisfied_by,
            kind: wish.kind,
        }))
    }
}

//! Packages: reached through a path, carried with all of theirs.

use serde::Deserialize;

use super::{Level, Tier, Walk};
use crate::closure::NodeId;
use crate::closure::installed::DependencyKind;
use crate::ruleset::RuleFileError;
use crate::slim::reason::{By, Kind, Reason, UnitId};
use crate::slim::units::Origin;

/// `rules/installer.toml`: dependencies that only installing needs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::slim) struct Installer {
    /// Packages that others depend on for their installation scripts.
    packages: Vec<String>,
    /// The same for single packages.
    #[serde(default)]
    dependency: Vec<Pair>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    package: String,
    on: String,
}

impl Installer {
    /// The shipped list.
    pub(in crate::slim) fn builtin() -> Result<Self, RuleFileError> {
        let file = "rules/installer.toml";
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/installer.toml"));
        toml::from_str(text).map_err(|source| RuleFileError::Toml {
            file: file.to_owned(),
            source: Box::new(source),
        })
    }

    /// Whether the programs of a package need a dependency, which may name
    /// alternatives and versions: `perl:any (>= 5) | perl-base`.
    fn needs(&self, package: &str, on: &str) -> bool {
        let mut names = on.split(['|', ',']).map(|name| {
            let name = name.trim();
            let end = name.find(|c: char| " (<>=:~".contains(c));
            name.get(..end.unwrap_or(name.len())).unwrap_or_default()
        });
        !names.any(|on| {
            let pair = |pair: &Pair| pair.package == package && pair.on == on;
            self.packages.iter().any(|known| known == on) || self.dependency.iter().any(pair)
        })
    }
}

impl Walk<'_> {
    pub(super) fn reach_owners(&mut self, node: NodeId) {
        let units = self.setting.units;
        for &unit in units.owners(node) {
            self.reach_unit(unit, Reason::new(By::Node(node), Kind::BelongsTo));
        }
    }

    pub(super) fn reach_unit(&mut self, unit: UnitId, reason: Reason) {
        match self.units.get_mut(unit as usize) {
            Some(known @ None) => *known = Some(reason),
            _ => return,
        }
        self.carry.push_back(unit);
    }

    /// Keeps what a package has, and what it depends on.
    pub(super) fn carry_unit(&mut self, id: UnitId) {
        let units = self.setting.units;
        let Some(unit) = units.unit(id) else { return };
        let system = matches!(unit.origin, Origin::System(_));
        let part = Reason::new(By::Unit(id), Kind::PartOf);
        if let Some(package) = units.system_package(id) {
            for &licence in &package.licences {
                let reason = Reason::new(By::Unit(id), Kind::Licence);
                self.reach(licence, Level::Kept, reason);
            }
        }
        if self.only_used() {
            self.describe(id, &part);
        }
        if self.only_used() || system && self.setting.options.tier == Tier::File {
            return;
        }
        for &node in &unit.files {
            // What an interpreter loads is as good as run.
            let level = match !system && is_native(self.setting.view.tree.name(node)) {
                true => Level::Reached,
                false => Level::Carried,
            };
            self.reach(node, level, part.clone());
        }
        self.depend(id);
    }

    /// Keeps what says which package this is, and under which licence.
    fn describe(&mut self, id: UnitId, part: &Reason) {
        let Some(unit) = self.setting.units.unit(id) else {
            return;
        };
        let manifest = match unit.origin {
            // The database says it.
            Origin::System(_) => return,
            Origin::Python(_) => None,
            Origin::Node(number) => self.setting.units.node.get(number).map(|found| found.node),
        };
        let tree = self.setting.view.tree;
        for &node in &unit.files {
            let name = tree.name(node).to_ascii_uppercase();
            let begins = |starts: &[&[u8]]| starts.iter().any(|start| name.starts_with(start));
            let says = match unit.origin {
                Origin::Python(_) => name == b"METADATA" || name == b"PKG-INFO",
                _ => manifest == Some(node),
            };
            if says || begins(&[b"LICEN", b"COPYING", b"NOTICE"]) {
                self.reach(node, Level::Kept, part.clone());
            }
        }
    }

    fn depend(&mut self, id: UnitId) {
        let units = self.setting.units;
        let Some(package) = units.system_package(id) else {
            return;
        };
        for dependency in &package.depends {
            let known = |id: &UnitId| self.units.get(*id as usize).is_some_and(Option::is_some);
            if dependency.kind == DependencyKind::Scripts
                || !self
                    .setting
                    .installer
                    .needs(&package.name, &dependency.name)
                || dependency.satisfied_by.iter().any(known)
            {
                continue;
            }
            // System packages are the first units, in their own order.
            if let Some(&first) = dependency.satisfied_by.first() {
                let reason = Reason::named(By::Unit(id), Kind::Depends, &dependency.name);
                self.reach_unit(first, reason);
            }
        }
    }
}

/// Whether a file of a language's package is a shared object.
fn is_native(name: &[u8]) -> bool {
    name.ends_with(b".so")
        || name.ends_with(b".node")
        || memchr::memmem::find(name, b".so.").is_some()
}

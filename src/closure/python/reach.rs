//! What an application can reach.

use std::collections::BTreeMap;

use super::installed::{DistributionId, Installed, Problem};
use super::reason::Reason;
use super::scan::Dynamic;
use super::walk::Walk;
use crate::closure::files::{Files, NodeId};

/// Where the application starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// A Python source that belongs to no distribution.
    Source(NodeId),
    /// A file that is run: a console script of a distribution, or a source of no distribution.
    Script(NodeId),
    /// A module that is run (`python -m`).
    Module(String),
    /// A word of the command, or an assignment of the environment: `gunicorn`, `app:app`,
    /// `DJANGO_SETTINGS_MODULE=proj.settings`, `DATABASE_URL=postgresql+psycopg2://...`.
    Word(String),
}

/// A place that loads what its text does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The source.
    pub node: NodeId,
    /// The distribution that the source is of; `None` for the application's own.
    pub distribution: Option<DistributionId>,
    /// What is loaded there, as far as it can be known.
    pub dynamic: Dynamic,
}

/// All that is reached.
#[derive(Debug, Default)]
pub struct Reached {
    /// The distributions, each with the first reason found.
    pub distributions: BTreeMap<DistributionId, Reason>,
    /// The standard library's top-level modules that are imported, also by other modules of the
    /// standard library.
    pub stdlib: BTreeMap<String, Reason>,
    /// The places of reached sources that import modules by computed names, or load shared
    /// libraries. Distributions reached only through the former are not found.
    pub dynamic: Vec<Place>,
    /// Sources that could not be read; what they import is not known.
    pub problems: Vec<Problem>,
}

/// Finds all distributions that can be reached from `roots`.
///
/// From a root, all its imports are followed, and its strings that name an installed module or
/// are a URL with a known driver. From a distribution: the imports of all its sources but tests
/// (tests only where a module that is no test imports them), its requirements whose markers hold,
/// and the distributions that offer entry points in a group that is named after it or stands as a
/// string in a reached source. `import` lines of `.pth` files count as roots.
pub fn reach(files: &dyn Files, installed: &Installed, roots: &[Root]) -> Reached {
    let mut walk = Walk::new(files, installed);
    for (at, root) in roots.iter().enumerate() {
        walk.root(at, root);
    }
    walk.run();
    // Last, so that what only a `.pth` file reaches is known by its reason.
    walk.path_files();
    walk.run();
    walk.finish()
}

//! The distributions that are installed in an image.

use hashbrown::{HashMap, HashSet};

use super::describe::{Described, Dirs, Source, normal};
use super::guess::guess;
use super::index::Index;
use super::marker::{Requirement, normalise};
use super::metadata::{self, EntryPoint};
use super::sites::{Site, is_site_name};
use crate::closure::files::{Files, Kind, NodeId, join, read_all, read_head, split};

/// The place of a distribution in [`Installed::distributions`].
pub type DistributionId = u32;

/// What is known about the Pythons of the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The version, for sites whose path does not have it.
    pub version: Option<(u32, u32)>,
    /// `sys.implementation.name`.
    pub implementation: Option<String>,
    /// `platform.machine()`, such as `x86_64`.
    pub machine: Option<String>,
    /// If not empty, only sites below these directories are looked at: the prefixes of the
    /// Pythons and virtual environments that the application runs with.
    pub prefixes: Vec<Vec<u8>>,
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            version: None,
            implementation: Some("cpython".to_owned()),
            machine: None,
            prefixes: Vec::new(),
        }
    }
}

/// One installed distribution.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// The normalised name ([`normalise`]).
    pub name: String,
    /// The version as its description has it; empty if it has none.
    pub version: String,
    /// The place of its site in [`Installed::sites`].
    pub site: usize,
    /// Its `.dist-info` or `.egg-info`, perhaps a file.
    pub info: NodeId,
    /// Its files, links not followed, with cached bytecode that no list has.
    pub files: Vec<NodeId>,
    /// Whether `files` come from the distribution's own list; otherwise they are what lies under
    /// its top-level modules, and another distribution may own some of them too.
    pub owned_by_record: bool,
    /// Whether its modules lie elsewhere, in a source tree (`pip install -e`).
    pub editable: bool,
    /// Whether it was installed from a local directory, an archive or a repository.
    pub local: bool,
    /// Its modules and packages, the outermost of each only; those in a namespace package with
    /// the namespace before: `google.cloud.storage`.
    pub provides: Vec<String>,
    /// Its requirements, whatever their markers.
    pub requires: Vec<Requirement>,
    /// Its entry points.
    pub entry_points: Vec<EntryPoint>,
    /// Its directories of bundled shared libraries (`numpy.libs`).
    pub libs: Vec<NodeId>,
    pub(super) sources: Vec<Source>,
}

/// Something of the image that is not as it should be; what it describes is kept or ignored as
/// the text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file or directory.
    pub node: NodeId,
    /// What is wrong.
    pub text: String,
}

/// All that is installed.
#[derive(Debug, Default)]
pub struct Installed {
    /// The distributions, by site and name.
    pub distributions: Vec<Distribution>,
    /// The directories that they are installed in.
    pub sites: Vec<Site>,
    /// What could not be understood.
    pub problems: Vec<Problem>,
    pub(super) index: Index,
    pub(super) environment: Environment,
    owners: HashMap<NodeId, DistributionId>,
    names: HashMap<String, Vec<DistributionId>>,
}

const MAX_LIST: u64 = 64 << 20;
const MAX_METADATA: usize = 1 << 20;

fn is_info(name: &[u8]) -> bool {
    name.ends_with(b".dist-info") || name.ends_with(b".egg-info")
}

impl Installed {
    /// Finds all distributions. `candidates` are the nodes whose names end with `.dist-info`,
    /// `.egg-info`, `.egg-link` or `.pth`, or start with `__editable__`; others do no harm.
    pub fn find(files: &dyn Files, candidates: &[NodeId], environment: &Environment) -> Self {
        let mut installed = Self {
            environment: environment.clone(),
            ..Self::default()
        };
        let sites = site_dirs(files, candidates, environment);
        let mut dirs = Dirs::new(files);
        for (path, node) in sites {
            let site = installed.sites.len();
            installed.sites.push(Site::read(files, node));
            let children = files.children(node);
            let tops = top_entries(&children);
            for (name, info) in &children {
                if is_info(name) {
                    installed.add(&mut dirs, &path, site, name, *info, &tops);
                }
            }
        }
        installed
    }

    /// The distribution that owns a file; the first if several do.
    pub fn owner(&self, node: NodeId) -> Option<DistributionId> {
        self.owners.get(&node).copied()
    }

    /// The distributions that provide a module, by its exact dotted name.
    pub fn providers(&self, module: &str) -> Vec<DistributionId> {
        self.index
            .module(module)
            .iter()
            .map(|(id, _)| *id)
            .collect()
    }

    /// The distributions of this normalised name, one for each site that has it.
    pub fn named(&self, name: &str) -> &[DistributionId] {
        self.names.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn distribution(&self, id: DistributionId) -> Option<&Distribution> {
        self.distributions.get(usize::try_from(id).ok()?)
    }

    fn problem(&mut self, node: NodeId, text: &str) {
        let text = text.to_owned();
        self.problems.push(Problem { node, text });
    }

    fn add(
        &mut self,
        dirs: &mut Dirs<'_>,
        site_path: &[u8],
        site: usize,
        name: &[u8],
        info: NodeId,
        tops: &[(String, NodeId)],
    ) {
        let files = dirs.files;
        let Ok(id) = u32::try_from(self.distributions.len()) else {
            return;
        };
        let own = match files.kind(info) {
            Kind::Symlink => files.resolve(&files.path(info)).map(|found| found.node),
            _ => Some(info),
        };
        let Some(own) = own else {
            return self.problem(info, "leads nowhere; ignored");
        };
        let inside: HashMap<Vec<u8>, NodeId> = files.children(own).into_iter().collect();
        let read = |name: &str| {
            let node = inside.get(name.as_bytes())?;
            read_all(files, *node, MAX_LIST)
        };
        let description = match files.kind(own) {
            // An egg of `distutils` is the description itself.
            Kind::File => read_head(files, own, MAX_METADATA),
            _ => ["METADATA", "PKG-INFO"].iter().find_map(|name| {
                let node = inside.get(name.as_bytes())?;
                read_head(files, *node, MAX_METADATA)
            }),
        };
        if description.is_none() {
            self.problem(
                info,
                "has no readable METADATA or PKG-INFO; its name gives the rest",
            );
        }
        let described = metadata::metadata(&description.unwrap_or_default());
        let stem = String::from_utf8_lossy(name);
        let stem = stem
            .trim_end_matches(".dist-info")
            .trim_end_matches(".egg-info");
        let mut stem = stem.split('-');
        let (first, second) = (stem.next().unwrap_or_default(), stem.next());
        let dist_name = normalise(described.name.as_deref().unwrap_or(first));
        let mut requires = described.requires;
        requires.extend(
            read("requires.txt")
                .map(|b| metadata::requires(&b))
                .unwrap_or_default(),
        );
        let entry_points = read("entry_points.txt").map(|b| metadata::entry_points(&b));
        let direct = read("direct_url.json");
        let says_editable = |bytes: &Vec<u8>| {
            let value: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
            value.is_some_and(|value| value.pointer("/dir_info/editable") == Some(&true.into()))
        };
        let development = !is_site_name(split(site_path).1) && beside_sources(files, site_path);
        let editable = development || direct.as_ref().is_some_and(says_editable);

        let listed = match (read("RECORD"), read("installed-files.txt")) {
            (Some(record), _) => Some(metadata::record(&record)),
            (None, Some(list)) => {
                let base = [name, b"/"].concat();
                let lines = metadata::lines(&list).into_iter();
                // Relative to the egg; `normal` takes out the `..`.
                Some(
                    lines
                        .map(|line| [base.as_slice(), line.as_bytes()].concat())
                        .collect(),
                )
            }
            (None, None) => None,
        };
        let mut found = match &listed {
            _ if development => Described::default(),
            Some(paths) => Described::from_record(dirs, site_path, paths),
            None => {
                let names: Vec<String> = tops.iter().map(|(name, _)| name.clone()).collect();
                let said = read("top_level.txt").map(|bytes| metadata::lines(&bytes));
                let mut modules = said.unwrap_or_default();
                modules.retain(|module| names.contains(module));
                if modules.is_empty() {
                    modules = guess(&dist_name, &names);
                }
                if modules.is_empty() {
                    self.problem(
                        info,
                        "does not say what it provides; only its name is known",
                    );
                }
                let mut nodes: Vec<NodeId> = tops
                    .iter()
                    .filter(|(name, _)| modules.contains(name))
                    .map(|(_, node)| *node)
                    .collect();
                nodes.push(info);
                Described::from_tops(dirs, site_path, &nodes)
            }
        };
        found.files.sort_unstable();
        for node in &found.files {
            self.owners.entry(*node).or_insert(id);
        }
        self.index.add(id, &found);
        let mut provides = outermost(&found);
        if editable {
            let said = read("top_level.txt").map(|bytes| metadata::lines(&bytes));
            provides.extend(said.unwrap_or_default());
        }
        self.names
            .entry_ref(dist_name.as_str())
            .or_default()
            .push(id);
        self.distributions.push(Distribution {
            name: dist_name,
            version: described
                .version
                .or_else(|| second.map(str::to_owned))
                .unwrap_or_default(),
            site,
            info,
            files: found.files,
            owned_by_record: listed.is_some(),
            editable,
            local: editable || direct.is_some(),
            provides,
            requires,
            entry_points: entry_points.unwrap_or_default(),
            libs: found.libs,
            sources: found.sources,
        });
    }
}

/// The modules that are in no other package of the distribution.
fn outermost(found: &Described) -> Vec<String> {
    let packages = found.modules.iter().filter(|module| module.package);
    let packages: HashSet<&str> = packages.map(|module| module.name.as_str()).collect();
    let inside = |name: &str| {
        name.match_indices('.')
            .filter_map(|(at, _)| name.get(..at))
            .any(|above| packages.contains(above))
    };
    let names = found.modules.iter().map(|module| module.name.as_str());
    let mut names: Vec<String> = names
        .filter(|name| !inside(name))
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether the directory is a source tree, so that an egg in it describes what is developed there.
fn beside_sources(files: &dyn Files, dir: &[u8]) -> bool {
    let names: [&[u8]; 5] = [
        b"setup.py",
        b"setup.cfg",
        b"pyproject.toml",
        b"../setup.py",
        b"../pyproject.toml",
    ];
    names
        .iter()
        .any(|name| files.resolve(&normal(dir, name)).is_some())
}

/// The names of modules and packages in a site, and their nodes.
fn top_entries(children: &[(Vec<u8>, NodeId)]) -> Vec<(String, NodeId)> {
    let stem = |(name, node): &(Vec<u8>, NodeId)| {
        let name = std::str::from_utf8(name).ok()?;
        let is_module = name.ends_with(".py") || name.ends_with(".so");
        let stem = match name.split_once('.') {
            Some((stem, _)) if is_module => stem,
            Some(_) => return None,
            None => name,
        };
        Some((stem.to_owned(), *node))
    };
    children.iter().filter_map(stem).collect()
}

/// The sites of the candidates, by path. A directory with descriptions that is itself inside a
/// site is none: it holds copies that a distribution brings along (`setuptools/_vendor`).
fn site_dirs(
    files: &dyn Files,
    candidates: &[NodeId],
    environment: &Environment,
) -> Vec<(Vec<u8>, NodeId)> {
    let mut dirs: Vec<Vec<u8>> = Vec::new();
    for node in candidates {
        let path = files.path(*node);
        let (dir, name) = split(&path);
        let marks = is_info(name)
            || name.ends_with(b".egg-link")
            || (name.ends_with(b".pth") && is_site_name(split(dir).1))
            || name.starts_with(b"__editable__");
        if marks {
            dirs.push(dir.to_vec());
        }
    }
    dirs.sort_unstable();
    dirs.dedup();
    let below = |path: &[u8], dir: &[u8]| {
        let rest = path.strip_prefix(dir);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    let mut sites: Vec<(Vec<u8>, NodeId)> = Vec::new();
    let mut accepted: HashSet<Vec<u8>> = HashSet::new();
    for dir in dirs {
        let wanted = &environment.prefixes;
        if !wanted.is_empty() && !wanted.iter().any(|prefix| below(&dir, prefix)) {
            continue;
        }
        if !is_site_name(split(&dir).1) {
            let mut above = split(&dir).0;
            let nested = loop {
                if accepted.contains(above) {
                    break true;
                }
                if above == b"/" {
                    break false;
                }
                above = split(above).0;
            };
            // A source tree's own egg does not make the tree below it one.
            if nested && !beside_sources(files, &dir) {
                continue;
            }
        }
        if let Some(found) = files.resolve(&join(b"/", &dir)) {
            // What lies below a source tree may be a site of its own.
            if is_site_name(split(&dir).1) || !beside_sources(files, &dir) {
                accepted.insert(dir.clone());
            }
            sites.push((dir, found.node));
        }
    }
    sites
}

//! The walk behind [`super::reach`].

mod imports;

use std::collections::{BTreeSet, VecDeque};

use hashbrown::{HashMap, HashSet};

use super::callee::is_dotted;
use super::installed::{DistributionId, Environment, Installed};
use super::marker::normalise;
use super::reach::{Reached, Root};
use super::reason::{By, Reason, What};
use super::words::{drivers, parts};
use crate::closure::files::{Files, NodeId, join, split};

/// Larger sources are not read; the largest known generated ones have 10 MB.
const MAX_SOURCE: u64 = 64 << 20;

enum Task {
    Source(Source),
    Distribution(DistributionId),
    Requires(DistributionId),
    /// A top-level module of the standard library.
    Library(String),
}

#[derive(Clone)]
struct Source {
    node: NodeId,
    package: String,
    distribution: Option<DistributionId>,
    /// Whether its strings may name modules.
    application: bool,
}

/// Where an import stands.
struct From<'a> {
    by: By,
    package: &'a str,
    /// The environment that the importing source sees; `None` for all.
    environment: Option<&'a [u8]>,
    library: bool,
}

pub(super) struct Walk<'a> {
    files: &'a dyn Files,
    installed: &'a Installed,
    /// The environment of each site.
    environments: Vec<Environment>,
    /// Who offers entry points for a name or top-level module, and in which group.
    plugins: HashMap<String, Vec<(&'a str, DistributionId)>>,
    groups: HashMap<&'a str, Vec<DistributionId>>,
    extras: HashMap<DistributionId, BTreeSet<String>>,
    scanned: HashSet<NodeId>,
    todo: VecDeque<Task>,
    reached: Reached,
}

fn is_script_group(group: &str) -> bool {
    matches!(group, "console_scripts" | "gui_scripts" | "")
}

/// The names that a group may be called after: of `oslo.messaging_drivers` also `oslo-messaging`.
fn group_keys(group: &str) -> Vec<String> {
    let whole = normalise(group);
    let mut keys: Vec<String> = whole
        .match_indices('-')
        .filter_map(|(at, _)| whole.get(..at))
        .map(str::to_owned)
        .collect();
    let bare = whole.trim_end_matches(|c: char| c.is_ascii_digit());
    keys.push(bare.to_owned());
    if bare != whole {
        keys.push(whole.clone());
    }
    // `distutils.commands` and `egg_info.writers` are read by setuptools.
    if keys
        .iter()
        .any(|key| matches!(key.as_str(), "distutils" | "egg-info"))
    {
        keys.push("setuptools".to_owned());
    }
    keys
}

impl<'a> Walk<'a> {
    pub fn new(files: &'a dyn Files, installed: &'a Installed) -> Self {
        let mut plugins: HashMap<String, Vec<(&str, DistributionId)>> = HashMap::new();
        let mut groups: HashMap<&str, Vec<DistributionId>> = HashMap::new();
        for (id, distribution) in (0..).zip(&installed.distributions) {
            let offered: BTreeSet<&str> = distribution
                .entry_points
                .iter()
                .map(|point| point.group.as_str())
                .filter(|group| !is_script_group(group))
                .collect();
            for group in offered {
                groups.entry(group).or_default().push(id);
                for key in group_keys(group) {
                    plugins.entry(key).or_default().push((group, id));
                }
            }
        }
        let environment = |version: Option<(u32, u32)>| Environment {
            version: version.or(installed.environment.version),
            ..installed.environment.clone()
        };
        Self {
            files,
            installed,
            environments: installed
                .sites
                .iter()
                .map(|site| environment(site.version))
                .collect(),
            plugins,
            groups,
            extras: HashMap::new(),
            scanned: HashSet::new(),
            todo: VecDeque::new(),
            reached: Reached::default(),
        }
    }

    pub fn finish(mut self) -> Reached {
        self.reached
            .dynamic
            .sort_by_key(|place| (place.node, place.dynamic.line));
        self.reached
    }

    pub fn root(&mut self, at: usize, root: &Root) {
        let by = By::Root(at);
        match root {
            Root::Source(node) => self.application(*node),
            Root::Script(node) => {
                if let Some(id) = self.installed.owner(*node) {
                    self.reach(id, by, None, What::Script);
                }
                self.application(*node);
            }
            Root::Module(name) => self.names(name, by, None, &What::Word(name.clone())),
            Root::Word(word) => {
                for part in parts(word) {
                    self.word(part, by);
                }
            }
        }
    }

    fn application(&mut self, node: NodeId) {
        self.todo.push_back(Task::Source(Source {
            node,
            package: String::new(),
            distribution: None,
            application: true,
        }));
    }

    fn word(&mut self, word: &str, by: By) {
        let name = word.rsplit('/').next().unwrap_or(word);
        let what = What::Word(word.to_owned());
        let mut owners = Vec::new();
        for (id, distribution) in (0..).zip(&self.installed.distributions) {
            let is_script = |point: &super::EntryPoint| {
                matches!(point.group.as_str(), "console_scripts" | "gui_scripts")
                    && point.name == name
            };
            if distribution.entry_points.iter().any(is_script) {
                owners.push(id);
            }
        }
        let mut paths = Vec::new();
        if word.starts_with('/') {
            paths.push(word.as_bytes().to_vec());
        } else if !name.is_empty() {
            // Scripts that are no entry points: `bin` lies three above the site.
            for site in &self.installed.sites {
                let prefix = split(split(split(&site.path).0).0).0;
                paths.push(join(&join(prefix, b"bin"), name.as_bytes()));
            }
        }
        for path in paths {
            if let Some(found) = self.files.resolve(&path)
                && let Some(id) = self.installed.owner(found.node)
            {
                owners.push(id);
                self.application(found.node);
            }
        }
        for id in owners {
            self.reach(id, by, None, what.clone());
        }
        self.names(word, by, None, &what);
    }

    /// Reaches what a string names: a module, perhaps with an attribute, or a URL's driver.
    fn names(&mut self, text: &str, by: By, line: Option<u32>, what: &What) {
        let from = From {
            by,
            package: "",
            environment: None,
            library: false,
        };
        for driver in drivers(text) {
            self.module(
                driver,
                &from,
                line,
                What::Url(text.chars().take(40).collect()),
            );
        }
        let module = text.split(':').next().unwrap_or_default();
        if is_dotted(module) {
            self.module(module, &from, line, what.clone());
        }
    }

    pub fn path_files(&mut self) {
        let installed = self.installed;
        for site in &installed.sites {
            for pth in &site.pth {
                let from = From {
                    by: By::File(pth.node),
                    package: "",
                    environment: site.environment.as_deref(),
                    library: false,
                };
                for import in &pth.imports {
                    self.import(import, &from, Some(What::Pth(import.module.clone())));
                }
            }
        }
    }

    pub fn run(&mut self) {
        while let Some(task) = self.todo.pop_front() {
            match task {
                Task::Source(source) => self.source(&source),
                Task::Distribution(id) => self.enter(id),
                Task::Requires(id) => self.requires(id),
                Task::Library(name) => self.library(&name),
            }
        }
    }

    fn reach(&mut self, id: DistributionId, by: By, line: Option<u32>, what: What) {
        let entry = self.reached.distributions.entry(id);
        if let std::collections::btree_map::Entry::Vacant(entry) = entry {
            entry.insert(Reason { by, line, what });
            self.todo.push_back(Task::Distribution(id));
        }
    }

    fn enter(&mut self, id: DistributionId) {
        let installed = self.installed;
        let Some(distribution) = installed.distribution(id) else {
            return;
        };
        let what = self
            .reached
            .distributions
            .get(&id)
            .map(|reason| &reason.what);
        let application = distribution.local || matches!(what, Some(What::Script | What::Word(_)));
        let at_start = matches!(what, Some(What::Pth(_)));
        for source in distribution.sources.iter().filter(|source| !source.test) {
            self.todo.push_back(Task::Source(Source {
                node: source.node,
                package: source.package.clone(),
                distribution: Some(id),
                application,
            }));
        }
        self.todo.push_back(Task::Requires(id));
        if at_start {
            // A hook of setuptools runs, but nothing is built: its plugins stay out.
            return;
        }
        let mut keys: BTreeSet<String> = BTreeSet::from([distribution.name.clone()]);
        for module in &distribution.provides {
            keys.insert(normalise(module));
            keys.extend(module.split('.').next().map(normalise));
        }
        let environment = self.environment_of(id);
        for key in keys {
            for (group, plugin) in self.plugins.get(&key).cloned().unwrap_or_default() {
                if self.visible(plugin, environment) {
                    let what = What::EntryPoint(group.to_owned());
                    self.reach(plugin, By::Distribution(id), None, what);
                }
            }
        }
    }

    fn environment_of(&self, id: DistributionId) -> Option<&'a [u8]> {
        let site = self.installed.distribution(id)?.site;
        self.installed.sites.get(site)?.environment.as_deref()
    }

    fn visible(&self, id: DistributionId, environment: Option<&[u8]>) -> bool {
        match (environment, self.environment_of(id)) {
            (Some(from), Some(to)) => from == to,
            _ => true,
        }
    }

    fn requires(&mut self, id: DistributionId) {
        let installed = self.installed;
        let Some(distribution) = installed.distribution(id) else {
            return;
        };
        let Some(environment) = self.environments.get(distribution.site) else {
            return;
        };
        let extras: Vec<String> = self
            .extras
            .get(&id)
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        let wanted = distribution.requires.iter();
        let wanted: Vec<_> = wanted
            .filter(|wanted| wanted.holds(environment, &extras))
            .collect();
        for requirement in wanted {
            for other in installed.named(&requirement.name) {
                if !self.visible(*other, self.environment_of(id)) {
                    continue;
                }
                self.reach(*other, By::Distribution(id), None, What::Requires);
                let known = self.extras.entry(*other).or_default();
                let before = known.len();
                known.extend(requirement.extras.iter().cloned());
                if known.len() > before {
                    self.todo.push_back(Task::Requires(*other));
                }
            }
        }
    }
}

//! What is kept and what goes, path by path.

mod directories;

use super::error::SlimError;
use super::inert::Inert;
use super::options::{Options, Tier};
use super::preserve::PathList;
use super::reason::{By, Gone, Kind, Reason, UnitId};
use super::roots::Launch;
use super::start::Starts;
use super::units::Units;
use super::view::View;
use super::walk::{Installer, Level, Note, Reached, Setting, Walk};
use crate::closure::elf::LoaderConfig;
use crate::closure::plugins::Plugins;
use crate::closure::script::{Environment, shebang};
use crate::closure::{self, Files, NodeId, python};
use crate::oci::ImageConfig;
use crate::ruleset::CacheRules;
use crate::tree::{Step, Tree};

/// What becomes of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It stays.
    Kept(Reason),
    /// It goes.
    Gone(Gone),
}

/// The rules that decisions are made by.
pub struct Rules {
    pub(super) caches: CacheRules,
    pub(super) plugins: Plugins,
    pub(super) installer: Installer,
}

impl Rules {
    /// The rules that rslim ships.
    ///
    /// # Errors
    /// [`SlimError::Rules`] if a shipped file is broken, which tests rule out.
    pub fn builtin() -> Result<Self, SlimError> {
        Ok(Rules {
            caches: CacheRules::builtin()?,
            plugins: Plugins::builtin()?,
            installer: Installer::builtin()?,
        })
    }
}

/// An image as decisions see it.
pub struct Subject<'a> {
    /// Its files.
    pub view: View<'a>,
    /// What it runs.
    pub launch: Launch,
    /// Its packages.
    pub units: Units,
    architecture: String,
}

impl<'a> Subject<'a> {
    /// Finds out what the image is made of. All contents must be at hand.
    pub fn new(tree: &'a Tree, config: &ImageConfig) -> Self {
        let view = View { tree };
        let machine = match config.architecture.as_str() {
            "amd64" => Some("x86_64"),
            "arm64" => Some("aarch64"),
            "386" => Some("i686"),
            _ => None,
        };
        let python = python::Environment {
            machine: machine.map(str::to_owned),
            ..python::Environment::default()
        };
        let launch = Launch::of(&config.config);
        Subject {
            view,
            units: Units::find(view, &python),
            launch,
            architecture: config.architecture.clone(),
        }
    }
}

impl Subject<'_> {
    /// The surroundings of what is run.
    pub(super) fn environment(&self) -> &Environment {
        &self.launch.environment
    }

    /// How loaders of the image search.
    pub(super) fn loader(&self) -> LoaderConfig {
        let library_path = self.launch.variable("LD_LIBRARY_PATH");
        let preload = self.launch.variable("LD_PRELOAD").unwrap_or_default();
        LoaderConfig::read(&self.view, library_path.map(str::as_bytes))
            .with_preload(preload.as_bytes())
            .with_cwd(&self.launch.environment.directory)
    }
}

/// All decisions about an image.
pub struct Decisions {
    /// For each path of the tree; `None` for those that were gone before.
    pub verdicts: Vec<Option<Verdict>>,
    /// Packages that stay, each with why.
    pub units: Vec<Option<Reason>>,
    /// Files with other contents: package databases.
    pub changed: Vec<(NodeId, Vec<u8>)>,
    /// What is not known for certain.
    pub notes: Vec<Note>,
    /// What is odd.
    pub warnings: Vec<String>,
}

impl Decisions {
    /// Whether a path stays since runs used it.
    pub fn keeps_as_used(&self, node: NodeId) -> bool {
        match self.verdicts.get(node as usize) {
            Some(Some(Verdict::Kept(reason))) => reason.is_use(),
            _ => false,
        }
    }

    /// Whether a path stays.
    pub fn keeps(&self, node: NodeId) -> bool {
        matches!(
            self.verdicts.get(node as usize),
            Some(Some(Verdict::Kept(_)))
        )
    }
}

/// Decides about every path.
///
/// # Errors
/// [`SlimError`] where the image does not say what it runs, or a pattern is
/// none.
pub fn decide(
    subject: &Subject<'_>,
    rules: &Rules,
    options: &Options,
) -> Result<Decisions, SlimError> {
    decide_without(subject, rules, options, None)
}

/// The same as if one step, from what a reason starts from to a path, were not
/// there: what is then different hangs on it.
///
/// # Errors
/// As [`decide`].
pub fn decide_without(
    subject: &Subject<'_>,
    rules: &Rules,
    options: &Options,
    without: Option<(By, NodeId)>,
) -> Result<Decisions, SlimError> {
    if options.tier == Tier::Used && options.evidence.is_empty() {
        return Err(SlimError::NoEvidence);
    }
    let mut preserve = PathList::new(options.preserve.clone())?;
    let mut exclude = PathList::new(options.exclude.clone())?;
    let excluded: Vec<bool> = {
        let decided = exclude.over(subject.view.tree);
        let is = |at: &Option<usize>| at.is_some_and(|at| exclude.named(at).is_some());
        decided.iter().map(is).collect()
    };
    let bounds = Bounds {
        preserve: &mut preserve,
        excluded: &excluded,
        without,
    };
    let reached = reach(subject, rules, options, bounds)?;
    let mut decider = Decider {
        subject,
        options,
        reached: &reached,
        verdicts: vec![None; subject.view.tree.path_count()],
    };
    let inert = {
        let stays = |node: NodeId| decider.stays(node);
        Inert::new(subject.view, &rules.caches, &subject.launch, &stays)
    };
    decider.files(&inert, &excluded);
    decider.scripts();
    let changed = decider.databases()?;
    decider.links();
    decider.directories(&inert);
    let mut warnings = unmatched(&preserve, options)?;
    warnings.extend(unmatched(&exclude, options)?);
    warnings.extend(subject.units.system.problems.iter().cloned());
    let verdicts = decider.verdicts;
    Ok(Decisions {
        verdicts,
        changed,
        units: match options.tier {
            Tier::Safe => {
                let kept = Reason::new(By::Itself, Kind::NotInert);
                vec![Some(kept); subject.units.units.len()]
            }
            _ => reached.units,
        },
        notes: reached.notes,
        warnings,
    })
}

/// What bounds the walk.
struct Bounds<'a> {
    preserve: &'a mut PathList,
    /// By node.
    excluded: &'a [bool],
    without: Option<(By, NodeId)>,
}

fn reach(
    subject: &Subject<'_>,
    rules: &Rules,
    options: &Options,
    bounds: Bounds<'_>,
) -> Result<Reached, SlimError> {
    let setting = Setting {
        view: subject.view,
        units: &subject.units,
        launch: &subject.launch,
        environment: subject.environment(),
        architecture: &subject.architecture,
        options,
        installer: &rules.installer,
        plugins: &rules.plugins,
        excluded: bounds.excluded,
        without: bounds.without,
    };
    let mut named = Starts::new(subject.view, &subject.units);
    named.kept_layers(options.kept_layers);
    named.preserved(bounds.preserve);
    named.used(&options.evidence);
    let mut always = Starts::new(subject.view, &subject.units);
    always.always(&subject.launch);
    let mut unowned = Starts::new(subject.view, &subject.units);
    if options.tier < Tier::Used {
        unowned.unowned(options, &rules.caches);
    }
    let starts = [named.list, always.list, unowned.list];
    Walk::new(&setting, subject.loader()).run(&starts, &unowned.switches)
}

fn unmatched(list: &PathList, options: &Options) -> Result<Vec<String>, SlimError> {
    let mut unused = list.unused();
    if options.strict
        && let Some(given) = unused.next()
    {
        return Err(SlimError::Unmatched {
            place: given.place.clone(),
            pattern: given.text.clone(),
        });
    }
    let text = |given: &super::preserve::Given| {
        format!(
            "{}: {:?} matches nothing in the image",
            given.place, given.text
        )
    };
    Ok(unused.map(text).collect())
}

struct Decider<'a> {
    subject: &'a Subject<'a>,
    options: &'a Options,
    reached: &'a Reached,
    verdicts: Vec<Option<Verdict>>,
}

impl Decider<'_> {
    fn tree(&self) -> &Tree {
        self.subject.view.tree
    }

    fn level(&self, node: NodeId) -> Level {
        let levels = &self.reached.levels;
        levels.get(node as usize).copied().unwrap_or_default()
    }

    fn reason(&self, node: NodeId) -> Option<&Reason> {
        self.reached.reasons.get(node as usize)?.as_ref()
    }

    fn unit_stays(&self, unit: UnitId) -> bool {
        let careful = self.options.tier == Tier::Safe;
        careful
            || self
                .reached
                .units
                .get(unit as usize)
                .is_some_and(Option::is_some)
    }

    /// Whether a path is kept as far as the walk knows.
    fn stays(&self, node: NodeId) -> bool {
        self.options.tier == Tier::Safe || self.level(node) > Level::None
    }

    fn set(&mut self, node: NodeId, verdict: Verdict) {
        if let Some(known) = self.verdicts.get_mut(node as usize) {
            *known = Some(verdict);
        }
    }

    fn kept(&self, node: NodeId) -> bool {
        let verdict = self.verdicts.get(node as usize);
        matches!(verdict, Some(Some(Verdict::Kept(_))))
    }

    /// Everything but directories.
    fn files(&mut self, inert: &Inert<'_>, excluded: &[bool]) {
        let nodes: Vec<NodeId> = self.tree().paths().collect();
        for node in nodes {
            let path = self.tree().path(node);
            if excluded.get(node as usize) == Some(&true) {
                self.set(node, Verdict::Gone(Gone::Excluded));
            } else if self.subject.view.kind(node) != closure::Kind::Directory {
                let verdict = self.file(node, &path, inert);
                self.set(node, verdict);
            }
        }
    }

    fn file(&self, node: NodeId, path: &[u8], inert: &Inert<'_>) -> Verdict {
        if let Some(reason) = self.reason(node) {
            // What only lies there may be inert; what is asked for is not.
            let idle = matches!(
                reason.kind,
                Kind::PartOf | Kind::Unowned | Kind::NotInert | Kind::Inside
            );
            return match idle.then(|| inert.of(node, path)).flatten() {
                Some(gone) => Verdict::Gone(gone),
                None => Verdict::Kept(reason.clone()),
            };
        }
        if let Some(gone) = inert.of(node, path) {
            return Verdict::Gone(gone);
        }
        if self.options.tier == Tier::Safe {
            return Verdict::Kept(Reason::new(By::Itself, Kind::NotInert));
        }
        let used = self.options.tier == Tier::Used;
        let unneeded = match used {
            true => Gone::Unused,
            false => Gone::Unreached,
        };
        let owners = self.subject.units.owners(node);
        match owners.first() {
            Some(_) if owners.iter().any(|&unit| self.unit_stays(unit)) => Verdict::Gone(unneeded),
            Some(&owner) => Verdict::Gone(Gone::Package(owner)),
            // Decided when all else is.
            None if self.is_link(node) || path.ends_with(b".pyc") && !used => {
                Verdict::Kept(Reason::new(By::Itself, Kind::Unowned))
            }
            None => Verdict::Gone(unneeded),
        }
    }

    fn is_link(&self, node: NodeId) -> bool {
        self.subject.view.kind(node) == closure::Kind::Symlink
    }

    /// Scripts that came with a package and that nothing runs are of no use
    /// without their interpreter.
    fn scripts(&mut self) {
        if self.options.tier == Tier::Safe {
            return;
        }
        let view = self.subject.view;
        for node in view.tree.paths() {
            let carried = self.level(node) == Level::Carried && self.kept(node);
            let used = self.reason(node).is_some_and(Reason::is_use);
            if !carried || used || view.kind(node) != closure::Kind::File {
                continue;
            }
            let Some(found) = shebang(&view, node, self.subject.environment()) else {
                continue;
            };
            // What the fat image has not either is no loss.
            let lost = found.needs.iter().any(|need| !self.kept(need.found.node));
            if lost {
                self.set(node, Verdict::Gone(Gone::NoInterpreter));
            }
        }
    }

    /// Takes packages that are gone out of their databases.
    fn databases(&mut self) -> Result<Vec<(NodeId, Vec<u8>)>, SlimError> {
        let units = &self.subject.units;
        let gone = |package: closure::installed::PackageId| {
            // Packages of the system are the first units.
            !self.unit_stays(package)
        };
        let any = (0..units.system.packages.len() as u32).any(gone);
        if !any {
            return Ok(Vec::new());
        }
        let reduced = units.system.reduce(&self.subject.view, &gone);
        let reduced = reduced.map_err(SlimError::Databases)?;
        for node in reduced.removed {
            let owner = units.record_of(node).unwrap_or_default();
            self.set(node, Verdict::Gone(Gone::Record(owner)));
        }
        let mut changed = reduced.replaced;
        changed.retain(|(node, _)| self.kept(*node));
        changed.sort_by_key(|(node, _)| *node);
        Ok(changed)
    }

    /// Links that nobody asked for go with what they lead to, and compiled
    /// Python with its source.
    fn links(&mut self) {
        let view = self.subject.view;
        let nodes: Vec<NodeId> = view.tree.paths().filter(|&node| self.kept(node)).collect();
        // Twice, since a link may lead to another one's directory.
        for _ in 0..2 {
            for &node in &nodes {
                if !self.kept(node) || self.level(node) == Level::Reached {
                    continue;
                }
                if self.is_link(node) {
                    let led = view.resolve(&view.path(node));
                    let lost = led.is_some_and(|found| {
                        view.kind(found.node) != closure::Kind::Directory && !self.kept(found.node)
                            || found.crossed.iter().any(|&link| !self.kept(link))
                            || view.kind(found.node) == closure::Kind::Directory
                                && self.reason(found.node).is_none()
                                && !self.holds(found.node)
                    });
                    if lost {
                        self.set(node, Verdict::Gone(Gone::DanglingLink));
                    }
                } else if self.is_orphan(node) {
                    self.set(node, Verdict::Gone(Gone::Bytecode));
                }
            }
        }
    }

    /// Whether something that was in a directory stays, or it was empty.
    fn holds(&self, directory: NodeId) -> bool {
        let tree = self.tree();
        let below = tree.walk_from(directory).filter_map(|step| match step {
            Step::Enter(node) => Some(node),
            Step::Leave(_) => None,
        });
        let mut any = false;
        for node in below {
            if self.subject.view.kind(node) != closure::Kind::Directory {
                if self.kept(node) {
                    return true;
                }
                any = true;
            }
        }
        !any
    }

    /// Compiled Python whose source was there and goes.
    fn is_orphan(&self, node: NodeId) -> bool {
        let tree = self.tree();
        let name = tree.name(node);
        if !name.ends_with(b".pyc") {
            return false;
        }
        let stem = name.split(|&b| b == b'.').next().unwrap_or_default();
        let directory = tree.parent(node);
        if tree.name(directory) != b"__pycache__" {
            return false;
        }
        let source = tree.child(tree.parent(directory), &[stem, b".py"].concat());
        source.is_some_and(|source| tree.is_present(source) && !self.kept(source))
    }
}

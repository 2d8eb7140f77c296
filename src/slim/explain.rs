//! Why a path stays or goes, as a chain that anybody can check.

use hashbrown::HashSet;

use super::decide::{Decisions, Rules, Subject, Verdict};
use super::reason::{By, Gone, Kind, Reason, UnitId};
use crate::closure::{Files, NodeId};
use crate::oci::escape_bytes;

/// What there is to say about a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it stays.
    pub kept: bool,
    /// Sentences, from what is run to the path; of a path that goes, why and
    /// what is nearest to it.
    pub steps: Vec<String>,
}

/// Explains what was decided about a path.
pub fn explain(
    subject: &Subject<'_>,
    rules: &Rules,
    decisions: &Decisions,
    node: NodeId,
) -> Explanation {
    let teller = Teller {
        subject,
        rules,
        decisions,
    };
    match decisions.verdicts.get(node as usize) {
        Some(Some(Verdict::Kept(reason))) => Explanation {
            kept: true,
            steps: teller.chain(node, reason),
        },
        Some(Some(Verdict::Gone(gone))) => Explanation {
            kept: false,
            steps: teller.gone(node, *gone),
        },
        _ => Explanation {
            kept: false,
            steps: vec!["it is not in the image".to_owned()],
        },
    }
}

/// The last step of a path's explanation alone.
pub fn last_step(
    subject: &Subject<'_>,
    rules: &Rules,
    decisions: &Decisions,
    node: NodeId,
) -> String {
    let teller = Teller {
        subject,
        rules,
        decisions,
    };
    match decisions.verdicts.get(node as usize) {
        Some(Some(Verdict::Kept(reason))) => teller.step(To::Node(node), reason),
        Some(Some(Verdict::Gone(gone))) => teller.why_gone(*gone),
        _ => String::new(),
    }
}

/// The path or package that a reason starts from.
pub fn origin(subject: &Subject<'_>, reason: &Reason) -> Option<String> {
    match reason.by {
        By::Itself => None,
        By::Node(node) => Some(escape_bytes(&subject.view.path(node))),
        By::Unit(unit) => Some(subject.units.unit(unit)?.label()),
    }
}

struct Teller<'a> {
    subject: &'a Subject<'a>,
    rules: &'a Rules,
    decisions: &'a Decisions,
}

/// What a reason leads to.
#[derive(Clone, Copy)]
enum To {
    Node(NodeId),
    Unit(UnitId),
}

impl Teller<'_> {
    fn path(&self, node: NodeId) -> String {
        escape_bytes(&self.subject.view.path(node))
    }

    fn unit(&self, unit: UnitId) -> String {
        let found = self.subject.units.unit(unit);
        let label = found.map_or_else(|| "a package".to_owned(), super::units::Unit::label);
        format!("package {label}")
    }

    fn name(&self, to: To) -> String {
        match to {
            To::Node(node) => self.path(node),
            To::Unit(unit) => self.unit(unit),
        }
    }

    /// The steps from the first reason to the path.
    fn chain(&self, node: NodeId, reason: &Reason) -> Vec<String> {
        let mut steps = Vec::new();
        let mut seen: HashSet<By> = HashSet::new();
        let (mut to, mut reason) = (To::Node(node), reason.clone());
        loop {
            steps.push(self.step(to, &reason));
            if !seen.insert(reason.by) {
                break;
            }
            let next = match reason.by {
                By::Itself => None,
                By::Node(by) => match self.decisions.verdicts.get(by as usize) {
                    Some(Some(Verdict::Kept(next))) => Some((To::Node(by), next.clone())),
                    _ => None,
                },
                By::Unit(by) => {
                    let next = self.decisions.units.get(by as usize).cloned().flatten();
                    next.map(|next| (To::Unit(by), next))
                }
            };
            match next {
                Some(next) => (to, reason) = next,
                None => break,
            }
        }
        steps.reverse();
        steps
    }

    /// One reason as a sentence.
    fn step(&self, to: To, reason: &Reason) -> String {
        let what = self.name(to);
        let name = reason.name.as_deref().unwrap_or_default();
        let by = match reason.by {
            By::Itself => String::new(),
            By::Node(node) => self.path(node),
            By::Unit(unit) => self.unit(unit),
        };
        let by = match reason.line {
            Some(line) if !by.is_empty() => format!("{by} (line {line})"),
            _ => by,
        };
        match reason.kind {
            Kind::Configured if by.is_empty() => match name {
                "" => format!("the image's configuration leads to {what}"),
                name => format!("the {name} of the image leads to {what}"),
            },
            Kind::Preserved => format!("{what} is kept by {name}"),
            Kind::Always => format!("{what} is always kept"),
            Kind::Needed => format!("{by} needs {name}: {what}"),
            Kind::Loader => format!("{by} is loaded by {what}"),
            Kind::LoaderConfig => format!("the loader of {by} reads {what}"),
            Kind::DlopenNote => format!("{by} says that it opens {name}: {what}"),
            Kind::Soname => format!("{by} has the name {name}: {what}"),
            Kind::PathString => format!("{by} has the path {name}: {what}"),
            Kind::LinkTarget => format!("{by} leads to {what}"),
            Kind::LinkCrossed if by.is_empty() => format!("{what} is a link on the way"),
            Kind::LinkCrossed => format!("{what} is a link on the way that {by} needs"),
            Kind::Interpreter => format!("{by} is run by {what}"),
            Kind::Runs => format!("{by} runs {name}: {what}"),
            Kind::Sources => format!("{by} reads {name} as a part of itself: {what}"),
            Kind::Loads if by.is_empty() => format!("the application loads {what}"),
            Kind::Loads => format!("{by} loads {name}: {what}"),
            Kind::Includes => format!("{by} includes {name}: {what}"),
            Kind::Names => format!("{by} names {name}: {what}"),
            Kind::Plugin => format!("{by} loads by rule {name}: {what}"),
            Kind::Imports | Kind::Configured => format!("{by} asks for {name}: {what}"),
            Kind::Depends if name.is_empty() => format!("{by} depends on {what}"),
            Kind::Depends => format!("{by} depends on {name}: {what}"),
            Kind::BelongsTo => format!("{by} belongs to {what}"),
            Kind::PartOf => format!("{what} is a part of {by}"),
            Kind::Used => format!("a run of the image used {what}: {name}"),
            Kind::Unowned => format!("{what} belongs to no package"),
            Kind::Licence => format!("{what} is the licence of {by}"),
            Kind::Directory if by.is_empty() => format!("{what} is a directory that is kept"),
            Kind::Directory => format!("{what} holds {by}"),
            Kind::Inside => format!("{what} lies in {by}"),
            Kind::NotInert => format!("{what} is not known to be inert, and others stay"),
            Kind::KeptLayer => format!("{what} is in a layer that is not rewritten"),
        }
    }

    fn gone(&self, node: NodeId, gone: Gone) -> Vec<String> {
        let mut steps = vec![self.why_gone(gone)];
        match gone {
            Gone::Package(unit) | Gone::Record(unit) => steps.extend(self.nearest_units(unit)),
            _ => {}
        }
        steps.extend(self.nearest_path(node));
        steps
    }

    fn why_gone(&self, gone: Gone) -> String {
        match gone {
            Gone::Excluded => "it is excluded by a pattern".to_owned(),
            Gone::Inert(number) => {
                let rule = self.rules.caches.rule(usize::from(number));
                format!("it is inert: {} (rule {})", rule.name, rule.id)
            }
            Gone::Bytecode => {
                "it is compiled Python, which is made again from its source".to_owned()
            }
            Gone::Package(unit) => {
                format!("it is a part of {}, which nothing reaches", self.unit(unit))
            }
            Gone::Unreached => "nothing reaches it".to_owned(),
            Gone::Unused => "no run of the image used it".to_owned(),
            Gone::DanglingLink => "it leads to what is gone".to_owned(),
            Gone::NoInterpreter => {
                "it is a script that nothing runs, and its interpreter is gone".to_owned()
            }
            Gone::Record(unit) => format!("it is the record of {}", self.unit(unit)),
            Gone::EmptyDirectory => "it is a directory with nothing left in it".to_owned(),
        }
    }

    /// The packages that would bring a package back.
    fn nearest_units(&self, unit: UnitId) -> Option<String> {
        let units = &self.subject.units;
        let number = match units.unit(unit)?.origin {
            super::units::Origin::System(number) => number,
            _ => return None,
        };
        let asks = |id: &UnitId| {
            let package = units.system_package(*id);
            package.is_some_and(|package| {
                let mut depends = package.depends.iter();
                depends.any(|dependency| dependency.satisfied_by.contains(&number))
            })
        };
        let all = 0..units.units.len() as UnitId;
        let names: Vec<String> = all
            .filter(asks)
            .take(6)
            .filter_map(|id| Some(units.unit(id)?.name.clone()))
            .collect();
        match names.is_empty() {
            true => Some("no package depends on it".to_owned()),
            false => Some(format!("packages that depend on it: {}", names.join(", "))),
        }
    }

    /// Something that stays and lies near.
    fn nearest_path(&self, node: NodeId) -> Option<String> {
        let tree = self.subject.view.tree;
        let mut at = node;
        while at != crate::tree::ROOT {
            at = tree.parent(at);
            let mut kept = tree
                .children(at)
                .filter(|&child| self.decisions.keeps(child));
            if let Some(found) = kept.next() {
                return Some(format!("nearest that stays: {}", self.path(found)));
            }
        }
        None
    }
}

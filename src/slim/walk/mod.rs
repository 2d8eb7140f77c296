//! From what the image runs to all that it reaches.
//!
//! Paths are reached one after another, each with the first reason found, so
//! every chain of reasons ends at something that needs none. A package is
//! reached through any of its paths; its other paths are then *carried*: kept,
//! and their libraries with them, but what else they lead to is not followed,
//! as nothing runs them.

mod command;
mod language;
mod object;
mod package;
mod text;

use std::collections::VecDeque;

use hashbrown::HashSet;

use super::error::SlimError;
use super::options::{Options, Tier};
use super::reason::{By, Kind, Reason, UnitId};
use super::roots::Launch;
use super::units::{MOST_OWNERS, Units};
use super::view::View;
use crate::closure::elf::{LoaderConfig, Objects};
use crate::closure::script::{Environment, perl, ruby};
use crate::closure::{self, Files, Found, NodeId};
use crate::tree::ROOT;

use language::Languages;
pub(super) use package::Installer;

/// What is known of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Level {
    /// Nothing leads to it.
    #[default]
    None,
    /// It is kept.
    Kept,
    /// It is kept with its package, and so are the libraries that it needs.
    Carried,
    /// It may be run or read: what it leads to is reached too.
    Reached,
}

/// Something that the result's user should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The file.
    pub node: NodeId,
    /// The line there, counted from 1.
    pub line: Option<u32>,
    /// What is not known, in words.
    pub text: String,
}

/// What is decided before the walk.
pub(super) struct Setting<'a> {
    pub view: View<'a>,
    pub units: &'a Units,
    pub launch: &'a Launch,
    pub environment: &'a Environment,
    /// GOARCH of the image.
    pub architecture: &'a str,
    pub options: &'a Options,
    pub installer: &'a Installer,
    pub plugins: &'a closure::plugins::Plugins,
    /// By node, whether a pattern of the user's takes it out: nothing is followed from there.
    pub excluded: &'a [bool],
    /// A step that is not taken, to see what depends on it.
    pub without: Option<(By, NodeId)>,
}

/// All that was reached.
pub(super) struct Reached {
    pub levels: Vec<Level>,
    pub reasons: Vec<Option<Reason>>,
    pub units: Vec<Option<Reason>>,
    pub notes: Vec<Note>,
}

pub(super) struct Walk<'a> {
    setting: &'a Setting<'a>,
    objects: Objects<'a, View<'a>>,
    loader: LoaderConfig,
    levels: Vec<Level>,
    reasons: Vec<Option<Reason>>,
    units: Vec<Option<Reason>>,
    queue: VecDeque<NodeId>,
    carry: VecDeque<UnitId>,
    languages: Languages,
    /// Names of the programs in `PATH`.
    programs: HashSet<Vec<u8>>,
    perl: Option<perl::Libraries>,
    ruby: Option<ruby::Libraries>,
    notes: Vec<Note>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(setting: &'a Setting<'a>, loader: LoaderConfig) -> Self {
        let paths = setting.view.tree.path_count();
        Walk {
            setting,
            objects: Objects::new(&setting.view),
            loader,
            levels: vec![Level::None; paths],
            reasons: vec![None; paths],
            units: vec![None; setting.units.units.len()],
            queue: VecDeque::new(),
            carry: VecDeque::new(),
            languages: Languages::default(),
            programs: programs(setting),
            perl: None,
            ruby: None,
            notes: Vec::new(),
        }
    }

    /// Walks from what is run, then from each group of `starts`: what is reached
    /// first has the better reason. Packages are carried last.
    /// Links that switch on a part of a package start last, if the package is
    /// there at all.
    pub(super) fn run(
        mut self,
        starts: &[Vec<Start>],
        switches: &[Start],
    ) -> Result<Reached, SlimError> {
        self.commands()?;
        self.follow();
        for group in starts {
            for start in group {
                self.start(start);
            }
            self.follow();
        }
        loop {
            while let Some(unit) = self.carry.pop_front() {
                self.carry_unit(unit);
                self.follow();
            }
            self.switch_on(switches);
            if self.carry.is_empty() {
                break;
            }
        }
        self.notes.sort();
        self.notes.dedup();
        Ok(Reached {
            levels: self.levels,
            reasons: self.reasons,
            units: self.units,
            notes: self.notes,
        })
    }

    /// `/etc/nginx/modules-enabled/x.conf -> …` counts when nginx is there.
    fn switch_on(&mut self, switches: &[Start]) {
        for switch in switches {
            let tree = self.setting.view.tree;
            let owners = self
                .setting
                .units
                .directory_owners(tree.parent(switch.node));
            let there = |&id: &UnitId| self.units.get(id as usize).is_some_and(Option::is_some);
            if owners.is_empty() || owners.iter().any(there) {
                self.start(switch);
            }
        }
        self.follow();
    }

    /// Follows everything that is reached until there is nothing new.
    fn follow(&mut self) {
        loop {
            while let Some(node) = self.queue.pop_front() {
                self.expand(node);
            }
            if self.only_used() || !self.languages() {
                return;
            }
        }
    }

    fn start(&mut self, start: &Start) {
        if start.application && self.languages.application(self.setting.view, start.node) {
            self.calls(start.node);
        }
        self.reach(start.node, start.level, start.reason.clone());
        // A package of which something was used stays whole.
        let is_file = self.setting.view.kind(start.node) == closure::Kind::File;
        if start.reason.kind == Kind::Used && is_file && self.setting.options.tier != Tier::File {
            self.reach_owners(start.node);
        }
    }

    /// Whether only what was used counts, with the libraries, links and interpreters without
    /// which it is nothing: whatever else it could lead to would have been used, too.
    fn only_used(&self) -> bool {
        self.setting.options.tier == Tier::Used
    }

    fn level(&self, node: NodeId) -> Level {
        self.levels.get(node as usize).copied().unwrap_or_default()
    }

    /// Reaches one path. The first reason stays, so that chains never lead
    /// around in a circle.
    fn reach(&mut self, node: NodeId, level: Level, reason: Reason) {
        if self.setting.excluded.get(node as usize) == Some(&true) {
            return;
        }
        if self.level(node) >= level || self.setting.without == Some((reason.by, node)) {
            return;
        }
        if let Some(known) = self.levels.get_mut(node as usize) {
            *known = level;
        }
        if let Some(known) = self.reasons.get_mut(node as usize) {
            match reason.kind {
                // Better than that it lies somewhere; and it needs nothing else.
                Kind::Used | Kind::Preserved => *known = Some(reason),
                _ => {
                    known.get_or_insert(reason);
                }
            }
        }
        if level >= Level::Carried {
            self.queue.push_back(node);
        }
        if level == Level::Reached {
            self.reach_owners(node);
        }
    }

    /// Reaches where a path leads, and the links that lead there.
    fn reach_found(&mut self, found: &Found, reason: Reason) {
        for &link in &found.crossed {
            self.cross(link, &reason);
        }
        self.reach(found.node, Level::Reached, reason);
    }

    /// A link on the way: what it leads to is known already.
    fn cross(&mut self, link: NodeId, reason: &Reason) {
        if self.level(link) == Level::Reached || self.setting.without == Some((reason.by, link)) {
            return;
        }
        if let Some(known) = self.levels.get_mut(link as usize) {
            *known = Level::Reached;
        }
        if let Some(known) = self.reasons.get_mut(link as usize) {
            known.get_or_insert(Reason {
                kind: Kind::LinkCrossed,
                ..reason.clone()
            });
        }
        // `/lib -> usr/lib` is of no package, whatever lists say.
        if self.setting.view.tree.parent(link) != ROOT {
            self.reach_owners(link);
        }
    }

    fn expand(&mut self, node: NodeId) {
        let level = self.level(node);
        match self.setting.view.kind(node) {
            closure::Kind::Symlink => self.expand_link(node, level),
            closure::Kind::File => self.expand_file(node, level),
            closure::Kind::Directory if level == Level::Reached => self.expand_directory(node),
            _ => {}
        }
    }

    fn expand_link(&mut self, node: NodeId, level: Level) {
        if level != Level::Reached {
            return;
        }
        let view = self.setting.view;
        let Some(mut found) = view.resolve(&view.path(node)) else {
            return;
        };
        // The links in its own directories are not of its making.
        found.crossed.retain(|&link| link != node);
        self.reach_found(&found, Reason::new(By::Node(node), Kind::LinkTarget));
    }

    fn expand_file(&mut self, node: NodeId, level: Level) {
        let view = self.setting.view;
        let head = view.read(node, 0, 4).unwrap_or_default();
        if head.starts_with(b"\x7fELF") {
            self.expand_object(node, level);
        } else if level == Level::Reached {
            self.expand_text(node, &head);
        }
        if level == Level::Reached && !self.only_used() {
            self.expand_plugins(node);
        }
    }

    /// A directory that is named: what packages have there is meant with it.
    /// The large ones that many packages share mean nothing.
    fn expand_directory(&mut self, node: NodeId) {
        let tree = self.setting.view.tree;
        if self.only_used() || is_general(&tree.path(node)) {
            return;
        }
        let owners = self.setting.units.directory_owners(node);
        let few = owners.len() < MOST_OWNERS;
        if few {
            // Extensions come as packages of their own.
            for &owner in owners {
                self.reach_unit(owner, Reason::new(By::Node(node), Kind::BelongsTo));
            }
        }
        if self.setting.options.tier == Tier::File && few {
            let below: Vec<NodeId> = tree
                .walk_from(node)
                .filter_map(|step| match step {
                    crate::tree::Step::Enter(below) if below != node => Some(below),
                    _ => None,
                })
                .collect();
            for below in below {
                self.reach(
                    below,
                    Level::Carried,
                    Reason::new(By::Node(node), Kind::Inside),
                );
            }
        }
    }

    fn note(&mut self, node: NodeId, line: Option<u32>, text: String) {
        const MOST: usize = 10_000;
        if self.notes.len() < MOST {
            self.notes.push(Note { node, line, text });
        }
    }
}

fn programs(setting: &Setting<'_>) -> HashSet<Vec<u8>> {
    let view = setting.view;
    let found = setting
        .launch
        .environment
        .path
        .iter()
        .filter_map(|dir| view.resolve(dir));
    let entries = found.flat_map(|found| view.children(found.node));
    entries.map(|(name, _)| name).collect()
}

/// Directories that hold a bit of everything.
fn is_general(path: &[u8]) -> bool {
    let mut parts: Vec<&[u8]> = path.split(|&b| b == b'/').collect();
    if let [b"usr", b"local", ..] = parts[..] {
        parts.remove(1);
    }
    match parts[..] {
        // `/etc/nginx` is of one program, `/usr/share` of all.
        [_] => true,
        [b"etc", b"systemd"] => true,
        // What many packages drop their parts into: `tmpfiles.d`.
        [b"etc", name] | [b"usr", b"lib", name] if name.ends_with(b".d") => true,
        [b"etc" | b"opt" | b"srv" | b"home" | b"app", _] => false,
        [_, _] => true,
        // Many packages have files of services for systemd and the like.
        [b"usr", b"lib", b"systemd" | b"udev" | b"init" | b"lsb", ..] => true,
        [b"usr", b"lib", name] => {
            name.windows(5).any(|part| part == b"linux") || name.starts_with(b"python")
        }
        [b"usr", b"share", name] => matches!(
            name,
            b"doc"
                | b"man"
                | b"info"
                | b"locale"
                | b"icons"
                | b"bash-completion"
                | b"applications"
                | b"lintian"
                | b"perl5"
                | b"python3"
                | b"polkit-1"
                | b"dbus-1"
        ),
        [b"var", b"lib", b"dpkg" | b"apt"] | [b"etc", b"systemd", ..] => true,
        _ => false,
    }
}

/// A path that the walk starts from.
pub(super) struct Start {
    pub node: NodeId,
    pub level: Level,
    pub reason: Reason,
    /// Whether it is a file of the application, whose imports count whatever
    /// runs it.
    pub application: bool,
}

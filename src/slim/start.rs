//! Where the walk starts: what is kept whatever runs, what the user names, and
//! what belongs to no package.

use super::accounts::passwd_entry;
use super::options::{Options, Tier};
use super::preserve::PathList;
use super::reason::{By, Kind, Reason};
use super::roots::Launch;
use super::units::Units;
use super::view::View;
use super::walk::{Level, Start};
use crate::closure::{Files, NodeId};
use crate::evidence::{Evidence, Use};
use crate::layer::EntryKind;
use crate::oci::escape_bytes;
use crate::ruleset::{CacheClass, CacheRules};

/// Small files that programs look up on their own: names of users and hosts,
/// certificates, time zone, what system this is.
const ALWAYS: [&[u8]; 22] = [
    b"/etc/alpine-release",
    b"/etc/debian_version",
    b"/etc/group",
    b"/etc/gai.conf",
    b"/etc/host.conf",
    b"/etc/hostname",
    b"/etc/hosts",
    b"/etc/localtime",
    b"/etc/lsb-release",
    b"/etc/nsswitch.conf",
    b"/etc/os-release",
    b"/etc/passwd",
    b"/etc/protocols",
    b"/etc/redhat-release",
    b"/etc/resolv.conf",
    b"/etc/services",
    b"/etc/shells",
    b"/etc/system-release",
    b"/etc/ssl/certs/*",
    b"/etc/pki/tls/certs/*",
    b"/etc/timezone",
    b"/usr/lib/os-release",
];

/// Directories that containers mount things at, or where everybody may write.
const MOUNTED: [&[u8]; 8] = [
    b"/dev",
    b"/proc",
    b"/run",
    b"/sys",
    b"/tmp",
    b"/var/tmp",
    b"/var/run",
    b"/var/log",
];

/// Files without owner that list paths of packages, for the tools that manage
/// packages and start services. What they list is not thereby needed.
const LISTS: [&[u8]; 23] = [
    b"etc/alternatives/",
    b"etc/apt/",
    b"etc/cron",
    b"etc/group",
    b"etc/init.d/",
    b"etc/ld.so.cache",
    b"etc/logrotate.d/",
    b"etc/mailcap",
    b"etc/passwd",
    b"etc/rc",
    b"etc/shells",
    b"etc/systemd/",
    b"lib/apk/",
    b"usr/lib/apk/",
    b"usr/lib/sysimage/",
    b"usr/lib/systemd/",
    b"var/cache/",
    b"var/lib/apt/",
    b"var/lib/dpkg/",
    b"var/lib/rpm/",
    b"var/lib/systemd/",
    b"var/lib/ucf/",
    b"var/log/",
];

/// Whether a path (without a slash in front) is in a directory that packages
/// are installed to.
pub(super) fn is_system(path: &[u8]) -> bool {
    let below = |dirs: &[&[u8]]| dirs.iter().any(|dir| path.starts_with(dir));
    let system: [&[u8]; 10] = [
        b"bin/", b"boot/", b"etc/", b"lib/", b"lib32/", b"lib64/", b"libx32/", b"sbin/", b"usr/",
        b"var/",
    ];
    let own: [&[u8]; 3] = [b"usr/local/", b"usr/src/", b"var/www/"];
    below(&system) && !below(&own)
}

/// Whether a file (without a slash in front) lists what it does not need.
pub(super) fn is_list(path: &[u8]) -> bool {
    LISTS.iter().any(|list| path.starts_with(list))
}

/// Whether a file is a leftover of a tool.
fn is_cache(caches: &CacheRules, path: &[u8]) -> bool {
    let rule = caches.rule_of(path);
    rule.is_some_and(|rule| rule.inert && rule.class == CacheClass::Cache)
}

/// Collects what the walk starts from.
pub(super) struct Starts<'a> {
    view: View<'a>,
    units: &'a Units,
    pub(super) list: Vec<Start>,
    /// Links without owner among the settings.
    pub(super) switches: Vec<Start>,
}

impl<'a> Starts<'a> {
    pub(super) fn new(view: View<'a>, units: &'a Units) -> Self {
        Starts {
            view,
            units,
            list: Vec::new(),
            switches: Vec::new(),
        }
    }

    fn push(&mut self, node: NodeId, level: Level, reason: Reason) {
        self.list.push(Start {
            node,
            level,
            reason,
            application: false,
        });
    }

    /// What the user names.
    pub(super) fn preserved(&mut self, preserve: &mut PathList) {
        if preserve.is_empty() {
            return;
        }
        let tree = self.view.tree;
        let decided = preserve.over(tree);
        for node in tree.paths() {
            let at = decided.get(node as usize).copied().flatten();
            if let Some(given) = at.and_then(|at| preserve.named(at)) {
                let name = format!("{} ({})", given.text.trim(), given.place);
                let reason = Reason::named(By::Itself, Kind::Preserved, &name);
                self.push(node, Level::Reached, reason);
            }
        }
    }

    /// What runs of the image used. Paths that the image has not are those of another image, or
    /// were made by the run.
    pub(super) fn used(&mut self, evidence: &Evidence) {
        let tree = self.view.tree;
        for (path, used) in &evidence.paths {
            let node = tree.find(path.strip_prefix(b"/").unwrap_or(path));
            let Some(node) = node.filter(|&node| tree.is_present(node)) else {
                continue;
            };
            let missed = used.how.contains(&Use::Missed).then_some(&Use::Missed);
            let Some(&how) = missed.or(used.how.first()) else {
                continue;
            };
            let is_file = tree.kind(node) == EntryKind::File;
            let is_object = || {
                let head = self.view.read(node, 0, 4);
                is_file && head.is_ok_and(|head| head.starts_with(b"\x7fELF"))
            };
            let level = match how {
                // Nobody saw where a link would have led.
                Use::Missed if tree.kind(node) != EntryKind::Directory => Level::Reached,
                Use::Exec if is_file => Level::Reached,
                // Nothing ran it or read it: it must be there, and what it would lead to need not.
                Use::Looked if is_file => Level::Carried,
                _ if is_object() => Level::Reached,
                // What a text leads to was seen too, or is of no use to who read it.
                _ if is_file => Level::Carried,
                _ => Level::Kept,
            };
            let by = used.by.first().map(|by| escape_bytes(by));
            let name = match (how, by) {
                (how, Some(by)) => format!("{} by {by}", how.name()),
                (how, None) => how.name().to_owned(),
            };
            self.push(node, level, Reason::named(By::Itself, Kind::Used, &name));
        }
    }

    /// What is kept whatever runs.
    pub(super) fn always(&mut self, launch: &Launch) {
        for path in ALWAYS {
            let (dir, all) = match path.strip_suffix(b"/*") {
                Some(dir) => (dir, true),
                None => (path, false),
            };
            let Some(node) = self.view.locate(dir) else {
                continue;
            };
            let name = String::from_utf8_lossy(path);
            let reason = Reason::named(By::Itself, Kind::Always, &name);
            self.push(node, Level::Reached, reason.clone());
            if all && let Some(found) = self.view.resolve(dir) {
                for (_, node) in self.view.children(found.node) {
                    self.push(node, Level::Reached, reason.clone());
                }
            }
        }
        for path in MOUNTED {
            if let Some(node) = self.view.locate(path) {
                let reason = Reason::named(
                    By::Itself,
                    Kind::Always,
                    "directory that is mounted or written to",
                );
                self.push(node, Level::Kept, reason);
            }
        }
        for (what, path) in &launch.directories {
            let reason = Reason::named(By::Itself, Kind::Configured, what);
            self.directory(path, &reason);
        }
        if let Some(home) = home(self.view, &launch.user) {
            let reason = Reason::named(By::Itself, Kind::Configured, "home of the user");
            self.directory(&home, &reason);
        }
    }

    /// A directory that the program finds there, with the links that lead to it.
    fn directory(&mut self, path: &[u8], reason: &Reason) {
        if let Some(found) = self.view.resolve(path) {
            for link in found.crossed {
                self.push(link, Level::Kept, reason.clone());
            }
            self.push(found.node, Level::Kept, reason.clone());
        }
    }

    /// What belongs to no package: the application, most of all.
    pub(super) fn unowned(&mut self, options: &Options, caches: &CacheRules) {
        let tree = self.view.tree;
        for node in tree.paths() {
            if !self.units.owners(node).is_empty() {
                continue;
            }
            let path = tree.path(node);
            let system = is_system(&path);
            let switch = path.starts_with(b"etc/") && tree.kind(node) == EntryKind::Symlink;
            if system && !switch && options.tier >= Tier::File {
                continue;
            }
            let reason = Reason::new(By::Itself, Kind::Unowned);
            let (level, application) = match tree.kind(node) {
                EntryKind::Directory => continue,
                EntryKind::Symlink if path.starts_with(b"etc/") && !is_list(&path) => {
                    self.switches.push(Start {
                        node,
                        level: Level::Reached,
                        reason,
                        application: false,
                    });
                    continue;
                }
                // Other links of the system are kept when what they lead to is.
                EntryKind::Symlink if system => continue,
                // A link to a part of a package counts when somebody uses it.
                EntryKind::Symlink if self.leads_to_package(node) => continue,
                EntryKind::Symlink => (Level::Reached, false),
                EntryKind::File if path.ends_with(b".pyc") || is_cache(caches, &path) => continue,
                EntryKind::File => self.unowned_file(node, &path, system),
                _ => (Level::Kept, false),
            };
            self.list.push(Start {
                node,
                level,
                reason,
                application,
            });
        }
    }

    fn leads_to_package(&self, link: NodeId) -> bool {
        let found = self.view.resolve(&self.view.path(link));
        found.is_some_and(|found| !self.units.owners(found.node).is_empty())
    }

    fn unowned_file(&self, node: NodeId, path: &[u8], system: bool) -> (Level, bool) {
        if is_list(path) {
            return (Level::Kept, false);
        }
        if !system || path.starts_with(b"etc/") {
            return (Level::Reached, !system);
        }
        let head = self.view.read(node, 0, 4).unwrap_or_default();
        match head.starts_with(b"\x7fELF") || head.starts_with(b"#!") {
            true => (Level::Reached, true),
            false => (Level::Kept, false),
        }
    }

    /// What lies in layers that are not rewritten.
    pub(super) fn kept_layers(&mut self, layers: usize) {
        let tree = self.view.tree;
        if layers == 0 {
            return;
        }
        for node in tree.paths() {
            let own = tree.own_entry(node);
            if own.is_some_and(|own| (own.layer as usize) < layers) {
                let reason = Reason::new(By::Itself, Kind::KeptLayer);
                self.push(node, Level::Kept, reason);
            }
        }
    }
}

/// The home directory of `user[:group]` by `/etc/passwd`.
fn home(view: View<'_>, user: &str) -> Option<Vec<u8>> {
    let user = user.split(':').next().unwrap_or_default();
    let user = match user {
        "" => b"0",
        user => user.as_bytes(),
    };
    let fields = passwd_entry(view, user)?;
    fields.get(5).filter(|home| home.len() > 1).cloned()
}

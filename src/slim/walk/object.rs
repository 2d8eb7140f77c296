//! ELF files: their libraries, and the names that stand in them.

use std::ops::Range;

use super::{Level, Walk};
use crate::closure::elf::{Closure, Dlopen, How, When, Why, closure_with, soname_strings};
use crate::closure::{Files, NodeId, absolute_paths, constants, script};
use crate::slim::reason::{By, Kind, Reason};

/// Bytes of one file that are searched for names.
const SEARCHED: u64 = 512 << 20;

impl Walk<'_> {
    pub(super) fn expand_object(&mut self, node: NodeId, level: Level) {
        let view = self.setting.view;
        // The libraries that a run opened are known.
        let level = match self.only_used() {
            true => level.min(Level::Carried),
            false => level,
        };
        let names = match level {
            Level::Reached => soname_strings(&view, node).map(|found| found.names),
            _ => Ok(Vec::new()),
        };
        let names = names.unwrap_or_default();
        let opened: Vec<Dlopen<'_>> = names
            .iter()
            .map(|soname| Dlopen {
                by: Some(node),
                soname,
            })
            .collect();
        match closure_with(&self.objects, &self.loader, node, &opened) {
            Ok(closure) => self.reach_closure(&closure),
            Err(error) if level == Level::Reached => {
                self.note(node, None, format!("cannot be read as a program: {error}"));
            }
            Err(_) => {}
        }
        if level == Level::Reached {
            let name = view.tree.name(node);
            self.languages.object(name);
            if name.starts_with(b"php") || name.starts_with(b"libphp") {
                for need in script::php_settings(&view, self.setting.environment) {
                    self.reach_need(Some(node), &need);
                }
            }
            self.reach_paths(node, SEARCHED, Kind::PathString);
            if let Some(symbols) = self.symbol_names(node, name) {
                self.reach_programs(node, &symbols);
            }
        }
    }

    fn reach_closure(&mut self, closure: &Closure) {
        for edge in &closure.edges {
            let kind = match edge.why {
                Why::Needed | Why::Filter | Why::Auxiliary | Why::Preload => Kind::Needed,
                Why::Interpreter => Kind::Loader,
                Why::DlopenNote(_) => Kind::DlopenNote,
                Why::Dlopen => Kind::Soname,
            };
            // A name that is found only because it was loaded before adds nothing.
            if edge.how == How::Loaded && matches!(edge.when, When::Dlopen(_)) {
                continue;
            }
            let name = String::from_utf8_lossy(&edge.soname);
            self.reach_found(&edge.found, Reason::named(By::Node(edge.by), kind, &name));
        }
        for file in &closure.config {
            let reason = Reason::new(By::Node(closure.root), Kind::LoaderConfig);
            self.reach_found(file, reason);
        }
    }

    /// Where a program has the names of its symbols; `None` for what is no
    /// program. The words of an interpreter are those of its language, no names
    /// of other programs.
    fn symbol_names(&self, node: NodeId, name: &[u8]) -> Option<Range<u64>> {
        const INTERPRETERS: [&[u8]; 14] = [
            b"awk", b"bash", b"busybox", b"gawk", b"java", b"lua", b"mawk", b"node", b"perl",
            b"php", b"pypy", b"python", b"ruby", b"sed",
        ];
        if INTERPRETERS.iter().any(|known| name.starts_with(known)) {
            return None;
        }
        match &*self.objects.get(node) {
            Ok(Some(object)) if object.interpreter.is_some() && object.soname.is_none() => {
                object.symbol_names.clone()
            }
            _ => None,
        }
    }

    /// Whether packages use a program without saying so, as Debian's do with
    /// those of essential packages.
    fn is_essential(&self, node: NodeId) -> bool {
        let units = self.setting.units;
        let mut owners = units.owners(node).iter();
        owners.any(|&unit| {
            let package = units.system_package(unit);
            package.is_some_and(|package| package.essential)
        })
    }

    /// A program that asks the system to look for others in `PATH` has their
    /// names among its constants: `tar` has `gzip`. Many other words stand there
    /// too, so of a packaged program those count that its package need not
    /// depend on.
    fn reach_programs(&mut self, node: NodeId, symbols: &Range<u64>) {
        const ASKS: [&[u8]; 4] = [b"execvp", b"execlp", b"execvpe", b"posix_spawnp"];
        let view = self.setting.view;
        let mut asks = false;
        let mut named: Vec<Vec<u8>> = Vec::new();
        let programs = &self.programs;
        let read = constants(
            &view,
            node,
            SEARCHED,
            &mut |at, text| match symbols.contains(&at) {
                true => asks |= ASKS.contains(&text),
                false if programs.contains(text) => named.push(text.to_vec()),
                false => {}
            },
        );
        if read.is_err() || !asks {
            return;
        }
        named.sort();
        named.dedup();
        let packaged = !self.setting.units.owners(node).is_empty();
        for name in named {
            if let Some(found) = self.setting.environment.command(&view, &name)
                && (!packaged || self.is_essential(found.node))
            {
                let name = String::from_utf8_lossy(&name);
                self.reach_found(&found, Reason::named(By::Node(node), Kind::Runs, &name));
            }
        }
    }

    /// Reaches what the absolute paths in a file lead to.
    pub(super) fn reach_paths(&mut self, node: NodeId, limit: u64, kind: Kind) {
        let view = self.setting.view;
        let mut named = Vec::new();
        let read = absolute_paths(&view, node, limit, &mut |path| {
            if let Some(found) = view.resolve(path)
                && found.node != node
                && !is_documentation(path)
            {
                named.push((String::from_utf8_lossy(path).into_owned(), found));
            }
        });
        if let Err(error) = read {
            self.note(node, None, format!("cannot be read: {error}"));
        }
        for (name, found) in named {
            self.reach_found(&found, Reason::named(By::Node(node), kind, &name));
        }
    }
}

/// Comments and messages point there for people to read.
fn is_documentation(path: &[u8]) -> bool {
    let below = |dir: &[u8]| path.starts_with(dir);
    below(b"/usr/share/doc")
        || below(b"/usr/share/man")
        || below(b"/usr/share/info")
        || below(b"/usr/share/common-licenses")
}

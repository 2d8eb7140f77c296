//! Turns a call into the accesses it makes.

use std::collections::BTreeSet;

use hashbrown::HashMap;
use nix::errno::Errno;
use nix::libc;

use super::super::sys::Notification;
use super::calls::{Flags, Follow, Shape, Site, Table};
use super::event::{Kind, Sink};
use super::interpreter;
use super::process::{self, Programs};
use super::resolve::{Found, Resolved, Resolver, Viewpoint};

/// Scripts may be interpreted by scripts: the kernel allows five interpreters after the file
/// itself, and the last of them may have a loader.
const MOST_EXECUTED: usize = 7;

/// What has been recorded, and where it goes.
pub(super) struct Recorder {
    sink: Sink,
    /// For each path a bit for each kind.
    seen: HashMap<Vec<u8>, u16>,
    /// What the call being looked at does that was not done before.
    found: Vec<(Kind, Vec<u8>)>,
    resolver: Resolver,
    programs: Programs,
    table: Table,
    single: bool,
    /// Whether some process may have a root directory of its own.
    rooted: bool,
    unreadable: u64,
    calls: BTreeSet<u32>,
}

/// What a look at a call has brought.
pub(super) struct Look {
    /// The call must not be carried out but be answered as done.
    pub(super) pretend: bool,
    /// It executes a program.
    pub(super) executes: bool,
    /// The program that makes it.
    by: Vec<u8>,
}

/// The call being looked at.
struct Caller<'a> {
    call: &'a Notification,
}

impl Caller<'_> {
    fn argument(&self, index: usize) -> u64 {
        self.call.arguments[index]
    }

    fn link(&self, name: &str) -> Option<Vec<u8>> {
        process::link(self.call.thread, name)
    }

    /// The path of a descriptor.
    fn descriptor(&self, index: usize) -> Option<Vec<u8>> {
        self.link(&format!("fd/{}", self.argument(index) as u32))
    }
}

impl Recorder {
    pub(super) fn new(sink: Sink, single: bool) -> Recorder {
        Recorder {
            sink,
            seen: HashMap::new(),
            found: Vec::new(),
            resolver: Resolver::default(),
            programs: Programs::default(),
            table: Table::new(),
            single,
            rooted: false,
            unreadable: 0,
            calls: BTreeSet::new(),
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.sink.waiting()
    }

    pub(super) fn flush(&mut self) -> std::io::Result<()> {
        self.sink.flush()
    }

    pub(super) fn finish(&mut self) -> std::io::Result<()> {
        let mut remarks = Vec::new();
        if self.unreadable > 0 {
            remarks.push(format!(
                "the arguments of {} system calls could not be read, so what they touched is not recorded",
                self.unreadable
            ));
        }
        self.sink.finish(&remarks, &self.calls)
    }

    /// Notes that a call was made, whichever it is.
    pub(super) fn called(&mut self, call: &Notification) {
        self.calls.extend(u32::try_from(call.number));
    }

    /// Looks at one call, which has not been carried out yet.
    pub(super) fn look(&mut self, call: &Notification, starting: bool) -> Look {
        let caller = Caller { call };
        let shape = self.table.shape(call.number);
        self.found.clear();
        let pretend = shape.is_some_and(|shape| self.record(&caller, shape));
        // The program that makes the call may be another one after it.
        let by = if self.found.is_empty() || starting {
            Vec::new()
        } else {
            self.programs.of(call.thread)
        };
        if matches!(shape, Some(Shape::Execute(..))) {
            self.programs.forget();
        }
        Look {
            pretend,
            executes: matches!(shape, Some(Shape::Execute(..))),
            by,
        }
    }

    /// Writes down what the call that was looked at last does.
    pub(super) fn keep(&mut self, look: &Look, process: u32) {
        let mut found = std::mem::take(&mut self.found);
        for (kind, path) in found.drain(..) {
            let bit = 1 << kind as u16;
            let known = self.seen.get_mut(&path);
            if known.as_ref().is_none_or(|bits| **bits & bit == 0) {
                self.sink.put(kind, process, &path, &look.by);
            }
            match known {
                Some(bits) => *bits |= bit,
                None => {
                    self.seen.insert(path, bit);
                }
            }
        }
        self.found = found;
    }

    /// Records the call; `true` when it must not be carried out but be
    /// answered as done.
    fn record(&mut self, caller: &Caller<'_>, shape: Shape) -> bool {
        match shape {
            Shape::Open(site, flags) => {
                if let Some((flags, resolve)) = self.flags(caller, flags) {
                    self.open(caller, site, flags, resolve);
                }
            }
            Shape::Execute(site, flags) => self.execute(caller, site, flags),
            Shape::Look(site, follow) => {
                if let Some(found) = self.find(caller, site, follows(caller, follow)) {
                    self.looked(&found);
                }
            }
            Shape::ReadLink(site) => {
                if let Some(found) = self.find(caller, site, false) {
                    let kind = match found.found {
                        Found::Link => Kind::Link,
                        Found::Nothing => Kind::Missing,
                        _ => Kind::Exists,
                    };
                    self.event(kind, &found.path);
                }
            }
            Shape::ChangeRoot(site) => {
                self.rooted = true;
                if let Some(found) = self.find(caller, site, true) {
                    self.looked(&found);
                }
            }
            Shape::Make(site) => {
                if let Some(found) = self.find(caller, site, false) {
                    self.made(&found, Kind::Exists);
                }
            }
            Shape::Remove(site) => {
                if let Some(found) = self.find(caller, site, false) {
                    self.resolver.changing(&found.path, found.found);
                    self.changed(&found, Kind::Removed);
                }
            }
            Shape::Change(site, follow) => {
                if let Some(found) = self.find(caller, site, follows(caller, follow)) {
                    self.changed(&found, Kind::Written);
                }
            }
            Shape::ChangeOwner(site, follow) => {
                let found = self.find(caller, site, follows(caller, follow));
                if let Some(found) = &found {
                    self.changed(found, Kind::Written);
                }
                // Without a path the call is about a descriptor, which exists.
                return self.single && found.is_none_or(|found| found.found != Found::Nothing);
            }
            Shape::Rename(from, to) => {
                let old = self.find(caller, from, false);
                let new = self.find(caller, to, false);
                if let Some(old) = &old {
                    self.resolver.changing(&old.path, old.found);
                    self.changed(old, Kind::Removed);
                }
                if let Some(new) = &new {
                    self.resolver.changing(&new.path, new.found);
                    if old.is_some_and(|old| old.found != Found::Nothing) {
                        self.made(new, Kind::Written);
                    }
                }
            }
            Shape::HardLink(from, to, follow) => {
                if let Some(old) = self.find(caller, from, follows(caller, follow)) {
                    self.looked(&old);
                }
                if let Some(new) = self.find(caller, to, false) {
                    self.made(&new, Kind::Exists);
                }
            }
            Shape::Socket(makes) => self.socket(caller, makes),
            Shape::List => {
                if let Some(path) = caller.descriptor(0) {
                    self.event(Kind::Listed, &path);
                }
            }
        }
        false
    }

    /// The flags of an open, and how its path is to be resolved.
    fn flags(&mut self, caller: &Caller<'_>, flags: Flags) -> Option<(i32, u64)> {
        match flags {
            Flags::Argument(index) => Some((caller.argument(index) as i32, 0)),
            Flags::Create => Some((libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC, 0)),
            Flags::Structure(index) => {
                // Flags, mode and resolution, each of eight bytes.
                let mut bytes = [0; 24];
                let address = usize::try_from(caller.argument(index)).ok()?;
                process::read(caller.call.thread, address, &mut bytes)
                    .ok()
                    .filter(|count| *count == bytes.len())?;
                let [flags, _, resolve] = [0, 8, 16]
                    .map(|at| u64::from_ne_bytes(*bytes[at..].first_chunk().unwrap_or(&[0; 8])));
                Some((flags as i32, resolve))
            }
        }
    }

    fn open(&mut self, caller: &Caller<'_>, site: Site, flags: i32, resolve: u64) {
        let exclusive = flags & libc::O_CREAT != 0 && flags & libc::O_EXCL != 0;
        let follow = flags & libc::O_NOFOLLOW == 0 && !exclusive;
        let found = if resolve & libc::RESOLVE_IN_ROOT != 0 {
            self.find_in_root(caller, site, follow)
        } else {
            self.find(caller, site, follow)
        };
        let Some(found) = found else {
            return;
        };
        let temporary = flags & libc::O_TMPFILE == libc::O_TMPFILE;
        match found.found {
            Found::Nothing if flags & libc::O_CREAT != 0 => {
                self.resolver.changing(&found.path, found.found);
                self.event(Kind::Created, &found.path);
            }
            Found::Nothing => {
                self.event(Kind::Missing, &found.path);
            }
            Found::Link => {
                self.event(Kind::Link, &found.path);
            }
            Found::Directory => {
                self.event(Kind::Exists, &found.path);
            }
            Found::File | Found::Other if flags & libc::O_PATH != 0 || exclusive || temporary => {
                self.event(Kind::Exists, &found.path);
            }
            Found::File | Found::Other => {
                let mode = flags & libc::O_ACCMODE;
                if mode != libc::O_RDONLY || flags & libc::O_TRUNC != 0 {
                    self.event(Kind::Written, &found.path);
                }
                if mode != libc::O_WRONLY && flags & libc::O_TRUNC == 0 {
                    self.event(Kind::Read, &found.path);
                }
            }
        }
    }

    fn execute(&mut self, caller: &Caller<'_>, site: Site, flags: Option<usize>) {
        let flags = flags.map_or(0, |index| caller.argument(index) as i32);
        let follow = flags & libc::AT_SYMLINK_NOFOLLOW == 0;
        let found = if flags & libc::AT_EMPTY_PATH != 0
            && self.text(caller, site).is_some_and(|text| text.is_empty())
        {
            site.dir
                .and_then(|dir| caller.descriptor(dir))
                .map(|path| Resolved {
                    path,
                    links: Vec::new(),
                    found: Found::File,
                })
        } else {
            self.find(caller, site, follow)
        };
        let Some(mut found) = found else { return };
        for _ in 0..MOST_EXECUTED {
            if found.found != Found::File {
                self.looked(&found);
                return;
            }
            if !self.event(Kind::Exec, &found.path) {
                return;
            }
            let Some(next) = interpreter::of(&found.path) else {
                return;
            };
            let Some(base) = self.base(caller, &next, None) else {
                return;
            };
            found = self.resolve(caller, next, &base, true);
        }
    }

    fn socket(&mut self, caller: &Caller<'_>, makes: bool) {
        let mut address = [0; 110];
        let size = address.len().min(caller.argument(2) as usize);
        let at = caller.argument(1) as usize;
        let Ok(count) = process::read(caller.call.thread, at, &mut address[..size]) else {
            return;
        };
        if count < 3 || i32::from(u16::from_ne_bytes([address[0], address[1]])) != libc::AF_UNIX {
            return;
        }
        // A name that starts with zero is not of the file system.
        let name = address[2..count].split(|byte| *byte == 0).next();
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return;
        };
        let Some(base) = self.base(caller, name, None) else {
            return;
        };
        let found = self.resolve(caller, name.to_vec(), &base, !makes);
        if makes {
            self.made(&found, Kind::Exists);
        } else {
            self.looked(&found);
        }
    }

    fn looked(&mut self, found: &Resolved) {
        let kind = if found.found == Found::Nothing {
            Kind::Missing
        } else {
            Kind::Exists
        };
        self.event(kind, &found.path);
    }

    fn made(&mut self, found: &Resolved, there: Kind) {
        let kind = if found.found == Found::Nothing {
            self.resolver.changing(&found.path, found.found);
            Kind::Created
        } else {
            there
        };
        self.event(kind, &found.path);
    }

    fn changed(&mut self, found: &Resolved, there: Kind) {
        let kind = if found.found == Found::Nothing {
            Kind::Missing
        } else {
            there
        };
        self.event(kind, &found.path);
    }

    fn text(&mut self, caller: &Caller<'_>, site: Site) -> Option<Vec<u8>> {
        match process::text(caller.call.thread, caller.argument(site.path)) {
            Ok(text) => Some(text),
            Err(error) => {
                // A bad address is the caller's mistake, and a caller that is
                // gone does nothing any more.
                if matches!(error, Errno::EPERM | Errno::ENOSYS) {
                    self.unreadable += 1;
                }
                None
            }
        }
    }

    /// Resolves the path of an argument and records the links crossed. `None`
    /// for a call that names no path, or whose caller is gone.
    fn find(&mut self, caller: &Caller<'_>, site: Site, follow: bool) -> Option<Resolved> {
        let path = self.text(caller, site)?;
        // An empty one means the descriptor itself, or nothing at all.
        if path.is_empty() {
            return None;
        }
        let base = self.base(caller, &path, site.dir)?;
        Some(self.resolve(caller, path, &base, follow))
    }

    /// As [`Recorder::find`], with the directory in the place of the root.
    fn find_in_root(&mut self, caller: &Caller<'_>, site: Site, follow: bool) -> Option<Resolved> {
        let path = self.text(caller, site)?;
        if path.is_empty() {
            return None;
        }
        // Any relative path starts from there.
        let root = self.base(caller, b".", site.dir)?;
        Some(self.resolve_from(caller, path, &root, &root, follow))
    }

    /// The directory that a path starts from; empty for an absolute one.
    fn base(&mut self, caller: &Caller<'_>, path: &[u8], dir: Option<usize>) -> Option<Vec<u8>> {
        if path.first() == Some(&b'/') {
            return Some(Vec::new());
        }
        let base = match dir {
            Some(dir) if caller.argument(dir) as i32 != libc::AT_FDCWD => caller.descriptor(dir),
            _ => caller.link("cwd"),
        }?;
        Some(if base == b"/" { Vec::new() } else { base })
    }

    fn resolve(
        &mut self,
        caller: &Caller<'_>,
        path: Vec<u8>,
        base: &[u8],
        follow: bool,
    ) -> Resolved {
        let root = if self.rooted {
            caller.link("root").filter(|root| root != b"/")
        } else {
            None
        }
        .unwrap_or_default();
        self.resolve_from(caller, path, &root, base, follow)
    }

    fn resolve_from(
        &mut self,
        caller: &Caller<'_>,
        path: Vec<u8>,
        root: &[u8],
        base: &[u8],
        follow: bool,
    ) -> Resolved {
        if root.is_empty()
            && let Some(found) = self.resolver.known(&path, follow)
        {
            return Resolved {
                path,
                links: Vec::new(),
                found,
            };
        }
        let from = Viewpoint {
            root,
            base,
            thread: caller.call.thread,
        };
        let found = self.resolver.resolve(&from, &path, follow);
        for link in &found.links {
            self.event(Kind::Link, link);
        }
        found
    }

    /// Notes an event unless it was before; `true` when it is new.
    fn event(&mut self, kind: Kind, path: &[u8]) -> bool {
        let bit = 1 << kind as u16;
        if self.seen.get(path).is_some_and(|bits| bits & bit != 0) {
            return false;
        }
        self.found.push((kind, path.to_vec()));
        true
    }
}

fn follows(caller: &Caller<'_>, follow: Follow) -> bool {
    let has = |index: usize, bit: i32| caller.argument(index) as i32 & bit != 0;
    match follow {
        Follow::Always => true,
        Follow::Never => false,
        Follow::Unless(index) => !has(index, libc::AT_SYMLINK_NOFOLLOW),
        Follow::When(index) => has(index, libc::AT_SYMLINK_FOLLOW),
    }
}

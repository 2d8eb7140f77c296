//! Finds the real path of what a process names, step by step, and tells each
//! symbolic link on the way.

use std::time::{Duration, Instant};

use hashbrown::HashMap;
use rustix::fs::{AtFlags, CWD, FileType, StatxFlags, lstat, readlink, statx};
use rustix::io::Errno;

/// As many links as the kernel follows in one path.
const MOST_LINKS: usize = 40;
/// A call that changes names is let go on when it has been seen, so for a
/// moment the old names may still be there. Nothing is remembered meanwhile.
const SETTLING: Duration = Duration::from_millis(10);
/// Forgetting all is cheaper than to bound the memory by anything cleverer.
const MOST_NODES: usize = 200_000;

/// What a path leads to.
#[derive(Debug)]
pub(super) struct Resolved {
    /// The real path.
    pub(super) path: Vec<u8>,
    /// The links that were crossed, in order.
    pub(super) links: Vec<Vec<u8>>,
    /// What is there.
    pub(super) found: Found,
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, which was not to be followed.
    Link,
    /// A device, socket or pipe.
    Other,
    /// Nothing.
    Nothing,
}

/// Resolves paths, and remembers what is at which name: programs look at the same names again and
/// again, and at many below the same ones that are not there. Names are those of real paths, so
/// that everything above one is a directory.
#[derive(Debug, Default)]
pub(super) struct Resolver {
    nodes: HashMap<Vec<u8>, Step>,
    settling: Option<Instant>,
}

/// Who resolves: paths start from these.
#[derive(Debug)]
pub(super) struct Viewpoint<'a> {
    /// The root directory of the process; empty for that of the container.
    pub(super) root: &'a [u8],
    /// Where relative paths start; empty for the container's root.
    pub(super) base: &'a [u8],
    /// The thread, for the links in /proc that lead to itself.
    pub(super) thread: i32,
}

impl Resolver {
    /// Says that a name is about to be made, to be removed or to become something else.
    pub(super) fn changing(&mut self, path: &[u8], found: Found) {
        let known = self.nodes.remove(path);
        // Names below a directory may be known while its own is not: relative paths start there.
        if found == Found::Directory || matches!(known, Some(Step::Directory | Step::Link(_))) {
            self.nodes.clear();
        }
        self.settling = Some(Instant::now() + SETTLING);
    }

    /// Resolves a path; `follow` is for a link in its last part.
    pub(super) fn resolve(&mut self, from: &Viewpoint<'_>, path: &[u8], follow: bool) -> Resolved {
        let absolute = path.first() == Some(&b'/');
        let mut links = Vec::new();
        let done = |here: Vec<u8>, links, found| Resolved {
            path: if here.is_empty() { b"/".to_vec() } else { here },
            links,
            found,
        };
        let mut at = 0;
        let mut here = if absolute { from.root } else { from.base };
        if absolute
            && from.root.is_empty()
            && let Some(parent) = self.known_parent(path)
        {
            at = parent.len();
            here = parent;
        }
        let mut here = here.to_vec();
        let mut rest = path.to_vec();
        loop {
            while rest.get(at) == Some(&b'/') {
                at += 1;
            }
            if at == rest.len() {
                return done(here, links, Found::Directory);
            }
            let end = rest[at..]
                .iter()
                .position(|byte| *byte == b'/')
                .map_or(rest.len(), |length| at + length);
            let part = &rest[at..end];
            match part {
                b"." => {}
                b".." => {
                    // A process may be outside of its own root directory.
                    if here != from.root {
                        let up = here.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                        here.truncate(up);
                    }
                }
                _ => {
                    let parent = here.len();
                    here.push(b'/');
                    here.extend(part);
                    let last = end == rest.len();
                    match self.node(&here, from.thread) {
                        Step::Directory => {}
                        Step::Link(target) if !last || follow => {
                            links.push(here.clone());
                            if links.len() > MOST_LINKS {
                                return done(here, links, Found::Nothing);
                            }
                            if target.first() == Some(&b'/') {
                                here = from.root.to_vec();
                            } else if is_nameless(&here, &target) {
                                return done(here, links, Found::Other);
                            } else {
                                here.truncate(parent);
                            }
                            let mut new = target;
                            new.extend(&rest[end..]);
                            rest = new;
                            at = 0;
                            continue;
                        }
                        Step::Link(_) => return done(here, links, Found::Link),
                        Step::Found(found) if last => return done(here, links, found),
                        // Nothing, or something that has nothing below it.
                        Step::Found(_) => {
                            here.extend(tidy(&rest[end..]));
                            return done(here, links, Found::Nothing);
                        }
                    }
                }
            }
            at = end;
        }
    }

    /// All but the last part of an absolute path, where that is known to be a real directory.
    fn known_parent<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        let (parent, _) = path.split_at(path.iter().rposition(|byte| *byte == b'/')?);
        matches!(self.nodes.get(parent), Some(Step::Directory)).then_some(parent)
    }

    /// What is known of a path, where that is a real one, so that it leads to itself; `follow` is
    /// as for [`Resolver::resolve`].
    pub(super) fn known(&self, path: &[u8], follow: bool) -> Option<Found> {
        match self.nodes.get(path)? {
            Step::Directory => Some(Found::Directory),
            Step::Link(_) => (!follow).then_some(Found::Link),
            Step::Found(found) => Some(*found),
        }
    }

    /// What is at a path whose parent is a real directory.
    fn node(&mut self, path: &[u8], thread: i32) -> Step {
        if path.starts_with(b"/proc/")
            && let Some(target) = own_link(path, thread)
        {
            return Step::Link(target);
        }
        // The kernel makes names there, which no call tells.
        let lasting = ![&b"/proc/"[..], b"/sys/", b"/dev/"]
            .iter()
            .any(|dir| path.starts_with(dir));
        if lasting && let Some(known) = self.nodes.get(path) {
            return known.clone();
        }
        let step = look(path);
        if lasting && self.settled() {
            if self.nodes.len() > MOST_NODES {
                self.nodes.clear();
            }
            self.nodes.insert(path.to_vec(), step.clone());
        }
        step
    }

    fn settled(&mut self) -> bool {
        if self.settling.is_some_and(|until| Instant::now() < until) {
            return false;
        }
        self.settling = None;
        true
    }
}

/// What one name is.
#[derive(Debug, Clone)]
enum Step {
    Directory,
    /// A link, and its text.
    Link(Vec<u8>),
    Found(Found),
}

fn look(path: &[u8]) -> Step {
    // Of all that there is to know only the kind: this is asked for thousands of times.
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::STATX_DONT_SYNC;
    let mode = match statx(CWD, path, flags, StatxFlags::TYPE) {
        Ok(status) => Ok(status.stx_mode.into()),
        // Sandboxes refuse what they do not know.
        Err(Errno::NOSYS | Errno::PERM) => lstat(path).map(|status| status.st_mode),
        Err(error) => Err(error),
    };
    let Ok(mode) = mode else {
        return Step::Found(Found::Nothing);
    };
    match FileType::from_raw_mode(mode) {
        FileType::Directory => Step::Directory,
        FileType::Symlink => match readlink(path, Vec::new()) {
            Ok(target) => Step::Link(target.into_bytes()),
            Err(_) => Step::Found(Found::Other),
        },
        FileType::RegularFile => Step::Found(Found::File),
        _ => Step::Found(Found::Other),
    }
}

/// The links of /proc that differ for each reader: this process would see its
/// own number there.
fn own_link(path: &[u8], thread: i32) -> Option<Vec<u8>> {
    match path {
        b"/proc/self" => Some(process_of(thread)?.to_string().into_bytes()),
        b"/proc/thread-self" => Some(format!("{}/task/{thread}", process_of(thread)?).into_bytes()),
        _ => None,
    }
}

/// The process of a thread.
fn process_of(thread: i32) -> Option<i32> {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("Tgid:"))
        .and_then(|number| number.trim().parse().ok())
}

/// Links of /proc to pipes, sockets and the like have a text instead of a
/// path.
fn is_nameless(link: &[u8], target: &[u8]) -> bool {
    link.starts_with(b"/proc/") && target.contains(&b':')
}

/// The rest of a path without double and trailing slashes.
fn tidy(rest: &[u8]) -> Vec<u8> {
    let mut tidy = Vec::with_capacity(rest.len());
    for part in rest
        .split(|byte| *byte == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
    {
        tidy.push(b'/');
        tidy.extend(part);
    }
    tidy
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    #[test]
    fn tells_each_link_and_what_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(root.join("a/b/file"), "").unwrap();
        symlink("a", root.join("one")).unwrap();
        symlink("one/b", root.join("two")).unwrap();
        symlink("/two/file", root.join("three")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let top = root.as_os_str().as_bytes();
        let base = [top, b"/a"].concat();
        let from = Viewpoint {
            root: top,
            base: &base,
            thread: 1,
        };
        let mut resolver = Resolver::default();
        let mut resolve = |path: &[u8], follow| {
            let found = resolver.resolve(&from, path, follow);
            let short = |path: &Vec<u8>| {
                String::from_utf8_lossy(path.strip_prefix(top).unwrap()).into_owned()
            };
            let links: Vec<_> = found.links.iter().map(short).collect();
            (short(&found.path), links.join(" "), found.found)
        };
        let path = |path: &str, links: &str, found| (path.to_owned(), links.to_owned(), found);
        for _ in 0..2 {
            assert_eq!(
                resolve(b"/three", true),
                path("/a/b/file", "/three /two /one", Found::File)
            );
            assert_eq!(resolve(b"/three", false), path("/three", "", Found::Link));
            assert_eq!(
                resolve(b"/two/", false),
                path("/a/b", "/two /one", Found::Directory)
            );
            assert_eq!(
                resolve(b"../two/./x//y/", true),
                path("/a/b/x/y", "/two /one", Found::Nothing)
            );
            assert_eq!(
                resolve(b"b/../../../../one", true),
                path("/a", "/one", Found::Directory)
            );
            assert_eq!(
                resolve(b"b/file/x", true),
                path("/a/b/file/x", "", Found::Nothing)
            );
            assert_eq!(resolve(b"/loop", true).2, Found::Nothing);
            assert_eq!(resolve(b"b/file", true), path("/a/b/file", "", Found::File));
            assert_eq!(resolve(b"", true), path("/a", "", Found::Directory));
        }
    }

    #[test]
    fn forgets_names_that_change_and_what_hangs_on_them() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(root.join("a/b/file"), "").unwrap();
        symlink("a", root.join("way")).unwrap();
        let path = |name: &str| root.join(name).as_os_str().as_bytes().to_vec();
        let from = Viewpoint {
            root: b"",
            base: b"",
            thread: 1,
        };
        let mut resolver = Resolver::default();
        let all = |resolver: &mut Resolver| {
            let names = ["new", "new/x", "a/b/file", "a/b/../b/", "way/b/file"];
            names.map(|name| match resolver.known(&path(name), true) {
                Some(found) => found,
                None => resolver.resolve(&from, &path(name), true).found,
            })
        };
        let (nothing, file) = (Found::Nothing, Found::File);
        let before = [nothing, nothing, file, Found::Directory, file];
        assert_eq!(all(&mut resolver), before);
        // What no call tells does not happen.
        std::fs::create_dir(root.join("new")).unwrap();
        std::fs::write(root.join("new/x"), "").unwrap();
        std::fs::remove_file(root.join("a/b/file")).unwrap();
        assert_eq!(all(&mut resolver), before);
        resolver.changing(&path("new"), nothing);
        resolver.changing(&path("new/x"), nothing);
        resolver.changing(&path("a/b/file"), file);
        let after = [Found::Directory, file, nothing, Found::Directory, nothing];
        assert_eq!(all(&mut resolver), after);
        std::thread::sleep(SETTLING);
        assert_eq!(all(&mut resolver), after);
        std::fs::rename(root.join("a/b"), root.join("c")).unwrap();
        resolver.changing(&path("a/b"), Found::Directory);
        assert_eq!(all(&mut resolver)[3], nothing);
    }
}

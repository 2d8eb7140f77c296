//! Makes a tree from a tar, inside the user namespace if there is one.

use std::collections::HashMap;
use std::ffi::CString;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::sys::stat::{
    FchmodatFlags, Mode, SFlag, UtimensatFlags, fchmodat, makedev, mkdirat, mknodat, umask,
    utimensat,
};
use nix::unistd::{FchownatFlags, Gid, Uid, fchownat, linkat, symlinkat};
use tar::{Entry, EntryType};

use super::super::error::{Doing, Failure, Reason};
use super::super::mapping::Mapping;
use super::super::sys;
use super::super::tree::Unpacked;

/// Extended attributes of overlays would change what the tree means when it
/// is a layer of one.
const OVERLAY: [&str; 2] = ["trusted.overlay.", "user.overlay."];
const XATTR: &str = "SCHILY.xattr.";

/// Makes the tree; the one descriptor is where the tar comes from.
pub(super) fn unpack(
    dir: &Path,
    mapping: &Mapping,
    fds: Vec<OwnedFd>,
) -> Result<Unpacked, Failure> {
    let tar = fds
        .into_iter()
        .next()
        .ok_or_else(|| Failure::setup("read the archive", "it did not come with the job"))?;
    umask(Mode::empty());
    std::fs::create_dir(dir).doing_at("make the directory", dir)?;
    let top = open(
        dir,
        OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC,
        Mode::empty(),
    )
    .doing_at("open the directory", dir)?;
    let mut maker = Maker {
        top,
        parent: None,
        times: Vec::new(),
        single: mapping.is_single(),
        made: Unpacked::default(),
        warned: HashMap::new(),
    };
    let mut archive = tar::Archive::new(BufReader::with_capacity(256 << 10, File::from(tar)));
    let entries = archive
        .entries()
        .map_err(|error| input("read the archive", error))?;
    for entry in entries {
        let mut entry = entry.map_err(|error| input("read the archive", error))?;
        maker.entry(&mut entry)?;
    }
    maker.end()
}

fn input(doing: &str, problem: impl std::fmt::Display) -> Failure {
    Failure::new(Reason::Input, doing, problem)
}

/// Removes a tree. A tree that is gone already is no error.
pub(super) fn remove(dir: &Path) -> Result<(), Failure> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.doing_at("remove", dir),
    }
}

struct Maker {
    top: OwnedFd,
    /// The directory of the last entry: the next is mostly in it, too.
    parent: Option<(PathBuf, OwnedFd)>,
    /// Directories get their times last, for making files in them changes
    /// them.
    times: Vec<(PathBuf, (i64, u32))>,
    single: bool,
    made: Unpacked,
    warned: HashMap<&'static str, u64>,
}

/// What an entry says besides its content.
struct Facts {
    path: PathBuf,
    uid: u64,
    gid: u64,
    mode: u32,
    time: (i64, u32),
    attributes: Vec<(CString, Vec<u8>)>,
}

impl Maker {
    fn entry<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> Result<(), Failure> {
        let facts = self.facts(entry)?;
        let kind = entry.header().entry_type();
        let Some(name) = facts.path.file_name().map(PathBuf::from) else {
            // The top itself is there already.
            if kind == EntryType::Directory {
                return self.dress(&facts, Path::new("."), true);
            }
            return Err(input("unpack", "an entry without a name is no directory"));
        };
        self.enter(facts.path.parent().unwrap_or(Path::new("")))?;
        let parent = self.parent.as_ref().map_or(&self.top, |(_, fd)| fd);
        let at = |doing: &str, result: nix::Result<()>| result.doing_at(doing, &facts.path);
        match kind {
            EntryType::Directory => {
                at("make the directory", mkdirat(parent, &name, Mode::S_IRWXU))?;
                self.made.directories += 1;
            }
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let flags = OFlag::O_WRONLY
                    | OFlag::O_CREAT
                    | OFlag::O_EXCL
                    | OFlag::O_NOFOLLOW
                    | OFlag::O_CLOEXEC;
                let file = openat(parent, &name, flags, Mode::S_IRUSR | Mode::S_IWUSR)
                    .doing_at("make the file", &facts.path)?;
                let bytes = io::copy(entry, &mut File::from(file))
                    .doing_at("write", &facts.path)
                    .map_err(|failure| {
                        failure.advise("check that the disk has room for the image")
                    })?;
                self.made.files += 1;
                self.made.bytes += bytes;
            }
            EntryType::Symlink => {
                let target = link_target(entry, &facts.path)?;
                at(
                    "make the symbolic link",
                    symlinkat(target.as_path(), parent, &name),
                )?;
                self.made.links += 1;
            }
            EntryType::Link => {
                let target = plain(&link_target(entry, &facts.path)?)?;
                let source = self.beneath(&target)?;
                // Through the descriptor: the name is looked up only once, in
                // the way that crosses no link.
                let named = format!("/proc/self/fd/{}", source.as_raw_fd());
                at(
                    "make the hard link",
                    linkat(
                        nix::fcntl::AT_FDCWD,
                        named.as_str(),
                        parent,
                        &name,
                        AtFlags::AT_SYMLINK_FOLLOW,
                    ),
                )?;
                self.made.hard_links += 1;
                return Ok(());
            }
            EntryType::Char | EntryType::Block | EntryType::Fifo => {
                let (flag, device) = special(entry, kind)?;
                match mknodat(parent, &name, flag, Mode::empty(), device) {
                    Ok(()) => self.made.specials += 1,
                    Err(nix::errno::Errno::EPERM) if kind != EntryType::Fifo => {
                        self.made.skipped_devices += 1;
                        self.warn("device", || {
                            format!(
                                "{} is a device, which only root can make",
                                facts.path.display()
                            )
                        });
                        return Ok(());
                    }
                    Err(error) => return Err(error).doing_at("make the special file", &facts.path),
                }
            }
            // They describe what follows, and the reader has taken them in.
            EntryType::XGlobalHeader | EntryType::XHeader => return Ok(()),
            other => {
                self.warn("kind", || {
                    format!("{} is of an unknown kind ({other:?})", facts.path.display())
                });
                return Ok(());
            }
        }
        self.dress(&facts, &name, kind == EntryType::Directory)
    }

    fn facts<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> Result<Facts, Failure> {
        let bad = |error: io::Error| input("read an entry of the archive", error);
        let path = plain(&entry.path().map_err(bad)?)?;
        let header = entry.header();
        let mut facts = Facts {
            path,
            uid: header.uid().map_err(bad)?,
            gid: header.gid().map_err(bad)?,
            mode: header.mode().map_err(bad)? & 0o7777,
            time: (header.mtime().map_err(bad)? as i64, 0),
            attributes: Vec::new(),
        };
        let Some(extensions) = entry.pax_extensions().map_err(bad)? else {
            return Ok(facts);
        };
        for extension in extensions {
            let extension = extension.map_err(bad)?;
            let value = extension.value_bytes();
            match extension.key() {
                Ok("mtime") => {
                    facts.time = std::str::from_utf8(value)
                        .ok()
                        .and_then(time)
                        .unwrap_or(facts.time);
                }
                Ok(key) => {
                    let Some(name) = key.strip_prefix(XATTR) else {
                        continue;
                    };
                    let of_overlay = OVERLAY.iter().any(|prefix| name.starts_with(prefix));
                    match CString::new(name) {
                        Ok(name) if !of_overlay => facts.attributes.push((name, value.to_vec())),
                        _ => self.made.skipped_attributes += 1,
                    }
                }
                Err(_) => {}
            }
        }
        Ok(facts)
    }

    /// Opens a directory of the tree for the entries that follow.
    fn enter(&mut self, path: &Path) -> Result<(), Failure> {
        if self.parent.as_ref().is_some_and(|(now, _)| now == path) {
            return Ok(());
        }
        self.parent = if path.as_os_str().is_empty() {
            None
        } else {
            self.imply(path)?;
            Some((path.to_owned(), self.beneath(path)?))
        };
        Ok(())
    }

    /// Makes directories that the archive has no entry for, as runtimes do: they belong to root,
    /// who alone may change them.
    fn imply(&self, path: &Path) -> Result<(), Failure> {
        let missing = |path: &Path| {
            let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS;
            let how = OpenHow::new().flags(flags).resolve(resolve);
            matches!(
                openat2(&self.top, path, how),
                Err(nix::errno::Errno::ENOENT)
            )
        };
        if !missing(path) {
            return Ok(());
        }
        let above: Vec<&Path> = path.ancestors().collect();
        for at in above.into_iter().rev() {
            let (Some(parent), Some(name)) = (at.parent(), at.file_name()) else {
                continue;
            };
            if !missing(at) {
                continue;
            }
            let mode = Mode::from_bits_truncate(0o755);
            let made = match parent.as_os_str().is_empty() {
                true => mkdirat(&self.top, Path::new(name), mode),
                false => mkdirat(self.beneath(parent)?, Path::new(name), mode),
            };
            made.doing_at("make the directory", at)?;
        }
        Ok(())
    }

    /// Opens something of the tree, crossing no link.
    fn beneath(&self, path: &Path) -> Result<OwnedFd, Failure> {
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let how = OpenHow::new()
            .flags(flags)
            .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
        match openat2(&self.top, path, how) {
            // A link to a symbolic link: only its parents must be none.
            Err(nix::errno::Errno::ELOOP) => match (path.parent(), path.file_name()) {
                (Some(parent), Some(name)) if !parent.as_os_str().is_empty() => {
                    let parent = openat2(&self.top, parent, how)
                        .doing_at("open, without following a symbolic link,", path)?;
                    openat(parent, Path::new(name), flags, Mode::empty())
                }
                _ => openat(&self.top, path, flags, Mode::empty()),
            },
            other => other,
        }
        .doing_at("open, without following a symbolic link,", path)
    }

    /// Gives a new entry its owner, attributes, mode and time, in the order in
    /// which the one does not undo the other.
    fn dress(&mut self, facts: &Facts, name: &Path, is_dir: bool) -> Result<(), Failure> {
        let dir = match &self.parent {
            Some((_, fd)) if name != Path::new(".") => fd,
            _ => &self.top,
        };
        if !self.single {
            let (Ok(uid), Ok(gid)) = (u32::try_from(facts.uid), u32::try_from(facts.gid)) else {
                return Err(input("unpack", "an owner's number is too large").at(&facts.path));
            };
            fchownat(
                dir,
                name,
                Some(Uid::from_raw(uid)),
                Some(Gid::from_raw(gid)),
                FchownatFlags::AT_SYMLINK_NOFOLLOW,
            )
            .doing_at(&format!("give to user {uid} and group {gid}"), &facts.path)
            .map_err(|failure| {
                failure.advise(
                    "the range of /etc/subuid and /etc/subgid may be too small for this image",
                )
            })?;
        }
        let kind = nix::sys::stat::fstatat(dir, name, nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW)
            .doing_at("look at", &facts.path)?
            .st_mode
            & SFlag::S_IFMT.bits();
        let link = kind == SFlag::S_IFLNK.bits();
        let mut skipped = 0;
        if !facts.attributes.is_empty() {
            let mut path = format!("/proc/self/fd/{}/", dir.as_raw_fd()).into_bytes();
            path.extend(name.as_os_str().as_bytes());
            if let Ok(path) = CString::new(path) {
                for (attribute, value) in &facts.attributes {
                    if sys::set_xattr(&path, attribute, value).is_err() {
                        skipped += 1;
                    }
                }
            }
        }
        if !link {
            fchmodat(
                dir,
                name,
                Mode::from_bits_truncate(facts.mode),
                FchmodatFlags::FollowSymlink,
            )
            .doing_at("set the mode of", &facts.path)?;
        }
        if is_dir {
            self.times.push((facts.path.clone(), facts.time));
        } else {
            let time = sys::time_of(facts.time.0, facts.time.1);
            utimensat(dir, name, &time, &time, UtimensatFlags::NoFollowSymlink)
                .doing_at("set the time of", &facts.path)?;
        }
        if skipped > 0 {
            self.made.skipped_attributes += skipped;
            self.warn("attribute", || {
                format!(
                    "an extended attribute of {} could not be set",
                    facts.path.display()
                )
            });
        }
        Ok(())
    }

    fn warn(&mut self, kind: &'static str, text: impl FnOnce() -> String) {
        let count = self.warned.entry(kind).or_default();
        *count += 1;
        if *count == 1 {
            self.made.warnings.push(text());
        }
    }

    fn end(mut self) -> Result<Unpacked, Failure> {
        for (path, time) in std::mem::take(&mut self.times).into_iter().rev() {
            let time = sys::time_of(time.0, time.1);
            let fd = if path.as_os_str().is_empty() {
                None
            } else {
                Some(self.beneath(&path)?)
            };
            let dir = fd.as_ref().map_or(self.top.as_fd(), AsFd::as_fd);
            utimensat(dir, ".", &time, &time, UtimensatFlags::NoFollowSymlink)
                .doing_at("set the time of", &path)?;
        }
        Ok(self.made)
    }
}

fn link_target<R: Read>(entry: &Entry<'_, R>, path: &Path) -> Result<PathBuf, Failure> {
    entry
        .link_name()
        .map_err(|error| input("read a link of the archive", error).at(path))?
        .map(|target| target.into_owned())
        .ok_or_else(|| input("unpack", "a link leads nowhere").at(path))
}

/// The path without `.` and slashes too many; an error for one that leads out
/// of the tree.
fn plain(path: &Path) -> Result<PathBuf, Failure> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            Component::RootDir | Component::ParentDir | Component::Prefix(_) => {
                return Err(input("unpack", "the path of an entry leads out of the tree").at(path));
            }
        }
    }
    Ok(plain)
}

fn special<R: Read>(entry: &Entry<'_, R>, kind: EntryType) -> Result<(SFlag, u64), Failure> {
    if kind == EntryType::Fifo {
        return Ok((SFlag::S_IFIFO, 0));
    }
    let bad = |error: io::Error| input("read a device of the archive", error);
    let major = entry.header().device_major().map_err(bad)?.unwrap_or(0);
    let minor = entry.header().device_minor().map_err(bad)?.unwrap_or(0);
    let flag = if kind == EntryType::Char {
        SFlag::S_IFCHR
    } else {
        SFlag::S_IFBLK
    };
    Ok((flag, makedev(u64::from(major), u64::from(minor))))
}

/// Reads a time like `1700000000.123456789`, possibly before 1970.
fn time(text: &str) -> Option<(i64, u32)> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: i64 = seconds.parse().ok()?;
    let mut nanoseconds = 0;
    for index in 0..9 {
        let digit = fraction.as_bytes().get(index).copied().unwrap_or(b'0');
        nanoseconds = nanoseconds * 10 + u32::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    if seconds.starts_with('-') && nanoseconds > 0 {
        return Some((whole.checked_sub(1)?, 1_000_000_000 - nanoseconds));
    }
    Some((whole, nanoseconds))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn times_have_nanoseconds_and_signs() {
        assert_eq!(time("5"), Some((5, 0)));
        assert_eq!(time("5.25"), Some((5, 250_000_000)));
        assert_eq!(time("5.1234567891"), Some((5, 123_456_789)));
        assert_eq!(time("-1.5"), Some((-2, 500_000_000)));
        assert_eq!(time("x"), None);
        assert_eq!(time("1.x"), None);
    }

    #[test]
    fn paths_stay_inside() {
        assert_eq!(plain(Path::new("./a//b/")).unwrap(), Path::new("a/b"));
        assert!(plain(Path::new("a/../../b")).is_err());
        assert!(plain(Path::new("/a")).is_err());
    }
}

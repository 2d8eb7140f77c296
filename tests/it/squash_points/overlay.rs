//! The kernel's own merging: each layer unpacked into a folder of its own, as
//! containerd and Docker do, and all of them mounted with overlayfs. Left out
//! where nobody may mount, unless `RSLIM_REQUIRE_PEERS` says that it must be done.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use rslim::rewrite::RangeChoice;
use rslim::sink::Destination;
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, Timespec, Timestamps, XattrFlags, lsetxattr, makedev, mknodat,
    utimensat,
};

use super::case::Layers;
use super::disk::{everything, inside};
use super::seen::{Kind, Seen, Written, entries};
use super::{links, metadata, names, replaced, whiteouts};
use crate::fixtures::{self, ImageBuilder, Layout};
use crate::folding::fold;
use crate::peers::is_root;

/// A mounted overlay.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// Mounts the folders, lowest first, read-only.
fn mount(lower: &[PathBuf], at: &Path) -> Option<Mounted> {
    fs::create_dir_all(at).unwrap();
    let dirs: Vec<_> = lower
        .iter()
        .rev()
        .map(|dir| dir.to_str().unwrap())
        .collect();
    let options = format!("ro,lowerdir={}", dirs.join(":"));
    let mut command = Command::new("mount");
    command
        .args(["-t", "overlay", "overlay", "-o", &options])
        .arg(at);
    let done = command.output().ok()?;
    done.status.success().then(|| Mounted(at.to_owned()))
}

/// Unpacks a layer for overlayfs. `below` are the folders of lower layers, whose
/// directories say what one is like that only a path names.
fn unpack(tar: &[u8], root: &Path, below: &[PathBuf]) {
    fs::create_dir_all(root).unwrap();
    let mut times: Vec<(PathBuf, (i64, u32))> = Vec::new();
    let mut own: BTreeSet<PathBuf> = BTreeSet::new();
    for seen in entries(tar) {
        let parts = seen.path.split(|&b| b == b'/');
        let parts: Vec<&[u8]> = parts.filter(|p| !matches!(p, [] | [b'.'])).collect();
        let name = parts.join(&b'/');
        let path = inside(root, &name);
        let folder = match seen.kind {
            Kind::Opaque => path.as_path(),
            _ => path.parent().unwrap(),
        };
        let hides = |lower: &PathBuf| inside(lower, &name).symlink_metadata().is_ok();
        if seen.kind == Kind::Gone && !own.contains(&path) && !below.iter().any(hides) {
            // It makes no directory either.
            continue;
        }
        implied(root, folder, below, &mut times);
        match seen.kind {
            Kind::Opaque => opaque(folder),
            Kind::Gone if own.contains(&path) => {
                // What the layer itself has there stays.
                if path.is_dir() && !path.is_symlink() {
                    opaque(&path);
                }
            }
            Kind::Gone => {
                if path.symlink_metadata().is_err() {
                    let mode = Mode::from_raw_mode(0);
                    let device = makedev(0, 0);
                    mknodat(CWD, &path, FileType::CharacterDevice, mode, device).unwrap();
                }
            }
            _ => {
                put(&seen, root, &path);
                let mut at = path.as_path();
                while at != root && own.insert(at.to_owned()) {
                    at = at.parent().unwrap();
                }
                times.push((path, seen.mtime));
            }
        }
    }
    // Last, since whatever is made in a directory changes its time.
    for (path, (seconds, nanos)) in times {
        let time = Timespec {
            tv_sec: seconds,
            tv_nsec: nanos.into(),
        };
        let times = Timestamps {
            last_access: time,
            last_modification: time,
        };
        let _ = utimensat(CWD, &path, &times, AtFlags::SYMLINK_NOFOLLOW);
    }
}

fn opaque(dir: &Path) {
    lsetxattr(dir, "trusted.overlay.opaque", b"y", XattrFlags::empty()).unwrap();
}

/// Makes the directories that only a path names, like those of lower layers.
fn implied(root: &Path, dir: &Path, below: &[PathBuf], times: &mut Vec<(PathBuf, (i64, u32))>) {
    if dir == root || dir.is_dir() {
        return;
    }
    implied(root, dir.parent().unwrap(), below, times);
    let _ = fs::remove_file(dir);
    fs::create_dir(dir).unwrap();
    let name = dir.strip_prefix(root).unwrap();
    let lower = below.iter().rev().map(|lower| lower.join(name));
    let lower = lower.filter_map(|path| path.symlink_metadata().ok()).next();
    let (mode, owner, mtime) = match lower.filter(fs::Metadata::is_dir) {
        Some(meta) => (
            meta.mode() & 0o7777,
            (meta.uid(), meta.gid()),
            (meta.mtime(), meta.mtime_nsec() as u32),
        ),
        None => (0o755, (0, 0), (0, 0)),
    };
    lchown(dir, Some(owner.0), Some(owner.1)).unwrap();
    fs::set_permissions(dir, fs::Permissions::from_mode(mode)).unwrap();
    times.push((dir.to_owned(), mtime));
}

fn put(seen: &Seen, root: &Path, path: &Path) {
    let there = path.symlink_metadata().ok();
    let mut hides = false;
    if let Some(meta) = there
        && !(meta.is_dir() && seen.kind == Kind::Dir)
    {
        hides = meta.mode() & 0o7_777_777 == 0o020_000 && meta.rdev() == 0;
        match meta.is_dir() {
            true => fs::remove_dir_all(path).unwrap(),
            false => fs::remove_file(path).unwrap(),
        }
    }
    let special = |kind, major, minor| {
        let device = makedev(major, minor);
        mknodat(CWD, path, kind, Mode::from_raw_mode(0o600), device).unwrap();
    };
    match &seen.kind {
        Kind::File(body) => fs::write(path, body).unwrap(),
        Kind::Dir if path == root => {}
        Kind::Dir => {
            let _ = fs::create_dir(path);
        }
        Kind::Symlink(to) => symlink(std::ffi::OsStr::from_bytes(to), path).unwrap(),
        Kind::Link(to) => return fs::hard_link(inside(root, to), path).unwrap(),
        Kind::Char(major, minor) => special(FileType::CharacterDevice, *major, *minor),
        Kind::Block(major, minor) => special(FileType::BlockDevice, *major, *minor),
        Kind::Fifo => special(FileType::Fifo, 0, 0),
        Kind::Gone | Kind::Opaque => unreachable!("a marker is no file"),
    }
    let (uid, gid) = seen.owner;
    lchown(path, u32::try_from(uid).ok(), u32::try_from(gid).ok()).unwrap();
    for (name, value) in &seen.xattrs {
        let _ = lsetxattr(path, &name[..], value, XattrFlags::empty());
    }
    if !matches!(seen.kind, Kind::Symlink(_)) {
        fs::set_permissions(path, fs::Permissions::from_mode(seen.mode)).unwrap();
    }
    // A whiteout in front of a directory of the same layer hides what is below.
    if hides && seen.kind == Kind::Dir {
        opaque(path);
    }
}

/// What overlayfs shows of these layers; `None` where it may not be mounted.
fn shown(tars: &[&[u8]], place: &Path) -> Option<Vec<(Vec<u8>, String)>> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for (number, tar) in tars.iter().enumerate() {
        let folder = place.join(number.to_string());
        unpack(tar, &folder, &folders);
        folders.push(folder);
    }
    // It takes two folders to make an overlay.
    while folders.len() < 2 {
        let folder = place.join(format!("nothing-{}", folders.len()));
        fs::create_dir_all(&folder).unwrap();
        folders.insert(0, folder);
    }
    let mounted = mount(&folders, &place.join("mounted"))?;
    let found = everything(&mounted.0, &[]);
    // Overlayfs keeps its own attributes to itself.
    Some(found.into_iter().collect())
}

/// Images whose layers overlayfs can merge: their upper layers list the
/// directories that they write in and lead nowhere through links.
fn samples() -> Vec<(&'static str, Layers)> {
    vec![
        ("whiteouts in one layer", whiteouts::in_one_layer()),
        ("whiteouts in a later layer", whiteouts::in_a_later_layer()),
        ("many changes", whiteouts::many_changes()),
        (
            "directory, file, directory",
            replaced::directory_file_directory(),
        ),
        ("listed again", replaced::listed_again()),
        ("links over directories", links::over_directories()),
        ("attributes", metadata::attributes()),
        ("modes", metadata::modes()),
        ("owners", metadata::owners()),
        ("times", metadata::times()),
        ("devices", metadata::devices()),
        ("any bytes", names::any_bytes()),
    ]
}

/// Fixtures for which overlayfs means what layers mean.
const FIXTURES: [&str; 28] = [
    "plain",
    "empty-layer",
    "same-layer-twice",
    "implied-parents",
    "xattrs",
    "xattr-only-change",
    "special-modes",
    "devices",
    "directory-metadata-only",
    "hardlink-same-layer",
    "hardlink-all-deleted",
    "hardlink-to-symlink",
    "whiteout-file",
    "whiteout-directory",
    "whiteout-symlink",
    "whiteout-nothing",
    "whiteout-then-restored",
    "whiteout-and-new-directory",
    "new-directory-and-whiteout",
    "whiteout-and-new-file",
    "opaque-before",
    "opaque-after",
    "opaque-between",
    "opaque-nothing",
    "opaque-twice",
    "file-to-directory",
    "directory-to-file",
    "directory-file-directory",
];

#[test]
fn overlayfs_shows_the_same_of_the_image_and_of_what_it_became() {
    let required = std::env::var_os("RSLIM_REQUIRE_PEERS").is_some();
    if !is_root() {
        eprintln!("left out: overlayfs needs root");
        return;
    }
    let mut images: Vec<(&str, ImageBuilder)> = Vec::new();
    for (name, layers) in samples() {
        let tars = layers.into_iter().map(|layer| layer.finish());
        images.push((name, ImageBuilder::of_layers(tars)));
    }
    for name in FIXTURES {
        let fixture = fixtures::by_name(name).unwrap();
        images.push((name, fixture.image().unwrap()));
    }
    for (name, image) in images {
        let place = tempfile::tempdir().unwrap();
        let from = place.path().join("image.tar");
        image.write(Layout::DockerArchive, &from).unwrap();
        let tars: Vec<_> = image.tars().collect();
        let Some(before) = shown(&tars, &place.path().join("before")) else {
            assert!(!required, "overlayfs cannot be mounted");
            eprintln!("left out: overlayfs cannot be mounted");
            return;
        };
        for kept in 0..tars.len() {
            let to = place.path().join("out.tar");
            let destination = Destination::DockerArchive(to.clone());
            fold(&from, &destination, RangeChoice::Above(kept), None, 1).unwrap();
            let written = Written::archive(&to);
            let folder = place.path().join(format!("above-{kept}"));
            let after = shown(&written.layers(), &folder).unwrap();
            assert_eq!(after, before, "{name}, {kept} kept");
        }
    }
}

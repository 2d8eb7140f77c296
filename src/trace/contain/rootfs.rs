//! Makes the container's file system and moves into it.

use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, open};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::{Mode, fstat};
use nix::unistd::{Gid, Uid, chdir, chown, fchdir, pivot_root};

use super::super::error::{Doing, Failure};
use super::super::mapping::Mapping;
use super::super::spec::Spec;
use super::{changes, devices, furnish, volumes};

pub(super) const NONE: Option<&str> = None;

/// The old root directory while the new one is being furnished. The process
/// is in it: relative paths are of the machine, absolute ones of the
/// container, whose links therefore cannot lead outside.
pub(super) struct Outside {
    /// The file system in memory that holds what the container writes, as a
    /// relative path.
    pub(super) memory: PathBuf,
    /// What could not be done and is not needed.
    pub(super) warnings: Vec<String>,
}

/// Makes the overlay on the tree, furnishes it and makes it the root.
pub(super) fn enter(spec: &Spec, mapping: &Mapping) -> Result<Vec<String>, Failure> {
    let flags = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(NONE, "/", NONE, flags, NONE).doing("keep mounts to the container")?;
    let memory = stack(spec, mapping)?;
    pivot(memory)?;
    changes::make(spec)?;
    let mut outside = Outside {
        memory: memory.strip_prefix("/").unwrap_or(memory).to_owned(),
        warnings: Vec::new(),
    };
    furnish::proc(spec)?;
    furnish::sys(&mut outside)?;
    devices::make(mapping, &mut outside)?;
    furnish::names(spec, &mut outside)?;
    volumes::make(spec, mapping, &mut outside)?;
    umount2(".", MntFlags::MNT_DETACH).doing("leave the machine's file system")?;
    chdir("/").doing_at("enter", "/")?;
    make_working_directory(spec)?;
    Ok(outside.warnings)
}

/// Does what is left to do in a container that a runtime has made, and this process has entered.
/// Volumes are directories of the overlay there, which is as good for a run.
pub(super) fn furnish(spec: &Spec, servers: String) -> Result<Vec<String>, Failure> {
    changes::make(spec)?;
    let warnings = furnish::write_names(spec, servers);
    for volume in spec
        .volumes
        .iter()
        .filter_map(|volume| volumes::clean(volume))
    {
        std::fs::create_dir_all(&volume).doing_at("make the volume's directory", &volume)?;
    }
    make_working_directory(spec)?;
    Ok(warnings)
}

fn make_working_directory(spec: &Spec) -> Result<(), Failure> {
    if std::fs::metadata(&spec.cwd).is_err() {
        std::fs::create_dir_all(Path::new("/").join(&spec.cwd))
            .doing_at("make the working directory", &spec.cwd)?;
    }
    Ok(())
}

/// Mounts memory for what the container writes over the tree, and in its folder `merged` the
/// overlay on the tree; gives the memory's path.
pub(super) fn stack<'a>(spec: &'a Spec, mapping: &Mapping) -> Result<&'a Path, Failure> {
    let directory = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let lower =
        open(&spec.root, directory, Mode::empty()).doing_at("open the image's tree", &spec.root)?;
    let metadata = fstat(&lower).doing_at("look at the image's tree", &spec.root)?;
    // The memory is mounted over the tree itself: a directory that is there
    // for certain, in a mount namespace that nobody else sees.
    let memory = spec.root.as_path();
    let options = format!("mode=0755,size={}", spec.limits.disk);
    mount(
        Some("slim"),
        memory,
        Some("tmpfs"),
        MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
        Some(options.as_str()),
    )
    .doing_at("mount memory for what the container writes at", memory)?;
    for name in ["upper", "work", "merged", "files", "volumes"] {
        std::fs::create_dir(memory.join(name)).doing_at("make", memory.join(name))?;
    }
    let upper = memory.join("upper");
    // The top of an overlay has the owner and mode of its upper directory.
    let owner = (
        Uid::from_raw(metadata.st_uid),
        Gid::from_raw(metadata.st_gid),
    );
    // In a namespace with one user there is no other owner to give it.
    if let Err(error) = chown(&upper, Some(owner.0), Some(owner.1))
        && !mapping.is_single()
    {
        return Err(error).doing_at("set the owner of", &upper);
    }
    std::fs::set_permissions(
        &upper,
        std::os::unix::fs::PermissionsExt::from_mode(metadata.st_mode & 0o7777),
    )
    .doing_at("set the mode of", &upper)?;
    overlay(&lower, memory, mapping)?;
    Ok(memory)
}

fn overlay(
    lower: &impl std::os::fd::AsRawFd,
    memory: &Path,
    mapping: &Mapping,
) -> Result<(), Failure> {
    // Relative and descriptor paths: the options have no way to write every
    // path, and a page at most.
    chdir(memory).doing_at("enter", memory)?;
    let mut options = format!(
        "lowerdir=/proc/self/fd/{},upperdir=upper,workdir=work",
        lower.as_raw_fd()
    );
    if mapping.has_user_namespace() {
        options.push_str(",userxattr");
    }
    mount(
        Some("overlay"),
        "merged",
        Some("overlay"),
        // An image may hold a device of the machine.
        MsFlags::MS_NODEV,
        Some(options.as_str()),
    )
    .doing_at("mount an overlay on the image's tree, below", memory)
    .map_err(|failure| {
        failure.advise("the kernel needs the overlay module, 5.11 or later for ordinary users, and the tree must not be on an overlay itself or on a network")
    })
}

/// Makes `merged` the root and stays in the old root.
fn pivot(memory: &Path) -> Result<(), Failure> {
    let directory = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let old = open("/", directory, Mode::empty()).doing_at("open", "/")?;
    chdir("merged").doing_at("enter", memory.join("merged"))?;
    pivot_root(".", ".").doing("make the overlay the root")?;
    fchdir(&old).doing("stay in the old root")
}

/// Binds something of the machine (relative) or of the container (absolute)
/// to a path of the container.
pub(super) fn bind(from: &Path, to: &Path, more: MsFlags) -> Result<(), Failure> {
    mount(Some(from), to, NONE, MsFlags::MS_BIND | more, NONE).doing_at("bind mount", to)
}

/// Makes the mount at a path of the container read-only.
pub(super) fn read_only(path: &Path) -> Result<(), Failure> {
    let flags = MsFlags::MS_BIND
        | MsFlags::MS_REMOUNT
        | MsFlags::MS_RDONLY
        | MsFlags::MS_NOSUID
        | MsFlags::MS_NODEV
        | MsFlags::MS_NOEXEC;
    mount(NONE, path, NONE, flags, NONE).doing_at("make read-only", path)
}

/// Mounts a new file system at a path of the container, making the directory
/// when it is missing.
pub(super) fn fresh(kind: &str, path: &str, flags: MsFlags, options: &str) -> Result<(), Failure> {
    let target = Path::new(path);
    if !target.is_dir() {
        std::fs::create_dir_all(target)
            .doing_at("make the mount point", target)
            .map_err(|failure| {
                failure.advise("the image has something else than a directory there")
            })?;
    }
    mount(Some(kind), target, Some(kind), flags, Some(options))
        .doing_at(&format!("mount {kind} at"), target)
}

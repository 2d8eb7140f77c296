//! The container's /dev.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use nix::mount::MsFlags;
use nix::sys::stat::{Mode, SFlag, makedev, mknod};

use super::super::error::{Doing, Failure};
use super::super::mapping::Mapping;
use super::rootfs::{Outside, bind, fresh};

const DEVICES: &[(&str, u64, u64)] = &[
    ("null", 1, 3),
    ("zero", 1, 5),
    ("full", 1, 7),
    ("random", 1, 8),
    ("urandom", 1, 9),
    ("tty", 5, 0),
];
const LINKS: &[(&str, &str)] = &[
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("core", "/proc/kcore"),
    ("ptmx", "pts/ptmx"),
];

/// Mounts /dev and fills it as Docker does.
pub(super) fn make(mapping: &Mapping, outside: &mut Outside) -> Result<(), Failure> {
    fresh("tmpfs", "/dev", MsFlags::MS_NOSUID, "mode=0755,size=65536k")?;
    let dev = Path::new("/dev");
    for (name, major, minor) in DEVICES {
        let path = dev.join(name);
        // As an ordinary user, and in some sandboxes as root, devices cannot
        // be made, but those of the machine can be bound.
        let made = !mapping.has_user_namespace()
            && mknod(
                &path,
                SFlag::S_IFCHR,
                Mode::empty(),
                makedev(*major, *minor),
            )
            .is_ok();
        if made {
            let all = Permissions::from_mode(0o666);
            std::fs::set_permissions(&path, all).doing_at("set the mode of", &path)?;
        } else {
            std::fs::write(&path, "").doing_at("make", &path)?;
            bind(&Path::new("dev").join(name), &path, MsFlags::empty())?;
        }
    }
    for (name, target) in LINKS {
        symlink(target, dev.join(name)).doing_at("make", dev.join(name))?;
    }
    let sealed = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    // The group of terminals, where it exists.
    let group = if mapping.is_single() { "" } else { ",gid=5" };
    let options = format!("newinstance,ptmxmode=0666,mode=0620{group}");
    fresh("devpts", "/dev/pts", sealed, &options)?;
    let sealed = sealed | MsFlags::MS_NODEV;
    fresh("tmpfs", "/dev/shm", sealed, "mode=1777,size=65536k")?;
    if let Err(failure) = fresh("mqueue", "/dev/mqueue", sealed, "") {
        outside.warnings.push(failure.to_string());
    }
    Ok(())
}

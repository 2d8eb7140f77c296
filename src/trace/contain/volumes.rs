//! Directories of the container that have a file system of their own, filled
//! from the image as Docker fills new volumes.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use nix::fcntl::AT_FDCWD;
use nix::mount::MsFlags;
use nix::sys::stat::{Mode, SFlag, UtimensatFlags, mknod, utimensat};
use nix::unistd::{FchownatFlags, Gid, Uid, fchownat};

use super::super::error::{Doing, Failure};
use super::super::mapping::Mapping;
use super::super::spec::Spec;
use super::super::sys::time_of;
use super::rootfs::{Outside, bind};

/// Makes all volumes.
pub(super) fn make(spec: &Spec, mapping: &Mapping, outside: &mut Outside) -> Result<(), Failure> {
    for (index, volume) in spec.volumes.iter().enumerate() {
        let Some(path) = clean(volume) else {
            outside.warnings.push(format!(
                "the volume {volume} is left out: it is no directory below the root"
            ));
            continue;
        };
        if !path.is_dir() {
            fs::create_dir_all(&path)
                .doing_at("make the volume's directory", &path)
                .map_err(|failure| {
                    failure.advise("the image has something else than a directory there")
                })?;
        }
        let store = outside.memory.join("volumes").join(index.to_string());
        fill(&path, &store, mapping.is_single())
            .doing_at("fill the volume at", &path)
            .map_err(|failure| {
                failure.advise("raise the disk limit when the image has much there")
            })?;
        bind(&store, &path, MsFlags::empty())?;
    }
    Ok(())
}

/// The path as Docker takes it: absolute, without `.` and `..`.
pub(super) fn clean(volume: &str) -> Option<PathBuf> {
    let mut path = PathBuf::from("/");
    for part in Path::new(volume).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => {
                path.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    (path != Path::new("/")).then_some(path)
}

/// Copies a directory with everything in it.
fn fill(from: &Path, to: &Path, single: bool) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        let metadata = entry.metadata()?;
        let kind = metadata.file_type();
        if kind.is_dir() {
            fill(&source, &copy, single)?;
            continue;
        }
        if kind.is_symlink() {
            symlink(fs::read_link(&source)?, &copy)?;
        } else if kind.is_file() {
            fs::copy(&source, &copy)?;
        } else if kind.is_fifo() {
            mknod(&copy, SFlag::S_IFIFO, Mode::empty(), 0)?;
        } else {
            // Sockets are of no use without their listener, and devices are
            // not what volumes are for.
            continue;
        }
        dress(&copy, &metadata, single)?;
    }
    dress(to, &fs::metadata(from)?, single)
}

/// Gives a copy the owner, mode and time of the original.
fn dress(copy: &Path, of: &fs::Metadata, single: bool) -> io::Result<()> {
    if !single {
        let owner = (Uid::from_raw(of.uid()), Gid::from_raw(of.gid()));
        fchownat(
            AT_FDCWD,
            copy,
            Some(owner.0),
            Some(owner.1),
            FchownatFlags::AT_SYMLINK_NOFOLLOW,
        )?;
    }
    if !of.file_type().is_symlink() {
        fs::set_permissions(copy, fs::Permissions::from_mode(of.mode() & 0o7777))?;
    }
    let time = time_of(of.mtime(), of.mtime_nsec() as u32);
    utimensat(
        AT_FDCWD,
        copy,
        &time,
        &time,
        UtimensatFlags::NoFollowSymlink,
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_paths_are_made_plain() {
        assert_eq!(clean("/var//lib/./x/"), Some("/var/lib/x".into()));
        assert_eq!(clean("data"), Some("/data".into()));
        assert_eq!(clean("/a/../../.."), None);
        assert_eq!(clean(""), None);
    }
}

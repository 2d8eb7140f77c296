//! Makes the container's file system that of a smaller image: takes paths out of it and gives
//! files other contents. All of it happens in the upper layer; the tree stays as it is.

use std::ffi::OsStr;
use std::fs::{self, File, FileTimes};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::libc;

use super::super::error::{Doing, Failure};
use super::super::spec::Spec;

/// Applies [`Spec::absent`] and [`Spec::contents`]. The container's root is the root directory.
pub(super) fn make(spec: &Spec) -> Result<(), Failure> {
    for path in &spec.absent {
        let path = Path::new(OsStr::from_bytes(path));
        remove(path).doing_at("take out", path)?;
    }
    for (path, contents) in &spec.contents {
        let path = Path::new(OsStr::from_bytes(path));
        change(path, contents).doing_at("change", path)?;
    }
    Ok(())
}

/// Removes a path with all that is in it. Its directory keeps its times, as it has in an image
/// that never had the path.
fn remove(path: &Path) -> io::Result<()> {
    let Some(directory) = path.parent() else {
        return Ok(());
    };
    let times = times(&directory.symlink_metadata()?)?;
    match path.symlink_metadata()?.is_dir() {
        true => fs::remove_dir_all(path)?,
        false => fs::remove_file(path)?,
    }
    File::open(directory)?.set_times(times)
}

/// Writes other contents; owner, mode and times stay.
fn change(path: &Path, contents: &[u8]) -> io::Result<()> {
    let times = times(&path.symlink_metadata()?)?;
    let mut options = File::options();
    options
        .write(true)
        .truncate(true)
        .custom_flags(libc::O_NOFOLLOW);
    let mut file = options.open(path)?;
    file.write_all(contents)?;
    file.set_times(times)
}

fn times(metadata: &fs::Metadata) -> io::Result<FileTimes> {
    let times = FileTimes::new().set_modified(metadata.modified()?);
    Ok(times.set_accessed(metadata.accessed()?))
}

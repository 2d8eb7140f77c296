//! Files that are not whole yet, so that an interrupt can remove them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn list() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    // A thread that panicked while it held the list left the list whole.
    UNFINISHED
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Removes every file that is being written; for when the program is
/// interrupted. No new ones appear afterwards.
pub fn remove_unfinished() {
    let unfinished = list();
    for path in unfinished.iter().rev() {
        // Folders only when they are ours and empty.
        let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
    }
    // The list stays locked: nobody can begin another file.
    std::mem::forget(unfinished);
}

/// A file that is removed unless it gets its final name. Where the system can,
/// it has no name at all until then, so that nothing is left even when the
/// program is killed.
#[derive(Debug)]
pub(crate) struct PartFile {
    file: File,
    folder: PathBuf,
    /// Its name, where it must have one.
    path: Option<PathBuf>,
}

impl PartFile {
    /// Makes a new file in `folder`.
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        let folder = folder.to_owned();
        if let Some(file) = nameless(&folder) {
            return Ok(PartFile {
                file,
                folder,
                path: None,
            });
        }
        let mut unfinished = list();
        let (file, path) = builder().tempfile_in(&folder)?.keep()?;
        unfinished.push(path.clone());
        Ok(PartFile {
            file,
            folder,
            path: Some(path),
        })
    }

    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// A name under which this process can open it.
    pub(super) fn path(&self) -> PathBuf {
        match &self.path {
            Some(path) => path.clone(),
            None => own_path(&self.file),
        }
    }

    /// Gives the file its final name, over whatever has it.
    pub(crate) fn rename(mut self, to: &Path) -> io::Result<()> {
        if self.path.is_none() {
            // A file can only be renamed over another, not linked.
            let mut unfinished = list();
            let link = |path: &Path| link(&self.file, path);
            let (_, path) = builder().make_in(&self.folder, link)?.keep()?;
            unfinished.push(path.clone());
            self.path = Some(path);
        }
        let mut unfinished = list();
        if let Some(path) = &self.path {
            fs::rename(path, to)?;
            unfinished.retain(|other| other != path);
        }
        self.path = None;
        Ok(())
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            let mut unfinished = list();
            // Nothing else can be done about it.
            let _ = fs::remove_file(&path);
            unfinished.retain(|other| *other != path);
        }
    }
}

fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".rslim-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file; the umask takes its share.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}

#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> Option<File> {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = File::from(openat(CWD, folder, flags, Mode::from_raw_mode(0o666)).ok()?);
    // Without /proc it could never get a name.
    fs::metadata(own_path(&file)).ok()?;
    Some(file)
}

#[cfg(target_os = "linux")]
fn own_path(file: &File) -> PathBuf {
    use std::os::fd::AsRawFd;
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

#[cfg(target_os = "linux")]
fn link(file: &File, to: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    let from = own_path(file);
    Ok(linkat(CWD, &from, CWD, to, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn nameless(_folder: &Path) -> Option<File> {
    None
}

#[cfg(not(target_os = "linux"))]
fn own_path(_file: &File) -> PathBuf {
    PathBuf::new()
}

#[cfg(not(target_os = "linux"))]
fn link(_file: &File, _to: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Folders that were made for a result, from the outside in; removed, when
/// they are empty, unless the result is kept.
#[derive(Debug, Default)]
pub(super) struct NewFolders(Vec<PathBuf>);

impl NewFolders {
    /// Makes the folder if it is not there.
    pub(super) fn make(&mut self, path: &Path) -> io::Result<()> {
        let mut unfinished = list();
        match fs::create_dir(path) {
            Ok(()) => {
                self.0.push(path.to_owned());
                unfinished.push(path.to_owned());
                Ok(())
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            Err(e) => Err(e),
        }
    }

    /// They stay.
    pub(super) fn keep(mut self) {
        let made = std::mem::take(&mut self.0);
        list().retain(|path| !made.contains(path));
    }
}

impl Drop for NewFolders {
    fn drop(&mut self) {
        let mut unfinished = list();
        for path in self.0.iter().rev() {
            let _ = fs::remove_dir(path);
            unfinished.retain(|other| other != path);
        }
    }
}

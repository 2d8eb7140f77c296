//! Unpacked images, kept so that running one again costs nothing.
//!
//! Each is a folder named by the image's configuration, whose digest names every byte of it, and
//! by who owns the files. It is made under another name and renamed when it is whole. A lock file
//! beside it is held exclusively while it is made or removed, and shared while it is used.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::error::ReplayError;
use crate::trace::{Mapping, Runner, TraceError, remove, unpack};

/// Why an unpacked image could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum TreesError {
    /// The folder of all of them.
    #[error("cannot find a folder for unpacked images: set RSLIM_CACHE_DIR, or HOME")]
    NoPlace,
    /// Something in it could not be done.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

fn failed<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> TreesError + 'a {
    move |source| TreesError::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}

/// All unpacked images of a user.
#[derive(Debug, Clone)]
pub struct Trees {
    dir: PathBuf,
}

/// An unpacked image that is in use, and so stays as long as this lives.
#[derive(Debug)]
pub struct Cached {
    /// Its root directory.
    pub root: PathBuf,
    /// What was odd when it was unpacked.
    pub warnings: Vec<String>,
    _lock: File,
}

/// One of the unpacked images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Bytes of its files.
    pub bytes: u64,
    /// When it was last used.
    pub used: SystemTime,
    /// Whether it is in use now.
    pub in_use: bool,
}

/// What is known of an unpacked image.
#[derive(Debug, Serialize, Deserialize)]
struct About {
    mapping: Mapping,
    bytes: u64,
    warnings: Vec<String>,
}

impl Trees {
    /// The folder that `RSLIM_CACHE_DIR` names, or the user's own for such things.
    ///
    /// # Errors
    /// [`TreesError::NoPlace`].
    pub fn usual() -> Result<Self, TreesError> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let dir = match (set("RSLIM_CACHE_DIR"), set("XDG_CACHE_HOME"), set("HOME")) {
            (Some(own), ..) => PathBuf::from(own),
            (_, Some(caches), _) => PathBuf::from(caches).join("rslim"),
            (.., Some(home)) => PathBuf::from(home).join(".cache").join("rslim"),
            _ => return Err(TreesError::NoPlace),
        };
        Ok(Trees::at(dir))
    }

    /// Those in a folder.
    pub fn at(dir: PathBuf) -> Self {
        Trees {
            dir: dir.join("trees"),
        }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Gives the unpacked image of this name, made of the tar stream that `write` writes unless it
    /// is there.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn unpacked(
        &self,
        runner: &Runner,
        mapping: &Mapping,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> Result<(), ReplayError> + Send,
    ) -> Result<Cached, ReplayError> {
        // Programs with the rights of other users must not be within everybody's reach.
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir);
        made.map_err(failed("make", &self.dir))?;
        let name = format!("{name}-{}", mapping.key());
        let path = self.dir.join(&name);
        let lock_path = self.dir.join(format!("{name}.lock"));
        let mut write = Some(write);
        loop {
            let lock = self.lock_file(&lock_path)?;
            lock.lock_shared().map_err(failed("lock", &lock_path))?;
            if let Some(about) = about(&path) {
                // Only for the order in which they go.
                let _ = lock.set_modified(SystemTime::now());
                return Ok(Cached {
                    root: path.join("root"),
                    warnings: about.warnings,
                    _lock: lock,
                });
            }
            drop(lock);
            let lock = self.lock_file(&lock_path)?;
            lock.lock().map_err(failed("lock", &lock_path))?;
            // Another process may have made it meanwhile, or taken the lock file away.
            if about(&path).is_none() && is_at(&lock, &lock_path) {
                let Some(write) = write.take() else {
                    let source = io::Error::other("it is removed as soon as it is made");
                    return Err(failed("keep", &path)(source).into());
                };
                self.make(runner, mapping, &path, &lock, write)?;
            }
        }
    }

    fn make(
        &self,
        runner: &Runner,
        mapping: &Mapping,
        path: &Path,
        lock: &File,
        write: impl FnOnce(&mut dyn Write) -> Result<(), ReplayError> + Send,
    ) -> Result<(), ReplayError> {
        let part = path.with_extension("part");
        for left in [&part, &path.to_path_buf()] {
            if left.symlink_metadata().is_ok() {
                remove(runner, mapping, left)?;
            }
        }
        fs::create_dir(&part).map_err(failed("make", &part))?;
        let root = part.join("root");
        let part = part.as_path();
        let unpacked = std::thread::scope(|scope| {
            let (reader, mut writer) = io::pipe()
                .map_err(|source| ReplayError::from(failed("unpack into", part)(source)))?;
            let written = scope.spawn(move || {
                let mut out = BufWriter::with_capacity(256 * 1024, &mut writer);
                write(&mut out)?;
                out.flush().map_err(failed("write into", part))?;
                Ok(())
            });
            let unpacked = unpack(runner, mapping, &root, reader, Some(lock));
            let written = written
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            // Where the reader gave up, the writer only heard of that.
            match (unpacked, written) {
                (Ok(unpacked), Ok(())) => Ok(unpacked),
                (Err(error), _) => Err(ReplayError::from(error)),
                (_, Err(error)) => Err(error),
            }
        });
        let unpacked = match unpacked {
            Ok(unpacked) => unpacked,
            Err(error) => {
                // What is left goes with the next try otherwise.
                let _: Result<_, TraceError> = remove(runner, mapping, part);
                return Err(error);
            }
        };
        let about = About {
            mapping: mapping.clone(),
            bytes: unpacked.bytes,
            warnings: unpacked.warnings,
        };
        let file = part.join("about.json");
        let text = serde_json::to_vec(&about).map_err(io::Error::from);
        let written = text.and_then(|text| fs::write(&file, text));
        written.map_err(failed("write", &file))?;
        fs::rename(part, path).map_err(failed("rename", part))?;
        Ok(())
    }

    fn lock_file(&self, path: &Path) -> Result<File, TreesError> {
        let mut options = File::options();
        options.create(true).truncate(false).read(true).write(true);
        options.open(path).map_err(failed("open", path))
    }

    /// All of them, the longest unused first.
    ///
    /// # Errors
    /// [`TreesError`].
    pub fn list(&self) -> Result<Vec<Listed>, TreesError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("list", &self.dir)(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed("list", &self.dir))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let Some(name) = name.strip_suffix(".lock") else {
                continue;
            };
            let lock = self.lock_file(&entry.path())?;
            let used = lock.metadata().and_then(|metadata| metadata.modified());
            let in_use = matches!(lock.try_lock(), Err(TryLockError::WouldBlock));
            let path = self.dir.join(name);
            // A lock whose image was never whole is listed too, so that it can go.
            let bytes = about(&path).map_or(0, |about| about.bytes);
            found.push(Listed {
                name: name.to_owned(),
                bytes,
                used: used.unwrap_or(SystemTime::UNIX_EPOCH),
                in_use,
            });
        }
        found.sort_by(|a, b| (a.used, &a.name).cmp(&(b.used, &b.name)));
        Ok(found)
    }

    /// Removes those that are not in use, the longest unused first, until the others have at most
    /// so many bytes. Gives those that went.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn prune(&self, runner: &Runner, keep: u64) -> Result<Vec<Listed>, ReplayError> {
        let listed = self.list()?;
        let mut bytes: u64 = listed.iter().map(|one| one.bytes).sum();
        let mut gone = Vec::new();
        for one in listed {
            let path = self.dir.join(&one.name);
            let is_whole = about(&path).is_some();
            if one.in_use || is_whole && bytes <= keep {
                continue;
            }
            let lock_path = self.dir.join(format!("{}.lock", one.name));
            let lock = self.lock_file(&lock_path)?;
            if lock.try_lock().is_err() {
                continue;
            }
            self.remove(runner, &path)?;
            fs::remove_file(&lock_path).map_err(failed("remove", &lock_path))?;
            bytes = bytes.saturating_sub(one.bytes);
            gone.push(one);
        }
        Ok(gone)
    }

    fn remove(&self, runner: &Runner, path: &Path) -> Result<(), ReplayError> {
        for path in [path.to_path_buf(), path.with_extension("part")] {
            if path.symlink_metadata().is_err() {
                continue;
            }
            let mapping = match about(&path) {
                Some(about) => about.mapping,
                None => Mapping::detect((0, 0))?,
            };
            remove(runner, &mapping, &path)?;
        }
        Ok(())
    }
}

/// Whether an open file is still the one of this name.
fn is_at(file: &File, path: &Path) -> bool {
    let same = || -> io::Result<bool> {
        let (open, named) = (file.metadata()?, fs::metadata(path)?);
        Ok((open.dev(), open.ino()) == (named.dev(), named.ino()))
    };
    same().unwrap_or(false)
}

fn about(path: &Path) -> Option<About> {
    let text = fs::read(path.join("about.json")).ok()?;
    serde_json::from_slice(&text).ok()
}

//! Build contexts: what COPY can see.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::LintCommand;
use crate::cli::failure::Failure;
use crate::cli::terminal;
use crate::dockerfile::ignore_file::IgnoreFile;
use crate::lint::{BuildContext, ContextEntry};

/// More files than this are not measured one by one.
const FILE_LIMIT: usize = 2_000_000;

/// By folder and `.dockerignore`; none where that could not be read.
type Known = HashMap<(PathBuf, PathBuf), Option<Arc<BuildContext>>>;

/// Reads each context once.
pub(in crate::cli) struct Contexts {
    given: Option<PathBuf>,
    known: Mutex<Known>,
    failures: Mutex<Vec<Failure>>,
}

impl Contexts {
    pub(in crate::cli) fn new(command: &LintCommand) -> Self {
        Contexts {
            given: command.context.clone(),
            known: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// Tells of each `.dockerignore` that could not be read, and whether there
    /// were any.
    pub(in crate::cli) fn report_failures(&self) -> bool {
        let failures = self
            .failures
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        for failure in failures.iter() {
            terminal::report_failure(failure);
        }
        !failures.is_empty()
    }

    /// The context of a Dockerfile: the one given, else its own folder.
    pub(super) fn of(&self, dockerfile: &Path) -> Result<Option<Arc<BuildContext>>, Failure> {
        let stdin = dockerfile.as_os_str() == "-";
        let folder = match (&self.given, stdin) {
            (Some(folder), _) => folder.clone(),
            (None, true) => return Ok(None),
            (None, false) => match dockerfile.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
                _ => PathBuf::from("."),
            },
        };
        // A file of the Dockerfile's own name goes before the general one.
        let mut own = dockerfile.as_os_str().to_owned();
        own.push(".dockerignore");
        let ignore_file = match Path::new(&own).is_file() && !stdin {
            true => PathBuf::from(own),
            false => folder.join(".dockerignore"),
        };
        let key = (folder, ignore_file);
        let mut known = self
            .known
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(context) = known.get(&key) {
            return Ok(context.clone());
        }
        let context = match ignored(&key.1) {
            Ok(dockerignore) => {
                let context = read(&key.0, dockerignore, self.given.is_some())?;
                Some(Arc::new(context))
            }
            // What is sent is not known then; the rest can be looked at.
            Err(failure) => {
                self.failures
                    .lock()
                    .unwrap_or_else(|poisoned| poisoned.into_inner())
                    .push(failure);
                None
            }
        };
        known.insert(key, context.clone());
        Ok(context)
    }
}

/// The patterns of a `.dockerignore`, where there is one.
fn ignored(file: &Path) -> Result<Option<IgnoreFile>, Failure> {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::of(
                &format!("cannot read {}", file.display()),
                &error,
            ));
        }
    };
    let parsed = IgnoreFile::parse(&String::from_utf8_lossy(&bytes));
    let failed = |error| Failure::of(&file.display().to_string(), &error);
    parsed.map(Some).map_err(failed)
}

fn read(
    folder: &Path,
    dockerignore: Option<IgnoreFile>,
    measure: bool,
) -> Result<BuildContext, Failure> {
    let mut top = Vec::new();
    match std::fs::read_dir(folder) {
        Ok(entries) => {
            top.extend(
                entries.filter_map(|entry| {
                    Some(entry.ok()?.file_name().to_string_lossy().into_owned())
                }),
            );
        }
        Err(error) if measure => {
            return Err(Failure::of(
                &format!("--context {}", folder.display()),
                &error,
            ));
        }
        Err(_) => {}
    }
    top.sort();
    let entries = measure.then(|| list(folder)).transpose()?;
    Ok(BuildContext {
        dockerignore,
        top,
        entries,
    })
}

/// All files below a folder; links are not followed.
fn list(folder: &Path) -> Result<Vec<ContextEntry>, Failure> {
    let mut found = Vec::new();
    for entry in ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .build()
    {
        let entry = entry.map_err(|error| Failure::of("--context", &error))?;
        let Ok(meta) = entry.metadata() else { continue };
        let Ok(path) = entry.path().strip_prefix(folder) else {
            continue;
        };
        if meta.is_file() {
            found.push(ContextEntry {
                path: path.to_string_lossy().into_owned(),
                bytes: meta.len(),
            });
        }
        if found.len() > FILE_LIMIT {
            return Err(Failure::new(format!(
                "--context {}: more than {FILE_LIMIT} files",
                folder.display()
            )));
        }
    }
    Ok(found)
}

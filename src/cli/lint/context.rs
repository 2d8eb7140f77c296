//! Build contexts: what COPY can see.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::LintCommand;
use crate::cli::failure::Failure;
use crate::dockerfile::ignore_file::IgnoreFile;
use crate::lint::{BuildContext, ContextEntry};

/// More files than this are not measured one by one.
const FILE_LIMIT: usize = 2_000_000;

/// Reads each context once.
pub(super) struct Contexts {
    given: Option<PathBuf>,
    known: Mutex<HashMap<(PathBuf, PathBuf), Arc<BuildContext>>>,
}

impl Contexts {
    pub(super) fn new(command: &LintCommand) -> Self {
        Contexts {
            given: command.context.clone(),
            known: Mutex::default(),
        }
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
            return Ok(Some(Arc::clone(context)));
        }
        let context = Arc::new(read(&key.0, &key.1, self.given.is_some())?);
        known.insert(key, Arc::clone(&context));
        Ok(Some(context))
    }
}

fn read(folder: &Path, ignore_file: &Path, measure: bool) -> Result<BuildContext, Failure> {
    let dockerignore = match std::fs::read(ignore_file) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let parsed = IgnoreFile::parse(&text);
            Some(parsed.map_err(|error| Failure::of(&ignore_file.display().to_string(), &error))?)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(Failure::of(
                &format!("cannot read {}", ignore_file.display()),
                &error,
            ));
        }
    };
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

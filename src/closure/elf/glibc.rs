//! How glibc's loader searches.

use std::sync::Arc;

use super::arch::Verdict;
use super::cache::Hwcap;
use super::closure::How;
use super::objects::{Dir, Parsed};
use super::paths::{self, Places, absolute, expand, has, join, parent};
use super::record::{Answer, Hit};
use super::walk::Walk;
use super::{Files, Found};

/// Directories of one search path; the loader has no limit.
const MAX_DIRS: usize = 1024;

/// `LD_LIBRARY_PATH`, the last directories, and the files that the loader reads.
pub(super) type Where = (Vec<Arc<Dir>>, Vec<Arc<Dir>>, Vec<Found>);

pub(super) fn places<F: Files + ?Sized>(walk: &Walk<'_, '_, F>) -> Where {
    let env = walk.config.ld_library_path.as_deref().unwrap_or_default();
    let env = dirs(walk, 0, env, b":;");
    let system = &walk.loader.facts.dirs;
    let system = system
        .iter()
        .map(|dir| walk.objects.dir(&walk.loader, dir))
        .collect();
    let files = [&walk.config.cache_file, &walk.config.preload_file];
    (env, system, files.into_iter().flatten().cloned().collect())
}

/// The directories of an object's own `DT_RPATH` and `DT_RUNPATH`. With the second, the first is
/// as if it were not there.
pub(super) fn own_paths<F: Files + ?Sized>(
    walk: &Walk<'_, '_, F>,
    index: usize,
) -> (Vec<Arc<Dir>>, Vec<Arc<Dir>>) {
    let Some(object) = walk.loaded.get(index).and_then(|loaded| loaded.object()) else {
        return (Vec::new(), Vec::new());
    };
    match (&object.rpath, &object.runpath) {
        (_, Some(runpath)) => (Vec::new(), dirs(walk, index, runpath, b":")),
        (Some(rpath), None) => (dirs(walk, index, rpath, b":"), Vec::new()),
        (None, None) => (Vec::new(), Vec::new()),
    }
}

/// A name with its placeholders replaced, as seen from the object that asks for it.
pub(super) fn name<F: Files + ?Sized>(walk: &Walk<'_, '_, F>, by: usize, name: &[u8]) -> Vec<u8> {
    if !name.contains(&b'$') {
        return name.to_vec();
    }
    replace(
        walk,
        by,
        name,
        platforms(walk).first().copied().unwrap_or_default(),
    )
}

fn platforms<F: Files + ?Sized>(walk: &Walk<'_, '_, F>) -> &'static [&'static str] {
    walk.loader.target.arch().platforms
}

fn replace<F: Files + ?Sized>(
    walk: &Walk<'_, '_, F>,
    index: usize,
    text: &[u8],
    platform: &str,
) -> Vec<u8> {
    let path = walk
        .loaded
        .get(index)
        .map_or(&b"/"[..], |loaded| loaded.path.as_slice());
    let lib = &walk.loader.facts.lib;
    expand(
        text,
        &Places {
            origin: parent(path),
            lib,
            platform: platform.as_bytes(),
        },
    )
}

/// The directories of a search path. An empty element is the working directory; one that no
/// processor has is left out.
fn dirs<F: Files + ?Sized>(
    walk: &Walk<'_, '_, F>,
    index: usize,
    text: &[u8],
    separators: &[u8],
) -> Vec<Arc<Dir>> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut dirs: Vec<Arc<Dir>> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for element in text.split(|byte| separators.contains(byte)).take(MAX_DIRS) {
        if !seen.insert(element) {
            continue;
        }
        let dir = |platform: &str| {
            let path = replace(walk, index, element, platform);
            let trimmed = path
                .iter()
                .rposition(|byte| *byte != b'/')
                .map_or(0, |last| last.saturating_add(1));
            let path = match path.get(..trimmed) {
                Some(b"") | None if path.starts_with(b"/") => b"/".to_vec(),
                Some(b"") | None => walk.config.cwd.clone(),
                Some(path) => absolute(path, &walk.config.cwd),
            };
            walk.objects.dir(&walk.loader, &path)
        };
        let (first, others) = match platforms(walk).split_first() {
            Some((first, others)) => (*first, others),
            None => ("", Default::default()),
        };
        let plain = dir(first);
        let decides = has(element, b"PLATFORM");
        if !decides {
            if plain.exists && walk.spend(plain.path.len()) {
                dirs.push(plain);
            }
            continue;
        }
        let mut variants = plain.variants.clone();
        for platform in others {
            let other = dir(platform);
            if other.exists && other.path != plain.path {
                let label = join(b"platform", platform.as_bytes());
                variants.extend(other.variants.iter().cloned());
                variants.push((label, other.path.clone()));
            }
        }
        let cost = variants.iter().map(|(_, path)| path.len()).sum();
        if (plain.exists || !variants.is_empty()) && walk.spend(cost) {
            dirs.push(Arc::new(Dir {
                path: plain.path.clone(),
                exists: plain.exists,
                variants,
            }));
        }
    }
    dirs
}

/// What a path leads to.
enum Probe {
    Nothing,
    Refused(Arc<Found>, String),
    Good(Arc<Found>, Arc<Parsed>),
}

fn probe<F: Files + ?Sized>(walk: &Walk<'_, '_, F>, path: &[u8]) -> Probe {
    let Some((found, parsed)) = walk.probe(path) else {
        return Probe::Nothing;
    };
    let verdict = match parsed.as_ref() {
        Ok(Some(object)) => walk.loader.target.judge(object),
        Ok(None) => Verdict::Refuse("it is not an ELF file"),
        Err(error) => return Probe::Refused(found, error.to_string()),
    };
    match verdict {
        Verdict::Fits => Probe::Good(found, parsed),
        Verdict::Skip => Probe::Nothing,
        Verdict::Refuse(why) => Probe::Refused(found, why.to_owned()),
    }
}

/// Searches for what the object `by` asks for.
pub(super) fn search<F: Files + ?Sized>(walk: &Walk<'_, '_, F>, by: usize, name: &[u8]) -> Answer {
    let mut search = Search {
        walk,
        name,
        answer: Answer::default(),
    };
    search.all(by);
    search.answer
}

struct Search<'s, 'a, 'f, F: ?Sized> {
    walk: &'s Walk<'a, 'f, F>,
    name: &'s [u8],
    answer: Answer,
}

impl<F: Files + ?Sized> Search<'_, '_, '_, F> {
    fn all(&mut self, by: usize) -> Option<()> {
        let walk = self.walk;
        if self.name.contains(&b'/') {
            let path = absolute(self.name, &walk.config.cwd);
            return self.last(path, How::Path);
        }
        let asker = walk.loaded.get(by)?;
        let object = asker.object()?;
        if object.runpath.is_none() {
            let mut next = Some(asker);
            while let Some(loaded) = next {
                self.through(&loaded.rpath, How::Rpath)?;
                next = loaded.by.and_then(|by| walk.loaded.get(by));
            }
        }
        self.through(&walk.env, How::LdLibraryPath)?;
        self.through(&asker.runpath, How::Runpath)?;
        self.cache(object.nodeflib)?;
        if !object.nodeflib {
            self.through(&walk.system, How::Default)?;
        }
        Some(())
    }

    /// Looks through directories; `None` when the search has ended.
    fn through(&mut self, dirs: &[Arc<Dir>], how: How) -> Option<()> {
        for dir in dirs {
            for (label, path) in &dir.variants {
                self.variant(join(path, self.name), how, label);
            }
            if dir.exists {
                self.last(join(&dir.path, self.name), how)?;
            }
        }
        Some(())
    }

    fn cache(&mut self, nodeflib: bool) -> Option<()> {
        let walk = self.walk;
        let target = &walk.loader.target;
        let cache = walk.config.cache.as_ref();
        let Some(cache) = cache.filter(|cache| cache.order() == target.order) else {
            return Some(());
        };
        let kinds = target.arch().cache;
        let system = &walk.loader.facts.dirs;
        let usable = |path: &[u8]| {
            let below = |dir: &Vec<u8>| {
                path.strip_prefix(dir.as_slice())
                    .is_some_and(|rest| rest.starts_with(b"/"))
            };
            !(nodeflib && system.iter().any(below))
        };
        let mut plain = None;
        for entry in cache.lookup(self.name) {
            if !kinds.is_empty() && !kinds.contains(&entry.flags) {
                continue;
            }
            match entry.hwcap {
                Hwcap::None => {
                    plain = plain.or(Some(entry.path));
                }
                Hwcap::Named(name) if usable(entry.path) => {
                    self.variant(
                        entry.path.to_vec(),
                        How::Cache,
                        &join(b"glibc-hwcaps", name),
                    );
                }
                Hwcap::Legacy(_) if usable(entry.path) => {
                    let label = paths::base_name(parent(entry.path)).to_vec();
                    self.variant(entry.path.to_vec(), How::Cache, &label);
                }
                _ => {}
            }
        }
        match plain.filter(|path| usable(path)) {
            Some(path) => self.last(absolute(path, b"/"), How::Cache),
            None => Some(()),
        }
    }

    /// Takes a file for special processors, if it is there; the search goes on for the others.
    fn variant(&mut self, path: Vec<u8>, how: How, label: &[u8]) {
        if let Probe::Good(found, parsed) = probe(self.walk, &path) {
            let variant = Some(label.to_vec());
            self.answer.hits.push(Hit {
                path,
                found,
                parsed,
                how,
                variant,
            });
        }
    }

    /// Takes a file for all processors: `None` ends the search, for good or for bad.
    fn last(&mut self, path: Vec<u8>, how: How) -> Option<()> {
        match probe(self.walk, &path) {
            Probe::Nothing => return Some(()),
            Probe::Refused(found, why) => self.answer.refused = Some((found, why)),
            Probe::Good(found, parsed) => {
                self.answer.hits.push(Hit {
                    path,
                    found,
                    parsed,
                    how,
                    variant: None,
                });
            }
        }
        None
    }
}

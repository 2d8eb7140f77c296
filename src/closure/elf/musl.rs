//! How musl's loader searches.

use std::sync::Arc;

use super::closure::{How, Why};
use super::config::musl_path;
use super::glibc::Where;
use super::objects::Dir;
use super::paths::{Places, absolute, expand, join, parent};
use super::record::{Answer, Hit};
use super::walk::Walk;
use super::{Files, Flavour};

/// Directories of one search path; the loader has no limit.
const MAX_DIRS: usize = 1024;

/// Libraries that are part of musl's loader: `libc.so`, `libm.so.6` and so on are no files.
const OWN: [&[u8]; 7] = [
    b"c.",
    b"pthread.",
    b"rt.",
    b"m.",
    b"dl.",
    b"util.",
    b"xnet.",
];

/// Whether a name means the loader itself.
pub(super) fn is_itself(name: &[u8], loader: &[u8]) -> bool {
    let own = |rest: &[u8]| OWN.iter().any(|own| rest.starts_with(own));
    name == loader || name.strip_prefix(b"lib").is_some_and(own)
}

/// The environment's directories, and those of the path file, or the usual ones without a file.
pub(super) fn places<F: Files + ?Sized>(walk: &Walk<'_, '_, F>) -> Where {
    debug_assert_eq!(walk.loader.facts.flavour, Flavour::Musl);
    let env = dirs(
        walk,
        walk.config.ld_library_path.as_deref().unwrap_or_default(),
    );
    let (prefix, arch) = walk.loader.musl_place();
    let known = match prefix {
        b"" => walk
            .config
            .musl_paths
            .iter()
            .find(|path| path.arch == arch)
            .cloned(),
        other => musl_path(walk.objects.files(), other, arch),
    };
    match known {
        Some(path) => (env, dirs(walk, &path.text), vec![path.file]),
        None => {
            let usual = walk.loader.facts.dirs.join(&b':');
            (env, dirs(walk, &usual), Vec::new())
        }
    }
}

/// An object's own directories: `DT_RUNPATH` if it has one, else `DT_RPATH`; there is no other
/// difference. With a placeholder other than `$ORIGIN` the whole path counts for nothing.
pub(super) fn own_paths<F: Files + ?Sized>(
    walk: &Walk<'_, '_, F>,
    index: usize,
) -> (Vec<Arc<Dir>>, Vec<Arc<Dir>>) {
    let nothing = (Vec::new(), Vec::new());
    let Some(loaded) = walk.loaded.get(index) else {
        return nothing;
    };
    let Some(object) = loaded.object() else {
        return nothing;
    };
    let (text, runs) = match (&object.rpath, &object.runpath) {
        (_, Some(runpath)) => (runpath, true),
        (Some(rpath), None) => (rpath, false),
        (None, None) => return nothing,
    };
    let strange = text
        .split(|byte| *byte == b'$')
        .skip(1)
        .any(|after| !after.starts_with(b"ORIGIN") && !after.starts_with(b"{ORIGIN}"));
    if strange {
        return nothing;
    }
    // Placeholders in it other than $ORIGIN do not get here.
    let places = Places {
        origin: parent(&loaded.path),
        lib: b"",
        platform: b"",
    };
    let elements = text.split(|byte| b":\n".contains(byte)).take(MAX_DIRS);
    let elements: Vec<_> = elements.map(|element| expand(element, &places)).collect();
    let dirs = dirs(walk, &elements.join(&b':'));
    if runs {
        (Vec::new(), dirs)
    } else {
        (dirs, Vec::new())
    }
}

/// The directories of a search path; empty elements count for nothing.
fn dirs<F: Files + ?Sized>(walk: &Walk<'_, '_, F>, text: &[u8]) -> Vec<Arc<Dir>> {
    let elements = text
        .split(|byte| b":\n".contains(byte))
        .filter(|element| !element.is_empty());
    let mut seen = std::collections::HashSet::new();
    elements
        .take(MAX_DIRS)
        .filter(|element| seen.insert(*element))
        .map(|element| {
            walk.objects
                .dir(&walk.loader, &absolute(element, &walk.config.cwd))
        })
        .filter(|dir| dir.exists && walk.spend(dir.path.len()))
        .collect()
}

/// Searches for what the object `by` asks for. Preloaded objects are not found by the
/// executable's own paths.
pub(super) fn search<F: Files + ?Sized>(
    walk: &Walk<'_, '_, F>,
    by: usize,
    name: &[u8],
    why: Why,
) -> Answer {
    let mut answer = Answer::default();
    if name.contains(&b'/') {
        take(
            walk,
            absolute(name, &walk.config.cwd),
            How::Path,
            &mut answer,
        );
        return answer;
    }
    if through(walk, &walk.env, name, How::LdLibraryPath, &mut answer) {
        return answer;
    }
    let mut next = walk.loaded.get(by).filter(|_| why != Why::Preload);
    while let Some(loaded) = next {
        if through(walk, &loaded.rpath, name, How::Rpath, &mut answer)
            || through(walk, &loaded.runpath, name, How::Runpath, &mut answer)
        {
            return answer;
        }
        next = loaded.by.and_then(|by| walk.loaded.get(by));
    }
    through(walk, &walk.system, name, How::Default, &mut answer);
    answer
}

fn through<F: Files + ?Sized>(
    walk: &Walk<'_, '_, F>,
    dirs: &[Arc<Dir>],
    name: &[u8],
    how: How,
    answer: &mut Answer,
) -> bool {
    dirs.iter()
        .any(|dir| take(walk, join(&dir.path, name), how, answer))
}

/// Takes the file at `path`; whether there is one, good or bad, since musl does not go on.
fn take<F: Files + ?Sized>(
    walk: &Walk<'_, '_, F>,
    path: Vec<u8>,
    how: How,
    answer: &mut Answer,
) -> bool {
    let Some((found, parsed)) = walk.probe(&path) else {
        return false;
    };
    let why = match parsed.as_ref() {
        // musl looks at the type only; a library of another processor cannot be mapped, though.
        Ok(Some(object)) if !(2..=3).contains(&object.e_type) => "it is not a library".to_owned(),
        Ok(Some(object)) if object.class != walk.loader.target.class => {
            "it is for another processor".to_owned()
        }
        Ok(Some(_)) => {
            answer.hits.push(Hit {
                path,
                found,
                parsed,
                how,
                variant: None,
            });
            return true;
        }
        Ok(None) => "it is not an ELF file".to_owned(),
        Err(error) => error.to_string(),
    };
    answer.refused = Some((found, why));
    true
}

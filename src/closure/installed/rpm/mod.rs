//! rpm's packages: the headers in its SQLite or ndb database.

mod relation;
mod remove;
#[cfg(test)]
mod tests;

use super::finder::{Draft, Finder};
use super::package::Manager;
use super::{At, Format};
use crate::analyze::packages::rpm::header::{Header, HeaderError, Tag};
use crate::analyze::packages::rpm::{DIRS, NDB, NOT_OWNED, SQLITE, ndb, sqlite, version};
use crate::closure::files::{Kind, NodeId, join};
pub(super) use remove::{indexes, ndb_without, sqlite_without};

/// The flag of a file that is a licence.
const LICENCE: u32 = 1 << 7;

/// Why a package was not understood.
#[derive(Debug, thiserror::Error)]
enum PackageError {
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error("too many files")]
    Files,
}

pub(super) fn find(finder: &mut Finder<'_>) {
    finder.begin(Manager::Rpm);
    for dir in DIRS {
        let dir = join(b"/", dir);
        let mut known = false;
        let path = join(&dir, SQLITE);
        if let Some(found) = finder.places.files.resolve(&path) {
            known = true;
            if finder.source(found.node, Format::Sqlite) {
                find_in_sqlite(finder, &path, found.node);
                finder.keep_all_in(&dir);
            }
        }
        let path = join(&dir, NDB);
        if let Some(found) = finder.places.files.resolve(&path) {
            known = true;
            if finder.source(found.node, Format::Ndb) {
                find_in_ndb(finder, &path, found.node);
                finder.keep_all_in(&dir);
            }
        }
        let path = join(&dir, b"Packages");
        if !known
            && let Some(found) = finder.places.files.resolve(&path)
            && finder.places.files.size(found.node) > 0
        {
            finder.keep_all_in(&dir);
            finder.fail(
                &path,
                "a Berkeley DB, which is not read; `rpmdb --rebuilddb` of rpm 4.16 or later \
                 makes an SQLite database of it",
            );
        }
    }
}

fn find_in_sqlite(finder: &mut Finder<'_>, path: &[u8], node: NodeId) {
    let log = [path, b"-wal"].concat();
    if let Some(log_found) = finder.places.files.resolve(&log)
        && finder.places.files.size(log_found.node) > 0
    {
        return finder.fail(
            &log,
            "rpm was interrupted: its database lacks the changes in this log",
        );
    }
    let Some(bytes) = finder.read_source(path, node) else {
        return;
    };
    if let Err(error) = remove::check(&bytes) {
        return finder.fail(path, error);
    }
    let read = sqlite::headers(bytes, |row, blob| {
        find_header(finder, path, format_args!("package {row}"), row, blob);
    });
    if let Err(error) = read {
        finder.fail(path, error);
    }
}

fn find_in_ndb(finder: &mut Finder<'_>, path: &[u8], node: NodeId) {
    let Some(bytes) = finder.read_source(path, node) else {
        return;
    };
    if let Err(error) = remove::check_ndb(&bytes) {
        return finder.fail(path, error);
    }
    let read = ndb::headers(&bytes, |found| match found {
        Ok((offset, blob)) => {
            // The offset names the package: numbers are in the slots only.
            let number = i64::try_from(offset).unwrap_or(-1);
            find_header(finder, path, format_args!("offset {offset}"), number, blob);
        }
        Err(error) => finder.fail(path, error),
    });
    if let Err(error) = read {
        finder.fail(path, error);
    }
}

fn find_header(
    finder: &mut Finder<'_>,
    path: &[u8],
    place: std::fmt::Arguments<'_>,
    number: i64,
    blob: &[u8],
) {
    if finder.failed() {
        return;
    }
    let read = Header::parse(blob).map_err(PackageError::from);
    match read.and_then(|header| find_package(finder, &header, number)) {
        Ok(Some(draft)) => finder.add(path, draft),
        Ok(None) => {}
        Err(error) => finder.fail(path, format_args!("{place}: {error}")),
    }
}

fn find_package(
    finder: &mut Finder<'_>,
    header: &Header<'_>,
    number: i64,
) -> Result<Option<Draft>, PackageError> {
    let name = header.string(Tag::Name)?.ok_or(HeaderError::Nameless)?;
    if name == b"gpg-pubkey" {
        // A key that was imported: rpm files it as if it were a package.
        return Ok(None);
    }
    let version = version(header)?;
    let architecture = header.string(Tag::Arch)?.unwrap_or_default();
    let at = At::Number(number);
    let mut draft = Draft::new(Manager::Rpm, name, &version, architecture, at);
    let source = header.string(Tag::SourceRpm)?;
    draft.package.source = source.map(|source| String::from_utf8_lossy(source).into_owned());
    let mut licences = Vec::new();
    let mut error = None;
    let paths = paths(header)?.map_while(|path| path.map_err(|e| error = Some(e)).ok());
    let paths = paths.flatten().inspect(|(path, licence)| {
        if *licence {
            licences.push(path.clone());
        }
    });
    if !draft.own(&mut finder.places, paths.map(|(path, _)| path)) {
        return Err(PackageError::Files);
    }
    if let Some(error) = error {
        return Err(error.into());
    }
    let places = &mut finder.places;
    let found = licences.iter().filter_map(|path| places.locate(path));
    draft.package.licences = found.collect();
    let files = places.files;
    draft
        .package
        .licences
        .retain(|n| files.kind(*n) != Kind::Directory);
    relation::relations(header, &mut draft)?;
    Ok(Some(draft))
}

type Listed = Result<Option<(Vec<u8>, bool)>, HeaderError>;

/// The paths of the files that are there and the package's own, and whether each is a licence.
fn paths<'h>(header: &Header<'h>) -> Result<impl Iterator<Item = Listed> + use<'h>, HeaderError> {
    let dirs = header.strings(Tag::DirNames)?.collect_few()?;
    let mut of_dirs = header.ints(Tag::DirIndexes)?;
    let mut flags = header.ints(Tag::FileFlags)?;
    let mut states = header.bytes(Tag::FileStates)?.iter();
    let names = header.strings(Tag::BaseNames)?;
    Ok(names.map(move |name| {
        let name = name?;
        let at = of_dirs.next().ok_or(HeaderError::FileWithoutDirectory)?;
        let dir = usize::try_from(at).ok().and_then(|at| dirs.get(at));
        let dir = dir.ok_or(HeaderError::FileWithoutDirectory)?;
        let licence = flags.next().is_some_and(|flags| flags & LICENCE != 0);
        let absent = states.next().is_some_and(|state| NOT_OWNED.contains(state));
        // Longer than any path can be: not worth joining.
        let absent = absent || dir.len() > 4096 || name.len() > 4096;
        Ok((!absent).then(|| {
            (
                join(&join(b"/", dir.strip_prefix(b"/").unwrap_or(dir)), name),
                licence,
            )
        }))
    }))
}

//! The configuration that loaders read in the image and its environment.

use std::io;

use super::cache::{self, Cache};
use super::paths::join;
use super::{Files, Found, Kind, NodeId, conf};

/// The largest list of preloaded objects or of musl's directories, in bytes.
const MAX_LIST: usize = 1 << 20;

/// musl's list of directories for one processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MuslPath {
    /// The processor's name in the file's name and the loader's, such as `x86_64`.
    pub arch: Vec<u8>,
    /// The file.
    pub file: Found,
    /// What it says: directories between colons and ends of lines.
    pub text: Vec<u8>,
}

/// What decides where loaders look, apart from the objects themselves.
#[derive(Debug, Clone, Default)]
pub struct LoaderConfig {
    /// `LD_LIBRARY_PATH` of the environment.
    pub ld_library_path: Option<Vec<u8>>,
    /// The objects of `LD_PRELOAD` of the environment.
    pub ld_preload: Vec<Vec<u8>>,
    /// The working directory, where relative paths start: absolute.
    pub cwd: Vec<u8>,
    /// `/etc/ld.so.cache`, read.
    pub cache: Option<Cache>,
    /// The file of the cache.
    pub cache_file: Option<Found>,
    /// The directories of `/etc/ld.so.conf`. **No loader reads them**, `ldconfig` does: they are
    /// for telling people why a library is not found when the cache is missing or old.
    pub conf_dirs: Vec<Vec<u8>>,
    /// The objects of `/etc/ld.so.preload`.
    pub preload: Vec<Vec<u8>>,
    /// The file `/etc/ld.so.preload`.
    pub preload_file: Option<Found>,
    /// The files `/etc/ld-musl-ARCH.path`.
    pub musl_paths: Vec<MuslPath>,
    /// What could not be read, in words.
    pub problems: Vec<String>,
}

impl LoaderConfig {
    /// Reads the loaders' files of an image. Never fails: a loader goes on without a file that it
    /// cannot use; [`LoaderConfig::problems`] names them.
    pub fn read<F: Files + ?Sized>(files: &F, ld_library_path: Option<&[u8]>) -> Self {
        let mut config = Self {
            ld_library_path: ld_library_path.map(<[u8]>::to_vec),
            cwd: b"/".to_vec(),
            conf_dirs: conf::directories(files, b"/etc/ld.so.conf"),
            ..Self::default()
        };
        if let Some((file, bytes)) = config.file(files, "/etc/ld.so.cache", cache::MAX_FILE) {
            match Cache::parse(bytes) {
                Ok(cache) => config.cache = Some(cache),
                Err(error) => config.problems.push(format!("/etc/ld.so.cache: {error}")),
            }
            config.cache_file = Some(file);
        }
        if let Some((file, bytes)) = config.file(files, "/etc/ld.so.preload", MAX_LIST) {
            for line in lines(&bytes) {
                config.preload.extend(split(line, b" \t:"));
            }
            config.preload_file = Some(file);
        }
        let etc = files
            .resolve(b"/etc")
            .map(|etc| files.children(etc.node))
            .unwrap_or_default();
        for (name, _) in etc {
            if let Some(arch) = name
                .strip_prefix(b"ld-musl-")
                .and_then(|n| n.strip_suffix(b".path"))
                && let Some(path) = musl_path(files, b"", arch)
            {
                config.musl_paths.push(path);
            }
        }
        config
    }

    /// The same with `LD_PRELOAD` of the environment: names between spaces or colons.
    #[must_use]
    pub fn with_preload(mut self, ld_preload: &[u8]) -> Self {
        self.ld_preload = split(ld_preload, b" :").collect();
        self
    }

    /// The same with another working directory, which is absolute.
    #[must_use]
    pub fn with_cwd(mut self, cwd: &[u8]) -> Self {
        self.cwd = cwd.to_vec();
        self
    }

    fn file<F: Files + ?Sized>(
        &mut self,
        files: &F,
        path: &str,
        max: usize,
    ) -> Option<(Found, Vec<u8>)> {
        let found = files.resolve(path.as_bytes())?;
        match read_file(files, found.node, max) {
            Ok(bytes) => Some((found, bytes)),
            Err(error) => {
                self.problems.push(format!("{path}: {error}"));
                None
            }
        }
    }
}

/// musl's list of directories for a loader in `PREFIX/lib`.
pub(super) fn musl_path<F: Files + ?Sized>(
    files: &F,
    prefix: &[u8],
    arch: &[u8],
) -> Option<MuslPath> {
    let name = [b"ld-musl-", arch, b".path"].concat();
    let file = files.resolve(&join(&join(prefix, b"etc"), &name))?;
    // A file that is there but cannot be read counts as an empty list.
    let text = read_file(files, file.node, MAX_LIST).unwrap_or_default();
    Some(MuslPath {
        arch: arch.to_vec(),
        file,
        text,
    })
}

/// The non-empty parts between any of `separators`.
fn split<'a>(text: &'a [u8], separators: &'a [u8]) -> impl Iterator<Item = Vec<u8>> + 'a {
    text.split(|byte| separators.contains(byte))
        .filter(|part| !part.is_empty())
        .map(<[u8]>::to_vec)
}

/// The lines that say something, without what follows a `#`.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
        .map(|line| {
            line.split(|byte| *byte == b'#')
                .next()
                .unwrap_or_default()
                .trim_ascii()
        })
        .filter(|line| !line.is_empty())
}

/// A whole regular file of at most `max` bytes.
pub(super) fn read_file<F: Files + ?Sized>(
    files: &F,
    node: NodeId,
    max: usize,
) -> io::Result<Vec<u8>> {
    if files.kind(node) != Kind::File {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ));
    }
    let size = usize::try_from(files.size(node))
        .ok()
        .filter(|size| *size <= max);
    let size = size.ok_or_else(|| io::Error::new(io::ErrorKind::FileTooLarge, "too large"))?;
    files.read(node, 0, size)
}

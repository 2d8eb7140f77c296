//! One file of an image → one new file in a folder.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::oci::escape_bytes;

/// Bytes that most file systems take as a name.
const NAME: usize = 200;

/// A name for a file, made of the one it has in the image: one component, nothing
/// that a terminal or a shell takes for something else.
pub fn proposed_name(name: &[u8]) -> String {
    let mut out = String::new();
    for c in escape_bytes(name).chars() {
        let c = match c.is_alphanumeric() || "._-+@,=~".contains(c) {
            true => c,
            false => '_',
        };
        // The name must not be hidden, nor look like an option.
        if out.is_empty() && matches!(c, '.' | '-' | '~') {
            continue;
        }
        if out.len() + c.len_utf8() > NAME {
            break;
        }
        out.push(c);
    }
    match out.is_empty() {
        true => "file".to_owned(),
        false => out,
    }
}

/// Whether a name that was typed is one for a new file in the folder itself.
///
/// # Errors
/// What is wrong with it, in words.
pub fn checked_name(name: &str) -> Result<(), &'static str> {
    match name {
        "" => Err("a name is needed"),
        "." | ".." => Err("this names a folder"),
        name if name.contains('/') => {
            Err("a name without / is needed: files go to the working folder")
        }
        name if name.chars().any(char::is_control) => Err("the name has control characters"),
        name if name.len() > 255 => Err("the name is too long"),
        _ => Ok(()),
    }
}

/// Writes a new file `name` in `folder`; nothing of that name may be there. The
/// file appears whole or not at all.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where something is there, else what the
/// operating system or `write` says.
pub fn write_new(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<PathBuf> {
    checked_name(name).map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
    let place = folder.join(name);
    if place.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let mut file = tempfile::Builder::new()
        .prefix(".rslim-")
        // As of any new file: what the user's mask leaves.
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    let mut out = io::BufWriter::new(file.as_file_mut());
    write(&mut out)?;
    out.flush()?;
    drop(out);
    // What came there meanwhile stays.
    file.persist_noclobber(&place)
        .map_err(|error| error.error)?;
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_image_are_one_harmless_component() {
        #[track_caller]
        fn check(name: &[u8], want: &str) {
            assert_eq!(proposed_name(name), want);
            assert_eq!(checked_name(want), Ok(()));
        }
        check(b"passwd", "passwd");
        check(b".bashrc", "bashrc");
        check(b"--rf *", "rf__");
        check(b"..", "file");
        check(b"a\x1b[2Jb\nc", "a__2Jb_c");
        check("x\u{202e}gpj.exe".as_bytes(), "x_gpj.exe");
        check(b"a\xffb", "a_FFb");
        assert!(proposed_name(&[b'x'; 300]).len() <= NAME);
    }

    #[test]
    fn nothing_is_overwritten_and_nothing_half_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &'static [u8]| move |out: &mut dyn Write| out.write_all(text);
        write_new(folder.path(), "a", write(b"one")).unwrap();
        let again = write_new(folder.path(), "a", write(b"two")).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        let broken = write_new(folder.path(), "b", |_| Err(io::Error::other("gone")));
        assert!(broken.is_err());
        assert!(write_new(folder.path(), "../c", write(b"x")).is_err());
        let names = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 1);
        assert_eq!(std::fs::read(folder.path().join("a")).unwrap(), b"one");
    }
}

//! Runs this program from a sealed copy in memory.
//!
//! A program of the image can get hold of the file that its container's
//! processes were started from, as `/proc/self/exe`, and when the user inside
//! is the file's owner outside it could write to it. A copy that nobody can
//! write to takes that away.

use std::ffi::CString;
use std::fs::File;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::unistd::fexecve;

const NAME: &str = "contain";

/// Executes a sealed copy of this program with the same arguments, unless
/// this already is one. It returns where copies cannot be made or executed;
/// the program then goes on as it is.
pub(super) fn execute() {
    let name = std::fs::read_link("/proc/self/exe").unwrap_or_default();
    if name
        .as_os_str()
        .as_bytes()
        .starts_with(format!("/memfd:{NAME}").as_bytes())
    {
        return;
    }
    // The reason does not matter: there is nothing to be done about it here.
    let _: Option<()> = copy_and_execute();
}

fn copy_and_execute() -> Option<()> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let mut copy = File::from(memfd_create(NAME, flags).ok()?);
    std::io::copy(&mut File::open("/proc/self/exe").ok()?, &mut copy).ok()?;
    let seals = SealFlag::F_SEAL_WRITE
        | SealFlag::F_SEAL_SHRINK
        | SealFlag::F_SEAL_GROW
        | SealFlag::F_SEAL_SEAL;
    fcntl(&copy, FcntlArg::F_ADD_SEALS(seals)).ok()?;
    let arguments: Vec<CString> = std::env::args_os()
        .map(|argument| CString::new(argument.into_vec()))
        .collect::<Result<_, _>>()
        .ok()?;
    let environment: Vec<CString> = std::env::vars_os()
        .map(|(key, value)| {
            let mut entry = key.into_vec();
            entry.push(b'=');
            entry.extend(value.into_vec());
            CString::new(entry)
        })
        .collect::<Result<_, _>>()
        .ok()?;
    fexecve(&copy, &arguments, &environment).ok()?;
    None
}

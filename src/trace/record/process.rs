//! Reads what a process that waits in a call has in its memory and in /proc.

use std::io::IoSliceMut;
use std::os::unix::ffi::OsStringExt;

use nix::errno::Errno;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;

/// No path of a call may be longer, with the zero at its end.
const LONGEST: usize = 4096;
const PAGE: usize = 4096;
/// Most paths are shorter, and reading less is quicker.
const FIRST: usize = 256;

/// Reads the string at an address, without its end. One that is too long is
/// an error as it is for the kernel.
pub(super) fn text(thread: i32, address: u64) -> Result<Vec<u8>, Errno> {
    let mut found = Vec::new();
    let mut address = usize::try_from(address).map_err(|_| Errno::EFAULT)?;
    let mut chunk = [0; PAGE];
    while found.len() < LONGEST {
        // Not over the end of a page: what follows may not be there.
        let to_page_end = PAGE - address % PAGE;
        let size = if found.is_empty() {
            to_page_end.min(FIRST)
        } else {
            to_page_end
        };
        let count = read(thread, address, &mut chunk[..size])?;
        if let Some(end) = chunk[..count].iter().position(|byte| *byte == 0) {
            found.extend(&chunk[..end]);
            if found.len() >= LONGEST {
                break;
            }
            return Ok(found);
        }
        found.extend(&chunk[..count]);
        address = address.checked_add(count).ok_or(Errno::EFAULT)?;
    }
    Err(Errno::ENAMETOOLONG)
}

/// Reads the bytes at an address, as many as there are.
pub(super) fn read(thread: i32, address: usize, into: &mut [u8]) -> Result<usize, Errno> {
    let len = into.len();
    let mut local = [IoSliceMut::new(into)];
    let remote = [RemoteIoVec { base: address, len }];
    match process_vm_readv(Pid::from_raw(thread), &mut local, &remote)? {
        0 => Err(Errno::EFAULT),
        count => Ok(count),
    }
}

/// Where a link of the process in /proc leads to, such as `cwd` or `fd/3`.
/// `None` for one without a path.
pub(super) fn link(thread: i32, name: &str) -> Option<Vec<u8>> {
    let path = std::fs::read_link(format!("/proc/{thread}/{name}"))
        .ok()?
        .into_os_string()
        .into_vec();
    (path.first() == Some(&b'/')).then_some(path)
}

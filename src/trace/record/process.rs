//! Reads what a process that waits in a call has in its memory and in /proc.

use std::io::IoSliceMut;
use std::os::unix::ffi::OsStringExt;
use std::time::{Duration, Instant};

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
    while found.len() < LONGEST {
        // Not over the end of a page: what follows may not be there.
        let to_page_end = PAGE - address % PAGE;
        let size = if found.is_empty() {
            to_page_end.min(FIRST)
        } else {
            to_page_end
        };
        let start = found.len();
        found.resize(start + size, 0);
        let count = read(thread, address, &mut found[start..])?;
        found.truncate(start + count);
        if let Some(end) = memchr::memchr(0, &found[start..]) {
            found.truncate(start + end);
            if found.len() >= LONGEST {
                break;
            }
            return Ok(found);
        }
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

/// No number of a process is given again so soon.
const FRESH: Duration = Duration::from_millis(10);

/// The programs that threads run: one makes many calls in a row.
#[derive(Debug, Default)]
pub(super) struct Programs {
    last: Option<(i32, Instant, Vec<u8>)>,
}

impl Programs {
    /// The program of a thread; empty where that is not known.
    pub(super) fn of(&mut self, thread: i32) -> Vec<u8> {
        let now = Instant::now();
        match &self.last {
            Some((of, since, program)) if *of == thread && now - *since < FRESH => program.clone(),
            _ => {
                let program = link(thread, "exe").unwrap_or_default();
                self.last = Some((thread, now, program.clone()));
                program
            }
        }
    }

    /// Says that a thread is about to run another program.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }
}

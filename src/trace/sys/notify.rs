//! The listener of a seccomp filter: receives the calls of the filtered
//! processes and answers them.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::filter::Program;
use super::process::adopt;

/// One call that waits for an answer.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Notification {
    /// The kernel's name for it.
    pub(in super::super) id: u64,
    /// The thread that made it, as this process numbers threads.
    pub(in super::super) thread: i32,
    /// The number of the call.
    pub(in super::super) number: i64,
    /// Its arguments.
    pub(in super::super) arguments: [u64; 6],
}

/// The receiving end of a filter.
#[derive(Debug)]
pub(in super::super) struct Notifier {
    fd: OwnedFd,
}

/// Puts the calling thread under the filter and returns its listener.
pub(in super::super) fn install(program: &Program) -> io::Result<OwnedFd> {
    let listener = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    // With the second flag a signal does not interrupt a call that the
    // listener has already taken, as it would not interrupt the call itself;
    // the kernel knows it since 5.19.
    match load(
        program,
        listener | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
    ) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => load(program, listener),
        other => other,
    }
    .map(adopt)
}

/// Puts the calling thread under a filter that needs no listener.
pub(in super::super) fn install_plain(program: &Program) -> io::Result<()> {
    load(program, 0).map(|_| ())
}

fn load(program: &Program, flags: libc::c_ulong) -> io::Result<i32> {
    let steps = program.steps();
    let header = libc::sock_fprog {
        len: u16::try_from(steps.len()).map_err(|_| io::ErrorKind::InvalidInput)?,
        filter: steps.as_ptr().cast_mut(),
    };
    // SAFETY: the header points at `len` live steps, which the kernel copies
    // and does not change.
    let done = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER as libc::c_ulong,
            flags,
            &header as *const libc::sock_fprog,
        )
    };
    if done < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(done as i32)
}

impl Notifier {
    /// Takes a listener that came from [`install`].
    pub(in super::super) fn new(fd: OwnedFd) -> Notifier {
        const SYNC_WAKE_UP: libc::c_ulong = 1;
        // SAFETY: the argument of this request is a number. Kernels before
        // 6.6 do not know it and answer with an error, which only costs time.
        unsafe {
            libc::ioctl(
                fd.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS as _,
                SYNC_WAKE_UP,
            )
        };
        Notifier { fd }
    }

    /// Waits for a call. `None` when the caller was killed meanwhile, or a
    /// signal came first.
    pub(in super::super) fn receive(&self) -> io::Result<Option<Notification>> {
        // SAFETY: seccomp_notif is plain data, and the kernel demands zeroes.
        let mut raw: libc::seccomp_notif = unsafe { std::mem::zeroed() };
        // SAFETY: the request writes one seccomp_notif into live memory.
        let done = unsafe {
            libc::ioctl(
                self.fd.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_RECV as _,
                &mut raw,
            )
        };
        if done != 0 {
            let error = io::Error::last_os_error();
            return match error.raw_os_error() {
                Some(libc::ENOENT | libc::EINTR) => Ok(None),
                _ => Err(error),
            };
        }
        Ok(Some(Notification {
            id: raw.id,
            thread: raw.pid as i32,
            number: i64::from(raw.data.nr),
            arguments: raw.data.args,
        }))
    }

    /// Whether no filtered process is left.
    pub(in super::super) fn is_over(&self) -> bool {
        let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::empty())];
        let polled = poll(&mut fds, PollTimeout::ZERO);
        polled.is_ok_and(|ready| ready > 0)
    }

    /// Lets the call go on as if there were no filter; `false` when the caller
    /// is no longer there.
    pub(in super::super) fn proceed(&self, call: &Notification) -> bool {
        self.send(call, 0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32)
    }

    /// Ends the call with this error, or with success for 0; `false` when the
    /// caller is no longer there.
    pub(in super::super) fn answer(&self, call: &Notification, error: i32) -> bool {
        self.send(call, -error, 0)
    }

    fn send(&self, call: &Notification, error: i32, flags: u32) -> bool {
        let response = libc::seccomp_notif_resp {
            id: call.id,
            val: 0,
            error,
            flags,
        };
        // SAFETY: the request reads one seccomp_notif_resp from live memory.
        let done = unsafe {
            libc::ioctl(
                self.fd.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_SEND as _,
                &response,
            )
        };
        done == 0
    }
}

impl AsFd for Notifier {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

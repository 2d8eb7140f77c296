//! Fork, descriptors and signals of the processes inside the container.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::libc;
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, signal, sigprocmask};
use nix::sys::time::TimeSpec;
use nix::unistd::{ForkResult, Pid};

/// Forks. Callers are the processes of [`contain`](super::super::contain),
/// which never start a thread.
pub(in super::super) fn fork() -> io::Result<ForkResult> {
    // SAFETY: the process has one thread, so the child finds no lock held by
    // a thread that does not exist in it.
    unsafe { nix::unistd::fork() }.map_err(io::Error::from)
}

/// Takes a descriptor that the kernel has just put into this process (through
/// SCM_RIGHTS, or as the standard input this program was started with).
pub(in super::super) fn adopt(fd: RawFd) -> OwnedFd {
    // SAFETY: nobody else in this process knows the number yet, so this is
    // its only owner.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Gives signals the dispositions and the mask that a new program expects.
/// Rust's start-up ignores SIGPIPE, and a shell's background job may ignore
/// more.
pub(in super::super) fn reset_signals() -> io::Result<()> {
    for number in Signal::iterator() {
        if number != Signal::SIGKILL && number != Signal::SIGSTOP {
            // SAFETY: the default disposition runs no code of this process.
            unsafe { signal(number, SigHandler::SigDfl) }?;
        }
    }
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)?;
    Ok(())
}

/// Marks every descriptor from `first` up as closed by the next exec.
pub(in super::super) fn keep_only_on_exec(first: u32) -> io::Result<()> {
    range(first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC)
}

/// Closes every descriptor above the standard three but those given.
pub(in super::super) fn close_others(kept: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut numbers: Vec<u32> = kept.iter().map(|fd| fd.as_raw_fd() as u32).collect();
    numbers.sort_unstable();
    let mut next = 3;
    for number in numbers {
        if number > next {
            range(next, number - 1, 0)?;
        }
        next = next.max(number.saturating_add(1));
    }
    range(next, u32::MAX, 0)
}

fn range(first: u32, last: u32, flags: libc::c_uint) -> io::Result<()> {
    // SAFETY: numbers only. Descriptors that this process still uses are kept
    // by the callers' choice of the range.
    let done = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Sets an extended attribute of a file named by `path`, not following a link
/// in its last part.
pub(in super::super) fn set_xattr(path: &CStr, name: &CStr, value: &[u8]) -> io::Result<()> {
    // SAFETY: both strings are NUL-terminated and live, and the value is
    // given with its length.
    let done = unsafe {
        libc::lsetxattr(
            path.as_ptr(),
            name.as_ptr(),
            value.as_ptr().cast(),
            value.len(),
            0,
        )
    };
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// A time of the kernel's kind; the field types differ between machines.
pub(in super::super) fn time_of(seconds: i64, nanoseconds: u32) -> TimeSpec {
    TimeSpec::new(seconds as _, nanoseconds as _)
}

/// Sends a signal by its number, which may be one of the real-time signals
/// that the safe wrapper has no name for.
pub(in super::super) fn send_signal(to: Pid, number: i32) -> io::Result<()> {
    // SAFETY: numbers only.
    let done = unsafe { libc::kill(to.as_raw(), number) };
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// How a process has ended or why it has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Change {
    /// With this exit status.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// By a signal, or at one of ptrace's events.
    Stopped {
        /// The signal.
        signal: i32,
        /// The event; 0 for none.
        event: i32,
    },
}

/// A child or traced process that has ended or stopped since the last call;
/// `None` when there is none. Unlike the safe wrapper it knows all signals.
pub(in super::super) fn changed_child() -> Option<(Pid, Change)> {
    loop {
        let mut status = 0;
        // SAFETY: the status is a live integer.
        let process = unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG | libc::__WALL) };
        if process < 0 && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted {
            continue;
        }
        if process <= 0 {
            return None;
        }
        let change = if libc::WIFEXITED(status) {
            Change::Exited(libc::WEXITSTATUS(status))
        } else if libc::WIFSIGNALED(status) {
            Change::Killed(libc::WTERMSIG(status))
        } else if libc::WIFSTOPPED(status) {
            Change::Stopped {
                signal: libc::WSTOPSIG(status),
                event: status >> 16,
            }
        } else {
            continue;
        };
        return Some((Pid::from_raw(process), change));
    }
}

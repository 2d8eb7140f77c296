//! The recorder: a process inside the container that is asked about the
//! calls of the others, writes down what they touch, and lets them go on.

mod access;
mod calls;
pub(super) mod event;
mod interpreter;
mod listener;
mod process;
mod ptrace;
mod resolve;
pub(super) mod witness;

pub(super) use calls::answers;
pub(super) use ptrace::{SEIZED, serve as serve_stopped};

use std::io::IoSliceMut;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
use nix::unistd::Pid;

use super::sys;
use access::Recorder;
use event::Sink;
use listener::{Served, lock};

/// Events wait at most this long for company on their way out.
const TICK: u16 = 200;
/// This many bytes of them go out at once.
const ENOUGH: usize = 32 << 10;
/// What is left of the container gets so long to end after its end.
const LAST_CALLS: Duration = Duration::from_secs(5);

/// Serves the filters whose listeners arrive over `control`, until that is
/// closed and all filtered processes have ended.
pub(super) fn serve(control: OwnedFd, events: OwnedFd, single: bool) -> std::io::Result<()> {
    let recorder = Recorder::new(Sink::new(events.into()), single);
    let recorder = Arc::new(Mutex::new(recorder));
    let mut served: Vec<Served> = Vec::new();
    let mut open = true;
    let mut until = None;
    while open || !served.is_empty() {
        if until.is_some_and(|until| Instant::now() > until) {
            break;
        }
        let ready = wait(open.then_some(control.as_fd()), &served)?;
        if ready.iter().all(|flags| flags.is_empty()) {
            lock(&recorder).flush()?;
        }
        let (mine, theirs) = ready.split_at(usize::from(open));
        let mut rest = Vec::with_capacity(served.len() + 1);
        for (mut one, ready) in served.into_iter().zip(theirs) {
            if one.go_on(*ready, &recorder)? {
                rest.push(one);
            }
        }
        served = rest;
        if mine.first().is_some_and(|flags| !flags.is_empty()) {
            match introduction(control.as_fd())? {
                Some((process, _, fd)) => served.push(Served::start(fd, process, &recorder)),
                None => {
                    open = false;
                    until = Some(Instant::now() + LAST_CALLS);
                }
            }
        }
    }
    lock(&recorder).finish()
}

fn wait(control: Option<BorrowedFd<'_>>, served: &[Served]) -> std::io::Result<Vec<PollFlags>> {
    let control = control.map(|fd| PollFd::new(fd, PollFlags::POLLIN));
    let served = served
        .iter()
        .map(|one| PollFd::new(one.as_fd(), one.awaited()));
    let mut fds: Vec<PollFd<'_>> = control.into_iter().chain(served).collect();
    match poll(&mut fds, PollTimeout::from(TICK)) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(fds
        .iter()
        .map(|fd| fd.revents().unwrap_or(PollFlags::empty()))
        .collect())
}

/// Hears of a starting program: which it is, its process, and the descriptor
/// that came along. `None` when no more can come.
fn introduction(control: BorrowedFd<'_>) -> std::io::Result<Option<(u32, Pid, OwnedFd)>> {
    let mut bytes = [0; 8];
    let mut space = nix::cmsg_space!([i32; 1]);
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let received = recvmsg::<()>(
        control.as_raw_fd(),
        &mut parts,
        Some(&mut space),
        MsgFlags::MSG_CMSG_CLOEXEC,
    )?;
    if received.bytes == 0 {
        return Ok(None);
    }
    let fd = received
        .cmsgs()?
        .find_map(|control| match control {
            ControlMessageOwned::ScmRights(fds) => fds.first().copied(),
            _ => None,
        })
        .map(sys::adopt)
        .ok_or_else(|| std::io::Error::other("a program was introduced without a descriptor"))?;
    let [a, b, c, d, rest @ ..] = bytes;
    let process = Pid::from_raw(i32::from_le_bytes(rest));
    Ok(Some((u32::from_le_bytes([a, b, c, d]), process, fd)))
}

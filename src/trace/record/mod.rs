//! The recorder: a process inside the container that is asked about the
//! calls of the others, writes down what they touch, and lets them go on.

mod access;
mod calls;
pub(super) mod event;
mod interpreter;
mod process;
mod ptrace;
mod resolve;
pub(super) mod witness;

pub(super) use calls::answers;
pub(super) use ptrace::{SEIZED, serve as serve_stopped};

use std::io::IoSliceMut;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
use nix::unistd::Pid;

use super::sys::{self, Notifier};
use access::Recorder;
use event::Sink;

/// Events wait at most this long for company on their way out.
const LINGER: u16 = 5;
/// This many bytes of them go out at once.
const ENOUGH: usize = 32 << 10;
/// What is left of the container gets so long to end after its end.
const LAST_CALLS: Duration = Duration::from_secs(5);

/// One filter, with the program it was started for.
struct Served {
    notifier: Notifier,
    process: u32,
    /// Until the program itself has been executed.
    starting: bool,
}

/// Serves the filters whose listeners arrive over `control`, until that is
/// closed and all filtered processes have ended.
pub(super) fn serve(control: OwnedFd, events: OwnedFd, single: bool) -> std::io::Result<()> {
    let mut recorder = Recorder::new(Sink::new(events.into()), single);
    let mut served: Vec<Served> = Vec::new();
    let mut open = true;
    let mut until = None;
    while open || !served.is_empty() {
        if until.is_some_and(|until| Instant::now() > until) {
            break;
        }
        let ready = wait(
            open.then_some(control.as_fd()),
            &served,
            if recorder.waiting() > 0 { LINGER } else { 200 },
        )?;
        if ready.iter().all(|flags| flags.is_empty()) {
            recorder.flush()?;
            continue;
        }
        let (mine, theirs) = ready.split_at(usize::from(open));
        let mut gone = Vec::new();
        for (index, flags) in theirs.iter().enumerate() {
            let Some(one) = served.get_mut(index) else {
                continue;
            };
            if flags.contains(PollFlags::POLLIN) {
                if let Some(call) = one.notifier.receive()? {
                    let look = recorder.look(&call, one.starting);
                    let answered = if look.pretend {
                        one.notifier.answer(&call, 0)
                    } else {
                        one.notifier.proceed(&call)
                    };
                    // The answer fails when the caller was killed meanwhile.
                    // Then the call is not carried out, and what was read may
                    // have been of another process with its number.
                    if answered {
                        recorder.keep(&look, one.process);
                    }
                    one.starting &= !look.executes;
                }
            } else if !flags.is_empty() {
                gone.push(index);
            }
        }
        for index in gone.into_iter().rev() {
            served.remove(index);
        }
        if mine.first().is_some_and(|flags| !flags.is_empty()) {
            match accept(control.as_fd())? {
                Some(one) => served.push(one),
                None => {
                    open = false;
                    until = Some(Instant::now() + LAST_CALLS);
                }
            }
        }
        if recorder.waiting() >= ENOUGH {
            recorder.flush()?;
        }
    }
    recorder.finish()
}

fn wait(
    control: Option<BorrowedFd<'_>>,
    served: &[Served],
    timeout: u16,
) -> std::io::Result<Vec<PollFlags>> {
    let mut fds: Vec<PollFd<'_>> = control
        .into_iter()
        .chain(served.iter().map(|one| one.notifier.as_fd()))
        .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
        .collect();
    match poll(&mut fds, PollTimeout::from(timeout)) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(fds
        .iter()
        .map(|fd| fd.revents().unwrap_or(PollFlags::empty()))
        .collect())
}

/// Takes a listener; `None` when no more can come.
fn accept(control: BorrowedFd<'_>) -> std::io::Result<Option<Served>> {
    Ok(introduction(control)?.map(|(process, _, fd)| Served {
        notifier: Notifier::new(fd),
        process,
        starting: true,
    }))
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

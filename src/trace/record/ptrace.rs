//! The recorder for systems without a listener: stops the processes at the
//! filtered calls through ptrace. It sees the same, and is slower.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;

use super::super::sys::{self, Change};
use super::access::Recorder;
use super::event::Sink;
use super::{ENOUGH, LAST_CALLS, TICK, introduction};

/// What a starting program hears when it is traced.
pub(in super::super) const SEIZED: &str = "traced";

const EVENT_FORK: i32 = 1;
const EVENT_VFORK: i32 = 2;
const EVENT_CLONE: i32 = 3;
const EVENT_EXEC: i32 = 4;
const EVENT_SECCOMP: i32 = 7;
const EVENT_STOP: i32 = 128;

/// Who is traced.
#[derive(Default)]
struct Traced {
    /// For each thread the program it belongs to, and whether that has yet to
    /// be executed.
    of: HashMap<Pid, (u32, bool)>,
    /// New threads that stopped before their parent told of them.
    early: HashSet<Pid>,
}

/// Traces the programs that are introduced over `control`, until that is
/// closed and all of them have ended.
pub(in super::super) fn serve(
    control: OwnedFd,
    events: OwnedFd,
    single: bool,
) -> std::io::Result<()> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGCHLD);
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&signals), None)?;
    let changes = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    let mut recorder = Recorder::new(Sink::new(events.into()), single);
    let mut traced = Traced::default();
    let mut open = true;
    let mut until = None;
    while open || !traced.of.is_empty() {
        if until.is_some_and(|until| Instant::now() > until) {
            break;
        }
        let mut fds = vec![PollFd::new(changes.as_fd(), PollFlags::POLLIN)];
        if open {
            fds.push(PollFd::new(control.as_fd(), PollFlags::POLLIN));
        }
        match poll(&mut fds, PollTimeout::from(TICK)) {
            Ok(0) => recorder.flush()?,
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let called = fds
            .get(1)
            .is_some_and(|fd| fd.revents().is_some_and(|flags| !flags.is_empty()));
        while let Ok(Some(_)) = changes.read_signal() {}
        while let Some((process, change)) = sys::changed_child() {
            traced.change(process, change, &mut recorder);
            if recorder.waiting() >= ENOUGH {
                recorder.flush()?;
            }
        }
        if called {
            match introduction(control.as_fd())? {
                Some((number, process, fd)) => {
                    let said = match sys::seize(process) {
                        Ok(()) => {
                            traced.of.insert(process, (number, true));
                            SEIZED.to_owned()
                        }
                        Err(error) => error.to_string(),
                    };
                    // The program may have been killed meanwhile.
                    let _: std::io::Result<()> = std::fs::File::from(fd).write_all(said.as_bytes());
                }
                None => {
                    open = false;
                    until = Some(Instant::now() + LAST_CALLS);
                }
            }
        }
    }
    recorder.finish()
}

impl Traced {
    fn change(&mut self, process: Pid, change: Change, recorder: &mut Recorder) {
        let Change::Stopped { signal, event } = change else {
            self.of.remove(&process);
            self.early.remove(&process);
            return;
        };
        match event {
            EVENT_SECCOMP => self.call(process, recorder),
            EVENT_FORK | EVENT_VFORK | EVENT_CLONE => {
                if let Ok(new) = sys::new_process(process) {
                    let of = self.of.get(&process).copied().unwrap_or((0, false));
                    self.of.insert(new, of);
                    if self.early.remove(&new) {
                        sys::go_on(new, 0);
                    }
                }
                sys::go_on(process, 0);
            }
            EVENT_EXEC => {
                // A thread that executes gets the number of its process, and nobody tells of the
                // end of its own.
                if let Ok(former) = sys::new_process(process)
                    && former != process
                    && let Some(of) = self.of.remove(&former)
                {
                    self.of.insert(process, of);
                }
                sys::go_on(process, 0);
            }
            EVENT_STOP => {
                if !self.of.contains_key(&process) {
                    self.early.insert(process);
                } else if matches!(
                    signal,
                    libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU
                ) {
                    sys::stay_stopped(process);
                } else {
                    sys::go_on(process, 0);
                }
            }
            // A signal on its way to the process.
            0 => sys::go_on(process, signal),
            _ => sys::go_on(process, 0),
        }
    }

    fn call(&mut self, process: Pid, recorder: &mut Recorder) {
        let (number, starting) = self.of.get(&process).copied().unwrap_or((0, false));
        if let Ok(call) = sys::stopped_call(process) {
            let look = recorder.look(&call, starting);
            // Before it is executed, the calls are those of this program.
            if !starting || look.executes {
                recorder.called(&call);
            }
            if look.pretend {
                sys::pretend(process);
            }
            recorder.keep(&look, number);
            if look.executes
                && let Some((_, starting)) = self.of.get_mut(&process)
            {
                *starting = false;
            }
        }
        sys::go_on(process, 0);
    }
}

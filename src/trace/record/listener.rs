//! One filter's listener: takes the calls of its processes one after another, and answers them.
//!
//! Each has a thread of its own, which waits for the next call and for nothing else: a program that
//! looks up thousands of paths waits for each answer, so whatever is done between two of them counts.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use nix::poll::PollFlags;

use super::super::sys::Notifier;
use super::ENOUGH;
use super::access::Recorder;

/// The recorder of all listeners.
pub(super) type Shared = Arc<Mutex<Recorder>>;

pub(super) fn lock(recorder: &Shared) -> MutexGuard<'_, Recorder> {
    recorder.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Little more than a path of the longest kind is ever there at once.
const STACK: usize = 256 << 10;

/// One filter, with the program it was started for.
struct Listener {
    notifier: Arc<Notifier>,
    process: u32,
    /// Until the program itself has been executed.
    starting: bool,
}

impl Listener {
    /// Waits for a call and answers it. `false` when there was none: its caller was killed, or no
    /// caller is left.
    fn next(&mut self, recorder: &Shared) -> io::Result<bool> {
        let Some(call) = self.notifier.receive()? else {
            return Ok(false);
        };
        let mut recorder = lock(recorder);
        let look = recorder.look(&call, self.starting);
        let answered = if look.pretend {
            self.notifier.answer(&call, 0)
        } else {
            self.notifier.proceed(&call)
        };
        // The answer fails when the caller was killed meanwhile. Then the call is not carried out,
        // and what was read may have been of another process with its number.
        if answered {
            recorder.keep(&look, self.process);
        }
        self.starting &= !look.executes;
        if recorder.waiting() >= ENOUGH {
            recorder.flush()?;
        }
        Ok(true)
    }

    fn serve(mut self, recorder: &Shared) -> io::Result<()> {
        while self.next(recorder)? || !self.notifier.is_over() {}
        Ok(())
    }
}

/// A listener that is being served.
pub(super) struct Served {
    notifier: Arc<Notifier>,
    by: By,
}

enum By {
    /// A thread, which may wait for ever: before Linux 6.11 nothing tells it that no caller is
    /// left.
    Thread(Option<JoinHandle<io::Result<()>>>),
    /// Whoever polls, where there cannot be more threads.
    Poll(Listener),
}

impl Served {
    /// Starts to serve a listener that came from a program.
    pub(super) fn start(fd: OwnedFd, process: u32, recorder: &Shared) -> Served {
        let notifier = Arc::new(Notifier::new(fd));
        let listener = || Listener {
            notifier: Arc::clone(&notifier),
            process,
            starting: true,
        };
        let (own, recorder) = (listener(), Arc::clone(recorder));
        let thread = Builder::new()
            .stack_size(STACK)
            .spawn(move || own.serve(&recorder));
        let by = match thread {
            Ok(thread) => By::Thread(Some(thread)),
            Err(_) => By::Poll(listener()),
        };
        Served { notifier, by }
    }

    /// What to poll for besides that no caller is left.
    pub(super) fn awaited(&self) -> PollFlags {
        match self.by {
            By::Thread(_) => PollFlags::empty(),
            By::Poll(_) => PollFlags::POLLIN,
        }
    }

    /// Goes on after a poll; `false` when there is nothing more to serve.
    pub(super) fn go_on(&mut self, ready: PollFlags, recorder: &Shared) -> io::Result<bool> {
        match &mut self.by {
            By::Poll(listener) if ready.contains(PollFlags::POLLIN) => {
                listener.next(recorder).map(|_| true)
            }
            By::Thread(thread) if thread.as_ref().is_some_and(JoinHandle::is_finished) => {
                let ended = thread.take().map(JoinHandle::join);
                let broken = |_| Err(io::Error::other("a thread of the recorder broke"));
                ended.map_or(Ok(()), |ended| ended.unwrap_or_else(broken))?;
                Ok(false)
            }
            _ => Ok(ready.is_empty()),
        }
    }
}

impl AsFd for Served {
    fn as_fd(&self) -> BorrowedFd<'_> {
        Notifier::as_fd(&self.notifier)
    }
}

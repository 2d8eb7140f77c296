//! Collects what programs write, the last part of it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::unistd::pipe2;

use super::error::TraceError;

/// How much of one stream is kept.
const KEPT: usize = 1 << 20;

/// One stream that a thread reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Tail {
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Debug, Default)]
struct State {
    bytes: VecDeque<u8>,
    truncated: bool,
    ended: bool,
}

impl Tail {
    /// Makes a pipe, reads it until its end in a thread of its own, and
    /// returns the end to write to.
    pub(super) fn start() -> Result<(Tail, OwnedFd), TraceError> {
        let (reader, writer) =
            pipe2(OFlag::O_CLOEXEC).map_err(|error| TraceError::io("make a pipe", error))?;
        let tail = Tail::default();
        let filled = tail.clone();
        std::thread::Builder::new()
            .name("container output".to_owned())
            .spawn(move || filled.fill(File::from(reader)))
            .map_err(|error| TraceError::io("start a thread", error))?;
        Ok((tail, writer))
    }

    fn fill(&self, mut from: File) {
        let mut chunk = vec![0; 64 << 10];
        loop {
            match from.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => self.state().push(&chunk[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        self.state().ended = true;
        self.shared.1.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the end of the stream, not longer than `limit`.
    pub(super) fn wait(&self, limit: Duration) {
        let until = Instant::now() + limit;
        let mut state = self.state();
        while !state.ended {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self
                .shared
                .1
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// What is kept now, and whether something before it is missing.
    pub(super) fn take(&self) -> (Vec<u8>, bool) {
        let state = self.state();
        (state.bytes.iter().copied().collect(), state.truncated)
    }
}

impl State {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        if self.bytes.len() > KEPT {
            self.truncated = true;
            self.bytes.drain(..self.bytes.len() - KEPT);
        }
    }
}

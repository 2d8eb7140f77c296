//! The parent's side of a running container.

use std::collections::HashMap;
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::socket::{Shutdown, shutdown};
use nix::unistd::pipe2;

use super::error::{Failure, Reason, TraceError};
use super::exchange::{Answer, Ask, Job, Message, Request};
use super::mapping::Mapping;
use super::output::Tail;
use super::record::event::Record;
use super::runner::{self, Runner};
use super::spec::{Exec, Finished, Logs, Run, Spec, Status};
use super::wire;

/// How long the first process inside may take to answer what costs it no
/// time.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running container. Dropping it kills everything in it and waits for
/// that.
#[derive(Debug)]
pub struct Container {
    child: Mutex<Child>,
    socket: Arc<OwnedFd>,
    sending: Mutex<u64>,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
    record: Option<JoinHandle<Record>>,
    watched: Option<JoinHandle<Record>>,
    stdout: Tail,
    stderr: Tail,
    traced: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    started: bool,
    failed: Option<Failure>,
    ended: HashMap<u32, Status>,
    replies: HashMap<u64, (Result<Answer, Failure>, Vec<OwnedFd>)>,
    over_limit: Option<String>,
    recorder_lost: Option<String>,
    done: Option<Vec<String>>,
    closed: bool,
}

impl Container {
    /// Makes a container and starts its main process.
    pub fn start(runner: &Runner, mapping: &Mapping, spec: &Spec) -> Result<Container, TraceError> {
        let mut spec = spec.clone();
        spec.root = std::path::absolute(&spec.root)
            .map_err(|error| TraceError::io("find the current directory", error))?;
        let traced = spec.tracer != super::spec::Tracer::None;
        let (stdout, out) = Tail::start()?;
        let (stderr, err) = Tail::start()?;
        let (record, events) = read_record()?;
        let (watched, witness) = read_record()?;
        let job = Job::Run {
            mapping: mapping.clone(),
            spec: Box::new(spec),
        };
        let (child, socket) = runner.start(
            &job,
            &[out.as_fd(), err.as_fd(), events.as_fd(), witness.as_fd()],
        )?;
        drop((out, err, events, witness));
        let socket = Arc::new(socket);
        let shared = Arc::new(Shared::default());
        let mut container = Container {
            child: Mutex::new(child),
            socket: Arc::clone(&socket),
            sending: Mutex::new(0),
            shared: Arc::clone(&shared),
            listener: None,
            record: Some(record),
            watched: Some(watched),
            stdout,
            stderr,
            traced,
        };
        container.listener = Some(
            std::thread::Builder::new()
                .name("container messages".to_owned())
                .spawn(move || shared.listen(socket.as_fd()))
                .map_err(|error| TraceError::io("start a thread", error))?,
        );
        let shared = Arc::clone(&container.shared);
        let state = shared.wait(PATIENCE, |state| state.started || state.failed.is_some());
        let Some(mut state) = state else {
            return Err(TraceError::Silent {
                doing: "set itself up".to_owned(),
                seconds: PATIENCE.as_secs(),
            });
        };
        if let Some(failure) = state.failed.take() {
            return Err(failure.into());
        }
        if !state.started {
            return Err(shared.ended(&state));
        }
        drop(state);
        Ok(container)
    }

    /// Runs a further program to its end, or for as long as `limit`.
    pub fn exec(&self, exec: &Exec, limit: Duration) -> Result<Finished, TraceError> {
        let (stdout, out) = Tail::start()?;
        let (stderr, err) = Tail::start()?;
        let asked = self.ask(Ask::Exec(exec.clone()), &[out.as_fd(), err.as_fd()]);
        drop((out, err));
        let number = match asked? {
            (Answer::Running(number), _) => number,
            _ => return Err(TraceError::Ended { reason: None }),
        };
        let ended = |state: &State| state.ended.contains_key(&number);
        let mut timed_out = false;
        if self.shared.wait(limit, ended).is_none() {
            timed_out = true;
            // It may end this very moment; then there is nothing to kill.
            let _: Result<_, TraceError> = self.ask(Ask::Signal(number, nix::libc::SIGKILL), &[]);
            let _: Option<MutexGuard<'_, State>> = self.shared.wait(PATIENCE, ended);
        }
        let status = {
            let state = self.shared.lock();
            match state.ended.get(&number) {
                Some(status) => *status,
                None => return Err(self.shared.ended(&state)),
            }
        };
        // A process that it left behind may hold the pipes for ever.
        stdout.wait(Duration::from_millis(500));
        stderr.wait(Duration::from_millis(500));
        Ok(Finished {
            status,
            timed_out,
            logs: logs(&stdout, &stderr),
        })
    }

    /// Connects to a TCP port of the container's loopback interface.
    pub fn connect(&self, port: u16) -> io::Result<TcpStream> {
        let (_, fds) = self
            .ask(Ask::Connect(port), &[])
            .map_err(|error| io::Error::new(io::ErrorKind::ConnectionRefused, error))?;
        let fd = fds.into_iter().next();
        fd.map(TcpStream::from)
            .ok_or_else(|| io::ErrorKind::ConnectionRefused.into())
    }

    /// The TCP ports that something in the container listens on.
    pub fn listening(&self) -> Result<Vec<u16>, TraceError> {
        match self.ask(Ask::Listening, &[])? {
            (Answer::Ports(ports), _) => Ok(ports),
            _ => Ok(Vec::new()),
        }
    }

    /// How the main process ended, or `None` while it runs.
    pub fn main_status(&self) -> Option<Status> {
        self.shared.lock().ended.get(&0).copied()
    }

    /// Waits for the end of the main process, not longer than `limit`.
    pub fn wait_main(&self, limit: Duration) -> Option<Status> {
        self.shared
            .wait(limit, |state| state.ended.contains_key(&0))
            .and_then(|state| state.ended.get(&0).copied())
    }

    /// The limit that was passed, when the container is being killed for it.
    pub fn over_limit(&self) -> Option<String> {
        self.shared.lock().over_limit.clone()
    }

    /// What the main process and its descendants wrote until now.
    pub fn logs(&self) -> Logs {
        logs(&self.stdout, &self.stderr)
    }

    /// Ends the container: the stop signal to the main process, after `grace`
    /// the end of everything.
    pub fn stop(mut self, grace: Duration) -> Result<Run, TraceError> {
        let limit = grace + PATIENCE;
        let shared = Arc::clone(&self.shared);
        let ask = Ask::Stop {
            grace: u64::try_from(grace.as_millis()).unwrap_or(u64::MAX),
        };
        // The container may end by itself before it reads this, or instead of
        // answering; what counts is its last message.
        let _: io::Result<u64> = self.send(ask, &[]);
        let finished = shared.wait(limit, |state| state.done.is_some());
        let Some(mut state) = finished else {
            return Err(TraceError::Silent {
                doing: "stop".to_owned(),
                seconds: limit.as_secs(),
            });
        };
        if let Some(detail) = state.recorder_lost.take() {
            return Err(TraceError::Recorder { detail });
        }
        let Some(mut warnings) = state.done.take() else {
            return Err(self.shared.ended(&state));
        };
        let status = state.ended.get(&0).copied().unwrap_or(Status::Signalled(9));
        let over_limit = state.over_limit.clone();
        drop(state);
        self.collect();
        let take = |thread: &mut Option<JoinHandle<Record>>| {
            let record = thread.take().and_then(|thread| thread.join().ok());
            record.unwrap_or_default()
        };
        let (record, watched) = (take(&mut self.record), take(&mut self.watched));
        if self.traced && !record.complete {
            return Err(TraceError::Recorder {
                detail: "its record has no end".to_owned(),
            });
        }
        let disagreements = record.lacks(&watched);
        warnings.extend(record.remarks);
        warnings.extend(watched.remarks);
        self.stdout.wait(Duration::from_secs(2));
        self.stderr.wait(Duration::from_secs(2));
        Ok(Run {
            status,
            logs: self.logs(),
            events: record.events,
            over_limit,
            disagreements,
            calls: record.calls,
            warnings,
        })
    }

    fn ask(&self, ask: Ask, fds: &[BorrowedFd<'_>]) -> Result<(Answer, Vec<OwnedFd>), TraceError> {
        let doing = match &ask {
            Ask::Exec(_) => "start a program",
            Ask::Connect(_) => "connect",
            Ask::Listening => "list its ports",
            Ask::Signal(..) => "send a signal",
            Ask::Stop { .. } => "stop",
        };
        let number = match self.send(ask, fds) {
            Ok(number) => number,
            Err(_) => return Err(self.shared.ended(&self.shared.lock())),
        };
        let state = self
            .shared
            .wait(PATIENCE, |state| state.replies.contains_key(&number));
        let Some(mut state) = state else {
            return Err(TraceError::Silent {
                doing: doing.to_owned(),
                seconds: PATIENCE.as_secs(),
            });
        };
        match state.replies.remove(&number) {
            Some((Ok(answer), fds)) => Ok((answer, fds)),
            Some((Err(failure), _)) if failure.reason == Reason::Ended => {
                Err(self.shared.ended(&state))
            }
            Some((Err(failure), _)) => Err(failure.into()),
            None => Err(self.shared.ended(&state)),
        }
    }

    fn send(&self, ask: Ask, fds: &[BorrowedFd<'_>]) -> io::Result<u64> {
        let mut last = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        *last += 1;
        let number = *last;
        wire::send(self.socket.as_fd(), &Request { number, ask }, fds)?;
        Ok(number)
    }

    /// Ends what is left of the container and collects the child.
    fn collect(&mut self) {
        // Hearing the end of the socket, the first process inside ends, and
        // the kernel then kills all others of its namespace.
        let _: nix::Result<()> = shutdown(
            std::os::fd::AsRawFd::as_raw_fd(&*self.socket),
            Shutdown::Both,
        );
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + Duration::from_secs(5);
        while matches!(child.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        runner::end(child);
        if let Some(thread) = self.listener.take() {
            let _: std::thread::Result<()> = thread.join();
        }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.collect();
    }
}

/// Makes a pipe, reads a record from it in a thread of its own, and returns
/// the end to write to.
fn read_record() -> Result<(JoinHandle<Record>, OwnedFd), TraceError> {
    let (reader, writer) =
        pipe2(OFlag::O_CLOEXEC).map_err(|error| TraceError::io("make a pipe", error))?;
    // A larger pipe lets the recorder go on while this side is busy; the
    // default size only costs time.
    let _: nix::Result<i32> = fcntl(&reader, FcntlArg::F_SETPIPE_SZ(1 << 20));
    let thread = std::thread::Builder::new()
        .name("container record".to_owned())
        .spawn(move || Record::read(std::fs::File::from(reader)))
        .map_err(|error| TraceError::io("start a thread", error))?;
    Ok((thread, writer))
}

fn logs(stdout: &Tail, stderr: &Tail) -> Logs {
    let (out, out_cut) = stdout.take();
    let (err, err_cut) = stderr.take();
    Logs {
        stdout: out,
        stderr: err,
        truncated: out_cut || err_cut,
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the state is as asked or the container has closed its
    /// socket; `None` when `limit` is over first.
    fn wait(
        &self,
        limit: Duration,
        ready: impl Fn(&State) -> bool,
    ) -> Option<MutexGuard<'_, State>> {
        let until = Instant::now() + limit;
        let mut state = self.lock();
        loop {
            if ready(&state) || state.closed {
                return Some(state);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn ended(&self, state: &State) -> TraceError {
        let main = state.ended.get(&0).map(|status| match status {
            Status::Exited(code) => format!("its main process exited with status {code}"),
            Status::Signalled(number) => format!("its main process was ended by signal {number}"),
        });
        TraceError::Ended {
            reason: state.over_limit.clone().or(main),
        }
    }

    /// Takes in messages until the socket closes.
    fn listen(&self, socket: BorrowedFd<'_>) {
        while let Ok(Some((message, fds))) = wire::receive::<Message>(socket) {
            let mut state = self.lock();
            match message {
                Message::Started => state.started = true,
                Message::Failed(failure) => state.failed = Some(failure),
                Message::Reply(number, reply) => {
                    state.replies.insert(number, (reply, fds));
                }
                Message::Ended(number, status) => {
                    state.ended.insert(number, status);
                }
                Message::OverLimit(reason) => state.over_limit = Some(reason),
                Message::RecorderLost(detail) => state.recorder_lost = Some(detail),
                Message::Done { warnings } => state.done = Some(warnings),
                Message::Unpacked(_) | Message::Removed => {}
            }
            drop(state);
            self.changed.notify_all();
        }
        self.lock().closed = true;
        self.changed.notify_all();
    }
}

//! The first process of the container: makes its file system, starts and
//! collects programs, watches the limits and serves the parent.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{ForkResult, Pid, getpid, sethostname};

use super::super::error::{Doing, Failure, Reason};
use super::super::exchange::{Answer, Ask, Message, Request};
use super::super::mapping::Mapping;
use super::super::spec::{Network, Spec, Status, Tracer};
use super::super::sys::{self, Change};
use super::super::{record, wire};
use super::limits::Watch;
use super::target::Starter;
use super::{ports, rootfs, table, target};

/// The pipes that came with the job.
pub(super) struct Pipes {
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
    pub(super) events: OwnedFd,
    pub(super) witness: OwnedFd,
}

/// What a process inside has to serve a container.
pub(super) struct Inside<'a> {
    pub(super) socket: &'a OwnedFd,
    /// Tells by its end that the process which started everything is gone.
    pub(super) alive: &'a OwnedFd,
    pub(super) mapping: &'a Mapping,
    pub(super) spec: &'a Spec,
    pub(super) pipes: Pipes,
}

/// How long killed processes may take to be gone.
const DYING: Duration = Duration::from_secs(10);
const TICK: u16 = 100;

impl Inside<'_> {
    /// Says that there will be no container.
    pub(super) fn fail(socket: &OwnedFd, failure: Failure) -> i32 {
        // The parent may be gone; then nobody wants to know.
        let _: std::io::Result<()> = wire::send(socket.as_fd(), &Message::Failed(failure), &[]);
        1
    }
}

/// Runs the container; the status to exit with. `servers` are for `/etc/resolv.conf` of a container
/// that a runtime has made; without them this is the first process, and makes it.
pub(super) fn run(inside: Inside<'_>, servers: Option<String>) -> i32 {
    let (socket, alive) = (inside.socket, inside.alive);
    match Init::start(inside, servers) {
        Ok(mut init) => {
            init.serve(alive);
            init.finish();
            0
        }
        Err(failure) => Inside::fail(socket, failure),
    }
}

/// A process of this program that helps the first one.
struct Helper {
    process: Pid,
    /// Closing it asks the helper to finish.
    control: Option<OwnedFd>,
}

struct Init<'a> {
    socket: &'a OwnedFd,
    /// Processes that are not the image's, besides the helpers.
    own: Vec<Pid>,
    mapping: &'a Mapping,
    tracer: Tracer,
    spec: &'a Spec,
    children: SignalFd,
    recorder: Option<Helper>,
    witness: Option<Helper>,
    running: HashMap<Pid, u32>,
    main: Pid,
    last: u32,
    watch: Watch,
    kill_main_at: Option<Instant>,
    ending: bool,
    warnings: Vec<String>,
}

impl<'a> Init<'a> {
    fn start(inside: Inside<'a>, servers: Option<String>) -> Result<Init<'a>, Failure> {
        let Inside {
            socket,
            mapping,
            spec,
            pipes,
            ..
        } = inside;
        // For what is made here, and for the programs.
        umask(Mode::from_bits_truncate(0o022));
        let mut own = vec![getpid()];
        if spec.network == Network::Loopback {
            sys::raise_loopback().doing("bring up the loopback interface")?;
        }
        let mut warnings = match servers {
            None => {
                sethostname(&spec.hostname).doing("set the host name")?;
                rootfs::enter(spec, mapping)?
            }
            Some(servers) => {
                // The runtime's own, which keeps the namespaces.
                own.push(Pid::from_raw(1));
                rootfs::furnish(spec, servers)?
            }
        };
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGCHLD);
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&signals), None).doing("block SIGCHLD")?;
        let children =
            SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
                .doing("listen for ending processes")?;
        let Pipes {
            stdout,
            stderr,
            events,
            witness,
        } = pipes;
        let mut tracer = spec.tracer;
        if tracer == Tracer::Seccomp
            && let Err(failure) = target::probe_listener()
        {
            warnings.push(format!("the slower ptrace tracer is used: {failure}"));
            tracer = Tracer::Ptrace;
        }
        let recorder = match tracer {
            Tracer::None => None,
            Tracer::Seccomp | Tracer::Ptrace => {
                let serve = if tracer == Tracer::Ptrace {
                    record::serve_stopped
                } else {
                    record::serve
                };
                let single = mapping.is_single();
                Some(help("the recorder", events, None, |control, events| {
                    serve(control, events, single)
                })?)
            }
        };
        let mut spared = own.clone();
        spared.extend(recorder.as_ref().map(|recorder| recorder.process));
        // Only real root may watch a file system.
        let wanted = spec.witness && recorder.is_some() && !mapping.has_user_namespace();
        let witness = match wanted.then(record::witness::watch) {
            None => None,
            Some(Ok(group)) => Some(help(
                "the witness",
                witness,
                Some(group.as_fd()),
                |control, events| {
                    spared.push(getpid());
                    record::witness::serve(&group, &control, events, &spared)
                },
            )?),
            Some(Err(error)) => {
                warnings.push(format!("there is no second witness: {error}"));
                None
            }
        };
        spared.extend(witness.as_ref().map(|witness| witness.process));
        let mut init = Init {
            socket,
            own,
            mapping,
            tracer,
            spec,
            children,
            recorder,
            witness,
            running: HashMap::new(),
            main: getpid(),
            last: 0,
            watch: Watch::new(spec.limits, spared),
            kill_main_at: None,
            ending: false,
            warnings,
        };
        let exec = spec.exec(spec.argv.clone());
        init.main = init.starter().start(0, &exec, &stdout, &stderr)?;
        init.running.insert(init.main, 0);
        init.tell(&Message::Started);
        Ok(init)
    }

    fn starter(&self) -> Starter<'_> {
        Starter {
            mapping: self.mapping,
            tracer: self.tracer,
            calls: self.spec.calls,
            recorder: self
                .recorder
                .as_ref()
                .and_then(|one| target::lend(&one.control)),
            hostname: &self.spec.hostname,
        }
    }

    fn helpers(&self) -> impl Iterator<Item = &Helper> {
        self.recorder.iter().chain(&self.witness)
    }

    fn tell(&self, message: &Message) {
        self.tell_with(message, &[]);
    }

    fn tell_with(&self, message: &Message, fds: &[BorrowedFd<'_>]) {
        // When the parent is gone, the next wait finds that out.
        let _: std::io::Result<()> = wire::send(self.socket.as_fd(), message, fds);
    }

    /// Serves until it is told to stop and the main process has ended, or must end.
    fn serve(&mut self, alive: &OwnedFd) {
        while !self.ending {
            let mut fds = [
                PollFd::new(self.socket.as_fd(), PollFlags::POLLIN),
                PollFd::new(alive.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.children.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut fds, PollTimeout::from(TICK)) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => std::process::exit(1),
            }
            let ready = fds.map(|fd| fd.revents().is_some_and(|flags| !flags.is_empty()));
            if ready[1] {
                // The process that started this one is gone. With the first
                // process the kernel ends all others.
                std::process::exit(1);
            }
            self.collect();
            if ready[0] && !self.ending {
                match wire::receive::<Request>(self.socket.as_fd()) {
                    Ok(Some((request, fds))) => self.answer(request, fds),
                    Ok(None) | Err(_) => std::process::exit(1),
                }
            }
            if self.kill_main_at.is_some_and(|at| Instant::now() >= at) {
                self.ending = true;
            }
            if let Some(reason) = self.watch.over().filter(|_| !self.ending) {
                self.tell(&Message::OverLimit(reason));
                self.ending = true;
            }
        }
    }

    /// Collects processes that have ended.
    fn collect(&mut self) {
        while let Ok(Some(_)) = self.children.read_signal() {}
        while let Some((process, change)) = sys::changed_child() {
            let status = match change {
                Change::Exited(code) => Status::Exited(code),
                Change::Killed(signal) => Status::Signalled(signal),
                Change::Stopped { .. } => continue,
            };
            if self
                .recorder
                .as_ref()
                .is_some_and(|one| one.process == process)
            {
                self.recorder = None;
                if !self.ending || status != Status::Exited(0) {
                    self.tell(&Message::RecorderLost(format!("{status:?}")));
                }
                self.ending = true;
                continue;
            }
            if self
                .witness
                .as_ref()
                .is_some_and(|one| one.process == process)
            {
                self.witness = None;
                if !self.ending || status != Status::Exited(0) {
                    let text = format!("the second witness ended early ({status:?})");
                    self.warnings.push(text);
                }
                continue;
            }
            if let Some(number) = self.running.remove(&process) {
                // A main process that ends because it cannot fork any more is
                // quicker than the next look at the limits.
                if number == 0
                    && !self.ending
                    && let Some(reason) = self.watch.over_now()
                {
                    self.tell(&Message::OverLimit(reason));
                    self.ending = true;
                }
                self.tell(&Message::Ended(number, status));
                if number == 0 {
                    self.after_main();
                }
            }
        }
    }

    /// As in Docker, nothing that the main process started outlives it. The container itself is
    /// there until it is told to stop: further programs can be run in it.
    fn after_main(&mut self) {
        if self.kill_main_at.is_some() {
            self.ending = true;
        }
        table::kill_all(&self.spared());
    }

    /// The processes that are not the image's.
    fn spared(&self) -> Vec<Pid> {
        let helpers = self.helpers().map(|one| one.process);
        self.own.iter().copied().chain(helpers).collect()
    }

    fn answer(&mut self, request: Request, fds: Vec<OwnedFd>) {
        let mut connection = None;
        let answer = match request.ask {
            Ask::Exec(exec) => <[OwnedFd; 2]>::try_from(fds)
                .map_err(|_| Failure::setup("take the program's pipes", "there are not two"))
                .and_then(|[stdout, stderr]| {
                    self.last += 1;
                    let number = self.last;
                    let process = self.starter().start(number, &exec, &stdout, &stderr)?;
                    self.running.insert(process, number);
                    Ok(Answer::Running(number))
                }),
            Ask::Connect(port) => ports::connect(port).map(|fd| {
                connection = Some(fd);
                Answer::Done
            }),
            Ask::Listening => Ok(Answer::Ports(ports::listening())),
            Ask::Signal(number, signal) => self.signal(number, signal).map(|()| Answer::Done),
            Ask::Stop { grace } => {
                let at = Instant::now().checked_add(Duration::from_millis(grace));
                self.kill_main_at = Some(at.unwrap_or_else(Instant::now));
                self.ending |= !self.running.values().any(|number| *number == 0);
                self.signal(0, self.spec.stop_signal).map(|()| Answer::Done)
            }
        };
        let fds: Vec<_> = connection.iter().map(AsFd::as_fd).collect();
        self.tell_with(&Message::Reply(request.number, answer), &fds);
    }

    fn signal(&self, number: u32, signal: i32) -> Result<(), Failure> {
        let gone = || Failure::new(Reason::Ended, "send a signal", "the program has ended");
        let (process, _) = self
            .running
            .iter()
            .find(|(_, of)| **of == number)
            .ok_or_else(gone)?;
        // A forced end is for all that the program started, too.
        let whole_group = signal == nix::libc::SIGKILL;
        let to = if whole_group {
            Pid::from_raw(-process.as_raw())
        } else {
            *process
        };
        sys::send_signal(to, signal).doing("send a signal")
    }

    /// Kills what is left, lets the recorder finish and says good-bye.
    fn finish(&mut self) {
        self.ending = true;
        let until = Instant::now() + DYING;
        while table::kill_all(&self.spared()) > 0 && Instant::now() < until {
            self.collect();
            std::thread::sleep(Duration::from_millis(1));
        }
        self.collect();
        for helper in [self.recorder.take(), self.witness.take()]
            .into_iter()
            .flatten()
        {
            let process = helper.process;
            // This closes its socket.
            drop(helper);
            let until = Instant::now() + DYING;
            while !table::is_zombie(process) && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(1));
            }
            if !table::is_zombie(process) {
                let _: nix::Result<()> = kill(process, Signal::SIGKILL);
            }
        }
        self.collect();
        let warnings = std::mem::take(&mut self.warnings);
        self.tell(&Message::Done { warnings });
    }
}

/// Starts a helper. It stays as privileged as this process and is not
/// filtered. It ends when its socket is closed and its work is done.
fn help(
    name: &str,
    to: OwnedFd,
    uses: Option<BorrowedFd<'_>>,
    work: impl FnOnce(OwnedFd, OwnedFd) -> std::io::Result<()>,
) -> Result<Helper, Failure> {
    let (ours, theirs) = socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC,
    )
    .doing("make a socket pair")?;
    match sys::fork().doing(&format!("start {name}"))? {
        ForkResult::Child => {
            drop(ours);
            let _: nix::Result<()> = set_pdeathsig(Signal::SIGKILL);
            // One helper must not hold the other's socket open.
            let kept: Vec<_> = [theirs.as_fd(), to.as_fd()]
                .into_iter()
                .chain(uses)
                .collect();
            let done = sys::close_others(&kept).and_then(|()| work(theirs, to));
            std::process::exit(i32::from(done.is_err()));
        }
        ForkResult::Parent { child } => Ok(Helper {
            process: child,
            control: Some(ours),
        }),
    }
}

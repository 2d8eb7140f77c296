//! Starts one program inside the container.

use std::ffi::CString;
use std::fs::File;
use std::io::{IoSlice, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::prctl::{set_dumpable, set_pdeathsig};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{
    ForkResult, Gid, Pid, Uid, dup2_stderr, dup2_stdin, dup2_stdout, execve, getpid, pipe2,
    setgroups, setresgid, setresuid, setsid,
};

use super::super::error::{Doing, Failure, Reason};
use super::super::mapping::Mapping;
use super::super::record;
use super::super::spec::{Exec, Tracer};
use super::super::sys::{self, Answer, Program};

const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Some programs touch every descriptor that they might have. A limit of
/// thousands of millions, as some systems have, makes them seem to hang.
const MOST_FILES: u64 = 1 << 20;

/// What every program of a container is started with.
pub(super) struct Starter<'a> {
    /// How identities are mapped.
    pub(super) mapping: &'a Mapping,
    /// How file accesses are recorded.
    pub(super) tracer: Tracer,
    /// Whether the numbers of all system calls are recorded.
    pub(super) calls: bool,
    /// Where listeners are sent, when file accesses are recorded.
    pub(super) recorder: Option<BorrowedFd<'a>>,
    /// The name of the container, for the environment.
    pub(super) hostname: &'a str,
}

impl Starter<'_> {
    /// Starts the program. It is certain when this returns that it has been
    /// executed.
    pub(super) fn start(
        &self,
        number: u32,
        exec: &Exec,
        stdout: &OwnedFd,
        stderr: &OwnedFd,
    ) -> Result<Pid, Failure> {
        let (hear, tell) = pipe2(OFlag::O_CLOEXEC).doing("make a pipe")?;
        // Here and not in the new process, where opening a file would look
        // like the program's doing.
        let env = self.environment(exec);
        match sys::fork()
            .doing("start a process")
            .map_err(|failure| failure.advise("the limit of processes may be too low"))?
        {
            ForkResult::Child => {
                drop(hear);
                let failure = match self.become_it(number, exec, env, stdout, stderr) {
                    Ok(never) => match never {},
                    Err(failure) => failure,
                };
                let text = serde_json::to_vec(&failure).unwrap_or_default();
                let _: std::io::Result<()> = File::from(tell).write_all(&text);
                std::process::exit(127);
            }
            ForkResult::Parent { child } => {
                drop(tell);
                let mut text = Vec::new();
                File::from(hear)
                    .read_to_end(&mut text)
                    .doing("hear from a starting process")?;
                if text.is_empty() {
                    return Ok(child);
                }
                let _: nix::Result<_> = nix::sys::wait::waitpid(child, None);
                Err(serde_json::from_slice(&text).unwrap_or_else(|error| {
                    Failure::setup("start a process", format!("it ended early: {error}"))
                }))
            }
        }
    }

    fn become_it(
        &self,
        number: u32,
        exec: &Exec,
        env: Vec<String>,
        stdout: &OwnedFd,
        stderr: &OwnedFd,
    ) -> Result<std::convert::Infallible, Failure> {
        set_pdeathsig(Signal::SIGKILL).doing("bind the process to the container")?;
        setsid().doing("start a session")?;
        sys::reset_signals().doing("reset the signals")?;
        let null = open(
            "/dev/null",
            OFlag::O_RDONLY | OFlag::O_CLOEXEC,
            Mode::empty(),
        )
        .doing_at("open", "/dev/null")?;
        dup2_stdin(null).doing("set standard input")?;
        dup2_stdout(stdout).doing("set standard output")?;
        dup2_stderr(stderr).doing("set standard error")?;
        sys::keep_only_on_exec(3).doing("keep descriptors from the program")?;
        umask(Mode::from_bits_truncate(0o022));
        raise_files();
        let cwd = if exec.cwd.is_empty() { "/" } else { &exec.cwd };
        std::env::set_current_dir(cwd)
            .doing_at("enter the working directory", cwd)
            .map_err(|failure| failure.advise("the image's WORKDIR must be a directory"))?;
        let program = locate(exec, &env)?;
        let arguments = strings(&exec.argv, "an argument")?;
        let env = strings(&env, "the environment")?;
        let path = CString::new(program.as_os_str().as_encoded_bytes())
            .map_err(|error| Failure::new(Reason::NotFound, "run a program", error))?;
        self.filter(number, exec)?;
        self.change_identity(exec)?;
        let errno = match execve(&path, &arguments, &env) {
            Ok(never) => match never {},
            Err(errno) => errno,
        };
        Err(refused(&program, errno))
    }

    /// Docker's own variables, where the image does not set them.
    fn environment(&self, exec: &Exec) -> Vec<String> {
        let mut env = exec.env.clone();
        let has = |name: &str, env: &[String]| {
            env.iter()
                .any(|entry| entry.split_once('=').is_some_and(|(key, _)| key == name))
        };
        if !has("PATH", &env) {
            env.push(format!("PATH={DEFAULT_PATH}"));
        }
        if !has("HOSTNAME", &env) {
            env.push(format!("HOSTNAME={}", self.hostname));
        }
        if !has("HOME", &env) {
            env.push(format!("HOME={}", home(exec.uid)));
        }
        env
    }

    /// Puts this process under the filter and the recorder.
    fn filter(&self, number: u32, exec: &Exec) -> Result<(), Failure> {
        let recorder = self.recorder.filter(|_| exec.traced);
        let seen = recorder.map(|_| match self.tracer {
            Tracer::Ptrace => Answer::Trace,
            Tracer::Seccomp | Tracer::None => Answer::Notify,
        });
        // A listener cannot be asked about every call: the one that hands it
        // over would wait for itself.
        let others = seen.filter(|&seen| self.calls && seen == Answer::Trace);
        let program = Program::new(&record::answers(self.mapping.is_single(), seen), others);
        let Some(recorder) = recorder.filter(|_| seen == Some(Answer::Notify)) else {
            if let Some(recorder) = recorder {
                be_seized(recorder, number)?;
            }
            return sys::install_plain(&program).doing("install the system call filter");
        };
        let listener = sys::install(&program)
            .doing("install the system call filter with a listener")
            .map_err(|failure| {
                failure.advise(
                    "another filter of this sandbox may have a listener; use the ptrace tracer",
                )
            })?;
        introduce(recorder, number, &listener)
    }

    fn change_identity(&self, exec: &Exec) -> Result<(), Failure> {
        if !self.mapping.is_single() {
            let groups: Vec<Gid> = exec.groups.iter().copied().map(Gid::from_raw).collect();
            setgroups(&groups)
                .doing("set the groups")
                .map_err(outside_range)?;
            let gid = Gid::from_raw(exec.gid);
            setresgid(gid, gid, gid)
                .doing("set the group")
                .map_err(outside_range)?;
        }
        sys::drop_bounding().doing("limit the capabilities")?;
        if !self.mapping.is_single() {
            let uid = Uid::from_raw(exec.uid);
            setresuid(uid, uid, uid)
                .doing("set the user")
                .map_err(outside_range)?;
        }
        // Both are taken away by the change of the user: the recorder must be
        // able to read the path of what is executed now, and the process must
        // not outlive the container.
        set_dumpable(true).doing("let the recorder see the process")?;
        set_pdeathsig(Signal::SIGKILL).doing("bind the process to the container")
    }
}

/// Tells the recorder of this process, with a descriptor.
fn introduce(recorder: BorrowedFd<'_>, number: u32, fd: &OwnedFd) -> Result<(), Failure> {
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.extend(getpid().as_raw().to_le_bytes());
    sendmsg::<()>(
        recorder.as_raw_fd(),
        &[IoSlice::new(&bytes)],
        &[ControlMessage::ScmRights(&[fd.as_raw_fd()])],
        MsgFlags::MSG_NOSIGNAL,
        None,
    )
    .map(|_| ())
    .doing("hand the process to the recorder")
}

/// Waits until the recorder traces this process. It says so by writing a byte;
/// anything else is what went wrong.
fn be_seized(recorder: BorrowedFd<'_>, number: u32) -> Result<(), Failure> {
    let (hear, tell) = pipe2(OFlag::O_CLOEXEC).doing("make a pipe")?;
    introduce(recorder, number, &tell)?;
    drop(tell);
    let mut said = String::new();
    File::from(hear)
        .read_to_string(&mut said)
        .doing("hear from the recorder")?;
    if said == record::SEIZED {
        return Ok(());
    }
    let problem = if said.is_empty() {
        "the recorder is gone"
    } else {
        &said
    };
    Err(Failure::setup("trace the process with ptrace", problem)
        .advise("this sandbox may forbid ptrace; run outside of it"))
}

/// Finds out whether this process may have a filter with a listener, in a
/// child that then ends.
pub(super) fn probe_listener() -> Result<(), Failure> {
    let (hear, tell) = pipe2(OFlag::O_CLOEXEC).doing("make a pipe")?;
    match sys::fork().doing("start a process")? {
        ForkResult::Child => {
            let problem = match sys::install(&Program::new(&[], None)) {
                Ok(_) => String::new(),
                Err(error) => error.to_string(),
            };
            let _: std::io::Result<()> = File::from(tell).write_all(problem.as_bytes());
            std::process::exit(0);
        }
        ForkResult::Parent { child } => {
            drop(tell);
            let mut problem = String::new();
            File::from(hear)
                .read_to_string(&mut problem)
                .doing("hear from a starting process")?;
            let _: nix::Result<_> = nix::sys::wait::waitpid(child, None);
            if problem.is_empty() {
                return Ok(());
            }
            Err(Failure::setup(
                "install a system call filter with a listener",
                problem,
            ))
        }
    }
}

fn outside_range(failure: Failure) -> Failure {
    failure.advise(
        "the number may lie outside of the range that /etc/subuid and /etc/subgid give this user",
    )
}

fn raise_files() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let limit = hard.min(MOST_FILES);
        // What was inherited will do as well.
        let _: nix::Result<()> = setrlimit(Resource::RLIMIT_NOFILE, limit, limit);
    }
}

fn strings(from: &[String], what: &str) -> Result<Vec<CString>, Failure> {
    from.iter()
        .map(|text| CString::new(text.as_str()))
        .collect::<Result<_, _>>()
        .map_err(|_| {
            Failure::new(
                Reason::Input,
                "run a program",
                format!("{what} has a zero byte in it"),
            )
        })
}

/// The user's home directory by the container's /etc/passwd.
fn home(uid: u32) -> String {
    let text = std::fs::read("/etc/passwd").unwrap_or_default();
    String::from_utf8_lossy(&text)
        .lines()
        .find_map(|line| {
            let parts: Vec<&str> = line.split(':').collect();
            let found = parts.get(2)?.parse::<u32>().ok()? == uid;
            found
                .then(|| parts.get(5).map(|&home| home.to_owned()))
                .flatten()
        })
        .filter(|home| !home.is_empty())
        .unwrap_or_else(|| "/".to_owned())
}

/// Finds the program as a shell would.
fn locate(exec: &Exec, env: &[String]) -> Result<PathBuf, Failure> {
    let name = exec.argv.first().map_or("", String::as_str);
    if name.is_empty() {
        return Err(
            Failure::new(Reason::NotFound, "run a program", "none is named")
                .advise("give the image an ENTRYPOINT or CMD, or name a command"),
        );
    }
    let path = env
        .iter()
        .find_map(|entry| entry.strip_prefix("PATH="))
        .unwrap_or(DEFAULT_PATH);
    let candidates: Vec<PathBuf> = if name.contains('/') {
        vec![PathBuf::from(name)]
    } else {
        path.split(':')
            .map(|dir| Path::new(if dir.is_empty() { "." } else { dir }).join(name))
            .collect()
    };
    let mut unfit = None;
    for candidate in candidates {
        match std::fs::metadata(&candidate) {
            Ok(metadata) if metadata.is_dir() => {
                unfit.get_or_insert((candidate, "it is a directory"));
            }
            Ok(metadata) if metadata.permissions().mode() & 0o111 == 0 => {
                unfit.get_or_insert((candidate, "its mode does not allow executing it"));
            }
            Ok(_) => return Ok(candidate),
            Err(_) => {}
        }
    }
    if let Some((path, why)) = unfit {
        return Err(Failure::new(Reason::NotExecutable, "run", why).at(path));
    }
    let looked = if name.contains('/') {
        "there is no such file in the image".to_owned()
    } else {
        format!("there is no such program in the image's PATH ({path})")
    };
    Err(Failure::new(Reason::NotFound, "run", looked).at(name))
}

/// Says why the kernel did not execute a file that is there.
fn refused(program: &Path, errno: Errno) -> Failure {
    let (reason, problem) = match errno {
        Errno::ENOENT => (
            Reason::NotFound,
            "the file is there, but the program that interprets it (of its #! line or its ELF header) is not in the image".to_owned(),
        ),
        Errno::ENOEXEC => (
            Reason::NotExecutable,
            "it is no program of this machine: one of another architecture, or a script without a #! line".to_owned(),
        ),
        Errno::EACCES => (
            Reason::NotExecutable,
            "the user may not execute it, or not reach it".to_owned(),
        ),
        other => (Reason::NotExecutable, other.desc().to_owned()),
    };
    Failure::new(reason, "run", problem).at(program)
}

/// The end of the recorder's socket that programs are given.
pub(super) fn lend(socket: &Option<OwnedFd>) -> Option<BorrowedFd<'_>> {
    socket.as_ref().map(AsFd::as_fd)
}

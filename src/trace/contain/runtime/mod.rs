//! A container that a container runtime (runc, crun) makes: it makes the namespaces and mounts,
//! and its own first process waits in them for an order to start that never comes. This program
//! joins them and serves the container as it does its own.

mod config;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid};

use super::super::error::{Doing, Failure};
use super::super::mapping::Mapping;
use super::super::spec::{Network, Spec};
use super::super::sys;
use super::furnish;
use super::init::{self, Inside, Pipes};
use super::rootfs::{self, NONE};

/// What the container is called. Its state is kept where nobody else sees it, but the names of
/// control groups are the machine's.
fn name() -> String {
    // The number in the machine's own process namespace is another container's at no time.
    let own = fs::read_link("/proc/self").unwrap_or_default();
    format!("rslim-{}", own.display())
}

/// Has the runtime make the container and serves it to its end; the status to exit with. The
/// caller is the first process of a process namespace, and alone in a mount namespace: whatever
/// happens, nothing outlives it.
pub(super) fn run(inside: Inside<'_>, runtime: &Path, servers: String) -> i32 {
    let name = name();
    match make(runtime, &name, inside.mapping, inside.spec) {
        Ok(made) => {
            let status = serve(inside, &made, servers);
            made.delete();
            status
        }
        Err(failure) => Inside::fail(inside.socket, failure),
    }
}

/// A container that waits.
struct Made<'a> {
    runtime: &'a Path,
    state: std::path::PathBuf,
    name: &'a str,
    process: i32,
}

/// The runtime's command with the options for what is before its command.
fn command(runtime: &Path, state: &Path) -> Command {
    let mut command = Command::new(runtime);
    command.arg("--root").arg(state);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn make<'a>(
    runtime: &'a Path,
    name: &'a str,
    mapping: &Mapping,
    spec: &Spec,
) -> Result<Made<'a>, Failure> {
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(NONE, "/", NONE, private, NONE).doing("keep mounts to the container")?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, NONE).doing_at("mount", "/proc")?;
    furnish::bound_processes(spec);
    let memory = rootfs::stack(spec, mapping)?;
    let (state, bundle) = (memory.join("state"), memory.join("bundle"));
    fs::create_dir(&bundle).doing_at("make", &bundle)?;
    let config = config::config(spec, &memory.join("merged"));
    let file = bundle.join("config.json");
    fs::write(&file, config.to_string()).doing_at("write", &file)?;
    let number = memory.join("pid");
    // Not a pipe: the waiting process would hold it open.
    let said = memory.join("said");
    let errors = File::create(&said).doing_at("make", &said)?;
    let mut making = command(runtime, &state);
    making.arg("create").arg("--bundle").arg(&bundle);
    making.arg("--pid-file").arg(&number).arg(name);
    let status = making
        .stderr(errors)
        .status()
        .doing_at("run the container runtime", runtime)?;
    let made = Made {
        runtime,
        state,
        name,
        process: fs::read_to_string(&number)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0),
    };
    if !status.success() || made.process <= 0 {
        let text = fs::read(&said).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let last = text.trim().lines().next_back().unwrap_or("it says nothing");
        made.delete();
        return Err(
            Failure::setup("make a container with", format!("{status}: {last}"))
                .at(runtime)
                .advise("leave --runner out to have the container made without it"),
        );
    }
    Ok(made)
}

impl Made<'_> {
    fn delete(&self) {
        let mut deleting = command(self.runtime, &self.state);
        deleting.args(["delete", "--force", self.name]);
        // What cannot be deleted ends with this process namespace all the same.
        let _: std::io::Result<_> = deleting.stderr(Stdio::null()).status();
    }

    /// Moves this process into the container's namespaces; in that of processes only its children
    /// will be.
    fn enter(&self, spec: &Spec) -> Result<(), Failure> {
        let kinds = [
            ("ipc", CloneFlags::CLONE_NEWIPC),
            ("uts", CloneFlags::CLONE_NEWUTS),
            ("net", CloneFlags::CLONE_NEWNET),
            ("pid", CloneFlags::CLONE_NEWPID),
            ("mnt", CloneFlags::CLONE_NEWNS),
        ];
        let open = |kind: &str| {
            let path = format!("/proc/{}/ns/{kind}", self.process);
            File::open(&path).doing_at("open", path)
        };
        let mut files = Vec::new();
        for (kind, flag) in kinds {
            if kind != "net" || spec.network == Network::Loopback {
                files.push((open(kind)?, flag));
            }
        }
        for (file, flag) in &files {
            setns(file, *flag).doing("join the container's namespaces")?;
        }
        std::env::set_current_dir("/").doing_at("enter", "/")
    }
}

/// Serves the container from a process inside; the status to exit with.
fn serve(inside: Inside<'_>, made: &Made<'_>, servers: String) -> i32 {
    let fork = || sys::fork().doing("start a process");
    // One process to join the namespaces, and its child to be in all of them.
    let entered = match fork() {
        Ok(ForkResult::Child) => made.enter(inside.spec).and_then(|()| fork()),
        Ok(ForkResult::Parent { child }) => return wait(child, inside.pipes),
        Err(failure) => return Inside::fail(inside.socket, failure),
    };
    std::process::exit(match entered {
        Ok(ForkResult::Child) => {
            // Orphans come to this process, as they would to the first one.
            let _: nix::Result<()> = set_child_subreaper(true);
            init::run(inside, Some(servers))
        }
        Ok(ForkResult::Parent { child }) => wait(child, inside.pipes),
        Err(failure) => Inside::fail(inside.socket, failure),
    });
}

/// Waits for a process that has everything it needs. This one must not hold the socket open: its
/// end is how the parent learns that the other one is gone.
fn wait(child: Pid, pipes: Pipes) -> i32 {
    drop(pipes);
    if sys::close_others(&[]).is_err() {
        return 1;
    }
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            Ok(WaitStatus::Exited(_, status)) => return status,
            _ => return 1,
        }
    }
}

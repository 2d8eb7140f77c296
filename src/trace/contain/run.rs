//! Makes the namespaces of a container and its first process.

use std::os::fd::OwnedFd;

use nix::fcntl::OFlag;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, pipe2};

use super::super::error::{Doing, Failure};
use super::super::mapping::Mapping;
use super::super::spec::{Maker, Network, Spec};
use super::super::sys;
use super::init::Inside;
use super::{furnish, identity, init, runtime};

/// Runs a container to its end. An error is one that came before its first
/// process; later ones go to the parent from there.
pub(super) fn run(
    socket: &OwnedFd,
    mapping: &Mapping,
    spec: &Spec,
    fds: Vec<OwnedFd>,
) -> Result<(), Failure> {
    let [stdout, stderr, events, witness] = <[OwnedFd; 4]>::try_from(fds).map_err(|fds| {
        Failure::setup(
            "take the container's pipes",
            format!("there are {}", fds.len()),
        )
    })?;
    let runtime = match &spec.maker {
        Maker::Own => None,
        Maker::Runtime(_) if mapping.is_single() => {
            return Err(Failure::setup(
                "have a container runtime make the container",
                "it needs root, or numbers of the user's own in /etc/subuid and /etc/subgid",
            )
            .advise("leave --runner out to have the container made without it"));
        }
        Maker::Runtime(path) => Some((path.as_path(), furnish::servers(spec, "/"))),
    };
    identity::enter(mapping)?;
    let mut flags = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID;
    if runtime.is_none() {
        flags |= CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWUTS;
        if spec.network == Network::Loopback {
            flags |= CloneFlags::CLONE_NEWNET;
        }
    }
    unshare(flags)
        .doing("make the container's namespaces")
        .map_err(|failure| {
            failure.advise("this sandbox may forbid them; run outside of it or as root")
        })?;
    // Hides the names of the machine's control groups. Nothing else depends
    // on it, so a kernel that refuses it is no obstacle.
    let _: nix::Result<()> = unshare(CloneFlags::CLONE_NEWCGROUP);
    // Only this process has the writing end: when it is gone, however it
    // ended, the reading end tells.
    let (alive, proof) = pipe2(OFlag::O_CLOEXEC).doing("make a pipe")?;
    match sys::fork().doing("start the container's first process")? {
        ForkResult::Child => {
            drop(proof);
            // Not needed for the end, but it is quicker than any pipe.
            let _: nix::Result<()> = set_pdeathsig(Signal::SIGKILL);
            let pipes = init::Pipes {
                stdout,
                stderr,
                events,
                witness,
            };
            let inside = Inside {
                socket,
                alive: &alive,
                mapping,
                spec,
                pipes,
            };
            std::process::exit(match runtime {
                None => init::run(inside, None),
                Some((path, servers)) => runtime::run(inside, path, servers),
            });
        }
        ForkResult::Parent { child } => {
            drop((alive, stdout, stderr, events, witness));
            // This process must not keep the socket open: its end is how the
            // parent learns that the first process is gone.
            sys::close_others(&[std::os::fd::AsFd::as_fd(&proof)])
                .doing("close what the first process uses")?;
            while matches!(waitpid(child, None), Err(nix::errno::Errno::EINTR)) {}
            std::process::exit(0);
        }
    }
}

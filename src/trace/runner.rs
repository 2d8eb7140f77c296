//! Starts this program again as the child that makes containers.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use super::error::TraceError;
use super::exchange::Job;
use super::wire;

/// The hidden first argument that makes the program a container's child.
pub(super) const ARGUMENT: &str = "__contain";

/// The executable whose `main` calls [`contain::main`](super::contain::main)
/// when it gets these arguments.
#[derive(Clone, Debug)]
pub struct Runner {
    /// The executable.
    pub program: PathBuf,
    /// The arguments.
    pub arguments: Vec<OsString>,
}

impl Default for Runner {
    fn default() -> Runner {
        Runner {
            program: PathBuf::from("/proc/self/exe"),
            arguments: vec![ARGUMENT.into()],
        }
    }
}

impl Runner {
    /// Starts the child with its job. Its end of the socket is its standard
    /// input, so that no code has to run between fork and exec in a program
    /// with several threads.
    pub(super) fn start(
        &self,
        job: &Job,
        fds: &[BorrowedFd<'_>],
    ) -> Result<(Child, OwnedFd), TraceError> {
        let (ours, theirs) = socketpair(
            AddressFamily::Unix,
            SockType::Stream,
            None,
            SockFlag::SOCK_CLOEXEC,
        )
        .map_err(|error| TraceError::io("make a socket pair", error))?;
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .spawn()
            .map_err(|source| TraceError::Start {
                program: self.program.clone(),
                source,
            })?;
        if let Err(error) = wire::send(ours.as_fd(), job, fds) {
            end(&mut child);
            return Err(TraceError::io("send the container its job", error));
        }
        Ok((child, ours))
    }
}

/// Kills and collects a child whose work is of no more use.
pub(super) fn end(child: &mut Child) {
    // It may be gone already; then there is nothing to kill.
    let _: io::Result<()> = child.kill();
    let _: io::Result<std::process::ExitStatus> = child.wait();
}

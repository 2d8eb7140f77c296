//! The child that this program becomes to make trees and containers.
//!
//! It has one thread from its start to its end, so it may fork and change its
//! namespaces as it likes. Three processes of it make a container: the one
//! that the parent started, which only waits; the first process of the new
//! process namespace, which takes requests; and the recorder.

mod changes;
mod devices;
mod furnish;
mod identity;
mod init;
mod limits;
mod ports;
mod rootfs;
mod run;
mod runtime;
mod sealed;
mod table;
mod target;
mod unpack;
mod volumes;

use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::sys::stat::Mode;
use nix::unistd::dup2_stdin;

use super::error::{Doing, Failure};
use super::exchange::{Job, Message};
use super::{sys, wire};

/// Does what the program was started again for, if it was: the exit status then.
pub fn serve_if_asked() -> Option<u8> {
    let mut arguments = std::env::args_os().skip(1);
    let asked = arguments
        .next()
        .is_some_and(|argument| argument == super::runner::ARGUMENT);
    asked.then(|| u8::try_from(main()).unwrap_or(1))
}

/// Carries out the one job that comes over standard input, and returns the
/// status to exit with. To be called by a program's `main` before it starts a
/// thread, when its arguments are those of [`Runner`](super::Runner).
pub fn main() -> i32 {
    sealed::execute();
    match serve() {
        Ok(()) => 0,
        Err(failure) => {
            eprintln!("container helper: {failure}");
            1
        }
    }
}

fn serve() -> Result<(), Failure> {
    let socket = take_stdin()?;
    sys::close_others(&[socket.as_fd()]).doing("close what was inherited")?;
    let job = wire::receive::<Job>(socket.as_fd())
        .doing("read the job from standard input (this argument is for the program's own use)")?;
    let Some((job, mut fds)) = job else {
        return Ok(());
    };
    let done = match job {
        Job::Unpack { mapping, dir } => identity::enter(&mapping).and_then(|()| {
            let dir = std::path::PathBuf::from(dir);
            let is_new = dir.symlink_metadata().is_err();
            // A lock, which stays as long as this process.
            let _held = fds.split_off(1.min(fds.len()));
            let made = unpack::unpack(&dir, &mapping, fds);
            if made.is_err() && is_new {
                // Half a tree is of no use; the error that matters is the first.
                let _: Result<(), Failure> = unpack::remove(&dir);
            }
            made.map(Message::Unpacked)
        }),
        Job::Remove { mapping, dir } => identity::enter(&mapping).and_then(|()| {
            let dir = std::path::PathBuf::from(dir);
            unpack::remove(&dir).map(|()| Message::Removed)
        }),
        // It sends its own messages.
        Job::Run { mapping, spec } => match run::run(&socket, &mapping, &spec, fds) {
            Ok(()) => return Ok(()),
            Err(failure) => Err(failure),
        },
    };
    let message = done.unwrap_or_else(Message::Failed);
    // The parent may be gone; then nobody wants to know.
    let _: std::io::Result<()> = wire::send(socket.as_fd(), &message, &[]);
    Ok(())
}

/// Moves the socket away from standard input, which programs use.
fn take_stdin() -> Result<OwnedFd, Failure> {
    let socket = fcntl(std::io::stdin(), FcntlArg::F_DUPFD_CLOEXEC(3)).doing("keep the socket")?;
    let null = open(
        "/dev/null",
        OFlag::O_RDONLY | OFlag::O_CLOEXEC,
        Mode::empty(),
    )
    .doing_at("open", "/dev/null")?;
    dup2_stdin(null).doing("give up standard input")?;
    Ok(sys::adopt(socket))
}

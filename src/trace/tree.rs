//! Makes and removes the tree that a container runs on.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;

use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use serde::{Deserialize, Serialize};

use super::error::TraceError;
use super::exchange::{Job, Message};
use super::mapping::Mapping;
use super::runner::{self, Runner};
use super::wire;

/// What unpacking made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unpacked {
    /// Regular files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Directories.
    pub directories: u64,
    /// Symbolic links.
    pub links: u64,
    /// Further names of files.
    pub hard_links: u64,
    /// FIFOs and devices.
    pub specials: u64,
    /// Devices that this user may not make.
    pub skipped_devices: u64,
    /// Extended attributes that could not be set.
    pub skipped_attributes: u64,
    /// What was not made as the archive has it, in words; the first of each
    /// kind.
    pub warnings: Vec<String>,
}

/// Unpacks a tar into `dir`, which must not exist yet. The identities of the
/// files are those of the mapping. `lock` is a lock on the place: the process
/// that unpacks holds it too, so that nobody else takes the place while it
/// still tidies up after the end of this one.
pub fn unpack(
    runner: &Runner,
    mapping: &Mapping,
    dir: &Path,
    mut tar: impl Read,
    lock: Option<&std::fs::File>,
) -> Result<Unpacked, TraceError> {
    let (reader, writer) =
        pipe2(OFlag::O_CLOEXEC).map_err(|error| TraceError::io("make a pipe", error))?;
    let job = Job::Unpack {
        mapping: mapping.clone(),
        dir: absolute(dir)?.as_path().into(),
    };
    let mut fds = vec![reader.as_fd()];
    fds.extend(lock.map(AsFd::as_fd));
    let (mut child, socket) = runner.start(&job, &fds)?;
    drop(reader);
    // The child ends early when it fails, and then says why: that is the
    // better error than a broken pipe.
    let mut writer = std::fs::File::from(writer);
    let mut chunk = vec![0; 256 << 10];
    let copied = loop {
        match tar.read(&mut chunk) {
            Ok(0) => break Ok(()),
            Ok(count) => match writer.write_all(&chunk[..count]) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break Ok(()),
                Err(error) => break Err(TraceError::io("pass on the archive", error)),
            },
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(TraceError::io("read the archive", error)),
        }
    };
    drop(writer);
    let message = wire::receive::<Message>(socket.as_fd());
    if copied.is_err() {
        runner::end(&mut child);
    }
    let _: io::Result<std::process::ExitStatus> = child.wait();
    copied?;
    match last_word(message, "unpack the image")? {
        Message::Unpacked(unpacked) => Ok(unpacked),
        _ => Err(TraceError::Ended { reason: None }),
    }
}

/// Removes a tree that [`unpack`] made with this mapping, or a part of it.
pub fn remove(runner: &Runner, mapping: &Mapping, dir: &Path) -> Result<(), TraceError> {
    let job = Job::Remove {
        mapping: mapping.clone(),
        dir: absolute(dir)?.as_path().into(),
    };
    let (mut child, socket) = runner.start(&job, &[])?;
    let message = wire::receive::<Message>(socket.as_fd());
    let _: io::Result<std::process::ExitStatus> = child.wait();
    last_word(message, "remove the tree").map(|_| ())
}

fn absolute(dir: &Path) -> Result<std::path::PathBuf, TraceError> {
    std::path::absolute(dir).map_err(|error| TraceError::io("find the current directory", error))
}

/// The result of a job that answers once.
fn last_word(
    message: io::Result<Option<(Message, Vec<std::os::fd::OwnedFd>)>>,
    doing: &str,
) -> Result<Message, TraceError> {
    match message {
        Ok(Some((Message::Failed(failure), _))) => Err(failure.into()),
        Ok(Some((message, _))) => Ok(message),
        Ok(None) => Err(TraceError::Ended {
            reason: Some(format!("it was killed while it was asked to {doing}")),
        }),
        Err(error) => Err(TraceError::io("hear from the container's helper", error)),
    }
}

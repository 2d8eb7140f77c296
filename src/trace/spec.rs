//! What to run, within which limits, and what came out of it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::record::event::Event;
use super::subids;

/// A container to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spec {
    /// The unpacked tree. It is the lower layer of an overlay and never
    /// changed.
    #[serde(with = "as_os_string")]
    pub root: PathBuf,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The environment, as `NAME=value`.
    pub env: Vec<String>,
    /// The working directory; it is made when it is missing.
    pub cwd: String,
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// Further groups.
    pub groups: Vec<u32>,
    /// The name of the machine inside.
    pub hostname: String,
    /// Directories that get a file system of their own, filled with what the
    /// image has there.
    pub volumes: Vec<String>,
    /// Which network the container sees.
    pub network: Network,
    /// The signal that asks the main process to end.
    pub stop_signal: i32,
    /// What the container may use.
    pub limits: Limits,
    /// Who makes the namespaces and mounts.
    pub maker: Maker,
    /// How file accesses are recorded.
    pub tracer: Tracer,
    /// Whether a second witness (fanotify) watches what is opened, to find
    /// mistakes of the recorder. It needs [`Mapping::Root`](super::Mapping)
    /// and is not there with others.
    pub witness: bool,
    /// Whether the numbers of all system calls are recorded as well. It takes
    /// [`Tracer::Ptrace`], and time.
    pub calls: bool,
    /// Absolute paths of the tree that the container does not have, none below another.
    pub absent: Vec<Vec<u8>>,
    /// Files of the tree that have other contents there.
    pub contents: Vec<(Vec<u8>, Vec<u8>)>,
}

/// The network of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Network {
    /// One with nothing but a loopback interface.
    Loopback,
    /// The one of the machine.
    Host,
}

/// Who makes the namespaces and mounts of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Maker {
    /// This program.
    #[default]
    Own,
    /// The container runtime (runc, crun) that this file is.
    Runtime(#[serde(with = "as_os_string")] PathBuf),
}

impl Maker {
    /// The container runtime of this name, where it is installed.
    pub fn runtime(name: &str) -> Option<Maker> {
        subids::find(name).map(Maker::Runtime)
    }
}

/// How file accesses are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tracer {
    /// Through seccomp's notifications.
    Seccomp,
    /// Through ptrace, for kernels and sandboxes without notifications.
    Ptrace,
    /// Not at all.
    None,
}

/// What a container may use before it is killed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Seconds from its start.
    pub seconds: u64,
    /// Processes at one time.
    pub processes: u64,
    /// Bytes of memory of all its processes.
    pub memory: u64,
    /// Bytes that it may write to its file system; these are memory too.
    pub disk: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            seconds: 600,
            processes: 1024,
            memory: 4 << 30,
            disk: 2 << 30,
        }
    }
}

/// A further program in a running container.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exec {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The environment, as `NAME=value`.
    pub env: Vec<String>,
    /// The working directory.
    pub cwd: String,
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// Further groups.
    pub groups: Vec<u32>,
    /// Whether its file accesses are recorded, as those of the main process.
    pub traced: bool,
}

impl Spec {
    /// A program to be executed like the main one: same user, directory and
    /// environment.
    pub fn exec(&self, argv: Vec<String>) -> Exec {
        Exec {
            argv,
            env: self.env.clone(),
            cwd: self.cwd.clone(),
            uid: self.uid,
            gid: self.gid,
            groups: self.groups.clone(),
            traced: true,
        }
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// With this exit status.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
}

/// The outcome of an [`Exec`].
#[derive(Clone, Debug)]
pub struct Finished {
    /// How it ended; `Signalled(9)` when it took longer than it was given.
    pub status: Status,
    /// Whether it was killed because it took too long.
    pub timed_out: bool,
    /// What it wrote.
    pub logs: Logs,
}

/// The last part of what a program wrote.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    /// Of its standard output.
    pub stdout: Vec<u8>,
    /// Of its standard error.
    pub stderr: Vec<u8>,
    /// Whether earlier output is missing from one of them.
    pub truncated: bool,
}

/// The outcome of a container.
#[derive(Clone, Debug)]
pub struct Run {
    /// How the main process ended.
    pub status: Status,
    /// What it wrote.
    pub logs: Logs,
    /// Which files were touched, each kind of access to a path once.
    pub events: Vec<Event>,
    /// The limit that was passed, in words, when the container was killed for
    /// that.
    pub over_limit: Option<String>,
    /// Paths that the second witness (fanotify) saw opened and the recorder
    /// did not.
    pub disagreements: Vec<Vec<u8>>,
    /// The numbers of the system calls that were made, where
    /// [`Spec::calls`] asked for them.
    pub calls: BTreeSet<u32>,
    /// What was not as it should be, in words.
    pub warnings: Vec<String>,
}

/// Writes a path so that one that is not UTF-8 survives JSON.
mod as_os_string {
    use super::{OsString, PathBuf};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::path::Path;

    pub(super) fn serialize<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
        path.as_os_str().serialize(to)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<PathBuf, D::Error> {
        OsString::deserialize(from).map(PathBuf::from)
    }
}

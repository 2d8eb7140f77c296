//! The messages between the parent and the process inside the container.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::Failure;
use super::mapping::Mapping;
use super::spec::{Exec, Spec, Status};
use super::tree::Unpacked;

/// The first message to the child: what it is for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Job {
    /// Make a tree from a tar; the descriptor is where to read it from.
    Unpack {
        /// How identities are mapped.
        mapping: Mapping,
        /// The directory, as the tree's place.
        dir: PlainPath,
    },
    /// Remove such a tree.
    Remove {
        /// How identities are mapped.
        mapping: Mapping,
        /// The directory.
        dir: PlainPath,
    },
    /// Run a container; the descriptors are stdout, stderr, the recorder's and
    /// the witness's.
    Run {
        /// How identities are mapped.
        mapping: Mapping,
        /// What to run.
        spec: Box<Spec>,
    },
}

/// A path that survives JSON whatever its bytes are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct PlainPath(std::ffi::OsString);

impl From<&std::path::Path> for PlainPath {
    fn from(path: &std::path::Path) -> PlainPath {
        PlainPath(path.as_os_str().to_owned())
    }
}

impl From<PlainPath> for PathBuf {
    fn from(path: PlainPath) -> PathBuf {
        path.0.into()
    }
}

/// A request to the container's first process.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// Comes back with the reply.
    pub(super) number: u64,
    /// What is asked.
    pub(super) ask: Ask,
}

/// What can be asked of a running container.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Ask {
    /// Start a program; the descriptors are its stdout and stderr.
    Exec(Exec),
    /// Connect to a TCP port of the container's loopback interface.
    Connect(u16),
    /// List the TCP ports that are listened on.
    Listening,
    /// Send a signal to a program: 0 is the main one, others are execs.
    Signal(u32, i32),
    /// End everything, the main process first and politely.
    Stop {
        /// Milliseconds that the main process has.
        grace: u64,
    },
}

/// A message from inside.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Message {
    /// The job that is not a run is done.
    Unpacked(Unpacked),
    /// The tree is removed.
    Removed,
    /// The job failed.
    Failed(Failure),
    /// The main process runs.
    Started,
    /// The answer to a request; a connection's descriptor comes along.
    Reply(u64, Result<Answer, Failure>),
    /// A program ended: 0 is the main one, others are execs.
    Ended(u32, Status),
    /// A limit was passed, and everything is being killed.
    OverLimit(String),
    /// The recorder ended early, and everything is being killed.
    RecorderLost(String),
    /// Everything has ended and all events are written.
    Done {
        /// What was not as it should be.
        warnings: Vec<String>,
    },
}

/// What a request brought.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// It is done.
    Done,
    /// The program runs under this number.
    Running(u32),
    /// The ports listened on.
    Ports(Vec<u16>),
}

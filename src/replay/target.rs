//! A running container as probes see it.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use crate::probe::{Ended, Ran, Target};
use crate::trace::{Container, Spec, Status};

/// A container, and how programs are started in it.
pub(super) struct Running<'a> {
    pub container: &'a Container,
    pub spec: &'a Spec,
}

impl Target for Running<'_> {
    fn connect(&self, port: u16) -> io::Result<TcpStream> {
        self.container.connect(port)
    }

    fn listening(&self) -> io::Result<Vec<u16>> {
        self.container.listening().map_err(io::Error::other)
    }

    fn exec(&self, words: &[String], limit: Duration) -> io::Result<Ran> {
        let exec = self.spec.exec(words.to_vec());
        let finished = self
            .container
            .exec(&exec, limit)
            .map_err(io::Error::other)?;
        Ok(Ran {
            ended: (!finished.timed_out).then(|| ended(finished.status)),
            stdout: finished.logs.stdout,
            stderr: finished.logs.stderr,
        })
    }

    fn ended(&self) -> Option<Ended> {
        self.container.main_status().map(ended)
    }
}

fn ended(status: Status) -> Ended {
    match status {
        Status::Exited(status) => Ended::Exited(status),
        Status::Signalled(signal) => Ended::Signalled(signal),
    }
}

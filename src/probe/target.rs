//! What is asked.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this status.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ended::Exited(status) => write!(f, "exit status {status}"),
            Ended::Signalled(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// A program that ran in the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// How it ended; `None` if it did not within the time that it had.
    pub ended: Option<Ended>,
    /// The beginning of what it wrote to standard output.
    pub stdout: Vec<u8>,
    /// The same of standard error.
    pub stderr: Vec<u8>,
}

/// A container that runs.
pub trait Target: Sync {
    /// Connects to a port on the container's loopback interface.
    ///
    /// # Errors
    /// As connecting anywhere.
    fn connect(&self, port: u16) -> io::Result<TcpStream>;
    /// The TCP ports that something listens at, in ascending order.
    ///
    /// # Errors
    /// Whatever keeps them from being known.
    fn listening(&self) -> io::Result<Vec<u16>>;
    /// Runs a program in the container.
    ///
    /// # Errors
    /// Whatever keeps it from being started.
    fn exec(&self, words: &[String], limit: Duration) -> io::Result<Ran>;
    /// How the container's own program ended, if it did.
    fn ended(&self) -> Option<Ended>;
}

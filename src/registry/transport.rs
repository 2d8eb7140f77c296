//! One connection that is there already, as a transport of ureq.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, LazyBuffers, NextTimeout, Transport,
};

/// What requests can go over.
pub trait Connection: Read + Write + Send + Sync + fmt::Debug + 'static {
    /// How long reading and writing may take each; as long as they like without.
    ///
    /// # Errors
    /// As the sockets of the standard library.
    fn set_timeouts(&self, read: Option<Duration>, write: Option<Duration>) -> io::Result<()>;
}

impl Connection for TcpStream {
    fn set_timeouts(&self, read: Option<Duration>, write: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(read)?;
        self.set_write_timeout(write)
    }
}

impl Connection for UnixStream {
    fn set_timeouts(&self, read: Option<Duration>, write: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(read)?;
        self.set_write_timeout(write)
    }
}

/// One request over one connection.
#[derive(Debug)]
pub struct OneRequest<C> {
    connection: C,
    buffers: LazyBuffers,
}

impl<C: Connection> OneRequest<C> {
    /// Over `connection`, as a connector is asked for it.
    pub fn over(connection: C, details: &ConnectionDetails<'_>) -> Self {
        let config = details.config;
        OneRequest {
            connection,
            buffers: LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size()),
        }
    }
}

impl<C: Connection> Transport for OneRequest<C> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let limit = timeout.not_zero().map(|t| *t);
        self.connection.set_timeouts(limit, limit)?;
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        let written = self.connection.write_all(output);
        written.map_err(|error| timed(error, &timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let limit = timeout.not_zero().map(|t| *t);
        self.connection.set_timeouts(limit, limit)?;
        let input = self.buffers.input_append_buf();
        let amount = loop {
            match self.connection.read(input) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other.map_err(|error| timed(error, &timeout))?,
            }
        };
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        // Nothing is pooled.
        false
    }
}

fn timed(error: io::Error, timeout: &NextTimeout) -> ureq::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ureq::Error::Timeout(timeout.reason),
        _ => ureq::Error::Io(error),
    }
}

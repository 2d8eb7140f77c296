//! HTTP over a Unix socket.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use ureq::unversioned::transport::{ConnectionDetails, Connector};

use crate::registry::OneRequest;

/// Connects to one socket whatever the URL's host is.
#[derive(Debug)]
pub(super) struct UnixConnector {
    pub(super) path: PathBuf,
}

impl Connector for UnixConnector {
    type Out = OneRequest<UnixStream>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _chained: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let stream = UnixStream::connect(&self.path).map_err(ureq::Error::Io)?;
        Ok(Some(OneRequest::over(stream, details)))
    }
}

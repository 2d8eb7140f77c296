//! Pushing blobs whose size and digest are known, from data that can be read again.

use std::cell::RefCell;
use std::io::{self, Read};

use oci_spec::image::Digest;

use super::auth::Action;
use super::blob::PROGRESS;
use super::client::Repository;
use super::error::{Context, RegistryError};
use super::reference::is_repository;
use super::upload::{Extent, Sent, Started, Upload};
use super::web::Payload;

/// What is sent at once after a registry has said that more is too much, in bytes.
const SMALLER_PART: u64 = 16 * 1024 * 1024;

/// How a blob came to be in the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It was there already.
    Existed,
    /// The registry took it from another of its repositories.
    Mounted,
    /// It was sent.
    Uploaded,
}

/// The state of one push.
struct Push<'a, F> {
    repository: &'a Repository,
    digest: &'a Digest,
    size: u64,
    open: F,
    context: &'a Context,
    /// The largest part that is sent at once, in bytes.
    part: u64,
    failures: u32,
    /// Where the last failure was.
    failed_at: u64,
}

/// How one attempt ended.
enum Attempt {
    Done,
    /// Try again, after asking how far the upload is.
    Again(RegistryError),
}

impl Repository {
    /// Pushes a blob unless it is there already (distribution specification,
    /// "Pushing blobs"). Memory stays bounded: what is larger than a chunk is
    /// sent as a stream.
    ///
    /// `mount_from` names a repository of the same registry that is likely to
    /// have the blob. `open` opens the data at an offset; it is called again
    /// when a lost connection makes that necessary.
    ///
    /// # Errors
    /// [`RegistryError`]; [`RegistryError::Source`] when the data cannot be
    /// read or has another size.
    pub fn push_blob<R: Read>(
        &self,
        digest: &Digest,
        size: u64,
        mount_from: Option<&str>,
        open: impl FnMut(u64) -> io::Result<R>,
    ) -> Result<Pushed, RegistryError> {
        let context = self.context(format!("push the blob {digest}"));
        let scope = self.scope(Action::Push);
        match self.has_blob(digest, &scope) {
            Ok(true) => return Ok(Pushed::Existed),
            // Some storage hosts do not answer HEAD; then it is sent.
            Ok(false) | Err(RegistryError::Status { .. }) => {}
            Err(error) => return Err(error),
        }
        let first = match self.try_mount(digest, mount_from, &context)? {
            Some(Started::Mounted) => return Ok(Pushed::Mounted),
            Some(Started::Session(upload)) => Some(upload),
            None => None,
        };
        let mut push = Push {
            repository: self,
            digest,
            size,
            open,
            context: &context,
            part: self.part_limit.unwrap_or(u64::MAX).max(1),
            failures: 0,
            failed_at: 0,
        };
        push.run(first).map(|()| Pushed::Uploaded)
    }

    /// Tries to mount; `None` when a plain upload has to be started.
    fn try_mount(
        &self,
        digest: &Digest,
        from: Option<&str>,
        context: &Context,
    ) -> Result<Option<Started>, RegistryError> {
        let Some(from) = from.filter(|from| *from != self.name && is_repository(from)) else {
            return Ok(None);
        };
        let scope = self.scope(Action::Push).and_pull(from);
        match self.start_upload(Some((digest, from)), &scope, context) {
            Ok(started) => Ok(Some(started)),
            // We may not read that repository, or the registry cannot mount:
            // the blob is sent instead.
            Err(
                RegistryError::Unauthorized { .. }
                | RegistryError::Forbidden { .. }
                | RegistryError::NotFound { .. }
                | RegistryError::Status { .. },
            ) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<R: Read, F: FnMut(u64) -> io::Result<R>> Push<'_, F> {
    fn run(&mut self, first: Option<Upload>) -> Result<(), RegistryError> {
        let mut current = first;
        loop {
            let mut upload = match current.take() {
                Some(upload) => upload,
                None => self.start()?,
            };
            let error = match self.attempt(&mut upload) {
                Ok(Attempt::Done) => return Ok(()),
                Ok(Attempt::Again(error)) => error,
                Err(error) => {
                    upload.delete(self.context);
                    return Err(error);
                }
            };
            self.failures += 1;
            let Some(wait) = self.repository.session.web.retry().wait(self.failures) else {
                upload.delete(self.context);
                return Err(error);
            };
            std::thread::sleep(wait);
            current = self.resume(upload)?;
            let offset = current.as_ref().map_or(0, |upload| upload.offset);
            if offset.saturating_sub(self.failed_at) >= PROGRESS {
                self.failures = 1;
            }
            self.failed_at = offset;
        }
    }

    fn start(&self) -> Result<Upload, RegistryError> {
        let scope = self.repository.scope(Action::Push);
        match self.repository.start_upload(None, &scope, self.context)? {
            Started::Session(upload) => Ok(upload),
            Started::Mounted => Err(RegistryError::Protocol {
                context: Box::new(self.context.clone()),
                problem: "it mounted a blob that it was not asked to mount".to_owned(),
            }),
        }
    }

    /// Finds out where to go on; `None` when the blob has to be sent anew.
    fn resume(&self, mut upload: Upload) -> Result<Option<Upload>, RegistryError> {
        let known = match upload.ask(self.context)? {
            Some(Extent::Bytes(bytes)) if bytes <= self.size => Some(bytes),
            // Nothing has come, or one byte: then the digest will not fit.
            Some(Extent::NoneOrOne) if upload.offset <= 1 => Some(upload.offset),
            _ => None,
        };
        match known {
            Some(bytes) => {
                upload.offset = bytes;
                Ok(Some(upload))
            }
            None => {
                upload.delete(self.context);
                Ok(None)
            }
        }
    }

    fn attempt(&mut self, upload: &mut Upload) -> Result<Attempt, RegistryError> {
        let small = self.size.min(self.part) <= self.repository.chunk_size as u64;
        let last = if small && upload.offset == 0 && self.size <= self.part {
            self.read_all()?
        } else {
            while upload.offset < self.size {
                match self.stream(upload)? {
                    Sent::Taken => {}
                    Sent::Unsure(error) => return Ok(Attempt::Again(error)),
                    Sent::TooMuch(error) if self.part > SMALLER_PART => {
                        self.part = SMALLER_PART;
                        return Ok(Attempt::Again(error));
                    }
                    Sent::TooMuch(error) => return Err(error),
                }
            }
            Vec::new()
        };
        match upload.commit(self.digest, &last, self.context) {
            Ok(()) => Ok(Attempt::Done),
            Err(error) if error.may_pass() => {
                // The answer to an earlier attempt may be what was lost.
                let scope = self.repository.scope(Action::Push);
                match self.repository.has_blob(self.digest, &scope) {
                    Ok(true) => Ok(Attempt::Done),
                    _ => Ok(Attempt::Again(error)),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Sends from the upload's offset on, as much as may be sent at once.
    fn stream(&mut self, upload: &mut Upload) -> Result<Sent, RegistryError> {
        let len = (self.size - upload.offset).min(self.part);
        let inner = (self.open)(upload.offset).map_err(|source| self.source(source))?;
        let trouble = RefCell::new(None);
        let mut reader = Exact {
            inner,
            left: len,
            trouble: &trouble,
        };
        // One request for the whole blob is what every registry knows; a
        // range is said only where there is more than one.
        let ranged = upload.offset > 0 || len < self.size;
        let result = upload.send(Payload::Stream(&mut reader, len), len, ranged, self.context);
        match trouble.into_inner() {
            Some(source) => Err(self.source(source)),
            None => result,
        }
    }

    fn read_all(&mut self) -> Result<Vec<u8>, RegistryError> {
        let mut bytes = Vec::new();
        (self.open)(0)
            .and_then(|reader| {
                reader
                    .take(self.size.saturating_add(1))
                    .read_to_end(&mut bytes)
            })
            .map_err(|source| self.source(source))?;
        if bytes.len() as u64 != self.size {
            return Err(self.source(wrong_size()));
        }
        Ok(bytes)
    }

    fn source(&self, source: io::Error) -> RegistryError {
        RegistryError::Source {
            context: Box::new(self.context.clone()),
            source,
        }
    }
}

fn wrong_size() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "it has another size than was said",
    )
}

/// Reads exactly so many bytes, and keeps its errors apart from the connection's.
struct Exact<'a, R> {
    inner: R,
    left: u64,
    trouble: &'a RefCell<Option<io::Error>>,
}

impl<R: Read> Read for Exact<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let max = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buf.len());
        if max == 0 {
            return Ok(0);
        }
        let error = loop {
            match self.inner.read(&mut buf[..max]) {
                Ok(0) => break wrong_size(),
                Ok(n) => {
                    self.left -= n as u64;
                    return Ok(n);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => break e,
            }
        };
        *self.trouble.borrow_mut() = Some(error);
        Err(io::ErrorKind::Other.into())
    }
}

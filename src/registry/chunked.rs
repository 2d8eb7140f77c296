//! Pushing a blob whose size and digest are known only at its end.

use std::io::{self, Write};

use oci_spec::image::Digest;

use super::auth::Action;
use super::client::Repository;
use super::error::{Context, RegistryError};
use super::upload::{Extent, Sent, Started, Upload};
use super::web::Payload;

/// The largest chunk that a registry may ask for, in bytes: it is kept in memory.
const MAX_CHUNK: u64 = 16 * 1024 * 1024;

/// A blob that is being written. It is sent in chunks that are kept until the
/// registry has them. Dropping it without [`BlobUpload::finish`] gives it up,
/// which may take a few seconds.
pub struct BlobUpload {
    repository: Repository,
    context: Context,
    /// `None` once it is finished or given up.
    upload: Option<Upload>,
    /// What the registry does not have yet; it starts at the upload's offset.
    buffer: Vec<u8>,
    capacity: usize,
}

impl Repository {
    /// Starts to push a blob of unknown size and digest (distribution
    /// specification, "Pushing a blob in chunks").
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn start_blob(&self) -> Result<BlobUpload, RegistryError> {
        let context = self.context("push a blob".to_owned());
        let upload = self.start_plain(&context)?;
        let wanted = usize::try_from(upload.min_chunk.min(MAX_CHUNK)).unwrap_or(0);
        Ok(BlobUpload {
            repository: self.clone(),
            context,
            upload: Some(upload),
            buffer: Vec::new(),
            capacity: self.chunk_size.max(wanted),
        })
    }

    fn start_plain(&self, context: &Context) -> Result<Upload, RegistryError> {
        match self.start_upload(None, &self.scope(Action::Push), context)? {
            Started::Session(upload) => Ok(upload),
            Started::Mounted => Err(RegistryError::Protocol {
                context: Box::new(context.clone()),
                problem: "it mounted a blob that it was not asked to mount".to_owned(),
            }),
        }
    }
}

impl BlobUpload {
    /// How many bytes have been written.
    pub fn written(&self) -> u64 {
        let sent = self.upload.as_ref().map_or(0, |upload| upload.offset);
        sent + self.buffer.len() as u64
    }

    /// Closes the blob, whose digest is now known.
    ///
    /// # Errors
    /// [`RegistryError`]; the registry refuses bytes that have another digest.
    pub fn finish(mut self, digest: &Digest) -> Result<(), RegistryError> {
        self.context.doing = format!("push the blob {digest}");
        let Some(mut upload) = self.upload.take() else {
            return Err(self.lost("an earlier part failed"));
        };
        let mut failures = 0;
        loop {
            // What fits in one chunk goes with the last request.
            let small = upload.offset == 0;
            if !small {
                upload = self.flush_buffer(upload)?;
            }
            let error = match upload.commit(digest, &self.buffer, &self.context) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let passing = error.may_pass();
            // The answer to an earlier attempt may be what was lost.
            let scope = self.repository.scope(Action::Push);
            if passing && matches!(self.repository.has_blob(digest, &scope), Ok(true)) {
                return Ok(());
            }
            failures += 1;
            let wait = self.repository.session.web.retry().wait(failures);
            upload.delete(&self.context);
            match wait {
                Some(wait) if passing && small => std::thread::sleep(wait),
                _ => return Err(error),
            }
            upload = self.repository.start_plain(&self.context)?;
        }
    }

    /// Gives it up and tells the registry.
    pub fn abandon(mut self) {
        self.give_up();
    }

    fn give_up(&mut self) {
        self.buffer = Vec::new();
        if let Some(upload) = self.upload.take() {
            upload.delete(&self.context);
        }
    }

    /// Sends what the buffer has.
    fn flush_buffer(&mut self, mut upload: Upload) -> Result<Upload, RegistryError> {
        let mut failures = 0;
        while !self.buffer.is_empty() {
            let len = self.buffer.len() as u64;
            let sent = upload.send(Payload::Bytes(&self.buffer), len, true, &self.context);
            let error = match sent {
                Ok(Sent::Taken) => {
                    self.buffer.clear();
                    break;
                }
                Ok(Sent::Unsure(error)) => error,
                Ok(Sent::TooMuch(error)) | Err(error) => {
                    upload.delete(&self.context);
                    return Err(error);
                }
            };
            failures += 1;
            let Some(wait) = self.repository.session.web.retry().wait(failures) else {
                upload.delete(&self.context);
                return Err(error);
            };
            std::thread::sleep(wait);
            upload = self.resume(upload, &error)?;
        }
        Ok(upload)
    }

    /// After a cut: what is to be sent is what the registry does not have.
    fn resume(
        &mut self,
        mut upload: Upload,
        error: &RegistryError,
    ) -> Result<Upload, RegistryError> {
        let before = upload.offset;
        let end = before + self.buffer.len() as u64;
        match upload.ask(&self.context)? {
            Some(Extent::Bytes(bytes)) if (before..=end).contains(&bytes) => {
                upload.offset = bytes;
                self.taken(bytes - before);
                Ok(upload)
            }
            Some(Extent::NoneOrOne) if before == 0 => Ok(upload),
            _ => {
                upload.delete(&self.context);
                if before == 0 {
                    // All of it is still here.
                    return self.repository.start_plain(&self.context);
                }
                Err(self.lost(&error.to_string()))
            }
        }
    }

    fn taken(&mut self, bytes: u64) {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.buffer.drain(..bytes.min(self.buffer.len()));
    }

    fn lost(&self, problem: &str) -> RegistryError {
        RegistryError::UploadLost {
            context: Box::new(self.context.clone()),
            problem: problem.to_owned(),
        }
    }

    fn take_in(&mut self, mut bytes: &[u8]) -> Result<(), RegistryError> {
        while !bytes.is_empty() {
            if self.buffer.len() >= self.capacity {
                let Some(upload) = self.upload.take() else {
                    return Err(self.lost("an earlier part failed"));
                };
                self.upload = Some(self.flush_buffer(upload)?);
            }
            let room = self.capacity.saturating_sub(self.buffer.len());
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }
}

impl Write for BlobUpload {
    /// Takes all of `bytes`. After an error the blob cannot be finished.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take_in(bytes)?;
        Ok(bytes.len())
    }

    /// Does nothing: chunks are sent when they are full.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for BlobUpload {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl std::fmt::Debug for BlobUpload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobUpload")
            .field("repository", &self.repository)
            .field("written", &self.written())
            .finish_non_exhaustive()
    }
}

//! Blobs as streams that survive a lost connection.

use std::io::{self, Read};
use std::time::Duration;

use oci_spec::image::Digest;
use ureq::http::header::{CONTENT_RANGE, RANGE};
use ureq::http::{Method, StatusCode};

use super::auth::Action;
use super::client::Repository;
use super::error::{Context, RegistryError, escape};
use super::hash::Hasher;
use super::manifest::{mismatch, unknown};
use super::session::{Purpose, refusal};
use super::web::{Answer, Ask, Patience, Payload};

/// So many bytes count as progress: failures before them are forgotten, in
/// bytes. A server that gives a byte per connection is given up.
pub(super) const PROGRESS: u64 = 1024 * 1024;

/// Reads a blob, or a range of one. When the connection is lost it is opened
/// again where it stopped. A whole blob is checked: its end is reached only
/// when size and digest are right, and the bytes before are not to be trusted
/// until then. Errors are [`RegistryError`]s inside of [`io::Error`]s.
pub struct BlobReader {
    repository: Repository,
    context: Context,
    digest: Digest,
    /// Where the next byte is in the blob.
    position: u64,
    /// Where reading ends.
    end: u64,
    /// For whole blobs, until the end.
    hasher: Option<Hasher>,
    whole: bool,
    body: Option<Box<dyn Read + Send>>,
    failures: u32,
    /// Where the last failure was.
    failed_at: u64,
    finished: bool,
    /// After an error there is no end, only the error.
    broken: bool,
}

impl Repository {
    /// A blob of `size` bytes (distribution specification, "Pulling blobs").
    /// Size and digest are those of its descriptor, and are checked at the end.
    ///
    /// # Errors
    /// [`RegistryError`]; [`RegistryError::NotFound`] when there is none.
    pub fn blob(&self, digest: &Digest, size: u64) -> Result<BlobReader, RegistryError> {
        let context = self.context(format!("fetch the blob {digest}"));
        let hasher = Hasher::like(digest).ok_or_else(|| unknown(digest, &context))?;
        let mut reader = BlobReader {
            repository: self.clone(),
            context,
            digest: digest.clone(),
            position: 0,
            end: size,
            hasher: Some(hasher),
            whole: true,
            body: None,
            failures: 0,
            failed_at: 0,
            finished: false,
            broken: false,
        };
        reader.connect()?;
        Ok(reader)
    }

    /// `len` bytes of a blob from `offset` on. The registry must know how to
    /// send ranges. What is read has not been checked against a digest.
    ///
    /// # Errors
    /// [`RegistryError`]; [`RegistryError::Protocol`] when it sends the whole
    /// blob instead.
    pub fn blob_range(
        &self,
        digest: &Digest,
        offset: u64,
        len: u64,
    ) -> Result<BlobReader, RegistryError> {
        let context = self.context(format!(
            "fetch {len} bytes from {offset} on of the blob {digest}"
        ));
        let end = offset
            .checked_add(len)
            .ok_or_else(|| RegistryError::Protocol {
                context: Box::new(context.clone()),
                problem: "no blob is that long".to_owned(),
            })?;
        let mut reader = BlobReader {
            repository: self.clone(),
            context,
            digest: digest.clone(),
            position: offset,
            end,
            hasher: None,
            whole: false,
            body: None,
            failures: 0,
            failed_at: offset,
            finished: len == 0,
            broken: false,
        };
        if len > 0 {
            reader.connect()?;
        }
        Ok(reader)
    }
}

impl BlobReader {
    /// Opens the blob at the position.
    fn connect(&mut self) -> Result<(), RegistryError> {
        let repository = &self.repository;
        let scope = repository.scope(Action::Pull);
        let purpose = Purpose {
            context: &self.context,
            scope: &scope,
        };
        let path = repository.blob_path(&self.digest);
        let uri = repository.session.address(&path, &self.context)?;
        let mut ask = Ask::new(Method::GET, uri).patience(Patience::Blob);
        let ranged = !self.whole || self.position > 0;
        if ranged {
            let last = self.end.saturating_sub(1);
            ask = ask.with(RANGE, format!("bytes={}-{last}", self.position));
        }
        let answer = repository.session.call(&ask, Payload::None, &purpose)?;
        match answer.status {
            StatusCode::PARTIAL_CONTENT if ranged => {
                self.check_range(&answer)?;
                self.body = Some(Box::new(answer.body.into_reader()));
                Ok(())
            }
            StatusCode::OK if self.whole => {
                if let Some(found) = answer.length().filter(|&found| found != self.end) {
                    return Err(self.wrong_size(found));
                }
                let reader = answer.body.into_reader();
                self.body = Some(match self.position {
                    0 => Box::new(reader),
                    // It does not know ranges: what we have already is read over.
                    position => Box::new(Skip {
                        inner: reader,
                        left: position,
                    }),
                });
                Ok(())
            }
            StatusCode::OK => Err(self.senseless(
                "it sends the whole blob where a part was asked for; this registry, or the \
                 storage behind it, has no ranges",
            )),
            _ => Err(refusal(answer, &self.context)),
        }
    }

    /// The range of a 206 must be the one that was asked for.
    fn check_range(&self, answer: &Answer) -> Result<(), RegistryError> {
        let text = answer.header(CONTENT_RANGE.as_str()).unwrap_or_default();
        let Some((first, last, total)) = content_range(text) else {
            return Err(self.senseless(&format!("the Content-Range {:?}", escape(text))));
        };
        if first != self.position || last >= self.end || last < first {
            return Err(self.senseless(&format!("it sends other bytes, {:?}", escape(text))));
        }
        match total {
            Some(total) if self.whole && total != self.end => Err(self.wrong_size(total)),
            _ => Ok(()),
        }
    }

    fn wrong_size(&self, found: u64) -> RegistryError {
        RegistryError::SizeMismatch {
            context: Box::new(self.context.clone()),
            expected: self.end,
            found,
        }
    }

    fn senseless(&self, problem: &str) -> RegistryError {
        RegistryError::Protocol {
            context: Box::new(self.context.clone()),
            problem: problem.to_owned(),
        }
    }

    /// After a cut: how long to wait before the next connection.
    fn wait(&mut self, problem: &str) -> Result<Duration, RegistryError> {
        if self.position - self.failed_at >= PROGRESS {
            self.failures = 0;
        }
        self.failed_at = self.position;
        self.failures += 1;
        let retry = self.repository.session.web.retry();
        retry
            .wait(self.failures)
            .ok_or_else(|| RegistryError::Transport {
                context: Box::new(self.context.clone()),
                problem: format!(
                    "the connection was cut {} times, the last time at byte {} of {}: {}",
                    self.failures,
                    self.position,
                    self.end,
                    escape(problem)
                ),
            })
    }

    /// The last byte has been read: nothing may follow, and the digest must be right.
    fn finish(&mut self) -> Result<(), RegistryError> {
        self.finished = true;
        let body = self.body.take();
        let Some(hasher) = self.hasher.take() else {
            return Ok(());
        };
        let mut more = [0];
        // An error here is no loss: all bytes have come.
        if let Some(Ok(1..)) = body.map(|mut body| body.read(&mut more)) {
            return Err(self.wrong_size(self.end.saturating_add(1)));
        }
        match hasher.finish() {
            found if found == self.digest.as_ref() => Ok(()),
            found => Err(mismatch(&self.context, &self.digest, found)),
        }
    }

    fn next(&mut self, buf: &mut [u8]) -> Result<usize, RegistryError> {
        loop {
            let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
            if left == 0 {
                self.finish()?;
                return Ok(0);
            }
            let Some(body) = &mut self.body else {
                self.connect()?;
                continue;
            };
            let max = left.min(buf.len());
            let problem = match body.read(&mut buf[..max]) {
                Ok(0) => "it ended early".to_owned(),
                Ok(n) => {
                    if let Some(hasher) = &mut self.hasher {
                        hasher.update(&buf[..n]);
                    }
                    self.position += n as u64;
                    return Ok(n);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => e.to_string(),
            };
            self.body = None;
            std::thread::sleep(self.wait(&problem)?);
        }
    }
}

impl Read for BlobReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.broken {
            return Err(io::Error::other("this blob could not be read"));
        }
        if buf.is_empty() || self.finished {
            return Ok(0);
        }
        self.next(buf).map_err(|error| {
            self.broken = true;
            io::Error::from(error)
        })
    }
}

impl std::fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobReader")
            .field("digest", &self.digest.as_ref())
            .field("position", &self.position)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

/// Reads over the first bytes.
struct Skip<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Skip<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut scratch = [0; 16 * 1024];
        while self.left > 0 {
            let max = usize::try_from(self.left)
                .unwrap_or(usize::MAX)
                .min(scratch.len());
            match self.inner.read(&mut scratch[..max])? {
                0 => return Ok(0),
                n => self.left -= n as u64,
            }
        }
        self.inner.read(buf)
    }
}

/// `bytes FIRST-LAST/TOTAL`, where the total may be `*` (RFC 9110, section 14.4).
fn content_range(text: &str) -> Option<(u64, u64, Option<u64>)> {
    let rest = text.trim().strip_prefix("bytes")?.trim_start();
    let (range, total) = rest.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let total = match total.trim() {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, 9, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, 9, None)));
        for bad in [
            "",
            "bytes",
            "bytes */10",
            "bytes 5/10",
            "bytes -1-2/3",
            "items 1-2/3",
        ] {
            assert_eq!(content_range(bad), None, "{bad}");
        }
    }

    #[test]
    fn skipping() {
        let mut rest = Vec::new();
        let data: Vec<u8> = (0..100_000u32).map(|i| i as u8).collect();
        let mut skip = Skip {
            inner: data.as_slice(),
            left: 70_001,
        };
        skip.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, data[70_001..]);
    }
}

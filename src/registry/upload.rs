//! An upload session of a registry: start, send, ask how far it is, close.

use oci_spec::image::Digest;
use ureq::http::header::{CONTENT_RANGE, CONTENT_TYPE, RANGE};
use ureq::http::{Method, Uri};

use super::auth::Scope;
use super::client::Repository;
use super::error::{Context, RegistryError, escape, said};
use super::location::{encode, resolve, with_query};
use super::session::{Purpose, refusal};
use super::web::{Answer, Ask, Patience, Payload};

/// The smallest chunk that a registry takes, in its answer to the start.
const MIN_CHUNK: &str = "oci-chunk-min-length";

/// An upload that the registry has opened.
pub(super) struct Upload {
    repository: Repository,
    scope: Scope,
    /// Where the next request goes; it may change with each answer.
    location: Uri,
    /// How many bytes the registry has.
    pub(super) offset: u64,
    /// Bytes that each chunk but the last must have.
    pub(super) min_chunk: u64,
}

/// What starting an upload led to.
pub(super) enum Started {
    /// The blob is there, out of another repository.
    Mounted,
    Session(Upload),
}

/// What became of a part that was sent.
pub(super) enum Sent {
    /// The registry has it; [`Upload::offset`] says how far it is.
    Taken,
    /// It was not taken; asking how far the upload is may help.
    Unsure(RegistryError),
    /// It is more than may be sent at once.
    TooMuch(RegistryError),
}

/// How far a registry says that an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Bytes(u64),
    /// `0-0`, which some say for no byte and for one.
    NoneOrOne,
    /// It does not say.
    Unknown,
}

impl Repository {
    /// Opens an upload, or mounts the blob `mount.0` out of the repository
    /// `mount.1` (distribution specification, "Mounting a blob from another
    /// repository").
    pub(super) fn start_upload(
        &self,
        mount: Option<(&Digest, &str)>,
        scope: &Scope,
        context: &Context,
    ) -> Result<Started, RegistryError> {
        let mut path = format!("/v2/{}/blobs/uploads/", self.name);
        if let Some((digest, from)) = mount {
            path.push_str(&format!(
                "?mount={}&from={}",
                encode(digest.as_ref()),
                encode(from)
            ));
        }
        let uri = self.session.address(&path, context)?;
        let purpose = Purpose { context, scope };
        let ask = Ask::new(Method::POST, uri);
        let answer = self.session.call(&ask, Payload::Bytes(&[]), &purpose)?;
        match answer.status.as_u16() {
            201 if mount.is_some() => return Ok(Started::Mounted),
            202 => {}
            _ => return Err(refusal(answer, context)),
        }
        let mut upload = Upload {
            repository: self.clone(),
            scope: scope.clone(),
            location: answer.uri.clone(),
            offset: 0,
            min_chunk: answer
                .header(MIN_CHUNK)
                .and_then(|text| text.trim().parse().ok())
                .unwrap_or(0),
        };
        if answer.header("location").is_none() {
            return Err(RegistryError::Protocol {
                context: Box::new(context.clone()),
                problem: "it opened an upload without saying where".to_owned(),
            });
        }
        upload.follow(&answer, context)?;
        Ok(Started::Session(upload))
    }
}

impl Upload {
    /// Sends `len` bytes that belong at [`Upload::offset`] as one `PATCH`.
    /// `ranged` says where they belong; without it they are all there is.
    ///
    /// # Errors
    /// Those that end the upload.
    pub(super) fn send(
        &mut self,
        payload: Payload<'_>,
        len: u64,
        ranged: bool,
        context: &Context,
    ) -> Result<Sent, RegistryError> {
        let mut ask = Ask::new(Method::PATCH, self.location.clone())
            .with(CONTENT_TYPE, "application/octet-stream")
            .patience(Patience::Commit);
        // Sent twice, they could be stored twice.
        ask.repeat = false;
        let end = self.offset.saturating_add(len);
        if ranged {
            let last = end.saturating_sub(1);
            ask = ask.with(CONTENT_RANGE, format!("{}-{last}", self.offset));
        }
        let answer = match self.call(&ask, payload, context) {
            Ok(answer) => answer,
            Err(error @ RegistryError::Transport { .. }) => return Ok(Sent::Unsure(error)),
            Err(error) => return Err(error),
        };
        match answer.status.as_u16() {
            200..=202 | 204 => {
                self.follow(&answer, context)?;
                if let Extent::Bytes(taken) = extent(&answer)
                    && taken != end
                {
                    return Ok(Sent::Unsure(RegistryError::Protocol {
                        context: Box::new(context.clone()),
                        problem: format!("it has {taken} bytes after {end} were sent"),
                    }));
                }
                self.offset = end;
                Ok(Sent::Taken)
            }
            401 => Ok(Sent::Unsure(RegistryError::Unauthorized {
                context: Box::new(context.clone()),
                said: said(&answer.error_body()),
                user: None,
            })),
            413 => Ok(Sent::TooMuch(refusal(answer, context))),
            404 | 408 | 409 | 416 | 429 | 500..=599 => Ok(Sent::Unsure(refusal(answer, context))),
            _ => Err(refusal(answer, context)),
        }
    }

    /// Asks how far the upload is; `None` when it cannot be gone on with.
    ///
    /// # Errors
    /// Those that end the upload, such as that we may no longer write.
    pub(super) fn ask(&mut self, context: &Context) -> Result<Option<Extent>, RegistryError> {
        let ask = Ask::new(Method::GET, self.location.clone());
        let answer = match self.call(&ask, Payload::None, context) {
            Ok(answer) => answer,
            Err(RegistryError::Transport { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        match answer.status.as_u16() {
            200 | 202 | 204 => {
                self.follow(&answer, context)?;
                Ok(Some(extent(&answer)))
            }
            _ => Ok(None),
        }
    }

    /// Closes the upload with the last bytes of the blob, or all of them, and
    /// its digest.
    ///
    /// # Errors
    /// [`RegistryError`]; [`RegistryError::NotFound`] when the upload is gone.
    pub(super) fn commit(
        &self,
        digest: &Digest,
        last: &[u8],
        context: &Context,
    ) -> Result<(), RegistryError> {
        let uri = with_query(&self.location, "digest", digest.as_ref()).map_err(|problem| {
            RegistryError::Protocol {
                context: Box::new(context.clone()),
                problem,
            }
        })?;
        let mut ask = Ask::new(Method::PUT, uri)
            .with(CONTENT_TYPE, "application/octet-stream")
            .patience(Patience::Commit);
        // Bytes that are sent twice could be stored twice.
        ask.repeat = last.is_empty();
        let answer = self.call(&ask, Payload::Bytes(last), context)?;
        match answer.status.as_u16() {
            // 201 is the specification's; some say 200 or 204.
            200 | 201 | 204 => match answer.header("docker-content-digest") {
                Some(stored) if same_algorithm(stored, digest) && stored != digest.as_ref() => {
                    Err(RegistryError::DigestMismatch {
                        context: Box::new(context.clone()),
                        expected: digest.to_string(),
                        found: escape(stored),
                    })
                }
                _ => Ok(()),
            },
            _ => Err(refusal(answer, context)),
        }
    }

    /// Tells the registry to forget the upload. It would do so by itself
    /// sooner or later, so nothing is said when it does not work.
    pub(super) fn delete(self, context: &Context) {
        let mut ask = Ask::new(Method::DELETE, self.location.clone()).patience(Patience::Brief);
        ask.repeat = false;
        self.repository
            .session
            .call_quietly(&ask, &self.purpose(context));
    }

    fn call(
        &self,
        ask: &Ask,
        payload: Payload<'_>,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        let session = &self.repository.session;
        session.call(ask, payload, &self.purpose(context))
    }

    fn purpose<'a>(&'a self, context: &'a Context) -> Purpose<'a> {
        Purpose {
            context,
            scope: &self.scope,
        }
    }

    /// Takes the address for the next request out of an answer, if it has one.
    fn follow(&mut self, answer: &Answer, context: &Context) -> Result<(), RegistryError> {
        if let Some(location) = answer.header("location") {
            self.location =
                resolve(&answer.uri, location).map_err(|problem| RegistryError::Protocol {
                    context: Box::new(context.clone()),
                    problem,
                })?;
        }
        Ok(())
    }
}

fn same_algorithm(text: &str, digest: &Digest) -> bool {
    text.split(':').next() == digest.as_ref().split(':').next()
}

/// The `Range` header of an answer: `0-LAST`, at times with `bytes=` before.
fn extent(answer: &Answer) -> Extent {
    parse_extent(answer.header(RANGE.as_str()))
}

fn parse_extent(header: Option<&str>) -> Extent {
    let Some(text) = header else {
        return Extent::Unknown;
    };
    let text = text.trim().trim_start_matches("bytes=");
    match text
        .split_once('-')
        .map(|(first, last)| (first, last.parse::<u64>()))
    {
        Some(("0", Ok(0))) => Extent::NoneOrOne,
        Some(("0", Ok(last))) => Extent::Bytes(last.saturating_add(1)),
        _ => Extent::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_is() {
        for (text, want) in [
            ("0-0", Extent::NoneOrOne),
            ("0-1", Extent::Bytes(2)),
            ("bytes=0-99", Extent::Bytes(100)),
            ("0-18446744073709551615", Extent::Bytes(u64::MAX)),
            ("5-9", Extent::Unknown),
            ("0--1", Extent::Unknown),
            ("", Extent::Unknown),
        ] {
            assert_eq!(parse_extent(Some(text)), want, "{text}");
        }
        assert_eq!(parse_extent(None), Extent::Unknown);
    }
}

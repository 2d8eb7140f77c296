//! Frames on a stream socket: a length, that many bytes of JSON, and any
//! descriptors alongside.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::sys;

/// No frame is longer: what is in one is a job with its environment at most.
const LONGEST: usize = 64 << 20;
/// Descriptors in one frame.
const MOST_FDS: usize = 4;

/// Sends one message.
pub(super) fn send<T: Serialize>(
    socket: BorrowedFd<'_>,
    message: &T,
    fds: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message)?;
    let length = frame.len() - 4;
    if length > LONGEST {
        return Err(io::Error::other("the message is longer than 64 MiB"));
    }
    frame[..4].copy_from_slice(&(length as u32).to_le_bytes());
    let numbers: Vec<i32> = fds.iter().map(|fd| fd.as_raw_fd()).collect();
    let mut sent = 0;
    while sent < frame.len() {
        let rights = [ControlMessage::ScmRights(&numbers)];
        // The descriptors travel with the first bytes only.
        let controls: &[ControlMessage<'_>] = if sent == 0 && !numbers.is_empty() {
            &rights
        } else {
            &[]
        };
        match sendmsg::<()>(
            socket.as_raw_fd(),
            &[IoSlice::new(&frame[sent..])],
            controls,
            MsgFlags::MSG_NOSIGNAL,
            None,
        ) {
            Ok(count) => sent += count,
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Receives one message; `None` at the end of the stream.
pub(super) fn receive<T: DeserializeOwned>(
    socket: BorrowedFd<'_>,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut fds = Vec::new();
    let mut length = [0; 4];
    if !fill(socket, &mut length, &mut fds)? {
        return Ok(None);
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST {
        return Err(io::Error::other("a message says it is longer than 64 MiB"));
    }
    let mut body = vec![0; length];
    if !fill(socket, &mut body, &mut fds)? {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some((serde_json::from_slice(&body)?, fds)))
}

/// Reads exactly `into`; `false` when the stream ends before its first byte.
fn fill(socket: BorrowedFd<'_>, into: &mut [u8], fds: &mut Vec<OwnedFd>) -> io::Result<bool> {
    let mut have = 0;
    while have < into.len() {
        let mut space = nix::cmsg_space!([i32; MOST_FDS]);
        let mut parts = [IoSliceMut::new(&mut into[have..])];
        let received = match recvmsg::<()>(
            socket.as_raw_fd(),
            &mut parts,
            Some(&mut space),
            MsgFlags::MSG_CMSG_CLOEXEC,
        ) {
            Ok(received) => received,
            Err(Errno::EINTR) => continue,
            // Killed with unread data on the other side: an end as well.
            Err(Errno::ECONNRESET) if have == 0 => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        for control in received.cmsgs()? {
            if let ControlMessageOwned::ScmRights(numbers) = control {
                fds.extend(numbers.into_iter().map(sys::adopt));
            }
        }
        match received.bytes {
            0 if have == 0 => return Ok(false),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => have += count,
        }
    }
    Ok(true)
}

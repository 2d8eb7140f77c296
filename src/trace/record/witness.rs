//! The second witness: notes through fanotify which files of the container's
//! overlay are opened, without knowing of system calls. What it saw and the
//! recorder did not is a mistake of the recorder.

use std::collections::{BTreeSet, HashSet};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::fanotify::{EventFFlags, Fanotify, FanotifyEvent, InitFlags, MarkFlags, MaskFlags};
use nix::unistd::Pid;

use super::ENOUGH;
use super::event::{Kind, Sink};

const REST: Duration = Duration::from_millis(20);

/// Begins to watch the file system that is the root.
pub(in super::super) fn watch() -> std::io::Result<Fanotify> {
    let init = InitFlags::FAN_CLASS_NOTIF
        | InitFlags::FAN_CLOEXEC
        | InitFlags::FAN_NONBLOCK
        | InitFlags::FAN_UNLIMITED_QUEUE;
    let files = EventFFlags::O_RDONLY | EventFFlags::O_CLOEXEC | EventFFlags::O_LARGEFILE;
    let group = Fanotify::init(init, files | EventFFlags::O_NOATIME)?;
    group.mark(
        MarkFlags::FAN_MARK_ADD | MarkFlags::FAN_MARK_FILESYSTEM,
        MaskFlags::FAN_OPEN | MaskFlags::FAN_OPEN_EXEC | MaskFlags::FAN_ONDIR,
        AT_FDCWD,
        Some("/"),
    )?;
    Ok(group)
}

/// Notes what is opened by all processes but `spared`, until `control` is
/// closed.
pub(in super::super) fn serve(
    group: &Fanotify,
    control: &OwnedFd,
    events: OwnedFd,
    spared: &[Pid],
) -> std::io::Result<()> {
    let mut seen = HashSet::new();
    let mut sink = Sink::new(events.into());
    let mut overflowed = false;
    loop {
        let mut fds = [
            PollFd::new(group.as_fd(), PollFlags::POLLIN),
            PollFd::new(control.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ended = fds[1].revents().is_some_and(|flags| !flags.is_empty());
        loop {
            let new = match group.read_events() {
                Ok(new) => new,
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR) => continue,
                // The file is one that cannot be opened any more.
                Err(Errno::ENXIO | Errno::ENODEV | Errno::ENOENT | Errno::ESTALE) => continue,
                Err(error) => return Err(error.into()),
            };
            for event in &new {
                overflowed |= event.mask().contains(MaskFlags::FAN_Q_OVERFLOW);
                if spared.iter().any(|process| process.as_raw() == event.pid()) {
                    continue;
                }
                if let Some(path) = path(event)
                    && seen.insert(path.clone())
                {
                    sink.put(Kind::Read, 0, &path, b"");
                }
            }
            if sink.waiting() >= ENOUGH {
                sink.flush()?;
            }
        }
        if ended {
            break;
        }
        // Waking for each event would slow down the container; the queue has
        // no end, and equal events in it become one.
        std::thread::sleep(REST);
    }
    let mut remarks = Vec::new();
    if overflowed {
        remarks.push("the second witness did not see everything: its queue was full".to_owned());
    }
    sink.finish(&remarks, &BTreeSet::new())
}

/// The path of what was opened; `None` for a file that has been removed.
fn path(event: &FanotifyEvent) -> Option<Vec<u8>> {
    let fd = event.fd()?;
    let path = std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd()))
        .ok()?
        .into_os_string()
        .into_vec();
    let there = path.first() == Some(&b'/') && !path.ends_with(b" (deleted)");
    there.then_some(path)
}

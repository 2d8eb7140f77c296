//! The capabilities that a contained program may ever have.

use std::io;

/// Docker's default set, by number, in the order of linux/capability.h:
/// CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP,
/// NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, AUDIT_WRITE, SETFCAP. MKNOD is left
/// out: Docker can give it, as it keeps devices from being opened by other
/// means, without which a disk of the machine would be one call away.
const KEPT: [libc::c_ulong; 13] = [0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 29, 31];

use nix::libc;

/// Takes everything but the usual capabilities out of the bounding set
/// and empties the inheritable and ambient sets. What the process holds now
/// is left alone: the next exec computes it anew from the bounding set.
pub(in super::super) fn drop_bounding() -> io::Result<()> {
    for capability in 0..64 {
        if KEPT.contains(&capability) {
            continue;
        }
        // SAFETY: PR_CAPBSET_DROP takes numbers only and no pointer.
        let done = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        if done != 0 {
            let error = io::Error::last_os_error();
            // The first number that the kernel does not know ends the list.
            if error.raw_os_error() == Some(libc::EINVAL) && capability > 37 {
                break;
            }
            return Err(error);
        }
    }
    // SAFETY: PR_CAP_AMBIENT_CLEAR_ALL takes numbers only. It cannot fail in
    // a way that matters: without ambient capabilities there is none to clear.
    unsafe {
        libc::prctl(
            libc::PR_CAP_AMBIENT,
            libc::PR_CAP_AMBIENT_CLEAR_ALL as libc::c_ulong,
            0,
            0,
            0,
        )
    };
    Ok(())
}

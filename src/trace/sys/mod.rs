//! The only place of this module tree that talks to the kernel without the
//! compiler's checks: fork, descriptors that arrive over a socket, signals,
//! capabilities, seccomp and the loopback interface.
#![allow(unsafe_code)]

mod caps;
mod filter;
mod net;
mod notify;
mod process;
mod trace;

pub(super) use caps::drop_bounding;
pub(super) use filter::{Answer, Program};
pub(super) use net::raise_loopback;
pub(super) use notify::{Notification, Notifier, install, install_plain};
pub(super) use process::{
    Change, adopt, changed_child, close_others, fork, keep_only_on_exec, reset_signals,
    send_signal, set_xattr, time_of,
};
pub(super) use trace::{go_on, new_process, pretend, seize, stay_stopped, stopped_call};

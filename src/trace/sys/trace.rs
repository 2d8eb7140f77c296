//! Stops processes at filtered calls through ptrace.

use std::io;

use nix::libc;
use nix::unistd::Pid;

use super::notify::Notification;

const CONT: libc::c_long = 7;
const SET_REGISTERS: libc::c_long = 13;
const GET_REGISTERS: libc::c_long = 12;
const EVENT_MESSAGE: libc::c_long = 0x4201;
const SEIZE: libc::c_long = 0x4206;
const LISTEN: libc::c_long = 0x4208;
const CALL_INFO: libc::c_long = 0x420e;

/// Follow forks, vforks and clones; tell of each exec; stop at filtered calls;
/// kill all when the tracer ends.
const OPTIONS: usize = 0x02 | 0x04 | 0x08 | 0x10 | 0x80 | 0x0010_0000;

/// What `PTRACE_GET_SYSCALL_INFO` writes at a filtered call.
#[repr(C)]
#[derive(Default)]
struct CallInfo {
    op: u8,
    padding: [u8; 3],
    machine: u32,
    instruction: u64,
    stack: u64,
    number: u64,
    arguments: [u64; 6],
    data: u32,
    padding_after: [u32; 9],
}

fn request(what: libc::c_long, process: Pid, address: usize, data: usize) -> io::Result<()> {
    // SAFETY: the callers give either numbers or, in `data`, the address of a
    // live structure at least as large as the request writes.
    let done = unsafe { libc::syscall(libc::SYS_ptrace, what, process.as_raw(), address, data) };
    if done < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Begins to trace a process and all it will start.
pub(in super::super) fn seize(process: Pid) -> io::Result<()> {
    request(SEIZE, process, 0, OPTIONS)
}

/// Lets a stopped process go on, with a signal or with none (0).
pub(in super::super) fn go_on(process: Pid, signal: i32) {
    // Its one failure is that the process was killed meanwhile.
    let _: io::Result<()> = request(CONT, process, 0, signal as usize);
}

/// Leaves a process stopped that a signal has stopped, so that another one
/// can continue it.
pub(in super::super) fn stay_stopped(process: Pid) {
    // As above.
    let _: io::Result<()> = request(LISTEN, process, 0, 0);
}

/// The process that the last fork, vfork or clone has made; after an exec the
/// number that the executing thread had before.
pub(in super::super) fn new_process(process: Pid) -> io::Result<Pid> {
    let mut number: libc::c_ulong = 0;
    request(
        EVENT_MESSAGE,
        process,
        0,
        (&raw mut number).expose_provenance(),
    )?;
    Ok(Pid::from_raw(number as i32))
}

/// The call at which a process has stopped.
pub(in super::super) fn stopped_call(process: Pid) -> io::Result<Notification> {
    let mut info = CallInfo::default();
    let size = std::mem::size_of::<CallInfo>();
    request(
        CALL_INFO,
        process,
        size,
        (&raw mut info).expose_provenance(),
    )?;
    Ok(Notification {
        id: 0,
        thread: process.as_raw(),
        number: info.number as i64,
        arguments: info.arguments,
    })
}

/// Makes the call at which a process has stopped succeed without being
/// carried out; `false` where that is not known how.
#[cfg(target_arch = "x86_64")]
pub(in super::super) fn pretend(process: Pid) -> bool {
    // SAFETY: the structure is plain data.
    let mut registers: libc::user_regs_struct = unsafe { std::mem::zeroed() };
    if request(
        GET_REGISTERS,
        process,
        0,
        (&raw mut registers).expose_provenance(),
    )
    .is_err()
    {
        return false;
    }
    registers.orig_rax = u64::MAX;
    registers.rax = 0;
    request(
        SET_REGISTERS,
        process,
        0,
        (&raw mut registers).expose_provenance(),
    )
    .is_ok()
}

/// Makes the call at which a process has stopped succeed without being
/// carried out; `false` where that is not known how.
#[cfg(not(target_arch = "x86_64"))]
pub(in super::super) fn pretend(_process: Pid) -> bool {
    let _ = (SET_REGISTERS, GET_REGISTERS);
    false
}

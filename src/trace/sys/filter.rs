//! Writes seccomp programs: one answer for each system call number.

use nix::libc;

/// The kernel's name for the machine this program was built for.
#[cfg(target_arch = "x86_64")]
const MACHINE: u32 = 0xC000_003E;
/// The kernel's name for the machine this program was built for.
#[cfg(target_arch = "aarch64")]
const MACHINE: u32 = 0xC000_00B7;
/// Numbers from here up are of the x32 convention on x86-64.
const X32: u32 = 0x4000_0000;
/// Flags of clone that make namespaces.
const NAMESPACES: u32 = 0x7E02_0000;

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
const ANY_BIT: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

/// Where the parts of `struct seccomp_data` are.
const AT_NUMBER: u32 = 0;
const AT_MACHINE: u32 = 4;
const AT_FIRST_ARGUMENT: u32 = 16;

/// What happens to a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Answer {
    /// The listener is asked.
    Notify,
    /// The ptrace tracer is asked.
    Trace,
    /// It returns this error; 0 makes it succeed without doing anything.
    Error(u16),
}

impl Answer {
    fn value(self) -> u32 {
        match self {
            Answer::Notify => libc::SECCOMP_RET_USER_NOTIF,
            Answer::Trace => libc::SECCOMP_RET_TRACE,
            Answer::Error(number) => libc::SECCOMP_RET_ERRNO | u32::from(number),
        }
    }
}

/// A program for the kernel's packet filter machine.
pub(in super::super) struct Program {
    steps: Vec<libc::sock_filter>,
}

impl Program {
    /// A program that gives each of these calls its answer, refuses clone
    /// with flags for new namespaces, refuses calls of other machines'
    /// conventions, and gives everything else the answer `others`, or lets it
    /// through.
    pub(in super::super) fn new(
        answers: &[(libc::c_long, Answer)],
        others: Option<Answer>,
    ) -> Program {
        let mut program = Program { steps: Vec::new() };
        let no_such_call = Answer::Error(libc::ENOSYS as u16).value();
        program.step(LOAD, 0, 0, AT_MACHINE);
        program.step(EQUAL, 1, 0, MACHINE);
        program.step(RETURN, 0, 0, no_such_call);
        program.step(LOAD, 0, 0, AT_NUMBER);
        program.step(AT_LEAST, 0, 1, X32);
        program.step(RETURN, 0, 0, no_such_call);
        for (number, answer) in answers {
            program.step(EQUAL, 0, 1, *number as u32);
            program.step(RETURN, 0, 0, answer.value());
        }
        program.step(EQUAL, 0, 3, libc::SYS_clone as u32);
        program.step(LOAD, 0, 0, AT_FIRST_ARGUMENT);
        program.step(ANY_BIT, 0, 1, NAMESPACES);
        program.step(RETURN, 0, 0, Answer::Error(libc::EPERM as u16).value());
        let others = others.map_or(libc::SECCOMP_RET_ALLOW, Answer::value);
        program.step(RETURN, 0, 0, others);
        program
    }

    fn step(&mut self, code: u16, jt: u8, jf: u8, k: u32) {
        self.steps.push(libc::sock_filter { code, jt, jf, k });
    }

    pub(super) fn steps(&self) -> &[libc::sock_filter] {
        &self.steps
    }
}

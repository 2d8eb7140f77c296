//! A profile for container engines from the system calls that an image was seen to make.

use std::collections::BTreeSet;

use serde::Serialize;
use syscalls::Sysno;

/// What every program may need, whatever was seen of it: how a process ends, what follows a
/// signal, and what is no system call where the kernel answers it without one.
const ALWAYS: [Sysno; 8] = [
    Sysno::exit,
    Sysno::exit_group,
    Sysno::rt_sigreturn,
    Sysno::restart_syscall,
    Sysno::clock_gettime,
    Sysno::clock_getres,
    Sysno::gettimeofday,
    Sysno::getcpu,
];

/// What the container runtime itself does between putting the filter on and running the program,
/// without which none would start: what runc 1.1 was seen to do, with and without another user
/// and `no_new_privs`, and what programs in Go do at any time.
const RUNTIME: [Sysno; 46] = [
    Sysno::capget,
    Sysno::capset,
    Sysno::chdir,
    Sysno::clone,
    Sysno::close,
    Sysno::close_range,
    Sysno::dup3,
    Sysno::epoll_ctl,
    Sysno::epoll_pwait,
    Sysno::execve,
    Sysno::faccessat2,
    Sysno::fchown,
    Sysno::fchownat,
    Sysno::fcntl,
    Sysno::fstat,
    Sysno::fstatfs,
    Sysno::futex,
    Sysno::getcwd,
    Sysno::getdents64,
    Sysno::getpid,
    Sysno::getppid,
    Sysno::getrandom,
    Sysno::gettid,
    Sysno::madvise,
    Sysno::mmap,
    Sysno::mprotect,
    Sysno::munmap,
    Sysno::nanosleep,
    Sysno::newfstatat,
    Sysno::openat,
    Sysno::openat2,
    Sysno::prctl,
    Sysno::pread64,
    Sysno::read,
    Sysno::readlinkat,
    Sysno::rt_sigaction,
    Sysno::rt_sigprocmask,
    Sysno::sched_yield,
    Sysno::setgid,
    Sysno::setgroups,
    Sysno::setsid,
    Sysno::setuid,
    Sysno::sigaltstack,
    Sysno::statx,
    Sysno::tgkill,
    Sysno::write,
];

/// Flags of `clone` that make namespaces; as in Docker's own profile they are refused.
const NAMESPACES: u64 = 0x7E02_0000;

/// Calls that do the same, or a part of it: a program that makes one of a group may make another
/// of it where it was not watched, and can do nothing more with it.
const ALIKE: &[&[&str]] = &[
    &["clone", "fork", "vfork"],
    &["epoll_wait", "epoll_pwait", "epoll_pwait2"],
    &["poll", "ppoll", "select", "pselect6"],
    &["dup", "dup2", "dup3"],
    &["pipe", "pipe2"],
    &["accept", "accept4"],
    &["read", "readv", "pread64", "preadv", "preadv2"],
    &["write", "writev", "pwrite64", "pwritev", "pwritev2"],
    &["stat", "lstat", "fstat", "newfstatat", "fstatat64", "statx"],
    &["access", "faccessat", "faccessat2"],
    &["open", "openat"],
    &["readlink", "readlinkat"],
    &["getdents", "getdents64"],
    &["nanosleep", "clock_nanosleep"],
    &["kill", "tkill", "tgkill"],
    &[
        "getuid",
        "geteuid",
        "getgid",
        "getegid",
        "getresuid",
        "getresgid",
        "getgroups",
    ],
    &["getpid", "gettid", "getppid"],
    &["sendto", "sendmsg", "sendmmsg"],
    &["recvfrom", "recvmsg", "recvmmsg"],
    &["rename", "renameat", "renameat2"],
    &["link", "linkat"],
    &["symlink", "symlinkat"],
    &["unlink", "unlinkat", "rmdir"],
    &["mkdir", "mkdirat"],
    &["chmod", "fchmod", "fchmodat", "fchmodat2"],
    &["chown", "fchown", "lchown", "fchownat"],
    &["utime", "utimes", "futimesat", "utimensat"],
    &["truncate", "ftruncate"],
    &["statfs", "fstatfs"],
    &["chdir", "fchdir"],
    &["setuid", "setreuid", "setresuid"],
    &["setgid", "setregid", "setresgid"],
];

/// The name that libseccomp has for this machine.
const MACHINE: &str = match cfg!(target_arch = "aarch64") {
    true => "SCMP_ARCH_AARCH64",
    false => "SCMP_ARCH_X86_64",
};

/// Docker's format, which Podman, containerd and Kubernetes read, too.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    default_action: &'static str,
    architectures: [&'static str; 1],
    syscalls: [Rule; 3],
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    names: Vec<&'static str>,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errno_ret: Option<i32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    args: Vec<Argument>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Argument {
    index: u32,
    value: u64,
    value_two: u64,
    op: &'static str,
}

/// The profile that allows these calls, by their numbers on this machine, and those without which
/// no program starts or ends, as a text. The same calls give the same text.
///
/// # Errors
/// Whatever keeps it from being written as JSON.
pub fn profile(calls: &BTreeSet<u32>) -> serde_json::Result<String> {
    let seen = calls.iter().filter_map(|&call| Sysno::new(call as usize));
    let mut names: BTreeSet<&'static str> = seen.map(|call| call.name()).collect();
    for group in ALIKE {
        if group.iter().any(|name| names.contains(name)) {
            // The engine passes over names that its machine does not have.
            names.extend(*group);
        }
    }
    names.extend(ALWAYS.iter().chain(&RUNTIME).map(|call| call.name()));
    // Whether there are flags for namespaces can be seen of `clone`, and not of `clone3`, whose
    // callers fall back to it.
    names.remove("clone");
    names.remove("clone3");
    let profile = Profile {
        default_action: "SCMP_ACT_ERRNO",
        architectures: [MACHINE],
        syscalls: [
            Rule {
                names: names.into_iter().collect(),
                action: "SCMP_ACT_ALLOW",
                ..Rule::default()
            },
            Rule {
                names: vec!["clone"],
                action: "SCMP_ACT_ALLOW",
                args: vec![Argument {
                    index: 0,
                    value: NAMESPACES,
                    value_two: 0,
                    op: "SCMP_CMP_MASKED_EQ",
                }],
                ..Rule::default()
            },
            Rule {
                names: vec!["clone3"],
                action: "SCMP_ACT_ERRNO",
                errno_ret: Some(nix::libc::ENOSYS),
                ..Rule::default()
            },
        ],
    };
    let mut text = serde_json::to_string_pretty(&profile)?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_allowed_by_name_and_no_others() {
        let calls = [Sysno::openat, Sysno::clone, Sysno::clone3].map(|call| call as u32);
        let text = profile(&calls.into_iter().chain([99_999]).collect()).unwrap();
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["defaultAction"], "SCMP_ACT_ERRNO");
        let rules = read["syscalls"].as_array().unwrap();
        let allowed: Vec<&str> = rules[0]["names"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|name| name.as_str())
            .collect();
        assert!(allowed.contains(&"openat") && allowed.contains(&"exit_group"));
        assert!(!allowed.contains(&"clone") && !allowed.contains(&"clone3"));
        assert!(!allowed.contains(&"ptrace"));
        assert!(allowed.contains(&"open") && allowed.contains(&"vfork"));
        // The runtime needs `fchown`; nobody was seen to need its like.
        assert!(allowed.contains(&"fchown") && !allowed.contains(&"chown"));
        assert_eq!(rules[1]["args"][0]["value"], NAMESPACES);
        assert_eq!(rules[2]["errnoRet"], 38);
    }
}

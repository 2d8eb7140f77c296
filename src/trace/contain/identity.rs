//! Enters a user namespace in which this process is root.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Command;

use nix::fcntl::OFlag;
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Gid, Pid, Uid, getpid, pipe2, setgroups, setresgid, setresuid};

use super::super::error::{Doing, Failure};
use super::super::mapping::{Mapping, Range};
use super::super::{subids, sys};

/// Enters the namespace that the mapping asks for, if any.
pub(super) fn enter(mapping: &Mapping) -> Result<(), Failure> {
    let (uid, gid) = (Uid::effective(), Gid::effective());
    match mapping {
        Mapping::Root => Ok(()),
        Mapping::Single {
            uid: inner,
            gid: inner_group,
        } => {
            new_namespace()?;
            map("setgroups", "deny")?;
            map("uid_map", &format!("{inner} {uid} 1"))?;
            map("gid_map", &format!("{inner_group} {gid} 1"))
        }
        Mapping::Ranges { users, groups } => {
            ask_for_ranges((uid, gid), *users, *groups)?;
            let root = (Uid::from_raw(0), Gid::from_raw(0));
            setgroups(&[]).doing("leave the user's groups")?;
            setresgid(root.1, root.1, root.1).doing("become group 0 of the namespace")?;
            setresuid(root.0, root.0, root.0).doing("become root of the namespace")
        }
    }
}

fn new_namespace() -> Result<(), Failure> {
    unshare(CloneFlags::CLONE_NEWUSER)
        .doing("make a user namespace")
        .map_err(|failure| failure.advise(ADVICE))
}

const ADVICE: &str = "let the administrator allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone or kernel.apparmor_restrict_unprivileged_userns), or run as root";

fn map(file: &str, text: &str) -> Result<(), Failure> {
    let path = format!("/proc/self/{file}");
    std::fs::write(&path, text)
        .doing_at("map the user of the namespace through", &path)
        .map_err(|failure| failure.advise(ADVICE))
}

/// Makes the namespace and has the system's programs map the ranges. They
/// must be started outside of it, by a process that is forked before.
fn ask_for_ranges(own: (Uid, Gid), users: Range, groups: Range) -> Result<(), Failure> {
    let (made, tell) = pipe2(OFlag::O_CLOEXEC).doing("make a pipe")?;
    let (hear, answer) = pipe2(OFlag::O_CLOEXEC).doing("make a pipe")?;
    let this = getpid();
    let helper = match sys::fork().doing("fork")? {
        ForkResult::Child => {
            drop((tell, hear));
            let mut byte = [0];
            let problem = match File::from(made).read(&mut byte) {
                Ok(1) => apply(this, own, users, groups).unwrap_or_default(),
                _ => "the namespace was not made".to_owned(),
            };
            let _: std::io::Result<()> = File::from(answer).write_all(problem.as_bytes());
            std::process::exit(0);
        }
        ForkResult::Parent { child } => child,
    };
    drop((made, answer));
    let entered = new_namespace();
    if entered.is_ok() {
        File::from(tell)
            .write_all(b"x")
            .doing("call the mapping helper")?;
    } else {
        drop(tell);
    }
    let mut problem = String::new();
    File::from(hear)
        .read_to_string(&mut problem)
        .doing("hear from the mapping helper")?;
    waitpid(helper, None).doing("wait for the mapping helper")?;
    entered?;
    if problem.is_empty() {
        return Ok(());
    }
    Err(Failure::setup("map the users of the namespace", problem)
        .advise("check the user's lines in /etc/subuid and /etc/subgid, and that newuidmap and newgidmap are setuid root"))
}

/// Runs both programs; what went wrong, if anything.
fn apply(process: Pid, own: (Uid, Gid), users: Range, groups: Range) -> Option<String> {
    let own = (own.0.as_raw(), own.1.as_raw());
    for (program, own, range) in [("newuidmap", own.0, users), ("newgidmap", own.1, groups)] {
        let Some(path) = subids::find(program) else {
            return Some(format!("{program} is not installed"));
        };
        let numbers = [0, own, 1, 1, range.first, range.count].map(|number| number.to_string());
        match Command::new(path)
            .arg(process.to_string())
            .args(numbers)
            .output()
        {
            Ok(output) if output.status.success() => {}
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                return Some(format!("{program}: {}: {}", output.status, said.trim()));
            }
            Err(error) => return Some(format!("{program}: {error}")),
        }
    }
    None
}

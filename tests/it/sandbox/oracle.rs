//! strace as a witness: what the kernel opened, executed and found, of the same program without a
//! container and without the recorder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use rslim::trace::{Kind, Mapping, Run, Tracer};

use super::{Ground, calls, left_out};

/// What was seen of paths, as the tree names them.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    read: BTreeSet<String>,
    executed: BTreeSet<String>,
    missing: BTreeSet<String>,
    /// Looked at, in any other way.
    looked: BTreeSet<String>,
}

/// The kernel's own resolution of a path with the tree as its root.
fn real(root: &Path, path: &str, follow: bool) -> Option<String> {
    let flags = match follow {
        true => OFlag::O_PATH,
        false => OFlag::O_PATH | OFlag::O_NOFOLLOW,
    };
    let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC);
    let dir = fs::File::open(root).unwrap();
    let found = openat2(&dir, path, how.resolve(ResolveFlag::RESOLVE_IN_ROOT)).ok()?;
    let number = std::os::fd::AsRawFd::as_raw_fd(&found);
    let named = fs::read_link(format!("/proc/self/fd/{number}")).unwrap();
    inside(root, named.to_str().unwrap())
}

/// A path of the machine as one of the tree.
fn inside(root: &Path, path: &str) -> Option<String> {
    let rest = path.strip_prefix(root.to_str().unwrap())?;
    Some(if rest.is_empty() { "/" } else { rest }.to_owned())
}

/// Where a path ends that leads to nothing.
fn end_of(root: &Path, path: &str) -> String {
    let path = path.trim_end_matches('/');
    if let Some(link) = real(root, path, false) {
        let Ok(to) = fs::read_link(root.join(&link[1..])) else {
            // A file, which has nothing below it.
            return link;
        };
        let (folder, _) = link.rsplit_once('/').unwrap();
        return match to.to_str().unwrap() {
            to if to.starts_with('/') => end_of(root, to),
            to => end_of(root, &format!("{folder}/{to}")),
        };
    }
    let (folder, name) = path.rsplit_once('/').unwrap();
    let folder = real(root, &format!("{folder}/"), true).unwrap_or_else(|| end_of(root, folder));
    format!("{}/{name}", folder.trim_end_matches('/'))
}

/// The text between the first quotes, and what is before them.
fn quoted(line: &str) -> Option<(&str, &str)> {
    let (before, rest) = line.split_once('"')?;
    let (text, _) = rest.split_once('"')?;
    Some((before, text))
}

/// Reads what strace wrote from the first call of the program itself on.
fn seen_by_strace(root: &Path, log: &str) -> Seen {
    let mut seen = Seen::default();
    let own = log.find("execve(\"/bin/paths\"").unwrap();
    let own = log[..own].rfind('\n').map_or(0, |end| end + 1);
    for line in log[own..].lines() {
        let (_, line) = line.split_once(' ').unwrap_or(("", line));
        let line = line.trim_start();
        let Some((call, _)) = line.split_once('(') else {
            continue;
        };
        let (Some((before, text)), Some((_, result))) = (quoted(line), line.rsplit_once(" = "))
        else {
            continue;
        };
        if result.contains("EFAULT")
            || text.is_empty()
            || result.contains("ENAMETOOLONG") && text.len() > 4000
            || text.starts_with("/proc/")
        {
            continue;
        }
        // The folder of a relative path is in the brackets of its descriptor.
        let folder = before.split_once('<').and_then(|(_, rest)| {
            let folder = rest.split_once('>')?.0;
            inside(root, folder)
        });
        let path = match text.starts_with('/') {
            true => text.to_owned(),
            false => match folder {
                Some(folder) => format!("{}/{text}", folder.trim_end_matches('/')),
                None => continue,
            },
        };
        let missing = ["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"]
            .iter()
            .any(|error| result.contains(error));
        let follow = !["NOFOLLOW", "lstat", "readlink", "lgetxattr", "llistxattr"]
            .iter()
            .any(|word| line.contains(word));
        if call.starts_with("exec") && result.starts_with('0') {
            seen.executed.insert(real(root, &path, true).unwrap());
        } else if missing && (follow || !result.contains("ELOOP")) {
            // A link that leads to itself ends nowhere, where it is.
            let end = match result.contains("ELOOP") {
                true => path,
                false => end_of(root, &path),
            };
            seen.missing.insert(end);
        } else if let Some(real) = real(root, &path, follow) {
            let is_file = root.join(&real[1..]).symlink_metadata().unwrap().is_file();
            let opened =
                call.starts_with("open") && result.starts_with(|c: char| c.is_ascii_digit());
            if opened && is_file && !line.contains("O_PATH") {
                // The kernel says itself which file it is.
                let named = result.split_once('<').unwrap().1.split_once('>').unwrap().0;
                assert_eq!(inside(root, named).as_ref(), Some(&real), "{line}");
                seen.read.insert(real);
            } else {
                seen.looked.insert(real);
            }
        }
    }
    seen
}

fn seen_by_recorder(run: &Run) -> Seen {
    let mut seen = Seen::default();
    for event in &run.events {
        let path = String::from_utf8(event.path.clone()).unwrap();
        if path.starts_with("/proc/") {
            continue;
        }
        let set = match event.kind {
            Kind::Read => &mut seen.read,
            Kind::Exec => &mut seen.executed,
            Kind::Missing => &mut seen.missing,
            _ => &mut seen.looked,
        };
        set.insert(path);
    }
    seen
}

/// What strace tells; `None` where it cannot.
fn straced(ground: &Ground) -> Option<Seen> {
    let log = ground.root.with_file_name("log");
    let root = ground.root.canonicalize().unwrap();
    let ran = Command::new("strace")
        .args([
            "-f",
            "-y",
            "-s",
            "8192",
            "-e",
            "trace=%file,getdents,getdents64",
            "-o",
        ])
        .arg(&log)
        .arg("chroot")
        .arg(&root)
        .args(["/bin/paths", "looks"])
        .output();
    let ran = match ran {
        Ok(ran) => ran,
        Err(error) => {
            left_out(&format!("strace is not here: {error}"));
            return None;
        }
    };
    let said = String::from_utf8_lossy(&ran.stderr);
    if said.contains("ptrace") || said.contains("PTRACE") {
        left_out(&format!("strace cannot trace here: {said}"));
        return None;
    }
    assert!(ran.status.success(), "{said}");
    let log = String::from_utf8_lossy(&fs::read(log).unwrap()).into_owned();
    Some(seen_by_strace(&root, &log))
}

#[test]
fn strace_and_the_recorder_see_the_same() {
    let Some(ground) = calls::cases() else { return };
    if ground.mapping != Mapping::Root {
        eprintln!("left out: only root can change its root folder");
        return;
    }
    let Some(strace) = straced(&ground) else {
        return;
    };
    assert!(strace.read.len() > 10, "{strace:?}");
    assert!(strace.missing.len() > 8, "{strace:?}");
    for tracer in [Tracer::Seccomp, Tracer::Ptrace] {
        let mut spec = ground.spec(&["/bin/paths", "looks"]);
        spec.tracer = tracer;
        let own = seen_by_recorder(&ground.fine(&spec));
        let files = |paths: &BTreeSet<String>| -> Vec<PathBuf> {
            paths.iter().map(PathBuf::from).collect()
        };
        assert_eq!(files(&own.read), files(&strace.read), "{tracer:?}");
        assert_eq!(files(&own.missing), files(&strace.missing), "{tracer:?}");
        // strace does not see interpreters, nor what an empty path means.
        let unseen: Vec<_> = strace.executed.difference(&own.executed).collect();
        assert!(unseen.is_empty(), "{tracer:?}: {unseen:?}");
        let more: BTreeSet<&String> = own.executed.difference(&strace.executed).collect();
        let inner = |path: &&&String| {
            !path.starts_with("/exec-script/") && !path.starts_with("/exec-empty/")
        };
        assert_eq!(more.iter().find(inner), None, "{tracer:?}");
        // What is listed or opened besides counts as looked at, whatever strace was told.
        let known = |path: &&String| !own.looked.contains(*path) && !own.read.contains(*path);
        let unseen: Vec<_> = strace.looked.iter().filter(known).collect();
        assert!(unseen.is_empty(), "{tracer:?}: {unseen:?}");
    }
}

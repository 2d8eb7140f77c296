//! The subordinate user and group numbers that an administrator gave a user.

use std::fs;
use std::path::Path;

use nix::unistd::{Gid, Uid, User};

use super::mapping::Range;

/// The first numbers given to the user in `/etc/subuid` and `/etc/subgid`,
/// when there are both and the programs that apply them.
pub(super) fn of_user(uid: Uid, _gid: Gid) -> Option<(Range, Range)> {
    for program in ["newuidmap", "newgidmap"] {
        find(program)?;
    }
    let name = User::from_uid(uid).ok().flatten().map(|user| user.name);
    let first = |file: &str| {
        let text = fs::read(file).ok()?;
        parse(
            &String::from_utf8_lossy(&text),
            name.as_deref(),
            uid.as_raw(),
        )
    };
    Some((first("/etc/subuid")?, first("/etc/subgid")?))
}

/// The first range of the user in the text of such a file.
fn parse(text: &str, name: Option<&str>, uid: u32) -> Option<Range> {
    let number = uid.to_string();
    text.lines().find_map(|line| {
        let mut parts = line.trim().split(':');
        let owner = parts.next()?;
        if owner != number && Some(owner) != name {
            return None;
        }
        let first: u32 = parts.next()?.parse().ok()?;
        let count: u32 = parts.next()?.parse().ok()?;
        let last = first.checked_add(count)?;
        (count > 0 && last > first).then_some(Range { first, count })
    })
}

/// Looks for a program as a shell would, and in the system's directories that
/// an ordinary user's PATH often lacks.
pub(super) fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/bin", "/usr/sbin", "/bin", "/sbin"].map(Into::into))
        .map(|dir| dir.join(program))
        .find(|file| Path::is_file(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_range_by_name_and_by_number() {
        let text = "a:100000:65536\n# note\n1001:200000:1000\nbad:x:y\n";
        let by_name = parse(text, Some("a"), 5);
        assert_eq!(
            by_name,
            Some(Range {
                first: 100_000,
                count: 65536
            })
        );
        let by_number = parse(text, None, 1001);
        assert_eq!(
            by_number,
            Some(Range {
                first: 200_000,
                count: 1000
            })
        );
        assert_eq!(parse(text, Some("bad"), 7), None);
        assert_eq!(parse("a:4294967295:65536", Some("a"), 5), None);
    }
}

//! How the users and groups inside a container are those outside.

use nix::unistd::{Gid, Uid};
use serde::{Deserialize, Serialize};

use super::error::{Failure, TraceError};
use super::subids;

/// A range of numbers of users or groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The first number.
    pub first: u32,
    /// How many.
    pub count: u32,
}

/// How the users and groups inside are those outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mapping {
    /// As they are: the program runs as root, and there is no user namespace.
    Root,
    /// Root inside is the user, and the others are numbers that the
    /// administrator gave the user.
    Ranges {
        /// The numbers for users 1 and up.
        users: Range,
        /// The numbers for groups 1 and up.
        groups: Range,
    },
    /// The one user and group that exist inside are the user's. Changes of
    /// owner and of identity are answered as done and are not done.
    Single {
        /// The number inside of the user.
        uid: u32,
        /// The number inside of the user's group.
        gid: u32,
    },
}

impl Mapping {
    /// The best mapping that this process may have, for an image whose
    /// program runs as `user` (user and group).
    pub fn detect(user: (u32, u32)) -> Result<Mapping, TraceError> {
        let (uid, gid) = (Uid::effective(), Gid::effective());
        if uid.is_root() && holds_all() {
            return Ok(Mapping::Root);
        }
        if let Ok(text) = std::fs::read_to_string("/proc/sys/user/max_user_namespaces")
            && text.trim() == "0"
        {
            return Err(Failure::setup("make a user namespace", "the system allows none")
                .advise("run as root, or let the administrator raise the sysctl user.max_user_namespaces")
                .into());
        }
        Ok(match subids::of_user(uid, gid) {
            Some((users, groups)) if !uid.is_root() => Mapping::Ranges { users, groups },
            _ => Mapping::Single {
                uid: user.0,
                gid: user.1,
            },
        })
    }

    /// A short name for a cache directory: trees unpacked with mappings of
    /// different names have different owners.
    pub fn key(&self) -> String {
        match self {
            Mapping::Root => "root".to_owned(),
            Mapping::Ranges { users, groups } => format!(
                "ranges-{}-{}-{}-{}-{}",
                Uid::effective(),
                users.first,
                users.count,
                groups.first,
                groups.count
            ),
            // Inside numbers do not show in the files: all are the user's.
            Mapping::Single { .. } => format!("single-{}", Uid::effective()),
        }
    }

    pub(super) fn has_user_namespace(&self) -> bool {
        !matches!(self, Mapping::Root)
    }

    pub(super) fn is_single(&self) -> bool {
        matches!(self, Mapping::Single { .. })
    }
}

/// Whether this process holds what a container needs of real root: some
/// sandboxes run as user 0 without it.
fn holds_all() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return true;
    };
    let held = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|text| u64::from_str_radix(text.trim(), 16).ok())
        .unwrap_or(u64::MAX);
    // CHOWN, DAC_OVERRIDE, SETGID, SETUID, SETPCAP, NET_ADMIN, SYS_CHROOT,
    // SYS_PTRACE, SYS_ADMIN.
    [0, 1, 6, 7, 8, 12, 18, 19, 21]
        .iter()
        .all(|bit| held & (1 << bit) != 0)
}

//! Which system calls are looked at, and where their arguments say which file
//! is meant.

use nix::libc;

use super::super::sys::Answer;

/// Where a path is among the arguments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    /// The argument with the directory that a relative path starts from;
    /// without one it is the working directory.
    pub(super) dir: Option<usize>,
    /// The argument with the path.
    pub(super) path: usize,
}

/// Whether a link in the last part of a path is followed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Follow {
    /// Yes.
    Always,
    /// No.
    Never,
    /// Unless the argument has the bit `AT_SYMLINK_NOFOLLOW`.
    Unless(usize),
    /// When the argument has the bit `AT_SYMLINK_FOLLOW`.
    When(usize),
}

/// Where an open has its flags.
#[derive(Clone, Copy, Debug)]
pub(super) enum Flags {
    /// In this argument.
    Argument(usize),
    /// At the start of the structure this argument points to.
    Structure(usize),
    /// They are those of creat.
    Create,
}

/// What a call does with its paths.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Opens.
    Open(Site, Flags),
    /// Executes; the argument with flags, when there is one.
    Execute(Site, Option<usize>),
    /// Looks at something.
    Look(Site, Follow),
    /// Reads where a link leads to.
    ReadLink(Site),
    /// Changes the root directory.
    ChangeRoot(Site),
    /// Makes something that must not be there.
    Make(Site),
    /// Removes.
    Remove(Site),
    /// Changes content or attributes.
    Change(Site, Follow),
    /// Changes the owner, which some mappings only pretend.
    ChangeOwner(Site, Follow),
    /// Renames the first to the second.
    Rename(Site, Site),
    /// Gives the first another name.
    HardLink(Site, Site, Follow),
    /// Makes or uses a socket, with an address in argument 1; `true` when it
    /// makes one.
    Socket(bool),
    /// Lists the directory of the descriptor.
    List,
}

const fn at(dir: usize) -> Site {
    Site {
        dir: Some(dir),
        path: dir + 1,
    }
}

const fn plain(path: usize) -> Site {
    Site { dir: None, path }
}

/// The calls that machines of every kind have.
const COMMON: &[(libc::c_long, Shape)] = {
    use Follow::*;
    use Shape::*;
    &[
        (libc::SYS_openat, Open(at(0), Flags::Argument(2))),
        (libc::SYS_openat2, Open(at(0), Flags::Structure(2))),
        (libc::SYS_newfstatat, Look(at(0), Unless(3))),
        (libc::SYS_statx, Look(at(0), Unless(2))),
        (libc::SYS_faccessat, Look(at(0), Always)),
        (libc::SYS_faccessat2, Look(at(0), Unless(3))),
        (libc::SYS_readlinkat, ReadLink(at(0))),
        (libc::SYS_getdents64, List),
        (libc::SYS_execve, Execute(plain(0), None)),
        (libc::SYS_execveat, Execute(at(0), Some(4))),
        (libc::SYS_chdir, Look(plain(0), Always)),
        (libc::SYS_chroot, ChangeRoot(plain(0))),
        (libc::SYS_statfs, Look(plain(0), Always)),
        (libc::SYS_truncate, Change(plain(0), Always)),
        (libc::SYS_getxattr, Look(plain(0), Always)),
        (libc::SYS_lgetxattr, Look(plain(0), Never)),
        (libc::SYS_listxattr, Look(plain(0), Always)),
        (libc::SYS_llistxattr, Look(plain(0), Never)),
        (libc::SYS_setxattr, Change(plain(0), Always)),
        (libc::SYS_lsetxattr, Change(plain(0), Never)),
        (libc::SYS_removexattr, Change(plain(0), Always)),
        (libc::SYS_lremovexattr, Change(plain(0), Never)),
        (libc::SYS_inotify_add_watch, Look(plain(1), Always)),
        (libc::SYS_name_to_handle_at, Look(at(0), When(4))),
        (libc::SYS_mkdirat, Make(at(0))),
        (libc::SYS_mknodat, Make(at(0))),
        (libc::SYS_symlinkat, Make(at(1))),
        (libc::SYS_unlinkat, Remove(at(0))),
        (libc::SYS_renameat2, Rename(at(0), at(2))),
        (libc::SYS_linkat, HardLink(at(0), at(2), When(4))),
        (libc::SYS_fchmodat, Change(at(0), Always)),
        (SYS_FCHMODAT2, Change(at(0), Unless(3))),
        (libc::SYS_fchownat, ChangeOwner(at(0), Unless(4))),
        (libc::SYS_utimensat, Change(at(0), Unless(3))),
        (libc::SYS_connect, Socket(false)),
        (libc::SYS_bind, Socket(true)),
        (SYS_SETXATTRAT, Change(at(0), Unless(2))),
        (SYS_GETXATTRAT, Look(at(0), Unless(2))),
        (SYS_LISTXATTRAT, Look(at(0), Unless(2))),
        (SYS_REMOVEXATTRAT, Change(at(0), Unless(2))),
        (SYS_FILE_GETATTR, Look(at(0), Unless(4))),
        (SYS_FILE_SETATTR, Change(at(0), Unless(4))),
    ]
};

// Not in every version of libc; the same numbers on all machines.
const SYS_FCHMODAT2: libc::c_long = 452;
const SYS_SETXATTRAT: libc::c_long = 463;
const SYS_GETXATTRAT: libc::c_long = 464;
const SYS_LISTXATTRAT: libc::c_long = 465;
const SYS_REMOVEXATTRAT: libc::c_long = 466;
const SYS_OPEN_TREE_ATTR: libc::c_long = 467;
const SYS_FILE_GETATTR: libc::c_long = 468;
const SYS_FILE_SETATTR: libc::c_long = 469;

/// The older calls that x86-64 has besides.
#[cfg(target_arch = "x86_64")]
const OLDER: &[(libc::c_long, Shape)] = {
    use Follow::*;
    use Shape::*;
    &[
        (libc::SYS_open, Open(plain(0), Flags::Argument(1))),
        (libc::SYS_creat, Open(plain(0), Flags::Create)),
        (libc::SYS_stat, Look(plain(0), Always)),
        (libc::SYS_lstat, Look(plain(0), Never)),
        (libc::SYS_access, Look(plain(0), Always)),
        (libc::SYS_readlink, ReadLink(plain(0))),
        (libc::SYS_getdents, List),
        (libc::SYS_mkdir, Make(plain(0))),
        (libc::SYS_mknod, Make(plain(0))),
        (libc::SYS_symlink, Make(plain(1))),
        (libc::SYS_unlink, Remove(plain(0))),
        (libc::SYS_rmdir, Remove(plain(0))),
        (libc::SYS_rename, Rename(plain(0), plain(1))),
        (libc::SYS_renameat, Rename(at(0), at(2))),
        (libc::SYS_link, HardLink(plain(0), plain(1), Never)),
        (libc::SYS_chmod, Change(plain(0), Always)),
        (libc::SYS_chown, ChangeOwner(plain(0), Always)),
        (libc::SYS_lchown, ChangeOwner(plain(0), Never)),
        (libc::SYS_utime, Change(plain(0), Always)),
        (libc::SYS_utimes, Change(plain(0), Always)),
        (libc::SYS_futimesat, Change(at(0), Always)),
    ]
};
/// The older calls that the other machines have besides.
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[(libc::c_long, Shape)] = &[(libc::SYS_renameat, Shape::Rename(at(0), at(2)))];

/// What each call number does, for finding it at once.
pub(super) struct Table {
    shapes: Vec<Option<Shape>>,
}

impl Table {
    pub(super) fn new() -> Table {
        let mut shapes = vec![None; 512];
        for (number, shape) in COMMON.iter().chain(OLDER) {
            if let Some(slot) = shapes.get_mut(*number as usize) {
                *slot = Some(*shape);
            }
        }
        Table { shapes }
    }

    pub(super) fn shape(&self, number: i64) -> Option<Shape> {
        usize::try_from(number)
            .ok()
            .and_then(|number| self.shapes.get(number).copied().flatten())
    }
}

/// What Docker's profile refuses and the capabilities kept do not already.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    SYS_OPEN_TREE_ATTR,
    libc::SYS_perf_event_open,
    libc::SYS_pivot_root,
    libc::SYS_request_key,
    libc::SYS_setns,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
];

/// Calls that would change the identity. With one user and group in the
/// namespace they can only fail, so they are answered as done.
const IDENTITY: &[libc::c_long] = &[
    libc::SYS_fchown,
    libc::SYS_setfsgid,
    libc::SYS_setfsuid,
    libc::SYS_setgid,
    libc::SYS_setgroups,
    libc::SYS_setregid,
    libc::SYS_setresgid,
    libc::SYS_setresuid,
    libc::SYS_setreuid,
    libc::SYS_setuid,
];

/// The answer for each call that is not simply let through. `single` is for
/// a namespace with one user; `seen` is what recorded calls get, `None` when
/// nothing is recorded.
pub(in super::super) fn answers(single: bool, seen: Option<Answer>) -> Vec<(libc::c_long, Answer)> {
    let mut answers = Vec::new();
    if let Some(seen) = seen {
        answers.extend(
            COMMON
                .iter()
                .chain(OLDER)
                .map(|(number, _)| (*number, seen)),
        );
    } else if single {
        // Without a recorder nobody can look whether the path exists.
        let pretended = COMMON
            .iter()
            .chain(OLDER)
            .filter(|(_, shape)| matches!(shape, Shape::ChangeOwner(..)));
        answers.extend(pretended.map(|(number, _)| (*number, Answer::Error(0))));
    }
    let denied = Answer::Error(libc::EPERM as u16);
    answers.extend(REFUSED.iter().map(|number| (*number, denied)));
    // Programs that find these missing use the older call, whose flags a
    // filter can see, or ordinary reads that are recorded.
    let missing = Answer::Error(libc::ENOSYS as u16);
    answers.push((libc::SYS_clone3, missing));
    answers.push((libc::SYS_io_uring_setup, missing));
    if single {
        answers.extend(IDENTITY.iter().map(|number| (*number, Answer::Error(0))));
    }
    answers
}

//! Owners, modes, times, attributes and special files.

use rslim::rewrite::RangeChoice;
use rslim::sink::Destination;

use super::case::{Layers, case, new};
use super::seen::{Kind, dir, file, special, symlink};
use crate::fixtures::tar::{Dialect, Entry, Header, XattrKeys, field};
use crate::folding::{fold, written};

/// `cap_net_bind_service=ep` as the kernel stores it.
const CAPABILITY: &[u8] =
    b"\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";

/// `user::rw-,user:1000:r--,group::r--,mask::r--,other::r--` as the kernel
/// stores it.
const ACL: &[u8] = b"\x02\x00\x00\x00\x01\x00\x06\x00\xff\xff\xff\xff\x02\x00\x04\x00\xe8\x03\x00\x00\
    \x04\x00\x04\x00\xff\xff\xff\xff\x10\x00\x04\x00\xff\xff\xff\xff\x20\x00\x04\x00\xff\xff\xff\xff";

const ATTRIBUTES: [(&str, &[u8]); 8] = [
    ("security.capability", CAPABILITY),
    ("security.selinux", b"system_u:object_r:bin_t:s0\0"),
    ("system.posix_acl_access", ACL),
    ("trusted.note", b"of root"),
    ("user.binary", &[0xff, 0xfe, 0x80, 0]),
    ("user.empty", b""),
    ("user.lines", b"a=1\nb=2\n"),
    ("user.nul", b"\0x\0"),
];

pub fn attributes() -> Layers {
    let all = |entry: Entry| {
        let each = ATTRIBUTES.iter();
        each.fold(entry, |entry, (name, value)| entry.xattr(name, value))
    };
    vec![
        new()
            .entry(all(Entry::file("file", "1")))
            .entry(Entry::dir("d").xattr("system.posix_acl_default", ACL))
            .entry(Entry::file("lost", "2").xattr("user.lost", "1")),
        new()
            .entry(Entry::file("again", "3").xattr("user.x", "old"))
            .entry(Entry::file("lost", "2")),
        new().entry(Entry::file("again", "3").xattr("user.x", "new")),
    ]
}

#[test]
fn attributes_of_every_kind_with_binary_values() {
    let each = ATTRIBUTES.iter();
    let full = each.fold(file("file", "1"), |seen, (name, value)| {
        seen.xattr(name, value)
    });
    case(attributes())
        .tree([
            file("again", "3").xattr("user.x", "new"),
            dir("d").xattr("system.posix_acl_default", ACL),
            full,
            // A file that is stored again without its attributes has none.
            file("lost", "2"),
        ])
        .check();
}

/// Go's reader, and with it every runtime, knows `SCHILY.xattr` only. libarchive
/// writes both, and then the plain one counts.
#[test]
fn attributes_under_libarchives_keys_alone_are_not_applied_as_in_runtimes() {
    let alone = Entry::file("alone", "1")
        .xattr("user.x", "1")
        .xattr_keys(XattrKeys::Libarchive);
    let both = Entry::file("both", "1")
        .xattr("user.x", b"\xff")
        .record("LIBARCHIVE.xattr.user.x", "/w");
    case([new().entry(alone).entry(both)])
        .tree([
            file("alone", "1"),
            file("both", "1").xattr("user.x", b"\xff"),
        ])
        .check();
}

pub fn modes() -> Layers {
    vec![
        new()
            .entry(Entry::file("none", "").mode(0))
            .entry(Entry::file("sgid", "1").mode(0o2755))
            .entry(Entry::file("suid", "1").mode(0o4755))
            .dir("tmp", 0o1777),
        new().entry(Entry::file("all", "1").mode(0o7777)),
    ]
}

#[test]
fn setuid_setgid_and_sticky_bits() {
    case(modes())
        .tree([
            file("all", "1").mode(0o7777),
            file("none", "").mode(0),
            file("sgid", "1").mode(0o2755),
            file("suid", "1").mode(0o4755),
            dir("tmp").mode(0o1777),
        ])
        .check();
}

pub fn owners() -> Layers {
    vec![
        new()
            .entry(Entry::file("edge", "1").owner(2_097_151, 2_097_152))
            .entry(
                Entry::file("gnu", "1")
                    .owner(3_000_000, 4_000_000_000)
                    .dialect(Dialect::Gnu),
            ),
        new()
            .entry(Entry::dir("dir").owner(4_294_967_294, 4_294_967_294))
            .entry(Entry::symlink("link", "gnu").owner(3_000_000_000, 5)),
    ]
}

#[test]
fn owners_over_two_million_and_over_two_billion() {
    case(owners())
        .tree([
            dir("dir").owner(4_294_967_294, 4_294_967_294),
            file("edge", "1").owner(2_097_151, 2_097_152),
            file("gnu", "1").owner(3_000_000, 4_000_000_000),
            symlink("link", "gnu").owner(3_000_000_000, 5),
        ])
        .check();
}

/// Names of users mean another number in each image; runtimes go by numbers.
#[test]
fn numbers_of_owners_win_over_names_which_are_not_written() {
    let mut header = Header::ustar(b"named", b'0');
    header.octal(field::MODE, 0o644);
    header.octal(field::UID, 33);
    header.octal(field::GID, 34);
    header.octal(field::MTIME, 1_600_000_000);
    header.text(265..297, b"root");
    header.text(297..329, b"wheel");
    let records = Entry::file("records", "1")
        .owner(35, 36)
        .record("uname", "root")
        .record("gname", "wheel");
    let layers = || vec![new().raw_header(header.clone()).entry(records.clone())];
    case(layers())
        .tree([
            file("named", "").owner(33, 34).mtime(1_600_000_000, 0),
            file("records", "1").owner(35, 36),
        ])
        .check();
    let layer = folded(layers());
    for word in [&b"root"[..], b"wheel", b"uname", b"gname"] {
        assert!(!layer.windows(word.len()).any(|found| found == word));
    }
}

pub fn times() -> Layers {
    vec![
        new()
            .entry(Entry::file("early", "1").mtime(-2, 750_000_000))
            .entry(Entry::file("far", "1").mtime(9_000_000_000, 1))
            .entry(Entry::file("nanos", "1").mtime(1_600_000_000, 123_456_789)),
        new()
            .entry(Entry::dir("dir").mtime(1_600_000_001, 500_000_000))
            .entry(Entry::symlink("link", "far").mtime(1_600_000_002, 1))
            .entry(Entry::file("zero", "1").mtime(0, 0))
            .entry(Entry::file("minus", "1").mtime(-1, 999_999_999)),
    ]
}

#[test]
fn times_with_nanoseconds_before_1970_and_far_ahead() {
    case(times())
        .tree([
            dir("dir").mtime(1_600_000_001, 500_000_000),
            file("early", "1").mtime(-2, 750_000_000),
            file("far", "1").mtime(9_000_000_000, 1),
            symlink("link", "far").mtime(1_600_000_002, 1),
            file("minus", "1").mtime(-1, 999_999_999),
            file("nanos", "1").mtime(1_600_000_000, 123_456_789),
            file("zero", "1").mtime(0, 0),
        ])
        .check();
    // Past the eleven octal digits of a header.
    case([new().entry(Entry::file("far", "1").mtime(1 << 40, 0))])
        .tree([file("far", "1").mtime(1 << 40, 0)])
        .check();
}

/// They differ from build to build, so that the same files would not give the
/// same bytes.
#[test]
fn access_and_change_times_are_not_written() {
    let timed = |atime: &str| {
        let entry = Entry::file("a", "1");
        let entry = entry.record("atime", atime).record("ctime", "1600000000.5");
        vec![new().entry(entry)]
    };
    let one = folded(timed("1500000000.25"));
    assert_eq!(one, folded(timed("1500000001")));
    assert!(
        !one.windows(5)
            .any(|found| found == b"atime" || found == b"ctime")
    );
}

pub fn devices() -> Layers {
    vec![
        new()
            .dirs(["dev"])
            .char_dev("dev/null", 1, 3)
            .block_dev("dev/sda", 8, 0),
        new()
            .dirs(["dev"])
            .block_dev("dev/nvme", 259, 1_048_575)
            .char_dev("dev/tty", 4095, 256)
            .entry(Entry::new("dev/initctl", b'6').mode(0o600)),
    ]
}

#[test]
fn devices_with_numbers_over_255_and_fifos() {
    case(devices())
        .tree([
            dir("dev"),
            special("dev/initctl", Kind::Fifo).mode(0o600),
            special("dev/null", Kind::Char(1, 3)),
            special("dev/nvme", Kind::Block(259, 1_048_575)),
            special("dev/sda", Kind::Block(8, 0)),
            special("dev/tty", Kind::Char(4095, 256)),
        ])
        .check();
}

/// Tar has no type for sockets; cpio's number and a letter have been used.
#[test]
fn sockets_are_left_out_with_a_warning() {
    let layer = new().entry(Entry::new("socket", b's')).file("a", "1");
    let place = tempfile::tempdir().unwrap();
    let from = written(vec![layer], place.path());
    let to = place.path().join("out.tar");
    let destination = Destination::DockerArchive(to.clone());
    let done = fold(&from, &destination, RangeChoice::All, None, 1).unwrap();
    assert_eq!(super::seen::listed(&to), [file("a", "1").digested()]);
    let warned = done.warnings.iter().any(|warning| {
        warning.contains("socket")
            && warning.contains("unknown type")
            && warning.contains("left out")
    });
    assert!(warned, "{:?}", done.warnings);
}

/// The bytes of the one layer that all layers become.
fn folded(layers: Layers) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let from = written(layers, dir.path());
    let to = dir.path().join("out.tar");
    let destination = Destination::DockerArchive(to.clone());
    fold(&from, &destination, RangeChoice::All, None, 1).unwrap();
    super::seen::Written::archive(&to).layers()[0].to_vec()
}

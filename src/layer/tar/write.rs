//! One entry → its header blocks, in the dialect that every runtime reads:
//! ustar, with PAX records (POSIX `pax`) for whatever does not fit.
//!
//! The same entry always gives the same bytes. Access and change times, user
//! and group names are not written: they differ from run to run, and runtimes
//! go by numbers.

use std::io::Write as _;

use super::{BLOCK, flag};
use crate::layer::changeset::{EntryKind, EntryRef, Owner};

/// What an entry is written as.
#[derive(Debug, Clone, Copy)]
pub enum Form<'a> {
    /// As what it is, a file with its contents to follow.
    Itself,
    /// As a file of the same metadata with other contents of this size.
    Changed(u64),
    /// As a hard link to another path of the image.
    Link(&'a [u8]),
}

/// Largest number in a ustar field of so many bytes, the last one being NUL.
const fn largest(field: usize) -> u64 {
    (1 << (3 * (field - 1))) - 1
}

/// Appends the headers of `entry` at `path` (relative, without a slash at its
/// end, empty for the root).
pub fn entry_headers(out: &mut Vec<u8>, entry: EntryRef<'_>, path: &[u8], form: Form<'_>) {
    let extra = entry.extra();
    let (kind, link, size) = match form {
        Form::Link(target) => (flag::LINK, target, 0),
        Form::Changed(size) => (flag::REGULAR, &b""[..], size),
        Form::Itself => (
            flag_of(entry.kind()),
            entry.link().unwrap_or_default(),
            entry.size(),
        ),
    };
    let none = Vec::new();
    headers(
        out,
        &Fields {
            path,
            flag: kind,
            owner: entry.owner(),
            mtime: (entry.mtime(), extra.map_or(0, |extra| extra.mtime_nanos)),
            size,
            link,
            device: entry.device().unwrap_or((0, 0)),
            // A link says them again: containerd and Docker set the owner once
            // more for each name, and the kernel takes a file's capabilities
            // away on that.
            xattrs: extra.map_or(&none, |extra| &extra.xattrs),
        },
    );
}

/// Appends the headers of a directory that no layer has an entry for, with the
/// mode and owner that runtimes give it.
pub fn plain_directory(out: &mut Vec<u8>, path: &[u8]) {
    marker_like(out, path, flag::DIRECTORY, 0o755);
}

/// Appends an empty file: a whiteout or an opaque marker under its full name.
pub fn marker(out: &mut Vec<u8>, path: &[u8]) {
    marker_like(out, path, flag::REGULAR, 0);
}

fn marker_like(out: &mut Vec<u8>, path: &[u8], flag: u8, mode: u16) {
    headers(
        out,
        &Fields {
            path,
            flag,
            owner: Owner {
                mode,
                uid: 0,
                gid: 0,
            },
            mtime: (0, 0),
            size: 0,
            link: &[],
            device: (0, 0),
            xattrs: &[],
        },
    );
}

/// Zero bytes from `size` bytes of contents to the next block.
pub fn padding(size: u64) -> usize {
    // Less than a block.
    (size.next_multiple_of(BLOCK) - size) as usize
}

/// What ends an archive.
pub const END: [u8; 2 * BLOCK as usize] = [0; 2 * BLOCK as usize];

fn flag_of(kind: EntryKind) -> u8 {
    match kind {
        EntryKind::File | EntryKind::Whiteout | EntryKind::Opaque => flag::REGULAR,
        EntryKind::Directory => flag::DIRECTORY,
        EntryKind::Symlink => flag::SYMLINK,
        EntryKind::HardLink => flag::LINK,
        EntryKind::CharDevice => flag::CHAR,
        EntryKind::BlockDevice => flag::BLOCK_DEVICE,
        EntryKind::Fifo => flag::FIFO,
    }
}

struct Fields<'a> {
    path: &'a [u8],
    flag: u8,
    owner: Owner,
    /// Seconds since 1970 and nanoseconds.
    mtime: (i64, u32),
    size: u64,
    link: &'a [u8],
    device: (u32, u32),
    xattrs: &'a [(Vec<u8>, Vec<u8>)],
}

fn headers(out: &mut Vec<u8>, fields: &Fields<'_>) {
    let mut name = match fields.path {
        [] => b"./".to_vec(),
        path => path.to_vec(),
    };
    if fields.flag == flag::DIRECTORY && !fields.path.is_empty() {
        name.push(b'/');
    }
    let mut records = Records::default();
    let mut header = tar::Header::new_ustar();
    let Some(ustar) = header.as_ustar_mut() else {
        return;
    };
    match split(&name) {
        Some((prefix, rest)) => {
            put(&mut ustar.prefix, prefix);
            put(&mut ustar.name, rest);
        }
        None => {
            records.add(b"path", &name);
            put(&mut ustar.name, &name);
        }
    }
    put(&mut ustar.linkname, fields.link);
    if fields.link.len() > ustar.linkname.len() {
        records.add(b"linkpath", fields.link);
    }
    ustar.typeflag = [fields.flag];
    octal(&mut ustar.mode, u64::from(fields.owner.mode));
    for (key, field, id) in [
        (&b"uid"[..], &mut ustar.uid, fields.owner.uid),
        (&b"gid"[..], &mut ustar.gid, fields.owner.gid),
    ] {
        if id > largest(field.len()) {
            records.add(key, id.to_string().as_bytes());
            octal(field, 0);
        } else {
            octal(field, id);
        }
    }
    if fields.size > largest(ustar.size.len()) {
        records.add(b"size", fields.size.to_string().as_bytes());
        octal(&mut ustar.size, 0);
    } else {
        octal(&mut ustar.size, fields.size);
    }
    let (seconds, nanos) = fields.mtime;
    let fits = u64::try_from(seconds).ok().filter(|&s| s <= largest(12));
    octal(&mut ustar.mtime, fits.unwrap_or(0));
    if fits.is_none() || nanos > 0 {
        records.add(b"mtime", time(seconds, nanos).as_bytes());
    }
    // Linux has 12 bits of major and 20 of minor numbers, which fit.
    let (major, minor) = fields.device;
    for (key, field, number) in [
        (&b"SCHILY.devmajor"[..], &mut ustar.dev_major, major),
        (&b"SCHILY.devminor"[..], &mut ustar.dev_minor, minor),
    ] {
        if u64::from(number) > largest(field.len()) {
            base256(field, u64::from(number));
            records.add(key, number.to_string().as_bytes());
        } else {
            octal(field, u64::from(number));
        }
    }
    for (name, value) in fields.xattrs {
        // Readers end a key at its first `=`, so no name has one.
        records.add(&[b"SCHILY.xattr.", name.as_slice()].concat(), value);
    }
    header.set_cksum();
    records.write(out, &name);
    out.extend_from_slice(header.as_bytes());
}

/// The name as ustar's prefix and name, where it fits.
fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if name.len() <= 100 {
        return Some((&[], name));
    }
    if name.len() > 256 {
        return None;
    }
    // Neither part may be empty, and the slash between them is not stored.
    let cut = name
        .iter()
        .enumerate()
        .skip(name.len() - 101)
        .find(|&(at, &b)| b == b'/' && at > 0 && at + 1 < name.len());
    let (at, _) = cut?;
    let (prefix, rest) = name.split_at(at);
    (prefix.len() <= 155).then(|| (prefix, rest.get(1..).unwrap_or_default()))
}

/// As much of the text as fits.
fn put(field: &mut [u8], text: &[u8]) {
    let n = text.len().min(field.len());
    if let (Some(field), Some(text)) = (field.get_mut(..n), text.get(..n)) {
        field.copy_from_slice(text);
    }
}

fn octal(field: &mut [u8], value: u64) {
    let digits = field.len() - 1;
    let text = format!("{value:0digits$o}\0");
    put(field, text.as_bytes());
}

fn base256(field: &mut [u8], value: u64) {
    let bytes = value.to_be_bytes();
    let n = field.len().min(bytes.len());
    let at = field.len() - n;
    put(
        field.get_mut(at..).unwrap_or_default(),
        bytes.get(bytes.len() - n..).unwrap_or_default(),
    );
    if let Some(first) = field.first_mut() {
        *first |= 0x80;
    }
}

/// A PAX time: a decimal fraction of seconds.
fn time(seconds: i64, nanos: u32) -> String {
    let (sign, whole, part) = if seconds < 0 && nanos > 0 {
        // Nanoseconds count upwards, also before 1970.
        ("-", -(seconds + 1), 1_000_000_000 - nanos)
    } else if seconds < 0 {
        return seconds.to_string();
    } else {
        ("", seconds, nanos)
    };
    if part == 0 {
        return whole.to_string();
    }
    let text = format!("{sign}{whole}.{part:09}");
    text.trim_end_matches('0').to_owned()
}

/// PAX records of one entry.
#[derive(Default)]
struct Records(Vec<(Vec<u8>, Vec<u8>)>);

impl Records {
    fn add(&mut self, key: &[u8], value: &[u8]) {
        self.0.push((key.to_vec(), value.to_vec()));
    }

    fn write(mut self, out: &mut Vec<u8>, name: &[u8]) {
        if self.0.is_empty() {
            return;
        }
        self.0.sort();
        let mut body = Vec::new();
        for (key, value) in &self.0 {
            // The length counts itself, its space, `=` and the newline.
            let rest = key.len() + value.len() + 3;
            let mut length = rest + digits(rest);
            length = rest + digits(length);
            let _ = write!(body, "{length} ");
            body.extend_from_slice(key);
            body.push(b'=');
            body.extend_from_slice(value);
            body.push(b'\n');
        }
        let base = name.rsplit(|&b| b == b'/').find(|part| !part.is_empty());
        let mut header = tar::Header::new_ustar();
        if let Some(ustar) = header.as_ustar_mut() {
            put(
                &mut ustar.name,
                &[b"PaxHeaders.0/", base.unwrap_or(b".")].concat(),
            );
            ustar.typeflag = [flag::PAX];
            octal(&mut ustar.mode, 0o644);
            octal(&mut ustar.uid, 0);
            octal(&mut ustar.gid, 0);
            octal(&mut ustar.mtime, 0);
            octal(&mut ustar.size, body.len() as u64);
        }
        header.set_cksum();
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(&body);
        out.resize(out.len() + padding(body.len() as u64), 0);
    }
}

fn digits(mut number: usize) -> usize {
    let mut count = 1;
    while number >= 10 {
        number /= 10;
        count += 1;
    }
    count
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;

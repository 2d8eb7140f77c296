//! One recorded access, and how it goes through a pipe.

use std::collections::BTreeSet;
use std::io::{self, BufReader, Read, Write};

/// One kind of access to one path. Each comes once in a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// The absolute path inside the container, with no symbolic link in it
    /// but its last part in events about links.
    pub path: Vec<u8>,
    /// What was done.
    pub kind: Kind,
    /// The program that did it, as `/proc/PID/exe` names it; empty for the
    /// start of a container's program itself.
    pub by: Vec<u8>,
    /// 0 for the main process and its descendants, the number of the exec for
    /// others.
    pub process: u32,
}

/// What was done to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// Opened for reading.
    Read = 0,
    /// Executed, or the interpreter of something executed.
    Exec = 1,
    /// Looked at without its content, and there.
    Exists = 2,
    /// Asked for, and not there.
    Missing = 3,
    /// A directory whose entries were listed.
    Listed = 4,
    /// There before, and its content, name or attributes were changed.
    Written = 5,
    /// Not there before, and made.
    Created = 6,
    /// There before, and removed or renamed away.
    Removed = 7,
    /// A symbolic link that was crossed or read.
    Link = 8,
}

impl Kind {
    fn of(byte: u8) -> Option<Kind> {
        use Kind::*;
        [
            Read, Exec, Exists, Missing, Listed, Written, Created, Removed, Link,
        ]
        .into_iter()
        .find(|kind| *kind as u8 == byte)
    }
}

/// Marks the record that ends a complete stream.
const END: u8 = 255;
/// No part of a record is longer; paths are at most a few times 4096 bytes.
const LONGEST: usize = 16 << 20;

/// Appends one record to `out`.
pub(super) fn append(out: &mut Vec<u8>, kind: Kind, process: u32, path: &[u8], by: &[u8]) {
    record(out, kind as u8, process, path, by);
}

/// Appends the record that ends the stream, with a remark for each line and
/// the numbers of the system calls that were made.
pub(super) fn append_end(out: &mut Vec<u8>, remarks: &[String], calls: &BTreeSet<u32>) {
    let calls: Vec<u8> = calls.iter().flat_map(|call| call.to_le_bytes()).collect();
    record(out, END, 0, remarks.join("\n").as_bytes(), &calls);
}

fn record(out: &mut Vec<u8>, kind: u8, process: u32, path: &[u8], by: &[u8]) {
    out.push(kind);
    out.extend(process.to_le_bytes());
    out.extend((path.len() as u32).to_le_bytes());
    out.extend((by.len() as u32).to_le_bytes());
    out.extend(path);
    out.extend(by);
}

/// What a stream of events held.
#[derive(Debug, Default)]
pub(in super::super) struct Record {
    /// The events, in the order they happened.
    pub(in super::super) events: Vec<Event>,
    /// What the recorder had to say.
    pub(in super::super) remarks: Vec<String>,
    /// The system calls that were made, where all were looked at.
    pub(in super::super) calls: BTreeSet<u32>,
    /// Whether the recorder finished.
    pub(in super::super) complete: bool,
}

impl Record {
    /// Reads a stream to its end. One that breaks off keeps what came before.
    pub(in super::super) fn read(from: impl Read) -> Record {
        let mut from = BufReader::with_capacity(256 << 10, from);
        let mut record = Record::default();
        while let Ok(Some(end)) = record.next(&mut from) {
            if end {
                record.complete = true;
                break;
            }
        }
        // The writer must never wait for a reader that has gone.
        let _: io::Result<u64> = io::copy(&mut from, &mut io::sink());
        record
    }

    /// The paths that another record has as opened and this one does not know
    /// as there.
    pub(in super::super) fn lacks(&self, other: &Record) -> Vec<Vec<u8>> {
        if other.events.is_empty() {
            return Vec::new();
        }
        let known: std::collections::HashSet<&[u8]> = self
            .events
            .iter()
            .filter(|event| event.kind != Kind::Missing)
            .map(|event| &event.path[..])
            .collect();
        let paths = other.events.iter().map(|event| &event.path);
        paths
            .filter(|path| !known.contains(&path[..]))
            .cloned()
            .collect()
    }

    /// Reads one record; `true` for the last one, `None` for nonsense.
    fn next(&mut self, from: &mut impl Read) -> io::Result<Option<bool>> {
        let mut head = [0; 13];
        from.read_exact(&mut head)?;
        let number =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let path = bytes(from, number(5) as usize)?;
        let by = bytes(from, number(9) as usize)?;
        if head[0] == END {
            let text = String::from_utf8_lossy(&path);
            self.remarks.extend(
                text.lines()
                    .filter(|line| !line.is_empty())
                    .map(str::to_owned),
            );
            let (numbers, _) = by.as_chunks::<4>();
            self.calls
                .extend(numbers.iter().map(|&n| u32::from_le_bytes(n)));
            return Ok(Some(true));
        }
        let Some(kind) = Kind::of(head[0]) else {
            return Ok(None);
        };
        self.events.push(Event {
            path,
            kind,
            by,
            process: number(1),
        });
        Ok(Some(false))
    }
}

fn bytes(from: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Events on their way out: collected, and written many at a time.
#[derive(Debug)]
pub(super) struct Sink {
    to: std::fs::File,
    waiting: Vec<u8>,
}

impl Sink {
    pub(super) fn new(to: std::fs::File) -> Sink {
        Sink {
            to,
            waiting: Vec::with_capacity(64 << 10),
        }
    }

    pub(super) fn put(&mut self, kind: Kind, process: u32, path: &[u8], by: &[u8]) {
        append(&mut self.waiting, kind, process, path, by);
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let written = self.to.write_all(&self.waiting);
        self.waiting.clear();
        written
    }

    pub(super) fn finish(&mut self, remarks: &[String], calls: &BTreeSet<u32>) -> io::Result<()> {
        append_end(&mut self.waiting, remarks, calls);
        self.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_comes_back_and_a_broken_one_keeps_its_start() {
        let mut bytes = Vec::new();
        append(&mut bytes, Kind::Read, 0, b"/a\xff", b"/bin/x");
        append(&mut bytes, Kind::Link, 7, b"/b", b"");
        let two = bytes.len();
        append_end(&mut bytes, &["odd".to_owned()], &BTreeSet::from([1, 257]));
        let whole = Record::read(&bytes[..]);
        assert!(whole.complete);
        assert_eq!(whole.remarks, ["odd"]);
        assert_eq!(whole.calls, BTreeSet::from([1, 257]));
        assert_eq!(whole.events.len(), 2);
        assert_eq!(whole.events[0].path, b"/a\xff");
        assert_eq!(whole.events[1].process, 7);
        for cut in 0..bytes.len() {
            let part = Record::read(&bytes[..cut]);
            assert!(!part.complete);
            assert_eq!(part.events.len() == 2, cut >= two);
        }
        assert!(Record::read(&[9u8; 40][..]).events.is_empty());
    }
}

//! PAX extended header records (POSIX.1-2001, `pax` interchange format).

use super::sparse::SparseRange;
use crate::layer::error::TarProblem;

/// What the records of one extended header say about the next entry.
///
/// A record with an empty value takes the ustar field back into force.
#[derive(Debug, Default, Clone)]
pub(super) struct PaxRecords {
    pub(super) path: Option<Vec<u8>>,
    pub(super) linkpath: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    pub(super) mtime: Option<(i64, u32)>,
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) sparse: PaxSparse,
}

/// The `GNU.sparse.*` records.
#[derive(Debug, Default, Clone)]
pub(super) struct PaxSparse {
    pub(super) major: Option<u64>,
    pub(super) minor: Option<u64>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) real_size: Option<u64>,
    /// Ranges of formats 0.0 and 0.1.
    pub(super) map: Option<Vec<SparseRange>>,
    /// Offset of format 0.0 that waits for its length.
    pending: Option<u64>,
}

impl PaxSparse {
    pub(super) fn is_set(&self) -> bool {
        self.major.is_some() || self.map.is_some()
    }
}

impl PaxRecords {
    /// Reads the records of one header's body: `"LENGTH KEY=VALUE\n"`, where
    /// LENGTH counts the whole record, so that values may hold any byte.
    pub(super) fn parse(mut body: &[u8]) -> Result<Self, TarProblem> {
        let mut records = PaxRecords::default();
        while !body.is_empty() {
            let (key, value, rest) = split_record(body)?;
            records.add(key, value)?;
            body = rest;
        }
        if records.sparse.pending.is_some() {
            return Err(TarProblem::Sparse("an offset without a length"));
        }
        Ok(records)
    }

    fn add(&mut self, key: &[u8], value: &[u8]) -> Result<(), TarProblem> {
        match key {
            b"path" => self.path = text(value)?,
            b"linkpath" => self.linkpath = text(value)?,
            b"size" => self.size = decimal(value)?,
            b"uid" => self.uid = decimal(value)?,
            b"gid" => self.gid = decimal(value)?,
            b"mtime" => {
                self.mtime = if value.is_empty() {
                    None
                } else {
                    Some(parse_time(value).ok_or(TarProblem::Pax("mtime is not a time"))?)
                };
            }
            b"GNU.sparse.major" => self.sparse.major = decimal(value)?,
            b"GNU.sparse.minor" => self.sparse.minor = decimal(value)?,
            b"GNU.sparse.name" => self.sparse.name = text(value)?,
            b"GNU.sparse.realsize" | b"GNU.sparse.size" => self.sparse.real_size = decimal(value)?,
            b"GNU.sparse.numblocks" => {
                let blocks = decimal(value)?.unwrap_or(0);
                if blocks > crate::codec::Limits::SPARSE_RANGES as u64 {
                    return Err(TarProblem::Sparse("too many ranges"));
                }
                self.sparse.map.get_or_insert_default();
            }
            b"GNU.sparse.offset" => {
                if self.sparse.pending.is_some() {
                    return Err(TarProblem::Sparse("an offset without a length"));
                }
                self.sparse.pending = decimal(value)?;
            }
            b"GNU.sparse.numbytes" => {
                let offset = self
                    .sparse
                    .pending
                    .take()
                    .ok_or(TarProblem::Sparse("a length without an offset"))?;
                let length = decimal(value)?.unwrap_or(0);
                self.sparse
                    .map
                    .get_or_insert_default()
                    .push(SparseRange { offset, length });
            }
            b"GNU.sparse.map" => self.sparse.map = Some(parse_map(value)?),
            _ => {
                if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                    // Later records of the same name replace earlier ones, at the end.
                    self.xattrs.push((name.to_vec(), value.to_vec()));
                }
            }
        }
        Ok(())
    }
}

type Record<'a> = (&'a [u8], &'a [u8], &'a [u8]);

fn split_record(body: &[u8]) -> Result<Record<'_>, TarProblem> {
    let space = body
        .iter()
        .take(20)
        .position(|&b| b == b' ')
        .ok_or(TarProblem::Pax("no length"))?;
    let length = decimal(&body[..space])?.ok_or(TarProblem::Pax("no length"))?;
    let length = usize::try_from(length).map_err(|_| TarProblem::Pax("length too large"))?;
    if length <= space + 1 || length > body.len() {
        return Err(TarProblem::Pax("length does not fit"));
    }
    let record = &body[space + 1..length];
    let record = record
        .strip_suffix(b"\n")
        .ok_or(TarProblem::Pax("no line end"))?;
    let equals = record
        .iter()
        .position(|&b| b == b'=')
        .ok_or(TarProblem::Pax("no `=`"))?;
    let (key, value) = (&record[..equals], &record[equals + 1..]);
    if key.is_empty() || key.contains(&0) {
        return Err(TarProblem::Pax("bad key"));
    }
    Ok((key, value, &body[length..]))
}

fn text(value: &[u8]) -> Result<Option<Vec<u8>>, TarProblem> {
    if value.contains(&0) {
        return Err(TarProblem::Pax("NUL in a name"));
    }
    Ok((!value.is_empty()).then(|| value.to_vec()))
}

fn decimal(value: &[u8]) -> Result<Option<u64>, TarProblem> {
    if value.is_empty() {
        return Ok(None);
    }
    let mut n: u64 = 0;
    for &byte in value {
        if !byte.is_ascii_digit() {
            return Err(TarProblem::Pax("not a number"));
        }
        n = n
            .checked_mul(10)
            .and_then(|n| n.checked_add(u64::from(byte - b'0')))
            .filter(|&n| i64::try_from(n).is_ok())
            .ok_or(TarProblem::Pax("number too large"))?;
    }
    Ok(Some(n))
}

/// Seconds with an optional fraction, cut to nanoseconds; the fraction of a
/// negative time counts away from zero, so the result is rounded down.
fn parse_time(value: &[u8]) -> Option<(i64, u32)> {
    let text = std::str::from_utf8(value).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let negative = whole.starts_with('-');
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = digits.parse().ok()?;
    let mut nanos: u32 = 0;
    for i in 0..9 {
        let digit = fraction
            .as_bytes()
            .get(i)
            .map_or(0, |b| u32::from(b - b'0'));
        nanos = nanos * 10 + digit;
    }
    Some(match (negative, nanos) {
        (false, _) => (seconds, nanos),
        (true, 0) => (-seconds, 0),
        (true, _) => (-seconds - 1, 1_000_000_000 - nanos),
    })
}

/// `offset,length,offset,length…` of format 0.1.
fn parse_map(value: &[u8]) -> Result<Vec<SparseRange>, TarProblem> {
    let mut map = Vec::new();
    if value.is_empty() {
        return Ok(map);
    }
    let mut numbers = value.split(|&b| b == b',');
    while let Some(offset) = numbers.next() {
        let length = numbers
            .next()
            .ok_or(TarProblem::Sparse("an offset without a length"))?;
        if map.len() >= crate::codec::Limits::SPARSE_RANGES {
            return Err(TarProblem::Sparse("too many ranges"));
        }
        let (Some(offset), Some(length)) = (decimal(offset)?, decimal(length)?) else {
            return Err(TarProblem::Sparse("an empty number"));
        };
        map.push(SparseRange { offset, length });
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_hold_any_byte() {
        let records = PaxRecords::parse(b"30 SCHILY.xattr.user.a=x\ny\0z=\n").unwrap();
        assert_eq!(records.xattrs, [(b"user.a".to_vec(), b"x\ny\0z=".to_vec())]);
    }

    #[test]
    fn malformed_records_are_refused() {
        #[track_caller]
        fn check(body: &[u8]) {
            assert!(PaxRecords::parse(body).is_err(), "{body:?}");
        }
        check(b"0 a=b\n");
        check(b"100000000000000000000 a=b\n");
        check(b"99 a=b\n");
        check(b"6 a=b ");
        check(b"5 ab\n");
        check(b"12 path=a\0b\n");
        check(b"13 mtime=nan\n");
        check(b"10 uid=-1\n");
        check(b"27 GNU.sparse.offset=12345\n");
    }

    #[test]
    fn times() {
        assert_eq!(parse_time(b"1.5"), Some((1, 500_000_000)));
        assert_eq!(parse_time(b"-1.25"), Some((-2, 750_000_000)));
        assert_eq!(parse_time(b"-3"), Some((-3, 0)));
        assert_eq!(parse_time(b"1.1234567899"), Some((1, 123_456_789)));
        assert_eq!(parse_time(b"1e9"), None);
        assert_eq!(parse_time(b""), None);
    }
}

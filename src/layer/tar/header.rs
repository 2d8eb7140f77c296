//! One 512-byte header block: its fields, numbers and checksum.

use crate::layer::error::TarProblem;

/// Which dialect a header block is written in; decides what its last 255 bytes mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// No magic: 1979's format.
    V7,
    /// POSIX ustar: a name prefix of 155 bytes.
    Ustar,
    /// Schilling's star: a prefix of 131 bytes.
    Star,
    /// GNU: no prefix; sparse fields instead.
    Gnu,
}

/// A header block whose checksum has been verified.
#[derive(Clone, Copy)]
pub(super) struct Header<'a> {
    block: &'a [u8; 512],
}

impl<'a> Header<'a> {
    /// Verifies the checksum, as unsigned or (historical) signed bytes.
    pub(super) fn parse(block: &'a [u8; 512]) -> Result<Self, TarProblem> {
        let stored = parse_number(&block[148..156]).ok_or(TarProblem::Checksum)?;
        let unsigned: i64 = block.iter().map(|&b| i64::from(b)).sum();
        let field: i64 = block[148..156].iter().map(|&b| i64::from(b)).sum();
        let unsigned = unsigned - field + 8 * 32;
        if stored == unsigned {
            return Ok(Header { block });
        }
        let signed: i64 = block.iter().map(|&b| i64::from(b.cast_signed())).sum();
        let field: i64 = block[148..156]
            .iter()
            .map(|&b| i64::from(b.cast_signed()))
            .sum();
        if stored == signed - field + 8 * 32 {
            return Ok(Header { block });
        }
        Err(TarProblem::Checksum)
    }

    pub(super) fn is_zero(block: &[u8; 512]) -> bool {
        block.iter().all(|&b| b == 0)
    }

    pub(super) fn flag(&self) -> u8 {
        self.block[156]
    }

    pub(super) fn dialect(&self) -> Dialect {
        match &self.block[257..265] {
            b"ustar  \0" => Dialect::Gnu,
            magic if magic.starts_with(b"ustar\0") => {
                if &self.block[508..512] == b"tar\0" {
                    Dialect::Star
                } else {
                    Dialect::Ustar
                }
            }
            _ => Dialect::V7,
        }
    }

    /// Appends the name, joined with its prefix where the dialect has one.
    pub(super) fn name_into(&self, out: &mut Vec<u8>) {
        let prefix = match self.dialect() {
            Dialect::Ustar => text(&self.block[345..500]),
            Dialect::Star => text(&self.block[345..476]),
            Dialect::V7 | Dialect::Gnu => &[],
        };
        if !prefix.is_empty() {
            out.extend_from_slice(prefix);
            out.push(b'/');
        }
        out.extend_from_slice(text(&self.block[..100]));
    }

    pub(super) fn link(&self) -> &'a [u8] {
        text(&self.block[157..257])
    }

    pub(super) fn mode(&self) -> Result<i64, TarProblem> {
        self.number(100..108, "mode")
    }

    pub(super) fn uid(&self) -> Result<i64, TarProblem> {
        self.number(108..116, "uid")
    }

    pub(super) fn gid(&self) -> Result<i64, TarProblem> {
        self.number(116..124, "gid")
    }

    /// Bytes of contents that follow.
    pub(super) fn size(&self) -> Result<u64, TarProblem> {
        let size = self.number(124..136, "size")?;
        u64::try_from(size).map_err(|_| TarProblem::Size)
    }

    pub(super) fn mtime(&self) -> Result<i64, TarProblem> {
        self.number(136..148, "mtime")
    }

    pub(super) fn device(&self) -> Result<(u32, u32), TarProblem> {
        if self.dialect() == Dialect::V7 {
            return Ok((0, 0));
        }
        let part = |range, name| {
            let n = self.number(range, name)?;
            u32::try_from(n).map_err(|_| TarProblem::Number(name))
        };
        Ok((part(329..337, "devmajor")?, part(337..345, "devminor")?))
    }

    /// The four sparse ranges of an old GNU header: `(offset, length)` fields.
    pub(super) fn gnu_sparse_fields(&self) -> &'a [u8] {
        &self.block[386..482]
    }

    pub(super) fn gnu_is_extended(&self) -> bool {
        self.block[482] != 0
    }

    pub(super) fn gnu_real_size(&self) -> Result<u64, TarProblem> {
        let size = parse_number(&self.block[483..495]).ok_or(TarProblem::Number("realsize"))?;
        u64::try_from(size).map_err(|_| TarProblem::Size)
    }

    fn number(
        &self,
        range: std::ops::Range<usize>,
        field: &'static str,
    ) -> Result<i64, TarProblem> {
        parse_number(&self.block[range]).ok_or(TarProblem::Number(field))
    }
}

/// Bytes up to the first NUL.
fn text(field: &[u8]) -> &[u8] {
    match field.iter().position(|&b| b == 0) {
        Some(end) => &field[..end],
        None => field,
    }
}

/// Octal digits padded with spaces and NULs, or a base-256 number when the top
/// bit of the first byte is set. An empty field is zero.
pub(super) fn parse_number(field: &[u8]) -> Option<i64> {
    let first = *field.first()?;
    if first & 0x80 != 0 {
        return parse_base256(field);
    }
    let start = field.iter().position(|&b| b != b' ' && b != 0);
    let Some(start) = start else { return Some(0) };
    let end = field.iter().rposition(|&b| b != b' ' && b != 0)?;
    let mut value: i64 = 0;
    for &byte in &field[start..=end] {
        if byte == 0 {
            // A NUL ends the number; what follows is another writer's garbage.
            break;
        }
        let digit = match byte {
            b'0'..=b'7' => i64::from(byte - b'0'),
            _ => return None,
        };
        value = value.checked_mul(8)?.checked_add(digit)?;
    }
    Some(value)
}

/// Two's complement, big-endian, over all bits but the marker bit.
fn parse_base256(field: &[u8]) -> Option<i64> {
    // A negative number is read as its complement, which is never negative.
    let negative = field.first()? & 0x40 != 0;
    let mut magnitude: u64 = 0;
    for (i, &byte) in field.iter().enumerate() {
        let byte = if negative { !byte } else { byte };
        let byte = if i == 0 { byte & 0x7f } else { byte };
        if magnitude >> 56 != 0 {
            return None;
        }
        magnitude = (magnitude << 8) | u64::from(byte);
    }
    let value = i64::try_from(magnitude).ok()?;
    Some(if negative { !value } else { value })
}

#[cfg(test)]
mod tests {
    use super::parse_number;

    #[test]
    fn numbers() {
        #[track_caller]
        fn check(field: &[u8], want: Option<i64>) {
            assert_eq!(parse_number(field), want, "{field:?}");
        }
        check(b"0000644\0", Some(0o644));
        check(b" 644 \0\0\0", Some(0o644));
        check(b"\0\0\0\0", Some(0));
        check(b"        ", Some(0));
        check(b"9\0\0\0", None);
        check(b"-1\0\0", None);
        check(b"777777777777", Some(0o777_777_777_777));
        check(&[0x80, 0, 0, 0, 0, 0, 0, 42], Some(42));
        check(&[0xff; 12], Some(-1));
        check(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], Some(-2));
        check(
            &[
                0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            ],
            Some(i64::MAX),
        );
        // 2^63 does not fit.
        check(&[0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0], None);
        check(&[0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], None);
    }
}

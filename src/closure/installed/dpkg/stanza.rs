//! The stanzas of a file in the format of mail headers.

use std::ops::Range;

/// The fields that are read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field {
    Package,
    Version,
    Architecture,
    MultiArch,
    Status,
    Essential,
    Source,
    Depends,
    PreDepends,
    Recommends,
    Provides,
}

/// Their names, in the order of [`Field`].
const NAMES: [&str; 11] = [
    "Package",
    "Version",
    "Architecture",
    "Multi-Arch",
    "Status",
    "Essential",
    "Source",
    "Depends",
    "Pre-Depends",
    "Recommends",
    "Provides",
];

/// One stanza.
#[derive(Debug)]
pub(super) struct Stanza<'t> {
    text: &'t [u8],
    /// Its bytes, with the empty lines after it.
    pub range: Range<usize>,
    /// Where it begins, from 1.
    pub line: usize,
    /// The first line that is no field.
    pub bad_line: Option<usize>,
    fields: [Range<usize>; NAMES.len()],
}

impl<'t> Stanza<'t> {
    /// The value of a field, with the lines that continue it; empty if it is not there.
    pub fn field(&self, field: Field) -> &'t [u8] {
        let range = self.fields.get(field as usize).cloned();
        let value = range.and_then(|range| self.text.get(range));
        value.unwrap_or_default().trim_ascii()
    }

    /// Whether files of the package are there, even if it is not configured.
    pub fn has_files(&self) -> bool {
        let state = super::super::text::words(self.field(Field::Status)).nth(2);
        !matches!(state, None | Some(b"not-installed" | b"config-files"))
    }
}

/// The stanzas of a text, in order.
pub(super) fn stanzas(text: &[u8]) -> Stanzas<'_> {
    Stanzas {
        text,
        at: 0,
        line: 0,
    }
}

pub(super) struct Stanzas<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl<'t> Iterator for Stanzas<'t> {
    type Item = Stanza<'t>;

    fn next(&mut self) -> Option<Stanza<'t>> {
        let mut stanza: Option<Stanza<'t>> = None;
        let mut ended = false;
        let mut last = None;
        while let Some(line) = self
            .text
            .get(self.at..)?
            .split_inclusive(|b| *b == b'\n')
            .next()
        {
            let blank = line.trim_ascii().is_empty();
            if ended && !blank {
                break;
            }
            let start = self.at;
            self.at = start.saturating_add(line.len());
            self.line = self.line.saturating_add(1);
            if blank {
                ended = stanza.is_some();
                continue;
            }
            let stanza = stanza.get_or_insert_with(|| Stanza {
                text: self.text,
                range: start..start,
                line: self.line,
                bad_line: None,
                fields: std::array::from_fn(|_| 0..0),
            });
            stanza.read(line, start, self.line, &mut last);
        }
        let mut stanza = stanza?;
        stanza.range.end = self.at;
        Some(stanza)
    }
}

impl Stanza<'_> {
    /// Takes one line; `last` is the field that it may continue.
    fn read(&mut self, line: &[u8], start: usize, number: usize, last: &mut Option<usize>) {
        let end = start.saturating_add(line.len());
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if let Some(range) = last.and_then(|last| self.fields.get_mut(last)) {
                range.end = end;
            }
            return;
        }
        *last = None;
        let Some(colon) = line.iter().position(|b| *b == b':') else {
            self.bad_line.get_or_insert(number);
            return;
        };
        let name = line.get(..colon).unwrap_or_default();
        *last = NAMES
            .iter()
            .position(|known| known.as_bytes().eq_ignore_ascii_case(name));
        if let Some(range) = last.and_then(|last| self.fields.get_mut(last)) {
            *range = start.saturating_add(colon).saturating_add(1)..end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_end_where_the_next_begins() {
        let text =
            b"\n\nPackage: a\nDepends: b,\n c\nDescription: x\n y\n\n \nPACKAGE:b\r\nrubbish";
        let found: Vec<Stanza> = stanzas(text).collect();
        let [a, b] = found.as_slice() else { panic!() };
        assert_eq!(a.field(Field::Package), b"a");
        assert_eq!(a.field(Field::Depends), b"b,\n c");
        assert_eq!((a.line, a.bad_line), (3, None));
        assert_eq!(b.field(Field::Package), b"b");
        assert_eq!((b.line, b.bad_line), (10, Some(11)));
        assert_eq!((a.range.start, a.range.end), (2, b.range.start));
        assert_eq!(b.range.end, text.len());
    }

    #[test]
    fn a_text_without_fields_has_no_stanzas() {
        assert_eq!(stanzas(b"").count(), 0);
        assert_eq!(stanzas(b"\n \n").count(), 0);
    }

    #[test]
    fn what_a_removed_package_left_are_no_files_of_it() {
        let has_files = |status: &str| {
            let text = format!("Package: a\nStatus: {status}\n");
            stanzas(text.as_bytes()).next().unwrap().has_files()
        };
        assert!(has_files("install ok installed"));
        assert!(has_files("install reinstreq half-installed"));
        assert!(has_files("install ok triggers-pending"));
        assert!(!has_files("deinstall ok config-files"));
        assert!(!has_files("purge ok not-installed"));
        assert!(!has_files(""));
    }
}

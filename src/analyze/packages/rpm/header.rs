//! The header of a package: tagged values, as rpm stores them.
//!
//! Two big-endian counts (entries, bytes of the store), entries of 16 bytes
//! (tag, type, offset into the store, number of values), then the store.

/// What is wrong with a header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    #[error("the package's header is cut off: {have} bytes, not {need}")]
    Truncated { need: u64, have: u64 },
    #[error("tag {0} of the package's header points outside of it")]
    Outside(u32),
    #[error("tag {tag} of the package's header has type {found}")]
    Type { tag: u32, found: u32 },
    #[error("tag {0} of the package's header has too many values")]
    TooMany(u32),
    #[error("the package's header gives no name")]
    Nameless,
    #[error("the package's header gives a file without a directory")]
    FileWithoutDirectory,
}

/// The tags that are read.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub(crate) enum Tag {
    Name = 1000,
    Version = 1001,
    Release = 1002,
    Epoch = 1003,
    Arch = 1022,
    FileStates = 1029,
    FileFlags = 1037,
    SourceRpm = 1044,
    ProvideName = 1047,
    RequireFlags = 1048,
    RequireName = 1049,
    DirIndexes = 1116,
    BaseNames = 1117,
    DirNames = 1118,
    RecommendName = 5046,
}

const CHAR: u32 = 1;
const INT8: u32 = 2;
const INT32: u32 = 4;
const STRING: u32 = 6;
const BINARY: u32 = 7;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

/// More directories than any package has; each costs memory.
const MOST_STRINGS: usize = 1 << 20;

/// A parsed header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header<'h> {
    entries: &'h [[u8; 16]],
    store: &'h [u8],
}

/// A value of the header and where it begins.
struct Entry<'h> {
    kind: u32,
    count: usize,
    /// The store from the value on.
    data: &'h [u8],
}

fn number(bytes: [u8; 16], field: usize) -> u32 {
    let [a, b, c, d] = std::array::from_fn(|i| bytes[field * 4 + i]);
    u32::from_be_bytes([a, b, c, d])
}

impl<'h> Header<'h> {
    pub(crate) fn parse(blob: &'h [u8]) -> Result<Self, HeaderError> {
        let have = blob.len() as u64;
        let truncated = |need| HeaderError::Truncated { need, have };
        let (counts, rest) = blob.split_first_chunk::<8>().ok_or(truncated(8))?;
        let [a, b, c, d, e, f, g, h] = *counts;
        let entries = u64::from(u32::from_be_bytes([a, b, c, d]));
        let store = u64::from(u32::from_be_bytes([e, f, g, h]));
        let need = 8 + entries * 16 + store;
        if need > have {
            return Err(truncated(need));
        }
        // Both fit: they are parts of the blob.
        let (entries, rest) = rest.split_at((entries * 16) as usize);
        Ok(Header {
            entries: entries.as_chunks::<16>().0,
            store: &rest[..store as usize],
        })
    }

    fn entry(&self, tag: Tag, kinds: &[u32]) -> Result<Option<Entry<'h>>, HeaderError> {
        let tag = tag as u32;
        let Some(&entry) = self.entries.iter().find(|entry| number(**entry, 0) == tag) else {
            return Ok(None);
        };
        let kind = number(entry, 1);
        if !kinds.contains(&kind) {
            return Err(HeaderError::Type { tag, found: kind });
        }
        let data = self.store.get(number(entry, 2) as usize..);
        let data = data.ok_or(HeaderError::Outside(tag))?;
        let count = number(entry, 3) as usize;
        // Each value has a byte at least.
        if count > data.len() {
            return Err(HeaderError::Outside(tag));
        }
        Ok(Some(Entry { kind, count, data }))
    }

    /// A text, of several languages the first.
    pub(crate) fn string(&self, tag: Tag) -> Result<Option<&'h [u8]>, HeaderError> {
        match self.entry(tag, &[STRING, I18N_STRING])? {
            None => Ok(None),
            Some(entry) => {
                let mut one = Strings {
                    tag: tag as u32,
                    rest: entry.data,
                    left: 1,
                };
                one.next().transpose()
            }
        }
    }

    /// A list of texts, empty if there is none.
    pub(crate) fn strings(&self, tag: Tag) -> Result<Strings<'h>, HeaderError> {
        let entry = self.entry(tag, &[STRING, STRING_ARRAY])?;
        Ok(Strings {
            tag: tag as u32,
            rest: entry.as_ref().map_or(b"", |entry| entry.data),
            left: entry.map_or(
                0,
                |entry| if entry.kind == STRING { 1 } else { entry.count },
            ),
        })
    }

    /// A list of numbers, empty if there is none.
    pub(crate) fn ints(
        &self,
        tag: Tag,
    ) -> Result<impl Iterator<Item = u32> + use<'h>, HeaderError> {
        let data = match self.entry(tag, &[INT32])? {
            None => b"",
            Some(entry) => entry
                .count
                .checked_mul(4)
                .and_then(|len| entry.data.get(..len))
                .ok_or(HeaderError::Outside(tag as u32))?,
        };
        let numbers = data.as_chunks::<4>().0;
        Ok(numbers.iter().map(|&bytes| u32::from_be_bytes(bytes)))
    }

    /// A list of bytes, empty if there is none.
    pub(crate) fn bytes(&self, tag: Tag) -> Result<&'h [u8], HeaderError> {
        let entry = self.entry(tag, &[CHAR, INT8, BINARY])?;
        Ok(entry.map_or(b"", |entry| &entry.data[..entry.count]))
    }
}

/// Texts, each ended by a zero byte.
pub(crate) struct Strings<'h> {
    tag: u32,
    rest: &'h [u8],
    left: usize,
}

impl<'h> Strings<'h> {
    /// All of them, if they are not absurdly many.
    pub(crate) fn collect_few(self) -> Result<Vec<&'h [u8]>, HeaderError> {
        if self.left > MOST_STRINGS {
            return Err(HeaderError::TooMany(self.tag));
        }
        self.collect()
    }
}

impl<'h> Iterator for Strings<'h> {
    type Item = Result<&'h [u8], HeaderError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let Some(end) = self.rest.iter().position(|&b| b == 0) else {
            self.left = 0;
            return Some(Err(HeaderError::Outside(self.tag)));
        };
        let text = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        Some(Ok(text))
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    pub(crate) enum Value<'v> {
        Text(&'v str),
        Texts(&'v [&'v str]),
        Ints(&'v [u32]),
        Bytes(&'v [u8]),
    }

    /// The header with these values.
    pub(crate) fn header(values: &[(Tag, Value)]) -> Vec<u8> {
        let (mut index, mut store) = (Vec::new(), Vec::new());
        for (tag, value) in values {
            let start = store.len() as u32;
            let mut text = |text: &str| {
                store.extend_from_slice(text.as_bytes());
                store.push(0);
            };
            let (kind, count) = match value {
                Value::Text(one) => {
                    text(one);
                    (STRING, 1)
                }
                Value::Texts(all) => {
                    all.iter().for_each(|one| text(one));
                    (STRING_ARRAY, all.len())
                }
                Value::Ints(all) => {
                    store.extend(all.iter().flat_map(|n| n.to_be_bytes()));
                    (INT32, all.len())
                }
                Value::Bytes(all) => {
                    store.extend_from_slice(all);
                    (CHAR, all.len())
                }
            };
            for n in [*tag as u32, kind, start, count as u32] {
                index.extend_from_slice(&n.to_be_bytes());
            }
        }
        let counts = [values.len() as u32, store.len() as u32].map(u32::to_be_bytes);
        [counts.concat(), index, store].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{Value, header};
    use super::*;

    #[test]
    fn every_cut_is_an_error() {
        let whole = header(&[
            (Tag::Name, Value::Text("x")),
            (Tag::DirIndexes, Value::Ints(&[1, 2])),
        ]);
        assert!(Header::parse(&whole).is_ok());
        for len in 0..whole.len() {
            assert!(Header::parse(&whole[..len]).is_err(), "{len}");
        }
    }

    #[test]
    fn absurd_numbers_are_errors() {
        assert!(Header::parse(&[0xff; 64]).is_err());
        let whole = header(&[
            (Tag::Name, Value::Text("x")),
            (Tag::DirIndexes, Value::Ints(&[1, 2])),
        ]);
        let with = |at: usize, value: u32| {
            let mut changed = whole.clone();
            changed[at..at + 4].copy_from_slice(&value.to_be_bytes());
            changed
        };
        // Offsets of the entries: 8 and 24, with fields of four bytes.
        let text = with(8 + 8, u32::MAX);
        let found = Header::parse(&text).unwrap().string(Tag::Name);
        assert_eq!(found, Err(HeaderError::Outside(1000)));
        for count in [3, 0x4000_0000, u32::MAX] {
            let ints = with(24 + 12, count);
            let found = Header::parse(&ints).unwrap().ints(Tag::DirIndexes);
            assert_eq!(found.err(), Some(HeaderError::Outside(1116)));
        }
        let kind = with(8 + 4, 4);
        let found = Header::parse(&kind).unwrap().string(Tag::Name);
        let want = HeaderError::Type {
            tag: 1000,
            found: 4,
        };
        assert_eq!(found, Err(want));
    }

    #[test]
    fn unended_texts_are_errors() {
        let mut whole = header(&[(Tag::BaseNames, Value::Texts(&["a", "b"]))]);
        *whole.last_mut().unwrap() = b'x';
        let header = Header::parse(&whole).unwrap();
        let texts: Vec<_> = header.strings(Tag::BaseNames).unwrap().collect();
        assert_eq!(texts, [Ok(&b"a"[..]), Err(HeaderError::Outside(1117))]);
    }
}

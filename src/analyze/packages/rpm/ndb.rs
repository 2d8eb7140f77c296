//! rpm's own database, `Packages.db`, as openSUSE has it.
//!
//! Little-endian. A header of 32 bytes, then slots of 16 bytes up to the end
//! of the slot pages; a slot gives a package's number and the place of its
//! header in blocks of 16 bytes. Before the header are 16 bytes: a mark, the
//! package's number, a generation and the header's length.

/// What is wrong with the database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NdbError {
    #[error("not a database of rpm's ndb format")]
    Magic,
    #[error("version {0} of the ndb format is not known")]
    Version(u32),
    #[error("offset {offset}: the slot is broken")]
    Slot { offset: usize },
    #[error("offset {offset}: the package's header is not where the database says")]
    Blob { offset: u64 },
    #[error("packages overlap")]
    Overlap,
}

const MAGIC: u32 = u32::from_le_bytes(*b"RpmP");
pub(crate) const SLOT_MAGIC: u32 = u32::from_le_bytes(*b"Slot");
const BLOB_MAGIC: u32 = u32::from_le_bytes(*b"BlbS");
pub(crate) const HEADER_SIZE: usize = 32;
pub(crate) const PAGE: u64 = 4096;
pub(crate) const BLOCK: u64 = 16;

pub(crate) fn words(bytes: &[u8; 16]) -> [u32; 4] {
    std::array::from_fn(|i| {
        let [a, b, c, d] = std::array::from_fn(|j| bytes[i * 4 + j]);
        u32::from_le_bytes([a, b, c, d])
    })
}

pub(crate) fn words_at(database: &[u8], offset: u64) -> Option<[u32; 4]> {
    let offset = usize::try_from(offset).ok()?;
    database.get(offset..)?.first_chunk().map(words)
}

/// The slots, from the end of the header to that of the slot pages.
pub(crate) fn slots(database: &[u8]) -> Result<&[[u8; 16]], NdbError> {
    let [magic, version, _generation, slot_pages] = words_at(database, 0).ok_or(NdbError::Magic)?;
    if magic != MAGIC {
        return Err(NdbError::Magic);
    }
    if version != 0 {
        return Err(NdbError::Version(version));
    }
    let slots_end = (u64::from(slot_pages) * PAGE).min(database.len() as u64) as usize;
    let slots = database.get(HEADER_SIZE..slots_end).unwrap_or_default();
    Ok(slots.as_chunks().0)
}

/// Calls `each` with offset and header of all packages, or with what is wrong
/// with one of them.
pub(crate) fn headers<'d>(
    database: &'d [u8],
    mut each: impl FnMut(Result<(u64, &'d [u8]), NdbError>),
) -> Result<(), NdbError> {
    // Headers that overlap would let a small file ask for endless work.
    let mut left = database.len();
    for (i, slot) in slots(database)?.iter().enumerate() {
        let [magic, number, block, _blocks] = words(slot);
        if magic != SLOT_MAGIC {
            // Slots are written page by page: nothing after it can be trusted.
            let offset = HEADER_SIZE + i * slot.len();
            return Err(NdbError::Slot { offset });
        }
        if number == 0 {
            continue;
        }
        let offset = u64::from(block) * BLOCK;
        match blob(database, offset, number) {
            Some(blob) => {
                left = left.checked_sub(blob.len()).ok_or(NdbError::Overlap)?;
                each(Ok((offset, blob)));
            }
            None => each(Err(NdbError::Blob { offset })),
        }
    }
    Ok(())
}

/// Whether these blocks have the whole header of a package.
pub(crate) fn is_blob(blocks: &[u8], number: u32) -> bool {
    blob(blocks, 0, number).is_some()
}

fn blob(database: &[u8], offset: u64, number: u32) -> Option<&[u8]> {
    let [magic, of, _generation, len] = words_at(database, offset)?;
    if magic != BLOB_MAGIC || of != number {
        return None;
    }
    let start = usize::try_from(offset.checked_add(BLOCK)?).ok()?;
    let end = start.checked_add(usize::try_from(len).ok()?)?;
    database.get(start..end)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A database with these headers.
    pub(crate) fn database(headers: &[&[u8]]) -> Vec<u8> {
        let word = |file: &mut Vec<u8>, words: &[u32]| {
            file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        };
        let mut slots = Vec::new();
        let mut blobs = Vec::new();
        word(&mut slots, &[MAGIC, 0, 1, 1, 9, 0, 0, 0]);
        for (i, header) in headers.iter().enumerate() {
            let number = i as u32 + 1;
            let block = (PAGE + blobs.len() as u64) / BLOCK;
            word(&mut blobs, &[BLOB_MAGIC, number, 1, header.len() as u32]);
            blobs.extend_from_slice(header);
            // The end, with a checksum that nobody here looks at.
            word(&mut blobs, &[0, header.len() as u32, 0]);
            blobs.resize(blobs.len().next_multiple_of(16), 0);
            let blocks = (PAGE + blobs.len() as u64) / BLOCK - block;
            word(
                &mut slots,
                &[SLOT_MAGIC, number, block as u32, blocks as u32],
            );
        }
        while slots.len() < PAGE as usize {
            word(&mut slots, &[SLOT_MAGIC, 0, 0, 0]);
        }
        [slots, blobs].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Found = Vec<Result<Vec<u8>, NdbError>>;

    fn read(database: &[u8]) -> (Found, Result<(), NdbError>) {
        let mut found = Vec::new();
        let end = headers(database, |blob| found.push(blob.map(|b| b.1.to_vec())));
        (found, end)
    }

    fn set(database: &mut [u8], at: usize, value: u32) {
        database[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    #[test]
    fn blobs_are_found() {
        let (found, end) = read(&testing::database(&[b"one", b"two"]));
        assert_eq!(found, [Ok(b"one".to_vec()), Ok(b"two".to_vec())]);
        assert_eq!(end, Ok(()));
    }

    #[test]
    fn bad_offsets_are_told() {
        let mut database = testing::database(&[b"one", b"two"]);
        set(&mut database, 32 + 8, u32::MAX);
        let (found, end) = read(&database);
        let offset = u64::from(u32::MAX) * 16;
        assert_eq!(found, [Err(NdbError::Blob { offset }), Ok(b"two".to_vec())]);
        assert_eq!(end, Ok(()));
        set(&mut database, 4096 + 32 + 12, u32::MAX);
        assert_eq!(read(&database).0[1], Err(NdbError::Blob { offset: 4128 }));
        set(&mut database, 48, 0);
        assert_eq!(read(&database).1, Err(NdbError::Slot { offset: 48 }));
        set(&mut database, 12, u32::MAX);
        assert_eq!(read(&database).0.len(), 1);
    }

    #[test]
    fn overlapping_packages_end_the_reading() {
        let mut database = testing::database(&[&[7; 4000], b"x", b"x", b"x"]);
        for slot in 1..4 {
            set(&mut database, 32 + slot * 16 + 4, 1);
            set(&mut database, 32 + slot * 16 + 8, 256);
        }
        let (found, end) = read(&database);
        assert_eq!((found.len(), end), (2, Err(NdbError::Overlap)));
    }

    #[test]
    fn cuts_are_no_panic() {
        let database = testing::database(&[b"one", b"two"]);
        for len in 0..database.len() {
            let _ = read(&database[..len]);
        }
        assert_eq!(read(b"").1, Err(NdbError::Magic));
        assert_eq!(read(&[0; 64]).1, Err(NdbError::Magic));
    }
}

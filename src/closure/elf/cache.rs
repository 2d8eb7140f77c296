//! `/etc/ld.so.cache`: where `ldconfig` found each library.
//!
//! There are two formats: the old one ("ld.so-1.7.0"), after which the new one may follow in the
//! same file, and the new one ("glibc-ld.so.cache1.1") with extensions at its end.

use std::ops::Range;

use super::object::Order;

const OLD_MAGIC: &[u8] = b"ld.so-1.7.0";
const OLD_HEADER: usize = 16;
const OLD_ENTRY: usize = 12;
const NEW_MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
const NEW_HEADER: usize = 48;
const NEW_ENTRY: usize = 24;
const EXTENSION_MAGIC: u32 = 0xeaa4_2174;
const TAG_HWCAPS: u32 = 1;

/// The largest file that is read, in bytes; real ones have less than one MiB.
pub(super) const MAX_FILE: usize = 64 << 20;

/// The longest name or path, in bytes.
const MAX_STRING: usize = 4096;

/// For which processors an entry of the cache is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hwcap<'a> {
    /// For all.
    None,
    /// For those that have what a subdirectory of `glibc-hwcaps` is named for.
    Named(&'a [u8]),
    /// For those with these features: bits whose meaning is the processor's (before glibc 2.37).
    Legacy(u64),
}

/// One library of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheEntry<'a> {
    /// The name that is asked for.
    pub name: &'a [u8],
    /// Where it is.
    pub path: &'a [u8],
    /// The kind of library: 3 for glibc's, and the processor's width and conventions from bit 8.
    pub flags: u32,
    /// For which processors it is.
    pub hwcap: Hwcap<'a>,
}

/// Why a cache could not be read; the loader then goes on without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// It does not begin as a cache does.
    #[error("not a loader cache")]
    Magic,
    /// It has fewer bytes than its entries need.
    #[error("the loader cache is cut off")]
    Truncated,
    /// It is larger than any real one.
    #[error("the loader cache is larger than {MAX_FILE} bytes")]
    TooLarge,
}

#[derive(Debug, Clone)]
struct Entry {
    name: Range<usize>,
    path: Range<usize>,
    flags: u32,
    hwcap: u64,
}

/// The entries of a loader cache.
#[derive(Debug, Clone)]
pub struct Cache {
    bytes: Vec<u8>,
    /// Sorted by name; entries of one name are in the file's order.
    entries: Vec<Entry>,
    /// What `glibc-hwcaps` subdirectories the numbers of entries mean.
    hwcaps: Vec<Range<usize>>,
    order: Order,
    skipped: usize,
}

impl Cache {
    /// Reads the cache that `bytes` are.
    ///
    /// # Errors
    ///
    /// It is no cache, cut off or too large. A single entry that leads nowhere is left out and
    /// counted ([`Cache::skipped`]), as the loader does not use it either.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, CacheError> {
        if bytes.len() > MAX_FILE {
            return Err(CacheError::TooLarge);
        }
        let mut cache = Self {
            bytes,
            entries: Vec::new(),
            hwcaps: Vec::new(),
            order: Order::Little,
            skipped: 0,
        };
        if cache.bytes.starts_with(NEW_MAGIC) {
            cache.read_new(0)?;
        } else if cache.bytes.starts_with(OLD_MAGIC) {
            cache.read_old()?;
        } else {
            return Err(CacheError::Magic);
        }
        let bytes = &cache.bytes;
        cache
            .entries
            .sort_by(|a, b| bytes.get(a.name.clone()).cmp(&bytes.get(b.name.clone())));
        Ok(cache)
    }

    /// All entries, sorted by name.
    pub fn entries(&self) -> impl Iterator<Item = CacheEntry<'_>> {
        self.entries.iter().map(|entry| self.show(entry))
    }

    /// The entries of one name, in the order in which the loader sees them.
    pub fn lookup<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = CacheEntry<'a>> {
        let first = self
            .entries
            .partition_point(|entry| self.text(&entry.name) < name);
        self.entries
            .iter()
            .skip(first)
            .take_while(move |entry| self.text(&entry.name) == name)
            .map(|entry| self.show(entry))
    }

    /// The order of its numbers' bytes; a loader takes only its own.
    #[must_use]
    pub fn order(&self) -> Order {
        self.order
    }

    /// How many entries lead nowhere.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    fn text(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    fn show<'a>(&'a self, entry: &Entry) -> CacheEntry<'a> {
        let hwcap = match entry.hwcap {
            0 => Hwcap::None,
            bits if is_named(bits) => {
                let number = (bits & u64::from(u32::MAX)) as usize;
                let name = self
                    .hwcaps
                    .get(number)
                    .map_or(&b"?"[..], |name| self.text(name));
                Hwcap::Named(name)
            }
            bits => Hwcap::Legacy(bits),
        };
        CacheEntry {
            name: self.text(&entry.name),
            path: self.text(&entry.path),
            flags: entry.flags,
            hwcap,
        }
    }

    fn read_old(&mut self) -> Result<(), CacheError> {
        let fits = |order| {
            let end = size(self.word(12, order)?, OLD_ENTRY, OLD_HEADER)?;
            (end <= self.bytes.len()).then_some((order, end))
        };
        let (order, end) = fits(Order::Little)
            .or_else(|| fits(Order::Big))
            .ok_or(CacheError::Truncated)?;
        self.order = order;
        // The new format follows at the next multiple of its alignment: 8, on i386 4.
        for align in [8, 4] {
            let start = end
                .checked_next_multiple_of(align)
                .ok_or(CacheError::Truncated)?;
            if self
                .bytes
                .get(start..)
                .is_some_and(|rest| rest.starts_with(NEW_MAGIC))
            {
                return self.read_new(start);
            }
        }
        let mut at = OLD_HEADER;
        while at < end {
            self.push(at, end, 0);
            at = at.checked_add(OLD_ENTRY).ok_or(CacheError::Truncated)?;
        }
        Ok(())
    }

    fn read_new(&mut self, start: usize) -> Result<(), CacheError> {
        let place = |skip: usize| start.checked_add(skip).ok_or(CacheError::Truncated);
        let marked = self.bytes.get(place(28)?).ok_or(CacheError::Truncated)? & 3;
        let orders: &[Order] = match marked {
            2 => &[Order::Little],
            3 => &[Order::Big],
            _ => &[Order::Little, Order::Big],
        };
        let count_at = place(20)?;
        let fitting = orders.iter().find_map(|order| {
            let end = size(
                self.word(count_at, *order)?,
                NEW_ENTRY,
                place(NEW_HEADER).ok()?,
            )?;
            (end <= self.bytes.len()).then_some((*order, end))
        });
        let (order, end) = fitting.ok_or(CacheError::Truncated)?;
        self.order = order;
        self.read_extensions(place(32)?);
        let mut at = place(NEW_HEADER)?;
        while at < end {
            let low = at.checked_add(16).and_then(|at| self.word(at, order));
            let high = at.checked_add(20).and_then(|at| self.word(at, order));
            let (low, high) = match order {
                Order::Little => (low, high),
                Order::Big => (high, low),
            };
            let hwcap =
                u64::from(high.unwrap_or_default()) << 32 | u64::from(low.unwrap_or_default());
            self.push(at, start, hwcap);
            at = at.checked_add(NEW_ENTRY).ok_or(CacheError::Truncated)?;
        }
        Ok(())
    }

    /// Adds the entry at `at`, whose strings' places count from `base`.
    fn push(&mut self, at: usize, base: usize, hwcap: u64) {
        let word = |skip: usize| self.word(at.checked_add(skip)?, self.order);
        let string = |skip: usize| {
            let place = base.checked_add(usize::try_from(word(skip)?).ok()?)?;
            self.string(place)
        };
        let entry = (|| {
            Some(Entry {
                name: string(4)?,
                path: string(8)?,
                flags: word(0)?,
                hwcap,
            })
        })();
        match entry {
            Some(entry) => self.entries.push(entry),
            None => self.skipped = self.skipped.saturating_add(1),
        }
    }

    /// Reads the names of `glibc-hwcaps` subdirectories; their places count from the file's start.
    /// Without them (or if they are broken) entries still say that they are for some processors.
    fn read_extensions(&mut self, header: usize) {
        let word = |at: usize| self.word(at, self.order);
        let number = |at: usize| word(at).and_then(|word| usize::try_from(word).ok());
        let names = (|| {
            let at = number(header).filter(|at| *at != 0)?;
            if word(at)? != EXTENSION_MAGIC {
                return None;
            }
            let count = number(at.checked_add(4)?)?.min(64);
            let sections = at.checked_add(8)?;
            let section = (0..count).find_map(|index| {
                let section = sections.checked_add(index.checked_mul(16)?)?;
                (word(section)? == TAG_HWCAPS).then_some(section)
            })?;
            let first = number(section.checked_add(8)?)?;
            let count = number(section.checked_add(12)?)?.checked_div(4)?.min(4096);
            let names = (0..count).map_while(|index| {
                let place = number(first.checked_add(index.checked_mul(4)?)?)?;
                Some(self.string(place).unwrap_or_default())
            });
            Some(names.collect())
        })();
        self.hwcaps = names.unwrap_or_default();
    }

    fn word(&self, at: usize, order: Order) -> Option<u32> {
        order.split_u32(self.bytes.get(at..)?).map(|(word, _)| word)
    }

    fn string(&self, at: usize) -> Option<Range<usize>> {
        let len = self
            .bytes
            .get(at..)?
            .iter()
            .take(MAX_STRING)
            .position(|byte| *byte == 0)?;
        Some(at..at.checked_add(len)?)
    }
}

/// Bit 62 marks an entry for a subdirectory of `glibc-hwcaps`; the ten bits from bit 32 on are a
/// level of the processor's instructions and say nothing here.
fn is_named(hwcap: u64) -> bool {
    (hwcap >> 32) & !0x3ff == 1 << 30
}

fn size(count: u32, entry: usize, header: usize) -> Option<usize> {
    usize::try_from(count)
        .ok()?
        .checked_mul(entry)?
        .checked_add(header)
}

use super::super::{Cache, CacheError, Hwcap, Order};
use super::Dice;

type Library<'a> = (&'a str, &'a str, u32, u64);

const NAMED: u64 = 1 << 62;

fn word(order: Order, value: u32) -> [u8; 4] {
    if order == Order::Little {
        value.to_le_bytes()
    } else {
        value.to_be_bytes()
    }
}

/// A cache as `ldconfig` writes it: the new format, with names of subdirectories.
fn new(order: Order, marked: bool, libraries: &[Library<'_>], hwcaps: &[&str]) -> Vec<u8> {
    let mut out = b"glibc-ld.so.cache1.1".to_vec();
    let w = |value: usize| word(order, value as u32);
    let strings_at = 48 + libraries.len() * 24;
    let mut strings = Vec::new();
    let mut put = |text: &str| {
        let at = strings_at + strings.len();
        strings.extend(text.bytes().chain([0]));
        at
    };
    let places: Vec<_> = libraries.iter().map(|l| (put(l.0), put(l.1))).collect();
    let names: Vec<_> = hwcaps.iter().map(|name| put(name)).collect();
    while strings.len() % 4 != 0 {
        strings.push(0);
    }
    let extension = if hwcaps.is_empty() {
        0
    } else {
        strings_at + strings.len()
    };
    out.extend(w(libraries.len()));
    out.extend(w(strings.len()));
    out.extend([
        if !marked {
            0
        } else if order == Order::Little {
            2
        } else {
            3
        },
        0,
        0,
        0,
    ]);
    out.extend(w(extension));
    out.extend([0; 12]);
    for (library, (name, path)) in libraries.iter().zip(places) {
        out.extend([word(order, library.2), w(name), w(path), w(0)].concat());
        let (low, high) = (
            word(order, library.3 as u32),
            word(order, (library.3 >> 32) as u32),
        );
        out.extend(if order == Order::Little {
            [low, high].concat()
        } else {
            [high, low].concat()
        });
    }
    out.extend(strings);
    if extension != 0 {
        out.extend([word(order, 0xeaa4_2174), w(1)].concat());
        out.extend([w(1), w(0), w(extension + 24), w(names.len() * 4)].concat());
        out.extend(names.into_iter().flat_map(w));
    }
    out
}

fn old(order: Order, libraries: &[Library<'_>]) -> Vec<u8> {
    let mut out = b"ld.so-1.7.0\0".to_vec();
    out.extend(word(order, libraries.len() as u32));
    let mut strings = Vec::new();
    for (name, path, flags, _) in libraries {
        out.extend(word(order, *flags));
        for text in [name, path] {
            out.extend(word(order, strings.len() as u32));
            strings.extend(text.bytes().chain([0]));
        }
    }
    out.extend(strings);
    out
}

const LIBRARIES: &[Library<'_>] = &[
    ("libz.so", "/v3/libz.so", 0x303, NAMED | 2 << 32),
    ("libz.so", "/tls/libz.so", 0x303, 1 << 63),
    ("libz.so", "/lib/libz.so", 0x303, 0),
    ("liba.so", "/lib/liba.so", 3, 0),
];

#[test]
fn reads_the_new_format() {
    for order in [Order::Little, Order::Big] {
        for marked in [true, false] {
            let cache = Cache::parse(new(order, marked, LIBRARIES, &["x86-64-v3"])).unwrap();
            assert_eq!(cache.order(), order);
            assert_eq!(cache.entries().count(), 4);
            let found: Vec<_> = cache
                .lookup(b"libz.so")
                .map(|e| (e.path, e.hwcap))
                .collect();
            assert_eq!(
                found,
                [
                    (&b"/v3/libz.so"[..], Hwcap::Named(b"x86-64-v3")),
                    (b"/tls/libz.so", Hwcap::Legacy(1 << 63)),
                    (b"/lib/libz.so", Hwcap::None),
                ]
            );
            let flags: Vec<_> = cache.lookup(b"liba.so").map(|entry| entry.flags).collect();
            assert_eq!(flags, [3]);
            assert_eq!(cache.lookup(b"liba").count(), 0);
        }
    }
}

#[test]
fn reads_the_old_format_alone_and_before_the_new() {
    for order in [Order::Little, Order::Big] {
        let bytes = old(order, LIBRARIES);
        let cache = Cache::parse(bytes.clone()).unwrap();
        assert_eq!((cache.order(), cache.entries().count()), (order, 4));
        assert_eq!(
            cache.lookup(b"liba.so").next().unwrap().path,
            b"/lib/liba.so"
        );
        // The strings of both lie behind the new part; here the old one has no entries.
        let mut both = old(order, &[]);
        both.extend(new(order, true, LIBRARIES, &[]));
        let cache = Cache::parse(both).unwrap();
        assert_eq!(cache.lookup(b"libz.so").count(), 3);
    }
}

#[test]
fn a_cache_cut_anywhere_or_changed_never_panics() {
    let mut dice = Dice(77);
    for order in [Order::Little, Order::Big] {
        for whole in [
            new(order, true, LIBRARIES, &["x86-64-v3"]),
            old(order, LIBRARIES),
        ] {
            for len in 0..whole.len() {
                let _ = Cache::parse(whole[..len].to_vec());
            }
            for _ in 0..20_000 {
                let mut bytes = whole.clone();
                dice.mutate(&mut bytes);
                if let Ok(cache) = Cache::parse(bytes) {
                    let most = whole.len() / 12;
                    assert!(cache.entries().count() + cache.skipped() <= most);
                    assert!(cache.lookup(b"libz.so").count() <= most);
                }
            }
        }
    }
}

#[test]
fn says_what_is_wrong() {
    assert_eq!(
        Cache::parse(b"nothing".to_vec()).unwrap_err(),
        CacheError::Magic
    );
    let whole = new(Order::Little, true, LIBRARIES, &[]);
    assert_eq!(
        Cache::parse(whole[..60].to_vec()).unwrap_err(),
        CacheError::Truncated
    );
    let mut lost = whole;
    lost[52..56].copy_from_slice(&[0xff; 4]);
    let cache = Cache::parse(lost).unwrap();
    assert_eq!((cache.entries().count(), cache.skipped()), (3, 1));
}

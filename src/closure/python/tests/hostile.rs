//! Sources and descriptions that are cut off, random, or made to take long.

use std::time::{Duration, Instant};

use super::super::{Environment, Requirement, scan};
use crate::closure::python::metadata;

const SOURCE: &[u8] = br#"# coding: utf-8
'''doc''' ; import a.b as c, d
from . import (e, f as g,
    h)
if "x" in sys.modules: import x
y = f"{a['k']!r:>{w}} {{}} \N{DASH}" + rb'\'' + f'''{
import_module("q")}'''
importlib.import_module(f"p.{x}"); __import__(name='z'); ctypes.CDLL("lib")
"#;

#[test]
fn every_prefix_and_suffix_is_read() {
    for end in 0..=SOURCE.len() {
        scan(&SOURCE[..end]);
        scan(&SOURCE[end..]);
    }
}

/// Numbers that look random, the same each time.
pub(crate) struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[test]
fn random_bytes_are_read() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let pieces: &[&[u8]] = &[
        b"import ",
        b"from ",
        b".",
        b"(",
        b")",
        b"{",
        b"}",
        b"f'",
        b"'''",
        b"\"",
        b"\\",
        b"\n",
        b":",
        b"a",
        b"as ",
        b",",
        b"*",
        b"\xff",
        b"rb'",
        b"#",
        b"import_module(",
        b"if 'x' in sys.modules:",
        b"\\N{",
        b"1",
        b"\r",
        b"\0",
        b"not ",
        b"return",
    ];
    for _ in 0..3000 {
        let bytes: Vec<u8> = (0..random.next() % 60)
            .flat_map(|_| pieces[(random.next() as usize) % pieces.len()].to_vec())
            .collect();
        scan(&bytes);
        let noise: Vec<u8> = (0..100).map(|_| random.next() as u8).collect();
        scan(&noise);
        let text = String::from_utf8_lossy(&noise).into_owned();
        if let Some(requirement) = Requirement::parse(&text) {
            requirement.holds(&Environment::default(), &[]);
        }
        metadata::record(&noise);
        metadata::metadata(&noise);
        metadata::entry_points(&noise);
        metadata::requires(&noise);
    }
}

#[test]
fn no_source_takes_long() {
    let pieces: &[&str] = &[
        "f'{",
        "f\"{f'{",
        "from a.",
        "from ",
        "import a,",
        "(",
        "'",
        "\\",
        "import_module(\n",
        "a.",
        "f'{x:{",
        "if 'x' in sys.modules:\n",
        "from a import (",
        "'''",
        "\\\n",
        "{",
        "}",
        "x\n\n",
        "if 'x' not in sys.modules: return\n import x\n",
    ];
    for piece in pieces {
        let source = piece.repeat(300_000 / piece.len());
        let start = Instant::now();
        scan(source.as_bytes());
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{piece:?} {:?}",
            start.elapsed()
        );
    }
    let marker = format!("a; {}", "(".repeat(1_000_000));
    Requirement::parse(&marker)
        .unwrap()
        .holds(&Environment::default(), &[]);
}

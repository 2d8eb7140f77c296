//! Images of ELF files made by hand, and a tree in memory to put them in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
#![allow(clippy::arithmetic_side_effects)]

pub(super) use super::super::memory::Memory;
use super::{Class, NodeId, Object, Order};

mod cache;
mod object;
mod strings;
mod walk;

/// What to write into an ELF file.
#[derive(Clone)]
pub(super) struct Elf {
    pub class: Class,
    pub order: Order,
    pub machine: u16,
    pub e_type: u16,
    pub interp: Option<&'static str>,
    /// Entries whose values are strings: their tags.
    pub strings: Vec<(u64, String)>,
    pub numbers: Vec<(u64, u64)>,
    pub notes: Vec<u8>,
    pub text: Vec<u8>,
}

pub(super) const NEEDED: u64 = 1;
pub(super) const SONAME: u64 = 14;
pub(super) const RPATH: u64 = 15;
pub(super) const RUNPATH: u64 = 29;
pub(super) const FLAGS_1: u64 = 0x6fff_fffb;
pub(super) const AUXILIARY: u64 = 0x7fff_fffd;
pub(super) const LD: &str = "/lib64/ld-linux-x86-64.so.2";

impl Elf {
    pub fn new(class: Class, order: Order) -> Self {
        Self {
            class,
            order,
            machine: if class == Class::Bits64 { 62 } else { 3 },
            e_type: 3,
            interp: None,
            strings: Vec::new(),
            numbers: Vec::new(),
            notes: Vec::new(),
            text: Vec::new(),
        }
    }

    pub fn lib(strings: &[(u64, &str)]) -> Self {
        let mut elf = Self::new(Class::Bits64, Order::Little);
        elf.strings = strings
            .iter()
            .map(|(tag, text)| (*tag, (*text).to_owned()))
            .collect();
        elf
    }

    pub fn main(strings: &[(u64, &str)]) -> Self {
        Self {
            interp: Some(LD),
            ..Self::lib(strings)
        }
    }

    fn half(&self, value: u16, out: &mut Vec<u8>) {
        match self.order {
            Order::Little => out.extend(value.to_le_bytes()),
            Order::Big => out.extend(value.to_be_bytes()),
        }
    }

    pub fn word(&self, value: u32, out: &mut Vec<u8>) {
        match self.order {
            Order::Little => out.extend(value.to_le_bytes()),
            Order::Big => out.extend(value.to_be_bytes()),
        }
    }

    fn wide(&self, value: u64, out: &mut Vec<u8>) {
        match (self.class, self.order) {
            (Class::Bits32, _) => self.word(value as u32, out),
            (Class::Bits64, Order::Little) => out.extend(value.to_le_bytes()),
            (Class::Bits64, Order::Big) => out.extend(value.to_be_bytes()),
        }
    }

    /// One note as it lies in the file.
    pub fn note(&self, kind: u32, name: &[u8], content: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.word(name.len() as u32, &mut out);
        self.word(content.len() as u32, &mut out);
        self.word(kind, &mut out);
        for part in [name, content] {
            out.extend_from_slice(part);
            while out.len() % 4 != 0 {
                out.push(0);
            }
        }
        out
    }

    pub fn bytes(&self) -> Vec<u8> {
        const BASE: u64 = 0x10000;
        let is_64 = self.class == Class::Bits64;
        let (header, entry, word) = if is_64 { (64, 56, 8) } else { (52, 32, 4) };
        let count = 2 + usize::from(self.interp.is_some()) + usize::from(!self.notes.is_empty());
        let mut body = Vec::new();
        let start = (header + entry * count) as u64;
        let mut table = vec![0];
        let mut dynamic: Vec<(u64, u64)> = Vec::new();
        for (tag, text) in &self.strings {
            dynamic.push((*tag, table.len() as u64));
            table.extend_from_slice(text.as_bytes());
            table.push(0);
        }
        dynamic.extend(&self.numbers);
        dynamic.extend([(5, BASE + start), (10, table.len() as u64), (0, 0)]);
        body.extend(table);
        while body.len() % 8 != 0 {
            body.push(0);
        }
        let at = |body: &Vec<u8>| start + body.len() as u64;
        let mut segments = Vec::new();
        let dynamic_at = at(&body);
        for (tag, value) in &dynamic {
            self.wide(*tag, &mut body);
            self.wide(*value, &mut body);
        }
        segments.push((2_u32, dynamic_at, (dynamic.len() * 2 * word) as u64, 4_u32));
        if !self.notes.is_empty() {
            segments.push((4, at(&body), self.notes.len() as u64, 4));
            body.extend(&self.notes);
        }
        if let Some(interp) = self.interp {
            segments.push((3, at(&body), interp.len() as u64 + 1, 4));
            body.extend(interp.as_bytes());
            body.push(0);
        }
        body.extend(&self.text);
        segments.insert(0, (1, 0, at(&body), 4));

        let mut out = b"\x7fELF".to_vec();
        out.push(if is_64 { 2 } else { 1 });
        out.push(if self.order == Order::Little { 1 } else { 2 });
        out.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        self.half(self.e_type, &mut out);
        self.half(self.machine, &mut out);
        self.word(1, &mut out);
        self.wide(0, &mut out);
        self.wide(header as u64, &mut out);
        self.wide(0, &mut out);
        self.word(0, &mut out);
        for value in [header, entry, count, 0, 0, 0] {
            self.half(value as u16, &mut out);
        }
        for (kind, offset, size, flags) in segments {
            self.word(kind, &mut out);
            if is_64 {
                self.word(flags, &mut out);
            }
            for value in [offset, BASE + offset, BASE + offset, size, size] {
                self.wide(value, &mut out);
            }
            if !is_64 {
                self.word(flags, &mut out);
            }
            self.wide(4, &mut out);
        }
        assert_eq!(out.len() as u64, start);
        out.extend(body);
        out
    }
}

impl Memory {
    pub(super) fn elf(&mut self, path: &str, elf: &Elf) -> NodeId {
        self.file(path, elf.bytes())
    }
}

/// The object that `bytes` are.
pub(super) fn parse(bytes: Vec<u8>) -> Result<Option<Object>, super::ElfError> {
    let mut files = Memory::new();
    let node = files.file("/x", bytes);
    Object::parse(&files, node)
}

/// Numbers that look random and are the same each time.
pub(super) struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }

    /// Changes a few bytes, most often to values that are limits of something.
    pub fn mutate(&mut self, bytes: &mut [u8]) {
        for _ in 0..=self.roll(4) {
            let at = self.roll(bytes.len());
            let random = self.roll(256) as u8;
            bytes[at] = [0, 1, 0x7f, 0x80, 0xff, random][self.roll(6)];
        }
    }
}

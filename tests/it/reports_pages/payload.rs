//! The data of a page, read as the page's script reads them.

use std::io::Read;

use base64::Engine as _;
use serde_json::Value;

pub struct Payload {
    facts: Value,
    parents: Vec<Option<usize>>,
    kinds: Vec<u8>,
    names: Vec<String>,
    parts: Vec<usize>,
    marks: Vec<usize>,
    pub bytes: Vec<u64>,
}

struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn next(&mut self) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.0[0];
            self.0 = &self.0[1..];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
            shift += 7;
        }
    }

    fn column(&mut self, count: usize) -> Vec<u64> {
        (0..count).map(|_| self.next()).collect()
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken.to_vec()
    }
}

impl Payload {
    pub fn of(page: &str) -> Payload {
        let begin = "id=\"payload\">";
        let at = page.find(begin).expect("the page has data") + begin.len();
        let text = &page[at..at + page[at..].find('<').unwrap()];
        let packed = base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap();
        let mut raw = Vec::new();
        flate2::read::DeflateDecoder::new(packed.as_slice())
            .read_to_end(&mut raw)
            .unwrap();
        let length = u32::from_le_bytes(raw[..4].try_into().unwrap()) as usize;
        let facts: Value = serde_json::from_slice(&raw[4..4 + length]).unwrap();
        let count = |name: &str| facts[name].as_u64().unwrap() as usize;
        let (rows, parts) = (count("rows"), count("parts"));
        let mut numbers = Numbers(&raw[4 + length..]);

        let mut way: Vec<usize> = Vec::new();
        let mut parents = Vec::new();
        for row in 0..rows {
            let up = numbers.next() as usize;
            way.truncate(way.len() - up.min(way.len()));
            parents.push(way.last().copied());
            way.push(row);
        }
        let kinds = numbers.take(rows);
        let (shared, own) = (numbers.column(rows), numbers.column(rows));
        let mut name: Vec<u8> = Vec::new();
        let mut names = Vec::new();
        for (shared, own) in shared.iter().zip(&own) {
            name.truncate(*shared as usize);
            name.extend(numbers.take(*own as usize));
            names.push(String::from_utf8(name.clone()).unwrap());
        }
        let folds = kinds.iter().filter(|&&kind| kind == 4).count();
        numbers.column(folds);
        let per_row = numbers
            .column(rows)
            .into_iter()
            .map(|n| n as usize)
            .collect();
        numbers.column(parts);
        let marks = numbers.column(parts).into_iter().map(|n| n as usize);
        let marks = marks.collect();
        let bytes = numbers.column(parts);
        assert!(numbers.0.is_empty(), "{} bytes too many", numbers.0.len());
        Payload {
            facts,
            parents,
            kinds,
            names,
            parts: per_row,
            marks,
            bytes,
        }
    }

    pub fn views(&self) -> impl Iterator<Item = &str> {
        let views = self.facts["views"].as_array().unwrap().iter();
        views.map(|view| view["name"].as_str().unwrap())
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    fn path(&self, row: usize) -> String {
        match self.parents[row] {
            Some(parent) => format!("{}/{}", self.path(parent), self.names[row]),
            None => String::new(),
        }
    }

    fn is_wasted(&self, part: usize) -> bool {
        self.facts["marks"][self.marks[part]]["style"] == "bad"
    }

    /// Regular files of the final tree, each once. A file without bytes has no
    /// parts; one that is hidden has wasted parts alone.
    pub fn shown(&self) -> Vec<(String, u64)> {
        let mut found = Vec::new();
        let mut part = 0;
        for (row, &count) in self.parts.iter().enumerate() {
            let own = part..part + count;
            part += count;
            let mut shown = own.clone().filter(|&part| !self.is_wasted(part));
            let bytes = shown.next().map_or(0, |part| self.bytes[part]);
            if self.kinds[row] == 1 && (count == 0 || own.clone().any(|p| !self.is_wasted(p))) {
                found.push((self.path(row), bytes));
            }
        }
        found
    }

    pub fn wasted(&self) -> u64 {
        let parts = 0..self.bytes.len();
        let wasted = parts.filter(|&part| self.is_wasted(part));
        wasted.map(|part| self.bytes[part]).sum()
    }
}

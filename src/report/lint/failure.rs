//! Files that could not be read, as a finding would be told.

use super::FileReport;
use crate::dockerfile::Position;

/// Stands where a finding has its rule's code.
pub const UNREADABLE: &str = "unreadable-file";

/// Why a file has no findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure<'a> {
    /// Where the trouble is, where that is known.
    pub place: Option<Position>,
    /// What it is, without the place.
    pub message: &'a str,
}

impl Failure<'_> {
    /// Its line, the first one for want of a better.
    pub fn line(&self) -> u32 {
        self.place.map_or(1, |place| place.line)
    }

    /// Its column, the first one for want of a better.
    pub fn column(&self) -> u32 {
        self.place.map_or(1, |place| place.column)
    }
}

impl<'a> FileReport<'a> {
    /// Why it could not be read.
    pub fn failed(&self) -> Option<Failure<'a>> {
        let text = self.failure?;
        Some(placed(text).unwrap_or(Failure {
            place: None,
            message: text,
        }))
    }
}

/// Takes `line 1, column 2: ` off the front.
fn placed(text: &str) -> Option<Failure<'_>> {
    let (line, rest) = text.strip_prefix("line ")?.split_once(", column ")?;
    let (column, message) = rest.split_once(": ")?;
    let place = Position {
        line: line.parse().ok()?,
        column: column.parse().ok()?,
    };
    // Readers count from 1 and refuse a report with a 0 in it.
    (place.line > 0 && place.column > 0).then_some(Failure {
        place: Some(place),
        message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_taken_off() {
        let failure = placed("line 3, column 14: a NUL byte: no text").unwrap();
        assert_eq!((failure.line(), failure.column()), (3, 14));
        assert_eq!(failure.message, "a NUL byte: no text");
        assert_eq!(placed("line 0, column 1: x"), None);
        assert_eq!(placed("no such file: line 1"), None);
    }
}

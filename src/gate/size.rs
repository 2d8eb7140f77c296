//! Sizes as people write them.

/// Units: decimal ones, then binary ones.
const UNITS: [(&str, u64); 11] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("PB", 1_000_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("PiB", 1 << 50),
];

/// What a unit may be.
const ALLOWED: &str =
    "B, kB, MB, GB, TB, PB (thousands) or KiB, MiB, GiB, TiB, PiB (1024s), in any case";

/// A text that is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// It does not begin with a number.
    #[error("{0:?} is no size: write bytes as a number, or as \"500MB\" or \"1.5GiB\"")]
    Number(String),
    /// The number is there, the unit is unknown.
    #[error("{unit:?} is no unit of {text:?}{}; units are {ALLOWED}", meant.map(|m| format!(", did you mean {m:?}?")).unwrap_or_default())]
    Unit {
        /// All of it.
        text: String,
        /// What stands where the unit should.
        unit: String,
        /// What was probably meant.
        meant: Option<&'static str>,
    },
    /// It does not fit.
    #[error("{0:?} is more bytes than there can be")]
    TooLarge(String),
}

/// Parses `123`, `500MB`, `1.5 GiB`. Parts of a byte are cut off.
///
/// # Errors
/// [`SizeError`]
pub fn parse_size(text: &str) -> Result<u64, SizeError> {
    let trimmed = text.trim();
    let end = trimmed
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(end);
    let unit = unit.trim();
    let wrong = || SizeError::Number(text.to_owned());
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || part.is_empty() || part.contains('.') {
        return Err(wrong());
    }
    let factor = match unit {
        "" => 1,
        unit => factor(unit).ok_or_else(|| SizeError::Unit {
            text: text.to_owned(),
            unit: unit.to_owned(),
            meant: meant(unit),
        })?,
    };
    let large = || SizeError::TooLarge(text.to_owned());
    let whole: u64 = whole.parse().map_err(|_| large())?;
    let whole = whole.checked_mul(factor).ok_or_else(large)?;
    // Below a byte after fifteen digits, whatever the unit.
    let part = part.get(..15).unwrap_or(part);
    let digits: u128 = part.parse().map_err(|_| wrong())?;
    let below = digits * u128::from(factor) / 10_u128.pow(part.len() as u32);
    let below = u64::try_from(below).map_err(|_| large())?;
    whole.checked_add(below).ok_or_else(large)
}

fn factor(unit: &str) -> Option<u64> {
    let known = UNITS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit));
    known.map(|(_, factor)| *factor)
}

/// `M` and `Mi` are common; which one is meant cannot be known for sure.
fn meant(unit: &str) -> Option<&'static str> {
    let longer = [
        format!("{unit}B"),
        unit.trim_end_matches(['s', 'S']).to_owned(),
    ];
    let mut names = UNITS.iter().map(|(name, _)| *name);
    names.find(|name| longer.iter().any(|unit| unit.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, want) in [
            ("0", 0),
            ("123", 123),
            ("500MB", 500_000_000),
            ("500 mb", 500_000_000),
            ("1.5GiB", 1_610_612_736),
            ("0.1kB", 100),
            ("1.9999B", 1),
            ("1KiB", 1024),
            ("18446744073709551615", u64::MAX),
            ("0.0000000000000000000000000000000000000001 PB", 0),
        ] {
            assert_eq!(parse_size(text), Ok(want), "{text}");
        }
    }

    #[test]
    fn what_is_no_size() {
        for (text, words) in [
            ("", "no size"),
            ("MB", "no size"),
            ("-1", "no size"),
            ("1.2.3MB", "no size"),
            (".5MB", "no size"),
            ("5.", "no size"),
            ("5M", "did you mean \"MB\"?"),
            ("5Gi", "did you mean \"GiB\"?"),
            ("5 bytes", "units are B, kB"),
            ("5%", "units are B, kB"),
            ("18446744073709551616", "more bytes"),
            ("99999999999PB", "more bytes"),
        ] {
            let error = parse_size(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}

//! Days, for waivers that end.

use std::fmt;
use std::str::FromStr;

/// A day of the calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A text that is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no day of the calendar; days are written YYYY-MM-DD")]
pub struct NoDate;

impl Date {
    /// The day that a second since 1970 is in.
    pub fn of_seconds(seconds: u64) -> Self {
        // Years after 9999 have no form; clocks are wrong long before.
        let days = seconds.min(253_402_300_799) / 86_400;
        // Days since 1 March of the year 0, in cycles of 400 years.
        let days = days + 719_468;
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, year) = match month {
            0..=9 => (month + 3, era * 400 + year),
            _ => (month - 9, era * 400 + year + 1),
        };
        Date {
            year: year as u16,
            month: month as u8,
            day: day as u8,
        }
    }

    /// A day, if the calendar has it.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        ((1..=days).contains(&day) && year <= 9999).then_some(Date { year, month, day })
    }
}

impl FromStr for Date {
    type Err = NoDate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = |part: Option<&str>, length: usize| -> Option<u16> {
            let part = part.filter(|part| part.len() == length)?;
            let plain = part.bytes().all(|b| b.is_ascii_digit());
            part.parse().ok().filter(|_| plain)
        };
        let mut parts = text.splitn(3, '-');
        let (year, month, day) = (parts.next(), parts.next(), parts.next());
        let date = || {
            let (year, month, day) = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
            Date::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
        };
        date().ok_or(NoDate)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_parsed_and_printed() {
        for text in ["2026-01-31", "2024-02-29", "0001-12-01"] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), text);
        }
        for text in [
            "2026-02-29",
            "2026-13-01",
            "26-01-01",
            "2026-1-1",
            "+026-01-01",
            "",
            "x",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }

    #[test]
    fn seconds_are_in_days() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_700_000_000, "2023-11-14"),
            (u64::MAX, "9999-12-31"),
        ] {
            assert_eq!(Date::of_seconds(seconds).to_string(), day);
        }
    }
}

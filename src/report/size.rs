//! Byte counts for eyes. Data always carries exact integers.

/// `bytes` with a decimal unit, as `docker images` and dive print sizes:
/// three significant digits, `1.23 MB`.
pub fn human(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // 999.95 would round to a fourth digit.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {}", UNITS[unit])
}

/// Exact bytes with separators.
pub fn exact(bytes: u64) -> String {
    let word = if bytes == 1 { "byte" } else { "bytes" };
    format!("{} {word}", grouped(bytes))
}

/// A number with separators.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes more or less than before.
pub fn signed(change: i128) -> String {
    let bytes = u64::try_from(change.unsigned_abs()).unwrap_or(u64::MAX);
    match change {
        0 => "±0".to_owned(),
        1.. => format!("+{}", human(bytes)),
        _ => format!("−{}", human(bytes)),
    }
}

/// A fraction as a percentage with one digit.
pub fn percent(fraction: f64) -> String {
    format!("{:.1} %", fraction * 100.0)
}

#[cfg(test)]
mod tests {
    use super::{exact, human, signed};

    #[test]
    fn sizes() {
        for (bytes, want) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (9_994, "9.99 kB"),
            (9_996, "10.0 kB"),
            (99_960, "100 kB"),
            (999_499, "999 kB"),
            (999_500, "1.00 MB"),
            (31_457_280, "31.5 MB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(human(bytes), want, "{bytes}");
        }
    }

    #[test]
    fn exact_numbers() {
        assert_eq!(exact(1), "1 byte");
        assert_eq!(exact(999), "999 bytes");
        assert_eq!(exact(1_234_567), "1,234,567 bytes");
    }

    #[test]
    fn changes() {
        assert_eq!(signed(0), "±0");
        assert_eq!(signed(1_500), "+1.50 kB");
        assert_eq!(signed(-7), "−7 B");
    }
}

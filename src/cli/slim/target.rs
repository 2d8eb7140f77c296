//! Sizes as people write them.

/// Parses `80MB`, `1.5 GiB`, `800000`: bytes.
pub(in super::super) fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let factor: f64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err("write bytes, or a number with kB, MB, GB, KiB, MiB or GiB".to_owned()),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| "there is no number".to_owned())?;
    let bytes = (number * factor).round();
    match bytes.is_finite() && (0.0..9e18).contains(&bytes) {
        true => Ok(bytes as u64),
        false => Err("that is too large".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_read() {
        assert_eq!(size("80MB"), Ok(80_000_000));
        assert_eq!(size("1.5 GiB"), Ok(1_610_612_736));
        assert_eq!(size("123"), Ok(123));
        assert!(size("x").is_err() && size("1 XB").is_err() && size("").is_err());
    }
}

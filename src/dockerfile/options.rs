//! The flags that each instruction knows, and their values.

use super::instruction::{Flag, Instruction, Keyword, strsim};
use super::parse::SyntaxError;

fn known(keyword: Keyword) -> &'static [&'static str] {
    match keyword {
        Keyword::From => &["platform"],
        Keyword::Run => &["mount", "network", "security", "device"],
        Keyword::Copy => &["from", "chown", "chmod", "link", "parents", "exclude"],
        Keyword::Add => &[
            "chown",
            "chmod",
            "link",
            "keep-git-dir",
            "checksum",
            "unpack",
            "exclude",
        ],
        Keyword::Healthcheck => &[
            "interval",
            "timeout",
            "start-period",
            "start-interval",
            "retries",
        ],
        _ => &[],
    }
}

const REPEATABLE: [&str; 3] = ["mount", "exclude", "device"];
const SWITCHES: [&str; 4] = ["link", "parents", "keep-git-dir", "unpack"];

/// Reports unknown flags, repeated ones, and values that cannot be.
pub(super) fn check(of: &Instruction, errors: &mut Vec<SyntaxError>) {
    let known = known(of.keyword);
    for (i, flag) in of.flags.iter().enumerate() {
        let mut wrong = |message: String| {
            errors.push(SyntaxError {
                span: flag.span,
                message,
            });
        };
        if !known.contains(&flag.name.as_str()) {
            let near = known.iter().min_by_key(|name| strsim(&flag.name, name));
            let hint = match near.filter(|name| strsim(&flag.name, name) <= 3) {
                Some(near) => format!("; did you mean --{near}?"),
                None => String::new(),
            };
            let keyword = of.keyword.name();
            wrong(format!("{keyword} has no flag --{}{hint}", flag.name));
            continue;
        }
        let earlier = of.flags.iter().take(i).any(|other| other.name == flag.name);
        if earlier && !REPEATABLE.contains(&flag.name.as_str()) {
            wrong(format!("--{} is given twice", flag.name));
        }
        if let Some(message) = value(flag) {
            wrong(message);
        }
    }
}

fn value(flag: &Flag) -> Option<String> {
    let name = flag.name.as_str();
    let Some(value) = flag.value.as_deref() else {
        return (!SWITCHES.contains(&name)).then(|| format!("--{name} needs a value"));
    };
    if value.contains('$') {
        return None;
    }
    let fine = match name {
        "interval" | "timeout" | "start-period" | "start-interval" => is_duration(value),
        "retries" => value.parse::<u32>().is_ok(),
        "network" => matches!(value, "default" | "none" | "host"),
        "security" => matches!(value, "insecure" | "sandbox"),
        name if SWITCHES.contains(&name) => {
            matches!(
                value.to_ascii_lowercase().as_str(),
                "true" | "false" | "1" | "0" | "t" | "f"
            )
        }
        _ => true,
    };
    (!fine).then(|| format!("--{name} cannot be {value:?}"))
}

/// Go's durations: `1m30s`, `.5s`, `500ms`, `0`.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let number = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
                .len();
        let (digits, after) = rest.split_at(number);
        if digits.parse::<f64>().is_err() {
            return false;
        }
        let units = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"];
        let Some(next) = units.iter().find_map(|unit| {
            let next = after.strip_prefix(unit)?;
            // `m` must not take the start of `ms`.
            (next.is_empty() || next.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
                .then_some(next)
        }) else {
            return false;
        };
        rest = next;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        for fine in ["1m30s", "500ms", ".5s", "0", "1h", "1.5m2s", "10s"] {
            assert!(is_duration(fine), "{fine}");
        }
        for wrong in ["", "5", "1x", "s", "1m30"] {
            assert!(!is_duration(wrong), "{wrong}");
        }
    }
}

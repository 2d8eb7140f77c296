//! Values of checks: numbers, sizes, shares and severities, one or one for each level.

use toml::de::{DeTable, DeValue};

use super::reader::{Reader, suggestion};
use super::{Key, Value};
use crate::gate::check::{Check, Direction, Quantity, Unit};
use crate::gate::settings::{Limit, LintLimit};
use crate::gate::size::parse_size;
use crate::ruleset::Severity;

/// Words for severities.
const SEVERITIES: [&str; 4] = ["error", "warning", "info", "style"];

/// What one value, or a table with one for each level, holds.
pub(super) struct Levels<T> {
    pub(super) warn: Option<T>,
    pub(super) fail: Option<T>,
}

/// Reads a value, which fails the run, or a table of `warn` and `fail`.
pub(super) fn levels<'v, 'i, T>(
    reader: &mut Reader<'_>,
    key: &str,
    value: &'v Value<'i>,
    mut read: impl FnMut(&mut Reader<'_>, &'v Value<'i>) -> Option<T>,
) -> Option<Levels<T>> {
    let DeValue::Table(table) = value.get_ref() else {
        return Some(Levels {
            warn: None,
            fail: Some(read(reader, value)?),
        });
    };
    let mut levels = Levels {
        warn: None,
        fail: None,
    };
    if table.is_empty() {
        let problem = format!("{key} has neither level: write {{ warn = …, fail = … }}");
        reader.wrong(&value.span(), problem);
        return None;
    }
    for (level, value) in table {
        let name: &str = level.get_ref().as_ref();
        match name {
            "warn" => levels.warn = Some(read(reader, value)?),
            "fail" => levels.fail = Some(read(reader, value)?),
            _ => reader.unknown(level, &format!("level of {key}"), &["warn", "fail"]),
        }
    }
    Some(levels)
}

/// The limit of a check that has a number.
pub(super) fn limit(
    reader: &mut Reader<'_>,
    check: Check,
    key: &Key<'_>,
    value: &Value<'_>,
) -> Option<Limit> {
    let Levels { warn, fail } = levels(reader, check.name(), value, |reader, value| {
        quantity(reader, check, value)
    })?;
    if let (Some(warn), Some(fail)) = (warn, fail)
        && !fail.breaks(warn, check.direction())
    {
        let side = match check.direction() {
            Direction::Most => "below",
            Direction::Least => "above",
        };
        let shown = reader.quoted(&value.span());
        let problem = format!("{}: warn has to be {side} fail: {shown}", check.name());
        reader.wrong(&value.span(), problem);
        return None;
    }
    Some(Limit {
        warn,
        fail,
        place: reader.place(&key.span()),
    })
}

fn quantity(reader: &mut Reader<'_>, check: Check, value: &Value<'_>) -> Option<Quantity> {
    let key = check.name();
    match check.unit() {
        Unit::Bytes => bytes(reader, key, value).map(Quantity::Bytes),
        Unit::Count => count(reader, key, value).map(Quantity::Count),
        Unit::Percent => share(reader, check, value, 1.0).map(Quantity::Percent),
        Unit::Fraction => share(reader, check, value, 100.0).map(Quantity::Fraction),
    }
}

fn bytes(reader: &mut Reader<'_>, key: &str, value: &Value<'_>) -> Option<u64> {
    const WANTED: &str = "bytes: a whole number, or a string such as \"500MB\" or \"1.5GiB\"";
    match value.get_ref() {
        DeValue::String(text) => match parse_size(text) {
            Ok(bytes) => Some(bytes),
            Err(wrong) => {
                reader.wrong(&value.span(), format!("{key}: {wrong}"));
                None
            }
        },
        DeValue::Integer(_) => whole(reader, key, value, WANTED),
        _ => {
            reader.wrong_type(value, key, WANTED);
            None
        }
    }
}

fn count(reader: &mut Reader<'_>, key: &str, value: &Value<'_>) -> Option<u64> {
    match value.get_ref() {
        DeValue::Integer(_) => whole(reader, key, value, "a number of things"),
        _ => {
            reader.wrong_type(value, key, "a whole number");
            None
        }
    }
}

fn whole(reader: &mut Reader<'_>, key: &str, value: &Value<'_>, wanted: &str) -> Option<u64> {
    let DeValue::Integer(number) = value.get_ref() else {
        return None;
    };
    // The parser leaves a sign and takes underscores out.
    let parsed = u64::from_str_radix(number.as_str(), number.radix()).ok();
    if parsed.is_none() {
        let shown = reader.quoted(&value.span());
        let problem = format!(
            "{key} cannot be {shown}; it takes {wanted}, from 0 to {}",
            u64::MAX
        );
        reader.wrong(&value.span(), problem);
    }
    parsed
}

/// A share: a plain number, or a percentage in a string. `whole` is what a
/// percentage is divided by.
fn share(reader: &mut Reader<'_>, check: Check, value: &Value<'_>, whole: f64) -> Option<f64> {
    let key = check.name();
    let (most, wanted) = match check {
        Check::MinEfficiency => (1.0, "a share from 0 to 1, or a string such as \"95%\""),
        Check::MaxGrowthPercent => (f64::MAX, "a percentage from 0, or a string such as \"5%\""),
        _ => (
            100.0,
            "a percentage from 0 to 100, or a string such as \"5%\"",
        ),
    };
    let number = match value.get_ref() {
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse::<f64>().ok(),
        DeValue::Float(number) => number.as_str().parse().ok(),
        DeValue::String(text) => {
            let text = text.trim();
            let percent = text.strip_suffix('%').map(str::trim_end);
            let percent = percent.filter(|digits| digits.starts_with(|c: char| c.is_ascii_digit()));
            percent.and_then(|digits| Some(digits.parse::<f64>().ok()? / whole))
        }
        _ => {
            reader.wrong_type(value, key, wanted);
            return None;
        }
    };
    let fits = number.filter(|number| (0.0..=most).contains(number));
    if fits.is_none() {
        let shown = reader.quoted(&value.span());
        let hint = match (number, check) {
            (Some(percent), Check::MinEfficiency) if (1.0..=100.0).contains(&percent) => {
                format!(", did you mean {}?", percent / 100.0)
            }
            _ => String::new(),
        };
        reader.wrong(
            &value.span(),
            format!("{key} cannot be {shown}{hint}; it takes {wanted}"),
        );
    }
    fits
}

/// `lint-threshold` and `max-lint-findings`.
pub(super) fn lint(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Option<LintLimit> {
    let threshold = table.get_key_value("lint-threshold");
    let most = table.get_key_value("max-lint-findings");
    let Some((key, value)) = threshold else {
        if let Some((key, _)) = most {
            let problem = "max-lint-findings without lint-threshold: say which findings count, \
                           as in lint-threshold = \"warning\"";
            reader.wrong(&key.span(), problem.to_owned());
        }
        return None;
    };
    let read = |reader: &mut Reader<'_>, value: &Value<'_>| severity(reader, value);
    let Levels { warn, fail } = levels(reader, "lint-threshold", value, read)?;
    if let (Some(warn), Some(fail)) = (warn, fail)
        && warn >= fail
    {
        let problem = format!(
            "lint-threshold: warn has to be less severe than fail: {}",
            reader.quoted(&value.span())
        );
        reader.wrong(&value.span(), problem);
    }
    let counts = most.and_then(|(_, value)| {
        levels(reader, "max-lint-findings", value, |reader, value| {
            count(reader, "max-lint-findings", value)
        })
    });
    let counts = counts.unwrap_or(Levels {
        warn: None,
        fail: None,
    });
    if let Some((key, _)) = most {
        let lost = [(counts.warn, warn, "warn"), (counts.fail, fail, "fail")];
        for (count, threshold, level) in lost {
            if count.is_some() && threshold.is_none() {
                let problem = format!(
                    "max-lint-findings has {level}, lint-threshold has not: write \
                     lint-threshold = {{ {level} = \"warning\" }}"
                );
                reader.wrong(&key.span(), problem);
            }
        }
    }
    Some(LintLimit {
        warn,
        fail,
        warn_count: counts.warn.unwrap_or(0),
        fail_count: counts.fail.unwrap_or(0),
        place: reader.place(&key.span()),
    })
}

fn severity(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Severity> {
    let text = reader.string(value, "lint-threshold")?;
    let parsed = text
        .parse()
        .ok()
        .filter(|&severity| severity != Severity::Off);
    if parsed.is_none() {
        let shown = reader.quoted(&value.span());
        let meant = match suggestion(text, &SEVERITIES) {
            Some(word) => format!("did you mean {word:?}? "),
            None => String::new(),
        };
        let problem = format!(
            "lint-threshold cannot be {shown}; {meant}it takes one of {}",
            SEVERITIES.join(", ")
        );
        reader.wrong(&value.span(), problem);
    }
    parsed
}

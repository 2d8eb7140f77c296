//! dive's rules: `.dive-ci` and the options of the same names, read as dive
//! reads them.
//!
//! A rule that nobody sets has dive's default, so a file that sets one rule
//! turns on two. Keys count in any case. A key that dive does not know does
//! nothing there; here it is told.

mod node;

use std::collections::BTreeMap;

use serde_saphyr::Spanned;

use super::check::{Check, Quantity};
use super::settings::{Limit, Place};
use node::{Node, Scalar};

/// dive's rules with dive's defaults.
const RULES: [(Check, &str); 3] = [
    (Check::DiveLowestEfficiency, "0.9"),
    (Check::DiveHighestWastedBytes, DISABLED),
    (Check::DiveHighestUserWastedPercent, "0.1"),
];
/// Turns a rule off.
const DISABLED: &str = "disabled";

/// What somebody sets the rules to, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiveRules {
    set: BTreeMap<Check, (String, Place)>,
    /// Keys that dive does not know, with their places.
    pub unknown: Vec<(String, Place)>,
}

/// Why dive's settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiveError {
    /// The file is no YAML, or no settings.
    #[error("{place}: {message}")]
    File {
        /// Where.
        place: Place,
        /// What is wrong.
        message: String,
    },
    /// A rule with a value that it cannot have.
    #[error("{place}: {rule} cannot be {value:?}; it takes {wanted}, or \"disabled\"")]
    Value {
        /// Where.
        place: Place,
        /// The rule.
        rule: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        wanted: &'static str,
    },
}

/// Parses `.dive-ci`.
///
/// # Errors
/// [`DiveError::File`]; values are looked at by [`DiveRules::limits`].
pub fn dive_ci(file: &str, text: &str) -> Result<DiveRules, DiveError> {
    let mut rules = DiveRules::default();
    let is_empty = text.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line == "---"
    });
    if is_empty {
        return Ok(rules);
    }
    let raw: BTreeMap<String, Spanned<Node>> =
        serde_saphyr::from_str(text).map_err(|wrong| not_yaml(file, &wrong))?;
    for (key, node) in raw {
        let place = place(file, &node);
        let name = key.to_ascii_lowercase();
        match node.value {
            Node::Map(entries) if name == "rules" => {
                for (key, value) in entries {
                    let place = self::place(file, &value);
                    rules.take(&key.to_ascii_lowercase(), key.clone(), value.value, place);
                }
            }
            Node::Scalar(Scalar(None)) if name == "rules" => {}
            _ if name == "rules" => {
                let message = "rules is no table; write its keys indented below it";
                return Err(DiveError::File {
                    place,
                    message: message.to_owned(),
                });
            }
            // The dot is viper's way down into a table.
            node => match name.strip_prefix("rules.") {
                Some(rule) => rules.take(rule, key.clone(), node, place),
                None => rules.unknown.push((key, place)),
            },
        }
    }
    Ok(rules)
}

fn not_yaml(file: &str, wrong: &serde_saphyr::Error) -> DiveError {
    let at = wrong
        .location()
        .map(|at| (at.line() as u32, at.column() as u32));
    let text = wrong.to_string();
    let first = text.lines().next().unwrap_or("not valid YAML");
    let message: String = first
        .trim_start_matches("error: ")
        .chars()
        .take(200)
        .collect();
    DiveError::File {
        place: Place {
            file: file.to_owned(),
            at,
        },
        message,
    }
}

fn place<T>(file: &str, spanned: &Spanned<T>) -> Place {
    let at = &spanned.referenced;
    Place {
        file: file.to_owned(),
        at: Some((at.line() as u32, at.column() as u32)),
    }
}

impl DiveRules {
    fn take(&mut self, name: &str, key: String, value: Node, place: Place) {
        let known = RULES
            .into_iter()
            .find(|(check, _)| check.name().eq_ignore_ascii_case(name));
        match (known, value) {
            (None, _) => self.unknown.push((key, place)),
            // As if it was not there.
            (Some(_), Node::Scalar(Scalar(None))) => {}
            (Some((check, _)), Node::Scalar(Scalar(Some(text)))) => {
                self.set.insert(check, (text, place));
            }
            (Some((check, _)), Node::Map(_) | Node::List(_)) => {
                self.set.insert(check, (String::new(), place));
            }
        }
    }

    /// Sets a rule from an option of the command line, which goes before the file.
    pub fn set(&mut self, check: Check, value: &str) {
        let place = Place {
            file: format!("--{}", check.name()),
            at: None,
        };
        self.set.insert(check, (value.to_owned(), place));
    }

    /// The limits of all rules that are not turned off.
    ///
    /// # Errors
    /// [`DiveError::Value`], as dive refuses to judge then.
    pub fn limits(&self, file: &str) -> Result<Vec<(Check, Limit)>, DiveError> {
        let mut limits = Vec::new();
        for (check, default) in RULES {
            let by_default = Place {
                file: file.to_owned(),
                at: None,
            };
            let (text, place) = match self.set.get(&check) {
                Some((text, place)) => (text.as_str(), place.clone()),
                None => (default, by_default),
            };
            if text == DISABLED {
                continue;
            }
            let limit = match check {
                Check::DiveHighestWastedBytes => bytes(text).map(Quantity::Bytes),
                _ => share(text).map(Quantity::Fraction),
            };
            let wanted = match check {
                Check::DiveHighestWastedBytes => "bytes, as in 20000000, \"20MB\" or \"20 MiB\"",
                _ => "a share from 0 to 1, as in 0.9",
            };
            let Some(limit) = limit else {
                return Err(DiveError::Value {
                    place,
                    rule: check.name(),
                    value: text.chars().take(60).collect(),
                    wanted,
                });
            };
            let limit = Limit {
                warn: None,
                fail: Some(limit),
                place,
            };
            limits.push((check, limit));
        }
        Ok(limits)
    }
}

/// A share as Go parses floats.
fn share(text: &str) -> Option<f64> {
    let number = float(text)?;
    // dive takes what is no number for a share, and nothing is below it.
    (number.is_nan() || (0.0..=1.0).contains(&number)).then_some(number)
}

fn float(text: &str) -> Option<f64> {
    let plain = text.strip_prefix(['+', '-']).unwrap_or(text);
    let named = ["nan", "inf", "infinity"]
        .iter()
        .any(|word| plain.eq_ignore_ascii_case(word));
    let digits = plain
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    (named || digits).then(|| text.parse().ok())?
}

/// Bytes with a unit as go-humanize parses them: decimal and binary units with
/// or without their `B`, in any case; commas in the number do not count.
fn bytes(text: &str) -> Option<u64> {
    let end = text
        .find(|c: char| !c.is_numeric() && c != '.' && c != ',')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number = float(&number.replace(',', ""))?;
    let unit = unit.trim().to_lowercase();
    let power = |unit: &str| "kmgtpe".find(unit).filter(|_| unit.len() == 1);
    let unit = unit.strip_suffix('b').unwrap_or(&unit);
    let factor = match unit.strip_suffix('i') {
        _ if unit.is_empty() => 1.0,
        Some(binary) => 1024_f64.powi(power(binary)? as i32 + 1),
        None => 1000_f64.powi(power(unit)? as i32 + 1),
    };
    let bytes = number * factor;
    (bytes < u64::MAX as f64).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(text: &str) -> Result<Vec<(Check, Quantity)>, DiveError> {
        let limits = dive_ci(".dive-ci", text)?.limits(".dive-ci")?;
        let fail = |(check, limit): (Check, Limit)| Some((check, limit.fail?));
        Ok(limits.into_iter().filter_map(fail).collect())
    }

    fn wasted(value: &str) -> Option<u64> {
        let text = format!("rules:\n  highestWastedBytes: {value}\n");
        let limits = limits(&text).ok()?;
        limits
            .iter()
            .find_map(|(check, limit)| match (check, limit) {
                (Check::DiveHighestWastedBytes, Quantity::Bytes(bytes)) => Some(*bytes),
                _ => None,
            })
    }

    #[test]
    fn rules_that_are_not_set_have_dives_defaults() {
        let defaults = [
            (Check::DiveLowestEfficiency, Quantity::Fraction(0.9)),
            (Check::DiveHighestUserWastedPercent, Quantity::Fraction(0.1)),
        ];
        for text in [
            "",
            "# nothing\n",
            "rules:\n",
            "rules:\n  lowestEfficiency:\n",
            "other: 1\n",
        ] {
            assert_eq!(limits(text).unwrap(), defaults, "{text}");
        }
        let off =
            "rules:\n  lowestEfficiency: disabled\n  highestUserWastedPercent: \"disabled\"\n";
        assert_eq!(limits(off).unwrap(), []);
    }

    #[test]
    fn keys_count_in_any_case() {
        for text in [
            "rules:\n  lowestEfficiency: 0.5\n",
            "Rules:\n  LOWESTEFFICIENCY: \"0.5\"\n",
            "rules.lowestEfficiency: .5\n",
            "rules:\n  lowestEfficiency: 5e-1\n",
        ] {
            let got = limits(text).unwrap();
            assert_eq!(
                got[0],
                (Check::DiveLowestEfficiency, Quantity::Fraction(0.5)),
                "{text}"
            );
        }
        let rules = dive_ci("x", "rules:\n  lowestEficiency: 0.5\nfoo: 1\n").unwrap();
        let unknown: Vec<String> = rules
            .unknown
            .iter()
            .map(|(key, at)| format!("{at} {key}"))
            .collect();
        assert_eq!(
            unknown,
            ["x:2:20 lowestEficiency", "x:3:6 foo"]
                .iter()
                .rev()
                .map(|s| s.to_string())
                .collect::<Vec<_>>()
        );
    }

    /// What dive 0.13.1 makes of each.
    #[test]
    fn sizes_are_read_as_dive_reads_them() {
        for (value, want) in [
            ("1999", Some(1999)),
            ("2KB", Some(2000)),
            ("1.9 k", Some(1900)),
            ("2 kib", Some(2048)),
            ("2Ki", Some(2048)),
            ("\"1,999\"", Some(1999)),
            ("1,5 kB", Some(15_000)),
            ("1_999", Some(1999)),
            ("1999.9", Some(1999)),
            ("1e3", Some(1000)),
            ("0x10", Some(16)),
            ("+5", Some(5)),
            ("\"5  Mb \"", Some(5_000_000)),
            ("1EiB", Some(1 << 60)),
            ("20000000000000000000", None),
            ("2kx", None),
            ("-1", None),
            ("Disabled", None),
            ("\"\"", None),
            ("true", None),
            ("[1]", None),
        ] {
            assert_eq!(wasted(value), want, "{value}");
        }
    }

    #[test]
    fn shares_are_from_0_to_1() {
        let text = |value: &str| format!("rules:\n  lowestEfficiency: {value}\n");
        for value in ["0", "1", "1.0", "NaN", "0.75", "7.5e-1"] {
            assert!(limits(&text(value)).is_ok(), "{value}");
        }
        for value in ["75", "-0.1", "75%", "\" 0.5\"", "true", "Inf", "\"\""] {
            let error = limits(&text(value)).unwrap_err().to_string();
            assert!(
                error.starts_with(".dive-ci:2:21: lowestEfficiency cannot be"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_no_yaml_has_its_place() {
        for text in [
            "rules: [\n",
            "rules: 5\n",
            "rules:\n  a: 1\n  a: 2\n",
            "- x\n",
        ] {
            let error = limits(text).unwrap_err().to_string();
            assert!(error.starts_with(".dive-ci:"), "{error}");
        }
        let deep = "[".repeat(100_000);
        assert!(limits(&format!("rules: {deep}")).is_err());
    }
}

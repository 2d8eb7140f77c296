//! The `[ci]` table of `.rslim.toml`.
//!
//! The file is read as values with places rather than into a type, so that
//! every mistake is told with its line, column and text, and all at once.

mod entries;
mod reader;
mod values;
mod waivers;

use std::fmt;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::check::Check;
use super::date::Date;
use super::settings::{Place, Settings};
use reader::Reader;

/// Tables that `.rslim.toml` may have.
const TABLES: [&str; 3] = ["lint", "slim", "ci"];
/// Keys of `[ci]` besides the checks.
const MORE_KEYS: [&str; 2] = ["max-lint-findings", "waive"];
/// Mistakes that are told; a file of another kind has thousands.
const MISTAKES: usize = 20;

/// Something in the file that cannot be what was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where it is.
    pub place: Place,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

/// Why the file cannot be used: everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// In the order of the file; at least one.
    pub mistakes: Vec<Mistake>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, mistake) in self.mistakes.iter().take(MISTAKES).enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            mistake.fmt(f)?;
        }
        match self.mistakes.len().saturating_sub(MISTAKES) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more mistakes"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// What the settings have to be understood with.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The day on which waivers count or not.
    pub today: Date,
    /// The code of the lint rule with a code, name or alias.
    pub rule_code: &'a dyn Fn(&str) -> Option<String>,
}

impl fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings")
            .field("today", &self.today)
            .finish_non_exhaustive()
    }
}

/// Parses `.rslim.toml`; `None` if it has no `[ci]`.
///
/// # Errors
/// [`ConfigError`] with everything that is wrong.
pub fn rslim_toml(
    file: &str,
    text: &str,
    around: Surroundings<'_>,
) -> Result<Option<Settings>, ConfigError> {
    let mut reader = Reader::new(file, text);
    let mut settings = None;
    match DeTable::parse(text) {
        Ok(table) => settings = top(&mut reader, table.get_ref(), around),
        Err(wrong) => {
            let place = wrong.span().unwrap_or(0..0);
            let shown = reader.excerpt(&place);
            let message = wrong.message().trim_end().replace('\n', ", ");
            reader.wrong(&place, format!("{message}{shown}"));
        }
    }
    reader.finish(settings)
}

fn top(reader: &mut Reader<'_>, table: &DeTable<'_>, around: Surroundings<'_>) -> Option<Settings> {
    let mut ci = None;
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "ci" => ci = Some(value),
            known if TABLES.contains(&known) => {}
            _ => reader.unknown(key, "table", &TABLES),
        }
    }
    let value = ci?;
    let DeValue::Table(table) = value.get_ref() else {
        reader.wrong_type(value, "[ci]", "a table");
        return None;
    };
    Some(ci_table(reader, table, around))
}

fn ci_table(reader: &mut Reader<'_>, table: &DeTable<'_>, around: Surroundings<'_>) -> Settings {
    let mut settings = Settings::default();
    let mut keys: Vec<&str> = Check::ALL
        .into_iter()
        .filter(|check| !check.is_dives())
        .map(Check::name)
        .collect();
    keys.extend(MORE_KEYS);
    for (key, value) in table {
        let name: &str = key.get_ref().as_ref();
        match Check::of_name(name) {
            Some(Check::ForbiddenPaths) => entries::paths(reader, value, &mut settings),
            Some(Check::ForbiddenPackages) => entries::packages(reader, value, &mut settings),
            // Both keys of lint are read together.
            Some(Check::LintThreshold) => {}
            Some(check) if check.is_dives() => reader.wrong(
                &key.span(),
                format!("{name:?} is dive's: write it below rules: in .dive-ci"),
            ),
            Some(check) => {
                if let Some(limit) = values::limit(reader, check, key, value) {
                    settings.limits.insert(check, limit);
                }
            }
            None if name == "waive" => waivers::all(reader, value, around, &mut settings),
            None if MORE_KEYS.contains(&name) => {}
            None => reader.unknown(key, "key of [ci]", &keys),
        }
    }
    settings.lint = values::lint(reader, table);
    contradictions(reader, &settings);
    settings
}

/// Limits that another one makes useless.
fn contradictions(reader: &mut Reader<'_>, settings: &Settings) {
    let pairs = [
        (Check::MaxLayerSize, Check::MaxSize),
        (Check::MaxWasted, Check::MaxSize),
        (Check::MaxCaches, Check::MaxSize),
        (Check::MaxDuplicates, Check::MaxSize),
    ];
    for (part, whole) in pairs {
        let (Some(part_limit), Some(whole_limit)) =
            (settings.limits.get(&part), settings.limits.get(&whole))
        else {
            continue;
        };
        let (Some(of_part), Some(of_whole)) = (part_limit.fail, whole_limit.fail) else {
            continue;
        };
        if of_part.breaks(of_whole, whole.direction()) {
            let problem = format!(
                "{} allows more than {} does (line {}): it can never be reached; lower it, or \
                 leave it out",
                part.name(),
                whole.name(),
                whole_limit.place.at.map_or(0, |(line, _)| line),
            );
            reader.wrong_at(part_limit.place.clone(), problem);
        }
    }
}

/// A key with its place, as the parser gives it.
type Key<'i> = Spanned<DeString<'i>>;
/// A value with its place, as the parser gives it.
type Value<'i> = Spanned<DeValue<'i>>;

#[cfg(test)]
mod tests;

//! `[[ci.waive]]`: failures that are known and allowed.

use toml::de::{DeTable, DeValue};

use super::entries::glob;
use super::reader::{Reader, suggestion};
use super::{Surroundings, Value};
use crate::gate::check::Check;
use crate::gate::date::Date;
use crate::gate::settings::{Settings, Waiver, Waives};

/// Keys of a waiver.
const KEYS: [&str; 5] = ["check", "path", "package", "reason", "expires"];

/// Reads all waivers.
pub(super) fn all(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    around: Surroundings<'_>,
    settings: &mut Settings,
) {
    let DeValue::Array(items) = value.get_ref() else {
        reader.wrong_type(
            value,
            "waive",
            "tables: write [[ci.waive]], with two brackets",
        );
        return;
    };
    for item in items {
        match item.get_ref() {
            DeValue::Table(table) => {
                if let Some(waiver) = waiver(reader, item, table, around) {
                    settings.waivers.push(waiver);
                }
            }
            _ => reader.wrong_type(item, "a waiver", "a table: write [[ci.waive]]"),
        }
    }
}

fn waiver(
    reader: &mut Reader<'_>,
    item: &Value<'_>,
    table: &DeTable<'_>,
    around: Surroundings<'_>,
) -> Option<Waiver> {
    for (key, _) in table {
        if !KEYS.contains(&key.get_ref().as_ref()) {
            reader.unknown(key, "key of a waiver", &KEYS);
        }
    }
    let Some(named) = table.get("check") else {
        let problem = "a waiver without check: name the check or lint rule that it waives, as in \
                       check = \"max-size\"";
        reader.wrong(&item.span(), problem.to_owned());
        return None;
    };
    let check = reader.string(named, "check")?;
    let waives = waives(reader, check, named, around)?;
    let reason = reason(reader, check, item, table);
    let expires = match table.get("expires") {
        Some(value) => Some(expiry(reader, check, value, around.today)?),
        None => None,
    };
    let is_rule = matches!(waives, Waives::Rule(_));
    let paths = is_rule
        || waives == Waives::Check(Check::ForbiddenPaths)
        || waives == Waives::Check(Check::LintThreshold);
    let packages = waives == Waives::Check(Check::ForbiddenPackages);
    let mut what = None;
    for (key, fits) in [("path", paths), ("package", packages)] {
        let Some(value) = table.get(key) else {
            continue;
        };
        if !fits {
            let shown = reader.quoted(&value.span());
            let problem = format!(
                "{key} = {shown}: {check} is not about {key}s, so that the waiver would do \
                 nothing; leave it out"
            );
            reader.wrong(&value.span(), problem);
            continue;
        }
        let text = reader.string(value, key)?;
        // Paths of images and of files are compared without a leading slash.
        let text = match waives {
            Waives::Check(Check::ForbiddenPaths) => text.trim_start_matches('/'),
            _ => text,
        };
        what = Some(glob(reader, text, value)?);
    }
    Some(Waiver {
        check: check.to_owned(),
        waives,
        what,
        reason: reason?,
        expires,
        place: reader.place(&item.span()),
    })
}

fn waives(
    reader: &mut Reader<'_>,
    check: &str,
    named: &Value<'_>,
    around: Surroundings<'_>,
) -> Option<Waives> {
    if let Some(check) = Check::of_name(check) {
        return Some(Waives::Check(check));
    }
    if let Some(code) = (around.rule_code)(check) {
        return Some(Waives::Rule(code));
    }
    let names: Vec<&str> = Check::ALL.into_iter().map(Check::name).collect();
    let help = match suggestion(check, &names) {
        Some(word) => format!("did you mean {word:?}?"),
        None => "checks are the keys of [ci], `rslim rules` lists the rules".to_owned(),
    };
    let shown = reader.quoted(&named.span());
    reader.wrong(
        &named.span(),
        format!("no check or lint rule is called {shown}; {help}"),
    );
    None
}

fn reason(
    reader: &mut Reader<'_>,
    check: &str,
    item: &Value<'_>,
    table: &DeTable<'_>,
) -> Option<String> {
    let help = "say why in reason = \"…\", for those who read it later";
    match table.get("reason") {
        None => {
            reader.wrong(
                &item.span(),
                format!("the waiver of {check:?} has no reason; {help}"),
            );
            None
        }
        Some(value) => {
            let text = reader.string(value, "reason")?.trim();
            if text.is_empty() {
                let problem = format!("the reason of the waiver of {check:?} is empty; {help}");
                reader.wrong(&value.span(), problem);
                return None;
            }
            Some(text.to_owned())
        }
    }
}

fn expiry(reader: &mut Reader<'_>, check: &str, value: &Value<'_>, today: Date) -> Option<Date> {
    let text = match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        // TOML has dates of its own.
        DeValue::Datetime(date) => date.to_string(),
        _ => {
            reader.wrong_type(value, "expires", "a day, as in \"2030-12-31\"");
            return None;
        }
    };
    match text.parse::<Date>() {
        Err(wrong) => {
            let shown = reader.quoted(&value.span());
            reader.wrong(&value.span(), format!("expires = {shown}: {wrong}"));
            None
        }
        Ok(day) if day < today => {
            let problem = format!(
                "the waiver of {check:?} expired on {day}, and today is {today}; mend what it \
                 waives and remove it, or set a later day in expires"
            );
            reader.wrong(&value.span(), problem);
            None
        }
        Ok(day) => Some(day),
    }
}

//! Lists of what may not be in an image.

use std::collections::HashMap;

use globset::{GlobBuilder, GlobMatcher};
use toml::de::DeValue;

use super::Value;
use super::reader::{Reader, suggestion};
use super::values::{Levels, levels};
use crate::gate::settings::{ForbiddenPackage, ForbiddenPath, Level, Settings};
use crate::ruleset::PathMatcher;

/// Characters of a pattern; nobody writes longer ones by hand.
const PATTERN_LENGTH: usize = 1024;
/// Managers that packages are listed of.
const MANAGERS: [&str; 5] = ["dpkg", "apk", "rpm", "pip", "npm"];

/// A list, or a list for each level, of values with their levels.
fn listed<'v, 'i>(
    reader: &mut Reader<'_>,
    key: &str,
    value: &'v Value<'i>,
) -> Vec<(Level, &'v Value<'i>)> {
    let read = |reader: &mut Reader<'_>, value: &'v Value<'i>| match value.get_ref() {
        DeValue::Array(items) => Some(items),
        _ => {
            reader.wrong_type(value, key, "a list, or { warn = […], fail = […] }");
            None
        }
    };
    let Some(Levels { warn, fail }) = levels(reader, key, value, read) else {
        return Vec::new();
    };
    let of = |level| move |value| (level, value);
    let warn = warn
        .into_iter()
        .flat_map(|items| items.iter())
        .map(of(Level::Warn));
    let fail = fail
        .into_iter()
        .flat_map(|items| items.iter())
        .map(of(Level::Fail));
    warn.chain(fail).collect()
}

/// `forbidden-paths`.
pub(super) fn paths(reader: &mut Reader<'_>, value: &Value<'_>, settings: &mut Settings) {
    const KEY: &str = "forbidden-paths";
    let mut seen: HashMap<String, Level> = HashMap::new();
    for (level, item) in listed(reader, KEY, value) {
        let Some(text) = reader.string(item, "a pattern of forbidden-paths") else {
            continue;
        };
        if let Some(problem) = path_problem(text) {
            let shown = reader.quoted(&item.span());
            reader.wrong(&item.span(), format!("{KEY}: {shown} {problem}"));
            continue;
        }
        if let Some(other) = seen.insert(text.to_owned(), level) {
            let problem = match other == level {
                true => "is there twice",
                false => "is both in warn and in fail: decide for one",
            };
            reader.wrong(&item.span(), format!("{KEY}: {text:?} {problem}"));
            continue;
        }
        settings.paths.push(ForbiddenPath {
            pattern: text.to_owned(),
            level,
            place: reader.place(&item.span()),
        });
    }
}

/// What is wrong with a pattern of paths.
fn path_problem(text: &str) -> Option<String> {
    if text.chars().count() > PATTERN_LENGTH {
        return Some(format!("has more than {PATTERN_LENGTH} characters"));
    }
    if text.trim_matches('/').is_empty() {
        return Some("names nothing; to forbid everything write \"/**\"".to_owned());
    }
    if text.split('/').any(|part| part == ".." || part == ".") {
        return Some("has . or .. in it; patterns begin at the root of the image".to_owned());
    }
    let wrong = PathMatcher::default().add(text, 0).err()?;
    Some(format!("is no pattern: {}", wrong.kind()))
}

/// `forbidden-packages`.
pub(super) fn packages(reader: &mut Reader<'_>, value: &Value<'_>, settings: &mut Settings) {
    for (level, item) in listed(reader, "forbidden-packages", value) {
        if let Some(package) = package(reader, level, item) {
            settings.packages.push(package);
        }
    }
}

fn package(reader: &mut Reader<'_>, level: Level, item: &Value<'_>) -> Option<ForbiddenPackage> {
    let mut name = None;
    let mut manager = None;
    let mut version = None;
    match item.get_ref() {
        DeValue::String(text) => name = Some((text.as_ref(), item)),
        DeValue::Table(table) => {
            for (key, value) in table {
                let word: &str = key.get_ref().as_ref();
                match word {
                    "name" => name = Some((reader.string(value, "name")?, value)),
                    "version" => version = Some((reader.string(value, "version")?, value)),
                    "manager" => manager = Some((reader.string(value, "manager")?, value)),
                    _ => reader.unknown(key, "key of a package", &["name", "manager", "version"]),
                }
            }
        }
        _ => {
            let wanted = "names, or tables such as { name = \"gcc*\", manager = \"dpkg\" }";
            reader.wrong_type(item, "an entry of forbidden-packages", wanted);
            return None;
        }
    }
    let Some((name_text, name_value)) = name else {
        let shown = reader.quoted(&item.span());
        let problem = format!("forbidden-packages: {shown} has no name; add name = \"…\"");
        reader.wrong(&item.span(), problem);
        return None;
    };
    let mut words = String::new();
    if let Some((text, value)) = manager {
        if !MANAGERS.contains(&text) {
            let shown = reader.quoted(&value.span());
            let meant = suggestion(text, &MANAGERS).map(|word| format!("did you mean {word:?}? "));
            let problem = format!(
                "forbidden-packages: {shown} is no package manager; {}known are {}",
                meant.unwrap_or_default(),
                MANAGERS.join(", ")
            );
            reader.wrong(&value.span(), problem);
            return None;
        }
        words.push_str(text);
        words.push(' ');
    }
    words.push_str(name_text);
    if let Some((text, _)) = version {
        words.push(' ');
        words.push_str(text);
    }
    Some(ForbiddenPackage {
        words,
        name: glob(reader, name_text, name_value)?,
        manager: manager.map(|(text, _)| text.to_owned()),
        version: match version {
            Some((text, value)) => Some(glob(reader, text, value)?),
            None => None,
        },
        level,
        place: reader.place(&item.span()),
    })
}

/// A pattern of names, in which a slash is a character like any other.
pub(super) fn glob(reader: &mut Reader<'_>, text: &str, value: &Value<'_>) -> Option<GlobMatcher> {
    let problem = if text.is_empty() {
        "is empty: it would match nothing".to_owned()
    } else if text.chars().count() > PATTERN_LENGTH {
        format!("has more than {PATTERN_LENGTH} characters")
    } else {
        match GlobBuilder::new(text).literal_separator(false).build() {
            Ok(glob) => return Some(glob.compile_matcher()),
            Err(wrong) => format!("is no pattern: {}", wrong.kind()),
        }
    };
    let shown = reader.quoted(&value.span());
    reader.wrong(&value.span(), format!("{shown} {problem}"));
    None
}

//! The small files that describe an installed distribution.

use super::marker::Requirement;

/// What `METADATA` or `PKG-INFO` says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    pub name: Option<String>,
    pub version: Option<String>,
    pub requires: Vec<Requirement>,
}

/// More of one kind of line are hostile.
const MAX_LINES: usize = 100_000;

/// Reads the headers up to the first blank line.
pub(super) fn metadata(bytes: &[u8]) -> Metadata {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Metadata::default();
    for line in text.lines().take(MAX_LINES) {
        if line.trim().is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        match key.to_ascii_lowercase().as_str() {
            "name" => found.name = Some(value.to_owned()),
            "version" => found.version = Some(value.to_owned()),
            "requires-dist" => found.requires.extend(Requirement::parse(value)),
            _ => {}
        }
    }
    found
}

/// Reads `requires.txt` of an egg: requirements under `[extra]`, `[extra:marker]`, `[:marker]`.
pub(super) fn requires(bytes: &[u8]) -> Vec<Requirement> {
    let text = String::from_utf8_lossy(bytes);
    let mut section = String::new();
    let mut found = Vec::new();
    for line in text.lines().take(MAX_LINES).map(str::trim) {
        if let Some(head) = line.strip_prefix('[') {
            let (extra, marker) = head
                .trim_end_matches(']')
                .split_once(':')
                .unwrap_or_else(|| (head.trim_end_matches(']'), ""));
            section = match (extra.trim(), marker.trim()) {
                ("", marker) => marker.to_owned(),
                (extra, "") => format!("extra == '{extra}'"),
                (extra, marker) => format!("extra == '{extra}' and ({marker})"),
            };
        } else if !line.is_empty()
            && !line.starts_with('#')
            && let Some(mut requirement) = Requirement::parse(line)
        {
            if requirement.marker.is_empty() {
                requirement.marker.clone_from(&section);
            } else if !section.is_empty() {
                requirement.marker = format!("({}) and ({section})", requirement.marker);
            }
            found.push(requirement);
        }
    }
    found
}

/// One entry point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPoint {
    /// The group, such as `console_scripts` or `flask.commands`.
    pub group: String,
    /// Its name in the group: for scripts the command.
    pub name: String,
    /// The module, without the attribute.
    pub module: String,
}

/// Reads `entry_points.txt`.
pub(super) fn entry_points(bytes: &[u8]) -> Vec<EntryPoint> {
    let text = String::from_utf8_lossy(bytes);
    let mut group = "";
    let mut found = Vec::new();
    for line in text.lines().take(MAX_LINES).map(str::trim) {
        if let Some(head) = line.strip_prefix('[') {
            group = head.split(']').next().unwrap_or_default().trim();
        } else if !line.starts_with(['#', ';'])
            && let Some((name, value)) = line.split_once('=')
        {
            let module = value.split([':', '[']).next().unwrap_or_default();
            found.push(EntryPoint {
                group: group.to_owned(),
                name: name.trim().to_owned(),
                module: module.trim().to_owned(),
            });
        }
    }
    found
}

/// The paths of `RECORD`: the first field of each line, which may be quoted.
pub(super) fn record(bytes: &[u8]) -> Vec<Vec<u8>> {
    let lines = bytes.split(|b| *b == b'\n');
    lines
        .filter_map(record_path)
        .filter(|path| !path.is_empty())
        .collect()
}

fn record_path(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let Some(quoted) = line.strip_prefix(b"\"") else {
        return line.split(|b| *b == b',').next().map(<[u8]>::to_vec);
    };
    let mut path = Vec::new();
    let mut bytes = quoted.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'"' {
            if bytes.peek() != Some(&b'"') {
                break;
            }
            bytes.next();
        }
        path.push(byte);
    }
    Some(path)
}

/// The lines of a list such as `top_level.txt`, trimmed, without blank ones and comments.
pub(super) fn lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().take(MAX_LINES).map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

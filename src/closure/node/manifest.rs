//! What a `package.json` says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The parts of a `package.json` that matter here.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The name, if it has one.
    pub name: Option<String>,
    /// The version, if it has one.
    pub version: Option<String>,
    /// The packages that it needs when run: `dependencies`, `optionalDependencies`,
    /// `peerDependencies`, `bundleDependencies`, and the packages that `imports` leads to.
    pub dependencies: BTreeSet<String>,
    /// `devDependencies`.
    pub development: BTreeSet<String>,
    /// `scripts`.
    pub scripts: BTreeMap<String, String>,
}

fn keys(value: &Value, field: &str) -> Vec<String> {
    match value.get(field) {
        Some(Value::Object(map)) => map.keys().cloned().collect(),
        Some(Value::Array(list)) => {
            let names = list.iter().filter_map(Value::as_str);
            names.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

impl Manifest {
    /// Reads a manifest. Fields of a wrong type count as missing.
    ///
    /// # Errors
    ///
    /// The words of the JSON parser if the file is no JSON at all.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let text = |field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
        let mut dependencies = BTreeSet::new();
        for field in [
            "dependencies",
            "optionalDependencies",
            "peerDependencies",
            "bundleDependencies",
            "bundledDependencies",
        ] {
            dependencies.extend(keys(&value, field));
        }
        if let Some(imports) = value.get("imports") {
            targets(imports, &mut dependencies);
        }
        let scripts = value.get("scripts").and_then(Value::as_object);
        let scripts = scripts
            .into_iter()
            .flatten()
            .filter_map(|(name, script)| Some((name.clone(), script.as_str()?.to_owned())));
        Ok(Self {
            name: text("name"),
            version: text("version"),
            dependencies,
            development: keys(&value, "devDependencies").into_iter().collect(),
            scripts: scripts.collect(),
        })
    }
}

/// The packages among the values of `imports`; the parser bounds the depth.
fn targets(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(target) => found.extend(package_name(target).map(str::to_owned)),
        Value::Array(list) => list.iter().for_each(|value| targets(value, found)),
        Value::Object(map) => map.values().for_each(|value| targets(value, found)),
        _ => {}
    }
}

/// The package that a request such as `@scope/name/file` names; `None` for a path, a URL and
/// what can be no name.
pub(super) fn package_name(request: &str) -> Option<&str> {
    let mut slashes = request.match_indices('/').map(|(at, _)| at);
    let first = slashes.next();
    let end = if request.starts_with('@') {
        first?;
        slashes.next()
    } else {
        first
    };
    let name = request.get(..end.unwrap_or(request.len()))?;
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~' | b'!');
    let part = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(good) && part.len() <= 214
    };
    let bare = name.strip_prefix('@').unwrap_or(name);
    bare.split('/').all(part).then_some(name)
}

//! Requests that an OpenAPI (or Swagger) document describes: those that read, and of those with
//! required parameters only where the document has an example or a default for each.

use std::path::Path;

use serde_json::Value;

/// Documents are not larger than this, in bytes.
const LARGEST: u64 = 16 << 20;

/// Reads a document from a file.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("cannot read {}: {error}", file.display());
    let size = std::fs::metadata(file).map_err(failed)?.len();
    if size > LARGEST {
        return Err(format!("{} is too large", file.display()));
    }
    std::fs::read(file).map_err(failed)
}

/// The paths to GET, in the order of the document's names.
///
/// # Errors
/// What is wrong with the document.
pub fn requests(document: &[u8]) -> Result<Vec<String>, String> {
    let value: Value = match serde_json::from_slice(document) {
        Ok(value) => value,
        Err(error) => {
            let text = std::str::from_utf8(document).map_err(|_| "it is no text".to_owned())?;
            let yaml = serde_saphyr::from_str(text);
            yaml.map_err(|other| format!("it is neither JSON ({error}) nor YAML ({other})"))?
        }
    };
    let base = base(&value);
    let Some(paths) = value.get("paths").and_then(Value::as_object) else {
        return Err("it has no paths".to_owned());
    };
    let mut found = Vec::new();
    for (path, item) in paths {
        let Some(operation) = item.get("get") else {
            continue;
        };
        let parameters = [item.get("parameters"), operation.get("parameters")];
        let parameters = parameters
            .into_iter()
            .flatten()
            .filter_map(Value::as_array)
            .flatten();
        let parameters: Vec<&Value> = parameters.map(|p| referred(&value, p)).collect();
        // Others are no paths, and must not become lines of a request of their own.
        if !path.starts_with('/') || format!("{base}{path}").contains(char::is_control) {
            continue;
        }
        let path = fill(path, &parameters);
        found.extend(path.map(|path| format!("{base}{path}").replace(' ', "%20")));
    }
    Ok(found)
}

/// The path below which everything is.
fn base(document: &Value) -> String {
    let base = document.get("basePath").and_then(Value::as_str);
    let server = document.pointer("/servers/0/url").and_then(Value::as_str);
    let path = base.or(server).unwrap_or_default();
    let path = match path.split_once("://") {
        Some((_, rest)) => rest
            .find('/')
            .and_then(|at| rest.get(at..))
            .unwrap_or_default(),
        None => path,
    };
    let path = path.trim_end_matches('/');
    match path.is_empty() || path.starts_with('/') {
        true => path.to_owned(),
        false => format!("/{path}"),
    }
}

/// What `{"$ref": "#/…"}` stands for.
fn referred<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value.get("$ref").and_then(Value::as_str);
    let found = pointer.and_then(|pointer| document.pointer(pointer.strip_prefix('#')?));
    found.unwrap_or(value)
}

/// The path with examples in the places of its parameters.
fn fill(path: &str, parameters: &[&Value]) -> Option<String> {
    let mut filled = path.to_owned();
    let mut query = Vec::new();
    for parameter in parameters {
        let name = parameter.get("name").and_then(Value::as_str)?;
        let place = parameter
            .get("in")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let required = parameter
            .get("required")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        let example = example(parameter);
        match (place, example) {
            ("path", Some(example)) => {
                filled = filled.replace(&format!("{{{name}}}"), &encoded(&example));
            }
            ("query", Some(example)) => {
                query.push(format!("{}={}", encoded(name), encoded(&example)));
            }
            ("path" | "query", None) if required || place == "path" => return None,
            _ => {}
        }
    }
    if filled.contains('{') {
        return None;
    }
    if !query.is_empty() {
        filled = format!("{filled}?{}", query.join("&"));
    }
    Some(filled)
}

fn example(parameter: &Value) -> Option<String> {
    let schema = parameter.get("schema");
    let first = |value: Option<&Value>| -> Option<Value> {
        let examples = value?.get("examples")?.as_object()?;
        examples.values().next()?.get("value").cloned()
    };
    let of = |value: Option<&Value>| -> Option<Value> {
        let value = value?;
        let found = ["example", "default"].iter().find_map(|key| value.get(key));
        let found = found.or_else(|| value.get("enum")?.get(0));
        found.or_else(|| value.pointer("/examples/0")).cloned()
    };
    let value = of(Some(parameter))
        .or_else(|| first(Some(parameter)))
        .or_else(|| of(schema))?;
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// Percent-encoded.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(byte as char);
            }
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::requests;

    #[test]
    fn what_reads_is_asked_for_with_the_examples() {
        let document = br##"{"servers":[{"url":"http://x:1/api/"}],
            "components":{"parameters":{"id":{"name":"id","in":"path","required":true,
                "schema":{"type":"string","example":"a b"}}}},
            "paths":{
              "/plain":{"get":{},"post":{}},
              "/made":{"post":{}},
              "/users/{id}":{"parameters":[{"$ref":"#/components/parameters/id"}],
                "get":{"parameters":[{"name":"full","in":"query","schema":{"default":true}}]}},
              "/unknown/{x}":{"get":{"parameters":[{"name":"x","in":"path","required":true}]}},
              "/undeclared/{y}":{"get":{}},
              "no/path":{"get":{}},"/two\nlines":{"get":{}},"/a space":{"get":{}}}}"##;
        assert_eq!(
            requests(document).unwrap(),
            ["/api/a%20space", "/api/plain", "/api/users/a%20b?full=true"]
        );
        let yaml = b"swagger: '2.0'\nbasePath: /v1\npaths:\n  /x:\n    get: {}\n";
        assert_eq!(requests(yaml).unwrap(), ["/v1/x"]);
    }

    #[test]
    fn what_is_none_says_so() {
        assert!(requests(b"{}").unwrap_err().contains("no paths"));
        assert!(requests(b"\xff").is_err());
        assert!(requests(b"{").unwrap_err().contains("neither JSON"));
    }
}

//! Probes in a file, TOML or YAML.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::ProbeError;
use super::line;
use super::plan::{Exec, Host, Http, OpenApiSource, Plan, Probe, Tcp};
use super::words::split;

/// Files are not larger than this, in bytes.
const LARGEST: u64 = 16 << 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    probe: Vec<Item>,
}

/// One probe; exactly one of the first six says of which kind.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Item {
    http: Option<String>,
    exec: Option<Words>,
    tcp: Option<u16>,
    host: Option<String>,
    openapi: Option<String>,
    port: Option<u16>,
    header: Vec<String>,
    body: Option<String>,
    status: Option<i32>,
    crawl: Option<usize>,
    retry: Option<bool>,
    send: Option<String>,
    expect: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Words {
    Line(String),
    List(Vec<String>),
}

/// Reads probes; the file's ending tells whether it is YAML (`.yaml`, `.yml`) or TOML.
///
/// # Errors
/// [`ProbeError::File`].
pub fn read(path: &Path) -> Result<Plan, ProbeError> {
    let failed = |why: String| ProbeError::File {
        file: path.display().to_string(),
        why,
    };
    let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?;
    if size.len() > LARGEST {
        return Err(failed("it is too large".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let yaml = path
        .extension()
        .is_some_and(|end| end == "yaml" || end == "yml");
    let directory = path.parent().unwrap_or(Path::new(""));
    parse(&text, yaml, directory).map_err(failed)
}

/// Reads the text of such a file. Names of files in it start from `directory`.
///
/// # Errors
/// What is wrong with it, and with which probe.
pub fn parse(text: &str, yaml: bool, directory: &Path) -> Result<Plan, String> {
    let file: File = match yaml {
        true => serde_saphyr::from_str(text).map_err(|error| error.to_string())?,
        false => toml::from_str(text).map_err(|error| error.to_string())?,
    };
    let mut plan = Plan::default();
    for (number, item) in file.probe.into_iter().enumerate() {
        let probe = probe(item, directory);
        let probe = probe.map_err(|why| format!("probe {}: {why}", number + 1))?;
        plan.probes.push(probe);
    }
    Ok(plan)
}

fn probe(item: Item, directory: &Path) -> Result<Probe, String> {
    let kinds = [
        ("http", item.http.is_some()),
        ("exec", item.exec.is_some()),
        ("tcp", item.tcp.is_some()),
        ("host", item.host.is_some()),
        ("openapi", item.openapi.is_some()),
    ];
    let given: Vec<&str> = kinds
        .iter()
        .filter(|(_, is)| *is)
        .map(|(kind, _)| *kind)
        .collect();
    let [kind] = given[..] else {
        return Err(match given.is_empty() {
            true => "it is of no kind: http, exec, tcp, host or openapi".to_owned(),
            false => format!("it is of several kinds: {}", given.join(", ")),
        });
    };
    fits(&item, kind)?;
    let said = |error: ProbeError| error.to_string();
    if let Some(text) = &item.http {
        let Probe::Http(http) = line::http(text).map_err(said)? else {
            return Err("it is no request".to_owned());
        };
        return request(http, item);
    }
    if let Some(words) = item.exec {
        let words = match words {
            Words::List(words) => words,
            Words::Line(line) => split(&line).map_err(str::to_owned)?,
        };
        if words.first().is_none_or(String::is_empty) {
            return Err("exec names no program".to_owned());
        }
        return Ok(Probe::Exec(Exec {
            words,
            status: item.status.unwrap_or(0),
            retry: item.retry.unwrap_or(true),
        }));
    }
    if let Some(command) = item.host {
        return Ok(Probe::Host(Host {
            command,
            port: item.port,
        }));
    }
    if let Some(port) = item.tcp {
        return Ok(Probe::Tcp(Tcp {
            port,
            send: item.send,
            expect: item.expect,
        }));
    }
    let source = item.openapi.unwrap_or_default();
    Ok(Probe::OpenApi {
        source: match source.starts_with('/') && !Path::new(&source).is_file() {
            true => OpenApiSource::Served(source),
            false => OpenApiSource::File(PathBuf::from(directory).join(source)),
        },
        port: item.port,
    })
}

/// Settings that a probe of this kind does not have are mistakes.
fn fits(item: &Item, kind: &str) -> Result<(), String> {
    let settings = [
        (
            "port",
            item.port.is_some(),
            &["http", "host", "openapi"][..],
        ),
        ("header", !item.header.is_empty(), &["http"]),
        ("body", item.body.is_some(), &["http"]),
        ("status", item.status.is_some(), &["http", "exec"]),
        ("crawl", item.crawl.is_some(), &["http"]),
        ("retry", item.retry.is_some(), &["exec"]),
        ("send", item.send.is_some(), &["tcp"]),
        ("expect", item.expect.is_some(), &["tcp"]),
    ];
    let wrong = settings
        .iter()
        .find(|(_, is, kinds)| *is && !kinds.contains(&kind));
    match wrong {
        Some((name, ..)) => Err(format!("{name} means nothing to {kind} probes")),
        None => Ok(()),
    }
}

fn request(mut http: Http, item: Item) -> Result<Probe, String> {
    for text in &item.header {
        http.headers.push(line::header(text)?);
    }
    http.port = item.port.or(http.port);
    http.body = item.body.or(http.body);
    http.pages = item.crawl.or(http.pages);
    if let Some(status) = item.status {
        let status = u16::try_from(status)
            .ok()
            .filter(|status| (100..600).contains(status));
        http.status = Some(status.ok_or("status is no HTTP status")?);
    }
    Ok(Probe::Http(http))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_the_same() {
        let toml = r#"
            [[probe]]
            http = "POST /login"
            header = ["A: b"]
            body = "x=1"
            status = 302
            port = 8080
            [[probe]]
            exec = ["redis-cli", "get", "a b"]
            status = 1
            [[probe]]
            exec = "redis-cli ping"
            [[probe]]
            tcp = 6379
            send = "PING\r\n"
            expect = "+PONG"
            [[probe]]
            host = "npm test"
            [[probe]]
            openapi = "/openapi.json"
        "#;
        let yaml = r#"
probe:
  - http: POST /login
    header: ["A: b"]
    body: x=1
    status: 302
    port: 8080
  - exec: [redis-cli, get, a b]
    status: 1
  - exec: redis-cli ping
  - tcp: 6379
    send: "PING\r\n"
    expect: +PONG
  - host: npm test
  - openapi: /openapi.json
"#;
        let here = Path::new("");
        let plan = parse(toml, false, here).unwrap();
        assert_eq!(plan, parse(yaml, true, here).unwrap());
        let names: Vec<String> = plan.probes.iter().map(Probe::name).collect();
        assert_eq!(
            names,
            [
                "POST http://localhost:8080/login",
                "exec redis-cli get a b",
                "exec redis-cli ping",
                "tcp 6379",
                "host npm test",
                "openapi /openapi.json",
            ]
        );
    }

    #[test]
    fn mistakes_are_named() {
        for (text, why) in [
            (
                "[[probe]]\nhttp = '/x'\ntcp = 1",
                "several kinds: http, tcp",
            ),
            ("[[probe]]\nport = 1", "of no kind"),
            ("[[probe]]\nhttp = '/x'\nstatsu = 1", "unknown field"),
            ("[[probe]]\ntcp = 1\nbody = ''", "body means nothing to tcp"),
            ("[[probe]]\nhttp = '/x'\nstatus = 7", "no HTTP status"),
            ("[[probe]]\nexec = ''", "names no program"),
            ("[[probes]]", "unknown field"),
        ] {
            let said = parse(text, false, Path::new("")).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }
}

//! The file: JSON, one path a line, sorted, so that two of them can be compared line by line.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::{Evidence, Use, Used};
use crate::oci::{escape_bytes, unescape_bytes};

/// Version of the format.
const SCHEMA_VERSION: u32 = 1;

/// Why a file is no evidence.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// It is no JSON, or has other fields.
    #[error("it is no evidence of a run: {0}")]
    Json(#[from] serde_json::Error),
    /// A later rslim wrote it.
    #[error("it has version {found} of the format, and this program knows {SCHEMA_VERSION}")]
    Version {
        /// What it says.
        found: u32,
    },
    /// A name that nothing can have.
    #[error("{path:?} is no absolute path")]
    Path {
        /// What it says.
        path: String,
    },
}

#[derive(Deserialize)]
struct Versioned {
    schema_version: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "schema_version")]
    _schema_version: u32,
    images: Vec<String>,
    probes: Vec<String>,
    paths: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    path: String,
    #[serde(rename = "use")]
    how: Vec<Use>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    by: Vec<String>,
}

impl Evidence {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, EvidenceError> {
        let Versioned { schema_version } = serde_json::from_slice(bytes)?;
        if schema_version != SCHEMA_VERSION {
            return Err(EvidenceError::Version {
                found: schema_version,
            });
        }
        let file: File = serde_json::from_slice(bytes)?;
        let mut evidence = Evidence {
            images: file.images.into_iter().collect(),
            probes: file.probes,
            ..Evidence::default()
        };
        for line in file.paths {
            let path = unescape_bytes(&line.path).filter(|path| is_absolute(path));
            let Some(path) = path else {
                return Err(EvidenceError::Path { path: line.path });
            };
            let used: &mut Used = evidence.paths.entry(path).or_default();
            used.how.extend(line.how);
            for by in line.by {
                used.by.extend(unescape_bytes(&by));
            }
        }
        Ok(evidence)
    }

    /// Writes the file. The same evidence gives the same bytes.
    ///
    /// # Errors
    /// Whatever `out` says.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{{\"schema_version\":{SCHEMA_VERSION},")?;
        write!(out, "\"images\":")?;
        serde_json::to_writer(&mut *out, &self.images)?;
        write!(out, ",\n\"probes\":")?;
        serde_json::to_writer(&mut *out, &self.probes)?;
        write!(out, ",\n\"paths\":[")?;
        let mut separator = "\n";
        for (path, used) in &self.paths {
            let line = Line {
                path: escape_bytes(path),
                how: used.how.iter().copied().collect(),
                by: used.by.iter().map(|by| escape_bytes(by)).collect(),
            };
            write!(out, "{separator}")?;
            serde_json::to_writer(&mut *out, &line)?;
            separator = ",\n";
        }
        writeln!(out, "\n]}}")
    }
}

/// From the root on, without `.` and `..`.
fn is_absolute(path: &[u8]) -> bool {
    let Some(rest) = path.strip_prefix(b"/") else {
        return false;
    };
    let mut parts = rest.split(|&b| b == b'/');
    rest.is_empty() || parts.all(|part| !part.is_empty() && part != b"." && part != b"..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Evidence {
        let mut evidence = Evidence::default();
        evidence.images.insert("sha256:aa".to_owned());
        evidence.probes.push("GET /".to_owned());
        evidence.add(b"/bin/sh", Use::Exec, b"/usr/bin/app");
        evidence.add(b"/bin/sh", Use::Looked, b"");
        evidence.add(b"/odd \xff", Use::Read, b"/bin/sh");
        evidence
    }

    fn text(evidence: &Evidence) -> String {
        let mut out = Vec::new();
        evidence.write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let evidence = some();
        let written = text(&evidence);
        assert_eq!(
            written,
            "{\"schema_version\":1,\n\"images\":[\"sha256:aa\"],\n\"probes\":[\"GET /\"],\n\
             \"paths\":[\n{\"path\":\"/bin/sh\",\"use\":[\"exec\",\"looked\"],\
             \"by\":[\"/usr/bin/app\"]},\n{\"path\":\"/odd \u{fffd}FF\",\"use\":[\"read\"],\
             \"by\":[\"/bin/sh\"]}\n]}\n"
        );
        assert_eq!(Evidence::parse(written.as_bytes()).unwrap(), evidence);
    }

    #[test]
    fn merging_adds_and_changes_nothing_twice() {
        let mut merged = some();
        merged.merge(&some());
        assert_eq!(merged, some());
        let mut other = Evidence::default();
        other.add(b"/bin/sh", Use::Read, b"/bin/cat");
        merged.merge(&other);
        let sh = &merged.paths[b"/bin/sh".as_slice()];
        assert_eq!((sh.how.len(), sh.by.len()), (3, 2));
    }

    #[test]
    fn other_files_are_refused() {
        let parse = |text: &str| Evidence::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(parse("{}").contains("schema_version"));
        assert!(parse(r#"{"schema_version":2,"more":1}"#).contains("version 2"));
        let line = |path: &str| {
            format!(
                r#"{{"schema_version":1,"images":[],"probes":[],"paths":[{{"path":"{path}","use":[]}}]}}"#
            )
        };
        for path in ["", "x", "/a/../b", "/a//b", "/a/", "/\u{fffd}"] {
            assert!(parse(&line(path)).contains("no absolute path"), "{path}");
        }
        assert!(Evidence::parse(line("/").as_bytes()).is_ok());
    }
}

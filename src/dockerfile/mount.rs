//! `RUN --mount=…`: comma-separated fields with CSV's quotes.

/// Kinds of mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum MountKind {
    Bind,
    Cache,
    Tmpfs,
    Secret,
    Ssh,
}

/// A mount of a RUN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Its kind.
    pub kind: MountKind,
    /// Where it appears.
    pub target: Option<String>,
    /// The path in what it comes from.
    pub source: Option<String>,
    /// Stage, image or context that it comes from.
    pub from: Option<String>,
    /// Other fields, keys in lower case.
    pub others: Vec<(String, Option<String>)>,
}

impl Mount {
    /// Reads the value of `--mount`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(value: &str) -> Result<Self, String> {
        let mut mount = Mount {
            kind: MountKind::Bind,
            target: None,
            source: None,
            from: None,
            others: Vec::new(),
        };
        for field in fields(value)? {
            let (key, value) = match field.split_once('=') {
                Some((key, value)) => (key.trim().to_ascii_lowercase(), Some(value.to_owned())),
                None => (field.trim().to_ascii_lowercase(), None),
            };
            match key.as_str() {
                "type" => mount.kind = kind(value.as_deref().unwrap_or(""))?,
                "target" | "dst" | "destination" => mount.target = value,
                "source" | "src" => mount.source = value,
                "from" => mount.from = value,
                "readonly" | "ro" | "readwrite" | "rw" | "required" | "id" | "sharing" | "size"
                | "mode" | "uid" | "gid" | "env" => mount.others.push((key, value)),
                _ => return Err(format!("unknown field {key:?} in --mount")),
            }
        }
        Ok(mount)
    }

    /// Whether what is written there stays out of the image.
    pub fn keeps_out(&self) -> bool {
        matches!(self.kind, MountKind::Cache | MountKind::Tmpfs)
    }
}

fn kind(text: &str) -> Result<MountKind, String> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "bind" => MountKind::Bind,
        "cache" => MountKind::Cache,
        "tmpfs" => MountKind::Tmpfs,
        "secret" => MountKind::Secret,
        "ssh" => MountKind::Ssh,
        // Known only when built.
        other if other.contains('$') => MountKind::Bind,
        other => return Err(format!("unknown mount type {other:?}")),
    })
}

fn fields(text: &str) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    if quoted {
        return Err("unclosed quote in --mount".to_owned());
    }
    fields.push(field);
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_kinds() {
        let mount =
            Mount::parse("type=CACHE,target=/root/.cache,\"id=a,b\",sharing=locked").unwrap();
        assert_eq!(mount.kind, MountKind::Cache);
        assert_eq!(mount.target.as_deref(), Some("/root/.cache"));
        assert_eq!(mount.others[0].1.as_deref(), Some("a,b"));
        assert_eq!(
            Mount::parse("src=a,dst=/b,ro").unwrap().kind,
            MountKind::Bind
        );
        assert!(Mount::parse("type=none").is_err());
        assert!(Mount::parse("type=cache,wrong=1").is_err());
    }
}

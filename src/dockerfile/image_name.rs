//! The image that a FROM names.

/// An image name cut into its parts; nothing is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName {
    /// `HOST[:PORT]`, where the name has one.
    pub registry: Option<String>,
    /// The name without registry, tag and digest.
    pub repository: String,
    /// After the colon; may be empty in a broken name.
    pub tag: Option<String>,
    /// After the `@`.
    pub digest: Option<String>,
}

impl ImageName {
    /// Cuts a name; colons and `@` inside `${…}` do not count.
    pub fn cut(text: &str) -> Self {
        let (name, digest) = match find_outside(text, '@', false) {
            Some(at) => (text.get(..at), text.get(at + 1..)),
            None => (Some(text), None),
        };
        let name = name.unwrap_or("");
        let slash = find_outside(name, '/', true).map_or(0, |at| at + 1);
        let last = name.get(slash..).unwrap_or("");
        let (path, tag) = match find_outside(last, ':', false) {
            Some(at) => (name.get(..slash + at), last.get(at + 1..)),
            None => (Some(name), None),
        };
        let path = path.unwrap_or("");
        let (registry, repository) = match find_outside(path, '/', false) {
            Some(at) => {
                let first = path.get(..at).unwrap_or("");
                let is_host = first == "localhost" || first.contains(['.', ':']);
                match is_host && !first.contains('$') {
                    true => (Some(first.to_owned()), path.get(at + 1..).unwrap_or("")),
                    false => (None, path),
                }
            }
            None => (None, path),
        };
        ImageName {
            registry,
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        }
    }

    /// Whether it is a name that a registry could hold.
    pub fn is_valid(&self) -> bool {
        let part = |part: &str| {
            let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
            let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            part.chars().all(fine) && part.starts_with(ends) && part.ends_with(ends)
        };
        let tag = self.tag.as_deref().is_none_or(|tag| {
            let first = tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            first
                && tag.len() <= 128
                && tag
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        });
        let digest = self.digest.as_deref().is_none_or(|digest| {
            digest.split_once(':').is_some_and(|(algorithm, hex)| {
                !algorithm.is_empty()
                    && hex.len() >= 32
                    && hex.chars().all(|c| c.is_ascii_hexdigit())
            })
        });
        tag && digest && self.repository.split('/').all(part)
    }

    /// The last part of the repository.
    pub fn short(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or("")
    }
}

fn find_outside(text: &str, wanted: char, last: bool) -> Option<usize> {
    let mut depth = 0usize;
    let mut found = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '{' if before == '$' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            c if c == wanted && depth == 0 => {
                found = Some(at);
                if !last {
                    return found;
                }
            }
            _ => {}
        }
        before = c;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut() {
        let name = ImageName::cut("localhost:5000/a/b:1@sha256:ab");
        assert_eq!(name.registry.as_deref(), Some("localhost:5000"));
        assert_eq!((name.repository.as_str(), name.short()), ("a/b", "b"));
        assert_eq!(name.tag.as_deref(), Some("1"));
        assert_eq!(name.digest.as_deref(), Some("sha256:ab"));
        let name = ImageName::cut("${A:-x:y}@${D}");
        assert_eq!((name.tag, name.digest.as_deref()), (None, Some("${D}")));
        let name = ImageName::cut("a:${T:-1}${v}");
        assert_eq!(name.tag.as_deref(), Some("${T:-1}${v}"));
        assert!(ImageName::cut("debian:12-slim").is_valid());
        assert!(!ImageName::cut("debian:").is_valid());
        assert!(!ImageName::cut(":12").is_valid());
        assert!(!ImageName::cut("Debian").is_valid());
    }
}

//! Choosing one image where several are.

use crate::oci::{Platform, tag};

/// Which image of several, and for which platform.
#[derive(Debug, Clone, Default)]
pub(super) struct Choice {
    /// The name or tag that was asked for.
    pub(super) reference: Option<String>,
    /// The platform that was asked for.
    pub(super) platform: Option<Platform>,
}

/// Whether the name `have` of an image is what somebody means by `want`:
/// the same name when Docker Hub's defaults are spelt out, or its tag alone.
pub(super) fn names(want: &str, have: &str) -> bool {
    if want == have {
        return true;
    }
    let (want_full, have_full) = (familiar(want), familiar(have));
    if want_full == have_full {
        return true;
    }
    !want.contains([':', '/', '@']) && tag(have) == Some(want)
}

/// A name without the parts that are the default: host, `library/`, `latest`.
fn familiar(name: &str) -> String {
    let name = ["docker.io/", "index.docker.io/", "localhost/"]
        .iter()
        .find_map(|host| name.strip_prefix(host))
        .unwrap_or(name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    match tag(name) {
        Some(_) => name.to_owned(),
        None if name.contains('@') => name.to_owned(),
        None => format!("{name}:latest"),
    }
}

/// Picks the platform: the one asked for, or the only one, or the host's.
/// Gives the index of the chosen candidate, or what was wanted.
pub(super) fn pick_platform(
    candidates: &[Option<Platform>],
    wanted: Option<&Platform>,
) -> Result<usize, Platform> {
    let host;
    let wish = match wanted {
        Some(platform) => platform,
        None if candidates.len() == 1 => return Ok(0),
        None => {
            host = Platform::host();
            &host
        }
    };
    let exact = candidates
        .iter()
        .position(|have| have.as_ref() == Some(wish));
    exact
        .or_else(|| {
            candidates
                .iter()
                .position(|have| have.as_ref().is_some_and(|have| wish.accepts(have)))
        })
        .ok_or_else(|| wish.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_people_type_them() {
        #[track_caller]
        fn check(want: &str, have: &str, matches: bool) {
            assert_eq!(names(want, have), matches, "{want} {have}");
        }
        check("app:1.0", "docker.io/library/app:1.0", true);
        check("app", "app:latest", true);
        check("localhost/app", "app:latest", true);
        check("1.0", "app:1.0", true);
        check("1.0", "localhost:5000/app", false);
        check("app:2.0", "app:1.0", false);
        check("quay.io/app:1.0", "docker.io/library/app:1.0", false);
    }
}

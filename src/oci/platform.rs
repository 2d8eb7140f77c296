//! Platforms: `os/arch[/variant]`, as images and users write them.

use std::fmt;
use std::str::FromStr;

/// What an image runs on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    /// GOOS.
    pub os: String,
    /// GOARCH.
    pub architecture: String,
    /// CPU variant; empty for none.
    pub variant: String,
}

/// Not of the form `os/arch[/variant]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a platform; write os/arch or os/arch/variant, as in linux/arm64")]
pub struct PlatformError(String);

impl Platform {
    /// The platform that this program runs on, with Linux as the system:
    /// containers of other systems are rare enough to be asked for by name.
    pub fn host() -> Self {
        let (architecture, variant) = match std::env::consts::ARCH {
            "x86_64" => ("amd64", ""),
            "x86" => ("386", ""),
            "aarch64" => ("arm64", ""),
            "arm" => ("arm", "v7"),
            "powerpc64" if cfg!(target_endian = "little") => ("ppc64le", ""),
            "mips64" if cfg!(target_endian = "little") => ("mips64le", ""),
            "loongarch64" => ("loong64", ""),
            other => (other, ""),
        };
        Platform {
            os: "linux".to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.to_owned(),
        }
    }

    /// Whether an image for `other` satisfies a wish for `self`. A wish
    /// without a variant takes any; `arm64` and `arm64/v8` are the same.
    pub fn accepts(&self, other: &Platform) -> bool {
        let variant = |platform: &Platform| -> String {
            match (platform.architecture.as_str(), platform.variant.as_str()) {
                ("arm64", "v8") | ("amd64", "v1") => String::new(),
                (_, variant) => variant.to_owned(),
            }
        };
        // Some tools write none; such an image is the only one of its kind anyway.
        if other.os.is_empty() && other.architecture.is_empty() {
            return true;
        }
        self.os == other.os
            && self.architecture == other.architecture
            && (variant(self).is_empty() || variant(self) == variant(other))
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let mut parts = text.split('/');
        let (os, architecture) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        let variant = parts.next().unwrap_or("");
        let is_word = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        let ok = is_word(os) && is_word(architecture) && (variant.is_empty() || is_word(variant));
        if !ok || parts.next().is_some() || text.ends_with('/') {
            return Err(PlatformError(text.to_owned()));
        }
        // The names that `uname` gives are what many people type.
        let architecture = architecture.to_lowercase();
        let architecture = match architecture.as_str() {
            "x86_64" | "x86-64" => "amd64",
            "aarch64" => "arm64",
            "i386" | "i686" => "386",
            "armhf" => "arm",
            other => other,
        };
        Ok(Platform {
            os: os.to_lowercase(),
            architecture: architecture.to_owned(),
            variant: variant.to_lowercase(),
        })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if !self.variant.is_empty() {
            write!(f, "/{}", self.variant)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_parsed_and_printed() {
        for text in ["linux/amd64", "linux/arm/v7", "windows/amd64"] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
        }
        assert_eq!(
            "linux/X86_64".parse::<Platform>().unwrap().to_string(),
            "linux/amd64"
        );
        for bad in [
            "",
            "linux",
            "linux/",
            "/amd64",
            "linux/amd64/",
            "a/b/c/d",
            "a b/c",
        ] {
            assert!(bad.parse::<Platform>().is_err(), "{bad}");
        }
    }

    #[test]
    fn wishes() {
        #[track_caller]
        fn check(wish: &str, have: &str, want: bool) {
            let wish: Platform = wish.parse().unwrap();
            assert_eq!(wish.accepts(&have.parse().unwrap()), want, "{have}");
        }
        check("linux/arm64", "linux/arm64/v8", true);
        check("linux/arm64/v8", "linux/arm64", true);
        check("linux/arm/v7", "linux/arm/v6", false);
        check("linux/arm", "linux/arm/v6", true);
        check("linux/amd64", "linux/arm64", false);
    }
}

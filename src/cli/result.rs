//! What every command has that writes an image: its compression, names and time.

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::destination::engine_name;
use super::failure::Failure;
use crate::codec::Encoding;
use crate::gate::Date;
use crate::sink::Destination;

/// How the result is written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Result")]
pub(super) struct ResultArguments {
    /// Compression of the new layer [default: none in docker archives, else gzip]
    #[arg(long, value_enum, value_name = "KIND")]
    compression: Option<CompressionArgument>,

    /// Level of the compression [default: gzip 6, zstd 3, zstd of --repack 9]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    level: Option<i32>,

    /// Name of the result, such as app:1.0; repeat it for several [default: the image's]
    #[arg(short, long = "tag", value_name = "NAME")]
    tags: Vec<String>,

    /// Time to set as the image's `created`, in seconds since 1970
    #[arg(
        long,
        value_name = "SECONDS",
        env = "SOURCE_DATE_EPOCH",
        hide_env_values = true
    )]
    created: Option<u64>,
}

/// Values of `--compression`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CompressionArgument {
    None,
    Gzip,
    Zstd,
}

impl ValueEnum for CompressionArgument {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::None, Self::Gzip, Self::Zstd]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }))
    }
}

impl ResultArguments {
    /// The compression that was asked for; zstd without a level has this one.
    pub(super) fn encoding(&self, zstd_level: i32) -> Result<Option<Encoding>, Failure> {
        let level = self.level;
        let bad = |kind: &str, levels: &str| Failure::new(format!("--level: {kind} has {levels}"));
        Ok(Some(match self.compression {
            None if level.is_some() => {
                return Err(Failure::new("--level needs --compression gzip or zstd"));
            }
            None => return Ok(None),
            Some(CompressionArgument::None) if level.is_some() => {
                return Err(bad("no compression", "no levels"));
            }
            Some(CompressionArgument::None) => Encoding::None,
            Some(CompressionArgument::Gzip) => match u32::try_from(level.unwrap_or(6)) {
                Ok(level @ 0..=9) => Encoding::Gzip { level },
                _ => return Err(bad("gzip", "levels 0 to 9")),
            },
            Some(CompressionArgument::Zstd) => match level.unwrap_or(zstd_level) {
                level @ (-131_072..=-1 | 1..=22) => Encoding::Zstd { level },
                _ => return Err(bad("zstd", "levels 1 to 22, and -1 to -131072 for speed")),
            },
        }))
    }

    /// The names that the result gets; `given` is the one in the destination.
    pub(super) fn names(&self, destination: &Destination, given: Option<String>) -> Vec<String> {
        let tags = self.tags.iter();
        let mut names: Vec<String> = match destination.is_plain() {
            true => tags.filter_map(|name| engine_name(name)).collect(),
            false => tags.cloned().collect(),
        };
        if names.is_empty() {
            names.extend(given);
        }
        names
    }

    /// The time to set as `created`.
    pub(super) fn created(&self) -> Option<String> {
        self.created.map(rfc3339)
    }
}

/// Seconds since 1970 as RFC 3339.
fn rfc3339(seconds: u64) -> String {
    // Years after 9999 have no form; clocks are wrong long before.
    let seconds = seconds.min(253_402_300_799);
    let (day, time) = (Date::of_seconds(seconds), seconds % 86_400);
    format!(
        "{day}T{:02}:{:02}:{:02}Z",
        time / 3600,
        time / 60 % 60,
        time % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(rfc3339(u64::MAX), "9999-12-31T23:59:59Z");
    }
}

//! `rslim squash`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::arguments::ColorArgument;
use super::failure::Failure;
use super::image::{ImageArguments, locate};
use super::progress::Bars;
use super::{Outcome, terminal};
use crate::analyze;
use crate::codec::Encoding;
use crate::oci;
use crate::registry::Reference;
use crate::report::squash as report;
use crate::rewrite::RangeChoice;
use crate::sink::{self, Destination};
use crate::source::{EngineKind, Locator, Opened};
use crate::squash::{Request, squash};

/// Makes layers of an image one, without changing its file system
///
/// Folds the layers of the range into a single one, so that files which later
/// layers deleted or stored again are in the image no more. Everything else
/// stays: metadata, hard links, extended attributes, configuration. The result
/// is read back and compared with the image before it appears under its name.
#[derive(Debug, Args)]
#[command(after_long_help = DESTINATION_HELP)]
pub(super) struct SquashCommand {
    /// File, folder or name of the image (`rslim analyze --help` lists the forms)
    image: String,

    /// Where the result goes (--help lists the forms)
    #[arg(short, long, value_name = "DEST")]
    output: String,

    /// Fold all layers; this is the default
    #[arg(long, group = "range", help_heading = "Range")]
    all: bool,

    /// Fold the topmost N layers
    #[arg(long, value_name = "N", group = "range", help_heading = "Range")]
    last: Option<usize>,

    /// Fold all layers from this one up: an index (0 is the lowest), or the start of
    /// its digest or diff_id
    #[arg(long, value_name = "LAYER", group = "range", help_heading = "Range")]
    from: Option<String>,

    /// Fold the layers above the base image, which is told by history or given as IMAGE
    #[arg(
        long,
        value_name = "IMAGE",
        group = "range",
        help_heading = "Range",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto"
    )]
    keep_base: Option<String>,

    /// Compression of the new layer [default: none in docker archives, else gzip]
    #[arg(long, value_enum, value_name = "KIND", help_heading = "Result")]
    compression: Option<CompressionArgument>,

    /// Level of the compression [default: gzip 6, zstd 3]
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        help_heading = "Result"
    )]
    level: Option<i32>,

    /// Name of the result, such as app:1.0; repeat it for several [default: the image's]
    #[arg(short, long = "tag", value_name = "NAME", help_heading = "Result")]
    tags: Vec<String>,

    /// Time to set as the image's `created`, in seconds since 1970
    #[arg(
        long,
        value_name = "SECONDS",
        env = "SOURCE_DATE_EPOCH",
        hide_env_values = true,
        help_heading = "Result"
    )]
    created: Option<u64>,

    #[command(flatten)]
    image_arguments: ImageArguments,

    /// Form of the report on standard output
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = FormatArgument::Text, help_heading = "Output")]
    format: FormatArgument,

    /// When to use colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorArgument::Auto, help_heading = "Output")]
    color: ColorArgument,

    /// Print nothing but errors
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
}

const DESTINATION_HELP: &str = "\
DEST is one of:
  FILE.tar, docker-archive:FILE[:REF]   an archive that `docker load` and `podman load` take
  oci-archive:FILE[:TAG]                an OCI layout in a tar archive
  FOLDER/, oci:DIR[:TAG]                an OCI layout in a folder; other images in it stay
  docker://REF, registry:REF            a registry; logins are those of docker and podman
  docker-daemon:[REF]                   loaded into Docker
  podman:[REF]                          loaded into podman, by its socket

Exit status: 0 fine, 1 the result would not be the same file system, 2 wrong usage or
unreadable image, 130 interrupted.";

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

/// Values of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatArgument {
    /// For people
    Text,
    /// For programs: the documented, versioned report
    Json,
}

pub(super) fn run(command: &SquashCommand) -> Result<Outcome, Failure> {
    let (destination, tag) = destination(&command.output)?;
    let locator = locate(&command.image)?;
    spare(&destination, &locator)?;
    command.image_arguments.use_threads();
    let encoding = encoding(command)?;
    let opened = command.image_arguments.open(&locator)?;
    let (opened, range) = range(command, opened)?;
    let bars = Bars::new(command.quiet);
    let mut names: Vec<String> = match destination.is_plain() {
        true => command
            .tags
            .iter()
            .filter_map(|name| engine_name(name))
            .collect(),
        false => command.tags.clone(),
    };
    if names.is_empty() {
        names.extend(tag);
    }
    let read_from = match &locator {
        Locator::Registry(name) => name.parse().ok(),
        _ => None,
    };
    let request = Request {
        writing: sink::OpenOptions {
            registry: command.image_arguments.registry.options(),
            read_from,
        },
        created_by: created_by(&range),
        range,
        destination: &destination,
        encoding,
        names,
        created: command.created.map(rfc3339),
        limits: command.image_arguments.reading.limits(),
        jobs: command.image_arguments.reading.jobs(),
        progress: &bars,
    };
    let done = squash(opened, &request);
    bars.clear();
    let squashed = match done {
        Ok(squashed) => squashed,
        Err(error) if error.is_difference() => {
            terminal::report_failure(
                &Failure::of(&command.image, &error)
                    .help("this is a fault of rslim; please report it with the image"),
            );
            return Ok(Outcome::Findings);
        }
        Err(error) => return Err(Failure::of(&command.image, &error)),
    };
    if command.quiet {
        return Ok(Outcome::Fine);
    }
    for warning in &squashed.warnings {
        terminal::warn(warning);
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let place = command.output.as_str();
    let written = match command.format {
        FormatArgument::Json => report::json(&squashed, place, &mut out),
        FormatArgument::Text => {
            let color = terminal::color(
                command.color,
                std::io::IsTerminal::is_terminal(&io::stdout()),
            );
            report::text(&squashed, place, color, &mut out)
        }
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing("standard output", &error))?;
    Ok(Outcome::Fine)
}

/// The place, and the name that it gives the image.
fn destination(text: &str) -> Result<(Destination, Option<String>), Failure> {
    let bad = |why: &str| {
        Failure::new(format!("--output {text}: {why}")).help(
            "write docker-archive:FILE, oci-archive:FILE, oci:DIR, docker://REF, \
             docker-daemon:REF or podman:REF; FILE.tar and FOLDER/ do as well",
        )
    };
    let with_name = |rest: &str| -> (PathBuf, Option<String>) {
        match rest.split_once(':') {
            Some((path, name)) if !name.is_empty() => (path.into(), Some(name.to_owned())),
            _ => (rest.trim_end_matches(':').into(), None),
        }
    };
    let (destination, name) = if let Some(rest) = text.strip_prefix("docker-archive:") {
        let (path, name) = with_name(rest);
        (
            Destination::DockerArchive(path),
            name.and_then(|name| engine_name(&name)),
        )
    } else if let Some(rest) = text.strip_prefix("oci-archive:") {
        let (path, name) = with_name(rest);
        (Destination::OciArchive(path), name)
    } else if let Some(rest) = text.strip_prefix("oci:") {
        let (path, name) = with_name(rest);
        (Destination::OciLayout(path), name)
    } else if let Some(name) = text
        .strip_prefix("docker://")
        .or_else(|| text.strip_prefix("registry:"))
    {
        let reference: Reference = name
            .parse()
            .map_err(|error| Failure::of(&format!("--output {text}"), &error))?;
        let name = reference.to_string();
        return Ok((Destination::Registry(reference), Some(name)));
    } else if let Some(name) = text.strip_prefix("docker-daemon:") {
        return Ok((Destination::Engine(EngineKind::Docker), engine_name(name)));
    } else if let Some(name) = text.strip_prefix("podman:") {
        return Ok((Destination::Engine(EngineKind::Podman), engine_name(name)));
    } else if text.ends_with(".tar") {
        (Destination::DockerArchive(text.into()), None)
    } else if text.ends_with('/') || std::path::Path::new(text).is_dir() {
        (Destination::OciLayout(text.into()), None)
    } else {
        return Err(bad("it does not say what to write"));
    };
    match destination.path() {
        Some(path) if path.as_os_str().is_empty() => Err(bad("no file or folder")),
        _ => Ok((destination, name)),
    }
}

/// A name as engines know it: without a tag it has the usual one.
fn engine_name(name: &str) -> Option<String> {
    match (name.is_empty(), oci::tag(name)) {
        (true, _) => None,
        (_, Some(_)) => Some(name.to_owned()),
        (_, None) => Some(format!("{name}:latest")),
    }
}

/// Refuses to write over what is being read.
fn spare(destination: &Destination, input: &Locator) -> Result<(), Failure> {
    let to = destination.path().and_then(|to| to.canonicalize().ok());
    let (Some(input), Some(to)) = (input.path(), to) else {
        return Ok(());
    };
    let is_layout = matches!(destination, Destination::OciLayout(_));
    match input.canonicalize() {
        // Another image in the same layout is added, and takes nothing away.
        Ok(input) if input == to && !(is_layout && input.is_dir()) => Err(Failure::new(format!(
            "--output {} would change what is being read",
            to.display()
        ))
        .help("choose another file")),
        _ => Ok(()),
    }
}

fn encoding(command: &SquashCommand) -> Result<Option<Encoding>, Failure> {
    let level = command.level;
    let bad = |kind: &str, levels: &str| Failure::new(format!("--level: {kind} has {levels}"));
    Ok(Some(match command.compression {
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
        Some(CompressionArgument::Zstd) => match level.unwrap_or(3) {
            level @ (-131_072..=-1 | 1..=22) => Encoding::Zstd { level },
            _ => return Err(bad("zstd", "levels 1 to 22, and -1 to -131072 for speed")),
        },
    }))
}

/// What to fold. A stream is kept to look into its history.
fn range(command: &SquashCommand, opened: Opened) -> Result<(Opened, RangeChoice), Failure> {
    if let Some(last) = command.last {
        return Ok((opened, RangeChoice::Last(last)));
    }
    if let Some(from) = &command.from {
        return Ok((opened, RangeChoice::From(from.clone())));
    }
    let Some(base) = &command.keep_base else {
        return Ok((opened, RangeChoice::All));
    };
    let limits = command.image_arguments.reading.limits();
    let keep = |opened| match opened {
        Opened::Image(open) => Ok(open),
        Opened::Stream(stream) => stream
            .keep(&limits)
            .map_err(|error| Failure::of("", &error)),
    };
    let open = keep(opened)?;
    let layers = if base == "auto" {
        let found = analyze::detect_base(&open.image);
        let found = found.ok_or_else(|| {
            Failure::new("--keep-base: nothing in the image tells where its base ends")
                .help("give the base with --keep-base=IMAGE, or the layers with --from or --last")
        })?;
        found.layers
    } else {
        let given = keep(command.image_arguments.open(&locate(base)?)?)?;
        let ids: Vec<_> = given
            .image
            .layers
            .iter()
            .filter_map(|l| l.diff_id.clone())
            .collect();
        let found = analyze::given_base(&open.image, base, &ids);
        let found = found.ok_or_else(|| {
            Failure::new(format!(
                "--keep-base={base}: the image was not built from it"
            ))
            .help("give the base in the version that the image was built from")
        })?;
        found.layers
    };
    Ok((Opened::Image(open), RangeChoice::Above(layers)))
}

fn created_by(range: &RangeChoice) -> String {
    let what = match range {
        RangeChoice::All => "--all".to_owned(),
        RangeChoice::Last(last) => format!("--last {last}"),
        RangeChoice::From(from) => format!("--from {from}"),
        RangeChoice::Above(kept) => format!("--keep-base ({kept} layers)"),
    };
    format!("rslim squash {what}")
}

/// Seconds since 1970 as RFC 3339.
fn rfc3339(seconds: u64) -> String {
    // Years after 9999 have no form; clocks are wrong long before.
    let seconds = seconds.min(253_402_300_799);
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    // Days since 1 March of the year 0, in cycles of 400 years.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, year) = match month {
        0..=9 => (month + 3, era * 400 + year),
        _ => (month - 9, era * 400 + year + 1),
    };
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
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

    #[test]
    fn destinations() {
        let of = |text| destination(text).unwrap();
        assert_eq!(
            of("a.tar"),
            (Destination::DockerArchive("a.tar".into()), None)
        );
        assert_eq!(
            of("docker-archive:x:app"),
            (
                Destination::DockerArchive("x".into()),
                Some("app:latest".into())
            )
        );
        assert_eq!(
            of("oci:dir:1.0"),
            (Destination::OciLayout("dir".into()), Some("1.0".into()))
        );
        assert!(destination("app").is_err() && destination("oci:").is_err());
    }
}

//! `rslim history`.

use std::io::{self, Write};

use clap::{Args, ValueEnum};

use super::dockerfile::DockerfileArguments;
use super::failure::Failure;
use super::image::{ImageArguments, locate};
use super::{Outcome, terminal};
use crate::analyze::detect_base;
use crate::attribute::{self, layer_map};
use crate::layer::{ContentHash, NoContents, ScannedImage};
use crate::report::history::{self as report, HistoryReport};
use crate::source::Opened;

/// Shows how an image was built, and which lines of a Dockerfile made it
///
/// Lists the history of an image with the layer that each step made. With a
/// Dockerfile it tells the line of each step, and what was edited since; where
/// several lines fit equally well, it tells none.
#[derive(Debug, Args)]
#[command(after_long_help = EXIT_STATUS)]
pub(super) struct HistoryCommand {
    /// File, folder or name of the image (`rslim analyze --help` lists the forms)
    image: String,

    #[command(flatten)]
    dockerfile: DockerfileArguments,

    #[command(flatten)]
    image_arguments: ImageArguments,

    /// Form of the report on standard output
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = HistoryFormat::Table, help_heading = "Output")]
    format: HistoryFormat,

    /// Print no warnings and no progress
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
}

/// Values of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HistoryFormat {
    /// For people, the newest step last
    Table,
    /// For programs: the documented, versioned report
    Json,
    /// A Dockerfile that says what history says
    Dockerfile,
}

const EXIT_STATUS: &str =
    "Exit status: 0 fine, 2 wrong usage, unreadable image or Dockerfile, 130 interrupted.";

pub(super) fn run(command: &HistoryCommand) -> Result<Outcome, Failure> {
    command.image_arguments.use_threads();
    let file = command.dockerfile.read()?;
    let opened = command.image_arguments.open(&locate(&command.image)?)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match (command.format, opened) {
        // Only sizes need the layers.
        (HistoryFormat::Dockerfile, Opened::Image(open)) => {
            out.write_all(reconstructed(&open.image).as_bytes())
        }
        (HistoryFormat::Dockerfile, opened) => {
            out.write_all(reconstructed(&read(command, opened)?.image).as_bytes())
        }
        (format, opened) => {
            let scanned = read(command, opened)?;
            let history = &scanned.image.config.history;
            let layers = scanned.layers.len();
            let answer = match &file {
                Some(file) => {
                    let answer = file.explain(&scanned.image, layers, None)?;
                    Some((file.path.as_str(), answer))
                }
                None => None,
            };
            let report = HistoryReport {
                name: &command.image,
                scanned: &scanned,
                map: &layer_map(history, layers),
                explained: answer.as_ref().map(|(path, answer)| (*path, answer)),
            };
            match format {
                HistoryFormat::Json => report::json(&report, &mut out),
                _ => report::table(&report, terminal::width(), &mut out),
            }
        }
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing("standard output", &error))?;
    Ok(Outcome::Fine)
}

fn reconstructed(image: &crate::oci::Image) -> String {
    attribute::reconstruct(&image.config.history, detect_base(image).as_ref())
}

fn read(command: &HistoryCommand, opened: Opened) -> Result<ScannedImage, Failure> {
    let image = &command.image_arguments;
    let hash = ContentHash::Blake3;
    let scanned = image.scan(&command.image, opened, hash, &NoContents, command.quiet)?;
    if !command.quiet {
        terminal::warn_each(&scanned.warnings, "`rslim analyze -f json` has all of them");
    }
    Ok(scanned)
}

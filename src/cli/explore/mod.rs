//! `rslim explore`.

mod contents;
mod screen;
mod worker;

use std::io::{self, IsTerminal as _};
use std::sync::Arc;

use clap::Args;

use super::dockerfile::DockerfileArguments;
use super::failure::Failure;
use super::image::{ImageArguments, locate};

pub(super) use screen::restore_if_shown;

/// Shows layers, files and waste of an image, to look around in
///
/// Layers are on the left, files and findings on the right; ? shows all keys. The
/// screen is there at once, while layers are still being read.
#[derive(Debug, Args)]
#[command(after_long_help = EXIT_STATUS)]
pub(super) struct ExploreCommand {
    /// File, folder or name of the image (`rslim analyze --help` lists the forms)
    image: String,

    #[command(flatten)]
    dockerfile: DockerfileArguments,

    #[command(flatten)]
    image_arguments: ImageArguments,
}

const EXIT_STATUS: &str = "\
Exit status: 0 fine, 2 wrong usage, no terminal, unreadable image or Dockerfile, 130 interrupted.";

pub(super) fn run(command: Box<ExploreCommand>) -> Result<(), Failure> {
    let command: Arc<ExploreCommand> = Arc::from(command);
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(
            Failure::new("explore needs a terminal for its keys and its screen")
                .help("rslim analyze writes the same findings to a file or a pipe"),
        );
    }
    let locator = locate(&command.image)?;
    let dockerfile = command.dockerfile.read()?;
    command.image_arguments.use_threads();
    let worker = worker::start(&command, locator, dockerfile);
    screen::run(&command, worker)
}

//! The image that a command is about, and how it is opened.

use clap::Args;

use super::arguments::{Reading, RegistryArguments};
use super::failure::Failure;
use crate::oci::Platform;
use crate::source::{self, Locator, OpenOptions, Opened};

/// What every command has that reads images.
#[derive(Debug, Args)]
pub(super) struct ImageArguments {
    /// Which image of a multi-platform one, as os/arch[/variant] [default: the host's]
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,

    #[command(flatten)]
    pub(super) reading: Reading,

    #[command(flatten)]
    pub(super) registry: RegistryArguments,
}

impl ImageArguments {
    /// Opens an image.
    pub(super) fn open(&self, locator: &Locator) -> Result<Opened, Failure> {
        let options = OpenOptions {
            platform: self.platform.clone(),
            limits: self.reading.limits(),
            registry: self.registry.options(),
        };
        source::open(locator, &options).map_err(|error| Failure::of("", &error))
    }

    /// Has judgements use as many threads as reading does.
    pub(super) fn use_threads(&self) {
        // Fails only when a pool was made before, which then does as well.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(self.reading.jobs())
            .build_global();
    }
}

/// Parses the name of an image.
pub(super) fn locate(image: &str) -> Result<Locator, Failure> {
    let parsed = image.parse();
    parsed.map_err(|error| Failure::of(&format!("image {image:?}"), &error))
}

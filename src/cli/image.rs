//! The image that a command is about, and how it is opened.

use clap::Args;

use super::arguments::{Reading, RegistryArguments};
use super::failure::Failure;
use super::progress::Bars;
use crate::layer::{self, ContentHash, ScanOptions, ScannedImage, WantedContents};
use crate::oci::Platform;
use crate::source::{self, Family, Locator, OpenImage, OpenOptions, Opened};

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
        let options = self.options(self.platform.clone());
        source::open(locator, &options).map_err(|error| Failure::of("", &error))
    }

    /// Opens an image so that its blobs can be read by position; what passes
    /// once is kept in a temporary file.
    pub(super) fn open_kept(&self, locator: &Locator) -> Result<OpenImage, Failure> {
        let opened = self.open(locator)?;
        self.kept(opened)
    }

    /// As [`ImageArguments::open_kept`], where only one platform makes sense.
    pub(super) fn open_for(
        &self,
        locator: &Locator,
        platform: &Platform,
    ) -> Result<OpenImage, Failure> {
        let wanted = self.platform.clone().unwrap_or_else(|| platform.clone());
        let opened = source::open(locator, &self.options(Some(wanted)));
        self.kept(opened.map_err(|error| Failure::of("", &error))?)
    }

    /// Opens an image for all its platforms.
    pub(super) fn open_family(&self, locator: &Locator) -> Result<Family, Failure> {
        let family = source::open_family(locator, &self.options(None));
        family.map_err(|error| Failure::of("", &error))
    }

    fn options(&self, platform: Option<Platform>) -> OpenOptions {
        OpenOptions {
            platform,
            limits: self.reading.limits(),
            registry: self.registry.options(),
        }
    }

    fn kept(&self, opened: Opened) -> Result<OpenImage, Failure> {
        match opened {
            Opened::Image(open) => Ok(open),
            Opened::Stream(stream) => stream
                .keep(&self.reading.limits())
                .map_err(|error| Failure::of("", &error)),
        }
    }

    /// Reads the layers of an image, with bars while that takes long.
    pub(super) fn scan(
        &self,
        name: &str,
        opened: Opened,
        hash: ContentHash,
        wanted: &dyn WantedContents,
        quiet: bool,
    ) -> Result<ScannedImage, Failure> {
        let bars = Bars::new(quiet);
        let options = ScanOptions {
            limits: self.reading.limits(),
            jobs: self.reading.jobs(),
            hash,
            verify: self.reading.verify.into(),
            wanted,
            spool_from: None,
            progress: &bars,
        };
        let scanned = layer::scan(opened, &options);
        bars.clear();
        scanned.map_err(|error| {
            let failure = Failure::of(name, &error);
            match error.is_mismatch() {
                true => failure.help("--verify warn reads the image all the same"),
                false => failure,
            }
        })
    }

    /// Has judgements use as many threads as reading does.
    pub(super) fn use_threads(&self) {
        // Fails only when a pool was made before, which then does as well.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(self.reading.jobs())
            .build_global();
    }
}

/// The hash to tell files apart by: tables of contents have SHA-256 digests of
/// them, anything else is hashed faster.
pub(super) fn content_hash(opened: &Opened) -> ContentHash {
    match opened {
        Opened::Image(open) if open.has_toc() => ContentHash::Sha256,
        _ => ContentHash::Blake3,
    }
}

/// Parses the name of an image.
pub(super) fn locate(image: &str) -> Result<Locator, Failure> {
    let parsed = image.parse();
    parsed.map_err(|error| Failure::of(&format!("image {image:?}"), &error))
}

//! Which layers a command is about.

use clap::Args;

use super::super::failure::Failure;
use super::super::image::{ImageArguments, locate};
use crate::analyze;
use crate::rewrite::RangeChoice;
use crate::source::OpenImage;

/// The range of layers.
#[derive(Debug, Args)]
#[command(next_help_heading = "Range")]
pub(in super::super) struct RangeArguments {
    /// Fold all layers; this is the default
    #[arg(long, group = "range")]
    all: bool,

    /// Fold the topmost N layers
    #[arg(long, value_name = "N", group = "range")]
    last: Option<usize>,

    /// Fold all layers from this one up: an index (0 is the lowest), or the start of
    /// its digest or diff_id
    #[arg(long, value_name = "LAYER", group = "range")]
    from: Option<String>,

    /// Fold the layers above the base image, which is told by history or given as IMAGE
    #[arg(
        long,
        value_name = "IMAGE",
        group = "range",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto"
    )]
    keep_base: Option<String>,
}

impl RangeArguments {
    /// The range in this image.
    pub(super) fn choose(
        &self,
        arguments: &ImageArguments,
        open: &OpenImage,
    ) -> Result<RangeChoice, Failure> {
        if let Some(last) = self.last {
            return Ok(RangeChoice::Last(last));
        }
        if let Some(from) = &self.from {
            return Ok(RangeChoice::From(from.clone()));
        }
        match &self.keep_base {
            None => Ok(RangeChoice::All),
            Some(base) => base_layers(base, arguments, open).map(RangeChoice::Above),
        }
    }
}

/// How many of the layers are the base's.
pub(in super::super) fn base_layers(
    base: &str,
    arguments: &ImageArguments,
    open: &OpenImage,
) -> Result<usize, Failure> {
    if base == "auto" {
        let found = analyze::detect_base(&open.image);
        let found = found.ok_or_else(|| {
            Failure::new("--keep-base: nothing in the image tells where its base ends")
                .help("give the base with --keep-base=IMAGE, or the layers with --from or --last")
        })?;
        return Ok(found.layers);
    }
    let given = arguments.open_for(&locate(base)?, &open.image.platform)?;
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
    Ok(found.layers)
}

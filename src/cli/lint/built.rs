//! The image that a Dockerfile built, for measuring findings.

use super::{LintCommand, Loaded};
use crate::analyze;
use crate::attribute::Attributions;
use crate::cli::dockerfile::Given;
use crate::cli::failure::Failure;
use crate::cli::image::{content_hash, locate};
use crate::cli::terminal;
use crate::dockerfile;
use crate::inspect::InspectedContents;
use crate::lint::BuiltImage;
use crate::ruleset::{CacheRules, SecretRules};

/// Reads the image that `--image` names, as the one Dockerfile at hand explains it.
pub(super) fn image(
    command: &LintCommand,
    loaded: &[Loaded],
) -> Result<Option<BuiltImage>, Failure> {
    let Some(name) = &command.image else {
        return Ok(None);
    };
    let [only] = loaded else {
        return Err(Failure::new(format!(
            "--image {name}: {} Dockerfiles are to be checked",
            loaded.len()
        ))
        .help("name the one that the image was built from"));
    };
    let Ok(bytes) = &only.bytes else {
        return Ok(None);
    };
    let Ok((text, _)) = dockerfile::decode(bytes) else {
        return Ok(None);
    };
    let given = Given::new(&only.name, text, command.target.as_deref());
    // The syntax error is a finding of its own.
    if !given.has_stage() {
        return Ok(None);
    }
    let shipped = |error: &dyn std::error::Error| Failure::of("shipped rules", error);
    let secrets = SecretRules::builtin().map_err(|error| shipped(&error))?;
    let caches = CacheRules::builtin().map_err(|error| shipped(&error))?;
    let arguments = &command.image_arguments;
    let opened = arguments.open(&locate(name)?)?;
    let wanted = InspectedContents(&secrets);
    let quiet = command.output.quiet;
    let hash = content_hash(&opened);
    let scan = arguments.scan(name, opened, hash, &wanted, quiet)?;
    let analysis =
        analyze::analyze(&scan, &caches, None).map_err(|error| Failure::of(name, &error))?;
    let layers = scan.layers.len();
    let answer = given.explain(&scan.image, layers, None)?;
    if !quiet {
        warn_of_unknown(&given, name, &answer);
    }
    given.built(&scan, &analysis, &answer, &secrets).map(Some)
}

/// Says that some layers have no line.
pub(in crate::cli) fn warn_of_unknown(given: &Given, image: &str, answer: &Attributions) {
    let unknown = answer.layers.iter().filter(|made| made.place.is_none());
    let unknown = unknown.count();
    if unknown > 0 {
        terminal::warn(&format!(
            "{}: no line is sure to have made {unknown} of the {} layers of {image}; what they hold is reported at the FROM",
            given.path,
            answer.layers.len(),
        ));
    }
}

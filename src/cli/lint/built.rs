//! The image that a Dockerfile built, for measuring findings.

use super::{LintCommand, Loaded};
use crate::analyze::{self, Evidence};
use crate::attribute::{Question, StageError, attribute};
use crate::cli::failure::Failure;
use crate::cli::image::locate;
use crate::cli::terminal;
use crate::dockerfile;
use crate::inspect::{InspectedContents, inspect};
use crate::layer::ContentHash;
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
    let file = dockerfile::parse(text);
    let shipped = |error: &dyn std::error::Error| Failure::of("shipped rules", error);
    let secrets = SecretRules::builtin().map_err(|error| shipped(&error))?;
    let caches = CacheRules::builtin().map_err(|error| shipped(&error))?;
    let arguments = &command.image_arguments;
    let opened = arguments.open(&locate(name)?)?;
    let wanted = InspectedContents(&secrets);
    let hash = ContentHash::Blake3;
    let scan = arguments.scan(name, opened, hash, &wanted, command.output.quiet)?;
    let (analysis, inspection) = rayon::join(
        || analyze::analyze(&scan, &caches, None),
        || inspect(&scan, &secrets),
    );
    let analysis = analysis.map_err(|error| Failure::of(name, &error))?;
    let inspection = inspection.map_err(|error| Failure::of(name, &error))?;
    let base = analysis.base.as_ref();
    let question = Question {
        history: &scan.image.config.history,
        layers: scan.layers.len(),
        dockerfile: &file,
        target: command.target.as_deref(),
        base_layers: base
            .filter(|base| base.evidence == Evidence::Image)
            .map(|base| base.layers),
    };
    let attributions = match attribute(&question) {
        Ok(attributions) => attributions,
        // The syntax error is a finding of its own.
        Err(StageError::Empty) => return Ok(None),
        Err(error) => {
            return Err(Failure::of(&only.name, &error)
                .help("--target takes the name after AS, or the number of a FROM, from 0"));
        }
    };
    let unknown = attributions
        .layers
        .iter()
        .filter(|made| made.place.is_none());
    let unknown = unknown.count();
    if unknown > 0 && !command.output.quiet {
        terminal::warn(&format!(
            "{}: no line is sure to have made {unknown} of the {} layers of {name}; what they hold is reported at the FROM",
            only.name,
            scan.layers.len(),
        ));
    }
    let stage = command.target.as_deref().and_then(|target| {
        let stages = &file.model.stages;
        let name = target.to_lowercase();
        let named = stages
            .iter()
            .rposition(|stage| stage.name.as_deref() == Some(&name));
        named.or_else(|| {
            target
                .parse()
                .ok()
                .filter(|&number: &usize| number < stages.len())
        })
    });
    let image = &scan.image;
    Ok(Some(BuiltImage::new(
        image,
        &analysis,
        &attributions,
        inspection,
        stage,
    )))
}

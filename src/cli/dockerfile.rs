//! The Dockerfile that an image was built from.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::Failure;
use crate::analyze::Analysis;
use crate::attribute::{self, Attributions, Question, StageError};
use crate::dockerfile::{self, Dockerfile};
use crate::inspect::inspect;
use crate::layer::ScannedImage;
use crate::lint::BuiltImage;
use crate::oci::Image;
use crate::ruleset::SecretRules;

/// Bytes of a Dockerfile that are read.
const FILE_LIMIT: u64 = 8 << 20;

/// Names the Dockerfile and the stage of it that was built.
#[derive(Debug, Args)]
pub(super) struct DockerfileArguments {
    /// Dockerfile that the image was built from
    #[arg(long, value_name = "FILE")]
    dockerfile: Option<PathBuf>,

    /// Stage that was built, by name or number [default: the last one]
    #[arg(long, value_name = "STAGE", requires = "dockerfile")]
    target: Option<String>,
}

/// A Dockerfile that was read.
#[derive(Debug)]
pub(super) struct Given {
    /// Its path as it was typed.
    pub(super) path: String,
    file: Dockerfile,
    target: Option<String>,
}

impl DockerfileArguments {
    /// The file that was given.
    pub(super) fn path(&self) -> Option<&Path> {
        self.dockerfile.as_deref()
    }

    /// Reads the file, where one was given.
    pub(super) fn read(&self) -> Result<Option<Given>, Failure> {
        let Some(path) = &self.dockerfile else {
            return Ok(None);
        };
        Ok(Some(Given {
            path: path.display().to_string(),
            file: read(path)?,
            target: self.target.clone(),
        }))
    }
}

impl Given {
    /// A Dockerfile whose text is at hand.
    pub(super) fn new(path: &str, text: String, target: Option<&str>) -> Self {
        Given {
            path: path.to_owned(),
            file: dockerfile::parse(text),
            target: target.map(str::to_owned),
        }
    }

    /// Whether there is anything to build.
    pub(super) fn has_stage(&self) -> bool {
        !self.file.model.stages.is_empty()
    }

    /// What rules of lint know of the image that was built. It must have been
    /// read with [`crate::inspect::InspectedContents`].
    pub(super) fn built(
        &self,
        scan: &ScannedImage,
        analysis: &Analysis,
        answer: &Attributions,
        secrets: &SecretRules,
    ) -> Result<BuiltImage, Failure> {
        let inspection =
            inspect(scan, secrets).map_err(|error| Failure::of(&scan.image.reference, &error))?;
        let target = self.target.as_deref();
        let stage = target.and_then(|target| attribute::stage(&self.file, target));
        let image = &scan.image;
        Ok(BuiltImage::new(image, analysis, answer, inspection, stage))
    }

    /// The file's text.
    #[cfg(feature = "tui")]
    pub(super) fn text(&self) -> &str {
        &self.file.text
    }

    /// Which instructions made the layers of an image, of which the lowest may be
    /// known to be a base image's.
    pub(super) fn explain(
        &self,
        image: &Image,
        layers: usize,
        base_layers: Option<usize>,
    ) -> Result<Attributions, Failure> {
        let question = Question {
            history: &image.config.history,
            layers,
            dockerfile: &self.file,
            target: self.target.as_deref(),
            base_layers,
        };
        attribute::attribute(&question).map_err(|error| {
            let failure = Failure::of(&self.path, &error);
            match error {
                StageError::Missing(_) => failure
                    .help("--target takes the name after AS, or the number of a FROM, from 0"),
                StageError::Empty => failure,
            }
        })
    }
}

fn read(path: &Path) -> Result<Dockerfile, Failure> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_LIMIT + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::of(&format!("cannot read {name}"), &error))?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(Failure::new(format!(
            "{name} is no Dockerfile: it has more than {FILE_LIMIT} bytes"
        )));
    }
    let (text, _) = dockerfile::decode(&bytes).map_err(|error| Failure::of(&name, &error))?;
    Ok(dockerfile::parse(text))
}

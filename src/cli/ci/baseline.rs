//! The baseline's file.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::analyze::Analysis;
use crate::cli::failure::Failure;
use crate::cli::{output, terminal};
use crate::gate::{Baseline, Finding, Ratchet};

/// Larger files are somebody's mistake.
const SIZE_LIMIT: u64 = 64 << 20;

/// Which baseline, and what to do with it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Baseline")]
pub(super) struct BaselineArguments {
    /// Figures and findings to compare with: what is in it may not grow
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write the baseline: figures that went down, and findings that are gone
    #[arg(long, requires = "baseline")]
    update_baseline: bool,

    /// Also write figures that went up, and new findings
    #[arg(long, requires = "update_baseline")]
    accept_growth: bool,
}

/// A baseline and its file, as it was typed.
pub(super) type Named = (String, Baseline);

impl BaselineArguments {
    pub(super) fn path(&self) -> Option<&Path> {
        self.baseline.as_deref()
    }

    pub(super) fn is_update(&self) -> bool {
        self.update_baseline
    }

    /// The baseline as it is; one that is about to be made need not be there.
    pub(super) fn read(&self) -> Result<Option<Named>, Failure> {
        let Some(path) = &self.baseline else {
            return Ok(None);
        };
        let name = path.display().to_string();
        let mut bytes = Vec::new();
        let read = std::fs::File::open(path)
            .and_then(|file| file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes));
        match read {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                match self.update_baseline {
                    true => return Ok(None),
                    false => {
                        return Err(Failure::new(format!("there is no baseline {name}")).help(
                            format!(
                                "make one: the same command with --update-baseline writes {name}"
                            ),
                        ));
                    }
                }
            }
            Err(error) => return Err(Failure::of(&format!("cannot read baseline {name}"), &error)),
            Ok(_) if bytes.len() as u64 > SIZE_LIMIT => {
                let problem = format!("baseline {name}: larger than {SIZE_LIMIT} bytes");
                return Err(Failure::new(problem));
            }
            Ok(_) => {}
        }
        let parsed = Baseline::parse(&name, &bytes).map_err(|error| {
            Failure::new(error.to_string())
                .help("--update-baseline writes a new one, once this one is out of the way")
        })?;
        Ok(Some((name, parsed)))
    }

    /// The baseline to write, if that was asked.
    pub(super) fn updated(
        &self,
        before: Option<&Named>,
        analysis: &Analysis,
        findings: Option<&[Finding]>,
        quiet: bool,
    ) -> Result<Option<Named>, Failure> {
        let Some(path) = self.baseline.as_ref().filter(|_| self.update_baseline) else {
            return Ok(None);
        };
        let new = Baseline::of(analysis, findings);
        let Some((name, before)) = before else {
            return Ok(Some((path.display().to_string(), new)));
        };
        let ratchet = match self.accept_growth {
            true => Ratchet::Release,
            false => Ratchet::Hold,
        };
        let (next, kept) = before.updated(&new, ratchet);
        if !quiet {
            for (figure, old, new) in &kept.figures {
                terminal::note(&format!("baseline: {figure} stays {old}, it is {new} now"));
            }
            if kept.findings > 0 {
                let findings = kept.findings;
                terminal::note(&format!(
                    "baseline: {findings} new findings are not taken over"
                ));
            }
            if kept != Default::default() {
                terminal::note("baseline: --accept-growth takes over what has grown");
            }
        }
        Ok(Some((name.clone(), next)))
    }
}

/// Writes the file; it appears whole or not at all.
pub(super) fn write(name: &str, baseline: &Baseline) -> Result<(), Failure> {
    output::write_file(Path::new(name), |out| baseline.write(out)).map_err(|error| {
        Failure::writing(name, &error)
            .help("choose a file in a folder that exists and can be written")
    })
}

//! What is kept and what goes, as it is typed: shared by `slim` and `why`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::super::failure::Failure;
use crate::evidence::Evidence;
use crate::slim::{Given, Options, PathList, Settings, Tier};
use crate::source::OpenImage;

/// Values of `--tier`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TierArgument {
    /// Remove only what is known to be inert: caches, documentation, headers, …
    Safe,
    /// Remove packages that nothing reaches too, each as a whole
    Package,
    /// Remove files that nothing reaches too
    File,
    /// Remove everything that no run used: needs probes, or --evidence
    Used,
}

impl From<TierArgument> for Tier {
    fn from(tier: TierArgument) -> Self {
        match tier {
            TierArgument::Safe => Tier::Safe,
            TierArgument::Package => Tier::Package,
            TierArgument::File => Tier::File,
            TierArgument::Used => Tier::Used,
        }
    }
}

/// What to keep.
#[derive(Debug, Args)]
#[command(next_help_heading = "What stays")]
pub(in super::super) struct KeepingArguments {
    /// How far to go [default: package]
    #[arg(long, value_enum, value_name = "TIER")]
    tier: Option<TierArgument>,

    /// Keep what matches: patterns as in .dockerignore, from the image's root
    #[arg(long, value_name = "GLOB")]
    preserve: Vec<String>,

    /// File with such patterns, one a line; `#` begins a comment, `!` takes back
    #[arg(long, value_name = "FILE")]
    preserve_file: Vec<PathBuf>,

    /// Remove what matches, whatever needs it
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,

    /// Keep a program with all that it needs: a name or a path
    #[arg(long, value_name = "PROGRAM")]
    include_bin: Vec<String>,

    /// Keep a shell and the usual commands, for looking around in a container
    #[arg(long)]
    include_shell: bool,

    /// Keep what runs of the image used: a file of --save-evidence
    #[arg(long, value_name = "FILE")]
    evidence: Vec<PathBuf>,

    /// Make it an error when a pattern matches nothing
    #[arg(long)]
    strict: bool,

    /// Settings file [default: .rslim.toml in the working directory]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Files of settings and patterns are small.
const LARGEST: u64 = 16 << 20;

impl KeepingArguments {
    /// The options for an image, whose labels count too.
    pub(in super::super) fn options(&self, open: &OpenImage) -> Result<Options, Failure> {
        let settings = self.settings()?;
        let mut options = Options {
            tier: self
                .tier
                .map(Tier::from)
                .or(settings.tier)
                .unwrap_or_default(),
            include_bin: settings.include_bin,
            include_shell: self.include_shell || settings.include_shell,
            strict: self.strict,
            evidence: self.evidence()?,
            ..Options::default()
        };
        let given = |place: &str, patterns: &[String]| -> Vec<Given> {
            let each = patterns.iter().map(|text| Given {
                place: place.to_owned(),
                text: text.clone(),
            });
            each.collect()
        };
        let labels = &open.image.config.config.labels;
        if let Some(label) = labels.get("rslim.preserve") {
            let patterns = label.split([',', '\n', ' ']);
            let patterns: Vec<String> = patterns.map(str::to_owned).collect();
            options
                .preserve
                .extend(given("label rslim.preserve", &patterns));
        }
        options
            .preserve
            .extend(given(".rslim.toml", &settings.preserve));
        for file in &self.preserve_file {
            let text = read(file)?;
            let lines = PathList::lines(&file.display().to_string(), &text);
            options.preserve.extend(lines);
        }
        options.preserve.extend(given("--preserve", &self.preserve));
        options
            .exclude
            .extend(given(".rslim.toml", &settings.exclude));
        options.exclude.extend(given("--exclude", &self.exclude));
        options.include_bin.extend(self.include_bin.iter().cloned());
        Ok(options)
    }

    fn evidence(&self) -> Result<Evidence, Failure> {
        let mut all = Evidence::default();
        for file in &self.evidence {
            let text = read(file)?;
            let evidence = Evidence::parse(text.as_bytes());
            let evidence =
                evidence.map_err(|error| Failure::of(&file.display().to_string(), &error))?;
            all.merge(&evidence);
        }
        Ok(all)
    }

    fn settings(&self) -> Result<Settings, Failure> {
        let usual = PathBuf::from(".rslim.toml");
        let file = match &self.config {
            Some(file) => file,
            None if usual.is_file() => &usual,
            None => return Ok(Settings::default()),
        };
        let text = read(file)?;
        Settings::parse(&text).map_err(|error| Failure::of(&file.display().to_string(), &error))
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    let doing = || format!("cannot read {}", file.display());
    let size = fs::metadata(file).map_err(|error| Failure::of(&doing(), &error))?;
    if size.len() > LARGEST {
        return Err(Failure::new(format!("{}: it is too large", doing())));
    }
    fs::read_to_string(file).map_err(|error| Failure::of(&doing(), &error))
}

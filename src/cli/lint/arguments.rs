//! What can be typed after `rslim lint`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::arguments::{OutputArguments, ReportFormat};
use crate::cli::image::ImageArguments;
use crate::lint::{Applicability, Compat};
use crate::report::lint::LintFormat;
use crate::ruleset::Severity;

const LINT_HELP: &str = "\
PATH is a file, a folder to search, or - for standard input; without one the
current folder is searched. In folders these are Dockerfiles: Dockerfile,
Containerfile, Dockerfile.*, Containerfile.*, *.Dockerfile, *.Containerfile;
what .gitignore leaves out is left out.

Settings come from the command line, then from .rslim.toml or .hadolint.yaml in
the Dockerfile's folder or the nearest one above it, then from HADOLINT_*.

Exit status: 0 nothing at or above the threshold, 1 findings, 2 wrong usage, a
file that cannot be read, or text that is no Dockerfile, 130 interrupted.";

/// Checks Dockerfiles against best practice
///
/// Reports mistakes, wasted bytes and risks with their exact place, and mends
/// what can be mended. Knows hadolint's rules, BuildKit's build checks and
/// ShellCheck's codes under their own names, and rules of its own.
#[derive(Debug, Args)]
#[command(after_long_help = LINT_HELP)]
pub(in crate::cli) struct LintCommand {
    /// Files and folders, or - for standard input [default: .]
    pub(super) paths: Vec<PathBuf>,

    /// Apply fixes: the safe ones, or with =unsafe those to look at as well
    #[arg(long, value_enum, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "safe")]
    pub(super) fix: Option<FixArgument>,

    /// Show what the fixes would change, and change nothing
    #[arg(long, conflicts_with = "formats")]
    pub(super) diff: bool,

    /// Folder that the images are built from [default: the Dockerfile's own]; its files are measured
    #[arg(long, value_name = "DIR")]
    pub(super) context: Option<PathBuf>,

    /// Image that was built from the Dockerfile: findings get its bytes (`rslim analyze --help` lists the forms)
    #[arg(long, value_name = "IMAGE")]
    pub(super) image: Option<String>,

    /// Stage that the image was built from, by name or number [default: the last one]
    #[arg(long, value_name = "STAGE", requires = "image")]
    pub(super) target: Option<String>,

    /// Value of an ARG at build time
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) build_arg: Vec<String>,

    /// Refuse larger files
    #[arg(long, value_name = "BYTES", default_value_t = 32 << 20)]
    pub(super) max_file_size: u64,

    /// Search folders that .gitignore leaves out, too
    #[arg(long)]
    pub(super) no_gitignore: bool,

    #[command(flatten)]
    pub(super) rules: RuleArguments,

    /// Judge shell text by an installed shellcheck
    #[arg(long, value_enum, value_name = "WHEN", help_heading = "Shell")]
    pub(super) shellcheck: Option<ShellcheckArgument>,

    /// Do not judge shell text
    #[arg(long, conflicts_with = "shellcheck", help_heading = "Shell")]
    pub(super) no_shell_lint: bool,

    #[command(flatten)]
    pub(super) image_arguments: ImageArguments,

    /// Name of the file in reports, for standard input
    #[arg(long, value_name = "PATH", help_heading = "Output")]
    pub(super) file_path_in_report: Option<String>,

    /// hadolint's word for --color never
    #[arg(long, hide = true)]
    pub(super) no_color: bool,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArguments<FormatArgument>,
}

/// Which rules, and how bad they are.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules")]
pub(super) struct RuleArguments {
    /// Whose answers to give where tools differ
    #[arg(long, value_enum, value_name = "TOOL")]
    pub(super) compat: Option<CompatArgument>,

    /// Only these rules: codes, names, aliases, prefixes such as DL3, families such as size, or all
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(super) select: Vec<String>,

    /// Not these rules
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(super) ignore: Vec<String>,

    /// Make these rules errors
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(super) error: Vec<String>,

    /// Make these rules warnings
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(super) warning: Vec<String>,

    /// Make these rules infos
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(super) info: Vec<String>,

    /// Make these rules a matter of style
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(super) style: Vec<String>,

    /// Least severity that fails the run: error, warning, info, style or none [default: info]
    #[arg(short = 't', long, value_name = "SEVERITY")]
    pub(super) failure_threshold: Option<Severity>,

    /// Findings do not fail the run
    #[arg(long)]
    pub(super) no_fail: bool,

    /// Registry that images may come from; repeat it to have several
    #[arg(long, value_name = "HOST")]
    pub(super) trusted_registry: Vec<String>,

    /// Label that images must have, and its type: text, url, semver, hash, rfc3339, spdx, email
    #[arg(long, value_name = "NAME[:TYPE]")]
    pub(super) require_label: Vec<String>,

    /// Allow no labels but the required ones
    #[arg(long)]
    pub(super) strict_labels: bool,

    /// Comments cannot ignore anything
    #[arg(long)]
    pub(super) disable_ignore_pragma: bool,

    /// Folder with rules of your own (TOML)
    #[arg(long = "rules", value_name = "DIR")]
    pub(super) folders: Vec<PathBuf>,

    /// Settings to use instead of those found near the Dockerfile
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// Use no settings but those of the command line
    #[arg(long, conflicts_with = "config")]
    pub(super) no_config: bool,
}

/// Values of `--fix`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FixArgument {
    /// Only fixes that leave the image's behaviour as it is
    Safe,
    /// Also fixes that a person should look at
    Unsafe,
}

/// Values of `--compat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CompatArgument {
    /// Nobody's: the right ones
    None,
    /// hadolint's rules, with its answers and positions
    Hadolint,
    /// BuildKit's build checks, as `docker build --check`
    Buildkit,
}

impl From<CompatArgument> for Compat {
    fn from(argument: CompatArgument) -> Self {
        match argument {
            CompatArgument::None => Compat::None,
            CompatArgument::Hadolint => Compat::Hadolint,
            CompatArgument::Buildkit => Compat::Buildkit,
        }
    }
}

/// Values of `--shellcheck`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ShellcheckArgument {
    /// It must be installed
    Required,
    /// If it is installed
    Auto,
    /// By the linter inside rslim
    Off,
}

/// Values of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FormatArgument {
    /// For people, with the source underlined
    Pretty,
    /// One line a finding, as hadolint
    Tty,
    /// One line a finding, as compilers
    Gnu,
    /// For programs: the documented, versioned report
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Checkstyle XML
    Checkstyle,
    /// Code Climate issues
    Codeclimate,
    /// GitLab code quality
    #[value(name = "gitlab_codeclimate", alias = "gitlab")]
    GitlabCodeclimate,
    /// Codacy
    Codacy,
    /// SonarQube generic issues
    Sonarqube,
    /// JUnit XML
    Junit,
    /// GitHub workflow commands
    Github,
}

impl From<FormatArgument> for LintFormat {
    fn from(argument: FormatArgument) -> Self {
        match argument {
            FormatArgument::Pretty => LintFormat::Pretty,
            FormatArgument::Tty => LintFormat::Tty,
            FormatArgument::Gnu => LintFormat::Gnu,
            FormatArgument::Json => LintFormat::Json,
            FormatArgument::Sarif => LintFormat::Sarif,
            FormatArgument::Checkstyle => LintFormat::Checkstyle,
            FormatArgument::Codeclimate => LintFormat::Codeclimate,
            FormatArgument::GitlabCodeclimate => LintFormat::GitlabCodeclimate,
            FormatArgument::Codacy => LintFormat::Codacy,
            FormatArgument::Sonarqube => LintFormat::Sonarqube,
            FormatArgument::Junit => LintFormat::Junit,
            FormatArgument::Github => LintFormat::Github,
        }
    }
}

impl ReportFormat for FormatArgument {
    fn of_file(file: &Path, default: Self) -> Self {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("json") => FormatArgument::Json,
            Some("sarif") => FormatArgument::Sarif,
            Some("xml") => FormatArgument::Checkstyle,
            _ => default,
        }
    }
}

impl FormatArgument {
    /// The format that settings name, else the one for people.
    ///
    /// # Errors
    /// The first name that is no format.
    pub(super) fn default_of(names: &[String]) -> Result<Self, String> {
        match names.first() {
            None => Ok(FormatArgument::Pretty),
            Some(name) => FormatArgument::from_str(name, true).map_err(|_| name.clone()),
        }
    }

    /// Whether files that could not be read are told to a person in it.
    pub(super) fn shows_failures(self) -> bool {
        matches!(
            self,
            FormatArgument::Pretty
                | FormatArgument::Tty
                | FormatArgument::Gnu
                | FormatArgument::Github
        )
    }
}

impl LintCommand {
    pub(super) fn jobs(&self) -> usize {
        self.image_arguments.reading.jobs()
    }

    /// The fixes to apply or show, if any.
    pub(super) fn fixes(&self) -> Option<Applicability> {
        match (self.fix, self.diff) {
            (Some(FixArgument::Unsafe), _) => Some(Applicability::Unsafe),
            (Some(FixArgument::Safe), _) | (None, true) => Some(Applicability::Safe),
            (None, false) => None,
        }
    }

    /// The path as reports show it.
    pub(in crate::cli) fn shown(&self, path: &Path) -> String {
        match &self.file_path_in_report {
            Some(name) => name.clone(),
            None => path
                .strip_prefix("./")
                .unwrap_or(path)
                .to_string_lossy()
                .into_owned(),
        }
    }
}

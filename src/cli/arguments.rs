//! What can be typed.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use super::cache::CacheCommand;
use super::ci::CiCommand;
use super::completions::{CompletionsCommand, ManCommand};
use super::config::ConfigCommand;
use super::diff::DiffCommand;
use super::dockerfile::DockerfileArguments;
#[cfg(feature = "tui")]
use super::explore::ExploreCommand;
use super::failure::Failure;
use super::history::HistoryCommand;
use super::image::ImageArguments;
use super::lint::LintCommand;
use super::rules::RulesCommand;
use super::slim::SlimCommand;
use super::squash::SquashCommand;
use super::terminal;
use super::why::WhyCommand;
use crate::codec::Limits;
use crate::layer::Verify;
use crate::registry;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Says why container images are big and which of their bytes are wasted.
#[derive(Debug, Parser)]
#[command(name = "rslim", version, styles = STYLES, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Analyze(Box<AnalyzeCommand>),
    Cache(CacheCommand),
    Ci(Box<CiCommand>),
    Completions(CompletionsCommand),
    Config(ConfigCommand),
    Diff(Box<DiffCommand>),
    #[cfg(feature = "tui")]
    Explore(Box<ExploreCommand>),
    History(Box<HistoryCommand>),
    Lint(Box<LintCommand>),
    Man(ManCommand),
    Rules(RulesCommand),
    Slim(Box<SlimCommand>),
    Squash(Box<SquashCommand>),
    Why(Box<WhyCommand>),
}

const IMAGE_HELP: &str = "\
IMAGE is a file or folder, or a name after a transport:
  app.tar, folder             docker archive, OCI archive or OCI layout, recognised by content
  docker-archive:FILE[:REF]   what `docker save` and `podman save` write
  oci-archive:FILE[:TAG]      an OCI layout in a tar archive
  oci:DIR[:TAG]               an OCI layout in a folder
  docker-daemon:REF           an image in Docker (DOCKER_HOST and contexts are followed)
  podman:REF                  an image in podman, by its Docker-compatible socket
  docker://REF, registry:REF  an image in a registry; its layers are read from there
  REF                         any other word: looked for in Docker, then in podman, and when it
                              begins with a host name in that registry

Exit status: 0 fine, 2 wrong usage or unreadable image, 130 interrupted.";

/// Shows where an image's bytes are and which of them are wasted
///
/// Reads all layers in parallel and reports the size of each, the bytes that
/// later layers delete or store again, leftovers of package managers,
/// duplicates, packages, and what to do about it.
#[derive(Debug, Args)]
#[command(after_long_help = IMAGE_HELP)]
pub(super) struct AnalyzeCommand {
    /// File, folder or name of the image (--help lists the forms)
    pub(super) image: String,

    /// Image that this one was built from, or `auto` to tell from its history
    #[arg(long, value_name = "IMAGE", default_value = "auto")]
    pub(super) base: String,

    #[command(flatten)]
    pub(super) dockerfile: DockerfileArguments,

    /// Rows of each list in the table
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(super) top: usize,

    #[command(flatten)]
    pub(super) image_arguments: ImageArguments,

    #[command(flatten)]
    pub(super) output: OutputArguments<Format>,
}

/// Values of `--format` of commands with one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatArgument {
    /// For people
    Text,
    /// For programs: the documented, versioned report
    Json,
}

/// The report of commands that have one, on standard output.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct ReportArguments {
    /// Form of the report on standard output
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = FormatArgument::Text)]
    pub(super) format: FormatArgument,

    /// When to use colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorArgument::Auto)]
    pub(super) color: ColorArgument,
}

impl ReportArguments {
    /// Whether to use colours.
    pub(super) fn color(&self) -> bool {
        terminal::color(self.color, std::io::stdout().is_terminal())
    }
}

/// How images are read, the same for every command that reads one.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub(super) struct Reading {
    /// Threads to read with [default: one for each processor]
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<NonZeroUsize>,

    /// Which layers to check against their digests
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = VerifyArgument::Auto)]
    pub(super) verify: VerifyArgument,

    /// Stop at this many entries in all layers together
    #[arg(long, value_name = "N", default_value_t = Limits::default().entries)]
    pub(super) max_entries: u64,

    /// Stop when one layer has more uncompressed bytes
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().layer_bytes)]
    pub(super) max_layer_size: u64,

    /// Stop when a layer of several GB holds more bytes for each compressed byte
    #[arg(long, value_name = "N", default_value_t = Limits::default().ratio)]
    pub(super) max_ratio: u64,

    /// Stop at a manifest, index or configuration of more bytes
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().document_bytes)]
    pub(super) max_document_size: u64,
}

impl Reading {
    pub(super) fn limits(&self) -> Limits {
        Limits {
            entries: self.max_entries,
            layer_bytes: self.max_layer_size,
            ratio: self.max_ratio,
            document_bytes: self.max_document_size,
        }
    }

    pub(super) fn jobs(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.jobs.map_or_else(all, NonZeroUsize::get)
    }
}

/// How registries are spoken to.
#[derive(Debug, Args)]
#[command(next_help_heading = "Registry")]
pub(super) struct RegistryArguments {
    /// Speak http to registries that have no TLS; without it only to those on this machine
    #[arg(long)]
    pub(super) plain_http: bool,

    /// File in PEM form with certificates to trust besides the system's
    #[arg(long, value_name = "FILE")]
    pub(super) tls_ca: Vec<PathBuf>,

    /// Trust any certificate
    #[arg(long)]
    pub(super) tls_skip_verify: bool,
}

impl RegistryArguments {
    pub(super) fn options(&self) -> registry::Options {
        registry::Options {
            plain_http: self.plain_http,
            ca_files: self.tls_ca.clone(),
            skip_verify: self.tls_skip_verify,
            ..registry::Options::default()
        }
    }
}

/// Values of `--verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum VerifyArgument {
    /// Compressed layers, and all layers of small images
    Auto,
    /// All layers, even where contents need not be read
    All,
    /// As auto, but a layer that is not the promised one is only a warning
    Warn,
}

impl From<VerifyArgument> for Verify {
    fn from(argument: VerifyArgument) -> Self {
        match argument {
            VerifyArgument::Auto => Verify::Auto,
            VerifyArgument::All => Verify::All,
            VerifyArgument::Warn => Verify::Warn,
        }
    }
}

/// Where and how results are written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArguments<F: ReportFormat> {
    /// Form of the report; repeat it to have several
    #[arg(short, long = "format", value_enum, value_name = "FORMAT")]
    pub(super) formats: Vec<F>,

    /// File for the report of the --format before it [default: standard output]
    #[arg(short, long = "output", value_name = "FILE")]
    pub(super) outputs: Vec<PathBuf>,

    /// When to use colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorArgument::Auto)]
    pub(super) color: ColorArgument,

    /// Print no warnings and no progress
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// Say what is being read and how long it takes
    #[arg(short, long, conflicts_with = "quiet")]
    pub(super) verbose: bool,

    /// Formats and outputs in the order in which they were typed.
    #[arg(skip)]
    pub(super) order: Vec<OutputWord<F>>,
}

/// What a report can be written as.
pub(super) trait ReportFormat:
    ValueEnum + Copy + Eq + Send + Sync + std::fmt::Debug + 'static
{
    /// The format that a file's name asks for.
    fn of_file(file: &Path, default: Self) -> Self;

    /// It cannot be one of several reports of a run.
    fn is_alone(self) -> bool {
        false
    }
}

impl ReportFormat for Format {
    fn of_file(file: &Path, default: Self) -> Self {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("json") => Format::Json,
            Some("html" | "htm") => Format::Html,
            Some("md") => Format::Markdown,
            _ => default,
        }
    }

    fn is_alone(self) -> bool {
        self == Format::Tree
    }
}

/// One `--format` or `--output`, as typed.
#[derive(Debug, Clone)]
pub(super) enum OutputWord<F> {
    Format(F),
    File(PathBuf),
}

/// Values of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// For programs: the documented, versioned report
    Json,
    /// A page for browsers in one file, with maps of the bytes
    Html,
    /// For pull requests and wikis
    Markdown,
    /// The final file tree, one JSON object a path
    Tree,
}

/// Values of `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorArgument {
    /// When standard output is a terminal and NO_COLOR is not set
    Auto,
    Always,
    Never,
}

impl Arguments {
    /// Parses the process's arguments; clap keeps repeated options apart by
    /// name, and their order among each other is put back here.
    pub(super) fn try_parse() -> Result<Self, clap::Error> {
        Self::from_words(std::env::args_os())
    }

    fn from_words<T: Into<OsString> + Clone>(
        words: impl IntoIterator<Item = T>,
    ) -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches_from(words)?;
        let mut arguments = Self::from_arg_matches(&matches)?;
        if let Some((_, matches)) = matches.subcommand() {
            match &mut arguments.command {
                Command::Analyze(analyze) => analyze.output.keep_order(matches),
                Command::Ci(ci) => ci.output.keep_order(matches),
                Command::Diff(diff) => diff.output.keep_order(matches),
                Command::Lint(lint) => lint.output.keep_order(matches),
                // The others have one report.
                _ => {}
            }
        }
        Ok(arguments)
    }
}

/// `rslim lint` with these words.
pub(super) fn lint_command(words: Vec<OsString>) -> Result<LintCommand, Failure> {
    let words = ["rslim".into(), "lint".into()].into_iter().chain(words);
    match Arguments::from_words(words).map(|arguments| arguments.command) {
        Ok(Command::Lint(command)) => Ok(*command),
        Ok(_) => Err(Failure::new("lint is another command")),
        Err(wrong) => Err(Failure::of("lint", &wrong)),
    }
}

impl<F: ReportFormat> OutputArguments<F> {
    fn keep_order(&mut self, matches: &clap::ArgMatches) {
        let places = |id| matches.indices_of(id).into_iter().flatten();
        let formats = self
            .formats
            .iter()
            .map(|&format| OutputWord::Format(format));
        let files = self.outputs.iter().cloned().map(OutputWord::File);
        let mut words: Vec<_> = places("formats")
            .zip(formats)
            .chain(places("outputs").zip(files))
            .collect();
        words.sort_by_key(|&(place, _)| place);
        self.order = words.into_iter().map(|(_, word)| word).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn formats_and_outputs_keep_their_order() {
        let words = [
            "rslim", "analyze", "x", "-f", "json", "-o", "a", "-f", "table",
        ];
        let Command::Analyze(command) = Arguments::from_words(words).unwrap().command else {
            panic!("another command");
        };
        assert!(matches!(
            &command.output.order[..],
            [
                OutputWord::Format(Format::Json),
                OutputWord::File(_),
                OutputWord::Format(Format::Table)
            ]
        ));
    }
}

//! `rslim rules`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::arguments::ColorArgument;
use super::failure::Failure;
use super::{lint, terminal};
use crate::report::rule_pages;
use crate::ruleset::{LintRule, LintRules};

/// Lists the lint rules, or explains some of them
///
/// RULE is a code (DL3008), a name (unpinned-apt-packages), another tool's name
/// for it (JSONArgsRecommended), or a family (size).
#[derive(Debug, Args)]
pub(super) struct RulesCommand {
    /// Rules to explain; all are listed without one
    pub(super) rules: Vec<String>,

    /// Form of the text
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = PageFormat::Text)]
    pub(super) format: PageFormat,

    /// Folder with rules of your own (TOML)
    #[arg(long = "rules", value_name = "DIR")]
    pub(super) folders: Vec<PathBuf>,

    /// When to use colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorArgument::Auto)]
    pub(super) color: ColorArgument,
}

/// Values of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PageFormat {
    /// For a terminal
    Text,
    /// The book's page
    Markdown,
    /// For programs
    Json,
}

pub(super) fn run(command: &RulesCommand) -> Result<(), Failure> {
    let mut rules = LintRules::builtin().map_err(|error| Failure::of("shipped rules", &error))?;
    for folder in &command.folders {
        rules = rules
            .with(lint::custom_rules(folder)?)
            .map_err(|error| Failure::of("", &error))?;
    }
    let mut chosen: Vec<&LintRule> = Vec::new();
    for name in &command.rules {
        let own = rules
            .rules()
            .iter()
            .filter(|rule| rule.answers_to(name) || rule.family.eq_ignore_ascii_case(name));
        let before = chosen.len();
        chosen.extend(own);
        if chosen.len() == before {
            return Err(
                Failure::new(format!("no rule or family is called {name:?}"))
                    .help(rules_help(name)),
            );
        }
    }
    let listed = chosen.is_empty();
    if listed {
        chosen = rules.rules().iter().collect();
    }
    let color = terminal::color(
        command.color,
        std::io::IsTerminal::is_terminal(&std::io::stdout()),
    );
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let written = match (command.format, listed) {
        (PageFormat::Json, _) => rule_pages::json(&chosen, &mut out),
        (PageFormat::Markdown, true) => rule_pages::markdown_index(&chosen, &mut out),
        (PageFormat::Markdown, false) => rule_pages::markdown(&chosen, &mut out),
        (PageFormat::Text, true) => rule_pages::list(&chosen, color, &mut out),
        (PageFormat::Text, false) => rule_pages::text(&chosen, color, &mut out),
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing("standard output", &error))
}

fn rules_help(name: &str) -> String {
    let digits = name
        .get(2..)
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()));
    match digits && name.to_ascii_uppercase().starts_with("SC") {
        true => format!(
            "SC codes are ShellCheck's: https://www.shellcheck.net/wiki/{}",
            name.to_ascii_uppercase()
        ),
        false => "`rslim rules` lists them".to_owned(),
    }
}

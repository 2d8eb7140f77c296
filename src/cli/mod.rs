//! The command line: arguments in, a report and an exit status out.
//!
//! Exit status: 0 fine, 1 findings at or above the threshold, 2 wrong usage or
//! unreadable input, 130 interrupted. Results go to standard
//! output, everything else to standard error.

mod analyze;
mod arguments;
mod cache;
mod ci;
mod completions;
mod config;
mod destination;
mod diff;
mod dockerfile;
#[cfg(feature = "tui")]
mod explore;
mod failure;
mod history;
mod image;
mod lint;
mod output;
mod progress;
mod result;
mod rules;
mod slim;
mod squash;
mod terminal;
mod why;

use std::process::ExitCode;

use clap::error::ErrorKind;

use arguments::{Arguments, Command};
use failure::Failure;

use crate::trace;

/// How a command that ran ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Nothing to complain about.
    Fine,
    /// Findings at or above the threshold.
    Findings,
    /// Some input could not be read; the rest was dealt with.
    Unreadable,
}

/// Runs the program with the process's arguments.
pub fn run() -> ExitCode {
    if let Some(status) = trace::contain::serve_if_asked() {
        return ExitCode::from(status);
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(wrong) => return usage(&wrong),
    };
    output::clean_up_on_interrupt();
    let done = match arguments.command {
        Command::Analyze(command) => analyze::run(&command).map(|()| Outcome::Fine),
        Command::Cache(command) => cache::run(&command).map(|()| Outcome::Fine),
        Command::Ci(command) => ci::run(&command),
        Command::Completions(command) => completions::completions(&command).map(|()| Outcome::Fine),
        Command::Config(command) => config::run(&command).map(|()| Outcome::Fine),
        Command::Diff(command) => diff::run(&command),
        #[cfg(feature = "tui")]
        Command::Explore(command) => explore::run(command).map(|()| Outcome::Fine),
        Command::History(command) => history::run(&command),
        Command::Lint(command) => lint::run(&command),
        Command::Man(command) => completions::man(&command).map(|()| Outcome::Fine),
        Command::Rules(command) => rules::run(&command).map(|()| Outcome::Fine),
        Command::Slim(command) => slim::run(&command),
        Command::Squash(command) => squash::run(&command),
        Command::Why(command) => why::run(&command),
    };
    match done {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Ok(Outcome::Unreadable) => ExitCode::from(2),
        Err(Failure::BrokenPipe) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::report_failure(&failure);
            ExitCode::from(2)
        }
    }
}

/// Help and version are results; anything else is wrong usage.
fn usage(wrong: &clap::Error) -> ExitCode {
    // Nobody is there to hear of a failure to print.
    let _ = wrong.print();
    match wrong.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(2),
    }
}

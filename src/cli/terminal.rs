//! What the terminal is like, and what is said on standard error.

use std::env;
use std::io::{self, IsTerminal, Write};

use super::arguments::ColorArgument;
use super::failure::Failure;
use crate::report::table::text::printable;

/// Columns to fill where nothing says how many there are.
const WIDTH: usize = 100;

/// Whether results are coloured.
pub(super) fn color(argument: ColorArgument, to_terminal: bool) -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    match argument {
        ColorArgument::Always => true,
        ColorArgument::Never => false,
        ColorArgument::Auto if set("NO_COLOR") => false,
        ColorArgument::Auto if env::var_os("CLICOLOR_FORCE").is_some_and(|v| v != "0") => true,
        ColorArgument::Auto => to_terminal && env::var_os("TERM").is_none_or(|term| term != "dumb"),
    }
}

/// Columns of standard output.
pub(super) fn width() -> usize {
    let said = env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let seen = || {
        let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
        Some(usize::from(width.0))
    };
    said.filter(|&columns: &usize| columns > 0)
        .or_else(seen)
        .unwrap_or(WIDTH)
}

/// Whether colours are wanted on standard error.
fn error_color() -> bool {
    color(ColorArgument::Auto, io::stderr().is_terminal())
}

/// Tells the user why nothing more comes.
pub(super) fn report_failure(failure: &Failure) {
    let Failure::Stopped { message, help } = failure else {
        return;
    };
    say("error", "31", message);
    if let Some(help) = help {
        say("help", "36", help);
    }
}

pub(super) fn warn(message: &str) {
    say("warning", "33", message);
}

/// Warns of each, but of no more than a person reads: a broken image can have
/// one for each of a million entries. `all` says where they all are.
pub(super) fn warn_each(messages: &[String], all: &str) {
    const SHOWN: usize = 20;
    for message in messages.iter().take(SHOWN) {
        warn(message);
    }
    if messages.len() > SHOWN {
        warn(&format!("and {} more; {all}", messages.len() - SHOWN));
    }
}

pub(super) fn note(message: &str) {
    say("note", "34", message);
}

/// Images choose names: nothing of them may reach the terminal unescaped.
fn say(what: &str, code: &str, message: &str) {
    let lines: Vec<String> = message.lines().map(printable).collect();
    let lines = lines.join("\n");
    let text = if error_color() {
        format!("\u{1b}[1;{code}m{what}\u{1b}[0m: {lines}\n")
    } else {
        format!("{what}: {lines}\n")
    };
    // Nobody is there to hear of a failure to print.
    let _ = io::stderr().write_all(text.as_bytes());
}

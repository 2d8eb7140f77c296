//! A parser for POSIX shell and bash scripts that survives errors.
//!
//! [`parse`] turns the text of a script into a tree whose nodes all carry
//! byte spans of that text. Syntax errors are collected, never fatal: the
//! commands before and after an error stay in the tree where that is possible.
//!
//! The parser takes linear time and bounded stack on any input. Nesting beyond
//! [`MAX_DEPTH`], more than [`MAX_NODES`] nodes or more than [`MAX_ERRORS`]
//! errors end the parse early with one last error.

mod ast;
mod commands;
mod compound;
mod condition;
mod cursor;
mod expansion;
mod grammar;
mod heredoc;
mod quoting;
mod simple;
mod word;

#[cfg(test)]
mod test_hostile;
#[cfg(test)]
mod test_property;
#[cfg(test)]
mod test_run_lines;
#[cfg(test)]
mod test_spans;

pub use ast::{
    Assignment, Command, CompoundKind, Connector, Descriptor, HereDoc, ListItem, Part, Pipe,
    Pipeline, Redirect, RedirectOp, Script, ShellError, SimpleCommand, Terminator, Word,
};
pub use commands::{Visited, commands, pipelines};
pub use cursor::{MAX_DEPTH, MAX_ERRORS, MAX_NODES};

use crate::dockerfile::Span;
use cursor::Parser;

/// Which shell the text is written for.
///
/// Both dialects accept the bash extensions that scripts for `/bin/sh` often
/// contain by mistake, so that their commands are found. `Posix` differs only
/// where accepting the extension would change what a valid script means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `/bin/sh`, as dash or busybox implement it.
    Posix,
    /// GNU bash.
    Bash,
}

/// Parses a script. Never fails: see [`Script::errors`].
#[must_use]
pub fn parse(text: &str, dialect: Dialect) -> Script {
    if u32::try_from(text.len()).is_err() {
        // Spans are 32 bit, and no real script comes near this size.
        return Script {
            lists: Vec::new(),
            errors: vec![ShellError {
                span: Span { start: 0, end: 0 },
                message: "the script is too large to analyse".to_owned(),
                limit: true,
            }],
            comments: Vec::new(),
        };
    }
    Parser::new(text, dialect).script()
}

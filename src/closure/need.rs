//! What a file leads to, and what in it says so.

use super::Found;

/// In which way a file needs another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NeedKind {
    /// The program that its `#!` line names.
    Interpreter,
    /// A command that it runs.
    Runs,
    /// A file that it reads as a part of itself.
    Sources,
    /// A module that it loads.
    Loads,
    /// A settings file that it includes.
    Includes,
    /// A path that stands in it.
    Names,
    /// A rule of `rules/plugins.toml`.
    Plugin,
}

impl NeedKind {
    /// The verb of a sentence whose object is the name.
    pub fn verb(self) -> &'static str {
        match self {
            NeedKind::Interpreter => "is run by",
            NeedKind::Runs => "runs",
            NeedKind::Sources => "sources",
            NeedKind::Loads => "loads",
            NeedKind::Includes => "includes",
            NeedKind::Names => "names",
            NeedKind::Plugin => "loads by rule",
        }
    }
}

/// One thing that a file needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// In which way.
    pub kind: NeedKind,
    /// What it is called there: a command, a path, a module, a rule.
    pub name: String,
    /// The line that says so, counted from 1.
    pub line: Option<u32>,
    /// The file or directory, and the links that lead to it.
    pub found: Found,
}

//! Text that a shell runs, parsed on first use, with its places in the file.

use std::sync::OnceLock;

use super::shell::{self, Dialect, Script};
use super::text::{Joined, Span};

/// Shell text with the places of its bytes in the file.
#[derive(Debug, Clone)]
pub struct ShellText {
    /// The text that the shell gets.
    pub joined: Joined,
    /// It is the body of a here-document.
    pub from_heredoc: bool,
    script: OnceLock<Script>,
}

impl PartialEq for ShellText {
    fn eq(&self, other: &Self) -> bool {
        self.joined == other.joined
    }
}

impl Eq for ShellText {}

impl ShellText {
    /// Takes the text; nothing is parsed yet.
    pub fn new(joined: Joined) -> Self {
        ShellText {
            joined,
            from_heredoc: false,
            script: OnceLock::new(),
        }
    }

    /// The interpreter and its arguments, of a here-document that names one in
    /// its first line.
    pub fn shebang(&self) -> Option<&str> {
        let first = self.text().lines().next().filter(|_| self.from_heredoc)?;
        first.strip_prefix("#!").map(str::trim)
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.joined.text
    }

    /// The commands. Bash's own syntax is understood whatever the shell is.
    pub fn script(&self) -> &Script {
        self.script
            .get_or_init(|| shell::parse(&self.joined.text, Dialect::Bash))
    }

    /// The place in the file of a part of the text.
    pub fn span(&self, part: Span) -> Span {
        self.joined.span(part)
    }
}

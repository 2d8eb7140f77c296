//! What an instruction should have left in history.

use super::pattern::Pattern;

/// What an instruction should have left in history.
#[derive(Debug, Clone)]
pub enum Claim {
    /// RUN.
    Run(RunClaim),
    /// COPY and ADD.
    Copy(CopyClaim),
    /// Any of these texts.
    Texts(Vec<Pattern>),
    /// ARG: texts, and the names that it declares.
    Names(Vec<Pattern>, Vec<String>),
    /// The start of the text, or all of it.
    Starts(Vec<Pattern>, Pattern),
    /// EXPOSE: ports with protocols, and the text as written.
    Ports(Vec<Pattern>, Pattern),
    /// Could not be read.
    Nothing,
}

/// What RUN should have left.
#[derive(Debug, Clone, Default)]
pub struct RunClaim {
    /// The command with its shell, as builders write it.
    pub whole: Vec<String>,
    /// The command alone.
    pub bare: String,
    /// Whether `bare` may stand without a shell.
    pub exec: bool,
    /// Name and first line of a here-document that is the script.
    pub script: Option<(String, String)>,
}

/// What COPY or ADD should have left.
#[derive(Debug, Clone)]
pub struct CopyClaim {
    /// Sources, each as written and expanded.
    pub sources: Vec<Pattern>,
    /// The destination as written, and from the root.
    pub destinations: Vec<Pattern>,
    /// Values of `--chown` and `--chmod`.
    pub flags: Vec<(&'static str, Pattern)>,
    /// The destination with its variables in place.
    pub raw: Pattern,
    /// How many sources there can be in the end: one, several, or unknown.
    pub several: Option<bool>,
}

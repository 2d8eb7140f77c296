//! What is asked for.

use super::preserve::Given;
use crate::evidence::Evidence;

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Only what is known to be inert goes: caches, documentation, headers, …
    Safe,
    /// Packages that nothing reaches go too, as a whole.
    #[default]
    Package,
    /// Of the packages that stay, files that nothing reaches go too.
    File,
    /// Everything goes that no run used.
    Used,
}

impl Tier {
    /// Those that keep what may be needed, from the most careful one on.
    pub const COMPUTED: [Tier; 3] = [Tier::Safe, Tier::Package, Tier::File];

    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Safe => "safe",
            Tier::Package => "package",
            Tier::File => "file",
            Tier::Used => "used",
        }
    }
}

/// What to keep and what to remove.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How far to go.
    pub tier: Tier,
    /// Patterns of paths that are kept.
    pub preserve: Vec<Given>,
    /// Patterns of paths that are removed, whatever reaches them.
    pub exclude: Vec<Given>,
    /// Programs that are kept with all they need: names or paths.
    pub include_bin: Vec<String>,
    /// Whether a shell is kept with the commands that people use in one.
    pub include_shell: bool,
    /// What runs of the image used.
    pub evidence: Evidence,
    /// Whether a pattern that matches nothing is an error.
    pub strict: bool,
    /// Paths below these layers are not touched: so many of the lowest.
    pub kept_layers: usize,
}

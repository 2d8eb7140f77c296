//! The `[slim]` table of `.rslim.toml`.

use serde::Deserialize;

use super::options::Tier;

/// What the table says. A file without it says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// How far to go.
    pub tier: Option<Tier>,
    /// Patterns of paths that are kept.
    pub preserve: Vec<String>,
    /// Patterns of paths that are removed.
    pub exclude: Vec<String>,
    /// Programs that are kept.
    pub include_bin: Vec<String>,
    /// Whether a shell is kept.
    pub include_shell: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    slim: Settings,
}

impl Settings {
    /// Parses `.rslim.toml`; its other tables are for other commands.
    ///
    /// # Errors
    /// What is wrong, with line and column.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        Ok(toml::from_str::<File>(text)?.slim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_mistakes_are_told() {
        let text =
            "[lint]\nignore = [\"DL3008\"]\n[slim]\ntier = \"file\"\npreserve = [\"opt/**\"]\n";
        let settings = Settings::parse(text).unwrap();
        assert_eq!(settings.tier, Some(Tier::File));
        assert_eq!(settings.preserve, ["opt/**"]);
        let error = Settings::parse("[slim]\nkeep = []\n").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}

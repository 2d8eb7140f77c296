//! Examples of lint rules, which are their tests.

use serde::Deserialize;

/// An example of the rule's page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What it shows, when that is not plain.
    #[serde(default)]
    pub about: String,
    /// The Dockerfile.
    pub text: String,
    /// Lines with a finding of this rule; none for a good example.
    pub lines: Vec<u32>,
    /// The Dockerfile after all fixes of this rule, safe or not.
    pub fixed: Option<String>,
    /// Settings that it needs, as in `.rslim.toml`.
    #[serde(default)]
    pub settings: String,
    /// Files of the context, for rules that look at it.
    #[serde(default)]
    pub context: Vec<String>,
    /// Text of `.dockerignore`, for rules that look at it.
    pub dockerignore: Option<String>,
    /// What the built image holds, for rules that look at it.
    pub image: Option<ExampleImage>,
}

/// A made-up image of an example. Its layers are named by the lines that made
/// them; line 1, as the FROM, stands for the base image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExampleImage {
    /// Files that are stored and not shown.
    pub waste: Vec<ExampleWaste>,
    /// Leftovers that are shown.
    pub leftovers: Vec<ExampleLeftover>,
    /// `MANAGER NAME VERSION`, each of a million bytes.
    pub packages: Vec<String>,
    /// Credentials: kind, path, line.
    pub credentials: Vec<(String, String, u32)>,
    /// Credentials in history: what, and the line of the instruction.
    pub secrets: Vec<(String, u32)>,
    /// Files with the setuid bit: path and line.
    pub setuid: Vec<(String, u32)>,
    /// Users without a password.
    pub open_users: Vec<String>,
    /// Users that share a number.
    pub shared_uid: Vec<String>,
    /// User of the image.
    pub user: String,
    /// Volumes of the image.
    pub volumes: Vec<String>,
    /// What the base image sets: `USER`, `WORKDIR`, `SHELL`, `HEALTHCHECK` or
    /// `ENV`, and what follows it.
    pub base: Vec<String>,
    /// Digest of the base image.
    pub base_digest: Option<String>,
}

/// Waste in an example.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleWaste {
    /// Its kind.
    pub kind: String,
    /// The file.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// The line that stores it.
    pub stored: u32,
    /// The line that wastes it.
    pub wasted: u32,
    /// The cache rule that names it.
    pub cache: Option<String>,
}

/// Leftovers in an example.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleLeftover {
    /// The cache rule.
    pub cache: String,
    /// The directory.
    pub path: String,
    /// Their size.
    pub bytes: u64,
    /// The line that stores them.
    pub stored: u32,
}

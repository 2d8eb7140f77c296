//! The words of commands and scripts.

/// Programs whose words may name scripts of a manifest.
pub(super) fn runs_scripts(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    matches!(
        name,
        "npm"
            | "yarn"
            | "yarnpkg"
            | "pnpm"
            | "bun"
            | "corepack"
            | "npm-run-all"
            | "run-s"
            | "run-p"
            | "npm-cli.js"
            | "yarn.js"
            | "pnpm.cjs"
    ) || name.starts_with("npm:")
        || name.starts_with("concurrently")
}

/// All words of a command whose parts may themselves be command lines, in their order: signs of a
/// shell part them, quotes vanish.
pub(super) fn words(command: &[String]) -> Vec<&str> {
    let parts = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                ';' | '&' | '|' | '"' | '\'' | '(' | ')' | '`' | '<' | '>'
            )
    };
    let words = command.iter().flat_map(|word| word.split(parts));
    words
        .filter(|word| !word.is_empty() && word.len() <= 4096)
        .collect()
}

/// What an option such as `--require` loads, given the option and the word after it.
pub(super) fn loads<'a>(word: &'a str, next: Option<&'a str>) -> Option<&'a str> {
    const OPTIONS: &[&str] = &[
        "-r",
        "--require",
        "--import",
        "--loader",
        "--experimental-loader",
        "--transpiler",
    ];
    if OPTIONS.contains(&word) {
        return next;
    }
    let (option, value) = word.split_once('=')?;
    OPTIONS.contains(&option).then_some(value)
}

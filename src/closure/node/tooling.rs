//! Which of an application's files are plainly not part of what runs.

/// Configuration of these is read when the application runs.
const RUNTIME: &[&str] = &[
    "next",
    "nuxt",
    "remix",
    "ecosystem",
    "gatsby",
    "astro",
    "svelte",
];

/// Whether the file at `path` is a test, a story, or configuration of a tool that builds or
/// checks: what only such files ask for is not needed to run the application.
///
/// Those in directories called `test`, `tests`, `__tests__`, `__mocks__`, `spec`, `e2e`, `cypress`,
/// `.storybook`, `stories`; those called `*.test.*`, `*.spec.*`, `*.stories.*`, `*.config.*` (but
/// not `next.config.*` and others that the server reads), `.*rc.*`, `gulpfile.*`, `Gruntfile.*`.
pub(super) fn is_tooling(path: &[u8]) -> bool {
    let text = String::from_utf8_lossy(path);
    let (dir, file) = text.rsplit_once('/').unwrap_or(("", &text));
    let tests = |part: &str| {
        matches!(
            part,
            "test"
                | "tests"
                | "__tests__"
                | "__mocks__"
                | "spec"
                | "e2e"
                | "cypress"
                | "stories"
                | ".storybook"
        )
    };
    if dir.split('/').any(tests) {
        return true;
    }
    let mut parts = file.split('.');
    let first = parts.next().unwrap_or_default();
    let middle: Vec<&str> = parts.collect();
    let middle = middle
        .split_last()
        .map(|(_, middle)| middle)
        .unwrap_or_default();
    if first.is_empty() {
        // `.eslintrc.js`
        return middle.first().is_some_and(|name| name.ends_with("rc"));
    }
    let has = |name: &str| middle.contains(&name);
    let config = has("config") && !RUNTIME.contains(&first);
    let runner = matches!(
        first.to_ascii_lowercase().as_str(),
        "gulpfile" | "gruntfile"
    );
    config || runner || has("test") || has("spec") || has("stories")
}

/// Whether a directory inside a package holds nothing that the package runs.
pub(super) fn is_idle_dir(name: &[u8]) -> bool {
    matches!(
        name,
        b"test"
            | b"tests"
            | b"__tests__"
            | b"__mocks__"
            | b"spec"
            | b"example"
            | b"examples"
            | b"benchmark"
            | b"benchmarks"
            | b"docs"
            | b"node_modules"
            | b"coverage"
    )
}

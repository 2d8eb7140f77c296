//! Which files to look at.

use std::path::{Path, PathBuf};

use super::LintCommand;
use crate::cli::failure::Failure;
use crate::cli::terminal;

/// The files that the arguments mean, each once, in order.
pub(super) fn files(command: &LintCommand) -> Result<Vec<PathBuf>, Failure> {
    let here = [PathBuf::from(".")];
    let paths = if command.paths.is_empty() {
        &here[..]
    } else {
        &command.paths[..]
    };
    let mut found: Vec<PathBuf> = Vec::new();
    for path in paths {
        // Anything but a folder is what it is said to be; reading it tells.
        if path.as_os_str() != "-" && path.is_dir() {
            let mut below = search(command, path);
            if below.is_empty() && !command.output.quiet {
                terminal::warn(&format!("no Dockerfile in {}", path.display()));
            }
            found.append(&mut below);
        } else {
            found.push(path.clone());
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|path| seen.insert(path.clone()));
    if found.is_empty() {
        return Err(Failure::new("no Dockerfiles found")
            .help("name a file, a folder that has some, or - for standard input"));
    }
    Ok(found)
}

fn search(command: &LintCommand, folder: &Path) -> Vec<PathBuf> {
    let mut walk = ignore::WalkBuilder::new(folder);
    walk.standard_filters(false)
        // Dockerfiles live in .devcontainer and .github, too.
        .hidden(false)
        .git_ignore(!command.no_gitignore)
        .git_exclude(!command.no_gitignore)
        .git_global(!command.no_gitignore)
        .parents(!command.no_gitignore)
        .require_git(false)
        .filter_entry(|entry| entry.file_name() != ".git");
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in walk.build() {
        match entry {
            Ok(entry) => {
                let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
                if is_file && is_dockerfile(&entry.file_name().to_string_lossy()) {
                    found.push(entry.into_path());
                }
            }
            Err(problem) if !command.output.quiet => terminal::warn(&problem.to_string()),
            Err(_) => {}
        }
    }
    found.sort();
    found
}

/// By the name alone.
fn is_dockerfile(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".dockerignore")
        || lower.ends_with('~')
        || [".swp", ".orig", ".bak", ".rej"]
            .iter()
            .any(|end| lower.ends_with(end))
    {
        return false;
    }
    ["dockerfile", "containerfile"].iter().any(|word| {
        lower == *word
            || lower
                .strip_prefix(word)
                .is_some_and(|rest| rest.starts_with('.'))
            || lower
                .strip_suffix(word)
                .is_some_and(|rest| rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_dockerfiles() {
        for name in [
            "Dockerfile",
            "dockerfile",
            "Containerfile",
            "Dockerfile.dev",
            "app.Dockerfile",
            "app.dockerfile",
        ] {
            assert!(is_dockerfile(name), "{name}");
        }
        for name in [
            "Dockerfile.dockerignore",
            "Dockerfile~",
            "Dockerfiles",
            "mydockerfile",
            "Dockerfile.orig",
            "docker",
        ] {
            assert!(!is_dockerfile(name), "{name}");
        }
    }
}

//! Packages of languages without a version: pip, npm and kin, gem, go.

use super::pinning::{Pin, is, operands, packages, unpinned};
use crate::lint::command::{Argument, Cmd};
use crate::lint::input::{Input, Run};
use crate::lint::reporter::Reporter;

const PIP_VALUES: [&str; 36] = [
    "--abi",
    "-b",
    "--build",
    "-e",
    "--editable",
    "--extra-index-url",
    "-f",
    "--find-links",
    "-i",
    "--index-url",
    "--implementation",
    "--no-binary",
    "--only-binary",
    "--platform",
    "--prefix",
    "--progress-bar",
    "--proxy",
    "--python-version",
    "--root",
    "--src",
    "-t",
    "--target",
    "--trusted-host",
    "--upgrade-strategy",
    // Those that hadolint does not know come last.
    "--cache-dir",
    "--cert",
    "--client-cert",
    "--config-settings",
    "--exists-action",
    "--global-option",
    "--install-option",
    "--log",
    "--report",
    "--retries",
    "--timeout",
    "--root-user-action",
];

/// The words after `pip install`, in all of pip's spellings.
pub(super) fn pip_install<'c>(input: &Input<'_>, cmd: &'c Cmd) -> Option<&'c [Argument]> {
    let own = cmd.name.starts_with("pip")
        && !cmd.name.starts_with("pipenv")
        && (input.hadolint() || !cmd.name.starts_with("pipx"));
    let python = cmd.name.starts_with("python")
        && cmd
            .args
            .windows(2)
            .any(|pair| matches!(pair, [m, pip] if m.text == "-m" && pip.text == "pip"));
    let uv = !input.hadolint() && cmd.name == "uv" && cmd.has_arg("pip");
    if !(own || python || uv) {
        return None;
    }
    let at = cmd.args.iter().position(|arg| arg.text == "install")?;
    cmd.args.get(at + 1..)
}

pub(super) fn unpinned_pip(input: &Input<'_>, out: &mut Reporter<'_>) {
    let of = packages(|_, cmd| {
        let Some(args) = pip_install(input, cmd) else {
            return Vec::new();
        };
        let has = |flags: &[&str]| {
            args.iter().any(|arg| {
                flags.iter().any(|flag| {
                    arg.text == *flag
                        || arg
                            .text
                            .strip_prefix(flag)
                            .is_some_and(|rest| rest.starts_with('='))
                })
            })
        };
        let short = |flag: &str| {
            args.iter()
                .any(|arg| arg.text.starts_with(flag) && !arg.text.starts_with("--"))
        };
        if has(&["-r", "--requirement", "-c", "--constraint", "."])
            || (!input.hadolint() && (short("-r") || short("-c")))
        {
            return Vec::new();
        }
        pip_packages(input, args)
    });
    let pinned = |_: &Run<'_>, text: &str| pip_pinned(text, input.hadolint());
    let pin = Pin {
        manager: "pip",
        sign: "==",
    };
    unpinned(input, out, &pin, of, pinned, &input.runs);
}

fn pip_packages<'c>(input: &Input<'_>, args: &'c [Argument]) -> Vec<&'c Argument> {
    let known = if input.hadolint() {
        &PIP_VALUES[..24]
    } else {
        &PIP_VALUES[..]
    };
    let mut found = Vec::new();
    let mut skip = false;
    for arg in args {
        if std::mem::take(&mut skip) {
            continue;
        }
        if known.contains(&arg.text.as_str()) {
            skip = true;
        } else if !arg.text.starts_with('-') {
            found.push(arg);
        }
    }
    found
}

fn pip_pinned(text: &str, hadolint: bool) -> bool {
    let versioned = ["==", ">=", "<=", ">", "<", "!=", "~=", "==="]
        .iter()
        .any(|sign| text.contains(sign));
    let vcs = ["git+", "hg+", "svn+", "bzr+"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    let archive = text.ends_with(".whl")
        || text.ends_with(".tar.gz")
        || (!hadolint && text.ends_with(".zip"));
    let local = text.contains('/') && !vcs;
    let project = !hadolint && (text == "." || text.starts_with(".["));
    versioned || (vcs && text.contains('@')) || archive || local || project
}

pub(super) fn unpinned_npm(input: &Input<'_>, out: &mut Reporter<'_>) {
    let of = packages(|_, cmd| {
        let first = cmd.subcommand();
        let install = match (cmd.name.as_str(), input.hadolint()) {
            ("npm", true) => first == "install",
            ("npm", false) => matches!(first, "install" | "i" | "add" | "in" | "isntall"),
            ("yarn" | "pnpm" | "bun", false) => {
                first == "add"
                    || (first == "global" && cmd.has_arg("add"))
                    || (cmd.name != "yarn" && first == "i")
            }
            _ => false,
        };
        if !install {
            return Vec::new();
        }
        let values = [
            "--prefix",
            "-C",
            "--registry",
            "--cache",
            "--userconfig",
            "--loglevel",
            "-w",
            "--workspace",
            "--filter",
        ];
        operands(cmd, &[first, "global", "add"], &values)
    });
    let pinned = |_: &Run<'_>, text: &str| npm_pinned(text);
    let pin = Pin {
        manager: "npm",
        sign: "@",
    };
    unpinned(input, out, &pin, of, pinned, &input.runs);
}

fn npm_pinned(text: &str) -> bool {
    let git = ["git://", "git+ssh://", "git+http://", "git+https://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    if git {
        return text.contains('#');
    }
    let archive = [".tar", ".tar.gz", ".tgz"]
        .iter()
        .any(|suffix| text.ends_with(suffix));
    let path = ["/", "./", "../", "~/"]
        .iter()
        .any(|prefix| text.starts_with(prefix))
        || text == "."
        || text == "..";
    let unscoped = match text.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').map_or(scoped, |(_, name)| name),
        None => text,
    };
    archive || path || unscoped.contains('@')
}

pub(super) fn unpinned_gems(input: &Input<'_>, out: &mut Reporter<'_>) {
    let of = packages(|_, cmd| {
        if !is(cmd, "gem", &["install", "i"]) || cmd.has_any_flag(&["-v", "--version"]) {
            return Vec::new();
        }
        let end = cmd
            .args
            .iter()
            .position(|arg| arg.text == "--")
            .unwrap_or(cmd.args.len());
        let args = cmd.args.get(..end).unwrap_or(&[]);
        let known = [
            "-i",
            "--install-dir",
            "-n",
            "--bindir",
            "-s",
            "--source",
            "-p",
            "--http-proxy",
            "-P",
            "--trust-policy",
            "--platform",
            "-g",
            "--file",
            "--without",
            "-B",
            "--bulk-threshold",
            "--document",
        ];
        let mut found = Vec::new();
        let mut skip = false;
        for arg in args {
            if std::mem::take(&mut skip) {
                continue;
            }
            if arg.text.starts_with('-') {
                // To hadolint every option has a value.
                skip = if input.hadolint() {
                    !arg.text.contains('=')
                } else {
                    known.contains(&arg.text.as_str())
                };
            } else if !matches!(arg.text.as_str(), "install" | "i") {
                found.push(arg);
            }
        }
        found
    });
    let pinned = |_: &Run<'_>, text: &str| {
        text.contains(':') || (!input.hadolint() && text.ends_with(".gem"))
    };
    // No database tells of gems.
    let pin = Pin {
        manager: "gem",
        sign: ":",
    };
    unpinned(input, out, &pin, of, pinned, &input.runs);
}

pub(super) fn unpinned_go(input: &Input<'_>, out: &mut Reporter<'_>) {
    let of = packages(|_, cmd| {
        let first = cmd.subcommand();
        if cmd.name != "go" || !matches!(first, "install" | "get" | "run") {
            return Vec::new();
        }
        let values = [
            "-ldflags",
            "-tags",
            "-o",
            "-p",
            "-mod",
            "-C",
            "-gcflags",
            "-asmflags",
            "-buildmode",
        ];
        let values = if input.hadolint() {
            &[][..]
        } else {
            &values[..]
        };
        let mut packages = operands(cmd, &[first, "tool"], values);
        if first == "run" {
            packages.truncate(1);
        }
        packages
    });
    let hadolint = input.hadolint();
    let pinned = |_: &Run<'_>, text: &str| {
        let own = text.starts_with(['.', '/'])
            || (!hadolint && (text.ends_with(".go") || !text.contains('.')));
        own || text
            .rsplit_once('@')
            .is_some_and(|(_, version)| !matches!(version, "latest" | "none"))
    };
    let pin = Pin {
        manager: "go",
        sign: "@",
    };
    unpinned(input, out, &pin, of, pinned, &input.runs);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npm_versions() {
        for pinned in ["a@1", "@s/a@1", "./a", "a.tgz", "git+https://x/y#v1"] {
            assert!(npm_pinned(pinned), "{pinned}");
        }
        for loose in ["a", "@s/a", "git+https://x/y"] {
            assert!(!npm_pinned(loose), "{loose}");
        }
    }
}

//! Packages of distributions without a version: apt, apk, yum, dnf, zypper.

use crate::analyze::Package;
use crate::lint::command::{Argument, Cmd};
use crate::lint::finding::Edit;
use crate::lint::input::{Input, Run};
use crate::lint::reporter::{Reporter, insert};

/// How a version is written after a package, and whose packages it is of.
pub(super) struct Pin {
    pub(super) manager: &'static str,
    pub(super) sign: &'static str,
}

/// Edits that write the versions which the built image has.
fn pins(input: &Input<'_>, pin: &Pin, loose: &[&Argument]) -> Vec<Edit> {
    let Some(image) = input.image else {
        return Vec::new();
    };
    let edit = |argument: &&Argument| {
        if !argument.literal || argument.quoted {
            return None;
        }
        let text = argument.text.as_str();
        let name = match pin.manager {
            "pip" => text.split('[').next().unwrap_or(text),
            "dpkg" => text.split(':').next().unwrap_or(text),
            _ => text,
        };
        let same = |package: &&Package| {
            package.manager == pin.manager
                && !package.version.is_empty()
                && match pin.manager {
                    "pip" => normal(&package.name) == normal(name),
                    _ => package.name == name,
                }
        };
        let mut found = image.packages.iter().filter(same);
        let package = found.next()?;
        // Of several versions nobody knows which one this command brought.
        if found.any(|other| other.version != package.version) {
            return None;
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || ".+-~:_^!".contains(c);
        let safe = package.version.chars().all(plain);
        safe.then(|| {
            insert(
                argument.span.end,
                format!("{}{}", pin.sign, package.version),
            )
        })
    };
    loose.iter().filter_map(edit).collect()
}

/// A name as Python's index compares it.
fn normal(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

/// Reports the packages of each command that are not pinned.
pub(super) fn unpinned(
    input: &Input<'_>,
    out: &mut Reporter<'_>,
    pin: &Pin,
    packages: impl for<'c> Fn(&Run<'_>, &'c Cmd) -> Vec<&'c Argument>,
    pinned: impl Fn(&Run<'_>, &str) -> bool,
    runs: &[Run<'_>],
) {
    for run in runs {
        for cmd in &run.commands {
            let loose: Vec<&Argument> = packages(run, cmd)
                .into_iter()
                .filter(|package| !is_pinned(input, run, package, &pinned))
                .collect();
            let (Some(first), Some(last)) = (loose.first(), loose.last()) else {
                continue;
            };
            let names: Vec<&str> = loose.iter().map(|package| package.text.as_str()).collect();
            out.at(run.index, first.span.to(last.span), &names.join(", "))
                .risky(pins(input, pin, &loose));
        }
    }
}

/// Tells the compiler that the packages are parts of the command.
pub(super) fn packages<F: for<'c> Fn(&Run<'_>, &'c Cmd) -> Vec<&'c Argument>>(of: F) -> F {
    of
}

/// A package in a variable is judged by the variable's value; where that is
/// not known, nothing is said.
fn is_pinned(
    input: &Input<'_>,
    run: &Run<'_>,
    package: &Argument,
    pinned: &impl Fn(&Run<'_>, &str) -> bool,
) -> bool {
    let text = package.text.as_str();
    if pinned(run, text) {
        return true;
    }
    if input.hadolint() || !text.contains("${") {
        return false;
    }
    match super::variables::value_of(input, run.index, text) {
        Some(value) => value
            .split_whitespace()
            .all(|word| word.starts_with('-') || pinned(run, word)),
        None => true,
    }
}

/// The words after the subcommand without flags and the values of `flags`.
pub(super) fn operands<'c>(
    cmd: &'c Cmd,
    subcommands: &[&str],
    flags: &[&str],
) -> Vec<&'c Argument> {
    let mut found = Vec::new();
    let mut skip = false;
    for arg in &cmd.args {
        if std::mem::take(&mut skip) {
            continue;
        }
        if flags.contains(&arg.text.as_str()) {
            skip = true;
        } else if !arg.text.starts_with('-') && !subcommands.contains(&arg.text.as_str()) {
            found.push(arg);
        }
    }
    found
}

fn is_apt(input: &Input<'_>, cmd: &Cmd) -> bool {
    cmd.name == "apt-get" || (!input.hadolint() && matches!(cmd.name.as_str(), "apt" | "aptitude"))
}

pub(super) fn unpinned_apt(input: &Input<'_>, out: &mut Reporter<'_>) {
    let flags = [
        "-t",
        "--target-release",
        "--default-release",
        "-o",
        "-c",
        "--option",
        "--config-file",
    ];
    // hadolint knows only the first two.
    let flags = if input.hadolint() {
        &flags[..2]
    } else {
        &flags[..]
    };
    let pinned = |_: &Run<'_>, text: &str| text.contains(['=', '/']) || text.ends_with(".deb");
    let of = packages(
        |_, cmd| match is_apt(input, cmd) && cmd.has_arg("install") {
            true => operands(cmd, &["install"], flags),
            false => Vec::new(),
        },
    );
    let pin = Pin {
        manager: "dpkg",
        sign: "=",
    };
    unpinned(input, out, &pin, of, pinned, &input.runs);
}

pub(super) fn unpinned_apk(input: &Input<'_>, out: &mut Reporter<'_>) {
    let flags = [
        "-t",
        "--virtual",
        "-X",
        "--repository",
        "-p",
        "--root",
        "--arch",
        "--keys-dir",
        "--repositories-file",
    ];
    let flags = if input.hadolint() {
        &flags[..4]
    } else {
        &flags[..]
    };
    let of = packages(|_, cmd| match is(cmd, "apk", &["add"]) {
        true => operands(cmd, &["add"], flags),
        false => Vec::new(),
    });
    let pinned =
        |_: &Run<'_>, text: &str| text.contains(['=', '~', '<', '>']) || text.ends_with(".apk");
    let pin = Pin {
        manager: "apk",
        sign: "=",
    };
    unpinned(input, out, &pin, of, pinned, &input.runs);
}

pub(super) fn is(cmd: &Cmd, name: &str, subcommands: &[&str]) -> bool {
    cmd.name == name && cmd.has_any_arg(subcommands)
}

pub(super) fn unpinned_zypper(input: &Input<'_>, out: &mut Reporter<'_>) {
    let of = packages(|_, cmd| match is(cmd, "zypper", &["install", "in"]) {
        true => operands(cmd, &["install", "in"], &[]),
        false => Vec::new(),
    });
    let pinned = |_: &Run<'_>, text: &str| text.contains(['=', '<', '>']) || text.ends_with(".rpm");
    let pin = Pin {
        manager: "rpm",
        sign: "=",
    };
    unpinned(input, out, &pin, of, pinned, &input.runs);
}

pub(super) fn unpinned_yum(input: &Input<'_>, out: &mut Reporter<'_>) {
    rpm(input, out, &["yum"]);
}

pub(super) fn unpinned_dnf(input: &Input<'_>, out: &mut Reporter<'_>) {
    rpm(input, out, &["dnf", "microdnf"]);
}

/// Options of dnf and yum whose value is the next word.
const RPM_FLAGS: [&str; 10] = [
    "--setopt",
    "--enablerepo",
    "--disablerepo",
    "--repo",
    "--repoid",
    "--exclude",
    "-x",
    "--installroot",
    "--releasever",
    "-c",
];

fn rpm(input: &Input<'_>, out: &mut Reporter<'_>, tools: &[&str]) {
    let of = packages(|_, cmd| {
        if !tools.contains(&cmd.name.as_str()) || !cmd.has_arg("install") {
            return Vec::new();
        }
        if cmd.has_arg("group") {
            return Vec::new();
        }
        let flags: &[&str] = match input.hadolint() {
            true => &[],
            false => &RPM_FLAGS,
        };
        operands(cmd, &["install", "module"], flags)
    });
    let module = |run: &Run<'_>, text: &str| {
        let by = run
            .commands
            .iter()
            .find(|cmd| tools.contains(&cmd.name.as_str()) && cmd.has_arg(text));
        by.is_some_and(|cmd| cmd.has_arg("module"))
    };
    let pinned = |run: &Run<'_>, text: &str| {
        if module(run, text) {
            return text.contains(':');
        }
        if input.hadolint() && is_known_variable(input, run, text) {
            return true;
        }
        let file = text.ends_with(".rpm") || text.starts_with('@');
        (file && !input.hadolint()) || rpm_pinned(text, input.hadolint())
    };
    let pin = Pin {
        manager: "rpm",
        sign: "-",
    };
    unpinned(input, out, &pin, of, pinned, &input.runs);
}

/// hadolint trusts any ENV of the stage and any ARG to hold a version.
fn is_known_variable(input: &Input<'_>, run: &Run<'_>, text: &str) -> bool {
    let name = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| {
        input.model().variable(run.index, name).is_some() || input.model().global(name).is_some()
    })
}

/// NAME-VERSION[-RELEASE][.ARCH].
fn rpm_pinned(text: &str, anywhere: bool) -> bool {
    let parts: Vec<&str> = text.split('-').skip(1).collect();
    let fine = |part: &&str| {
        !part.is_empty()
            && part.chars().all(|c| {
                c.is_ascii_alphanumeric()
                    || ".~^_:+*".contains(c)
                    || c == '$'
                    || c == '{'
                    || c == '}'
            })
    };
    let versioned =
        |part: &&str| part.starts_with(|c: char| c.is_ascii_digit()) || part.starts_with("${");
    if anywhere {
        // hadolint: any part of the last name of a path will do.
        let parts: Vec<&str> = text
            .rsplit('/')
            .next()
            .unwrap_or(text)
            .split('-')
            .skip(1)
            .collect();
        let fine = |part: &&str| {
            part.chars()
                .all(|c| c.is_ascii_alphanumeric() || ".~^_:+".contains(c))
        };
        return parts.iter().all(fine)
            && parts
                .iter()
                .any(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    }
    // A wildcard version such as 1.* pins as much as it says.
    parts.last().is_some_and(versioned) && parts.iter().all(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rpm_versions() {
        for pinned in ["foo-1.2", "foo-1.2-3.el8", "a-b-2:1.0-1.x86_64", "foo-1.*"] {
            assert!(rpm_pinned(pinned, false), "{pinned}");
        }
        for loose in ["foo", "java-1.8.0-openjdk", "foo-devel"] {
            assert!(!rpm_pinned(loose, false), "{loose}");
        }
        assert!(rpm_pinned("java-1.8.0-openjdk", true));
    }
}

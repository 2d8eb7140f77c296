//! Caches that package managers leave in the layer of the RUN.

use crate::dockerfile::{Arguments, Span};
use crate::lint::command::Cmd;
use crate::lint::finding::Edit;
use crate::lint::input::{Input, Run};
use crate::lint::reporter::{Reporter, insert};

/// A package manager's cache and what empties it.
struct Cache<'a> {
    /// Whether a command fills it.
    fills: &'a dyn Fn(&Cmd) -> bool,
    /// Whether a command empties it.
    empties: &'a dyn Fn(&Cmd) -> bool,
    /// Mounts of these directories keep it out of the image.
    mounts: &'a [&'a str],
    /// The command to append.
    remedy: &'a str,
    /// Stages whose layers nobody gets are spared.
    shipped_only: bool,
}

/// Whether a command removes one of these directories or what is in it.
pub(super) fn removes(cmd: &Cmd, dirs: &[&str]) -> bool {
    if cmd.name == "find" {
        let in_dir = cmd.args.first().is_some_and(|arg| covers(&arg.text, dirs));
        return in_dir && (cmd.has_arg("-delete") || cmd.has_arg("rm"));
    }
    cmd.name == "rm"
        && cmd.has_any_flag(&["-r", "-R", "--recursive"])
        && cmd.words().any(|arg| covers(&arg.text, dirs))
}

/// Whether removing `path` removes all of one of the directories.
fn covers(path: &str, dirs: &[&str]) -> bool {
    let path = path.replace("${HOME}", "/root").replace('~', "/root");
    let bare = path.trim_end_matches('*').trim_end_matches('/');
    !bare.is_empty()
        && dirs.iter().any(|dir| {
            *dir == bare
                || dir
                    .strip_prefix(bare)
                    .is_some_and(|rest| rest.starts_with('/'))
        })
}

/// hadolint's test: an `rm` with the word -rf, or with this very word.
fn hadolint_rm(cmd: &Cmd, word: &str) -> bool {
    cmd.name == "rm" && (cmd.has_arg("-rf") || cmd.has_arg(word))
}

fn report(input: &Input<'_>, out: &mut Reporter<'_>, cache: &Cache<'_>) {
    for run in &input.runs {
        if cache.shipped_only && !run.onbuild && !is_reported(input, run.stage) {
            continue;
        }
        if cache.mounts.iter().any(|dir| mounted(input, run, dir)) {
            continue;
        }
        let Some(first) = run.commands.iter().find(|cmd| (cache.fills)(cmd)) else {
            continue;
        };
        let emptied = run
            .commands
            .iter()
            .any(|cmd| cmd.order > first.order && (cache.empties)(cmd));
        if emptied {
            continue;
        }
        let report = out.at(run.index, first.span, &first.name);
        if let Some(edit) = append(input, run, cache.remedy) {
            report.safe(vec![edit]);
        }
    }
}

fn mounted(input: &Input<'_>, run: &Run<'_>, dir: &str) -> bool {
    if input.hadolint() {
        run.has_mount_with(dir)
    } else {
        run.keeps_out(dir) || run.has_mount_with(dir)
    }
}

/// hadolint counts the last stage and those whose name some FROM uses.
fn is_reported(input: &Input<'_>, stage: usize) -> bool {
    if !input.hadolint() {
        return input.is_shipped(stage);
    }
    let stages = &input.model().stages;
    stages.is_empty()
        || stage + 1 == stages.len()
        || input.hadolint_parents().contains(&Some(stage))
}

/// Adds a command at the end of a RUN that is one plain `&&` chain.
pub(super) fn append(input: &Input<'_>, run: &Run<'_>, command: &str) -> Option<Edit> {
    let text = run
        .shell_text()
        .filter(|text| !text.from_heredoc && run.instruction.heredocs.is_empty())?;
    let script = text.script();
    let [only] = &script.lists[..] else {
        return None;
    };
    let chain = only
        .rest
        .iter()
        .all(|(connector, _, _)| *connector == crate::dockerfile::shell::Connector::And);
    if !script.errors.is_empty()
        || !script.comments.is_empty()
        || only.terminator.is_some()
        || !chain
    {
        return None;
    }
    let end = text
        .joined
        .span(Span::new(only.span.start, only.span.end))
        .end;
    let file = &input.file.text;
    let line = input
        .file
        .lines
        .span(file, input.file.line(end.saturating_sub(1)));
    let first_line = input.file.line(run.instruction.head.start);
    if input.file.line(end.saturating_sub(1)) == first_line {
        return Some(insert(end, format!(" && {command}")));
    }
    // In the shape of the last line.
    let last = line.of(file);
    let indent: String = last.chars().take_while(|c| c.is_whitespace()).collect();
    let eol = input.file.line_break();
    let escape = input.file.escape;
    let leading = last.trim_start().starts_with("&&");
    Some(match leading {
        true => insert(end, format!(" {escape}{eol}{indent}&& {command}")),
        false => insert(end, format!(" && {escape}{eol}{indent}{command}")),
    })
}

pub(super) fn apt_lists_left(input: &Input<'_>, out: &mut Reporter<'_>) {
    const LISTS: &str = "/var/lib/apt/lists";
    let hadolint = input.hadolint();
    let needed = needed_lists(input);
    for (run, needed) in input.runs.iter().zip(needed) {
        if !run.onbuild && !is_reported(input, run.stage) {
            continue;
        }
        let lists = mounted(input, run, LISTS);
        let both = run.has_mount_with("/var/lib/apt") && run.has_mount_with("/var/cache/apt");
        if lists || both {
            continue;
        }
        let update = |cmd: &&Cmd| {
            matches!(cmd.name.as_str(), "apt" | "apt-get" | "aptitude") && cmd.has_arg("update")
        };
        let Some(first) = run.commands.iter().find(update) else {
            continue;
        };
        let emptied = run.commands.iter().any(|cmd| match hadolint {
            true => hadolint_rm(cmd, "/var/lib/apt/lists/*"),
            false => cmd.order > first.order && (removes(cmd, &[LISTS]) || is_distclean(cmd)),
        });
        if emptied {
            continue;
        }
        let report = out.at(run.index, first.span, &first.name);
        // Nor may a later RUN install from these lists.
        let installs = run
            .commands
            .iter()
            .any(|cmd| cmd.order > first.order && cmd.has_arg("install"));
        if let Some(edit) =
            append(input, run, "rm -rf /var/lib/apt/lists/*").filter(|_| installs && !needed)
        {
            report.safe(vec![edit]);
        }
    }
}

/// For each RUN, whether a later one installs from the lists that it leaves.
fn needed_lists(input: &Input<'_>) -> Vec<bool> {
    let is_apt = |cmd: &&Cmd| matches!(cmd.name.as_str(), "apt" | "apt-get" | "aptitude");
    // Whether a RUN needs lists, or makes its own.
    let needs = |run: &Run<'_>| {
        run.commands.iter().filter(is_apt).find_map(|cmd| {
            let reads = [
                "install",
                "upgrade",
                "dist-upgrade",
                "full-upgrade",
                "build-dep",
            ];
            let makes = cmd.has_arg("update").then_some(false);
            makes.or_else(|| cmd.has_any_arg(&reads).then_some(true))
        })
    };
    let stages = &input.model().stages;
    let mut at_end = vec![false; stages.len().max(1)];
    let mut needed = vec![false; input.runs.len()];
    let mut stage = usize::MAX;
    let mut now = false;
    for (at, run) in input.runs.iter().enumerate().rev() {
        // Stages are gone through from the last: those without a RUN, too.
        while stage > run.stage {
            let built = stages.get(stage).and_then(|stage| stage.parent);
            if let Some(end) = built.and_then(|parent| at_end.get_mut(parent)) {
                *end |= now;
            }
            stage = stage.min(stages.len().max(1)) - 1;
            now = at_end.get(stage).copied().unwrap_or(false);
        }
        if let Some(slot) = needed.get_mut(at) {
            *slot = now;
        }
        now = needs(run).unwrap_or(now);
    }
    needed
}

fn is_distclean(cmd: &Cmd) -> bool {
    matches!(cmd.name.as_str(), "apt" | "apt-get") && cmd.has_any_arg(&["distclean", "dist-clean"])
}

pub(super) fn apk_cache_left(input: &Input<'_>, out: &mut Reporter<'_>) {
    for run in &input.runs {
        let dirs = ["/var/cache/apk", "/etc/apk/cache"];
        let mounted = match input.hadolint() {
            true => run.has_mount_with(dirs[0]),
            false => dirs
                .iter()
                .any(|dir| run.keeps_out(dir) || run.has_mount_with(dir)),
        };
        if mounted {
            continue;
        }
        for cmd in run
            .commands
            .iter()
            .filter(|cmd| cmd.name == "apk" && cmd.has_arg("add"))
        {
            let later = |other: &Cmd| other.order > cmd.order && removes(other, &dirs);
            if cmd.has_flag("--no-cache") || (!input.hadolint() && run.commands.iter().any(later)) {
                continue;
            }
            let report = out.at(run.index, cmd.span, &cmd.name);
            if let Some(add) = cmd.arg("add").filter(|_| cmd.exact) {
                report.safe(vec![insert(add.span.end, " --no-cache")]);
            }
        }
    }
}

pub(super) fn yum_cache_left(input: &Input<'_>, out: &mut Reporter<'_>) {
    let hadolint = input.hadolint();
    let cache = Cache {
        fills: &|cmd| cmd.name == "yum" && cmd.has_arg("install"),
        empties: &|cmd| {
            let clean = cmd.name == "yum" && cmd.has_any_arg(&["clean", "all"]);
            let rm = match hadolint {
                true => hadolint_rm(cmd, "/var/cache/yum/*"),
                false => removes(cmd, &["/var/cache/yum", "/var/cache/dnf"]),
            };
            clean || rm
        },
        mounts: if hadolint {
            &[]
        } else {
            &["/var/cache/yum", "/var/cache/dnf"]
        },
        remedy: "yum clean all",
        shipped_only: false,
    };
    report(input, out, &cache);
}

pub(super) fn dnf_cache_left(input: &Input<'_>, out: &mut Reporter<'_>) {
    const VERBS: [&str; 8] = [
        "install",
        "in",
        "upgrade",
        "up",
        "upgrade-minimal",
        "up-min",
        "reinstall",
        "rei",
    ];
    let hadolint = input.hadolint();
    let dirs = ["/var/cache/libdnf5", "/var/cache/dnf", "/var/cache/yum"];
    for tool in ["dnf", "microdnf"] {
        let cache = Cache {
            fills: &|cmd| cmd.name == tool && cmd.has_any_arg(&VERBS),
            empties: &|cmd| {
                let clean = cmd.name == tool && cmd.has_any_arg(&["clean", "all"]);
                let rm = match hadolint {
                    true => hadolint_rm(cmd, "/var/cache/libdnf5*"),
                    false => removes(cmd, &dirs),
                };
                clean || rm
            },
            mounts: match hadolint {
                true => &["/var/cache/libdnf5", ".cache/libdnf5"],
                false => &[
                    "/var/cache/libdnf5",
                    "/var/cache/dnf",
                    "/var/cache/yum",
                    ".cache/libdnf5",
                ],
            },
            remedy: if tool == "dnf" {
                "dnf clean all"
            } else {
                "microdnf clean all"
            },
            shipped_only: false,
        };
        report(input, out, &cache);
    }
}

pub(super) fn zypper_cache_left(input: &Input<'_>, out: &mut Reporter<'_>) {
    let hadolint = input.hadolint();
    let cache = Cache {
        fills: &|cmd| cmd.name == "zypper" && cmd.has_any_arg(&["install", "in"]),
        empties: &|cmd| {
            let clean = cmd.name == "zypper" && cmd.has_any_arg(&["clean", "cc"]);
            clean || (!hadolint && removes(cmd, &["/var/cache/zypp"]))
        },
        mounts: &["/var/cache/zypp"],
        remedy: "zypper clean --all",
        shipped_only: false,
    };
    report(input, out, &cache);
}

pub(super) fn yarn_cache_left(input: &Input<'_>, out: &mut Reporter<'_>) {
    let hadolint = input.hadolint();
    let cache = Cache {
        fills: &|cmd| {
            cmd.name == "yarn"
                && (cmd.has_arg("install")
                    || (!hadolint
                        && cmd.words().next().is_none()
                        && !cmd.has_any_flag(&["--version", "-v", "--help"])))
        },
        empties: &|cmd| {
            let clean = cmd.name == "yarn" && cmd.has_any_arg(&["cache", "clean"]);
            clean
                || (!hadolint
                    && removes(cmd, &["/usr/local/share/.cache/yarn", "/root/.cache/yarn"]))
        },
        mounts: match hadolint {
            true => &[".cache/yarn"],
            false => &[
                ".cache/yarn",
                "/usr/local/share/.cache",
                "/root/.cache",
                ".yarn/cache",
                ".yarn/berry/cache",
            ],
        },
        remedy: "yarn cache clean",
        shipped_only: true,
    };
    report(input, out, &cache);
}

pub(super) fn pip_cache_left(input: &Input<'_>, out: &mut Reporter<'_>) {
    let hadolint = input.hadolint();
    for run in &input.runs {
        let mounted =
            run.has_mount_with(".cache/pip") || (!hadolint && run.keeps_out("/root/.cache/pip"));
        if mounted || pip_cache_is_off(input, run) {
            continue;
        }
        for cmd in &run.commands {
            if cmd.name.starts_with("pipx") || cmd.name == "uv" {
                continue;
            }
            let Some(args) = super::pinning_languages::pip_install(input, cmd) else {
                continue;
            };
            let off = cmd.has_flag("--no-cache-dir")
                || args
                    .iter()
                    .any(|arg| arg.text.starts_with("--no-cache-dir"));
            let purged = |other: &Cmd| {
                let purge = other.has_arg("cache") && other.has_arg("purge");
                other.order > cmd.order
                    && (purge || removes(other, &["/root/.cache/pip", "/root/.cache"]))
            };
            let elsewhere = !hadolint && cmd.has_flag("--cache-dir");
            if off || elsewhere || (!hadolint && run.commands.iter().any(purged)) {
                continue;
            }
            let report = out.at(run.index, cmd.span, &cmd.name);
            if let Some(install) = cmd.arg("install").filter(|_| cmd.exact) {
                report.safe(vec![insert(install.span.end, " --no-cache-dir")]);
            }
        }
    }
}

fn pip_cache_is_off(input: &Input<'_>, run: &Run<'_>) -> bool {
    const NAME: &str = "PIP_NO_CACHE_DIR";
    let truthy = |value: &str| {
        let value = value.trim_matches(['"', '\'']).to_ascii_lowercase();
        // pip takes any value but these, among them `off`, for a yes.
        matches!(value.as_str(), "1" | "true" | "on" | "yes")
            || (!input.hadolint() && matches!(value.as_str(), "y" | "t"))
    };
    let by_env = input
        .model()
        .variable(run.index, NAME)
        .filter(|setting| setting.env || !input.hadolint());
    let by_env = by_env.and_then(|setting| {
        let instruction = input.file.instructions.get(setting.instruction)?;
        let (Arguments::Env { pairs, .. } | Arguments::Arg(pairs)) = &instruction.arguments else {
            return None;
        };
        pairs.get(setting.pair)?.value.as_ref()
    });
    if by_env.is_some_and(|value| truthy(&value.text)) {
        return true;
    }
    let text = run.text();

    text.match_indices(NAME).any(|(at, _)| {
        let after = text
            .get(at + NAME.len()..)
            .and_then(|rest| rest.strip_prefix('='));
        after.is_some_and(|value| {
            truthy(
                value
                    .split([' ', ';', '&', '\n', '\t'])
                    .next()
                    .unwrap_or(""),
            )
        })
    })
}

//! Dependencies: caches they leave, development ones, when they are installed.

use crate::dockerfile::{Arguments, Keyword};
use crate::lint::built::WORTH_SAYING;
use crate::lint::command::Cmd;
use crate::lint::input::{Input, Run};
use crate::lint::reporter::{Reporter, insert, replace};

/// Whether a command is this program with these words among its arguments.
fn is(cmd: &Cmd, line: &str) -> bool {
    let mut words = line.split(' ');
    let name = words.next().unwrap_or("");
    let own = cmd.name == name || cmd.name.strip_suffix(".sh") == Some(name);
    own && words.all(|word| match word.starts_with("--") {
        true => cmd.has_flag(word),
        false => cmd.has_arg(word),
    })
}

pub(super) fn package_cache_left(input: &Input<'_>, out: &mut Reporter<'_>) {
    for run in input.runs.iter().filter(|run| input.is_shipped(run.stage)) {
        let mut reported = Vec::new();
        for cache in input
            .knowledge
            .caches
            .rules()
            .iter()
            .filter(|cache| !cache.filled_by.is_empty())
        {
            let fills = |cmd: &&Cmd| !cache.avoided_by.iter().any(|flag| cmd.has_flag(flag));
            let line_of = |cmd: &Cmd| cache.filled_by.iter().find(|line| is(cmd, line));
            let found = run
                .commands
                .iter()
                .filter(fills)
                .find_map(|cmd| Some((cmd, line_of(cmd)?)));
            let Some((cmd, line)) = found.filter(|(cmd, _)| !reported.contains(&cmd.order)) else {
                continue;
            };
            let mount = cache.mount.as_deref().unwrap_or("");
            if run
                .mounts
                .iter()
                .any(|own| own.keeps_out() && covers(own.target.as_deref().unwrap_or(""), mount))
            {
                continue;
            }
            let emptied = run.commands.iter().any(|other| {
                let named = cache.emptied_by.iter().any(|line| is(other, line));
                let gems = mount.is_empty()
                    && other.name == "rm"
                    && other.words().any(|arg| arg.text.contains("/cache"));
                other.order > cmd.order && (named || gems || removes(other, mount))
            });
            if emptied || is_help(cmd) {
                continue;
            }
            let with = match &cache.mount {
                Some(mount) => format!(
                    "{}; mount a cache with RUN --mount=type=cache,target={mount}",
                    cache.name
                ),
                None => format!("{}; {}", cache.name, cache.advice.trim_end_matches('.')),
            };
            out.with(Some(run.index), cmd.span, line, &with)
                .leftovers_of(&cache.id);
            reported.push(cmd.order);
        }
    }
}

fn is_help(cmd: &Cmd) -> bool {
    cmd.has_any_flag(&["--help", "--version", "--dry-run"])
}

/// Whether a mount at `target` holds the tool's folder; users differ.
fn covers(target: &str, folder: &str) -> bool {
    let tail = |path: &str| {
        path.trim_end_matches('/')
            .rsplit('/')
            .take(1)
            .collect::<String>()
    };
    let hidden = |path: &str| {
        path.split('/')
            .find(|part| part.starts_with('.'))
            .map(str::to_owned)
    };
    target == folder
        || folder
            .strip_prefix(target)
            .is_some_and(|rest| rest.starts_with('/'))
        || (!target.is_empty() && tail(target) == tail(folder))
        || (hidden(target).is_some()
            && hidden(target) == hidden(folder)
            && hidden(target).as_deref() != Some(".cache"))
}

fn removes(cmd: &Cmd, folder: &str) -> bool {
    cmd.name == "rm"
        && cmd.words().any(|arg| {
            let path = arg.text.replace("${HOME}", "/root").replace("~/", "/root/");
            covers(path.trim_end_matches("/*"), folder)
        })
}

/// Packages that are needed to build and not to run.
fn is_build_tool(name: &str) -> bool {
    const TOOLS: [&str; 30] = [
        "autoconf",
        "automake",
        "base-devel",
        "bison",
        "build-base",
        "build-essential",
        "clang",
        "cmake",
        "dpkg-dev",
        "flex",
        "g++",
        "gcc",
        "gcc-c++",
        "gdb",
        "golang",
        "go",
        "gradle",
        "libtool",
        "linux-headers",
        "llvm",
        "m4",
        "make",
        "maven",
        "meson",
        "musl-dev",
        "nasm",
        "ninja-build",
        "pkg-config",
        "rustc",
        "valgrind",
    ];
    let name = name.split(['=', '~', '<', '>']).next().unwrap_or(name);
    TOOLS.contains(&name)
        || name.ends_with("-dev")
        || name.ends_with("-devel")
        || name.starts_with("linux-headers-")
}

pub(super) fn build_tools_in_image(input: &Input<'_>, out: &mut Reporter<'_>) {
    let Some(last) = input.model().stages.last() else {
        return;
    };
    for run in input
        .runs
        .iter()
        .filter(|run| run.stage == last.index && !run.onbuild)
    {
        for cmd in &run.commands {
            let install = match cmd.name.as_str() {
                "apt" | "apt-get" | "aptitude" | "dnf" | "yum" | "microdnf" | "zypper" => {
                    cmd.has_arg("install")
                }
                "apk" => cmd.has_arg("add"),
                "pacman" => cmd.args.iter().any(|arg| arg.text.starts_with("-S")),
                _ => false,
            };
            if !install {
                continue;
            }
            let virtual_name = cmd
                .value(&["-t", "--virtual"])
                .filter(|_| cmd.name == "apk");
            let tools: Vec<&str> = cmd
                .words()
                .map(|arg| arg.text.as_str())
                .filter(|name| is_build_tool(name) && Some(*name) != virtual_name)
                .collect();
            if tools.is_empty() || is_removed_again(run, cmd, &tools, virtual_name) {
                continue;
            }
            let span = cmd
                .words()
                .find(|arg| arg.text == tools.first().copied().unwrap_or(""))
                .map_or(cmd.span, |arg| arg.span);
            let report = out.at(run.index, span, &tools.join(", "));
            let installed = tools.iter().filter_map(|tool| {
                let package = input.image?.package(&["dpkg", "apk", "rpm"], tool)?;
                Some(package.bytes)
            });
            let bytes: u64 = installed.sum();
            // Of a package that only depends on others it would say too little.
            if bytes >= WORTH_SAYING {
                report.bytes(bytes);
            }
        }
    }
}

fn is_removed_again(
    run: &Run<'_>,
    install: &Cmd,
    tools: &[&str],
    virtual_name: Option<&str>,
) -> bool {
    run.commands
        .iter()
        .filter(|cmd| cmd.order > install.order)
        .any(|cmd| {
            let removes = cmd.has_any_arg(&["remove", "purge", "del", "autoremove", "erase", "rm"]);
            let named = |name: &str| {
                cmd.has_arg(name) || cmd.args.iter().any(|arg| arg.text.contains("${"))
            };
            removes
                && cmd.name == install.name
                && (tools.iter().all(|tool| named(tool)) || virtual_name.is_some_and(named))
        })
}

pub(super) fn weak_dependencies(input: &Input<'_>, out: &mut Reporter<'_>) {
    let configured = input.first_runs(|run| {
        let text = run.text();
        text.contains("install_weak_deps") && text.contains("dnf.conf")
            || text.contains("solver.onlyRequires")
            || text.contains("Install-Recommends") && text.contains("apt.conf")
    });
    for run in input.runs.iter().filter(|run| input.is_shipped(run.stage)) {
        for cmd in &run.commands {
            let (subcommands, option): (&[&str], &str) = match cmd.name.as_str() {
                "dnf" => (&["install"], "--setopt=install_weak_deps=False"),
                "microdnf" => (&["install"], "--setopt=install_weak_deps=0"),
                "zypper" => (&["install", "in"], "--no-recommends"),
                "apt" => (&["install"], "--no-install-recommends"),
                "aptitude" => (&["install"], "--without-recommends"),
                _ => continue,
            };
            let Some(verb) = subcommands.iter().find_map(|word| cmd.arg(word)) else {
                continue;
            };
            let off = cmd.args.iter().any(|arg| {
                let text = arg.text.to_ascii_lowercase();
                text.contains("install_weak_deps=false")
                    || text.contains("install_weak_deps=0")
                    || text.contains("install-recommends=false")
                    || text.contains("install-recommends=0")
                    || text == "--no-recommends"
                    || text == "--no-install-recommends"
                    || text == "--without-recommends"
                    || (arg.text == "-R" && cmd.name == "aptitude")
            });
            let first = configured.get(&run.stage);
            let configured = first.is_some_and(|&first| first <= run.index);
            if off || configured {
                continue;
            }
            let report = out.with(Some(run.index), cmd.span, &cmd.name, option);
            if cmd.exact {
                report.risky(vec![insert(verb.span.end, format!(" {option}"))]);
            }
        }
    }
}

pub(super) fn npm_install(input: &Input<'_>, out: &mut Reporter<'_>) {
    for run in &input.runs {
        for cmd in run.commands.iter().filter(|cmd| cmd.name == "npm") {
            let verb = cmd.subcommand();
            let packages = cmd.words().count() > 1;
            let global = cmd.has_any_flag(&[
                "-g",
                "--global",
                "--package-lock-only",
                "--save",
                "-S",
                "-D",
                "--save-dev",
            ]);
            if !matches!(verb, "install" | "i") || packages || global {
                continue;
            }
            let word = cmd.arg(verb);
            let report = out.at(run.index, cmd.span, verb);
            if let Some(word) = word.filter(|_| cmd.exact) {
                report.risky(vec![replace(word.span, "ci")]);
            }
        }
    }
}

fn production_env(input: &Input<'_>, run: &Run<'_>, cmd: &Cmd) -> bool {
    let set = super::variables::lookup(input, run.index, "NODE_ENV")
        .is_some_and(|value| value == "production");
    set || cmd
        .assigned
        .iter()
        .any(|(name, value)| name == "NODE_ENV" && value == "production")
}

pub(super) fn dev_dependencies(input: &Input<'_>, out: &mut Reporter<'_>) {
    let Some(last) = input.model().stages.last() else {
        return;
    };
    let bundle = input
        .first_runs(configures_bundle)
        .get(&last.index)
        .copied();
    for run in input
        .runs
        .iter()
        .filter(|run| run.stage == last.index && !run.onbuild)
    {
        for cmd in &run.commands {
            let verb = cmd.subcommand();
            let bare = cmd.words().count() <= 1;
            let (install, option, flags): (bool, &str, &[&str]) = match cmd.name.as_str() {
                "npm" => (
                    matches!(verb, "install" | "i" | "ci")
                        && bare
                        && !cmd.has_any_flag(&["-g", "--global"])
                        && !production_env(input, run, cmd),
                    "--omit=dev",
                    &["--omit", "--production", "--only", "--prod"],
                ),
                "yarn" => (
                    matches!(verb, "install" | "")
                        && bare
                        && !production_env(input, run, cmd)
                        && !cmd.has_any_flag(&["--version", "-v"]),
                    "--production",
                    &["--production", "--prod", "--immutable"],
                ),
                "pnpm" => (
                    matches!(verb, "install" | "i") && bare && !production_env(input, run, cmd),
                    "--prod",
                    &["--prod", "-P", "--production"],
                ),
                "composer" => (verb == "install", "--no-dev", &["--no-dev"]),
                "poetry" => (
                    verb == "install",
                    "--only main",
                    &["--only", "--without", "--no-dev", "--only-root"],
                ),
                "pipenv" => (
                    matches!(verb, "install" | "sync") && (cmd.has_any_flag(&["--dev", "-d"])),
                    "leaving --dev out",
                    &[],
                ),
                "bundle" => (
                    verb == "install"
                        && bundle.is_none_or(|first| first > run.index)
                        && super::variables::lookup(input, run.index, "BUNDLE_WITHOUT").is_none(),
                    "BUNDLE_WITHOUT=development:test",
                    &["--without"],
                ),
                "uv" => (
                    verb == "sync",
                    "--no-dev",
                    &["--no-dev", "--only-group", "--no-default-groups"],
                ),
                _ => continue,
            };
            let pruned = run.commands.iter().any(|other| {
                other.order > cmd.order && other.name == cmd.name && other.has_arg("prune")
            });
            if install && !cmd.has_any_flag(flags) && !pruned {
                out.with(
                    Some(run.index),
                    cmd.span,
                    format!("{} {verb}", cmd.name).trim(),
                    option,
                );
            }
        }
    }
}

fn configures_bundle(run: &Run<'_>) -> bool {
    run.commands.iter().any(|cmd| {
        cmd.name == "bundle"
            && cmd.has_arg("config")
            && cmd
                .args
                .iter()
                .any(|arg| arg.text == "without" || arg.text == "deployment")
    })
}

/// Commands that install what a manifest of the project lists.
fn installs_manifest(cmd: &Cmd) -> bool {
    let verb = cmd.subcommand();
    let bare = cmd.words().count() <= 1;
    match cmd.name.as_str() {
        "npm" => {
            matches!(verb, "install" | "i" | "ci") && bare && !cmd.has_any_flag(&["-g", "--global"])
        }
        "yarn" => matches!(verb, "install" | "") && bare && !cmd.has_any_flag(&["--version", "-v"]),
        "pnpm" | "bun" => matches!(verb, "install" | "i") && bare,
        "composer" | "poetry" | "pipenv" | "bundle" | "pdm" => verb == "install",
        "uv" => verb == "sync",
        "go" => verb == "mod" && cmd.has_arg("download"),
        "cargo" => verb == "fetch",
        "mvn" | "mvnw" => cmd
            .args
            .iter()
            .any(|arg| arg.text.starts_with("dependency:")),
        "dotnet" => verb == "restore",
        name => {
            let module = name.starts_with("python") && cmd.has_arg("pip") && cmd.has_arg("install");
            let pip = name.starts_with("pip") && verb == "install";
            (pip || module) && cmd.has_any_flag(&["-r", "--requirement"])
        }
    }
}

pub(super) fn manifest_after_source(input: &Input<'_>, out: &mut Reporter<'_>) {
    let installing = input.first_runs(|run| run.commands.iter().any(installs_manifest));
    for stage in &input.model().stages {
        let mut source: Option<usize> = None;
        for (index, instruction) in input.of_stage(stage) {
            if instruction.keyword == Keyword::Run {
                let Some(copied) = source else { continue };
                let at = input.runs.partition_point(|run| run.index < index);
                let run = input.runs.get(at).filter(|run| run.index == index);
                let Some(run) = run else { continue };
                // Bind mounts bring the manifests in themselves.
                if run
                    .mounts
                    .iter()
                    .any(|mount| mount.kind == crate::dockerfile::MountKind::Bind)
                {
                    continue;
                }
                if let Some(cmd) = run.commands.iter().find(|cmd| installs_manifest(cmd)) {
                    let line = input
                        .file
                        .instructions
                        .get(copied)
                        .map_or(0, |i| input.file.line(i.span.start));
                    let verb = cmd.subcommand();
                    out.with(
                        Some(index),
                        cmd.span,
                        format!("{} {verb}", cmd.name).trim(),
                        &line.to_string(),
                    );
                    break;
                }
                // Dependencies that were installed before are not installed anew.
            } else if let Arguments::Copy { sources, .. } = &instruction.arguments {
                let whole = sources
                    .iter()
                    .any(|source| matches!(source.unquoted(), "." | "./" | "/"));
                if whole && instruction.flag("from").is_none() && source.is_none() {
                    let first = installing.get(&stage.index);
                    if first.is_some_and(|&first| first < index) {
                        break;
                    }
                    source = Some(index);
                }
            }
        }
    }
}

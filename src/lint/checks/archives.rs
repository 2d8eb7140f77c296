//! Archives and histories that stay in the image after they were used.

use hashbrown::HashMap;

use crate::dockerfile::{Arguments, Keyword};
use crate::lint::command::Cmd;
use crate::lint::input::Input;
use crate::lint::reporter::Reporter;

use super::copies::{is_archive, is_git, is_url, unpacks};
use super::layers::{base_name, directory, downloads, is_below, moved};

pub(super) fn archive_stays(input: &Input<'_>, out: &mut Reporter<'_>) {
    const PACKAGES: [&str; 8] = [
        ".zip", ".deb", ".rpm", ".apk", ".whl", ".7z", ".rar", ".jar.gz",
    ];
    let [by_name, by_suffix] = uses(input);
    for stage in input
        .model()
        .stages
        .iter()
        .filter(|stage| input.is_shipped(stage.index))
    {
        for (index, instruction) in input.of_stage(stage) {
            let Arguments::Copy {
                sources,
                destination,
                ..
            } = &instruction.arguments
            else {
                continue;
            };
            for source in sources {
                let text = source.unquoted();
                let url = is_url(text) && !is_git(text);
                let unpacked_by_add = instruction.keyword == Keyword::Add && !url;
                let path = text.split('?').next().unwrap_or(text);
                let package = PACKAGES.iter().any(|suffix| path.ends_with(suffix));
                // Archives that COPY brings have a rule of their own.
                let archive = is_archive(path) && (url || instruction.flag("from").is_some());
                let by_add = instruction
                    .flag("unpack")
                    .is_some_and(|flag| flag.value.as_deref() != Some("false"))
                    || (unpacked_by_add && is_archive(path));
                if !(package || archive) || by_add {
                    continue;
                }
                let name =
                    match destination.unquoted().ends_with('/') || destination.unquoted() == "." {
                        true => base_name(path).to_owned(),
                        false => base_name(destination.unquoted()).to_owned(),
                    };
                let suffix = path.rsplit('.').next().unwrap_or("");
                let later = |last: Option<&usize>| last.is_some_and(|&last| last > index);
                if later(by_name.get(&(stage.index, name.as_str())))
                    || later(by_suffix.get(&(stage.index, suffix)))
                {
                    out.at(index, source.span, base_name(path));
                }
            }
        }
    }
}

/// The last RUN of each stage that unpacks or installs a file of this name,
/// and of this suffix.
fn uses<'r>(input: &'r Input<'_>) -> [HashMap<(usize, &'r str), usize>; 2] {
    let mut last = [HashMap::new(), HashMap::new()];
    let [by_name, by_suffix] = &mut last;
    for run in &input.runs {
        for cmd in &run.commands {
            let installs = match cmd.name.as_str() {
                "dpkg" | "rpm" | "apk" | "apt" | "apt-get" | "yum" | "dnf" | "microdnf"
                | "zypper" => true,
                name => {
                    name.starts_with("pip") || name.starts_with("python") || unpacks(input, cmd)
                }
            };
            for arg in cmd.args.iter().filter(|_| installs) {
                by_name.insert((run.stage, base_name(&arg.text)), run.index);
                if let Some((head, suffix)) = arg.text.rsplit_once('.')
                    && head.ends_with('*')
                {
                    by_suffix.insert((run.stage, suffix), run.index);
                }
            }
        }
    }
    last
}

pub(super) fn downloaded_archive_left(input: &Input<'_>, out: &mut Reporter<'_>) {
    for run in input.runs.iter().filter(|run| input.is_shipped(run.stage)) {
        let mut dir = directory(input, run.index);
        for cmd in &run.commands {
            if let Some(next) = moved(cmd, &dir) {
                dir = next;
            }
            // A folder is not needed to compare names within one RUN.
            let here = if dir.is_empty() { "/." } else { dir.as_str() };
            for file in downloads(cmd, here) {
                let name = base_name(&file).to_owned();
                let archive = is_archive(&name)
                    || [".zip", ".deb", ".rpm", ".7z"]
                        .iter()
                        .any(|suffix| name.ends_with(suffix));
                let later = || run.commands.iter().filter(|other| other.order > cmd.order);
                let used = later().any(|other| {
                    let installs = unpacks(input, other)
                        || matches!(
                            other.name.as_str(),
                            "dpkg" | "rpm" | "apt" | "apt-get" | "yum" | "dnf"
                        );
                    installs && other.args.iter().any(|arg| base_name(&arg.text) == name)
                });
                let gone = later().any(|other| {
                    let removes = matches!(other.name.as_str(), "rm" | "unlink" | "mv")
                        || (other.name == "gunzip");
                    removes && other.words().any(|arg| covers(&arg.text, &file, here))
                });
                if archive && used && !gone && !run.keeps_out(&file) {
                    out.at(run.index, cmd.span, &name);
                }
            }
        }
    }
}

/// Whether removing `path` removes a file; `*` may stand in its last part.
fn covers(path: &str, file: &str, dir: &str) -> bool {
    let path = match path.strip_prefix('/') {
        Some(_) => path.to_owned(),
        None => format!(
            "{}/{}",
            dir.trim_end_matches('/'),
            path.trim_start_matches("./")
        ),
    };
    let path = path.trim_end_matches('/');
    if path == file || is_below(file, path) {
        return true;
    }
    let (Some((folder, last)), Some((own_folder, name))) =
        (path.rsplit_once('/'), file.rsplit_once('/'))
    else {
        return false;
    };
    let same = folder == own_folder || is_below(own_folder, folder);
    same && last
        .split_once('*')
        .is_some_and(|(head, tail)| name.starts_with(head) && name.ends_with(tail))
}

/// The words of a git command line without the values of its flags.
fn git_words(cmd: &Cmd) -> Vec<&str> {
    const VALUES: [&str; 14] = [
        "-C",
        "-c",
        "-b",
        "--branch",
        "--config",
        "-o",
        "--origin",
        "--reference",
        "--separate-git-dir",
        "-j",
        "--jobs",
        "--filter",
        "--git-dir",
        "--work-tree",
    ];
    let mut words = Vec::new();
    let mut skip = false;
    for arg in &cmd.args {
        if std::mem::take(&mut skip) {
            continue;
        }
        skip = VALUES.contains(&arg.text.as_str());
        if !skip && !arg.text.starts_with('-') {
            words.push(arg.text.as_str());
        }
    }
    words
}

pub(super) fn git_history(input: &Input<'_>, out: &mut Reporter<'_>) {
    for run in input.runs.iter().filter(|run| input.is_shipped(run.stage)) {
        for cmd in run.commands.iter().filter(|cmd| cmd.name == "git") {
            let words = git_words(cmd);
            if words.first() != Some(&"clone") {
                continue;
            }
            if cmd.has_any_flag(&["--depth", "--shallow-since", "--bare", "--mirror"]) {
                continue;
            }
            let repository = words.get(1).copied().unwrap_or("");
            let folder = match words.get(2) {
                Some(path) => base_name(path),
                None => base_name(repository).trim_end_matches(".git"),
            };
            if words.get(2).is_some_and(|path| run.keeps_out(path)) {
                continue;
            }
            let gone = run.commands.iter().any(|other| {
                let words = || other.words().map(|arg| arg.text.trim_end_matches("/*"));
                other.order > cmd.order
                    && other.name == "rm"
                    && words().any(|path| {
                        path.ends_with(".git")
                            || base_name(path) == folder
                            || cmd
                                .args
                                .iter()
                                .any(|arg| arg.text.starts_with(path) && path.len() > 1)
                    })
            });
            if !gone {
                let report = out.at(run.index, cmd.span, repository);
                // A commit checked out later may be older than one commit deep.
                let checkout = run.commands.iter().any(|other| {
                    other.name == "git"
                        && git_words(other).first().is_some_and(|verb| {
                            matches!(
                                *verb,
                                "checkout"
                                    | "reset"
                                    | "log"
                                    | "describe"
                                    | "submodule"
                                    | "rev-list"
                                    | "merge"
                                    | "cherry-pick"
                            )
                        })
                });
                if cmd.exact
                    && !checkout
                    && let Some(clone) = cmd.arg("clone")
                {
                    report.risky(vec![crate::lint::reporter::insert(
                        clone.span.end,
                        " --depth 1",
                    )]);
                }
            }
        }
    }
}

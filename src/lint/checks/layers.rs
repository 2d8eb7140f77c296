//! Bytes that stay in a layer although a later line removes or changes them.

use crate::dockerfile::{Arguments, Instruction, Keyword};
use crate::lint::command::Cmd;
use crate::lint::input::{Input, Run};
use crate::lint::reporter::Reporter;

use super::copies::is_url;

/// A path that an instruction put into the image.
struct Made {
    path: String,
    index: usize,
    /// A directory or a file whose contents are not listed.
    whole: bool,
    /// It is the contents of the build context.
    context: bool,
}

/// The directory that relative paths are in.
pub(super) fn directory(input: &Input<'_>, index: usize) -> String {
    let workdir = input
        .model()
        .effect(index)
        .workdir
        .and_then(|index| input.file.instructions.get(index));
    match workdir.map(|i| &i.arguments) {
        Some(Arguments::Workdir(path)) if path.unquoted().starts_with('/') => {
            path.unquoted().trim_end_matches('/').to_owned()
        }
        None => {
            let inherited = input.base(index).and_then(|base| base.workdir.as_deref());
            inherited.unwrap_or("").trim_end_matches('/').to_owned()
        }
        _ => String::new(),
    }
}

/// An absolute path; none where variables or patterns are in it.
pub(super) fn absolute(dir: &str, path: &str) -> Option<String> {
    let path = path.trim_end_matches("/*");
    if path.is_empty() || path.contains(['$', '*', '?', '[', '`']) {
        return None;
    }
    let joined = match path.strip_prefix('/') {
        Some(rest) => format!("/{rest}"),
        None if dir.is_empty() => return None,
        None => format!("{dir}/{}", path.trim_start_matches("./")),
    };
    Some(joined.trim_end_matches(['/', '.']).to_owned())
}

pub(super) fn base_name(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path)
}

fn copied(input: &Input<'_>, index: usize, instruction: &Instruction, made: &mut Vec<Made>) {
    let Arguments::Copy {
        sources,
        destination,
        ..
    } = &instruction.arguments
    else {
        return;
    };
    let dir = directory(input, index);
    let target = destination.unquoted();
    let Some(into) = absolute(
        &dir,
        if target == "." || target == "./" {
            &dir
        } else {
            target
        },
    ) else {
        return;
    };
    let folder = target.ends_with('/') || target == "." || sources.len() > 1;
    for source in sources {
        let name = base_name(source.unquoted().split('?').next().unwrap_or(""));
        let spread =
            matches!(source.unquoted(), "." | "./" | "/") || source.unquoted().ends_with("/.");
        // Whether a source is a folder, whose contents alone are copied, is not
        // known; taken for a file it brings no false alarm.
        let named = folder && !spread;
        if named && name.contains(['*', '?', '$']) {
            continue;
        }
        let path = if named {
            format!("{into}/{name}")
        } else {
            into.clone()
        };
        made.push(Made {
            path,
            index,
            whole: !named,
            context: spread,
        });
    }
}

/// Files that a download writes.
pub(super) fn downloads(cmd: &Cmd, dir: &str) -> Vec<String> {
    let url_name = || {
        let url = cmd.words().find(|arg| is_url(&arg.text))?;
        Some(base_name(url.text.split(['?', '#']).next().unwrap_or("")).to_owned())
    };
    let output = match cmd.name.as_str() {
        "curl" => {
            let named = cmd.value(&["-o", "--output"]).map(str::to_owned);
            let bundled = || {
                let at = cmd.args.iter().position(|arg| {
                    let letters = arg
                        .text
                        .strip_prefix('-')
                        .filter(|letters| !letters.starts_with('-'));
                    letters.is_some_and(|letters| letters.ends_with('o'))
                })?;
                cmd.args.get(at + 1).map(|arg| arg.text.clone())
            };
            named
                .filter(|name| !name.is_empty())
                .or_else(bundled)
                .or_else(|| {
                    cmd.has_any_flag(&["-O", "--remote-name"])
                        .then(url_name)
                        .flatten()
                })
        }
        "wget"
            if cmd
                .args
                .iter()
                .any(|arg| arg.text.starts_with('-') && arg.text.ends_with("O-")) =>
        {
            None
        }
        "wget" => {
            let folder = cmd.value(&["-P", "--directory-prefix"]).map(str::to_owned);
            let in_folder = |name: String| match &folder {
                Some(folder) => format!("{folder}/{name}"),
                None => name,
            };
            let bundled = cmd.args.iter().position(|arg| {
                let letters = arg
                    .text
                    .strip_prefix('-')
                    .filter(|letters| !letters.starts_with('-'));
                letters.is_some_and(|letters| letters.ends_with('O'))
            });
            let named = cmd.value(&["--output-document"]).map(str::to_owned);
            match bundled.and_then(|at| cmd.args.get(at + 1)) {
                Some(arg) => Some(arg.text.clone()),
                None => named.or_else(|| url_name().map(in_folder)),
            }
        }
        _ => None,
    };
    let redirected = cmd
        .writes
        .iter()
        .filter(|_| matches!(cmd.name.as_str(), "curl" | "wget"));
    let files = output.into_iter().chain(redirected.cloned());
    files
        .filter(|file| file != "-" && !file.starts_with("/dev/"))
        .filter_map(|file| absolute(dir, &file))
        .collect()
}

/// The directory that a RUN's command works in: after `cd` it is another.
pub(super) fn moved(cmd: &Cmd, dir: &str) -> Option<String> {
    let target = cmd
        .args
        .first()
        .filter(|_| cmd.name == "cd" && cmd.depth == 0)?;
    Some(absolute(dir, &target.text).unwrap_or_default())
}

pub(super) fn is_below(path: &str, dir: &str) -> bool {
    !dir.is_empty()
        && (path == dir
            || path
                .strip_prefix(dir)
                .is_some_and(|rest| rest.starts_with('/')))
}

/// Calls `visit` for each command of a shipped stage with what earlier
/// instructions of the stage made.
fn each(input: &Input<'_>, mut visit: impl FnMut(&Run<'_>, &Cmd, &str, &[Made])) {
    /// More is nobody's Dockerfile.
    const LIMIT: usize = 2_000;
    for stage in input
        .model()
        .stages
        .iter()
        .filter(|stage| input.is_shipped(stage.index))
    {
        let mut made: Vec<Made> = Vec::new();
        let mut runs = input
            .runs
            .iter()
            .filter(|run| run.stage == stage.index && !run.onbuild)
            .peekable();
        for (index, instruction) in input.of_stage(stage) {
            match instruction.keyword {
                Keyword::Copy | Keyword::Add => copied(input, index, instruction, &mut made),
                Keyword::Run => {
                    while runs.peek().is_some_and(|run| run.index < index) {
                        runs.next();
                    }
                    let Some(run) = runs.peek().filter(|run| run.index == index) else {
                        continue;
                    };
                    let mut dir = directory(input, index);
                    let mut fresh = Vec::new();
                    for cmd in &run.commands {
                        if let Some(next) = moved(cmd, &dir) {
                            dir = next;
                        }
                        visit(run, cmd, &dir, &made);
                        let files = downloads(cmd, &dir).into_iter();
                        fresh.extend(files.map(|path| Made {
                            path,
                            index,
                            whole: false,
                            context: false,
                        }));
                    }
                    let gone = |made: &Made| {
                        run.commands.iter().any(|cmd| {
                            cmd.name == "rm"
                                && cmd.words().any(|arg| {
                                    absolute(&dir, &arg.text)
                                        .is_some_and(|path| is_below(&made.path, &path))
                                })
                        })
                    };
                    fresh.retain(|made| !gone(made));
                    made.extend(fresh);
                }
                _ => {}
            }
            if made.len() > LIMIT {
                break;
            }
        }
    }
}

/// Whether the build context sends something of this path.
fn in_context(input: &Input<'_>, path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or("");
    input.context.is_some_and(|context| context.sends(first))
}

pub(super) fn removed_too_late(input: &Input<'_>, out: &mut Reporter<'_>) {
    each(input, |run, cmd, dir, made| {
        if cmd.name != "rm" && !(cmd.name == "find" && cmd.has_arg("-delete")) {
            return;
        }
        for arg in cmd.words() {
            let Some(path) = absolute(dir, &arg.text) else {
                continue;
            };
            // A shared folder such as /tmp holds more than that file.
            let earlier = made.iter().find(|made| {
                let inside = made.whole && is_below(&path, &made.path);
                // A RUN may itself have made what it removes there.
                let copied = || {
                    !made.context || in_context(input, path.get(made.path.len()..).unwrap_or(""))
                };
                is_below(&made.path, &path) || (inside && copied())
            });
            if let Some(earlier) = earlier {
                let line = input
                    .file
                    .instructions
                    .get(earlier.index)
                    .map_or(0, |i| input.file.line(i.span.start));
                out.with(Some(run.index), arg.span, &arg.text, &line.to_string())
                    .below(&path);
            }
        }
    });
}

fn changed(input: &Input<'_>, out: &mut Reporter<'_>, name: &str) {
    each(input, |run, cmd, dir, made| {
        if cmd.name != name {
            return;
        }
        // The first word is the owner or the mode.
        let paths = cmd.words().skip(usize::from(!cmd.has_flag("--reference")));
        for arg in paths {
            let Some(path) = absolute(dir, &arg.text)
                .or_else(|| (arg.text == "." && !dir.is_empty()).then(|| dir.to_owned()))
            else {
                continue;
            };
            let recursive = cmd.has_any_flag(&["-R", "--recursive"]);
            let hit = made.iter().rev().find(|made| {
                let copied = input
                    .file
                    .instructions
                    .get(made.index)
                    .is_some_and(|i| i.keyword != Keyword::Run);
                copied
                    && (made.path == path
                        || (recursive && is_below(&made.path, &path))
                        || (made.whole && is_below(&path, &made.path)))
            });
            if let Some(hit) = hit {
                let line = input
                    .file
                    .instructions
                    .get(hit.index)
                    .map_or(0, |i| input.file.line(i.span.start));
                let report = out.with(Some(run.index), cmd.span, &arg.text, &line.to_string());
                let report = report.below(&path);
                if let Some(edits) = flag_edits(input, hit.index, run, cmd) {
                    report.risky(edits);
                }
                return;
            }
        }
    });
}

/// `COPY --chown=…` in place of a RUN that does nothing else.
fn flag_edits(
    input: &Input<'_>,
    index: usize,
    run: &Run<'_>,
    cmd: &Cmd,
) -> Option<Vec<crate::lint::finding::Edit>> {
    use crate::lint::reporter::{delete_instruction, insert};
    let copy = input.file.instructions.get(index)?;
    let value = cmd.words().next()?;
    let between = input.has_run_between(index, run.index);
    let others = || {
        let between = input.file.instructions.get(index + 1..run.index);
        between
            .unwrap_or(&[])
            .iter()
            .any(|other| matches!(other.keyword, Keyword::Copy | Keyword::Add | Keyword::From))
    };
    // A RUN between may make the user; another COPY may need the flag as well.
    let only =
        run.commands.len() == 1 && cmd.exact && cmd.words().count() == 2 && !between && !others();
    // The mode of a directory differs from its files'; only octal modes fit.
    let fits = match cmd.name.as_str() {
        "chmod" => {
            value.text.chars().all(|c| c.is_ascii_digit())
                && !cmd.has_any_flag(&["-R", "--recursive"])
        }
        _ => value.literal,
    };
    if !only || !fits || copy.flag(&cmd.name).is_some() || !copy.heredocs.is_empty() {
        return None;
    }
    let outer = input.file.instructions.get(run.index)?;
    Some(vec![
        insert(
            copy.name.span.end,
            format!(" --{}={}", cmd.name, value.text),
        ),
        delete_instruction(input.file, outer),
    ])
}

pub(super) fn chown_of_copied_files(input: &Input<'_>, out: &mut Reporter<'_>) {
    changed(input, out, "chown");
}

pub(super) fn chmod_of_copied_files(input: &Input<'_>, out: &mut Reporter<'_>) {
    changed(input, out, "chmod");
}

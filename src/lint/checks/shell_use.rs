//! How RUNs use the shell and their package manager.

use crate::dockerfile::shell::{self, Connector};
use crate::dockerfile::{Arguments, Command, Span};
use crate::lint::command::{self, Cmd};
use crate::lint::input::{Input, Run, ShellKind};
use crate::lint::reporter::{Reporter, insert, replace};

pub(super) fn cd_in_run(input: &Input<'_>, out: &mut Reporter<'_>) {
    for run in input.runs.iter().filter(|run| !run.onbuild) {
        for cmd in run.commands.iter().filter(|cmd| cmd.name == "cd") {
            // In a subshell, a function or a later command it is not the
            // directory of the whole RUN.
            let whole = cmd.depth == 0 && cmd.order == 0;
            let dir = cmd.args.first().map_or("", |arg| arg.text.as_str());
            if !input.hadolint() && !whole {
                continue;
            }
            let report = out.at(run.index, cmd.span, dir);
            if let Some(edits) = workdir_edits(input, run, cmd) {
                report.risky(edits);
            }
        }
    }
}

/// `RUN cd /a && b` as `WORKDIR /a` and `RUN b`, where the directory before
/// is known, so that it can be put back.
fn workdir_edits(
    input: &Input<'_>,
    run: &Run<'_>,
    cmd: &Cmd,
) -> Option<Vec<crate::lint::finding::Edit>> {
    let next = run.commands.get(1)?;
    let dir = cmd
        .args
        .first()
        .filter(|arg| arg.literal && arg.text.starts_with('/') && cmd.args.len() == 1)?;
    let before = input.model().effect(run.index).workdir?;
    let Arguments::Workdir(before) = &input.file.instructions.get(before)?.arguments else {
        return None;
    };
    let chained = next.connector == Some(Connector::And) && next.depth == 0 && cmd.exact;
    let plain = run.instruction.flags.is_empty()
        && run.instruction.heredocs.is_empty()
        && !dir.text.contains([' ', '"']);
    if !chained || !plain || !before.text.starts_with('/') {
        return None;
    }
    let head = run.instruction.head;
    let eol = input.file.line_break();
    Some(vec![
        insert(head.start, format!("WORKDIR {}{eol}", dir.text)),
        replace(
            Span::new(
                cmd.name_span.start,
                next.assigned.is_empty().then_some(next.name_span.start)?,
            ),
            "",
        ),
        insert(head.end, format!("{eol}WORKDIR {}", before.text)),
    ])
}

pub(super) fn no_pipefail(input: &Input<'_>, out: &mut Reporter<'_>) {
    for run in input.runs.iter().filter(|run| !run.onbuild) {
        if run.shell == ShellKind::Windows && !input.hadolint() || has_pipefail(input, run) {
            continue;
        }
        match run.instruction.command() {
            Some(Command::Shell(text)) => {
                if text.shebang().is_some() && !input.hadolint() {
                    continue;
                }
                let script = text.script();
                if input.hadolint() && !script.errors.is_empty() {
                    continue;
                }
                if let Some(pipe) = first_pipe(script, input.hadolint()) {
                    let set = run.commands.iter().find(|cmd| sets_pipefail(cmd));
                    let place = text.span(pipe);
                    if input.hadolint() || set.is_none_or(|set| set.span.start > place.start) {
                        out.at(run.index, place, "");
                    }
                }
            }
            // hadolint reads the joined words as a script.
            Some(Command::Exec(words))
                if input.hadolint() && words.iter().any(|word| word.text.contains('|')) =>
            {
                out.instruction(run.index, run.instruction, "");
            }
            _ => {}
        }
    }
}

fn first_pipe(script: &shell::Script, hadolint: bool) -> Option<Span> {
    let pipelines = shell::pipelines(script);
    let counts = |pipeline: &&&shell::Pipeline| {
        // `… | tee`'s status is rarely asked for, but the first one's is.
        hadolint || pipeline.commands.len() > 1
    };
    let pipe = pipelines
        .iter()
        .filter(counts)
        .find_map(|pipeline| pipeline.pipes.first())?;
    Some(pipe.span)
}

fn sets_pipefail(cmd: &Cmd) -> bool {
    let before_pipefail = cmd.args.windows(2).any(|pair| {
        matches!(pair, [flag, word] if word.text == "pipefail" && flag.text.starts_with('-') && flag.text.ends_with('o'))
    });
    (cmd.name == "set" || command::is_shell(&cmd.name)) && before_pipefail
}

fn has_pipefail(input: &Input<'_>, run: &Run<'_>) -> bool {
    let index = input.model().effect(run.index).shell;
    let inherited = |index: &usize| {
        let stage = input
            .model()
            .stage_of(run.index)
            .map_or(0, |stage| stage.from);
        !input.hadolint() || *index >= stage
    };
    let Some(Arguments::Shell(words)) = index
        .filter(inherited)
        .and_then(|index| input.file.instructions.get(index))
        .map(|i| &i.arguments)
    else {
        let base = input.base(run.index).filter(|_| index.is_none());
        let shell = base.and_then(|base| base.shell.as_deref());
        return shell.is_some_and(|shell| shell.iter().any(|word| word == "pipefail"));
    };
    let program = words.first().map_or("", |word| word.text.as_str());
    let able = match input.hadolint() {
        true => matches!(
            program,
            "/bin/bash" | "/bin/zsh" | "/bin/ash" | "bash" | "zsh" | "ash"
        ),
        false => {
            let kind = ShellKind::of(program);
            kind.is_posix() && kind != ShellKind::Dash
        }
    };
    let windows = ShellKind::of(program) == ShellKind::Windows;
    let option = words.iter().any(|word| word.text.contains("pipefail"))
        && words
            .iter()
            .any(|word| word.text.starts_with('-') && word.text.contains('o'));
    windows || (able && option)
}

pub(super) fn wget_and_curl(input: &Input<'_>, out: &mut Reporter<'_>) {
    let (mut stage, mut seen) = (None, [false, false]);
    for run in &input.runs {
        if input.model().stages.is_empty() {
            return;
        }
        if stage != Some(run.stage) {
            (stage, seen) = (Some(run.stage), [false, false]);
        }
        let uses = |name: &str| run.commands.iter().find(|cmd| cmd.name == name);
        let found = [uses("wget"), uses("curl")];
        for (seen, found) in seen.iter_mut().zip(&found) {
            *seen |= found.is_some();
        }
        if seen == [true, true]
            && let Some(cmd) = found.iter().flatten().next()
        {
            out.at(run.index, cmd.span, &cmd.name);
        }
    }
}

pub(super) fn consecutive_runs(input: &Input<'_>, out: &mut Reporter<'_>) {
    const LIMIT: usize = 1;
    for pair in input.runs.windows(2) {
        let [first, second] = pair else { continue };
        if first.index + 1 != second.index || first.onbuild || second.onbuild {
            continue;
        }
        let flags = |run: &Run<'_>| -> Vec<(String, Option<String>)> {
            run.instruction
                .flags
                .iter()
                .map(|flag| (flag.name.clone(), flag.value.clone()))
                .collect()
        };
        if flags(first) != flags(second)
            || first.commands.len() > LIMIT
            || second.commands.len() > LIMIT
        {
            continue;
        }
        // Layers of a stage that is thrown away cost nothing.
        if !input.hadolint() && !input.is_shipped(first.stage) {
            continue;
        }
        let report = out.instruction(second.index, second.instruction, "");
        let plain = |run: &Run<'_>| {
            run.shell_text().is_some_and(|text| {
                !text.from_heredoc
                    && text.script().errors.is_empty()
                    && text.script().comments.is_empty()
                    && text.script().lists.len() == 1
            }) && run.instruction.heredocs.is_empty()
        };
        if plain(first) && plain(second) && second.instruction.flags.is_empty() {
            let start = second.instruction.rest.place(0);
            let between = Span::new(first.instruction.head.end, start);
            let gap = Span::new(first.instruction.head.end, second.instruction.head.start)
                .of(&input.file.text);
            let or = |run: &Run<'_>| {
                run.commands
                    .iter()
                    .any(|cmd| cmd.connector == Some(Connector::Or))
            };
            if gap.trim().is_empty() && !or(first) && !or(second) {
                let (escape, eol) = (input.file.escape, input.file.line_break());
                report.risky(vec![replace(between, format!(" && {escape}{eol}    "))]);
            }
        }
    }
}

pub(super) fn apt_get_without_yes(input: &Input<'_>, out: &mut Reporter<'_>) {
    for run in &input.runs {
        for cmd in run
            .commands
            .iter()
            .filter(|cmd| cmd.name == "apt-get" && cmd.has_arg("install"))
        {
            let quiet: usize = cmd
                .args
                .iter()
                .map(|arg| match arg.text.strip_prefix('-') {
                    Some("-quiet") => 1,
                    Some(letters) if !letters.starts_with('-') => {
                        letters.split('=').next().unwrap_or("").matches('q').count()
                    }
                    _ => 0,
                })
                .sum();
            let yes = cmd.has_any_flag(&["-y", "--yes", "--assume-yes"])
                || quiet >= 2
                || cmd.has_arg("-q=2");
            let by_option = !input.hadolint()
                && cmd
                    .args
                    .iter()
                    .any(|arg| arg.text.contains("APT::Get::Assume-Yes"));
            // `-s` and `-d` ask nothing that matters.
            if !yes && !by_option {
                let report = out.at(run.index, cmd.span, &cmd.name);
                if let Some(install) = cmd.arg("install").filter(|_| cmd.exact) {
                    report.safe(vec![insert(install.span.end, " -y")]);
                }
            }
        }
    }
}

pub(super) fn recommended_apt(input: &Input<'_>, out: &mut Reporter<'_>) {
    // A file of apt.conf.d may have turned them off before.
    let configured = input.first_runs(|run| {
        let text = run.text();
        text.contains("apt.conf") && text.contains("Install-Recommends")
    });
    for run in &input.runs {
        let first = configured.get(&run.stage);
        if !input.hadolint() && first.is_some_and(|&first| first <= run.index) {
            continue;
        }
        for cmd in run
            .commands
            .iter()
            .filter(|cmd| cmd.name == "apt-get" && cmd.has_arg("install"))
        {
            let option = cmd.args.iter().any(|arg| {
                let text = arg.text.to_ascii_lowercase();
                match input.hadolint() {
                    true => arg.text == "APT::Install-Recommends=false",
                    false => {
                        let value = text
                            .split_once("apt::install-recommends=")
                            .map(|(_, value)| value.trim_matches(['"', '\'']).to_owned());
                        value.is_some_and(|value| {
                            matches!(value.as_str(), "false" | "0" | "no" | "off")
                        })
                    }
                }
            });
            if cmd.has_flag("--no-install-recommends") || option {
                continue;
            }
            let report = out.at(run.index, cmd.span, &cmd.name);
            if let Some(install) = cmd.arg("install").filter(|_| cmd.exact) {
                report.risky(vec![insert(install.span.end, " --no-install-recommends")]);
            }
        }
    }
}

pub(super) fn apt_in_script(input: &Input<'_>, out: &mut Reporter<'_>) {
    const SAME: [&str; 7] = [
        "install",
        "update",
        "upgrade",
        "remove",
        "purge",
        "autoremove",
        "clean",
    ];
    for run in &input.runs {
        for cmd in run.commands.iter().filter(|cmd| cmd.name == "apt") {
            let subcommand = cmd.subcommand();
            let report = out.at(run.index, cmd.name_span, subcommand);
            let by_path = cmd.name_span.of(&input.file.text) != "apt";
            if SAME.contains(&subcommand) && cmd.exact && !by_path {
                report.safe(vec![replace(cmd.name_span, "apt-get")]);
            }
        }
    }
}

pub(super) fn comment_swallows_line(input: &Input<'_>, out: &mut Reporter<'_>) {
    for run in &input.runs {
        let Some(text) = run
            .shell_text()
            .filter(|text| !text.from_heredoc && run.shell.is_posix())
        else {
            continue;
        };
        for comment in &text.script().comments {
            let place = text.span(*comment);
            let lines = (
                input.file.line(place.start),
                input.file.line(place.end.saturating_sub(1)),
            );
            // A comment in a here-document's body ends with its line.
            let same = text.joined.is_whole(*comment) && lines.0 == lines.1;
            if !same && lines.0 != lines.1 {
                let end = input.file.lines.span(&input.file.text, lines.0).end;
                out.at(run.index, Span::new(place.start, end), "");
            }
        }
    }
}

pub(super) fn heredoc_without_errexit(input: &Input<'_>, out: &mut Reporter<'_>) {
    for run in &input.runs {
        let Some(text) = run.shell_text().filter(|text| text.from_heredoc) else {
            continue;
        };
        if !run.shell.is_posix() {
            continue;
        }
        let shebang = text.shebang().unwrap_or("");
        let script = text.script();
        if script.lists.len() < 2 || !script.errors.is_empty() || has_errexit(shebang) {
            continue;
        }
        if !shebang.is_empty() && !crate::lint::input::shebang_shell(shebang).is_posix() {
            continue;
        }
        let sets = run.commands.first().is_some_and(|cmd| {
            cmd.name == "set"
                && (cmd.args.iter().any(|arg| has_errexit(&arg.text)) || cmd.has_arg("errexit"))
        });
        let by_shell = input
            .model()
            .effect(run.index)
            .shell
            .and_then(|index| input.file.instructions.get(index));
        let by_shell = by_shell.is_some_and(|shell| {
            matches!(&shell.arguments, Arguments::Shell(words) if words.iter().any(|word| has_errexit(&word.text)))
        });
        if sets || by_shell {
            continue;
        }
        let opening = run
            .instruction
            .heredocs
            .first()
            .map_or(run.instruction.name.span, |heredoc| heredoc.opening);
        let report = out.at(run.index, opening, "");
        if shebang.is_empty() {
            // Behind the tabs that `<<-` takes away.
            let place = text.joined.place(0);
            let line = input.file.lines.start(input.file.line(place));
            let indent = Span::new(line, place).of(&input.file.text);
            let eol = input.file.line_break();
            report.risky(vec![insert(place, format!("set -e{eol}{indent}"))]);
        }
    }
}

/// `-e`, `-ex` and so on.
fn has_errexit(text: &str) -> bool {
    text.split_whitespace().any(|word| {
        let letters = word
            .strip_prefix('-')
            .filter(|letters| !letters.starts_with('-'));
        letters.is_some_and(|letters| letters.contains('e') && letters.len() <= 8)
    })
}

pub(super) fn linked_shell(input: &Input<'_>, out: &mut Reporter<'_>) {
    for run in &input.runs {
        for cmd in run.commands.iter().filter(|cmd| cmd.name == "ln") {
            let target = match input.hadolint() {
                true => cmd.has_arg("/bin/sh"),
                // What is linked to is not changed.
                false => {
                    cmd.words().count() > 1
                        && cmd.words().last().is_some_and(|arg| arg.text == "/bin/sh")
                }
            };
            if target {
                out.at(run.index, cmd.span, &cmd.name);
            }
        }
    }
}

pub(super) fn distribution_upgrade(input: &Input<'_>, out: &mut Reporter<'_>) {
    for run in &input.runs {
        if !input.is_shipped(run.stage) {
            continue;
        }
        for cmd in &run.commands {
            let words: Vec<&str> = cmd.words().map(|arg| arg.text.as_str()).collect();
            let first = words.first().copied().unwrap_or("");
            let all = match cmd.name.as_str() {
                "apt" | "apt-get" | "aptitude" => matches!(
                    words.last().copied().unwrap_or(""),
                    "upgrade" | "dist-upgrade" | "full-upgrade" | "safe-upgrade"
                ),
                "dnf" | "yum" | "microdnf" => {
                    matches!(first, "upgrade" | "update") && words.len() == 1
                }
                "apk" => first == "upgrade" && words.len() == 1,
                _ => false,
            };
            if all {
                out.at(run.index, cmd.span, &format!("{} {first}", cmd.name));
            }
        }
    }
}

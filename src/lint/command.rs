//! The commands that a RUN starts, flattened out of the shell's grammar.

use crate::dockerfile::shell::{self, Connector, Part, SimpleCommand, Word};
use crate::dockerfile::{self, Joined, ShellText, Span};

/// Scripts within scripts that are followed: `sh -c "sh -c …"`.
const NESTED_LIMIT: usize = 4;

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its value without quotes; variables stay as `${name}`.
    pub text: String,
    /// Where it is in the file, quotes included.
    pub span: Span,
    /// Nothing in it is expanded.
    pub literal: bool,
    /// Some of it is in quotes.
    pub quoted: bool,
}

/// A command with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cmd {
    /// The program, without its folder unless hadolint's answer is wanted.
    pub name: String,
    /// Where the program is named.
    pub name_span: Span,
    /// Its arguments.
    pub args: Vec<Argument>,
    /// From the program to the last argument, in the file.
    pub span: Span,
    /// Its spans are exact, so that it can be edited.
    pub exact: bool,
    /// Which and-or list of the script it is in, or of the innermost body.
    pub list: usize,
    /// Which command of all.
    pub order: usize,
    /// Depth in compound commands and scripts.
    pub depth: usize,
    /// What stands before it in its list.
    pub connector: Option<Connector>,
    /// It is alone in its pipeline.
    pub alone: bool,
    /// The variables set before it: `A=b cmd`.
    pub assigned: Vec<(String, String)>,
    /// Files that it writes its output to.
    pub writes: Vec<String>,
    /// The wrapper that starts it, such as `sudo` or `env`.
    pub wrapper: Option<String>,
}

impl Cmd {
    /// The arguments that are no flags.
    pub fn words(&self) -> impl Iterator<Item = &Argument> {
        self.args.iter().filter(|arg| !arg.text.starts_with('-'))
    }

    /// The first argument that is no flag.
    pub fn subcommand(&self) -> &str {
        self.words().next().map_or("", |arg| arg.text.as_str())
    }

    /// Whether some argument is this word.
    pub fn has_arg(&self, word: &str) -> bool {
        self.args.iter().any(|arg| arg.text == word)
    }

    /// Whether some argument is one of these words.
    pub fn has_any_arg(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.has_arg(word))
    }

    /// The argument that is this word.
    pub fn arg(&self, word: &str) -> Option<&Argument> {
        self.args.iter().find(|arg| arg.text == word)
    }

    /// Whether a flag is given: `-x`, also within `-abx`, or `--long[=value]`.
    pub fn has_flag(&self, flag: &str) -> bool {
        self.flag(flag).is_some()
    }

    /// The argument that holds a flag.
    pub fn flag(&self, flag: &str) -> Option<&Argument> {
        self.args.iter().find(|arg| is_flag(&arg.text, flag))
    }

    /// Whether one of these flags is given.
    pub fn has_any_flag(&self, flags: &[&str]) -> bool {
        flags.iter().any(|flag| self.has_flag(flag))
    }

    /// The value of `--flag=value`, `--flag value` or `-f value`.
    pub fn value(&self, flags: &[&str]) -> Option<&str> {
        for (i, arg) in self.args.iter().enumerate() {
            for flag in flags {
                if arg.text == *flag {
                    return self.args.get(i + 1).map(|next| next.text.as_str());
                }
                let after = arg.text.strip_prefix(flag);
                if let Some(value) = after.and_then(|after| after.strip_prefix('=')) {
                    return Some(value);
                }
                if !flag.starts_with("--")
                    && let Some(value) = after.filter(|value| !value.is_empty())
                    && !arg.text.starts_with("--")
                {
                    return Some(value);
                }
            }
        }
        None
    }
}

fn is_flag(arg: &str, flag: &str) -> bool {
    match flag.strip_prefix("--") {
        Some(_) => {
            arg == flag
                || arg
                    .strip_prefix(flag)
                    .is_some_and(|rest| rest.starts_with('='))
        }
        None => {
            let letters = arg
                .strip_prefix('-')
                .filter(|letters| !letters.starts_with('-'));
            let wanted = flag.trim_start_matches('-');
            // hadolint takes `-abc=x` as a, b and c.
            let letters = letters.map(|letters| letters.split('=').next().unwrap_or(""));
            letters.is_some_and(|letters| {
                letters == wanted || (wanted.len() == 1 && letters.contains(wanted))
            })
        }
    }
}

/// Whether names and scripts are looked through, or taken as hadolint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// `/usr/bin/apt-get`, `env apt-get` and `sh -c 'apt-get'` are apt-get.
    Thorough,
    /// Only the literal first word counts.
    Literal,
}

/// The commands of a script, in order.
pub fn commands(text: &ShellText, reading: Reading) -> Vec<Cmd> {
    let mut found = Vec::new();
    collect(text, reading, 0, &mut found);
    found.shrink_to_fit();
    found
}

fn collect(text: &ShellText, reading: Reading, depth: usize, found: &mut Vec<Cmd>) {
    let script = text.script();
    if reading == Reading::Literal && !script.errors.is_empty() {
        // ShellCheck's parser gives up, and hadolint sees nothing.
        return;
    }
    for visited in shell::commands(script) {
        let Some(mut cmd) = command(text, visited.command) else {
            continue;
        };
        cmd.list = visited.list_index;
        cmd.order = found.len();
        cmd.depth = depth + visited.depth;
        cmd.connector = visited.connector_before;
        cmd.alone = visited.pipeline_length == 1;
        if reading == Reading::Literal {
            // To ShellCheck `[ … ]` is a condition, not a command.
            if cmd.name != "[" {
                found.push(cmd);
            }
            continue;
        }
        cmd.name = base_name(&cmd.name).to_owned();
        let nested = nested_script(text, visited.command, &cmd);
        let inner = unwrap(&cmd);
        found.push(cmd);
        if let Some(mut inner) = inner {
            inner.order = found.len();
            let nested = nested_of(text, visited.command, &inner);
            found.push(inner);
            follow(nested, reading, depth, found);
        }
        follow(nested, reading, depth, found);
    }
}

fn follow(nested: Option<ShellText>, reading: Reading, depth: usize, found: &mut Vec<Cmd>) {
    if let Some(nested) = nested.filter(|_| depth < NESTED_LIMIT) {
        collect(&nested, reading, depth + 1, found);
    }
}

fn base_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn command(text: &ShellText, simple: &SimpleCommand) -> Option<Cmd> {
    let (name, rest) = simple.words.split_first()?;
    let arg = |word: &Word| Argument {
        text: value(word),
        span: text.span(span(word.span)),
        literal: word.literal().is_some(),
        quoted: word.is_quoted(),
    };
    let name_span = text.span(span(name.span));
    let args: Vec<Argument> = rest.iter().map(arg).collect();
    let assigned = simple.assignments.iter().map(|set| {
        let value = set.value.as_ref().map(value).unwrap_or_default();
        (set.name.clone(), value)
    });
    let writes = simple.redirects.iter().filter(|redirect| {
        use shell::RedirectOp::{Append, Clobber, Output, OutputBoth};
        matches!(redirect.op, Output | Append | Clobber | OutputBoth)
    });
    Some(Cmd {
        name: value(name),
        name_span,
        span: args
            .last()
            .map_or(name_span, |last| name_span.to(last.span)),
        args,
        exact: true,
        list: 0,
        order: 0,
        depth: 0,
        connector: None,
        alone: true,
        assigned: assigned.collect(),
        writes: writes.map(|redirect| value(&redirect.target)).collect(),
        wrapper: None,
    })
}

/// The shell module has spans of its own text.
pub fn span(span: Span) -> Span {
    span
}

/// A word's value; whatever the shell would put in stays as `${name}`.
pub fn value(word: &Word) -> String {
    let mut out = String::new();
    parts(&word.parts, &mut out);
    out
}

fn parts(all: &[Part], out: &mut String) {
    for part in all {
        match part {
            Part::Literal { text, .. } | Part::SingleQuoted { text, .. } => out.push_str(text),
            Part::DoubleQuoted { parts: inner, .. } => parts(inner, out),
            // The default and the like stay, as `${x:-1}`.
            Part::Parameter {
                raw,
                operator: Some(_),
                ..
            } => out.push_str(raw),
            Part::Parameter { name, .. } => {
                out.push_str("${");
                out.push_str(name);
                out.push('}');
            }
            Part::Command { .. } | Part::Arithmetic { .. } | Part::Process { .. } => {
                out.push_str("${VAR}");
            }
        }
    }
}

/// Programs that start the program named in their arguments, and those of
/// their flags that take a value.
const WRAPPERS: [(&str, &[&str]); 17] = [
    (
        "sudo",
        &[
            "-u", "-g", "-p", "-C", "-h", "-r", "-t", "--user", "--group",
        ],
    ),
    ("doas", &["-u", "-C"]),
    ("gosu", &[]),
    ("su-exec", &[]),
    ("env", &["-u", "-C", "--unset", "--chdir"]),
    ("eatmydata", &[]),
    ("nice", &["-n"]),
    ("ionice", &["-c", "-n", "-p"]),
    ("nohup", &[]),
    ("exec", &["-a"]),
    ("command", &[]),
    ("time", &["-f", "-o"]),
    ("timeout", &["-k", "-s", "--signal", "--kill-after"]),
    ("stdbuf", &["-i", "-o", "-e"]),
    ("xargs", &["-I", "-n", "-P", "-d", "-a", "-L", "-s", "-E"]),
    ("retry", &[]),
    ("setarch", &[]),
];

/// The command that a wrapper starts.
fn unwrap(outer: &Cmd) -> Option<Cmd> {
    let mut current = outer.clone();
    let mut unwrapped = None;
    for _ in 0..NESTED_LIMIT {
        let Some(&(wrapper, takes_value)) = WRAPPERS.iter().find(|(name, _)| *name == current.name)
        else {
            break;
        };
        let mut at = 0;
        // gosu and su-exec name the user, timeout the time, setarch the machine.
        let mut operands = usize::from(matches!(
            wrapper,
            "gosu" | "su-exec" | "timeout" | "setarch"
        ));
        let next = loop {
            let arg = current.args.get(at)?;
            let text = arg.text.as_str();
            if takes_value.contains(&text) {
                at += 2;
            } else if text.starts_with('-')
                || (is_assignment(text) && matches!(wrapper, "env" | "sudo"))
            {
                if let (true, Some((name, value))) = (is_assignment(text), text.split_once('=')) {
                    current.assigned.push((name.to_owned(), value.to_owned()));
                }
                at += 1;
            } else if operands > 0 {
                operands -= 1;
                at += 1;
            } else {
                break arg.clone();
            }
        };
        let args: Vec<Argument> = current.args.get(at + 1..).unwrap_or(&[]).to_vec();
        current = Cmd {
            name: base_name(&next.text).to_owned(),
            name_span: next.span,
            span: args
                .last()
                .map_or(next.span, |last| next.span.to(last.span)),
            args,
            wrapper: Some(wrapper.to_owned()),
            ..current
        };
        unwrapped = Some(current.clone());
    }
    unwrapped
}

fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Whether a program is a shell that these rules understand.
pub fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh")
}

fn nested_of(text: &ShellText, outer: &SimpleCommand, cmd: &Cmd) -> Option<ShellText> {
    if !is_shell(&cmd.name) {
        return None;
    }
    let flag = cmd.args.iter().position(|arg| {
        arg.text.starts_with('-') && !arg.text.starts_with("--") && arg.text.ends_with('c')
    })?;
    let script = cmd.args.get(flag + 1).filter(|arg| arg.literal)?;
    let word = outer
        .words
        .iter()
        .find(|word| text.span(span(word.span)) == script.span)?;
    Some(quoted_script(text, word))
}

/// The script inside `sh -c '…'` or `sh <<EOF`.
fn nested_script(text: &ShellText, outer: &SimpleCommand, cmd: &Cmd) -> Option<ShellText> {
    if let Some(nested) = nested_of(text, outer, cmd) {
        return Some(nested);
    }
    if cmd.name == "eval" {
        let [word] = outer.words.get(1..)? else {
            return None;
        };
        return word.literal().is_some().then(|| quoted_script(text, word));
    }
    if !is_shell(&cmd.name) || cmd.words().next().is_some() {
        return None;
    }
    let heredoc = outer
        .redirects
        .iter()
        .find_map(|redirect| redirect.heredoc.as_ref())?;
    let body = text.joined.part(span(heredoc.body));
    if !heredoc.strip_tabs {
        return Some(ShellText::new(body));
    }
    let mut stripped = Joined::default();
    let mut at = 0u32;
    for line in body.text.split_inclusive('\n') {
        let tabs = (line.len() - line.trim_start_matches('\t').len()) as u32;
        stripped.append(&body.part(Span::new(at + tabs, at + line.len() as u32)));
        at += line.len() as u32;
    }
    Some(ShellText::new(stripped))
}

/// The literal in a word, with exact places where it stands in one quote.
fn quoted_script(text: &ShellText, word: &Word) -> ShellText {
    let value = value(word);
    let inner = Span::new(
        word.span.start + 1,
        word.span.end.saturating_sub(1).max(word.span.start + 1),
    );
    if inner.of(text.text()) == value {
        return ShellText::new(text.joined.part(inner));
    }
    let mut joined = Joined::default();
    joined.push_made(&value, text.joined.place(word.span.start));
    ShellText::new(joined)
}

/// The commands of a JSON array.
pub fn exec_commands(words: &[dockerfile::Word], file: &str, reading: Reading) -> Vec<Cmd> {
    if reading == Reading::Literal {
        // hadolint joins the words and reads them as a script.
        let mut joined = Joined::default();
        for (i, word) in words.iter().enumerate() {
            if i > 0 {
                joined.push_made(" ", word.span.start);
            }
            joined.push_made(&word.text, word.span.start + 1);
        }
        return commands(&ShellText::new(joined), reading);
    }
    let Some((name, rest)) = words.split_first() else {
        return Vec::new();
    };
    let args: Vec<Argument> = rest
        .iter()
        .map(|word| Argument {
            text: word.text.clone(),
            span: word.span,
            literal: true,
            quoted: true,
        })
        .collect();
    let cmd = Cmd {
        name: base_name(&name.text).to_owned(),
        name_span: name.span,
        span: args
            .last()
            .map_or(name.span, |last| name.span.to(last.span)),
        args,
        exact: false,
        list: 0,
        order: 0,
        depth: 0,
        connector: None,
        alone: true,
        assigned: Vec::new(),
        writes: Vec::new(),
        wrapper: None,
    };
    let mut found = vec![cmd.clone()];
    found.extend(unwrap(&cmd));
    if let Some(last) = found.last().filter(|last| is_shell(&last.name)).cloned() {
        let flag = last
            .args
            .iter()
            .position(|arg| arg.text.starts_with('-') && arg.text.ends_with('c'));
        if let Some(script) = flag.and_then(|at| last.args.get(at + 1)) {
            let mut joined = Joined::default();
            let inner = Span::new(script.span.start + 1, script.span.end.saturating_sub(1));
            match inner.of(file) == script.text {
                true => joined.push(file, inner),
                false => joined.push_made(&script.text, script.span.start),
            }
            collect(&ShellText::new(joined), reading, 1, &mut found);
        }
    }
    for (order, cmd) in found.iter_mut().enumerate() {
        cmd.order = order;
        cmd.exact = false;
    }
    found
}

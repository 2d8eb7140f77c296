//! Instructions as values, every part with its place in the file.

use super::heredoc::HereDoc;
use super::shell_text::ShellText;
use super::text::{Joined, Span};

/// A piece of an instruction, as written, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Word {
    /// The text without continuation characters; quotes are still there.
    pub text: String,
    /// Where it is in the file.
    pub span: Span,
}

impl Word {
    /// The text without surrounding quotes of either kind.
    pub fn unquoted(&self) -> &str {
        let text = self.text.as_str();
        for quote in ['"', '\''] {
            let inner = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote));
            if let Some(inner) = inner {
                return inner;
            }
        }
        text
    }
}

/// The keywords of the Dockerfile reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
    /// None of them.
    Unknown,
}

impl Keyword {
    const ALL: [(&'static str, Keyword); 18] = [
        ("ADD", Keyword::Add),
        ("ARG", Keyword::Arg),
        ("CMD", Keyword::Cmd),
        ("COPY", Keyword::Copy),
        ("ENTRYPOINT", Keyword::Entrypoint),
        ("ENV", Keyword::Env),
        ("EXPOSE", Keyword::Expose),
        ("FROM", Keyword::From),
        ("HEALTHCHECK", Keyword::Healthcheck),
        ("LABEL", Keyword::Label),
        ("MAINTAINER", Keyword::Maintainer),
        ("ONBUILD", Keyword::Onbuild),
        ("RUN", Keyword::Run),
        ("SHELL", Keyword::Shell),
        ("STOPSIGNAL", Keyword::Stopsignal),
        ("USER", Keyword::User),
        ("VOLUME", Keyword::Volume),
        ("WORKDIR", Keyword::Workdir),
    ];

    /// Recognises a keyword in any case.
    pub fn parse(text: &str) -> Self {
        let found = Self::ALL
            .iter()
            .find(|(name, _)| text.eq_ignore_ascii_case(name));
        found.map_or(Keyword::Unknown, |&(_, keyword)| keyword)
    }

    /// The keyword in capitals; empty for an unknown one.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|&&(_, keyword)| keyword == self)
            .map_or("", |&(name, _)| name)
    }

    /// The keyword that was probably meant.
    pub fn nearest(text: &str) -> Option<&'static str> {
        let text = text.to_ascii_uppercase();
        let near = |name: &str| strsim(&text, name);
        let (name, _) = Self::ALL.iter().min_by_key(|(name, _)| near(name))?;
        (near(name) <= 2).then_some(name)
    }
}

/// Edit distance, of short words.
pub fn strsim(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 8 || a.len() > 64 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        for (j, y) in b.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(0);
            let left = row.get(j).copied().unwrap_or(0);
            let cost = diagonal + usize::from(x != *y);
            diagonal = above;
            if let Some(cell) = row.get_mut(j + 1) {
                *cell = cost.min(above + 1).min(left + 1);
            }
        }
    }
    row.last().copied().unwrap_or(0)
}

/// `--name` or `--name=value` before the arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Without the dashes.
    pub name: String,
    /// The value without quotes and escapes, where there is a `=`.
    pub value: Option<String>,
    /// The whole flag.
    pub span: Span,
}

/// `key=value` of ENV, LABEL and ARG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The key, as written.
    pub key: Word,
    /// The value, as written, where there is a `=` (or, in the old form, a blank).
    pub value: Option<Word>,
    /// Both.
    pub span: Span,
}

/// What RUN, CMD, ENTRYPOINT and HEALTHCHECK CMD start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Text for the shell.
    Shell(ShellText),
    /// A JSON array: program and arguments.
    Exec(Vec<Word>),
}

/// The arguments of an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Arguments {
    From {
        image: Word,
        /// The word between image and name, in whatever case.
        as_word: Option<Word>,
        alias: Option<Word>,
    },
    Run(Command),
    Cmd(Command),
    Entrypoint(Command),
    /// `NONE` is `None`.
    Healthcheck(Option<Command>),
    Shell(Vec<Word>),
    Env {
        pairs: Vec<Pair>,
        legacy: bool,
    },
    Label {
        pairs: Vec<Pair>,
        legacy: bool,
    },
    Arg(Vec<Pair>),
    /// COPY and ADD.
    Copy {
        sources: Vec<Word>,
        /// Names of here-documents among the sources are not in `sources`.
        destination: Word,
        json: bool,
    },
    Expose(Vec<Word>),
    Volume {
        paths: Vec<Word>,
        json: bool,
    },
    User(Word),
    Workdir(Word),
    Stopsignal(Word),
    Maintainer(Word),
    Onbuild(Box<Instruction>),
    /// Could not be read; [`super::Dockerfile::errors`] says why.
    Broken,
}

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// Which one.
    pub keyword: Keyword,
    /// The keyword as written.
    pub name: Word,
    /// Flags in their order.
    pub flags: Vec<Flag>,
    /// Everything after the flags.
    pub arguments: Arguments,
    /// The text of the arguments with its places.
    pub rest: Joined,
    /// Here-documents in their order.
    pub heredocs: Vec<HereDoc>,
    /// Everything that belongs to it.
    pub span: Span,
    /// Without the here-documents.
    pub head: Span,
    /// Blank lines between its lines.
    pub blank_lines: Vec<Span>,
    /// Whether a JSON array was tried and failed, so that it is shell form.
    pub failed_json: bool,
}

impl Instruction {
    /// The first flag of this name.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.name == name)
    }

    /// The value of the first flag of this name.
    pub fn flag_value(&self, name: &str) -> Option<&str> {
        self.flag(name)?.value.as_deref()
    }

    /// The command of RUN, CMD, ENTRYPOINT or HEALTHCHECK.
    pub fn command(&self) -> Option<&Command> {
        match &self.arguments {
            Arguments::Run(command) | Arguments::Cmd(command) => Some(command),
            Arguments::Entrypoint(command) => Some(command),
            Arguments::Healthcheck(command) => command.as_ref(),
            _ => None,
        }
    }

    /// Whether an array was meant and Docker takes the text for the shell's.
    pub fn is_broken_json(&self) -> bool {
        if !self.failed_json {
            return false;
        }
        let text = self.rest.text.trim();
        // `[ -f x ] && …`, `[ "$x" = y ]` and `[[ … ]]` are commands: a test
        // needs a blank behind its bracket and has no commas between quotes.
        let inner = text.trim_start_matches('[').trim_end_matches(']').trim();
        let quoted = inner.starts_with(['"', '\'']);
        let list = ["\",", "',", "\" ,", "' ,"]
            .iter()
            .any(|comma| inner.contains(comma));
        let single =
            text.ends_with(']') && !text.starts_with("[[") && !inner.contains(char::is_whitespace);
        let tight = text
            .strip_prefix('[')
            .is_some_and(|rest| rest.starts_with(['"', '\'']));
        tight || (quoted && list) || (single && !inner.is_empty())
    }

    /// The instruction that ONBUILD holds, or itself.
    pub fn innermost(&self) -> &Instruction {
        match &self.arguments {
            Arguments::Onbuild(inner) => inner.innermost(),
            _ => self,
        }
    }
}

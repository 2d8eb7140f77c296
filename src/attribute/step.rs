//! History entries in a normal form, whatever builder wrote them.

use crate::dockerfile::Keyword;
use crate::oci::HistoryEntry;

/// Bytes of an entry that are read; builders write no longer ones.
const TEXT_LIMIT: usize = 1 << 18;
/// Steps that one entry may stand for.
const STEPS_LIMIT: usize = 4096;

/// Programs whose `-c` takes a command.
const SHELLS: [&str; 12] = [
    "sh",
    "bash",
    "ash",
    "dash",
    "zsh",
    "ksh",
    "busybox",
    "cmd",
    "cmd.exe",
    "powershell",
    "powershell.exe",
    "pwsh",
];

/// How an entry was written, which tells what its text leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `/bin/sh -c …` and `#(nop)`: Docker's classic builder, buildah, podman.
    Classic,
    /// BuildKit: `RUN /bin/sh -c … # buildkit`.
    BuildKit,
    /// The instruction and nothing else, as kaniko has it.
    Plain,
    /// No instruction: an import, a commit, or a tool that reads no Dockerfile.
    Other,
}

/// What one instruction of some Dockerfile left in history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The instruction; none where the entry does not look like one.
    pub keyword: Option<Keyword>,
    /// What follows the keyword. For RUN the command with its shell, if the
    /// builder noted that.
    pub text: String,
    /// How many build arguments stand before the command, as `|2 A=1 B=2 `;
    /// they are still in `text`.
    pub arguments: Option<usize>,
    /// Who wrote it so.
    pub style: Style,
}

/// What a history entry stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// One instruction.
    One(Step),
    /// Several, folded into one layer by squashing.
    Folded {
        /// What is known of them, oldest first.
        steps: Vec<Step>,
        /// Whether some are missing in the list.
        cut: bool,
    },
    /// A further layer of the same steps as the entry before.
    SameAsBefore,
}

impl Step {
    /// Reads an instruction from text and comment of an entry.
    pub fn read(created_by: &str, comment: &str) -> Self {
        let text = limited(created_by).trim();
        let marked = text.strip_suffix("# buildkit");
        let buildkit = marked.is_some() || comment.starts_with("buildkit.");
        let text = marked.unwrap_or(text).trim();
        if let Some(step) = Self::marked_nop(text) {
            return step;
        }
        if let Some((arguments, rest)) = counted(text) {
            return Self::run(rest, Some(arguments), Style::Classic);
        }
        let (word, rest) = first_word(text);
        let keyword = Keyword::parse(word);
        let is_capital = word.bytes().all(|b| b.is_ascii_uppercase());
        let has_arguments = buildkit || !rest.is_empty();
        if keyword != Keyword::Unknown && is_capital && has_arguments {
            let style = match buildkit {
                true => Style::BuildKit,
                false => Style::Plain,
            };
            return match (keyword, counted(rest)) {
                (Keyword::Run, Some((count, rest))) => Self::run(rest, Some(count), style),
                (Keyword::Run, None) => Self::run(rest, None, style),
                _ => Step {
                    keyword: Some(keyword),
                    text: rest.to_owned(),
                    arguments: None,
                    style,
                },
            };
        }
        if shell_length(text).is_some() {
            return Self::run(text, None, Style::Classic);
        }
        Step {
            keyword: None,
            text: text.to_owned(),
            arguments: None,
            style: Style::Other,
        }
    }

    fn run(text: &str, arguments: Option<usize>, style: Style) -> Self {
        Step {
            keyword: Some(Keyword::Run),
            text: text.trim().to_owned(),
            arguments,
            style,
        }
    }

    /// `SHELL #(nop)  CMD ["bash"]`: an instruction that runs nothing.
    fn marked_nop(text: &str) -> Option<Self> {
        let (shell, rest) = text.split_once("#(nop)")?;
        let (program, _) = first_word(shell.trim());
        // The marker in the middle of somebody's command means nothing.
        let is_all = shell_length(shell).is_some_and(|end| {
            let after = shell.get(end..).unwrap_or("").trim();
            after.is_empty() || (is_windows(program) && after.ends_with(';'))
        });
        if !is_all {
            return None;
        }
        let (word, rest) = first_word(rest.trim());
        let keyword = Keyword::parse(word);
        if keyword == Keyword::Unknown {
            return None;
        }
        Some(Step {
            keyword: Some(keyword),
            text: rest.to_owned(),
            arguments: None,
            style: Style::Classic,
        })
    }

    /// Whether the instruction can change files.
    pub fn can_make_layer(&self) -> bool {
        match self.keyword {
            Some(keyword) => makes_layer(keyword) || keyword == Keyword::Workdir,
            None => true,
        }
    }

    /// The build arguments of RUN and what follows them. Blanks in values make
    /// it a guess, which a shell's name settles in nearly all cases.
    pub fn split_arguments(&self) -> (Vec<(&str, &str)>, &str) {
        let text = self.text.as_str();
        let Some(count) = self.arguments else {
            return (Vec::new(), text);
        };
        let mut starts = Vec::new();
        let mut command = 0;
        for (start, word) in words(text) {
            if starts.len() == count && shell_length(text.get(start..).unwrap_or("")).is_some() {
                command = start;
                break;
            }
            if starts.len() < count && is_assignment(word) {
                starts.push(start);
            } else if starts.len() == count && command == 0 {
                // The first word after the last value, if no shell comes.
                command = start;
            }
        }
        if starts.len() < count || (count > 0 && command == 0) {
            return (Vec::new(), text);
        }
        let ends = starts.iter().skip(1).copied().chain([command]);
        let pairs = starts.iter().zip(ends).filter_map(|(&start, end)| {
            let pair = text.get(start..end)?.trim_end();
            pair.split_once('=')
        });
        (pairs.collect(), text.get(command..).unwrap_or(""))
    }
}

impl Meaning {
    /// What an entry stands for.
    pub fn of(entry: &HistoryEntry) -> Self {
        let comment = limited(&entry.comment);
        if let Some(list) = comment.strip_prefix("folds ")
            && let Some((steps, cut)) = folded(list)
        {
            return Meaning::Folded { steps, cut };
        }
        if comment.starts_with("layer ") && comment.ends_with(" that hold the same steps") {
            return Meaning::SameAsBefore;
        }
        Meaning::One(Step::read(&entry.created_by, comment))
    }
}

/// `2 steps`, and each of them on lines of its own.
fn folded(list: &str) -> Option<(Vec<Step>, bool)> {
    let (count, rest) = list.split_once(' ')?;
    let count: usize = count.parse().ok()?;
    let (_, rest) = rest.split_once('\n')?;
    let mut lines: Vec<&str> = rest.split('\n').collect();
    let cut = lines
        .last()
        .is_some_and(|last| last.starts_with("… and ") && last.ends_with(" more"));
    if cut {
        lines.pop();
    }
    let mut texts: Vec<String> = Vec::new();
    for line in lines {
        // Steps with here-documents have several lines.
        let is_more = (cut || count < rest.split('\n').count())
            && Step::read(line, "").keyword.is_none()
            && texts.last().is_some_and(|last| {
                Step::read(last, "").keyword == Some(Keyword::Run) && !last.ends_with("# buildkit")
            });
        match texts.last_mut().filter(|_| is_more) {
            Some(last) => {
                last.push('\n');
                last.push_str(line);
            }
            None => texts.push(line.to_owned()),
        }
    }
    let whole = texts.len() == count && !cut;
    texts.truncate(STEPS_LIMIT);
    let steps = texts.iter().map(|text| Step::read(text, "")).collect();
    Some((steps, !whole))
}

/// Whether an instruction changes files by its nature. WORKDIR may or may not.
pub fn makes_layer(keyword: Keyword) -> bool {
    matches!(keyword, Keyword::Run | Keyword::Copy | Keyword::Add)
}

/// The length of `/bin/bash -o pipefail -c` at the start of a command.
pub fn shell_length(text: &str) -> Option<usize> {
    let mut words = words(text);
    let (_, program) = words.next()?;
    let name = program.rsplit(['/', '\\']).next().unwrap_or("");
    if !SHELLS.contains(&name.to_ascii_lowercase().as_str()) {
        return None;
    }
    let mut value_follows = name == "busybox";
    for (start, word) in words.take(12) {
        if std::mem::take(&mut value_follows) {
            continue;
        }
        let end = start + word.len();
        let is_flag =
            word.starts_with(['-', '+']) || (is_windows(program) && word.starts_with('/'));
        if !is_flag {
            return None;
        }
        let lower = word.to_ascii_lowercase();
        let windows_end = ["/c", "-command", "-c"].contains(&lower.as_str());
        if windows_end || (!is_windows(program) && !lower.starts_with("--") && lower.ends_with('c'))
        {
            return Some(end);
        }
        // `-o pipefail`, `-ExecutionPolicy Bypass`.
        value_follows = lower.ends_with('o') || lower == "-executionpolicy";
    }
    None
}

fn is_windows(program: &str) -> bool {
    let name = program.rsplit(['/', '\\']).next().unwrap_or("");
    let name = name.to_ascii_lowercase();
    ["cmd", "powershell", "pwsh"].contains(&name.trim_end_matches(".exe"))
}

/// `|2 A=1 B=2 command`: the number, and the rest.
fn counted(text: &str) -> Option<(usize, &str)> {
    let (count, rest) = first_word(text.strip_prefix('|')?);
    Some((count.parse().ok().filter(|&n| n < STEPS_LIMIT)?, rest))
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

fn first_word(text: &str) -> (&str, &str) {
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim()),
        None => (text, ""),
    }
}

/// Words with the places where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let tail = text.get(rest..)?;
        let start = rest + (tail.len() - tail.trim_start().len());
        let word = text.get(start..)?.split(char::is_whitespace).next()?;
        rest = start + word.len();
        (!word.is_empty()).then_some((start, word))
    })
}

fn limited(text: &str) -> &str {
    let mut end = text.len().min(TEXT_LIMIT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Keyword>, String) {
        let step = Step::read(text, "");
        (step.keyword, step.text)
    }

    #[test]
    fn builders_write_the_same_instruction_in_many_ways() {
        let cmd = (Some(Keyword::Cmd), "[\"bash\"]".to_owned());
        for text in [
            "/bin/sh -c #(nop)  CMD [\"bash\"]",
            "/bin/bash -o pipefail -c #(nop)  CMD [\"bash\"]",
            "cmd /S /C #(nop)  CMD [\"bash\"]",
            "powershell -Command $ErrorActionPreference = 'Stop'; #(nop)  CMD [\"bash\"]",
            "CMD [\"bash\"]",
        ] {
            assert_eq!(read(text), cmd, "{text}");
        }
        for text in [
            "/bin/sh -c touch /a",
            "RUN /bin/sh -c touch /a # buildkit",
            "RUN /bin/sh -c touch /a",
        ] {
            let run = (Some(Keyword::Run), "/bin/sh -c touch /a".to_owned());
            assert_eq!(read(text), run, "{text}");
        }
    }

    #[test]
    fn markers_inside_commands_mean_nothing() {
        let (keyword, text) = read("/bin/sh -c echo '#(nop) CMD x'");
        assert_eq!(keyword, Some(Keyword::Run));
        assert_eq!(text, "/bin/sh -c echo '#(nop) CMD x'");
    }

    #[test]
    fn build_arguments_end_where_the_shell_begins() {
        let step = Step::read("|2 A=one B=two words c=d /bin/sh -c echo C=3", "");
        let (pairs, command) = step.split_arguments();
        assert_eq!(pairs, [("A", "one"), ("B", "two words c=d")]);
        assert_eq!(command, "/bin/sh -c echo C=3");
        let step = Step::read("RUN |1 A= touch /x # buildkit", "");
        assert_eq!(step.split_arguments(), (vec![("A", "")], "touch /x"));
        let step = Step::read("|9 A=1 x", "");
        assert_eq!(step.split_arguments(), (vec![], "A=1 x"));
    }

    #[test]
    fn what_is_no_instruction_stays_text() {
        for text in [
            "bazel build ...",
            "jib-gradle-plugin:3.4.0",
            "ko build",
            "ADD",
            "",
        ] {
            assert_eq!(read(text).0, None, "{text}");
        }
    }

    #[test]
    fn folded_entries_have_steps() {
        let entry = HistoryEntry {
            created_by: "rslim squash --last 2".into(),
            comment:
                "folds 3 steps\nRUN /bin/sh -c a\nb\n # buildkit\nENV A=1\nCOPY a /b # buildkit"
                    .into(),
            ..HistoryEntry::default()
        };
        let Meaning::Folded { steps, cut } = Meaning::of(&entry) else {
            panic!("not folded");
        };
        assert!(!cut);
        assert_eq!(steps.len(), 3);
        assert_eq!(steps[0].text, "/bin/sh -c a\nb");
    }
}

//! The Dockerfile language: a lossless syntax tree with the place of every
//! instruction, flag, word, here-document and shell command.
//!
//! Parsing never fails: what cannot be read is an entry of
//! [`Dockerfile::errors`], and everything else is there all the same.
//! It follows the [Dockerfile reference](https://docs.docker.com/reference/dockerfile/)
//! as BuildKit implements it.

pub mod expand;
pub mod heredoc;
pub mod ignore_file;
mod image_name;
mod instruction;
mod line;
mod mount;
mod options;
mod parse;
pub mod shell;
mod shell_text;
mod stage;
mod text;
pub mod words;

pub use heredoc::HereDoc;
pub use image_name::ImageName;
pub use instruction::{Arguments, Command, Flag, Instruction, Keyword, Pair, Word, strsim};
pub use line::{Comment, Directive, LINE_LIMIT};
pub use mount::{Mount, MountKind};
pub use parse::{SyntaxError, push_body};
pub use shell_text::ShellText;
pub use stage::{Effect, Model, Setting, Stage};
pub use text::{Joined, Lines, Position, Span};

/// A parsed Dockerfile.
#[derive(Debug, Clone)]
pub struct Dockerfile {
    /// The text; see [`decode`].
    pub text: String,
    /// Where its lines begin.
    pub lines: Lines,
    /// The escape character.
    pub escape: char,
    /// Parser directives.
    pub directives: Vec<Directive>,
    /// All comments in their order, directives among them.
    pub comments: Vec<Comment>,
    /// Instructions in their order, broken ones too.
    pub instructions: Vec<Instruction>,
    /// What Docker would refuse, in the order of the file.
    pub errors: Vec<SyntaxError>,
    /// Stages and inherited state.
    pub model: Model,
}

/// Parses a Dockerfile.
pub fn parse(text: impl Into<String>) -> Dockerfile {
    let text = text.into();
    let cut = line::cut(&text);
    let mut parser = parse::Parser {
        file: &text,
        escape: cut.escape,
        errors: Vec::new(),
    };
    let mut instructions: Vec<Instruction> = cut
        .lines
        .into_iter()
        .map(|line| parser.instruction(line))
        .collect();
    instructions.shrink_to_fit();
    let mut errors = parser.errors;
    let cut_errors = cut.errors.into_iter();
    errors.extend(cut_errors.map(|(span, message)| SyntaxError { span, message }));
    whole(&text, &instructions, &mut errors);
    errors.sort_by_key(|error| error.span);
    Dockerfile {
        lines: Lines::of(&text),
        escape: cut.escape,
        directives: cut.directives,
        comments: cut.comments,
        model: Model::of(&instructions),
        instructions,
        errors,
        text,
    }
}

/// What is wrong with the file as a whole.
fn whole(text: &str, instructions: &[Instruction], errors: &mut Vec<SyntaxError>) {
    if instructions.iter().any(|i| i.keyword == Keyword::From) || !errors.is_empty() {
        return;
    }
    let message = match instructions.last() {
        None => "no instructions: a Dockerfile needs at least a FROM",
        Some(_) => "no FROM: a Dockerfile needs at least one stage",
    };
    let end = text.trim_end().len() as u32;
    errors.push(SyntaxError {
        span: instructions
            .last()
            .map_or(Span::at(end), |last| last.name.span),
        message: message.to_owned(),
    });
}

/// Bytes that are no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {what}", position.line, position.column)]
pub struct NotText {
    /// Where.
    pub position: Position,
    /// What was found, and what is needed.
    pub what: String,
}

/// A file's bytes as text of the same length, in which each byte that is not
/// UTF-8 is a `?`; and where those bytes are.
///
/// # Errors
/// [`NotText`] for UTF-16, UTF-32, and bytes that no text has.
pub fn decode(bytes: &[u8]) -> Result<(String, Vec<Span>), NotText> {
    let refuse = |at: usize, what: &str| {
        let before = bytes.get(..at).unwrap_or(&[]);
        let line_start = before
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |i| i + 1);
        Err(NotText {
            position: Position {
                line: before.iter().filter(|b| **b == b'\n').count() as u32 + 1,
                column: (at - line_start) as u32 + 1,
            },
            what: what.to_owned(),
        })
    };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return refuse(0, "UTF-16 text; save the file as UTF-8");
    }
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        return refuse(
            at,
            "a NUL byte: this is no text file (Dockerfiles are UTF-8)",
        );
    }
    if u32::try_from(bytes.len()).is_err() {
        return refuse(0, "more than 4 GiB: this is no Dockerfile");
    }
    let mut text = String::with_capacity(bytes.len());
    let mut wrong = Vec::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            let start = text.len() as u32;
            wrong.push(Span::new(start, start + chunk.invalid().len() as u32));
            text.extend(chunk.invalid().iter().map(|_| '?'));
        }
    }
    Ok((text, wrong))
}

impl Dockerfile {
    /// Line and column of a byte.
    pub fn position(&self, place: u32) -> Position {
        self.lines.position(&self.text, place)
    }

    /// The line break that the file begins with.
    pub fn line_break(&self) -> &'static str {
        let second = self.lines.start(2) as usize;
        if self
            .text
            .get(..second)
            .is_some_and(|first| first.ends_with("\r\n"))
        {
            "\r\n"
        } else {
            "\n"
        }
    }

    /// Whether a comment is a parser directive.
    pub fn is_directive(&self, comment: &Comment) -> bool {
        let start = comment.span.start;
        let found = self
            .directives
            .binary_search_by_key(&start, |directive| directive.span.start);
        found.is_ok()
    }

    /// The line of a byte, counted from 1.
    pub fn line(&self, place: u32) -> u32 {
        self.lines.line(place)
    }
}

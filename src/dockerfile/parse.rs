//! From a joined line to an instruction.

use super::heredoc;
use super::instruction::{Arguments, Command, Instruction, Keyword, Pair, Word};
use super::line::LogicalLine;
use super::options;
use super::shell_text::ShellText;
use super::text::{Joined, Span};
use super::words::{self, Json};

/// Something that Docker would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
}

pub(super) struct Parser<'a> {
    pub(super) file: &'a str,
    pub(super) escape: char,
    pub(super) errors: Vec<SyntaxError>,
}

type Parsed<T> = Result<T, SyntaxError>;

fn error<T>(span: Span, message: impl Into<String>) -> Parsed<T> {
    Err(SyntaxError {
        span,
        message: message.into(),
    })
}

/// What ends an instruction's name; a no-break space does not.
pub(super) fn ends_name(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{b}' | '\u{c}' | '\r' | '\n')
}

impl Parser<'_> {
    /// Always gives an instruction; what is wrong with it goes to the errors.
    pub(super) fn instruction(&mut self, line: LogicalLine) -> Instruction {
        let joined = line.joined.clone();
        self.parse(line, joined, false)
    }

    fn parse(&mut self, line: LogicalLine, joined: Joined, nested: bool) -> Instruction {
        let text = joined.text.as_str();
        let start = text.len() - text.trim_start().len();
        let length = text.trim_start().find(ends_name);
        let end = length.map_or(text.trim_end().len().max(start), |length| start + length);
        let name = words::word(&joined, start, end);
        let after = joined.part(Span::new(end as u32, text.len() as u32));
        let keyword = Keyword::parse(&name.text);
        let (flags, at) = match keyword {
            // Their text is the user's own; a leading -- means nothing there.
            Keyword::Onbuild | Keyword::Env | Keyword::Label | Keyword::Unknown => (Vec::new(), 0),
            _ => words::flags(&after, self.escape),
        };
        let rest = after.part(Span::new(at as u32, after.text.len() as u32));
        let mut instruction = Instruction {
            keyword,
            span: name.span.to(line.span),
            head: name.span.to(line.head),
            name,
            flags,
            arguments: Arguments::Broken,
            rest,
            heredocs: line.heredocs.clone(),
            blank_lines: line.blank_lines.clone(),
            failed_json: false,
        };
        options::check(&instruction, &mut self.errors);
        match self.arguments(&mut instruction, &line, nested) {
            Ok(arguments) => instruction.arguments = arguments,
            Err(wrong) => self.errors.push(wrong),
        }
        instruction
    }

    fn arguments(
        &mut self,
        of: &mut Instruction,
        line: &LogicalLine,
        nested: bool,
    ) -> Parsed<Arguments> {
        if of.keyword == Keyword::Unknown {
            let name = &of.name.text;
            let hint = match Keyword::nearest(name) {
                Some(near) => format!("; did you mean {near}?"),
                None => String::new(),
            };
            return error(of.name.span, format!("unknown instruction {name}{hint}"));
        }
        // BuildKit takes an empty command: it runs nothing, or takes back what
        // the base image starts.
        let may_be_empty = matches!(
            of.keyword,
            Keyword::Run | Keyword::Cmd | Keyword::Entrypoint
        );
        if of.rest.text.trim().is_empty() && !may_be_empty {
            let what = format!("{} needs arguments", of.keyword.name());
            return error(of.name.span, what);
        }
        Ok(match of.keyword {
            Keyword::From => self.from(of)?,
            Keyword::Run => Arguments::Run(self.run(of)?),
            Keyword::Cmd => Arguments::Cmd(command(of)?),
            Keyword::Entrypoint => Arguments::Entrypoint(command(of)?),
            Keyword::Healthcheck => self.healthcheck(of)?,
            Keyword::Shell => match words::json(&of.rest) {
                Json::Strings(words) if !words.is_empty() => Arguments::Shell(words),
                _ => {
                    let span = words::whole(&of.rest).span;
                    return error(
                        span,
                        "SHELL needs a JSON array of strings, as [\"/bin/bash\", \"-c\"]",
                    );
                }
            },
            Keyword::Env => {
                let (pairs, legacy) = self.pairs(&of.rest)?;
                Arguments::Env { pairs, legacy }
            }
            Keyword::Label => {
                let (pairs, legacy) = self.pairs(&of.rest)?;
                Arguments::Label { pairs, legacy }
            }
            Keyword::Arg => Arguments::Arg(self.arg(of)?),
            Keyword::Copy | Keyword::Add => copy(of)?,
            Keyword::Expose => Arguments::Expose(words::split_blanks(&of.rest)),
            Keyword::Volume => match strings(of)? {
                Some(paths) => Arguments::Volume { paths, json: true },
                None => Arguments::Volume {
                    paths: words::split_blanks(&of.rest),
                    json: false,
                },
            },
            Keyword::User => Arguments::User(words::whole(&of.rest)),
            Keyword::Workdir => Arguments::Workdir(words::whole(&of.rest)),
            Keyword::Stopsignal => Arguments::Stopsignal(words::whole(&of.rest)),
            Keyword::Maintainer => Arguments::Maintainer(words::whole(&of.rest)),
            Keyword::Onbuild => {
                if nested {
                    return error(of.name.span, "ONBUILD cannot hold ONBUILD");
                }
                let inner = self.parse(line.clone(), of.rest.clone(), true);
                Arguments::Onbuild(Box::new(inner))
            }
            Keyword::Unknown => Arguments::Broken,
        })
    }

    fn from(&mut self, of: &Instruction) -> Parsed<Arguments> {
        let words = words::split_blanks(&of.rest);
        match &words[..] {
            [image] => Ok(Arguments::From {
                image: image.clone(),
                as_word: None,
                alias: None,
            }),
            [image, as_word, alias] if as_word.text.eq_ignore_ascii_case("AS") => {
                let name = alias.text.to_lowercase();
                let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
                let fine = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                if !starts || !name.chars().all(fine) {
                    let message = format!(
                        "invalid stage name {:?}: letters, digits, - _ . after a letter",
                        alias.text
                    );
                    // The stage is there all the same.
                    self.errors.push(SyntaxError {
                        span: alias.span,
                        message,
                    });
                }
                Ok(Arguments::From {
                    image: image.clone(),
                    as_word: Some(as_word.clone()),
                    alias: Some(alias.clone()),
                })
            }
            words => {
                let span = words.get(1).map_or(of.name.span, |word| word.span);
                error(span, "FROM takes an image, or an image AS a name")
            }
        }
    }

    fn pairs(&self, rest: &Joined) -> Parsed<(Vec<Pair>, bool)> {
        words::pairs(rest, self.escape).map_err(|(span, message)| SyntaxError { span, message })
    }

    fn arg(&self, of: &Instruction) -> Parsed<Vec<Pair>> {
        let words = words::split_quoted(&of.rest, self.escape);
        let pairs: Vec<Pair> = words.iter().map(words::pair).collect();
        match pairs.iter().find(|pair| pair.key.text.is_empty()) {
            Some(pair) => error(pair.span, "ARG needs a name before ="),
            None => Ok(pairs),
        }
    }

    /// The text that the shell gets: here-documents come after the line, and
    /// one that stands alone is the script itself.
    fn run(&self, of: &mut Instruction) -> Parsed<Command> {
        if of.heredocs.is_empty() {
            return command(of);
        }
        let text = of.rest.text.trim();
        let alone = heredoc::openings(&format!("RUN {text}"));
        if let ([only], [opening]) = (&of.heredocs[..], &alone[..])
            && opening.span == Span::new(4, 4 + text.len() as u32)
        {
            let mut body = Joined::default();
            push_body(&mut body, self.file, only.body, only.strip_tabs);
            let mut text = ShellText::new(body);
            text.from_heredoc = true;
            return Ok(Command::Shell(text));
        }
        let mut joined = of.rest.clone();
        for heredoc in &of.heredocs {
            joined.push_made("\n", heredoc.body.start);
            joined.push(self.file, heredoc.body);
            joined.push(self.file, heredoc.terminator);
        }
        Ok(Command::Shell(ShellText::new(joined)))
    }

    fn healthcheck(&mut self, of: &mut Instruction) -> Parsed<Arguments> {
        let words = words::split_blanks(&of.rest);
        let Some(kind) = words.first() else {
            return error(of.name.span, "HEALTHCHECK needs CMD or NONE");
        };
        if kind.text.eq_ignore_ascii_case("NONE") {
            return match words.get(1) {
                Some(more) => error(more.span, "HEALTHCHECK NONE takes nothing more"),
                None => Ok(Arguments::Healthcheck(None)),
            };
        }
        if !kind.text.eq_ignore_ascii_case("CMD") {
            let message = format!("HEALTHCHECK needs CMD or NONE, not {}", kind.text);
            return error(kind.span, message);
        }
        let text = &of.rest.text;
        let start = text.len() - text.trim_start().len() + kind.text.len();
        let rest = of.rest.part(Span::new(start as u32, text.len() as u32));
        if rest.text.trim().is_empty() {
            return error(kind.span, "HEALTHCHECK CMD needs a command");
        }
        let at = rest.text.len() - rest.text.trim_start().len();
        of.rest = rest.part(Span::new(at as u32, rest.text.len() as u32));
        Ok(Arguments::Healthcheck(Some(command(of)?)))
    }
}

/// Adds a here-document's lines, without their leading tabs for `<<-`.
pub fn push_body(joined: &mut Joined, file: &str, body: Span, strip_tabs: bool) {
    if !strip_tabs {
        return joined.push(file, body);
    }
    let mut at = body.start;
    for line in body.of(file).split_inclusive('\n') {
        let tabs = (line.len() - line.trim_start_matches('\t').len()) as u32;
        joined.push(file, Span::new(at + tabs, at + line.len() as u32));
        at += line.len() as u32;
    }
}

/// A JSON array's strings; `None` when there is no array.
fn strings(of: &mut Instruction) -> Parsed<Option<Vec<Word>>> {
    match words::json(&of.rest) {
        Json::Strings(words) => Ok(Some(words)),
        Json::NotStrings => error(
            words::whole(&of.rest).span,
            "only strings may be in the JSON array",
        ),
        Json::No => {
            of.failed_json = of.rest.text.trim_start().starts_with('[');
            Ok(None)
        }
    }
}

fn command(of: &mut Instruction) -> Parsed<Command> {
    Ok(match strings(of)? {
        Some(words) => Command::Exec(words),
        None => Command::Shell(ShellText::new(of.rest.clone())),
    })
}

fn copy(of: &mut Instruction) -> Parsed<Arguments> {
    let json = strings(of)?;
    let is_json = json.is_some();
    let mut words = json.unwrap_or_else(|| words::split_blanks(&of.rest));
    let documents = of.heredocs.len();
    if documents > 0 {
        let opened = heredoc::openings(&format!("COPY {}", of.rest.text));
        let places: Vec<Span> = opened
            .iter()
            .map(|o| {
                of.rest.span(Span::new(
                    o.span.start.saturating_sub(5),
                    o.span.end.saturating_sub(5),
                ))
            })
            .collect();
        words.retain(|word| !places.iter().any(|place| place.contains(word.span.start)));
    }
    let Some(destination) = words.pop() else {
        return error(
            of.name.span,
            format!("{} needs a source and a destination", of.keyword.name()),
        );
    };
    if words.is_empty() && documents == 0 {
        let message = format!("{} needs a source and a destination", of.keyword.name());
        return error(destination.span, message);
    }
    Ok(Arguments::Copy {
        sources: words,
        destination,
        json: is_json,
    })
}

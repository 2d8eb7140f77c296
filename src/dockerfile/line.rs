//! The first cut: parser directives, comments, and instructions with their
//! continuation lines joined and their here-documents attached.

use hashbrown::HashMap;

use super::heredoc::{self, HereDoc};
use super::instruction::Keyword;
use super::parse::ends_name;
use super::text::{Joined, Span};

/// BuildKit refuses longer lines.
pub const LINE_LIMIT: usize = 65_535;

/// Images hold 127 layers at most; far more instructions than that only fill
/// the memory.
const INSTRUCTION_LIMIT: usize = 100_000;

/// `# key=value` above everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// `syntax`, `escape` or `check`, in lower case.
    pub key: String,
    /// What it is set to.
    pub value: String,
    /// The whole line.
    pub span: Span,
    /// The value alone.
    pub value_span: Span,
}

/// A comment line; those inside an instruction as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// From `#` to the end of the line.
    pub span: Span,
    /// Stands between the lines of an instruction.
    pub inside: bool,
}

/// An instruction, not yet looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogicalLine {
    /// Its lines without continuation characters and comments.
    pub joined: Joined,
    /// Everything that belongs to it, here-documents too.
    pub span: Span,
    /// Without the here-documents.
    pub head: Span,
    /// Here-documents in their order.
    pub heredocs: Vec<HereDoc>,
    /// Blank lines between its lines, which Docker warns of.
    pub blank_lines: Vec<Span>,
}

/// What the first cut finds.
#[derive(Debug, Clone, Default)]
pub struct Cut {
    /// Directives in their order.
    pub directives: Vec<Directive>,
    /// All comments in their order.
    pub comments: Vec<Comment>,
    /// Instructions in their order.
    pub lines: Vec<LogicalLine>,
    /// What is wrong, with the place.
    pub errors: Vec<(Span, String)>,
    /// The escape character.
    pub escape: char,
}

/// One line of the file, without its line break.
struct RawLine {
    span: Span,
}

struct Cutter<'a> {
    file: &'a str,
    at: usize,
    cut: Cut,
    /// Behind a here-document without end: lines are its text until one looks
    /// like an instruction.
    lost: bool,
    /// Where each line stands for the last time, and each line without the
    /// tabs before it; made when it is first asked for.
    last: Option<[HashMap<&'a str, usize>; 2]>,
}

/// Cuts a file; a byte order mark at its start is skipped.
pub fn cut(file: &str) -> Cut {
    let mut cutter = Cutter {
        file,
        at: if file.starts_with('\u{feff}') { 3 } else { 0 },
        cut: Cut {
            escape: '\\',
            ..Cut::default()
        },
        lost: false,
        last: None,
    };
    cutter.directives();
    while let Some(line) = cutter.next_line() {
        if cutter.cut.lines.len() >= INSTRUCTION_LIMIT {
            let message =
                format!("more than {INSTRUCTION_LIMIT} instructions; the rest is not read");
            cutter.cut.errors.push((line.span, message));
            break;
        }
        cutter.instruction(&line);
    }
    cutter.cut
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\u{b}' | '\u{c}')
}

impl<'a> Cutter<'a> {
    fn next_line(&mut self) -> Option<RawLine> {
        let rest = self.file.get(self.at..).filter(|rest| !rest.is_empty())?;
        let (length, next) = match rest.find('\n') {
            Some(newline) => (newline, newline + 1),
            None => (rest.len(), rest.len()),
        };
        let content = rest.get(..length).unwrap_or("").trim_end_matches('\r');
        let start = self.at as u32;
        self.at += next;
        Some(RawLine {
            span: Span::new(start, start + content.len() as u32),
        })
    }

    fn text(&self, line: &RawLine) -> &str {
        line.span.of(self.file)
    }

    fn directives(&mut self) {
        let mut first = true;
        loop {
            let before = self.at;
            let Some(line) = self.next_line() else { return };
            let text = self.text(&line);
            if first && text.starts_with("#!") {
                first = false;
                let comment = Comment {
                    span: line.span,
                    inside: false,
                };
                self.cut.comments.push(comment);
                continue;
            }
            first = false;
            let Some(directive) = directive(text, line.span) else {
                self.at = before;
                return;
            };
            if self
                .cut
                .directives
                .iter()
                .any(|known| known.key == directive.key)
            {
                let message = format!("the {} directive is given twice", directive.key);
                self.cut.errors.push((directive.span, message));
            }
            if directive.key == "escape" {
                match directive.value.as_str() {
                    "\\" => self.cut.escape = '\\',
                    "`" => self.cut.escape = '`',
                    other => {
                        let message =
                            format!("the escape directive must be \\ or `, not {other:?}");
                        self.cut.errors.push((directive.value_span, message));
                    }
                }
            }
            let comment = Comment {
                span: directive.span,
                inside: false,
            };
            self.cut.comments.push(comment);
            self.cut.directives.push(directive);
        }
    }

    fn instruction(&mut self, first: &RawLine) {
        let text = self.text(first);
        let content = text.trim_start_matches(is_blank);
        let indent = (text.len() - content.len()) as u32;
        let start = first.span.start + indent;
        if content.is_empty() {
            return;
        }
        if content.starts_with('#') {
            let span = Span::new(start, first.span.end);
            self.cut.comments.push(Comment {
                span,
                inside: false,
            });
            return;
        }
        if self.lost {
            let word = content.split(ends_name).next().unwrap_or("");
            if Keyword::parse(word) == Keyword::Unknown {
                return;
            }
            self.lost = false;
        }
        self.check_length(first);
        let mut joined = Joined::default();
        let mut end = first.span.end;
        let mut blank_lines = Vec::new();
        let mut open = self.push(&mut joined, Span::new(start, first.span.end));
        while open {
            let Some(line) = self.next_line() else { break };
            let text = self.text(&line);
            let content = text.trim_start_matches(is_blank);
            if content.starts_with('#') {
                let from = line.span.end - content.len() as u32;
                let span = Span::new(from, line.span.end);
                self.cut.comments.push(Comment { span, inside: true });
                continue;
            }
            if content.is_empty() {
                // Trailing blank lines of the file end nothing and hide nothing.
                blank_lines.push(line.span);
                continue;
            }
            self.check_length(&line);
            end = line.span.end;
            open = self.push(&mut joined, line.span);
        }
        if joined.text.trim().is_empty() {
            return;
        }
        blank_lines.retain(|blank| blank.end < end);
        let head = Span::new(start, end);
        let mut found = LogicalLine {
            joined,
            span: head,
            head,
            heredocs: Vec::new(),
            blank_lines,
        };
        self.heredocs(&mut found);
        self.cut.lines.push(found);
    }

    /// Adds a line without its continuation; tells whether there was one.
    fn push(&self, joined: &mut Joined, span: Span) -> bool {
        let text = span.of(self.file);
        let trimmed = text.trim_end_matches([' ', '\t']);
        let Some(kept) = trimmed.strip_suffix(self.cut.escape) else {
            joined.push(self.file, span);
            return false;
        };
        if kept.ends_with(self.cut.escape) {
            joined.push(self.file, span);
            return false;
        }
        joined.push(
            self.file,
            Span::new(span.start, span.start + kept.len() as u32),
        );
        true
    }

    fn check_length(&mut self, line: &RawLine) {
        if (line.span.end - line.span.start) as usize > LINE_LIMIT {
            let message = format!("line of more than {LINE_LIMIT} bytes, which Docker refuses");
            self.cut.errors.push((Span::at(line.span.start), message));
        }
    }

    /// Whether some line from `at` on holds just this; a file of here-documents
    /// without end is not searched for each of them.
    fn has_line(&mut self, text: &str, strip_tabs: bool, at: usize) -> bool {
        let file = self.file;
        let [whole, stripped] = self.last.get_or_insert_with(|| {
            let mut last = [HashMap::new(), HashMap::new()];
            let [whole, stripped] = &mut last;
            let mut start = 0;
            for line in file.split('\n') {
                let content = line.trim_end_matches('\r');
                whole.insert(content, start);
                stripped.insert(content.trim_start_matches('\t'), start);
                start += line.len() + 1;
            }
            last
        });
        let last = if strip_tabs { stripped } else { whole };
        last.get(text).is_some_and(|&last| last >= at)
    }

    fn heredocs(&mut self, line: &mut LogicalLine) {
        for opened in heredoc::openings(&line.joined.text) {
            let delimiter = line.joined.span(opened.span);
            let body_start = self.at as u32;
            let mut found = None;
            let before = self.at;
            while let Some(raw) = self
                .has_line(&opened.name, opened.strip_tabs, before)
                .then(|| self.next_line())
                .flatten()
            {
                let text = self.text(&raw);
                let text = if opened.strip_tabs {
                    text.trim_start_matches('\t')
                } else {
                    text
                };
                if text == opened.name {
                    found = Some(raw);
                    break;
                }
            }
            let Some(terminator) = found else {
                // What follows is more likely instructions than the document.
                self.at = before;
                self.lost = true;
                let message = format!(
                    "here-document {:?} has no end: no line holds just {}",
                    opened.name, opened.name
                );
                self.cut.errors.push((delimiter, message));
                return;
            };
            line.span.end = terminator.span.end;
            line.heredocs.push(HereDoc {
                name: opened.name,
                opening: delimiter,
                fd: opened.fd,
                expand: opened.expand,
                strip_tabs: opened.strip_tabs,
                body: Span::new(body_start, terminator.span.start),
                terminator: terminator.span,
            });
        }
    }
}

/// Reads `# key=value`; `None` ends the directives.
fn directive(text: &str, span: Span) -> Option<Directive> {
    let after = text.trim_start_matches(is_blank).strip_prefix('#')?;
    let (key, value) = after.split_once('=')?;
    let key = key.trim().to_ascii_lowercase();
    if !matches!(key.as_str(), "syntax" | "escape" | "check") {
        return None;
    }
    let trimmed = value.trim();
    let start = span.end - value.trim_start().len() as u32;
    Some(Directive {
        key,
        value: trimmed.to_owned(),
        span,
        value_span: Span::new(start, start + trimmed.len() as u32),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(file: &str) -> Vec<String> {
        cut(file)
            .lines
            .into_iter()
            .map(|line| line.joined.text)
            .collect()
    }

    #[test]
    fn continuations_comments_and_blank_lines() {
        let file = "RUN a \\\n # c \\\n\n  b \\ \n\\\nc\nRUN d\\\\\nUSER x";
        assert_eq!(texts(file), ["RUN a   b c", "RUN d\\\\", "USER x"]);
        let cut = cut(file);
        assert_eq!(cut.lines[0].blank_lines.len(), 1);
        assert!(cut.comments[0].inside);
    }

    #[test]
    fn a_continuation_may_end_the_file() {
        assert_eq!(texts("RUN a \\"), ["RUN a "]);
        assert_eq!(texts("\\\n\\\n"), [""; 0]);
    }

    #[test]
    fn escape_is_a_directive_only_above_everything() {
        assert_eq!(texts("# escape=`\nRUN a `\n b"), ["RUN a  b"]);
        assert_eq!(
            texts("# hello\n# escape=`\nRUN a `\nUSER b"),
            ["RUN a `", "USER b"]
        );
        assert_eq!(
            texts("\u{feff}# ESCAPE = `\r\nRUN a `\r\n b\r\n"),
            ["RUN a  b"]
        );
    }

    #[test]
    fn heredocs_may_be_followed_at_once() {
        let cut = cut("RUN <<A <<-'B'\nx\nA\n\ty\n\tB\nUSER u\n");
        assert_eq!(cut.lines.len(), 2);
        assert_eq!(cut.lines[0].heredocs.len(), 2);
        assert!(cut.errors.is_empty());
    }

    #[test]
    fn a_heredoc_without_end_costs_only_itself() {
        let cut = cut("RUN <<A\ntext\nUSER u\n");
        assert_eq!(cut.lines.len(), 2);
        assert_eq!(cut.errors.len(), 1);
        assert_eq!(texts("FORM a\nFROM b"), ["FORM a", "FROM b"]);
    }
}

//! The syntax tree.

use crate::dockerfile::Span;

/// A parsed script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The commands at the top level.
    pub lists: Vec<ListItem>,
    /// The syntax errors, in the order in which they were found.
    pub errors: Vec<ShellError>,
    /// The comments, from the `#` to the end of the line, anywhere.
    pub comments: Vec<Span>,
}

/// A syntax error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellError {
    /// Where it is.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// The text is beyond what is analysed, whether or not it is right.
    pub limit: bool,
}

/// Pipelines joined by `&&` and `||`, with what ends them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListItem {
    /// From the first pipeline to the last one, without the terminator.
    pub span: Span,
    /// The first pipeline.
    pub first: Pipeline,
    /// The others, each with the operator before it and where that is.
    pub rest: Vec<(Connector, Span, Pipeline)>,
    /// What ended the item, if anything did: it lies after `span`.
    pub terminator: Option<(Terminator, Span)>,
}

/// An operator between two pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connector {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// What ends a list item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Terminator {
    /// `;`
    Semicolon,
    /// `&`
    Background,
    /// A line end.
    Newline,
}

/// Commands joined by `|`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// The whole pipeline, with `!` and `time`.
    pub span: Span,
    /// Whether an odd number of `!` stands before it.
    pub negated: bool,
    /// Whether `time` stands before it.
    pub timed: bool,
    /// The commands: empty only after `!` or `time` alone, or on an error.
    pub commands: Vec<Command>,
    /// The operators between the commands.
    pub pipes: Vec<Pipe>,
}

/// A pipe operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pipe {
    /// Where it is.
    pub span: Span,
    /// Whether it is `|&`, which also passes standard error.
    pub both: bool,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Assignments, words and redirections.
    Simple(SimpleCommand),
    /// A control structure.
    Compound {
        /// Which one.
        kind: CompoundKind,
        /// From its first token to its last one, redirections included.
        span: Span,
        /// The name of a function or of the variable of a loop.
        name: Option<Word>,
        /// `for` and `select`: the list. `case`: the subject, then all
        /// patterns. `[[`: the words and operators in order. `((` and
        /// `for ((`: one word with the expression.
        words: Vec<Word>,
        /// `case` only: how many patterns each body has.
        arms: Vec<usize>,
        /// The conditions and bodies in order. An `if` has pairs of condition
        /// and body, then perhaps one `else` body; `while` and `until` have a
        /// condition and a body; a function has the compound command that is
        /// its body as only item.
        bodies: Vec<Vec<ListItem>>,
        /// The redirections after it.
        redirects: Vec<Redirect>,
    },
}

impl Command {
    /// Where the command is.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Command::Simple(simple) => simple.span,
            Command::Compound { span, .. } => *span,
        }
    }
}

/// The control structures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompoundKind {
    /// `( … )`
    Subshell,
    /// `{ …; }`
    Group,
    /// `if …; then …; fi`
    If,
    /// `for x in …; do …; done`
    For,
    /// `for ((…)); do …; done`
    ArithFor,
    /// `while …; do …; done`
    While,
    /// `until …; do …; done`
    Until,
    /// `case … in …) …;; esac`
    Case,
    /// `select x in …; do …; done`
    Select,
    /// `f() …` or `function f …`
    Function,
    /// `((…))`
    Arithmetic,
    /// `[[ … ]]`
    Test,
}

/// A command without structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimpleCommand {
    /// From its first element to its last one.
    pub span: Span,
    /// The assignments before the command word.
    pub assignments: Vec<Assignment>,
    /// The command word and its arguments.
    pub words: Vec<Word>,
    /// The redirections, wherever they stand.
    pub redirects: Vec<Redirect>,
}

/// `name=value` before a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The whole assignment.
    pub span: Span,
    /// The variable.
    pub name: String,
    /// What stands in `[…]` after the name.
    pub subscript: Option<Word>,
    /// Whether the operator is `+=`.
    pub append: bool,
    /// The value; none when it is empty or an array.
    pub value: Option<Word>,
    /// Whether the value is `(…)`.
    pub array: bool,
    /// The elements of an array value.
    pub elements: Vec<Word>,
}

/// A redirection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// From the descriptor to the target.
    pub span: Span,
    /// The descriptor written before the operator.
    pub fd: Option<Descriptor>,
    /// The operator.
    pub op: RedirectOp,
    /// The file, descriptor, delimiter or string; without parts on an error.
    pub target: Word,
    /// The body of `<<` and `<<-`.
    pub heredoc: Option<HereDoc>,
}

/// The file descriptor of a redirection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Descriptor {
    /// `2>`
    Number(u32),
    /// `{name}>`
    Variable(String),
}

/// The operators of redirections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RedirectOp {
    /// `<`
    Input,
    /// `>`
    Output,
    /// `>>`
    Append,
    /// `<<`
    HereDoc,
    /// `<<-`
    HereDocStrip,
    /// `<<<`
    HereString,
    /// `<&`
    DuplicateInput,
    /// `>&`
    DuplicateOutput,
    /// `<>`
    ReadWrite,
    /// `>|`
    Clobber,
    /// `&>`
    OutputBoth,
    /// `&>>`
    AppendBoth,
}

/// The body of a here-document. It lies outside the span of its command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HereDoc {
    /// Whether the delimiter is quoted, so that nothing expands in the body.
    pub quoted: bool,
    /// Whether leading tabs go (`<<-`).
    pub strip_tabs: bool,
    /// Whether the line with the delimiter was found.
    pub closed: bool,
    /// The lines before the one with the delimiter.
    pub body: Span,
    /// The literal text and the expansions of the body, if it is not quoted.
    pub parts: Vec<Part>,
}

/// A word: text, quotes and expansions without blanks between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The whole word.
    pub span: Span,
    /// Its parts in order.
    pub parts: Vec<Part>,
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text, globs and braces included.
    Literal {
        /// The text after removal of backslashes.
        text: String,
        /// Whether a backslash was removed.
        escaped: bool,
        /// Where it is.
        span: Span,
    },
    /// `'…'` or `$'…'`
    SingleQuoted {
        /// The text, decoded for `$'…'`.
        text: String,
        /// Where it is, quotes included.
        span: Span,
    },
    /// `"…"` or `$"…"`
    DoubleQuoted {
        /// Literals and expansions.
        parts: Vec<Part>,
        /// Where it is, quotes included.
        span: Span,
    },
    /// `$x` or `${…}`
    Parameter {
        /// The variable or special parameter.
        name: String,
        /// `#` of `${#x}` or `!` of `${!x}`.
        prefix: Option<char>,
        /// What stands in `[…]` after the name.
        subscript: Option<Box<Word>>,
        /// `:-`, `-`, `:=`, `##`, `%`, `//` and so on.
        operator: Option<String>,
        /// What follows the operator.
        word: Option<Box<Word>>,
        /// The text as written.
        raw: String,
        /// Where it is.
        span: Span,
    },
    /// `$(…)` or backticks.
    Command {
        /// The commands.
        script: Vec<ListItem>,
        /// Whether it is written with backticks.
        backtick: bool,
        /// The text as written.
        raw: String,
        /// Where it is.
        span: Span,
    },
    /// `$((…))` or `$[…]`
    Arithmetic {
        /// Literals and expansions.
        parts: Vec<Part>,
        /// The text as written.
        raw: String,
        /// Where it is.
        span: Span,
    },
    /// `<(…)` or `>(…)`
    Process {
        /// The commands.
        items: Vec<ListItem>,
        /// The text as written.
        raw: String,
        /// Where it is.
        span: Span,
    },
}

//! Why something is reached.

use crate::closure::files::NodeId;

/// What reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// A source, script or `.pth` file.
    File(NodeId),
    /// A reached distribution, by its description.
    Distribution(u32),
    /// A root that is no file: its place in the list of roots.
    Root(usize),
}

/// In which way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// An import statement of this module.
    Import(String),
    /// A call such as `import_module("a.b")` of this module.
    ImportCall(String),
    /// A call that imports some module below this package.
    ImportBelow(String),
    /// A string of the application that names this module.
    Literal(String),
    /// A database URL or the like with this driver.
    Url(String),
    /// A word of the command or of the environment that names it.
    Word(String),
    /// The root is a file of the distribution.
    Script,
    /// A requirement of the distribution.
    Requires,
    /// It offers an entry point in this group, which something reached asks for.
    EntryPoint(String),
    /// A line of a `.pth` file imports this module whenever Python starts.
    Pth(String),
}

/// The first reason found for something being reached; there may be others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// What reaches it.
    pub by: By,
    /// The line there, counted from 1.
    pub line: Option<u32>,
    /// In which way.
    pub what: What,
}

//! Why a path is kept or removed.

use crate::tree::NodeId;

/// Number of a unit: a package, whatever its manager (see [`super::Units`]).
pub type UnitId = u32;

/// What a reason starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    /// Nothing else: the image's configuration, the command line or a rule.
    Itself,
    /// Another path that is kept.
    Node(NodeId),
    /// A package that is kept.
    Unit(UnitId),
}

/// In which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A word of the configuration: entry point, command, health check, …
    Configured,
    /// A pattern of the command line, a file, a label or `.rslim.toml`.
    Preserved,
    /// A run of the image used it.
    Used,
    /// Needed by whatever runs: user names, certificates, …
    Always,
    /// `DT_NEEDED` and the like.
    Needed,
    /// The loader of an ELF file.
    Loader,
    /// A settings file of the loader.
    LoaderConfig,
    /// A note says that it is opened at run time.
    DlopenNote,
    /// Its name stands in a program.
    Soname,
    /// Its path stands in a program.
    PathString,
    /// Where a symbolic link leads.
    LinkTarget,
    /// A symbolic link on the way.
    LinkCrossed,
    /// The interpreter of a script.
    Interpreter,
    /// A command of a script.
    Runs,
    /// A part of a script.
    Sources,
    /// A module.
    Loads,
    /// A settings file that another one includes.
    Includes,
    /// A path in a text.
    Names,
    /// A rule of `rules/plugins.toml`.
    Plugin,
    /// A Python or Node package.
    Imports,
    /// A requirement of a package.
    Depends,
    /// A path of a package makes the package kept.
    BelongsTo,
    /// The path belongs to a package that is kept.
    PartOf,
    /// It belongs to no package.
    Unowned,
    /// The licence of a package that is kept.
    Licence,
    /// A directory that something kept lies in.
    Directory,
    /// It lies in a directory that is needed as a whole.
    Inside,
    /// The tier removes only what is known to be inert.
    NotInert,
    /// It lies in a layer that is not rewritten.
    KeptLayer,
}

/// One step of the chain from what is run to a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What it starts from.
    pub by: By,
    /// In which way.
    pub kind: Kind,
    /// What it is called there: a library, a command, a pattern, a rule.
    pub name: Option<Box<str>>,
    /// The line there, counted from 1.
    pub line: Option<u32>,
}

impl Reason {
    /// A reason that needs no name.
    pub fn new(by: By, kind: Kind) -> Self {
        Reason {
            by,
            kind,
            name: None,
            line: None,
        }
    }

    /// A reason with a name.
    pub fn named(by: By, kind: Kind, name: &str) -> Self {
        Reason {
            name: Some(name.into()),
            ..Reason::new(by, kind)
        }
    }

    /// Whether a run of the image tells it.
    pub fn is_use(&self) -> bool {
        self.kind == Kind::Used
    }

    /// The same, said in this line.
    #[must_use]
    pub fn at(mut self, line: Option<u32>) -> Self {
        self.line = line;
        self
    }
}

/// Why a path is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gone {
    /// `--exclude` or `!` of a preserve file.
    Excluded,
    /// A leftover or weak file: the number of the rule in `rules/caches.toml`.
    Inert(u16),
    /// Compiled Python whose source is beside it or gone.
    Bytecode,
    /// Nothing that is kept needs this package.
    Package(UnitId),
    /// Nothing that is kept reaches this file.
    Unreached,
    /// No run used it.
    Unused,
    /// What the link leads to is gone.
    DanglingLink,
    /// A script of a kept package that nothing runs, and whose interpreter is gone.
    NoInterpreter,
    /// The record of a package that is gone.
    Record(UnitId),
    /// A directory with nothing left in it.
    EmptyDirectory,
}

//! What can be wrong with an ELF file.

use std::fmt;

/// The part of an ELF file that an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The ELF header at the start.
    Header,
    /// The table of program headers.
    ProgramHeaders,
    /// The entries of the dynamic section (`PT_DYNAMIC`).
    Dynamic,
    /// A string of the dynamic section's string table.
    StringTable,
    /// The path of the interpreter (`PT_INTERP`).
    Interpreter,
    /// The notes (`PT_NOTE`).
    Notes,
    /// The contents of a loaded segment (`PT_LOAD`).
    Segment,
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Header => "the ELF header",
            Self::ProgramHeaders => "the program headers",
            Self::Dynamic => "the dynamic section",
            Self::StringTable => "the dynamic string table",
            Self::Interpreter => "the interpreter's path",
            Self::Notes => "the notes",
            Self::Segment => "a loaded segment",
        })
    }
}

/// Why an ELF file could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// The file is not an ELF file. Only from [`super::closure`], which needs one.
    #[error("not an ELF file")]
    NotElf,
    /// The file could not be read.
    #[error("cannot read {part}: {why}")]
    Read {
        /// What was being read.
        part: Part,
        /// The system's words.
        why: String,
    },
    /// The file ends before the part does.
    #[error("{part} is cut off: {need} bytes at {offset} in a file of {size} bytes")]
    Truncated {
        /// What is cut off.
        part: Part,
        /// Where it starts, in bytes from the start of the file.
        offset: u64,
        /// How many bytes it has.
        need: u64,
        /// How many bytes the file has.
        size: u64,
    },
    /// The part says something that cannot be.
    #[error("{part} is malformed: {why}")]
    Malformed {
        /// What is malformed.
        part: Part,
        /// In which way.
        why: String,
    },
    /// The part is larger than anything sensible; no more of it was read.
    #[error("{part} is larger than the limit of {limit}")]
    TooLarge {
        /// What is too large.
        part: Part,
        /// The limit: bytes, for the dynamic section entries.
        limit: u64,
    },
}

impl ElfError {
    pub(super) fn malformed(part: Part, why: impl Into<String>) -> Self {
        Self::Malformed {
            part,
            why: why.into(),
        }
    }
}

//! What was answered.

use super::target::Ended;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To a request.
    Http {
        /// The status.
        status: u16,
        /// Names in lower case, sorted.
        headers: Vec<(String, String)>,
        /// The beginning of the body.
        body: Vec<u8>,
    },
    /// To a connection: what came back.
    Tcp {
        /// The beginning of it.
        received: Vec<u8>,
    },
    /// Of a program.
    Program {
        /// How it ended.
        ended: Option<Ended>,
        /// The beginning of its standard output.
        stdout: Vec<u8>,
        /// And of standard error.
        stderr: Vec<u8>,
    },
    /// There was none.
    None(String),
}

/// One question with its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What was asked.
    pub probe: String,
    /// The answer.
    pub answer: Answer,
    /// A second answer to the same, which tells what differs each time.
    pub again: Option<Answer>,
}

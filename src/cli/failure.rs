//! What stops a command, as one line and perhaps a word of help.

use std::io;

/// Why a command stopped.
#[derive(Debug)]
pub(super) enum Failure {
    /// The reader of our output went away, as `head` does: no failure.
    BrokenPipe,
    /// Anything else.
    Stopped {
        /// What was being done, on what, and why it failed.
        message: String,
        /// What to do next.
        help: Option<String>,
    },
}

impl Failure {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Failure::Stopped {
            message: message.into(),
            help: None,
        }
    }

    /// `doing: error: its source: …`
    pub(super) fn of(doing: &str, error: &dyn std::error::Error) -> Self {
        let mut message = doing.to_owned();
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            // Many errors repeat their source's text.
            if !message.ends_with(&text) {
                if !message.is_empty() {
                    message += ": ";
                }
                message += &text;
            }
            next = error.source();
        }
        Failure::new(message)
    }

    pub(super) fn help(self, text: impl Into<String>) -> Self {
        match self {
            Failure::Stopped { message, .. } => Failure::Stopped {
                message,
                help: Some(text.into()),
            },
            Failure::BrokenPipe => Failure::BrokenPipe,
        }
    }

    pub(super) fn writing(place: &str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
            _ => Failure::of(&format!("cannot write {place}"), error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_once() {
        let error = io::Error::other("disk on fire");
        let Failure::Stopped { message, .. } = Failure::of("cannot write x", &error) else {
            panic!("not stopped");
        };
        assert_eq!(message, "cannot write x: disk on fire");
    }
}

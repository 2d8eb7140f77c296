//! Judging Dockerfiles: rules, findings, what is ignored, and fixes.

mod built;
mod checks;
mod command;
pub mod config;
mod context;
mod engine;
#[cfg(test)]
mod examples;
mod finding;
pub mod fix;
mod input;
mod match_rule;
mod reporter;
mod settings;
mod shell_lint;
mod suppress;

pub use built::{BaseState, BuiltImage, BuiltLayer};
pub use context::{BuildContext, ContextEntry};
pub use engine::{Linted, Source, lint};
pub use finding::{Applicability, Edit, Finding, Fix, Subject};
pub use input::{Knowledge, ShellKind};
pub use settings::is_known;
pub use settings::{Compat, LabelType, Settings, ShellLint};
#[cfg(feature = "shell-lint")]
pub use shell_lint::InsideChecker;
pub use shell_lint::{ShellChecker, ShellDiagnostic, ShellScript, script_texts};

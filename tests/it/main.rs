//! Tests on whole images: the library as programs use it, and the program as
//! people do.
#![allow(clippy::expect_used, clippy::unwrap_used)]

#[path = "../../fixtures/mod.rs"]
mod fixtures;

mod architecture;
mod attribute;
mod closure;
mod command_line;
mod contract;
mod engine;
#[cfg(feature = "tui")]
mod explore;
mod folding;
mod gate;
mod hostile;
mod judgements;
mod layouts;
mod lint_bombs;
mod lint_book;
mod lint_command;
mod lint_fixes;
mod lint_hostile;
mod lint_peers;
mod lint_unreadable;
mod measured;
mod memory;
mod merge_model;
mod peers;
mod program;
mod registry;
mod reports;
mod reports_pages;
mod running;
mod sandbox;
mod self_description;
mod semantic;
mod slim;
mod squash;
mod squash_hostile;
mod squash_points;
mod squash_shapes;
mod tar_oracle;

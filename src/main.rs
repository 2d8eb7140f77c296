//! The `rslim` program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    rslim::cli::run()
}

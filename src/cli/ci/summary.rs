//! The summary of a job in GitHub Actions.

use std::fs::OpenOptions;
use std::path::PathBuf;

use crate::cli::failure::Failure;
use crate::report::gate::{GateFormat, GateReport, write};

/// Appends the verdict to the file that the runner names, if it names one.
pub(super) fn append(report: &GateReport<'_>) -> Result<(), Failure> {
    let named = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|name| !name.is_empty());
    let Some(path) = named.map(PathBuf::from) else {
        return Ok(());
    };
    let mut text = Vec::new();
    let place = format!("$GITHUB_STEP_SUMMARY {}", path.display());
    let failed = |error: std::io::Error| Failure::writing(&place, &error);
    write(report, GateFormat::Markdown, false, &mut text).map_err(failed)?;
    // All at once, after what other steps wrote.
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .map_err(failed)?;
    std::io::Write::write_all(&mut file, &text).map_err(failed)
}

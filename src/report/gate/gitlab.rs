//! GitLab's code quality report.

use std::io::{self, Write};

use super::GateReport;
use super::annotations::Annotated;
use super::github::PLAIN;
use crate::report::lint::{self, LintFormat};

/// GitLab leaves out what has no file.
const NOWHERE: &str = "Dockerfile";

pub(super) fn write(report: &GateReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    lint::write(
        &Annotated::of(report, NOWHERE).report(),
        LintFormat::GitlabCodeclimate,
        PLAIN,
        out,
    )
}

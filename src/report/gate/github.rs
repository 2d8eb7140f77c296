//! Commands that make the runner of GitHub Actions annotate lines.

use std::io::{self, Write};

use super::GateReport;
use super::annotations::Annotated;
use crate::report::lint::{self, LintFormat, LintStyle};

/// How lint writes what has no file.
const NOWHERE: &str = "-";

pub(super) fn write(report: &GateReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    lint::write(
        &Annotated::of(report, NOWHERE).report(),
        LintFormat::Github,
        PLAIN,
        out,
    )
}

/// Formats for machines do not look at it.
pub(super) const PLAIN: LintStyle = LintStyle {
    color: false,
    width: 80,
    show_fixes: false,
};

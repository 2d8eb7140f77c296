//! `rslim cache`.

use std::io::{self, Write};
use std::time::SystemTime;

use clap::{Args, Subcommand};

use super::failure::Failure;
use super::slim::size;
use crate::replay::{Listed, ReplayError, Trees};
use crate::report::size::human;
use crate::trace::Runner;

/// Shows and removes unpacked images that `rslim slim` ran
///
/// They are kept so that the next run of the same image starts at once. Their
/// folder is RSLIM_CACHE_DIR, or rslim in XDG_CACHE_HOME or ~/.cache.
#[derive(Debug, Args)]
pub(super) struct CacheCommand {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List them, the longest unused first (the default)
    List,
    /// Remove those that are not in use, the longest unused first
    Prune {
        /// Keep the most recently used up to this size
        #[arg(long, value_name = "SIZE", default_value = "0", value_parser = size)]
        keep: u64,
    },
}

pub(super) fn run(command: &CacheCommand) -> Result<(), Failure> {
    let failed = |error: ReplayError| Failure::of("", &error);
    let trees = Trees::usual().map_err(|error| failed(error.into()))?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match command.action {
        None | Some(Action::List) => {
            let listed = trees.list().map_err(|error| failed(error.into()))?;
            list(&listed, &trees.dir().display().to_string(), &mut out)
        }
        Some(Action::Prune { keep }) => {
            let gone = trees.prune(&Runner::default(), keep).map_err(failed)?;
            let bytes = gone.iter().map(|one| one.bytes).sum();
            let images = match gone.len() {
                1 => "1 image".to_owned(),
                count => format!("{count} images"),
            };
            writeln!(out, "removed {images}, {}", human(bytes))
        }
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing("standard output", &error))
}

fn list(listed: &[Listed], dir: &str, out: &mut dyn Write) -> io::Result<()> {
    let now = SystemTime::now();
    for one in listed {
        let unused = now.duration_since(one.used).unwrap_or_default().as_secs();
        let ago = match unused {
            0..60 => format!("{unused} s"),
            60..3600 => format!("{} min", unused / 60),
            3600..86_400 => format!("{} h", unused / 3600),
            _ => format!("{} d", unused / 86_400),
        };
        let state = match (one.in_use, one.bytes) {
            (true, _) => ", in use",
            (false, 0) => ", not whole",
            _ => "",
        };
        let name = one.name.get(..12).unwrap_or(&one.name);
        writeln!(
            out,
            "{name}  {:>8}  used {ago} ago{state}",
            human(one.bytes)
        )?;
    }
    let bytes = listed.iter().map(|one| one.bytes).sum();
    writeln!(out, "{} in {dir}", human(bytes))
}

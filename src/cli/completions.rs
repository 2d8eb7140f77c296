//! `rslim completions` and `rslim man`: what shells and manuals know of the
//! command line, made from its definition.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::arguments::Arguments;
use super::failure::Failure;
use super::output::write_file;

/// Prints the completions of a shell
///
/// bash: `rslim completions bash > ~/.local/share/bash-completion/completions/rslim`;
/// zsh: into a file `_rslim` in a folder of $fpath; fish:
/// `rslim completions fish > ~/.config/fish/completions/rslim.fish`.
#[derive(Debug, Args)]
pub(super) struct CompletionsCommand {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the manual page, or writes those of all commands into a folder
#[derive(Debug, Args)]
pub(super) struct ManCommand {
    /// Folder for rslim.1, rslim-analyze.1 and so on; it is made when missing
    folder: Option<PathBuf>,
}

pub(super) fn completions(command: &CompletionsCommand) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        command.shell,
        &mut Arguments::command(),
        "rslim",
        &mut script,
    );
    print(&script)
}

pub(super) fn man(command: &ManCommand) -> Result<(), Failure> {
    let mut root = Arguments::command();
    root.build();
    let Some(folder) = &command.folder else {
        return print(&page(&root)?);
    };
    let failed = |path: &Path, error: &io::Error| {
        Failure::of(&format!("cannot write {}", path.display()), error)
    };
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let mut pages = vec![("rslim.1".to_owned(), page(&root)?)];
    let shown = root.get_subcommands().filter(|sub| !sub.is_hide_set());
    for sub in shown.filter(|sub| sub.get_name() != "help") {
        let name = format!("rslim-{}", sub.get_name());
        pages.push((format!("{name}.1"), page(sub)?));
    }
    for (name, text) in pages {
        let path = folder.join(name);
        let written = write_file(&path, |out| out.write_all(&text));
        written.map_err(|error| failed(&path, &error))?;
    }
    Ok(())
}

/// A manual page in roff; it has no date, so the same program writes the same.
fn page(command: &Command) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let man = Man::new(command.clone()).date("");
    man.render(&mut text)
        .map_err(|error| Failure::of("manual page", &error))?;
    Ok(text)
}

fn print(text: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing("standard output", &error))
}

//! Where reports go: standard output, or files that appear only when whole.

use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::arguments::{OutputArguments, OutputWord, ReportFormat};
use super::failure::Failure;
use crate::sink::{self, PartFile};

/// One report to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output<F> {
    pub(super) format: F,
    /// `None` is standard output.
    pub(super) file: Option<PathBuf>,
}

impl<F: ReportFormat> OutputArguments<F> {
    /// What to write where: each file belongs to the format before it, or to
    /// the first one; alone, its name tells the format.
    pub(super) fn plan(&self, default: F) -> Result<Vec<Output<F>>, Failure> {
        let mut plan: Vec<Output<F>> = Vec::new();
        let mut first = None;
        for word in &self.order {
            match word {
                OutputWord::Format(format) => plan.push(Output {
                    format: *format,
                    file: first.take(),
                }),
                // The usual word for standard output, which is the default.
                OutputWord::File(file) if file.as_os_str() == "-" => {}
                OutputWord::File(file) => match plan.last_mut() {
                    Some(last) if last.file.is_none() => last.file = Some(file.clone()),
                    None if first.is_none() => first = Some(file.clone()),
                    _ => {
                        let file = file.display();
                        return Err(Failure::new(format!("--output {file} has no --format"))
                            .help("give each file its own format: -f json -o a.json -f table -o b.txt"));
                    }
                },
            }
        }
        if let Some(file) = first {
            plan.push(Output {
                format: F::of_file(&file, default),
                file: Some(file),
            });
        }
        if plan.is_empty() {
            plan.push(Output {
                format: default,
                file: None,
            });
        }
        check(&plan)?;
        Ok(plan)
    }
}

fn check<F: ReportFormat>(plan: &[Output<F>]) -> Result<(), Failure> {
    if plan.iter().filter(|output| output.file.is_none()).count() > 1 {
        return Err(Failure::new("several formats for standard output")
            .help("send all but one to files: -f json -o report.json -f table"));
    }
    for (i, output) in plan.iter().enumerate() {
        if output.file.is_some() && plan[..i].iter().any(|other| other.file == output.file) {
            return Err(Failure::new("two reports for one --output file"));
        }
    }
    if let Some(alone) = plan
        .iter()
        .find(|output| plan.len() > 1 && output.format.is_alone())
    {
        let name = alone.format.to_possible_value();
        let name = name.as_ref().map_or("", |value| value.get_name());
        return Err(
            Failure::new(format!("--format {name} cannot be combined with others"))
                .help(format!("run rslim once more for the {name}")),
        );
    }
    Ok(())
}

/// From now on an interrupt leaves nothing half-written and ends with status 130.
pub(super) fn clean_up_on_interrupt() {
    let set = ctrlc::set_handler(|| {
        sink::remove_unfinished();
        #[cfg(feature = "tui")]
        super::explore::restore_if_shown();
        std::process::exit(130);
    });
    if let Err(problem) = set {
        super::terminal::warn(&format!("cannot listen for interrupts: {problem}"));
    }
}

impl<F> Output<F> {
    /// Whether a person sees the report as it is written.
    pub(super) fn is_terminal(&self) -> bool {
        self.file.is_none() && io::stdout().is_terminal()
    }

    /// Writes the report with `write`; a file appears whole or not at all.
    pub(super) fn write(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        match &self.file {
            None => {
                let mut out = BufWriter::new(io::stdout().lock());
                write(&mut out)
                    .and_then(|()| out.flush())
                    .map_err(|error| Failure::writing("standard output", &error))
            }
            Some(path) => {
                let place = path.display().to_string();
                write_file(path, write).map_err(|error| match error.kind() {
                    // A pipe's reader went away; of a file it would be odd.
                    io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
                    _ => Failure::writing(&place, &error)
                        .help("choose a file in a folder that exists and can be written"),
                })
            }
        }
    }

    /// Refuses to overwrite what is being read.
    pub(super) fn spare(&self, input: &Path) -> Result<(), Failure> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        match (file.canonicalize(), input.canonicalize()) {
            (Ok(file), Ok(input)) if file == input || file.starts_with(&input) => {
                Err(Failure::new(format!(
                    "--output {} would change what is being read",
                    file.display()
                ))
                .help("choose another file"))
            }
            _ => Ok(()),
        }
    }
}

pub(super) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // A link's target is replaced, not the link.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()) {
        // A pipe or a device cannot be renamed over.
        let mut out = BufWriter::new(fs::OpenOptions::new().write(true).open(path)?);
        write(&mut out)?;
        return out.flush();
    }
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    let mut part = PartFile::new(dir)?;
    let mut out = BufWriter::new(part.file());
    write(&mut out).and_then(|()| out.flush())?;
    drop(out);
    part.rename(path)
}

#[cfg(test)]
mod tests {
    use super::super::arguments::Format;
    use super::*;

    fn plan(order: Vec<OutputWord<Format>>) -> Result<Vec<Output<Format>>, Failure> {
        OutputArguments {
            formats: Vec::new(),
            outputs: Vec::new(),
            color: super::super::arguments::ColorArgument::Never,
            quiet: false,
            verbose: false,
            order,
        }
        .plan(Format::Table)
    }

    fn output(format: Format, file: Option<&str>) -> Output<Format> {
        Output {
            format,
            file: file.map(PathBuf::from),
        }
    }

    #[test]
    fn files_belong_to_the_format_before_them() {
        use OutputWord::{File, Format as Form};
        let got = plan(vec![
            Form(Format::Json),
            File("a".into()),
            Form(Format::Table),
        ]);
        let want = vec![output(Format::Json, Some("a")), output(Format::Table, None)];
        assert_eq!(got.unwrap(), want);
        let got = plan(vec![File("a".into()), Form(Format::Json)]);
        assert_eq!(got.unwrap(), vec![output(Format::Json, Some("a"))]);
        let got = plan(vec![File("a.json".into())]);
        assert_eq!(got.unwrap(), vec![output(Format::Json, Some("a.json"))]);
        assert_eq!(plan(vec![]).unwrap(), vec![output(Format::Table, None)]);
    }

    #[test]
    fn muddles_are_refused() {
        use OutputWord::{File, Format as Form};
        assert!(plan(vec![File("a".into()), File("b".into())]).is_err());
        assert!(plan(vec![Form(Format::Json), Form(Format::Table)]).is_err());
        let twice = vec![
            Form(Format::Json),
            File("a".into()),
            Form(Format::Table),
            File("a".into()),
        ];
        assert!(plan(twice).is_err());
    }

    #[test]
    fn files_appear_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report");
        let failing = output(Format::Json, path.to_str());
        let failed = failing.write(|out| {
            out.write_all(b"half")?;
            Err(io::Error::other("no more"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        failing.write(|out| out.write_all(b"whole")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

//! What `rslim slim` runs and asks.

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use nix::sys::signal::{SigSet, Signal};

use super::super::failure::Failure;
use super::super::output::write_file;
use super::super::progress::Activity;
use super::super::terminal;
use super::target::size;
use crate::evidence::Evidence;
use crate::oci::escape_bytes;
use crate::probe::{self, Plan, Probe, ProbeError, Target};
use crate::replay::{
    self, Launching, Observed, Patience, ReplayError, Runs, Settled, Trees, Wait, launch,
};
use crate::slim::{Ground, Options};
use crate::trace::{Limits, Maker, Mapping, Runner, Tracer};

/// What is run, and with which questions.
#[derive(Debug, Args)]
#[command(next_help_heading = "Running the image")]
pub(in super::super) struct RunningArguments {
    /// Run the image, and the result, and send both a request:
    /// '[METHOD ]PATH[ status=N][ port=N][ header='Name: value'][ body=TEXT][ crawl=PAGES]'
    #[arg(long, value_name = "REQUEST")]
    probe_http: Vec<String>,

    /// Run a program in both, such as 'redis-cli ping'
    #[arg(long, value_name = "COMMAND")]
    probe_exec: Vec<String>,

    /// Connect to a port of both
    #[arg(long, value_name = "PORT")]
    probe_tcp: Vec<String>,

    /// Run a line of shell outside of both; RSLIM_URL and RSLIM_ADDRESS say where they are
    #[arg(long, value_name = "COMMAND")]
    probe_host: Vec<String>,

    /// File of probes, TOML or YAML
    #[arg(long, value_name = "FILE")]
    probes: Vec<PathBuf>,

    /// Leave the image's own health check out
    #[arg(long)]
    no_healthcheck: bool,

    /// Let the image run on: so many seconds, until Enter is pressed, or until SIGUSR1 comes; its
    /// ports are there on the host meanwhile
    #[arg(long, value_name = "SECONDS|enter|signal", value_parser = going_on)]
    continue_after: Option<GoingOn>,

    /// Write what was used to FILE, for --evidence
    #[arg(long, value_name = "FILE")]
    save_evidence: Option<PathBuf>,

    /// Write a seccomp profile for Docker, Podman or Kubernetes that allows the system calls which
    /// were made; runs take longer
    #[arg(long, value_name = "FILE", conflicts_with_all = ["no_run", "tracer"])]
    save_seccomp: Option<PathBuf>,

    /// Run nothing, whatever probes there are: --evidence alone counts
    #[arg(long)]
    no_run: bool,

    /// Variable for the image's program, on top of its own
    #[arg(long, value_name = "NAME=VALUE")]
    run_env: Vec<String>,

    /// Argument for the image's program, in the place of its own; repeat it for several
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    run_arg: Vec<String>,

    /// Network that the image sees
    #[arg(long, value_name = "NETWORK", default_value = "loopback")]
    net: Net,

    /// Seconds to wait for a server's first answer
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    ready_timeout: u64,

    /// Seconds to wait for each answer
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    probe_timeout: u64,

    /// Seconds that a run may take
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    max_run_time: u64,

    /// Processes that a run may have
    #[arg(long, value_name = "N", default_value_t = 1024)]
    max_processes: u64,

    /// Memory that a run may use
    #[arg(long, value_name = "SIZE", default_value = "4GiB", value_parser = size)]
    max_run_memory: u64,

    /// What a run may write to disk; it is kept in memory
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = size)]
    max_run_disk: u64,

    /// Who makes the container that the image runs in
    #[arg(
        long,
        value_name = "RUNNER",
        default_value = "own",
        hide_short_help = true
    )]
    runner: RunnerArgument,

    /// How runs are observed
    #[arg(
        long,
        value_name = "HOW",
        default_value = "seccomp",
        hide_short_help = true
    )]
    tracer: TracerArgument,

    /// Have fanotify watch as well, which needs root, and report what only one of both saw; runs
    /// take longer
    #[arg(long, hide_short_help = true)]
    witness: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Net {
    /// Only its own loopback interface
    Loopback,
    /// The host's network
    Host,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RunnerArgument {
    /// rslim itself
    Own,
    /// runc, where it is installed
    Runc,
    /// crun, where it is installed
    Crun,
}

impl RunnerArgument {
    fn maker(self) -> Result<Maker, Failure> {
        let name = match self {
            RunnerArgument::Own => return Ok(Maker::Own),
            RunnerArgument::Runc => "runc",
            RunnerArgument::Crun => "crun",
        };
        Maker::runtime(name).ok_or_else(|| {
            Failure::new(format!("--runner {name}: there is no {name} in PATH"))
                .help(format!("install {name}, or leave --runner out"))
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TracerArgument {
    /// Notifications of seccomp: all of a program but its look-ups runs at full speed
    Seccomp,
    /// ptrace, where seccomp has no notifications
    Ptrace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GoingOn {
    Seconds(u64),
    Enter,
    Signal,
}

fn going_on(text: &str) -> Result<GoingOn, String> {
    match text {
        "enter" => Ok(GoingOn::Enter),
        "signal" => Ok(GoingOn::Signal),
        text => match text.parse() {
            Ok(seconds) => Ok(GoingOn::Seconds(seconds)),
            Err(_) => Err("write a number of seconds, `enter` or `signal`".to_owned()),
        },
    }
}

/// What ends `--continue-after signal`.
fn signals() -> SigSet {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGUSR1);
    signals
}

impl RunningArguments {
    /// To be called before there are other threads: a signal that is waited for must not end one
    /// of them.
    pub(super) fn prepare(&self) -> Result<(), Failure> {
        if self.continue_after == Some(GoingOn::Signal) {
            let blocked = signals().thread_block();
            blocked.map_err(|error| Failure::of("cannot wait for SIGUSR1", &error))?;
        }
        Ok(())
    }

    /// What is asked; `None` where nothing is run.
    pub(super) fn plan(&self) -> Result<Option<Plan>, Failure> {
        let mut plan = Plan::default();
        type Parse = fn(&str) -> Result<Probe, ProbeError>;
        let given: [(&[String], Parse); 4] = [
            (&self.probe_http, probe::http),
            (&self.probe_tcp, probe::tcp),
            (&self.probe_exec, probe::exec),
            (&self.probe_host, probe::host),
        ];
        for file in &self.probes {
            let read = probe::read_file(file).map_err(|error| Failure::of("", &error))?;
            plan.probes.extend(read.probes);
        }
        for (texts, parse) in given {
            for text in texts {
                let probe = parse(text).map_err(|error| Failure::of("", &error))?;
                plan.probes.push(probe);
            }
        }
        let runs = !plan.probes.is_empty() || self.continue_after.is_some();
        Ok((runs && !self.no_run).then_some(plan))
    }

    /// Runs the image, decides, and runs the result until it answers as the image does.
    pub(super) fn settle(
        &self,
        name: &str,
        ground: &Ground<'_>,
        plan: &Plan,
        options: Options,
        quiet: bool,
    ) -> Result<Settled, Failure> {
        let image = ground.image;
        let config = image.config();
        let launching = self.launching()?;
        let spec = launch(ground.subject.view, config, &launching)
            .map_err(|error| explained(name, &error, false))?;
        let mapping = Mapping::detect((spec.uid, spec.gid))
            .map_err(|error| explained(name, &error.into(), false))?;
        // Where it may change anything that the image's program cannot change its user.
        let one_user = spec.uid == 0 && matches!(mapping, Mapping::Single { .. });
        let failed = |error: ReplayError| explained(name, &error, one_user);
        let runner = Runner::default();
        let activity = Activity::new(quiet);
        let told = |what: &str| activity.tell(what);
        let trees = Trees::usual().map_err(|error| failed(error.into()))?;
        told("unpacking the image");
        let digest = image.config_digest().digest();
        let cached = trees
            .unpacked(&runner, &mapping, digest, |out| {
                Ok(image.write_tree(out, ground.limits)?)
            })
            .map_err(failed)?;
        let mut runs = Runs::new(&runner, &mapping, spec, config, &told);
        runs.patience = Patience {
            ready: Duration::from_secs(self.ready_timeout),
            answer: Duration::from_secs(self.probe_timeout),
            ..Patience::default()
        };
        let plan = match self.no_healthcheck {
            true => plan.clone(),
            false => Runs::with_health(plan, config),
        };
        let wait = |target: &dyn Target, ports: &[u16]| {
            activity.suspend(|| self.go_on(target, ports));
        };
        let wait: Option<Wait<'_>> = match self.continue_after {
            Some(_) => Some(&wait),
            None => None,
        };
        told("running the image");
        let whole = runs.whole(&cached.root, &plan, wait).map_err(failed)?;
        activity.suspend(|| told_warnings(&cached.warnings, &whole, quiet));
        let settled = replay::settle(ground, options, &runs, &cached.root, &whole);
        let settled = settled.map_err(failed)?;
        if let Some(file) = &self.save_evidence {
            self.save(file, &settled.evidence)?;
        }
        if let Some(file) = &self.save_seccomp {
            let written = write_file(file, |out| {
                out.write_all(replay::profile(&settled.calls)?.as_bytes())
            });
            written.map_err(|error| Failure::writing(&file.display().to_string(), &error))?;
        }
        Ok(settled)
    }

    /// Writes what earlier runs used as one file, where nothing is run.
    pub(super) fn save_given(&self, evidence: &Evidence) -> Result<(), Failure> {
        if let Some(file) = &self.save_seccomp {
            let message = format!("{}: nothing was run, so no call was seen", file.display());
            return Err(Failure::new(message).help("give a probe such as --probe-http /"));
        }
        let Some(file) = &self.save_evidence else {
            return Ok(());
        };
        if evidence.is_empty() {
            let message = format!("{}: there is no evidence to write", file.display());
            return Err(Failure::new(message)
                .help("give a probe such as --probe-http /, or --evidence FILE of earlier runs"));
        }
        self.save(file, evidence)
    }

    fn launching(&self) -> Result<Launching, Failure> {
        Ok(Launching {
            env: self.run_env.clone(),
            arguments: (!self.run_arg.is_empty()).then(|| self.run_arg.clone()),
            host_network: self.net == Net::Host,
            maker: self.runner.maker()?,
            limits: Limits {
                seconds: self.max_run_time,
                processes: self.max_processes,
                memory: self.max_run_memory,
                disk: self.max_run_disk,
            },
            tracer: Some(match self.tracer {
                TracerArgument::Seccomp => Tracer::Seccomp,
                TracerArgument::Ptrace => Tracer::Ptrace,
            }),
            witness: self.witness,
            calls: self.save_seccomp.is_some(),
        })
    }

    fn save(&self, file: &Path, evidence: &Evidence) -> Result<(), Failure> {
        let written = write_file(file, |out| evidence.write(out));
        written.map_err(|error| Failure::writing(&file.display().to_string(), &error))
    }

    /// Lets the image run on, with its ports on the host.
    fn go_on(&self, target: &dyn Target, exposed: &[u16]) {
        let ports = match exposed {
            [] => target.listening().unwrap_or_default(),
            ports => ports.to_vec(),
        };
        let published = probe::publish(target, &ports, &|places| {
            for (port, own) in places {
                terminal::note(&format!("port {port} of the image is at 127.0.0.1:{own}"));
            }
            match self.continue_after {
                Some(GoingOn::Seconds(seconds)) => {
                    std::thread::sleep(Duration::from_secs(seconds));
                }
                Some(GoingOn::Signal) => {
                    let pid = std::process::id();
                    terminal::note(&format!("`kill -USR1 {pid}` when everything was tried"));
                    if let Err(error) = signals().wait() {
                        terminal::warn(&format!("cannot wait for SIGUSR1: {error}"));
                    }
                }
                _ => {
                    terminal::note("press Enter when everything was tried");
                    let mut line = String::new();
                    // Nobody at the keyboard has had enough, too.
                    let _ = io::stdin().lock().read_line(&mut line);
                }
            }
        });
        if let Err(error) = published {
            terminal::warn(&format!(
                "the image's ports cannot be had on the host: {error}"
            ));
        }
    }
}

fn told_warnings(unpacked: &[String], whole: &Observed, quiet: bool) {
    if quiet {
        return;
    }
    for warning in unpacked.iter().chain(&whole.warnings) {
        terminal::warn(warning);
    }
    for path in &whole.unrecorded {
        terminal::warn(&format!(
            "{} was opened, as fanotify saw, but not recorded; it stays",
            escape_bytes(path)
        ));
    }
}

/// `one_user`: the image's program runs as root, and there is no other user for it.
fn explained(name: &str, error: &ReplayError, one_user: bool) -> Failure {
    let failure = Failure::of(name, error);
    match error {
        ReplayError::Probe { .. } | ReplayError::OverLimit { .. } if one_user => failure.help(
            "you have no numbers in /etc/subuid and /etc/subgid, so a program that changes its \
             user (an entry point with gosu or su) still has the old one afterwards: with such \
             numbers, or as root, it runs as in a container engine; and a probe must succeed on \
             the image as it is",
        ),
        ReplayError::Probe { failed, .. } if failed.probe.starts_with("exec") => failure.help(
            "a probe must succeed on the image as it is; where this is its health check, \
             --no-healthcheck leaves that out",
        ),
        ReplayError::Probe { .. } => {
            failure.help("a probe must succeed on the image as it is, or it can tell nothing")
        }
        ReplayError::OverLimit { .. } => failure.help(
            "where the image needs more, raise --max-run-time, --max-processes, \
             --max-run-memory or --max-run-disk",
        ),
        ReplayError::Platform { .. } | ReplayError::Trace(_) => {
            failure.help("--no-run makes the image smaller without running it")
        }
        _ => failure,
    }
}

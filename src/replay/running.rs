//! One run: started, asked, stopped, and what was seen.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::error::ReplayError;
use super::launch::exposed;
use super::target::Running;
use crate::oci::ImageConfig;
use crate::probe::{self, Asked, Ended, Exec, Failed, Manner, Plan, Probe, Target};
use crate::trace::{Container, Event, Logs, Mapping, Run, Runner, Spec, Status, TraceError};

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a server's first answer.
    pub ready: Duration,
    /// For each answer.
    pub answer: Duration,
    /// Between the signal to stop and the end of everything.
    pub stop: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            ready: Duration::from_secs(60),
            answer: Duration::from_secs(30),
            stop: Duration::from_secs(10),
        }
    }
}

/// How long a program that is asked nothing must live.
const ALIVE: Duration = Duration::from_secs(5);
/// How long a program may take to end that is known to end by itself.
const LATE: Duration = Duration::from_secs(10);

/// What happens in a container besides the probes, as long as somebody wants.
pub type Wait<'a> = &'a (dyn Fn(&dyn Target, &[u16]) + Sync);

/// How an image is run.
pub struct Runs<'a> {
    /// The program that makes containers.
    pub runner: &'a Runner,
    /// Who is who in them.
    pub mapping: &'a Mapping,
    /// What is started.
    pub spec: Spec,
    /// Ports that the image exposes.
    pub exposed: Vec<u16>,
    /// How long to wait for what.
    pub patience: Patience,
    /// Told what is asked.
    pub told: &'a dyn Fn(&str),
}

/// What a run gave.
#[derive(Debug, Default)]
pub struct Observed {
    /// What was asked, and the answers.
    pub asked: Asked,
    /// What was touched.
    pub events: Vec<Event>,
    /// Why it could not be started at all.
    pub failed: Option<String>,
    /// How the image's program ended, if it did so by itself.
    pub ended: Option<Ended>,
    /// The last line that it wrote.
    pub last_words: String,
    /// What was not as it should be.
    pub warnings: Vec<String>,
    /// Paths that a second witness saw opened, and the recorder did not.
    pub unrecorded: Vec<Vec<u8>>,
    /// The numbers of the system calls that were made, where they were asked for.
    pub calls: BTreeSet<u32>,
}

impl<'a> Runs<'a> {
    /// Runs of an image.
    pub fn new(
        runner: &'a Runner,
        mapping: &'a Mapping,
        spec: Spec,
        config: &ImageConfig,
        told: &'a dyn Fn(&str),
    ) -> Self {
        Runs {
            runner,
            mapping,
            spec,
            exposed: exposed(config),
            patience: Patience::default(),
            told,
        }
    }

    /// The plan with the image's own health check in front, which tells when it is ready.
    pub fn with_health(plan: &Plan, config: &ImageConfig) -> Plan {
        let health = config.config.health_command().map(|words| {
            Probe::Exec(Exec {
                words,
                status: 0,
                retry: true,
            })
        });
        let mut probes: Vec<Probe> = health.into_iter().collect();
        probes.extend(plan.probes.iter().cloned());
        Plan { probes }
    }

    /// Runs the image as it is, which must answer everything.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn whole(
        &self,
        root: &Path,
        plan: &Plan,
        wait: Option<Wait<'_>>,
    ) -> Result<Observed, ReplayError> {
        let spec = Spec {
            root: root.to_owned(),
            ..self.spec.clone()
        };
        let container = Container::start(self.runner, self.mapping, &spec)?;
        let asked = self.ask(&container, &spec, plan, true, wait);
        let over = container.over_limit();
        let logs = Box::new(container.logs());
        let own = container.main_status();
        if let Some(reason) = over {
            return Err(ReplayError::OverLimit { reason, logs });
        }
        let asked = asked.map_err(|failed| ReplayError::Probe { failed, logs })?;
        let run = container.stop(self.patience.stop)?;
        if let Some(reason) = run.over_limit {
            let logs = Box::new(run.logs);
            return Err(ReplayError::OverLimit { reason, logs });
        }
        Ok(observed(asked, run, own))
    }

    /// Runs the image without a question, for a moment: how its program ends by itself, if it
    /// does.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn unasked(&self, root: &Path) -> Result<Observed, ReplayError> {
        self.whole(root, &Plan::default(), None)
    }

    /// Runs what is left of it when paths are gone and others have other contents. `ends` says
    /// that the image's own program ended by itself.
    ///
    /// # Errors
    /// [`ReplayError`] where the container itself broke.
    pub fn smaller(
        &self,
        root: &Path,
        plan: &Plan,
        absent: Vec<Vec<u8>>,
        contents: Vec<(Vec<u8>, Vec<u8>)>,
        ends: bool,
    ) -> Result<Observed, ReplayError> {
        let spec = Spec {
            root: root.to_owned(),
            absent,
            contents,
            witness: false,
            ..self.spec.clone()
        };
        let container = match Container::start(self.runner, self.mapping, &spec) {
            Ok(container) => container,
            // What cannot be started is one way to differ.
            Err(TraceError::Inside(failure)) if failure.reason.exit_status().is_some() => {
                return Ok(Observed {
                    failed: Some(failure.to_string()),
                    ..Observed::default()
                });
            }
            Err(error) => return Err(error.into()),
        };
        let asked = self.ask(&container, &spec, plan, false, None);
        if ends {
            container.wait_main(LATE);
        }
        let own = container.main_status();
        let run = container.stop(self.patience.stop)?;
        let failed = run.over_limit.clone();
        let mut observed = observed(asked.unwrap_or_default(), run, own);
        observed.failed = failed;
        Ok(observed)
    }

    fn ask(
        &self,
        container: &Container,
        spec: &Spec,
        plan: &Plan,
        strict: bool,
        wait: Option<Wait<'_>>,
    ) -> Result<Asked, Failed> {
        let target = Running { container, spec };
        let manner = Manner {
            exposed: self.exposed.clone(),
            ready: self.patience.ready,
            limit: self.patience.answer,
            strict,
        };
        let asked = probe::ask(&target, plan, &manner, self.told)?;
        if let Some(wait) = wait {
            wait(&target, &self.exposed);
        }
        if plan.probes.is_empty() && wait.is_none() {
            // Nothing is asked: that it does not end at once is all there is.
            container.wait_main(ALIVE);
        }
        Ok(asked)
    }
}

fn observed(asked: Asked, run: Run, own: Option<Status>) -> Observed {
    Observed {
        asked,
        events: run.events,
        failed: None,
        ended: own.map(|status| match status {
            Status::Exited(status) => Ended::Exited(status),
            Status::Signalled(signal) => Ended::Signalled(signal),
        }),
        last_words: last_words(&run.logs),
        warnings: run.warnings,
        unrecorded: run.disagreements,
        calls: run.calls,
    }
}

/// The last line that a program complained of.
fn last_words(logs: &Logs) -> String {
    let lines = [&logs.stderr, &logs.stdout]
        .into_iter()
        .filter_map(|bytes| {
            let text = String::from_utf8_lossy(bytes);
            let last = text.trim_end().lines().next_back()?;
            Some(last.chars().take(200).collect::<String>())
        });
    lines.into_iter().next().unwrap_or_default()
}

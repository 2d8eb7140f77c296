//! From an image's configuration to what is started.

use std::str::FromStr;

use nix::sys::signal::Signal;

use crate::oci::{ImageConfig, Platform};
use crate::slim::{Account, View};
use crate::trace::{Limits, Maker, Network, Spec, Tracer};

use super::error::ReplayError;

/// What may be different from the configuration.
#[derive(Debug, Clone, Default)]
pub struct Launching {
    /// Variables that are set on top of the image's, `NAME=value`.
    pub env: Vec<String>,
    /// Arguments in the place of the image's `Cmd`.
    pub arguments: Option<Vec<String>>,
    /// Whether the container sees the network of the machine.
    pub host_network: bool,
    /// Who makes the container.
    pub maker: Maker,
    /// What it may use.
    pub limits: Limits,
    /// How it is recorded.
    pub tracer: Option<Tracer>,
    /// Whether fanotify watches too.
    pub witness: bool,
    /// Whether all system calls are noted, for [`profile`](super::profile()).
    pub calls: bool,
}

/// The `PATH` of containers whose image sets none.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The name of the machine inside.
const HOSTNAME: &str = "rslim";

/// Says how the image's program is started, as container engines do. `root` stays empty.
///
/// # Errors
/// [`ReplayError`] for a user that the image does not know, or no program.
pub fn launch(
    view: View<'_>,
    config: &ImageConfig,
    launching: &Launching,
) -> Result<Spec, ReplayError> {
    let here = Platform::host();
    let is = |wanted: &str, here: &str| wanted.is_empty() || wanted == here;
    if !is(&config.os, &here.os) || !is(&config.architecture, &here.architecture) {
        return Err(ReplayError::Platform {
            image: format!("{}/{}", config.os, config.architecture),
            machine: here.to_string(),
        });
    }
    let run = &config.config;
    let account = Account::of(view, &run.user).map_err(ReplayError::User)?;
    let mut argv = run.entrypoint.clone();
    match &launching.arguments {
        Some(arguments) => argv.extend(arguments.iter().cloned()),
        None => argv.extend(run.cmd.iter().cloned()),
    }
    if argv.first().is_none_or(String::is_empty) {
        return Err(ReplayError::NoProgram);
    }
    let mut env: Vec<String> = Vec::new();
    let name = |entry: &str| entry.split('=').next().unwrap_or_default().to_owned();
    let home = account.home.clone().unwrap_or_else(|| "/".to_owned());
    let usual = [
        PATH.to_owned(),
        format!("HOSTNAME={HOSTNAME}"),
        format!("HOME={home}"),
    ];
    for entry in usual.iter().chain(&run.env).chain(&launching.env) {
        let known = env.iter().position(|known| name(known) == name(entry));
        match known.and_then(|at| env.get_mut(at)) {
            Some(known) => known.clone_from(entry),
            None => env.push(entry.clone()),
        }
    }
    Ok(Spec {
        root: std::path::PathBuf::new(),
        argv,
        env,
        cwd: match run.working_dir.is_empty() {
            true => "/".to_owned(),
            false => run.working_dir.clone(),
        },
        uid: account.uid,
        gid: account.gid,
        groups: account.groups,
        hostname: HOSTNAME.to_owned(),
        volumes: run.volumes.keys().cloned().collect(),
        network: match launching.host_network {
            true => Network::Host,
            false => Network::Loopback,
        },
        stop_signal: signal(&run.stop_signal),
        limits: launching.limits,
        maker: launching.maker.clone(),
        tracer: match launching.calls {
            true => Tracer::Ptrace,
            false => launching.tracer.unwrap_or(Tracer::Seccomp),
        },
        witness: launching.witness,
        calls: launching.calls,
        absent: Vec::new(),
        contents: Vec::new(),
    })
}

/// The TCP ports that an image says it listens at.
pub(super) fn exposed(config: &ImageConfig) -> Vec<u16> {
    let keys = config.config.exposed_ports.keys();
    let ports = keys.filter_map(|key| {
        let (port, protocol) = key.split_once('/').unwrap_or((key, "tcp"));
        // Ranges are written out by builders.
        port.parse().ok().filter(|_| protocol == "tcp")
    });
    let mut ports: Vec<u16> = ports.collect();
    ports.sort_unstable();
    ports
}

/// The number of a signal: `15`, `TERM` or `SIGTERM`, also `RTMIN+3`. What is none is `SIGTERM`,
/// which is the default too.
fn signal(name: &str) -> i32 {
    const TERM: i32 = Signal::SIGTERM as i32;
    const RTMIN: i32 = 34;
    if let Ok(number) = name.parse::<i32>() {
        return if (1..=64).contains(&number) {
            number
        } else {
            TERM
        };
    }
    let upper = name.to_ascii_uppercase();
    let short = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some(rest) = short.strip_prefix("RTMIN") {
        return RTMIN
            + rest
                .trim_start_matches('+')
                .parse()
                .unwrap_or(0)
                .clamp(0, 30);
    }
    let known = Signal::from_str(&format!("SIG{short}"));
    known.map_or(TERM, |signal| signal as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_by_name_and_number() {
        for (name, number) in [
            ("", 15),
            ("SIGQUIT", 3),
            ("quit", 3),
            ("WINCH", 28),
            ("9", 9),
            ("99", 15),
            ("SIGRTMIN+3", 37),
            ("RTMIN", 34),
            ("nonsense", 15),
        ] {
            assert_eq!(signal(name), number, "{name}");
        }
    }

    #[test]
    fn ports_and_health() {
        let config = ImageConfig::parse(
            br#"{"config":{"ExposedPorts":{"80/tcp":{},"53/udp":{},"8080":{},"x":{}},
            "Healthcheck":{"Test":["CMD-SHELL","curl x"]},"Shell":["/bin/ash","-c"]}}"#,
        );
        let config = config.unwrap();
        assert_eq!(exposed(&config), [80, 8080]);
        let health = config.config.health_command().unwrap();
        assert_eq!(health, ["/bin/ash", "-c", "curl x"]);
    }
}

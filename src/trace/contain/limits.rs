//! Sees to it that a container does not use more than it may.

use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::super::spec::Limits;
use super::table;

/// Checks the limits of one container.
pub(super) struct Watch {
    limits: Limits,
    began: Instant,
    spared: Vec<Pid>,
    next: Instant,
}

/// How often processes and memory are counted.
const EVERY: Duration = Duration::from_millis(100);

impl Watch {
    /// Starts the clock. `spared` are the container's own helpers.
    pub(super) fn new(limits: Limits, spared: Vec<Pid>) -> Watch {
        let now = Instant::now();
        Watch {
            limits,
            began: now,
            spared,
            next: now,
        }
    }

    /// The limit that is passed, in words, when it is time to look again.
    pub(super) fn over(&mut self) -> Option<String> {
        if Instant::now() < self.next {
            return None;
        }
        self.next = Instant::now() + EVERY;
        self.over_now()
    }

    /// The limit that is passed now, in words.
    pub(super) fn over_now(&self) -> Option<String> {
        let now = Instant::now();
        let limits = &self.limits;
        if now.duration_since(self.began) > Duration::from_secs(limits.seconds) {
            return Some(format!("it ran for longer than {} s", limits.seconds));
        }
        let all = table::processes(&self.spared);
        if all.len() as u64 > limits.processes {
            return Some(format!(
                "it had {} processes at once; the limit is {}",
                all.len(),
                limits.processes
            ));
        }
        let resident: u64 = all.iter().map(|process| resident(*process)).sum();
        if resident <= limits.memory {
            return None;
        }
        // Memory that processes share was counted for each. The exact count
        // is slow, and only needed here.
        let used: u64 = all.iter().map(|process| proportional(*process)).sum();
        (used > limits.memory).then(|| {
            format!(
                "it used {} MiB of memory; the limit is {} MiB",
                used >> 20,
                limits.memory >> 20
            )
        })
    }
}

fn resident(process: Pid) -> u64 {
    let pages = std::fs::read_to_string(format!("/proc/{process}/statm"))
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * page_size()
}

fn page_size() -> u64 {
    nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE)
        .ok()
        .flatten()
        .and_then(|size| u64::try_from(size).ok())
        .unwrap_or(4096)
}

/// The memory of a process, with each shared page divided among its users.
fn proportional(process: Pid) -> u64 {
    std::fs::read_to_string(format!("/proc/{process}/smaps_rollup"))
        .ok()
        .and_then(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        })
        .map_or_else(|| resident(process), |kilobytes| kilobytes << 10)
}

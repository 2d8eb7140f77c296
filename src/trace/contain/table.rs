//! The processes of the container, as its own /proc lists them.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The numbers of all processes but those given.
pub(super) fn processes(but: &[Pid]) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .map(Pid::from_raw)
        .filter(|process| !but.contains(process))
        .collect()
}

/// Kills all processes but those given, once.
pub(super) fn kill_all(but: &[Pid]) -> usize {
    let all = processes(but);
    for process in &all {
        // One that has ended by itself is as good as killed.
        let _: nix::Result<()> = kill(*process, Signal::SIGKILL);
    }
    all.len()
}

/// Whether a process has ended and only waits to be collected.
pub(super) fn is_zombie(process: Pid) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat"))
        .ok()
        .and_then(|text| {
            text.rsplit_once(") ")
                .map(|(_, rest)| rest.starts_with(['Z', 'X']))
        })
        .unwrap_or(true)
}

//! What the container runtime is told: the `config.json` of the OCI runtime specification.

use std::path::Path;

use serde_json::{Value, json};

use super::super::super::spec::{Network, Spec};
use super::super::furnish::{MASKED, READ_ONLY};

/// The configuration of a container with its root file system at `root`. The runtime's own first
/// process only waits in it, so what that would run is a program which is there in any case.
pub(super) fn config(spec: &Spec, root: &Path) -> Value {
    let mount = |target: &str, kind: &str, options: &[&str]| json!({ "destination": target, "type": kind, "source": kind, "options": options });
    let mut namespaces = vec!["pid", "mount", "ipc", "uts"];
    let mut sysctl = json!({});
    let mut sys = mount("/sys", "sysfs", &["nosuid", "noexec", "nodev", "ro"]);
    match spec.network {
        Network::Loopback => {
            namespaces.push("network");
            // As in Docker any user may listen on any port.
            sysctl = json!({ "net.ipv4.ip_unprivileged_port_start": "0" });
        }
        // A new one shows the network of a namespace that is not the container's own.
        Network::Host => {
            sys = json!({ "destination": "/sys", "type": "bind", "source": "/sys",
                "options": ["rbind", "nosuid", "noexec", "nodev", "ro"] });
        }
    }
    let namespaces: Vec<Value> = namespaces
        .iter()
        .map(|kind| json!({ "type": kind }))
        .collect();
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "user": { "uid": 0, "gid": 0 },
            "args": ["/proc/self/exe"],
            "cwd": "/",
        },
        "root": { "path": root },
        "hostname": spec.hostname,
        "mounts": [
            mount("/proc", "proc", &["nosuid", "noexec", "nodev"]),
            mount("/dev", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=65536k"]),
            mount("/dev/pts", "devpts", &["nosuid", "noexec", "newinstance", "ptmxmode=0666",
                "mode=0620"]),
            mount("/dev/shm", "tmpfs", &["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
            mount("/dev/mqueue", "mqueue", &["nosuid", "noexec", "nodev"]),
            sys,
        ],
        "linux": {
            "namespaces": namespaces,
            "sysctl": sysctl,
            "maskedPaths": MASKED.iter().copied()
                .chain(["/sys/firmware", "/sys/devices/virtual/powercap"])
                .collect::<Vec<_>>(),
            "readonlyPaths": READ_ONLY,
        },
    })
}

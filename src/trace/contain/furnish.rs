//! /proc, /sys and the files in /etc that every container has.

use std::path::Path;

use nix::mount::MsFlags;

use super::super::error::{Doing, Failure};
use super::super::spec::{Network, Spec};
use super::rootfs::{Outside, bind, fresh, read_only};

/// What Docker hides of /proc.
pub(super) const MASKED: &[&str] = &[
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
];
/// What Docker makes read-only there.
pub(super) const READ_ONLY: &[&str] = &[
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

fn sealed() -> MsFlags {
    MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC
}

/// Mounts /proc and takes away what a container must not have of it.
pub(super) fn proc(spec: &Spec) -> Result<(), Failure> {
    fresh("proc", "/proc", sealed(), "").map_err(|failure| {
        failure.advise("a sandbox that hides parts of /proc forbids a new one; run outside of it")
    })?;
    if spec.network == Network::Loopback {
        // As in Docker any user may listen on any port. Old kernels lack the
        // setting, and it only matters to those who need it.
        let _: std::io::Result<()> =
            std::fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
    }
    bound_processes(spec);
    for path in MASKED.iter().map(Path::new) {
        hide(path)?;
    }
    for path in READ_ONLY.iter().map(Path::new).filter(|path| path.exists()) {
        bind(path, path, MsFlags::MS_REC)?;
        read_only(path)?;
    }
    Ok(())
}

/// Lowers the highest process number of the namespace that /proc is of. Kernels since 6.14 have it
/// for each namespace, and those within it. It keeps a fork bomb from using up the machine's
/// numbers before it is noticed.
pub(super) fn bound_processes(spec: &Spec) {
    let most = spec.limits.processes.saturating_mul(4).clamp(1024, 1 << 22);
    let path = "/proc/sys/kernel/pid_max";
    if std::fs::read_to_string(path)
        .ok()
        .and_then(|text| text.trim().parse::<u64>().ok())
        .is_some_and(|now| now > most)
        && own_pid_max()
    {
        let _: std::io::Result<()> = std::fs::write(path, most.to_string());
    }
}

/// Whether the highest process number is the namespace's own setting. On an
/// older kernel writing it would change the machine.
fn own_pid_max() -> bool {
    let Ok(system) = nix::sys::utsname::uname() else {
        return false;
    };
    let release = system.release().to_string_lossy();
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map(|part| part.parse::<u32>().unwrap_or(0));
    (numbers.next(), numbers.next()) >= (Some(6), Some(14))
}

fn hide(path: &Path) -> Result<(), Failure> {
    let Ok(metadata) = std::fs::metadata(path) else {
        return Ok(());
    };
    if metadata.is_dir() {
        fresh(
            "tmpfs",
            &path.to_string_lossy(),
            sealed() | MsFlags::MS_RDONLY,
            "size=0,mode=0755",
        )
    } else {
        // Relative: of the machine, whose /dev/null is there already.
        bind(Path::new("dev/null"), path, MsFlags::empty())
    }
}

/// Mounts /sys, read-only.
pub(super) fn sys(outside: &mut Outside) -> Result<(), Failure> {
    let flags = sealed() | MsFlags::MS_RDONLY;
    if let Err(failure) = fresh("sysfs", "/sys", flags, "") {
        // In a user namespace it needs a network namespace that is its own.
        let bound = bind(Path::new("sys"), Path::new("/sys"), MsFlags::MS_REC)
            .and_then(|()| read_only(Path::new("/sys")));
        if bound.is_err() {
            outside.warnings.push(format!("/sys is empty: {failure}"));
            return fresh("tmpfs", "/sys", flags, "size=0,mode=0755");
        }
    }
    for path in ["/sys/firmware", "/sys/devices/virtual/powercap"] {
        if Path::new(path).is_dir() {
            fresh("tmpfs", path, flags, "size=0,mode=0755")?;
        }
    }
    Ok(())
}

/// The machine's servers for names, where the container sees its network; `root` is the machine's
/// root directory.
pub(super) fn servers(spec: &Spec, root: &str) -> String {
    match spec.network {
        // There is no server to ask; asking this machine fails at once.
        Network::Loopback => "nameserver 127.0.0.1\n".to_owned(),
        Network::Host => {
            std::fs::read_to_string(format!("{root}etc/resolv.conf")).unwrap_or_default()
        }
    }
}

/// The files that name the container and its network, with what is in them.
fn texts(spec: &Spec, servers: String) -> [(&'static str, String); 3] {
    let hosts = format!(
        "127.0.0.1\tlocalhost {0}\n::1\tlocalhost ip6-localhost ip6-loopback {0}\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n",
        spec.hostname
    );
    [
        ("hosts", hosts),
        ("hostname", format!("{}\n", spec.hostname)),
        ("resolv.conf", servers),
    ]
}

/// Mounts these files over those of the image.
pub(super) fn names(spec: &Spec, outside: &mut Outside) -> Result<(), Failure> {
    for (name, text) in texts(spec, servers(spec, "")) {
        let source = outside.memory.join("files").join(name);
        std::fs::write(&source, text).doing_at("write", &source)?;
        let target = Path::new("/etc").join(name);
        if let Err(failure) = point(&target).and_then(|()| bind(&source, &target, MsFlags::empty()))
        {
            outside.warnings.push(format!(
                "{} is the image's own: {failure}",
                target.display()
            ));
        }
    }
    Ok(())
}

/// Writes these files over those of the image, in the overlay's upper layer, where nothing more
/// can be mounted.
pub(super) fn write_names(spec: &Spec, servers: String) -> Vec<String> {
    let written = texts(spec, servers).into_iter().map(|(name, text)| {
        let target = Path::new("/etc").join(name);
        point(&target).and_then(|()| std::fs::write(&target, text).doing_at("write", &target))
    });
    let failed = written.filter_map(Result::err);
    failed.map(|failure| failure.to_string()).collect()
}

/// Makes a file to mount on, where the image has none. It lies in the
/// overlay's upper layer.
fn point(target: &Path) -> Result<(), Failure> {
    if target.exists() {
        return Ok(());
    }
    std::fs::create_dir_all("/etc").doing_at("make", "/etc")?;
    let made = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(target);
    if made.is_err() && std::fs::symlink_metadata(target).is_ok() {
        // A link to a directory that only exists on a running system.
        std::fs::remove_file(target).doing_at("replace", target)?;
        std::fs::write(target, "").doing_at("make", target)?;
        return Ok(());
    }
    made.map(|_| ()).doing_at("make", target)
}

//! Programs of the host that talk to the container through a port of the host, which is there
//! as long as they run.

use std::io::{self, Read};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::target::{Ended, Ran, Target};

/// Bytes of output that are kept.
const LARGEST: u64 = 1 << 20;

/// Runs a line of shell with a way to the container's port.
///
/// # Errors
/// Whatever keeps it from being started.
pub(super) fn run(
    target: &dyn Target,
    command: &str,
    port: u16,
    limit: Duration,
) -> io::Result<Ran> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let own = listener.local_addr()?.port();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (over, listener) = (&over, &listener);
        scope.spawn(move || accept(scope, target, listener, port, over));
        let ran = program(command, own, limit);
        over.store(true, Ordering::Relaxed);
        ran
    })
}

/// Takes connections until the program is done.
fn accept<'s>(
    scope: &'s thread::Scope<'s, '_>,
    target: &'s dyn Target,
    listener: &TcpListener,
    port: u16,
    over: &'s AtomicBool,
) {
    while !over.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((outer, _)) => {
                scope.spawn(move || {
                    if let Ok(inner) = target.connect(port) {
                        join(&outer, &inner, over);
                    }
                });
            }
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// Hands on what comes from either side.
fn join(outer: &TcpStream, inner: &TcpStream, over: &AtomicBool) {
    // Without, a connection that is never closed would keep the run from ending.
    let pause = Some(Duration::from_millis(200));
    let ready = [outer, inner].iter().all(|stream| {
        stream.set_nonblocking(false).is_ok() && stream.set_read_timeout(pause).is_ok()
    });
    if !ready {
        return;
    }
    thread::scope(|scope| {
        scope.spawn(|| pass(outer, inner, over));
        pass(inner, outer, over);
    });
}

fn pass(mut from: &TcpStream, mut to: &TcpStream, over: &AtomicBool) {
    let mut piece = [0; 16 * 1024];
    loop {
        let done = match from.read(&mut piece) {
            Ok(0) => true,
            Ok(n) => {
                let piece = piece.get(..n).unwrap_or_default();
                io::Write::write_all(&mut to, piece).is_err()
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => over.load(Ordering::Relaxed),
                io::ErrorKind::Interrupted => false,
                _ => true,
            },
        };
        if done {
            // The other side may still have something to say.
            let _ = to.shutdown(Shutdown::Write);
            return;
        }
    }
}

/// A port of the container, and where it is on the host.
pub type Place = (u16, u16);

/// Makes ports of the container be there on the host as long as `meanwhile` runs, which gets each
/// port with the one that it is at.
///
/// # Errors
/// Whatever keeps a port from being opened.
pub fn publish(target: &dyn Target, ports: &[u16], meanwhile: &dyn Fn(&[Place])) -> io::Result<()> {
    let mut listeners = Vec::new();
    let mut places = Vec::new();
    for &port in ports {
        // The same number where it is free.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        listener.set_nonblocking(true)?;
        places.push((port, listener.local_addr()?.port()));
        listeners.push((port, listener));
    }
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = &over;
        for (port, listener) in &listeners {
            scope.spawn(move || accept(scope, target, listener, *port, over));
        }
        meanwhile(&places);
        over.store(true, Ordering::Relaxed);
    });
    Ok(())
}

fn program(command: &str, port: u16, limit: Duration) -> io::Result<Ran> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .env("RSLIM_HOST", "127.0.0.1")
        .env("RSLIM_PORT", port.to_string())
        .env("RSLIM_ADDRESS", format!("127.0.0.1:{port}"))
        .env("RSLIM_URL", format!("http://127.0.0.1:{port}"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let out = thread::spawn(move || stdout.map(beginning).unwrap_or_default());
    let err = thread::spawn(move || stderr.map(beginning).unwrap_or_default());
    let ended = wait(&mut child, limit)?;
    Ok(Ran {
        ended,
        stdout: out.join().unwrap_or_default(),
        stderr: err.join().unwrap_or_default(),
    })
}

/// Keeps the first bytes and reads the rest, so that nobody has to wait.
fn beginning(mut from: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = (&mut from).take(LARGEST).read_to_end(&mut bytes);
    let _ = io::copy(&mut from, &mut io::sink());
    bytes
}

fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<Ended>> {
    use std::os::unix::process::ExitStatusExt;
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(match (status.code(), status.signal()) {
                (Some(code), _) => Ended::Exited(code),
                (None, signal) => Ended::Signalled(signal.unwrap_or_default()),
            }));
        }
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

//! Runs the reference registry, `docker-registry`.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// `user` with the password `s3cret`, by bcrypt.
const HTPASSWD: &str = "user:$2b$05$Ct1hRHwI/OZzVR/Mp1go5uY0w12L7XDK29fOHCbuCnJm55DzWfEH6\n";
/// A registry of its own, ended when dropped.
pub struct Real {
    child: Child,
    pub host: String,
    pub folder: TempDir,
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn installed() -> bool {
    let found = Command::new("docker-registry")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if found.is_err() {
        eprintln!("skipped: docker-registry is not installed");
    }
    found.is_ok()
}

impl Real {
    /// `http` and `auth` are lines for the registry's configuration.
    fn start(folder: TempDir, http: &str, auth: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        drop(listener);
        let config = format!(
            "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  \
             delete:\n    enabled: true\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: \
             {host}\n{http}{auth}",
            folder.path().join("data").display()
        );
        let path = folder.path().join("config.yml");
        fs::write(&path, config).unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let real = Real {
            child,
            host,
            folder,
        };
        let started = Instant::now();
        while TcpStream::connect(&real.host).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "no registry");
            std::thread::sleep(Duration::from_millis(20));
        }
        real
    }

    pub fn plain() -> Self {
        Self::start(TempDir::new().unwrap(), "", "")
    }

    pub fn with_password() -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("htpasswd");
        fs::write(&file, HTPASSWD).unwrap();
        let auth = format!(
            "auth:\n  htpasswd:\n    realm: test\n    path: {}\n",
            file.display()
        );
        Self::start(folder, "", &auth)
    }

    pub fn with_tls() -> Self {
        let folder = TempDir::new().unwrap();
        certificates(folder.path());
        let file = |name: &str| folder.path().join(name).display().to_string();
        let http = format!(
            "  tls:\n    certificate: {}\n    key: {}\n",
            file("server.pem"),
            file("server.key")
        );
        Self::start(folder, &http, "")
    }

    /// How many uploads it keeps; it leaves empty folders behind for others.
    pub fn uploads(&self, name: &str) -> usize {
        let folder = format!("data/docker/registry/v2/repositories/{name}/_uploads");
        let Ok(entries) = fs::read_dir(self.folder.path().join(folder)) else {
            return 0;
        };
        entries
            .filter(|entry| entry.as_ref().unwrap().path().join("data").exists())
            .count()
    }
}

/// Forwards connections to `host`; the one that sends more than `limit` bytes
/// first is cut there.
pub fn cutting_proxy(host: &str, limit: u64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().to_string();
    let host = host.to_owned();
    let cut = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(&host).unwrap();
            let (mut up, mut down) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            let (mut from_client, mut from_server) = (client, server);
            std::thread::spawn(move || std::io::copy(&mut from_server, &mut down));
            let cut = cut.clone();
            std::thread::spawn(move || {
                let mut sent = 0;
                let mut buffer = [0; 8192];
                while let Ok(n @ 1..) = from_client.read(&mut buffer) {
                    sent += n as u64;
                    if sent > limit && !cut.swap(true, std::sync::atomic::Ordering::Relaxed) {
                        break;
                    }
                    if up.write_all(&buffer[..n]).is_err() {
                        break;
                    }
                }
                let _ = up.shutdown(std::net::Shutdown::Both);
                let _ = from_client.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    own
}

/// A CA, and a certificate of it for this machine.
fn certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let status = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "openssl {arguments}");
    };
    fs::write(
        folder.join("names"),
        "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n",
    )
    .unwrap();
    openssl(
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=testca -keyout ca.key -out ca.pem",
    );
    openssl("req -newkey rsa:2048 -nodes -subj /CN=registry -keyout server.key -out server.csr");
    openssl(
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names \
         -out server.pem",
    );
}

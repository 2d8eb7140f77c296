//! Images from an engine, over a socket that speaks as much of the Docker
//! Engine API as reading needs.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use crate::fixtures::{Layout, showcase};
use crate::program::{Ran, command, ran, report};

/// An engine with one image, `app:1.0`.
struct Engine {
    dir: tempfile::TempDir,
    socket: PathBuf,
}

fn engine(layout: Layout) -> Engine {
    let dir = tempfile::tempdir().unwrap();
    let archive = dir.path().join("app.tar");
    showcase::demo().write(layout, &archive).unwrap();
    let archive = std::fs::read(&archive).unwrap();
    let socket = dir.path().join("engine.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let archive = archive.clone();
            std::thread::spawn(move || serve(stream.unwrap(), &archive));
        }
    });
    Engine { dir, socket }
}

fn serve(stream: UnixStream, archive: &[u8]) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request).unwrap_or(0) == 0 {
            return;
        }
        let mut header = String::new();
        while reader.read_line(&mut header).unwrap() > 2 {
            header.clear();
        }
        let path = request.split(' ').nth(1).unwrap_or("").to_owned();
        // A version may stand in front.
        let path = match path.strip_prefix("/v1.") {
            Some(rest) => rest[rest.find('/').unwrap_or(0)..].to_owned(),
            None => path,
        };
        let gone = match path.as_str() {
            "/_ping" => answer(&mut stream, "200 OK", b"OK"),
            "/images/app:1.0/json" | "/images/app%3A1.0/json" => answer(
                &mut stream,
                "200 OK",
                br#"{"Os":"linux","Architecture":"amd64"}"#,
            ),
            path if path.starts_with("/images/app") && path.contains("/get") => {
                chunked(&mut stream, archive)
            }
            path if path.starts_with("/images/get") => chunked(&mut stream, archive),
            _ => answer(
                &mut stream,
                "404 Not Found",
                br#"{"message":"no such image"}"#,
            ),
        };
        if gone.is_err() {
            return;
        }
    }
}

fn answer(stream: &mut UnixStream, status: &str, body: &[u8]) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)
}

fn chunked(stream: &mut UnixStream, body: &[u8]) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    )?;
    for chunk in body.chunks(30_000) {
        write!(stream, "{:x}\r\n", chunk.len())?;
        stream.write_all(chunk)?;
        stream.write_all(b"\r\n")?;
    }
    stream.write_all(b"0\r\n\r\n")
}

impl Engine {
    fn analyze(&self, image: &str) -> Ran {
        let mut command = command();
        command.args(["analyze", image, "-f", "json"]);
        command.env("DOCKER_HOST", format!("unix://{}", self.socket.display()));
        // No context of the machine's own.
        command
            .env("HOME", self.dir.path())
            .env("XDG_RUNTIME_DIR", self.dir.path());
        ran(command.output().unwrap())
    }
}

#[test]
fn an_engine_gives_the_same_report_as_its_archive() {
    for layout in [Layout::DockerArchive, Layout::DockerArchiveLegacy] {
        let engine = engine(layout);
        let mut want = report(&engine.dir.path().join("app.tar"));
        for image in ["docker-daemon:app:1.0", "app:1.0"] {
            let ran = engine.analyze(image);
            assert_eq!(ran.code, Some(0), "{}", ran.err);
            let mut got: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
            assert_eq!(got["image"]["source"], "docker-daemon");
            for report in [&mut want, &mut got] {
                report["image"]["source"] = serde_json::Value::Null;
                report["image"]["reference"] = serde_json::Value::Null;
                report["image"]["digest"] = serde_json::Value::Null;
            }
            assert!(want == got, "{want:#}\nbecame\n{got:#}");
        }
    }
}

#[test]
fn a_name_that_nobody_knows_lists_the_places_tried() {
    let engine = engine(Layout::DockerArchive);
    let ran = engine.analyze("no/such:image");
    assert_eq!(ran.code, Some(2));
    let socket = engine.socket.display().to_string();
    assert!(ran.err.contains("no such image"), "{}", ran.err);
    assert!(ran.err.contains(&socket), "{}", ran.err);
    assert!(ran.err.contains("registry"), "{}", ran.err);
}

#[test]
fn an_engine_that_is_cut_off_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("engine.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let n = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..n]).into_owned();
            let _ = match request.contains("/get") {
                true => stream
                    .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"),
                false => answer(&mut stream, "200 OK", b"{}"),
            };
        }
    });
    let engine = Engine { dir, socket };
    let ran = engine.analyze("docker-daemon:app:1.0");
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.out.is_empty());
    assert!(ran.err.starts_with("error: "), "{}", ran.err);
}

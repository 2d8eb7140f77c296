//! Large blobs are pushed and fetched in bounded memory. A program of its
//! own, since the kernel counts the most memory of the whole process.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use oci_spec::image::Digest;
use rslim::registry::{Client, Credentials, Options, Reference};
use sha2::{Digest as _, Sha256};

const SIZE: u64 = 300 * 1024 * 1024;
/// More than buffers and certificates need, and far less than the blob.
const MOST: u64 = 16 * 1024 * 1024;

/// The most memory that this process has had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        * 1024
}

/// Reads the headers; returns the first line and the body's length.
fn head(stream: &mut TcpStream) -> Option<(String, u64, bool)> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 || bytes.len() > 10_000 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let text = String::from_utf8(bytes).ok()?.to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    Some((text.clone(), length, text.contains("100-continue")))
}

/// Takes every blob and gives zeros.
fn serve(mut stream: TcpStream, taken: &Mutex<u64>) -> Option<()> {
    let (text, length, waits) = head(&mut stream)?;
    if waits {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let mut buffer = vec![0; 64 * 1024];
    let mut left = length;
    while left > 0 {
        let max = buffer.len().min(usize::try_from(left).unwrap());
        left -= stream.read(&mut buffer[..max]).ok()? as u64;
    }
    let mut taken = taken.lock().unwrap();
    *taken += length;
    let answer = match text.split(' ').next()? {
        "head" => "HTTP/1.1 404 X\r\n".to_owned(),
        "post" => {
            *taken = 0;
            "HTTP/1.1 202 X\r\nLocation: /up\r\n".to_owned()
        }
        "patch" => format!("HTTP/1.1 202 X\r\nRange: 0-{}\r\n", *taken - 1),
        "put" => "HTTP/1.1 201 X\r\n".to_owned(),
        _ => {
            drop(taken);
            stream
                .write_all(format!("HTTP/1.1 200 X\r\nContent-Length: {SIZE}\r\n\r\n").as_bytes())
                .ok()?;
            std::io::copy(&mut std::io::repeat(0).take(SIZE), &mut stream).ok()?;
            return Some(());
        }
    };
    let rest = "Content-Length: 0\r\nConnection: close\r\n\r\n";
    stream.write_all(format!("{answer}{rest}").as_bytes()).ok()
}

#[test]
fn large_blobs_need_little_memory() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let taken = Arc::new(Mutex::new(0));
        for stream in listener.incoming().flatten() {
            let taken = taken.clone();
            std::thread::spawn(move || serve(stream, &taken));
        }
    });
    let mut hasher = Sha256::new();
    let zeros = vec![0; 1024 * 1024];
    for _ in 0..SIZE / zeros.len() as u64 {
        hasher.update(&zeros);
    }
    let mut text = "sha256:".to_owned();
    for byte in hasher.finalize() {
        text.push_str(&format!("{byte:02x}"));
    }
    let digest: Digest = text.parse().unwrap();
    let reference: Reference = format!("{host}/a").parse().unwrap();
    let client = Client::new(Options {
        credentials: Credentials::Anonymous,
        ..Options::default()
    })
    .unwrap();
    let repository = client.repository(&reference);
    let before = peak();
    repository
        .push_blob(&digest, SIZE, None, |offset| {
            Ok(std::io::repeat(0).take(SIZE - offset))
        })
        .unwrap();
    let mut upload = repository.start_blob().unwrap();
    std::io::copy(&mut std::io::repeat(0).take(SIZE), &mut upload).unwrap();
    upload.finish(&digest).unwrap();
    let mut reader = repository.blob(&digest, SIZE).unwrap();
    let read = std::io::copy(&mut reader, &mut std::io::sink()).unwrap();
    assert_eq!(read, SIZE);
    let grown = peak() - before;
    assert!(grown < MOST, "{grown} bytes");
    println!("memory grew by {} KiB", grown / 1024);
}

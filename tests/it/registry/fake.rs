//! A tiny HTTP/1.1 server on this machine that answers what a test wants.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request without its body.
#[derive(Debug, Clone)]
pub struct Head {
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
}

impl Head {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == path
    }
}

/// The body of a request, to be read by the script.
pub struct Body<'a> {
    reader: &'a mut dyn Read,
    left: u64,
    /// Where leave to send it has to be given.
    waiting: Option<TcpStream>,
}

impl Body<'_> {
    pub fn all(&mut self) -> Vec<u8> {
        self.up_to(u64::MAX)
    }

    pub fn up_to(&mut self, max: u64) -> Vec<u8> {
        if let Some(mut out) = self.waiting.take() {
            out.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        }
        let mut bytes = Vec::new();
        let max = max.min(self.left);
        let n = (&mut self.reader)
            .take(max)
            .read_to_end(&mut bytes)
            .unwrap();
        self.left -= n as u64;
        bytes
    }
}

/// What to answer.
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Only so many bytes of the body are sent.
    cut: Option<usize>,
    /// No answer at all.
    hang_up: bool,
}

impl Reply {
    pub fn new(status: u16) -> Self {
        Reply {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            cut: None,
            hang_up: false,
        }
    }

    pub fn hang_up() -> Self {
        Reply {
            hang_up: true,
            ..Reply::new(0)
        }
    }

    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// In one piece, without saying before how long it is.
    pub fn chunked(self, body: &[u8]) -> Self {
        let mut bytes = format!("{:x}\r\n", body.len()).into_bytes();
        bytes.extend(body);
        bytes.extend(b"\r\n0\r\n\r\n");
        self.header("Transfer-Encoding", "chunked").body(bytes)
    }

    pub fn cut(mut self, at: usize) -> Self {
        self.cut = Some(at);
        self
    }
}

/// A running server; it ends with the test program.
pub struct Fake {
    /// `127.0.0.1:PORT`
    pub host: String,
    seen: Arc<Mutex<Vec<Head>>>,
}

impl Fake {
    /// `script` answers each request; a request per connection.
    pub fn start(script: impl Fn(&Head, &mut Body<'_>) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self::listen(listener, script)
    }

    /// The same where `listener` is.
    pub fn listen(
        listener: TcpListener,
        script: impl Fn(&Head, &mut Body<'_>) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let host = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(script);
        let log = seen.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, log) = (script.clone(), log.clone());
                std::thread::spawn(move || serve(stream, &*script, &log));
            }
        });
        Fake { host, seen }
    }

    /// All requests so far, but the client's first look at `/v2/`.
    pub fn seen(&self) -> Vec<Head> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .filter(|head| head.path != "/v2/")
            .cloned()
            .collect()
    }

    pub fn count(&self, method: &str) -> usize {
        self.seen()
            .iter()
            .filter(|head| head.method == method)
            .count()
    }
}

fn serve(
    stream: TcpStream,
    script: &dyn Fn(&Head, &mut Body<'_>) -> Reply,
    log: &Mutex<Vec<Head>>,
) -> Option<()> {
    let mut out = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    // A TLS greeting is no UTF-8: the connection is closed.
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let head = Head {
        method,
        path,
        headers,
    };
    log.lock().unwrap().push(head.clone());
    let waits = head.header("expect") == "100-continue";
    let left = head.header("content-length").parse().unwrap_or(0);
    let mut body = Body {
        reader: &mut reader,
        left,
        waiting: waits.then(|| out.try_clone().unwrap()),
    };
    let reply = script(&head, &mut body);
    if reply.hang_up {
        return None;
    }
    // Who waits for leave to send a body gets a refusal instead.
    if body.waiting.is_none() {
        body.all();
    }
    let mut text = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", reply.status);
    let sized = |(name, _): &(String, String)| {
        matches!(name.as_str(), "Content-Length" | "Transfer-Encoding")
    };
    if !reply.headers.iter().any(sized) {
        text.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
    }
    for (name, value) in &reply.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    out.write_all(text.as_bytes()).ok()?;
    if head.method != "HEAD" {
        let end = reply.cut.unwrap_or(reply.body.len());
        out.write_all(&reply.body[..end]).ok()?;
    }
    out.flush().ok()
}

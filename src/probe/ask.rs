//! Asking a target one thing after another.

use std::io::{self, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use super::answer::{Answer, Outcome};
use super::crawl::Crawl;
use super::error::Failed;
use super::http::{no_connection, request};
use super::openapi;
use super::plan::{Exec, Host, Http, OpenApiSource, Plan, Probe, Tcp};
use super::proxy;
use super::target::{Ended, Ran, Target};

/// How to ask.
#[derive(Debug, Clone)]
pub struct Manner {
    /// The ports that the image says it listens at.
    pub exposed: Vec<u16>,
    /// How long to wait until a server is there.
    pub ready: Duration,
    /// How long to wait for each answer.
    pub limit: Duration,
    /// Whether an answer that is not as it must be ends it all.
    pub strict: bool,
}

/// All that was asked.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The questions, those too that following links and documents brought. Asked of another
    /// target, they are the same.
    pub plan: Plan,
    /// An outcome for each.
    pub outcomes: Vec<Outcome>,
}

/// Asks everything in order. What is safe to ask twice is asked twice.
///
/// # Errors
/// With [`Manner::strict`], the first question that is not answered as it must be.
pub fn ask(
    target: &dyn Target,
    plan: &Plan,
    manner: &Manner,
    told: &dyn Fn(&str),
) -> Result<Asked, Failed> {
    let mut asker = Asker {
        target,
        manner,
        told,
        answered: false,
        asked: Asked::default(),
    };
    for probe in &plan.probes {
        asker.probe(probe)?;
    }
    Ok(asker.asked)
}

struct Asker<'a> {
    target: &'a dyn Target,
    manner: &'a Manner,
    told: &'a dyn Fn(&str),
    /// Whether there was an answer already, so that the server is up.
    answered: bool,
    asked: Asked,
}

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a server that has answered may be away.
const AWAY: Duration = Duration::from_secs(5);

/// An answer, or why there is none that will do.
type Tried = Result<Answer, (Option<Answer>, String)>;

impl Asker<'_> {
    fn probe(&mut self, probe: &Probe) -> Result<(), Failed> {
        match probe {
            Probe::OpenApi { source, port } => return self.openapi(probe, source, *port),
            Probe::Http(http) if http.pages.is_some() => return self.crawl(http),
            _ => {}
        }
        self.one(probe).map(drop)
    }

    /// Asks one question, and notes the answer.
    fn one(&mut self, probe: &Probe) -> Result<Answer, Failed> {
        (self.told)(&probe.name());
        let asked = self.ask(probe).map_err(|(answer, why)| {
            // An answer that is not as it must be will not do here.
            (answer.filter(|_| !self.manner.strict), why)
        });
        self.note(probe, asked)
    }

    /// Notes what was answered; without an answer it ends here, where that matters.
    fn note(&mut self, probe: &Probe, asked: Tried) -> Result<Answer, Failed> {
        let answer = match asked {
            Ok(answer) | Err((Some(answer), _)) => answer,
            Err((None, why)) if self.manner.strict => {
                let probe = probe.name();
                return Err(Failed { probe, why });
            }
            Err((None, why)) => Answer::None(why),
        };
        let safe = match probe {
            Probe::Http(http) => http.is_safe(),
            Probe::Exec(_) | Probe::Tcp(_) => true,
            Probe::Host(_) | Probe::OpenApi { .. } => false,
        };
        let again = match safe && !matches!(answer, Answer::None(_)) {
            true => self.ask(probe).ok(),
            false => None,
        };
        self.asked.plan.probes.push(probe.clone());
        self.asked.outcomes.push(Outcome {
            probe: probe.name(),
            answer: answer.clone(),
            again,
        });
        Ok(answer)
    }

    /// Tries until the answer is as it must be, or time is up.
    fn ask(&mut self, probe: &Probe) -> Tried {
        let patience = match self.answered {
            true => AWAY.min(self.manner.ready),
            false => self.manner.ready,
        };
        let end = Instant::now() + patience;
        loop {
            let tried = match probe {
                Probe::Http(http) => self.http(http, end),
                Probe::Tcp(tcp) => self.tcp(tcp),
                Probe::Exec(exec) => self.exec(exec),
                Probe::Host(host) => return self.host(host, end),
                Probe::OpenApi { .. } => return Err((None, "it is a list of others".to_owned())),
            };
            let (answer, why) = match tried {
                Ok(answer) => {
                    self.answered = true;
                    return Ok(answer);
                }
                Err(failed) => failed,
            };
            // An answer counts, but for one that says "not yet".
            let again = match (&answer, probe) {
                (Some(Answer::Http { status, .. }), Probe::Http(_)) => {
                    matches!(status, 502..=504)
                }
                (Some(_), Probe::Exec(exec)) => exec.retry,
                (Some(_), _) => false,
                // A program that is not there does not come later.
                (None, Probe::Exec(_)) => false,
                (None, _) => true,
            };
            if let (Some(ended), false) = (self.target.ended(), matches!(probe, Probe::Exec(_))) {
                return Err((
                    answer,
                    format!("{why}: the program of the image ended ({ended})"),
                ));
            }
            if !again || Instant::now() >= end {
                return Err((answer, why));
            }
            thread::sleep(PAUSE);
        }
    }

    fn http(&self, http: &Http, end: Instant) -> Tried {
        let port = self
            .port(http.port, http.https, end)
            .map_err(|why| (None, why))?;
        let answer = request(self.target, http, port, self.manner.limit);
        let answer = answer.map_err(|why| (None, why))?;
        let Answer::Http { status, .. } = answer else {
            return Ok(answer);
        };
        let why = match http.status {
            Some(wanted) if wanted != status => {
                format!("the answer has status {status}, not {wanted}")
            }
            None if status >= 400 => {
                format!("the answer has status {status}; where that is right, add status={status}")
            }
            _ => return Ok(answer),
        };
        Err((Some(answer), why))
    }

    /// The port to ask: the one given, an exposed one where something listens, or the only one.
    fn port(&self, given: Option<u16>, https: bool, end: Instant) -> Result<u16, String> {
        if let Some(port) = given {
            return Ok(port);
        }
        let is_tls = |port: u16| matches!(port, 443 | 8443 | 9443);
        let mut exposed = self.manner.exposed.clone();
        exposed.sort_by_key(|&port| (is_tls(port) != https, port));
        loop {
            let listening = self.target.listening();
            let listening = listening.map_err(|error| format!("cannot list ports: {error}"))?;
            let found = exposed.iter().find(|port| listening.contains(port));
            if let Some(&port) = found.or(listening.first().filter(|_| exposed.is_empty())) {
                return Ok(port);
            }
            let why = match exposed.as_slice() {
                [] => "nothing listens at any port".to_owned(),
                ports => {
                    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
                    let others = match listening.as_slice() {
                        [] => String::new(),
                        others => format!(", but at {others:?}; name the port with port=N"),
                    };
                    format!(
                        "nothing listens at {}, which the image exposes{others}",
                        ports.join(", ")
                    )
                }
            };
            if self.target.ended().is_some() || Instant::now() >= end {
                return Err(why);
            }
            thread::sleep(PAUSE);
        }
    }

    fn tcp(&self, tcp: &Tcp) -> Tried {
        let failed = |why: String| (None, why);
        let mut stream = self
            .target
            .connect(tcp.port)
            .map_err(|error| failed(no_connection(tcp.port, &error)))?;
        let mut received = Vec::new();
        let broken = |error: io::Error| failed(format!("the connection breaks off: {error}"));
        if let Some(send) = &tcp.send {
            stream.write_all(send.as_bytes()).map_err(broken)?;
        }
        if let Some(expect) = &tcp.expect {
            stream
                .set_read_timeout(Some(self.manner.limit))
                .map_err(broken)?;
            let mut piece = [0; 4096];
            while received.len() < expect.len() {
                match stream.read(&mut piece).map_err(broken)? {
                    0 => break,
                    n => received.extend_from_slice(piece.get(..n).unwrap_or_default()),
                }
            }
            if !received.starts_with(expect.as_bytes()) {
                let why = format!(
                    "the answer is {:?}, not {expect:?}",
                    String::from_utf8_lossy(&received)
                );
                return Err((Some(Answer::Tcp { received }), why));
            }
        }
        Ok(Answer::Tcp { received })
    }

    fn exec(&self, exec: &Exec) -> Tried {
        let ran = self.target.exec(&exec.words, self.manner.limit);
        self.judged(ran, exec.status)
    }

    fn host(&self, host: &Host, end: Instant) -> Tried {
        let port = self
            .port(host.port, false, end)
            .map_err(|why| (None, why))?;
        let ran = proxy::run(self.target, &host.command, port, self.manner.limit);
        self.judged(ran, 0)
    }

    /// What a program answered, which must end with this status.
    fn judged(&self, ran: io::Result<Ran>, status: i32) -> Tried {
        let ran = ran.map_err(|error| (None, error.to_string()))?;
        let why = match ran.ended {
            Some(Ended::Exited(ended)) if ended == status => None,
            Some(ended) => Some(format!("it ends with {ended}{}", tail(&ran.stderr))),
            None => Some(format!("it does not end within {:?}", self.manner.limit)),
        };
        let answer = Answer::Program {
            ended: ran.ended,
            stdout: ran.stdout,
            stderr: ran.stderr,
        };
        match why {
            None => Ok(answer),
            Some(why) => Err((Some(answer), why)),
        }
    }

    fn crawl(&mut self, first: &Http) -> Result<(), Failed> {
        let mut crawl = Crawl::new(first);
        while let Some(http) = crawl.next() {
            let linked = http.path != first.path;
            let probe = Probe::Http(http.clone());
            if !linked {
                let answer = self.one(&probe)?;
                crawl.read(&http, &answer);
                continue;
            }
            let answer = self.linked(http.clone())?;
            crawl.read(&http, &answer);
        }
        Ok(())
    }

    fn openapi(
        &mut self,
        probe: &Probe,
        source: &OpenApiSource,
        port: Option<u16>,
    ) -> Result<(), Failed> {
        let failed = |why: String| Failed {
            probe: probe.name(),
            why,
        };
        let document = match source {
            OpenApiSource::File(file) => openapi::read(file).map_err(failed)?,
            OpenApiSource::Served(path) => {
                let http = Http {
                    port,
                    ..Http::get(path)
                };
                match self.one(&Probe::Http(http))? {
                    Answer::Http { body, .. } => body,
                    _ => return Err(failed("there is no document".to_owned())),
                }
            }
        };
        let requests = openapi::requests(&document).map_err(failed)?;
        for path in requests {
            let http = Http {
                port,
                pages: None,
                ..Http::get(&path)
            };
            self.linked(http)?;
        }
        Ok(())
    }

    /// Asks what a link or a document led to. A broken link, and what is answered without the
    /// right arguments and rights, are answers too: of another target they must be the same.
    fn linked(&mut self, mut http: Http) -> Result<Answer, Failed> {
        let asked = self.ask(&Probe::Http(http.clone()));
        if let Ok(Answer::Http { status, .. }) | Err((Some(Answer::Http { status, .. }), _)) = asked
        {
            http.status = Some(status);
        }
        self.note(&Probe::Http(http), asked)
    }
}

/// The last lines of what a program complained of.
fn tail(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let last = lines
        .get(lines.len().saturating_sub(3)..)
        .unwrap_or_default();
    match last.is_empty() {
        true => String::new(),
        false => format!(": {}", last.join("; ")),
    }
}

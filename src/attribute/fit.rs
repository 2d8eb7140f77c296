//! How well a step of history fits an instruction.

use crate::dockerfile::Keyword;

use super::claim::{Claim, CopyClaim, RunClaim};
use super::expected::Expected;
use super::operands::ports_in;
use super::pattern::{Agreement, Pattern, squeeze};
use super::step::{Step, Style, shell_length};

/// A step of history with what comparing needs again and again.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The step.
    pub step: Step,
    /// Its text, squeezed.
    pub text: String,
    /// Where the command begins behind its shell.
    command: Option<usize>,
    /// What COPY and ADD say.
    copy: Option<Copied>,
}

/// What history tells of COPY and ADD.
#[derive(Debug, Clone, Default)]
struct Copied {
    flags: Vec<(String, String)>,
    /// Sources and destination as one text; without sources the destination.
    operands: String,
    /// Only digests of the sources are known: one file or directory, or several.
    digested: Option<Several>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Several {
    No,
    Yes,
    Unknown,
}

/// How well a pair fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Not at all.
    No,
    /// What is known agrees; part of it is not known.
    Partly,
    /// All of it is known and the same.
    Fully,
}

impl Fit {
    /// Worth of the pair in an alignment. What fits fully outweighs any gap.
    pub fn worth(self) -> i32 {
        match self {
            Fit::No => 0,
            Fit::Partly => 60,
            Fit::Fully => 100,
        }
    }
}

impl From<Option<Agreement>> for Fit {
    fn from(agreement: Option<Agreement>) -> Self {
        match agreement {
            None => Fit::No,
            Some(Agreement::Filled) => Fit::Partly,
            Some(Agreement::Same) => Fit::Fully,
        }
    }
}

impl Prepared {
    /// Prepares a step.
    pub fn new(step: Step) -> Self {
        let text = squeeze(&step.text);
        let command = match (step.keyword, step.arguments) {
            (Some(Keyword::Run), None) => shell_length(&text).map(|end| (end + 1).min(text.len())),
            _ => None,
        };
        let copy = matches!(step.keyword, Some(Keyword::Copy | Keyword::Add));
        Prepared {
            copy: copy.then(|| Copied::read(&text, step.style)),
            command,
            text,
            step,
        }
    }

    /// Compares with an instruction.
    pub fn fit(&self, expected: &Expected) -> Fit {
        let same = self.step.keyword == Some(expected.keyword);
        match &expected.claim {
            Claim::Run(claim) => self.run(claim),
            _ if !same => Fit::No,
            Claim::Copy(claim) => self.copy.as_ref().map_or(Fit::No, |copy| copy.fit(claim)),
            Claim::Texts(texts) => any(texts, &self.text),
            Claim::Names(texts, names) => match any(texts, &self.text) {
                // buildah lists the names of all arguments so far.
                Fit::No if names.iter().all(|n| self.text.split(' ').any(|w| w == n)) => {
                    Fit::Partly
                }
                fit => fit,
            },
            Claim::Starts(starts, whole) => {
                let known = starts.iter().filter_map(Pattern::known);
                match known.into_iter().any(|start| self.text.starts_with(start)) {
                    true => Fit::Fully,
                    false => whole.agrees(&self.text).into(),
                }
            }
            Claim::Ports(ports, raw) => match raw.agrees(&self.text) {
                Some(Agreement::Same) => Fit::Fully,
                _ => same_ports(ports, &self.text),
            },
            Claim::Nothing => Fit::No,
        }
    }

    fn run(&self, claim: &RunClaim) -> Fit {
        match self.step.keyword {
            // An exec form as the classic builder writes it.
            None => match claim.exec && !claim.bare.is_empty() && self.text == claim.bare {
                true => return Fit::Fully,
                false => return Fit::No,
            },
            Some(Keyword::Run) => {}
            Some(_) => return Fit::No,
        }
        if let Some(count) = self.step.arguments {
            let found = claim.whole.iter().find_map(|text| {
                let before = self.text.strip_suffix(text.as_str())?;
                (before.is_empty() || before.ends_with(' ')).then_some(before)
            });
            return match found {
                Some(before) if before.matches('=').count() >= count => Fit::Fully,
                _ => self.script(claim),
            };
        }
        if claim.whole.contains(&self.text) {
            return Fit::Fully;
        }
        // A shell that the base image has set.
        let bare = self.command.and_then(|at| self.text.get(at..));
        match bare.is_some_and(|bare| bare == claim.bare && !claim.exec && !bare.is_empty()) {
            true => Fit::Fully,
            false => self.script(claim),
        }
    }

    /// Here-documents of which history has only the name or the beginning.
    fn script(&self, claim: &RunClaim) -> Fit {
        let Some((name, first)) = &claim.script else {
            return Fit::No;
        };
        if self.text.ends_with(&format!(" /dev/pipes/{name}")) && first.starts_with("#!") {
            return Fit::Partly;
        }
        let opening = format!("<<{name} (");
        let shown = self.text.find(&opening).and_then(|at| {
            let rest = self.text.get(at + opening.len()..)?;
            rest.strip_suffix(')')
        });
        let begins = shown.is_some_and(|shown| {
            let shown = shown.trim_end_matches(['…', '.']);
            !shown.is_empty() && (first.starts_with(shown) || shown.starts_with(first.as_str()))
        });
        match begins {
            true => Fit::Partly,
            false => Fit::No,
        }
    }
}

fn any(patterns: &[Pattern], text: &str) -> Fit {
    let best = patterns.iter().filter_map(|pattern| {
        let agreement = pattern.agrees(text)?;
        // A lone hole says nothing of what it agrees with.
        (agreement == Agreement::Same || !pattern.is_only_holes()).then_some(agreement)
    });
    match best.max() {
        Some(agreement) => Fit::from(Some(agreement)),
        None if patterns.iter().any(Pattern::is_only_holes) => Fit::Partly,
        None => Fit::No,
    }
}

fn same_ports(ports: &[Pattern], text: &str) -> Fit {
    let listed = ports_in(text);
    let unknown = ports.iter().filter(|port| !port.is_known()).count();
    let known = |port: &String| ports.iter().any(|p| p.known() == Some(port));
    let others = listed.iter().filter(|port| !known(port)).count();
    let all = ports
        .iter()
        .filter_map(Pattern::known)
        .all(|port| listed.iter().any(|listed| listed == port));
    match (all && !listed.is_empty(), unknown, others) {
        (true, 0, 0) => Fit::Fully,
        (true, 1.., 1..) => Fit::Partly,
        _ => Fit::No,
    }
}

impl Copied {
    fn read(text: &str, style: Style) -> Self {
        let mut copied = Copied::default();
        let mut rest = text;
        while let Some(flag) = rest.strip_prefix("--") {
            let end = flag.find(' ').unwrap_or(flag.len());
            let word = flag.get(..end).unwrap_or("");
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            // Docker 20.10 leaves out the blank: `--chown=33:33file:…`.
            let glued = digest_start(value).filter(|&at| at > 0);
            let (value, next) = match glued {
                Some(at) => (
                    value.get(..at).unwrap_or(""),
                    rest.get(2 + name.len() + 1 + at..).unwrap_or(""),
                ),
                None => (value, flag.get(end..).unwrap_or("").trim_start()),
            };
            copied.flags.push((name.to_owned(), value.to_owned()));
            rest = next;
        }
        rest = rest.trim();
        copied.operands = rest.to_owned();
        if style == Style::Classic
            && let Some((sources, destination)) = rest.split_once(" in ")
        {
            copied.operands = destination.trim().to_owned();
            copied.digested = Some(match digest_start(sources) {
                Some(0) if sources.starts_with("multi:") => Several::Yes,
                Some(0) => Several::No,
                _ => Several::Unknown,
            });
        }
        copied
    }

    fn fit(&self, claim: &CopyClaim) -> Fit {
        for (name, value) in &self.flags {
            let wanted = claim.flags.iter().find(|(flag, _)| flag == name);
            let fine = match wanted {
                Some((_, pattern)) => pattern.agrees(value).is_some(),
                None => !matches!(name.as_str(), "chown" | "chmod"),
            };
            if !fine {
                return Fit::No;
            }
        }
        let destinations = || claim.destinations.iter().chain([&claim.raw]);
        if let Some(several) = self.digested {
            let impossible = match (several, claim.several) {
                (Several::Yes, Some(false)) | (Several::No, Some(true)) => true,
                (Several::Yes | Several::No | Several::Unknown, _) => false,
            };
            let fits = destinations().any(|pattern| pattern.agrees(&self.operands).is_some());
            return match fits && !impossible {
                true => Fit::Partly,
                false => Fit::No,
            };
        }
        let sources = Pattern::join(&claim.sources, " ");
        let whole = destinations().map(|to| Pattern::join([&sources, to], " "));
        let best = whole.filter_map(|pattern| pattern.agrees(&self.operands));
        match best.max() {
            // Older BuildKits do not note all flags.
            Some(Agreement::Same) if self.flags.len() < claim.flags.len() => Fit::Partly,
            agreement => agreement.into(),
        }
    }
}

/// Where `file:HEX`, `dir:HEX` or `multi:HEX` begins.
fn digest_start(text: &str) -> Option<usize> {
    let starts = ["file:", "dir:", "multi:"].into_iter().filter_map(|kind| {
        let at = text.rfind(kind)?;
        let digest = text.get(at + kind.len()..)?;
        let is_digest = digest.len() >= 32 && digest.bytes().all(|b| b.is_ascii_hexdigit());
        is_digest.then_some(at)
    });
    starts.min()
}

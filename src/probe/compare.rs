//! Where two containers answer differently.

use super::answer::{Answer, Outcome};

/// A question that was answered differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// What was asked.
    pub probe: String,
    /// How the answers differ.
    pub how: String,
}

/// Headers that are different each time.
const VOLATILE: [&str; 16] = [
    "age",
    "connection",
    "content-length",
    "date",
    "etag",
    "expires",
    "keep-alive",
    "last-modified",
    "nel",
    "report-to",
    "server-timing",
    "traceparent",
    "x-correlation-id",
    "x-request-id",
    "x-response-time",
    "x-runtime",
];

/// Compares outcomes of the same questions. `before` was asked twice where possible: what differs
/// between its own two answers differs each time, and is not compared.
pub fn compare(before: &[Outcome], after: &[Outcome]) -> Vec<Deviation> {
    let mut found = Vec::new();
    for (number, old) in before.iter().enumerate() {
        let how = match after.get(number) {
            Some(new) => differs(old, new),
            None => Some("it was not asked".to_owned()),
        };
        found.extend(how.map(|how| Deviation {
            probe: old.probe.clone(),
            how,
        }));
    }
    found
}

fn differs(old: &Outcome, new: &Outcome) -> Option<String> {
    match (&old.answer, &new.answer) {
        (_, Answer::None(why)) => match &old.answer {
            Answer::None(_) => None,
            _ => Some(format!("there is no answer: {why}")),
        },
        (
            Answer::Http {
                status,
                headers,
                body,
            },
            Answer::Http {
                status: new_status,
                headers: new_headers,
                body: new_body,
            },
        ) => {
            if status != new_status {
                return Some(format!("the status is {new_status}, not {status}"));
            }
            let again = match &old.again {
                Some(Answer::Http { headers, body, .. }) => Some((headers, body)),
                _ => None,
            };
            let known = again.map(|(headers, _)| headers);
            header(headers, new_headers, known)
                .or_else(|| text("body", body, new_body, again.map(|(_, body)| body)))
        }
        (
            Answer::Program {
                ended,
                stdout,
                stderr,
            },
            Answer::Program {
                ended: new_ended,
                stdout: new_stdout,
                stderr: new_stderr,
            },
        ) => {
            if ended != new_ended {
                let said = |ended: &Option<super::Ended>| match ended {
                    Some(ended) => ended.to_string(),
                    None => "not ending".to_owned(),
                };
                let last = String::from_utf8_lossy(new_stderr);
                let last = last.trim_end().lines().next_back().unwrap_or_default();
                return Some(format!(
                    "it ends with {}, not {}: {last}",
                    said(new_ended),
                    said(ended)
                ));
            }
            let again = match &old.again {
                Some(Answer::Program { stdout, stderr, .. }) => Some((stdout, stderr)),
                _ => None,
            };
            text(
                "standard output",
                stdout,
                new_stdout,
                again.map(|(out, _)| out),
            )
            .or_else(|| {
                text(
                    "standard error",
                    stderr,
                    new_stderr,
                    again.map(|(_, err)| err),
                )
            })
        }
        (Answer::Tcp { received }, Answer::Tcp { received: new }) => {
            text("answer", received, new, None)
        }
        _ => Some("the answer is of another kind".to_owned()),
    }
}

type Headers = [(String, String)];

fn header(old: &Headers, new: &Headers, again: Option<&Vec<(String, String)>>) -> Option<String> {
    let values = |headers: &Headers, name: &str| -> Vec<String> {
        let of = headers.iter().filter(|(known, _)| known == name);
        of.map(|(_, value)| stable(name, value)).collect()
    };
    let mut names: Vec<&String> = old.iter().chain(new).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    for name in names {
        if VOLATILE.contains(&name.as_str()) {
            continue;
        }
        let (was, is) = (values(old, name), values(new, name));
        let volatile = again.is_some_and(|again| values(again, name) != was);
        if was != is && !volatile {
            return Some(match (was.is_empty(), is.is_empty()) {
                (true, _) => format!("the header {name} is new: {:?}", is.join(", ")),
                (_, true) => format!("the header {name} is missing"),
                _ => format!(
                    "the header {name} is {:?}, not {:?}",
                    is.join(", "),
                    was.join(", ")
                ),
            });
        }
    }
    None
}

/// Of cookies only the names stay the same.
fn stable(name: &str, value: &str) -> String {
    match name {
        "set-cookie" => value.split('=').next().unwrap_or_default().to_owned(),
        _ => value.to_owned(),
    }
}

/// Compares line by line, but for lines that differ each time.
fn text(what: &str, old: &[u8], new: &[u8], again: Option<&Vec<u8>>) -> Option<String> {
    if old == new {
        return None;
    }
    let lines =
        |text: &[u8]| -> Vec<Vec<u8>> { text.split(|&b| b == b'\n').map(<[u8]>::to_vec).collect() };
    let (was, is) = (lines(old), lines(new));
    let volatile: Vec<bool> = match again {
        Some(again) if again != old => {
            let again = lines(again);
            if again.len() != was.len() {
                return None;
            }
            was.iter()
                .zip(&again)
                .map(|(one, two)| one != two)
                .collect()
        }
        _ => vec![false; was.len()],
    };
    if was.len() != is.len() && volatile.iter().any(|&volatile| volatile) {
        return None;
    }
    let differs = |number: &usize| {
        !volatile.get(*number).copied().unwrap_or_default() && was.get(*number) != is.get(*number)
    };
    let number = (0..was.len().max(is.len())).find(differs)?;
    let shown = |lines: &[Vec<u8>]| match lines.get(number) {
        Some(line) => {
            let text = String::from_utf8_lossy(line);
            let short: String = text.chars().take(120).collect();
            format!("{short:?}")
        }
        None => "nothing".to_owned(),
    };
    Some(format!(
        "line {} of the {what} is {}, not {}",
        number + 1,
        shown(&is),
        shown(&was)
    ))
}

#[cfg(test)]
mod tests {
    use super::super::target::Ended;
    use super::*;

    fn page(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Answer::Http {
            status,
            headers: headers.collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn outcome(answer: Answer, again: Option<Answer>) -> Outcome {
        Outcome {
            probe: "GET /".to_owned(),
            answer,
            again,
        }
    }

    fn deviation(old: Outcome, new: Answer) -> Option<String> {
        let new = outcome(new, None);
        compare(&[old], &[new]).pop().map(|deviation| deviation.how)
    }

    #[test]
    fn equal_answers_are_equal_whatever_the_time() {
        let old = page(200, &[("date", "1"), ("set-cookie", "a=1; Path=/")], "x");
        let new = page(200, &[("date", "2"), ("set-cookie", "a=2; Path=/")], "x");
        assert_eq!(deviation(outcome(old, None), new), None);
    }

    #[test]
    fn what_differs_each_time_is_not_compared() {
        let one = page(200, &[("x-id", "1")], "head\nnow 1\ntail");
        let two = page(200, &[("x-id", "2")], "head\nnow 2\ntail");
        let twice = || outcome(one.clone(), Some(two.clone()));
        let three = page(200, &[("x-id", "3")], "head\nnow 3\ntail");
        assert_eq!(deviation(twice(), three), None);
        let broken = page(200, &[("x-id", "3")], "head\nnow 3\nerror");
        let how = deviation(twice(), broken).unwrap();
        assert_eq!(how, "line 3 of the body is \"error\", not \"tail\"");
    }

    #[test]
    fn other_answers_are_told() {
        let old = || outcome(page(200, &[("x", "1")], "a"), None);
        for (new, how) in [
            (page(500, &[("x", "1")], "a"), "the status is 500, not 200"),
            (page(200, &[], "a"), "the header x is missing"),
            (
                page(200, &[("x", "2")], "a"),
                "the header x is \"2\", not \"1\"",
            ),
            (
                page(200, &[("x", "1")], "b"),
                "line 1 of the body is \"b\", not \"a\"",
            ),
            (Answer::None("gone".to_owned()), "there is no answer: gone"),
        ] {
            assert_eq!(deviation(old(), new).as_deref(), Some(how));
        }
        let program = |status, out: &str| Answer::Program {
            ended: Some(Ended::Exited(status)),
            stdout: out.as_bytes().to_vec(),
            stderr: b"a\nno such file\n".to_vec(),
        };
        let how = deviation(outcome(program(0, "x"), None), program(1, "x")).unwrap();
        assert_eq!(
            how,
            "it ends with exit status 1, not exit status 0: no such file"
        );
        let how = deviation(outcome(program(0, "x\ny"), None), program(0, "x")).unwrap();
        assert_eq!(how, "line 2 of the standard output is nothing, not \"y\"");
    }
}

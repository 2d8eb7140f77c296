//! Links of pages that lead to the same host.

use std::collections::{HashSet, VecDeque};

use super::answer::Answer;
use super::plan::Http;

/// Pages that are still to be asked for.
pub(super) struct Crawl {
    first: Http,
    queue: VecDeque<String>,
    seen: HashSet<String>,
    left: usize,
}

impl Crawl {
    pub(super) fn new(first: &Http) -> Self {
        Crawl {
            queue: VecDeque::from([first.path.clone()]),
            seen: HashSet::from([first.path.clone()]),
            left: first.pages.unwrap_or(1),
            first: Http {
                pages: None,
                ..first.clone()
            },
        }
    }

    /// The next page.
    pub(super) fn next(&mut self) -> Option<Http> {
        self.left = self.left.checked_sub(1)?;
        let path = self.queue.pop_front()?;
        match path == self.first.path {
            true => Some(self.first.clone()),
            false => Some(Http {
                method: "GET".to_owned(),
                body: None,
                status: None,
                path,
                ..self.first.clone()
            }),
        }
    }

    /// Takes the links out of an answer.
    pub(super) fn read(&mut self, page: &Http, answer: &Answer) {
        for path in links(&page.path, answer) {
            if self.seen.insert(path.clone()) {
                self.queue.push_back(path);
            }
        }
    }
}

/// The paths on the same host that a page's links lead to, in their order; `from` is the page's
/// own path.
pub fn links(from: &str, answer: &Answer) -> Vec<String> {
    let Answer::Http { headers, body, .. } = answer else {
        return Vec::new();
    };
    let header = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    };
    let kind = header("content-type").unwrap_or_default();
    let mut found = Vec::new();
    found.extend(header("location").map(str::to_owned));
    let text = String::from_utf8_lossy(body);
    if kind.starts_with("text/html") || kind.contains("xml") {
        for name in ["href", "src", "action"] {
            attributes(&text, name, &mut found);
        }
    }
    if kind.starts_with("text/css") || kind.starts_with("text/html") {
        urls(&text, &mut found);
    }
    let paths = found.iter().filter_map(|link| resolve(from, link));
    paths.collect()
}

/// The values of `name="…"` and `name='…'`.
fn attributes(text: &str, name: &str, found: &mut Vec<String>) {
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let after = rest.get(at + name.len()..).unwrap_or_default();
        rest = after;
        let Some(value) = after.trim_start().strip_prefix('=') else {
            continue;
        };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let value = match quote {
            Some(quote) => value.get(1..).and_then(|value| value.split(quote).next()),
            None => value.split([' ', '>', '\n', '\t']).next(),
        };
        found.extend(value.map(|value| value.replace("&amp;", "&")));
    }
}

/// `url(…)` of style sheets.
fn urls(text: &str, found: &mut Vec<String>) {
    for after in text.split("url(").skip(1) {
        let inner = after.split(')').next().unwrap_or_default();
        found.push(inner.trim_matches([' ', '"', '\'']).to_owned());
    }
}

/// A link on the page `from` as a path on the same host.
fn resolve(from: &str, link: &str) -> Option<String> {
    let link = link.trim().split('#').next().unwrap_or_default();
    // A line of a request ends where one of these is.
    if link.is_empty() || link.contains(char::is_control) {
        return None;
    }
    let link = &link.replace(' ', "%20");
    let path = match link.split_once("://") {
        Some((scheme, rest)) if scheme == "http" || scheme == "https" => {
            let at = rest.find('/').unwrap_or(rest.len());
            let (host, path) = rest.split_at(at);
            let name = host.split(':').next().unwrap_or_default();
            if name != "localhost" && name != "127.0.0.1" {
                return None;
            }
            return Some(if path.is_empty() {
                "/".to_owned()
            } else {
                normal(path)
            });
        }
        Some(_) => return None,
        None => link.as_str(),
    };
    let scheme = path.split(['/', '?']).next().unwrap_or_default();
    if path.starts_with("//") || scheme.contains(':') {
        return None;
    }
    if path.starts_with('/') {
        return Some(normal(path));
    }
    let base = from.split('?').next().unwrap_or_default();
    if path.starts_with('?') {
        return Some(format!("{base}{path}"));
    }
    let directory = base.rsplit_once('/').map_or("", |(directory, _)| directory);
    Some(normal(&format!("{directory}/{path}")))
}

/// The path without `.` and `..`.
fn normal(path: &str) -> String {
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    let mut parts: Vec<&str> = Vec::new();
    let mut pieces = path.split('/').skip(1).peekable();
    while let Some(part) = pieces.next() {
        let last = pieces.peek().is_none();
        match part {
            "." | ".." => {
                if part == ".." {
                    parts.pop();
                }
                if last {
                    parts.push("");
                }
            }
            part => parts.push(part),
        }
    }
    let path = format!("/{}", parts.join("/"));
    match query {
        Some(query) => format!("{path}?{query}"),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_same_host() {
        for (link, path) in [
            ("x", Some("/a/x")),
            ("./x?y=1#z", Some("/a/x?y=1")),
            ("../x", Some("/x")),
            ("../../..", Some("/")),
            ("/x/./y/../z/", Some("/x/z/")),
            ("?q", Some("/a/b?q")),
            ("http://localhost:80/x", Some("/x")),
            ("https://127.0.0.1", Some("/")),
            ("https://example.org/x", None),
            ("//example.org/x", None),
            ("mailto:a@b", None),
            ("javascript:void(0)", None),
            ("data:image/png;base64,x", None),
            ("#top", None),
            ("", None),
            ("/a b", Some("/a%20b")),
            ("/a\r\nHost: x", None),
        ] {
            assert_eq!(resolve("/a/b?c", link).as_deref(), path, "{link}");
        }
    }

    #[test]
    fn pages_are_read_up_to_a_number() {
        let first = Http {
            pages: Some(3),
            ..Http::get("/")
        };
        let mut crawl = Crawl::new(&first);
        let page = crawl.next().unwrap();
        let body = br#"<a href="/one">1</a> <img src='two.png'> <a href=/one>x</a>
            <style>body{background:url("bg.gif")}</style> <a href="/four?a=1&amp;b=2">"#;
        let answer = Answer::Http {
            status: 200,
            headers: vec![(
                "content-type".to_owned(),
                "text/html; charset=utf-8".to_owned(),
            )],
            body: body.to_vec(),
        };
        crawl.read(&page, &answer);
        assert_eq!(
            crawl.queue,
            ["/one", "/four?a=1&b=2", "/two.png", "/bg.gif"]
        );
        assert_eq!(crawl.next().unwrap().path, "/one");
        assert!(crawl.next().is_some() && crawl.next().is_none());
    }
}

//! What a registry asks for, in its `WWW-Authenticate` headers (RFC 9110, section 11.6.1).

/// Longest header that is looked at, in bytes.
const MAX_HEADER: usize = 16 * 1024;
/// Most challenges and parameters that are read.
const MAX_ITEMS: usize = 64;

/// One way to authenticate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    /// In lower case, such as `bearer`.
    pub(super) scheme: String,
    /// Names in lower case and values.
    params: Vec<(String, String)>,
}

impl Challenge {
    /// The parameter of this name; the first counts.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        let found = self.params.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// All challenges of one header. What cannot be read ends the list.
pub(super) fn parse(header: &str) -> Vec<Challenge> {
    let mut rest = Rest(header.get(..MAX_HEADER).unwrap_or(header));
    let mut challenges = Vec::new();
    while challenges.len() < MAX_ITEMS {
        rest.skip(&[' ', '\t', ',']);
        let scheme = rest.token();
        if scheme.is_empty() {
            break;
        }
        challenges.push(Challenge {
            scheme: scheme.to_ascii_lowercase(),
            params: params(&mut rest),
        });
    }
    challenges
}

fn params(rest: &mut Rest<'_>) -> Vec<(String, String)> {
    let mut params = Vec::new();
    while params.len() < MAX_ITEMS {
        rest.skip(&[' ', '\t', ',']);
        let mut ahead = Rest(rest.0);
        let name = ahead.token();
        ahead.skip(&[' ', '\t']);
        // A word without a value is the next challenge's scheme.
        if name.is_empty() || !ahead.take('=') {
            break;
        }
        ahead.skip(&[' ', '\t']);
        let value = if ahead.take('"') {
            ahead.quoted()
        } else {
            let value = ahead.token().to_owned();
            // What is left of a token68, as `Negotiate YII=` has.
            ahead.skip(&['=', '/', '+']);
            value
        };
        params.push((name.to_ascii_lowercase(), value));
        *rest = ahead;
    }
    params
}

/// What is not read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn skip(&mut self, what: &[char]) {
        self.0 = self.0.trim_start_matches(what);
    }

    fn take(&mut self, what: char) -> bool {
        match self.0.strip_prefix(what) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn token(&mut self) -> &'a str {
        let word = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:/".contains(c);
        let end = self.0.find(|c| !word(c)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        token
    }

    /// The text up to the closing quote; one that is missing is forgiven.
    fn quoted(&mut self) -> String {
        let mut out = String::new();
        let mut chars = self.0.char_indices();
        while let Some((i, c)) = chars.next() {
            match c {
                '"' => {
                    self.0 = &self.0[i + 1..];
                    return out;
                }
                '\\' => out.extend(chars.next().map(|(_, c)| c)),
                c => out.push(c),
            }
        }
        self.0 = "";
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearer_and_basic() {
        let found = parse(
            r#"Bearer realm="https://a.example/t?x=1,2",service="s \"q\"",scope="repository:a:pull,push", Basic realm="r""#,
        );
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].scheme, "bearer");
        assert_eq!(found[0].param("realm"), Some("https://a.example/t?x=1,2"));
        assert_eq!(found[0].param("service"), Some("s \"q\""));
        assert_eq!(found[0].param("scope"), Some("repository:a:pull,push"));
        assert_eq!(found[1].scheme, "basic");
        assert_eq!(found[1].param("realm"), Some("r"));
    }

    #[test]
    fn odd_forms() {
        let schemes =
            |text: &str| -> Vec<String> { parse(text).into_iter().map(|c| c.scheme).collect() };
        assert_eq!(schemes("Negotiate"), ["negotiate"]);
        assert_eq!(schemes("Negotiate, BASIC Realm=x"), ["negotiate", "basic"]);
        assert_eq!(
            schemes("Negotiate YII==, Bearer realm=x"),
            ["negotiate", "bearer"]
        );
        assert_eq!(schemes(""), [""; 0]);
        assert_eq!(schemes(",,\"\""), [""; 0]);
        let open = parse("Bearer realm=\"https://a");
        assert_eq!(open[0].param("realm"), Some("https://a"));
        assert_eq!(
            parse("Bearer a = b").first().and_then(|c| c.param("a")),
            Some("b")
        );
        assert!(parse(&"a ".repeat(100_000)).len() <= MAX_ITEMS);
        parse(&"a=b,".repeat(100_000));
        parse(&"ü".repeat(10_000));
        parse("Bearer realm=\"\\");
    }
}

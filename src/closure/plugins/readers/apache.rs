//! Apache's `httpd.conf`: what the server includes, loads, shows and writes.

use std::collections::BTreeMap;

use super::Reading;
use super::inclusion::{At, Inclusion};
use super::logical_line::logical_line;
use crate::closure::files::{join, split};
use crate::closure::{Found, Need, NeedKind};

/// Where builds of distributions look for paths that start nowhere.
const ROOTS: [&[u8]; 5] = [
    b"/etc/apache2",
    b"/etc/httpd",
    b"/var/www",
    b"/usr/lib/apache2",
    b"/usr/local/apache2",
];

/// Directories with `ServerRoot` in all files together.
const MOST_ROOTS: usize = 16;

pub(super) fn read(reading: &Reading<'_>, settings: &[Found], needs: &mut Vec<Need>) {
    let mut server = Server::new(reading);
    let mut inclusion = Inclusion::new(reading, settings, needs);
    while let Some(settings) = inclusion.read_next() {
        if settings.path.ends_with(b"/envvars") {
            server.variables_of(&settings.text);
            continue;
        }
        let mut line: u32 = 1;
        let mut rest = settings.text.as_str();
        while !rest.is_empty() {
            let (text, lines, left) = logical_line(rest, None);
            rest = left;
            let words = words(&text);
            if let Some((directive, values)) = words.split_first() {
                let values: Vec<String> = values.iter().map(|v| server.expanded(v)).collect();
                let at = At {
                    settings: &settings,
                    line,
                    directive,
                };
                server.apply(&mut inclusion, at, &values);
            }
            line = line.saturating_add(lines);
        }
    }
}

/// What the settings have said so far.
struct Server {
    roots: Vec<Vec<u8>>,
    variables: BTreeMap<String, String>,
}

impl Server {
    fn new(reading: &Reading<'_>) -> Self {
        let mut variables = BTreeMap::new();
        for (name, value) in &reading.environment.variables {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            variables.insert(text(name), text(value));
        }
        let mut roots: Vec<Vec<u8>> = ROOTS.map(<[u8]>::to_vec).to_vec();
        // A build of one's own has everything above the program.
        if split(reading.directory).0 != b"/usr" {
            roots.insert(0, split(reading.directory).0.to_vec());
        }
        roots.retain(|root| root.len() > 1 && reading.files.resolve(root).is_some());
        Server { roots, variables }
    }

    /// `export NAME=value`; those of the image's own configuration win.
    fn variables_of(&mut self, text: &str) {
        for line in text.lines() {
            let line = line.trim().trim_start_matches("export ").trim_start();
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            let value = value
                .trim()
                .trim_matches(['"', '\''])
                .replace("$SUFFIX", "");
            if plain && !value.contains(['$', '`']) {
                self.variables.entry(name.to_owned()).or_insert(value);
            }
        }
    }

    /// A value with its `${NAME}`.
    fn expanded(&self, value: &str) -> String {
        const LONGEST: usize = 4096;
        let mut text = String::new();
        let mut rest = value;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, left)) = after.split_once('}') else {
                break;
            };
            text.push_str(before);
            if text.len() > LONGEST {
                return String::new();
            }
            match self.variables.get(name) {
                Some(known) => text.push_str(known),
                None => text.extend(["${", name, "}"]),
            }
            rest = left;
        }
        text.push_str(rest);
        text
    }

    fn apply(&mut self, inclusion: &mut Inclusion<'_, '_>, at: At<'_>, values: &[String]) {
        let directive = at.directive.to_ascii_lowercase();
        let first = values.first().map(String::as_str).unwrap_or_default();
        let second = values.get(1).map(String::as_str).unwrap_or_default();
        match directive.as_str() {
            "serverroot" => {
                let root = first.as_bytes().to_vec();
                if first.starts_with('/') && first.len() > 1 && self.roots.len() < MOST_ROOTS {
                    self.roots.insert(0, root);
                }
            }
            "define" => {
                let defined = second.to_owned();
                self.variables.insert(first.to_owned(), defined);
            }
            "include" | "includeoptional" => self.each_path(first, &mut |path| {
                inclusion.include(at, &String::from_utf8_lossy(path))
            }),
            "loadmodule" => self.plain(inclusion, at, NeedKind::Loads, second),
            "loadfile" => {
                for value in values {
                    self.plain(inclusion, at, NeedKind::Loads, value);
                }
            }
            "documentroot" | "cacheroot" | "coredumpdirectory" => {
                self.whole(inclusion, at, first);
            }
            "alias" | "scriptalias" | "aliasmatch" | "scriptaliasmatch" | "wsgiscriptalias" => {
                // Inside `<Location>` the path is the only value.
                let value = if second.is_empty() { first } else { second };
                self.whole(inclusion, at, value);
            }
            "errorlog" | "customlog" | "transferlog" | "pidfile" | "lockfile" | "scriptsock"
            | "scoreboardfile" | "davlockdb" => {
                let written = first.contains('/') && !first.starts_with('|');
                let value = if written { first } else { "" };
                self.each_path(value, &mut |path| {
                    inclusion.parent(at, path);
                    true
                });
            }
            _ if names_files(&directive) => {
                for value in values {
                    // As in `RewriteMap name txt:/path` and `Mutex file:/path default`.
                    let value = value.rsplit(':').next().unwrap_or_default();
                    self.plain(inclusion, at, NeedKind::Plugin, value);
                }
            }
            _ => {}
        }
    }

    fn plain(&self, inclusion: &mut Inclusion<'_, '_>, at: At<'_>, kind: NeedKind, value: &str) {
        self.each_path(value, &mut |path| inclusion.path(kind, at, path));
    }

    /// A directory with all in it, as far as its name holds no part of the request.
    fn whole(&self, inclusion: &mut Inclusion<'_, '_>, at: At<'_>, value: &str) {
        let value = match value.find(['$', '%']) {
            Some(end) => {
                let before = value.get(..end).unwrap_or_default();
                before
                    .rsplit_once('/')
                    .map_or("", |(directory, _)| directory)
            }
            None => value,
        };
        self.each_path(value, &mut |path| inclusion.whole(at, path));
    }

    /// The absolute paths that a value may mean, until one is there.
    fn each_path(&self, value: &str, there: &mut dyn FnMut(&[u8]) -> bool) {
        if value.starts_with('/') {
            there(value.as_bytes());
        } else if !value.is_empty() {
            let mut roots = self.roots.iter();
            roots.find(|root| there(&join(root, value.as_bytes())));
        }
    }
}

/// Whether the values of a directive may be files.
fn names_files(directive: &str) -> bool {
    let starts = ["ssl", "auth", "wsgipython", "proxy", "passenger", "mutex"];
    let ends = ["file", "path", "home", "mutex"];
    let combined = starts.iter().any(|start| directive.starts_with(start))
        && ends.iter().any(|end| directive.ends_with(end));
    combined
        || matches!(
            directive,
            "typesconfig"
                | "mimemagicfile"
                | "phpinidir"
                | "rewritemap"
                | "secrulesinclude"
                | "wsgiimportscript"
                | "mdcertificatefile"
                | "mdcertificatekeyfile"
                | "luaroot"
                | "luahooktranslatename"
                | "perlrequire"
                | "geoipdbfile"
                | "modsecurityfile"
        )
}

/// The words of a line without quotes; none of a comment. `<IfModule x>` gives
/// words that no directive is.
fn words(line: &str) -> Vec<String> {
    let line = line.trim();
    let mut words = Vec::new();
    let mut chars = line.chars().peekable();
    if line.starts_with('#') {
        return words;
    }
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.peek().is_none() {
            return words;
        }
        let quote = chars.next_if(|c| matches!(c, '"' | '\''));
        let mut word = String::new();
        while let Some(next) = chars.next() {
            match quote {
                Some(quote) if next == quote => break,
                Some(quote) if next == '\\' && chars.peek() == Some(&quote) => {
                    word.extend(chars.next());
                }
                None if next.is_whitespace() => break,
                _ => word.push(next),
            }
        }
        words.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Plugins;
    use crate::closure::Files;
    use crate::closure::memory::Memory;
    use crate::closure::script::Environment;

    #[test]
    fn words_are_quoted_and_comments_are_none() {
        assert_eq!(
            super::words("  A \"b c\" 'd\\'e' f"),
            ["A", "b c", "d'e", "f"]
        );
        assert!(super::words(" # LoadModule x").is_empty());
        assert!(super::words("").is_empty());
        assert_eq!(super::words("'"), [""]);
    }

    #[test]
    fn what_the_settings_name_is_kept() {
        let mut files = Memory::new();
        let apache = files.file("/usr/sbin/apache2", Vec::new());
        files.file(
            "/etc/apache2/envvars",
            b"export APACHE_LOG_DIR=/var/log/apache2$SUFFIX\n".to_vec(),
        );
        files.file(
            "/etc/apache2/apache2.conf",
            b"# Include no\nIncludeOptional mods-enabled/*.load\nErrorLog ${APACHE_LOG_DIR}/error.log\nInclude \\\n sites\n"
                .to_vec(),
        );
        files.file(
            "/etc/apache2/mods-available/mime.load",
            b"LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so\n".to_vec(),
        );
        files.link(
            "/etc/apache2/mods-enabled/mime.load",
            "../mods-available/mime.load",
        );
        files.file(
            "/etc/apache2/sites/a",
            b"<VirtualHost *:80>\nDocumentRoot \"/srv/a b\"\nSSLCertificateFile certs/a.pem\nAlias /x /srv/x\nLoadModule php modules/libphp.so\n</VirtualHost>\n"
                .to_vec(),
        );
        for path in [
            "/usr/lib/apache2/modules/mod_mime.so",
            "/usr/lib/apache2/modules/mod_other.so",
            "/usr/lib/apache2/modules/libphp.so",
            "/etc/apache2/mods-available/other.load",
            "/etc/apache2/certs/a.pem",
            "/srv/a b/index.html",
            "/srv/x/1",
            "/srv/y/1",
        ] {
            files.file(path, Vec::new());
        }
        files.directory("/var/log/apache2");
        let plugins = Plugins::builtin().unwrap();
        let needs = plugins.needs(&files, apache, &Environment::default());
        let paths: Vec<String> = needs
            .iter()
            .map(|need| String::from_utf8(files.path(need.found.node)).unwrap())
            .collect();
        for kept in [
            "/usr/lib/apache2/modules/mod_mime.so",
            "/usr/lib/apache2/modules/libphp.so",
            "/etc/apache2/mods-enabled/mime.load",
            "/etc/apache2/certs/a.pem",
            "/srv/a b/index.html",
            "/srv/x/1",
            "/var/log/apache2",
        ] {
            assert!(paths.iter().any(|path| path == kept), "{kept}");
        }
        for gone in [
            "/usr/lib/apache2/modules/mod_other.so",
            "/etc/apache2/mods-available/other.load",
            "/srv/y/1",
        ] {
            assert!(!paths.iter().any(|path| path == gone), "{gone}");
        }
    }
}

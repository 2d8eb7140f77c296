//! `nginx.conf`: what the server includes, loads, shows and writes.

use super::Reading;
use super::inclusion::{At, Inclusion};
use crate::closure::files::{join, split};
use crate::closure::{Found, Need, NeedKind};

/// Where builds of distributions look for paths that start nowhere.
const PREFIXES: [&[u8]; 6] = [
    b"/etc/nginx",
    b"/usr/share/nginx",
    b"/var/lib/nginx",
    b"/usr/lib/nginx",
    b"/usr/lib64/nginx",
    b"/usr/local/nginx",
];

/// Longer statements are none.
const MOST_WORDS: usize = 256;

pub(super) fn read(reading: &Reading<'_>, settings: &[Found], needs: &mut Vec<Need>) {
    let prefixes = prefixes(reading, settings);
    let mut inclusion = Inclusion::new(reading, settings, needs);
    while let Some(settings) = inclusion.read_next() {
        let mut words = Words::new(&settings.text);
        while let Some((line, statement)) = words.statement() {
            let Some((directive, values)) = statement.split_first() else {
                continue;
            };
            let at = At {
                settings: &settings,
                line,
                directive,
            };
            apply(&mut inclusion, at, values, &prefixes);
        }
    }
}

/// Where relative paths may start: beside the main file, above the program,
/// and where distributions want them.
fn prefixes(reading: &Reading<'_>, settings: &[Found]) -> Vec<Vec<u8>> {
    let files = reading.files;
    let mut prefixes: Vec<Vec<u8>> = Vec::new();
    let main = settings.iter().map(|found| files.path(found.node));
    prefixes.extend(main.map(|path| split(&path).0.to_vec()));
    // A build of one's own has everything in one directory.
    let (above, name) = split(reading.directory);
    if name == b"sbin" && split(above).1 == b"nginx" {
        prefixes.push(above.to_vec());
    }
    prefixes.extend(PREFIXES.map(<[u8]>::to_vec));
    let mut unique: Vec<Vec<u8>> = Vec::new();
    for prefix in prefixes {
        if !unique.contains(&prefix) && files.resolve(&prefix).is_some() {
            unique.push(prefix);
        }
    }
    unique
}

fn apply(inclusion: &mut Inclusion<'_, '_>, at: At<'_>, values: &[String], prefixes: &[Vec<u8>]) {
    let directive = at.directive;
    let first = values.first().map(String::as_str).unwrap_or_default();
    let mut plain = |kind, value: &str| {
        let value = value.strip_prefix("data:").map_or(value, |_| "");
        each_path(value, prefixes, &mut |path| {
            inclusion.path(kind, at, path);
        });
    };
    match directive {
        "load_module" => plain(NeedKind::Loads, first),
        "js_import" | "js_include" | "perl_require" => {
            values
                .iter()
                .for_each(|value| plain(NeedKind::Loads, value));
        }
        "include" => each_path(first, prefixes, &mut |path| {
            inclusion.include(at, &String::from_utf8_lossy(path));
        }),
        "root" | "alias" | "perl_modules" | "js_path" | "image_filter_cache" => {
            let (value, _) = known(first);
            each_path(value, prefixes, &mut |path| {
                inclusion.whole(at, path);
            });
        }
        "access_log" | "error_log" | "pid" | "lock_file" => {
            let (value, _) = known(first);
            let named = value.contains('/') && !value.contains(':');
            let value = value.trim_end_matches('/');
            each_path(if named { value } else { "" }, prefixes, &mut |path| {
                inclusion.parent(at, path);
            });
        }
        _ if directive.ends_with("_temp_path") || directive.ends_with("_cache_path") => {
            plain(NeedKind::Plugin, first);
        }
        _ if names_files(directive) => {
            // Some have options in front, such as `geoip2`, or a file behind a colon.
            for value in values {
                plain(NeedKind::Plugin, known(value).0);
            }
        }
        _ => {}
    }
}

/// Whether the values of a directive may be files.
fn names_files(directive: &str) -> bool {
    let starts = [
        "geoip",
        "xslt_",
        "xml_entities",
        "auth_basic_user_file",
        "modsecurity",
    ];
    let ends = [
        "_certificate",
        "_certificate_key",
        "_dhparam",
        "_crl",
        "_password_file",
        "_ticket_key",
        "_stapling_file",
        "_key_file",
        "_jwt_key_file",
        "_rules_file",
        "_by_lua_file",
        "_cert_path",
    ];
    starts.iter().any(|start| directive.starts_with(start))
        || ends.iter().any(|end| directive.ends_with(end))
}

/// What is known of a value: up to the directory before the first variable.
fn known(value: &str) -> (&str, bool) {
    let Some((before, _)) = value.split_once('$') else {
        return (value, true);
    };
    let end = before.rfind('/').unwrap_or(0);
    (before.get(..end).unwrap_or_default(), false)
}

/// The absolute paths that a value may mean.
fn each_path(value: &str, prefixes: &[Vec<u8>], each: &mut dyn FnMut(&[u8])) {
    if value.starts_with('/') {
        each(value.as_bytes());
    } else if !value.is_empty() {
        prefixes
            .iter()
            .for_each(|prefix| each(&join(prefix, value.as_bytes())));
    }
}

/// The statements of a file: words up to `;` or `{`.
struct Words<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    line: u32,
}

impl<'a> Words<'a> {
    fn new(text: &'a str) -> Self {
        Words {
            rest: text.chars().peekable(),
            line: 1,
        }
    }

    fn take(&mut self) -> Option<char> {
        let taken = self.rest.next()?;
        if taken == '\n' {
            self.line = self.line.saturating_add(1);
        }
        Some(taken)
    }

    fn statement(&mut self) -> Option<(u32, Vec<String>)> {
        let mut words: Vec<String> = Vec::new();
        let mut line = self.line;
        while let Some(&next) = self.rest.peek() {
            match next {
                '#' => while self.take().is_some_and(|skipped| skipped != '\n') {},
                ';' | '{' | '}' => {
                    self.take();
                    let lua = words.iter().any(|word| word.ends_with("_by_lua_block"));
                    if next == '{' && lua {
                        self.skip_block();
                    }
                    if !words.is_empty() {
                        return Some((line, words));
                    }
                }
                _ if next.is_whitespace() => {
                    self.take();
                }
                _ => {
                    if words.is_empty() {
                        line = self.line;
                    }
                    let word = self.word();
                    if words.len() < MOST_WORDS {
                        words.push(word);
                    }
                }
            }
        }
        (!words.is_empty()).then_some((line, words))
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        let quote = self.rest.next_if(|next| matches!(next, '"' | '\''));
        while let Some(&next) = self.rest.peek() {
            match quote {
                Some(quote) if next == quote => {
                    self.take();
                    return word;
                }
                None if next == ';' || next.is_whitespace() => return word,
                // The brace of `${name}` is a part of the word.
                None if next == '{' && !word.ends_with('$') => return word,
                _ => {}
            }
            self.take();
            match next {
                '\\' => word.extend(self.take()),
                _ => word.push(next),
            }
        }
        word
    }

    /// Skips a block in another language up to its closing brace.
    fn skip_block(&mut self) {
        let mut open: u32 = 1;
        while let Some(next) = self.take() {
            match next {
                '{' => open = open.saturating_add(1),
                '}' => open = open.saturating_sub(1),
                _ => {}
            }
            if open == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Plugins;
    use super::Words;
    use crate::closure::Files;
    use crate::closure::memory::Memory;
    use crate::closure::script::Environment;

    fn statements(text: &str) -> Vec<(u32, String)> {
        let mut words = Words::new(text);
        std::iter::from_fn(|| words.statement())
            .map(|(line, words)| (line, words.join("|")))
            .collect()
    }

    #[test]
    fn statements_end_at_semicolons_and_braces() {
        let text = "# user x;\nuser 'a b' \"c\\\"d\";\nhttp{ root /a/${host}/b; }\n}\nlog_format m '$x {';";
        let found = statements(text);
        let expected = [
            (2, "user|a b|c\"d"),
            (3, "http"),
            (3, "root|/a/${host}/b"),
            (5, "log_format|m|$x {"),
        ];
        assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn lua_is_not_read_and_nothing_unfinished_is_lost() {
        let text = "content_by_lua_block { -- don't\n if x then { } end }\nroot /srv";
        let found = statements(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], (3, "root|/srv".to_owned()));
        assert!(statements("'").len() == 1 && statements("\\").len() == 1);
    }

    #[test]
    fn what_the_settings_name_is_kept() {
        let mut files = Memory::new();
        let nginx = files.file("/usr/sbin/nginx", Vec::new());
        files.file(
            "/etc/nginx/nginx.conf",
            b"load_module modules/ngx_a.so;\nhttp {\n include sites-enabled/*;\n access_log /var/log/web/a.log main;\n include nginx.conf;\n proxy_temp_path /var/tmp/proxy 1 2;\n}\n"
                .to_vec(),
        );
        files.file("/usr/share/nginx/modules/ngx_a.so", Vec::new());
        files.file("/usr/share/nginx/modules/ngx_b.so", Vec::new());
        files.file(
            "/etc/nginx/sites-available/site",
            b"server { root /srv/www/$host; ssl_certificate certs/a.pem; location /srv/other { alias /srv/x/; } }"
                .to_vec(),
        );
        files.link("/etc/nginx/sites-enabled/site", "../sites-available/site");
        for path in [
            "/srv/www/a/index.html",
            "/srv/x/1",
            "/srv/other/2",
            "/etc/nginx/certs/a.pem",
            "/etc/nginx/certs/b.pem",
            "/etc/nginx/sites-available/unused",
        ] {
            files.file(path, Vec::new());
        }
        files.directory("/var/log/web");
        files.directory("/var/tmp/proxy");
        let plugins = Plugins::builtin().unwrap();
        let needs = plugins.needs(&files, nginx, &Environment::default());
        let paths: Vec<String> = needs
            .iter()
            .map(|need| String::from_utf8(files.path(need.found.node)).unwrap())
            .collect();
        for kept in [
            "/usr/share/nginx/modules/ngx_a.so",
            "/etc/nginx/sites-enabled/site",
            "/srv/www/a/index.html",
            "/srv/x/1",
            "/etc/nginx/certs/a.pem",
            "/var/log/web",
            "/var/tmp/proxy",
        ] {
            assert!(paths.iter().any(|path| path == kept), "{kept}");
        }
        for gone in [
            "/usr/share/nginx/modules/ngx_b.so",
            "/srv/other/2",
            "/etc/nginx/certs/b.pem",
            "/etc/nginx/sites-available/unused",
        ] {
            assert!(!paths.iter().any(|path| path == gone), "{gone}");
        }
    }

    #[test]
    fn files_that_include_everything_are_read_once() {
        let mut files = Memory::new();
        let nginx = files.file("/usr/sbin/nginx", Vec::new());
        let all = b"include /etc/nginx/conf.d/*; include /**; root /;".to_vec();
        files.file("/etc/nginx/nginx.conf", all.clone());
        for number in 0..50 {
            files.file(&format!("/etc/nginx/conf.d/{number}"), all.clone());
        }
        let plugins = Plugins::builtin().unwrap();
        let needs = plugins.needs(&files, nginx, &Environment::default());
        assert!(needs.len() < 1000, "{}", needs.len());
    }
}

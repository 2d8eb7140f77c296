//! What PHP sources include and PHP's settings load.

use super::environment::Environment;
use super::source::{MAX_SOURCE, Needs, behind, directories, quoted};
use crate::closure::files::{Files, join, read_all, split};
use crate::closure::{Need, NeedKind};

/// Directories with settings: Debian's, Alpine's and those of the official images.
const SETTINGS: &[&str] = &[
    "/usr/local/etc/php",
    "/usr/local/etc/php/conf.d",
    "/usr/local/lib",
    "/etc",
    "/etc/php.d",
    "/etc/php",
    "/etc/php/conf.d",
    "/etc/php/*/*",
    "/etc/php/*/*/conf.d",
    "/etc/*/conf.d",
];

/// Directories with compiled extensions.
const EXTENSIONS: &[&str] = &[
    "/usr/local/lib/php/extensions/*",
    "/usr/lib/php/*",
    "/usr/lib/*/modules",
    "/usr/lib64/php/modules",
];

/// Larger settings are not read.
const MAX_SETTINGS: u64 = 1 << 20;

/// The files that a PHP source at `path` includes by literals.
pub fn php(files: &dyn Files, text: &[u8], path: &[u8], env: &Environment) -> Vec<Need> {
    let text = text.get(..MAX_SOURCE).unwrap_or(text);
    let text = String::from_utf8_lossy(text);
    let own = split(path).0;
    let mut needs = Needs::default();
    let mut comment = false;
    for (line, number) in text.lines().zip(1u32..) {
        let start = line.trim_start();
        comment |= start.starts_with("/*");
        let skipped = comment || start.starts_with("//") || start.starts_with('#');
        comment &= !line.contains("*/");
        if skipped {
            continue;
        }
        for keyword in ["require", "require_once", "include", "include_once"] {
            for rest in behind(line, keyword) {
                included(files, rest, number, own, env, &mut needs);
            }
        }
    }
    needs.list
}

fn included(
    files: &dyn Files,
    text: &str,
    line: u32,
    own: &[u8],
    env: &Environment,
    needs: &mut Needs,
) {
    let text = text.trim_start_matches(['(', ' ', '\t']);
    let mut dir = own;
    let mut rest = text;
    let mut joined = false;
    for (prefix, above) in [
        ("__DIR__", 0),
        ("dirname(__FILE__)", 0),
        ("dirname(__DIR__)", 1),
        ("dirname(__DIR__, 2)", 2),
        ("dirname(dirname(__FILE__))", 1),
    ] {
        if let Some(after) = text.strip_prefix(prefix) {
            for _ in 0..above {
                dir = split(dir).0;
            }
            rest = after.trim_start().trim_start_matches('.').trim_start();
            joined = true;
            break;
        }
    }
    let Some((path, _)) = quoted(rest) else {
        return;
    };
    if !needs.ask(rest, 2) {
        return;
    }
    let relative = path.trim_start_matches('/').as_bytes();
    if joined {
        return needs.file(files, NeedKind::Includes, path, line, &join(dir, relative));
    }
    let absolute = env.absolute(path.as_bytes());
    needs.file(files, NeedKind::Includes, path, line, &absolute);
    if !path.starts_with('/') {
        needs.file(files, NeedKind::Includes, path, line, &join(own, relative));
    }
}

/// PHP's settings in the usual places, those of `PHPRC` and `PHP_INI_SCAN_DIR`, and the
/// extensions that they load.
pub fn php_settings(files: &dyn Files, env: &Environment) -> Vec<Need> {
    let mut needs = Needs::default();
    let mut dirs = Vec::new();
    for name in ["PHPRC", "PHP_INI_SCAN_DIR"] {
        let list = env.variable(name).unwrap_or_default();
        let list = list.split(|b| *b == b':').filter(|dir| !dir.is_empty());
        dirs.extend(list.map(|dir| env.absolute(dir)));
    }
    for place in SETTINGS {
        dirs.extend(directories(files, place));
    }
    let mut texts = Vec::new();
    for dir in dirs {
        let Some(found) = files.resolve(&dir) else {
            continue;
        };
        let scanned = dir.ends_with(b".d");
        for (name, _) in files.children(found.node) {
            let main = name.starts_with(b"php") && (name.ends_with(b".ini"));
            let wanted = main || scanned && name.ends_with(b".ini");
            let path = join(&dir, &name);
            let Some(found) = files.resolve(&path).filter(|_| wanted) else {
                continue;
            };
            if let Some(text) = read_all(files, found.node, MAX_SETTINGS) {
                texts.push(String::from_utf8_lossy(&text).into_owned());
                let name = String::from_utf8_lossy(&path).into_owned();
                needs.add(NeedKind::Includes, &name, 1, found);
            }
        }
    }
    let mut dirs: Vec<Vec<u8>> = Vec::new();
    for place in EXTENSIONS {
        dirs.extend(directories(files, place));
    }
    let of = |key: &'static str| settings(&texts, key);
    dirs.extend(of("extension_dir").map(|(dir, _)| env.absolute(dir.as_bytes())));
    for (name, line) in of("extension").chain(of("zend_extension")) {
        if !needs.ask(name, dirs.len()) {
            continue;
        }
        for dir in &dirs {
            for ending in ["", ".so"] {
                let path = join(dir, format!("{name}{ending}").as_bytes());
                needs.file(files, NeedKind::Loads, name, line, &path);
            }
        }
        needs.file(
            files,
            NeedKind::Loads,
            name,
            line,
            &env.absolute(name.as_bytes()),
        );
    }
    needs.list
}

/// The values of a setting with their lines.
fn settings<'a>(texts: &'a [String], key: &'static str) -> impl Iterator<Item = (&'a str, u32)> {
    texts.iter().flat_map(move |text| {
        text.lines().zip(1u32..).filter_map(move |(line, number)| {
            let (name, value) = line.split_once('=')?;
            let value = value.split(';').next()?.trim().trim_matches(['"', '\'']);
            (name.trim() == key && !value.is_empty()).then_some((value, number))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closure::memory::Memory;

    fn paths(files: &Memory, needs: &[Need]) -> Vec<String> {
        let path = |need: &Need| String::from_utf8(files.path(need.found.node)).unwrap();
        let mut paths: Vec<String> = needs.iter().map(path).collect();
        paths.sort();
        paths
    }

    #[test]
    fn literal_includes_are_found_from_the_source_and_the_working_directory() {
        let table: [(&str, &[&str]); 8] = [
            (
                "<?php require __DIR__ . '/lib/a.php';",
                &["/srv/app/lib/a.php"],
            ),
            ("require_once(__DIR__.'/../b.php');", &["/srv/b.php"]),
            (
                "include_once dirname(__DIR__) . \"/b.php\";",
                &["/srv/b.php"],
            ),
            ("include 'lib/a.php';", &["/srv/app/lib/a.php"]),
            ("include 'here.php';", &["/work/here.php"]),
            ("require '/srv/b.php';", &["/srv/b.php"]),
            ("// require '/srv/b.php';", &[]),
            ("/* x\nrequire '/srv/b.php';\n*/", &[]),
        ];
        let mut files = Memory::new();
        for path in ["/srv/app/lib/a.php", "/srv/b.php", "/work/here.php"] {
            files.file(path, Vec::new());
        }
        let env = Environment::new([], b"/work");
        for (text, expected) in table {
            let needs = php(&files, text.as_bytes(), b"/srv/app/x.php", &env);
            assert_eq!(paths(&files, &needs), expected, "{text}");
        }
    }

    #[test]
    fn extensions_are_loaded_by_settings() {
        let mut files = Memory::new();
        let dir = "/usr/local/lib/php/extensions/no-debug-non-zts-20220829";
        for name in ["intl.so", "opcache.so", "unused.so"] {
            files.file(&format!("{dir}/{name}"), Vec::new());
        }
        let text = "; extension=unused\nextension=intl\nzend_extension = \"opcache.so\" ; x\n";
        files.file("/usr/local/etc/php/conf.d/x.ini", text.into());
        let needs = php_settings(&files, &Environment::new([], b"/"));
        let expected = [
            "/usr/local/etc/php/conf.d/x.ini".to_owned(),
            format!("{dir}/intl.so"),
            format!("{dir}/opcache.so"),
        ];
        assert_eq!(paths(&files, &needs), expected);
    }
}

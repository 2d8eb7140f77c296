//! `/etc/pam.d`: which modules decide who may log in.

use super::Reading;
use super::inclusion::{At, Inclusion};
use super::logical_line::logical_line;
use crate::closure::files::join;
use crate::closure::{Found, Need, NeedKind};

/// Where files name each other from.
const SERVICES: [&str; 4] = [
    "/etc/pam.d",
    "/usr/lib/pam.d",
    "/usr/share/pam.d",
    "/lib/pam.d",
];

/// Where modules are, apart from beside the library.
const MODULES: [&str; 4] = [
    "/usr/lib64/security",
    "/usr/lib/security",
    "/lib64/security",
    "/lib/security",
];

pub(super) fn read(reading: &Reading<'_>, settings: &[Found], needs: &mut Vec<Need>) {
    let own = join(reading.directory, b"security");
    // Where `/usr/lib` and `/lib` are two, both have modules.
    let mut directories = vec![[b"/usr", own.as_slice()].concat(), own];
    directories.extend(MODULES.map(|directory| directory.as_bytes().to_vec()));
    let mut inclusion = Inclusion::new(reading, settings, needs);
    while let Some(settings) = inclusion.read_next() {
        let mut rest = settings.text.as_str();
        let mut line: u32 = 1;
        while !rest.is_empty() {
            let (text, lines, left) = logical_line(rest, Some('#'));
            rest = left;
            let words = words(&text);
            let at = |directive| At {
                settings: &settings,
                line,
                directive,
            };
            if let Some(name) = included(&words) {
                for directory in SERVICES {
                    let path = join(directory.as_bytes(), name.as_bytes());
                    let path = match name.starts_with('/') {
                        true => name.to_owned(),
                        false => String::from_utf8_lossy(&path).into_owned(),
                    };
                    inclusion.include(at("include"), &path);
                }
            }
            if let Some(module) = module(&words) {
                add_module(&mut inclusion, at(module), module, &directories);
            }
            line = line.saturating_add(lines);
        }
    }
}

fn add_module(
    inclusion: &mut Inclusion<'_, '_>,
    at: At<'_>,
    module: &str,
    directories: &[Vec<u8>],
) {
    if module.starts_with('/') && inclusion.path(NeedKind::Loads, at, module.as_bytes()) {
        return;
    }
    // `/lib/security/$ISA/pam_unix.so` is a way to say any of them.
    let name = match module.contains('$') {
        true => module.rsplit('/').next().unwrap_or(module),
        false => module,
    };
    for directory in directories {
        let path = join(directory, name.as_bytes());
        inclusion.path(NeedKind::Loads, at, &path);
    }
}

/// Words, where `[success=1 default=ignore]` is one.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let end = match rest.starts_with('[') {
            true => rest.find(']').map(|at| at.saturating_add(1)),
            false => rest.find(char::is_whitespace),
        };
        let (word, left) = rest
            .split_at_checked(end.unwrap_or(rest.len()))
            .unwrap_or((rest, ""));
        words.push(word);
        rest = left.trim_start();
    }
    words
}

/// The file that a line includes.
fn included<'a>(words: &[&'a str]) -> Option<&'a str> {
    let mut pairs = words.iter().zip(words.iter().skip(1));
    let (_, name) =
        pairs.find(|(word, _)| matches!(**word, "@include" | "include" | "substack"))?;
    Some(name)
}

/// The module of a line: the first word that looks like one, behind the kind
/// of the rule and what its answer means.
fn module<'a>(words: &[&'a str]) -> Option<&'a str> {
    let mut words = words.iter().skip(1);
    words.find(|word| word.ends_with(".so")).copied()
}

#[cfg(test)]
mod tests {
    use super::super::super::Plugins;
    use crate::closure::Files;
    use crate::closure::memory::Memory;
    use crate::closure::script::Environment;

    #[test]
    fn modules_of_the_services_are_loaded_and_no_others() {
        let mut files = Memory::new();
        let library = files.file("/usr/lib/x86_64-linux-gnu/libpam.so.0.85.1", Vec::new());
        for module in ["unix", "deny", "env", "wheel", "ldap", "exec"] {
            let path = format!("/usr/lib/x86_64-linux-gnu/security/pam_{module}.so");
            files.file(&path, Vec::new());
        }
        files.file(
            "/etc/pam.d/su",
            b"auth required pam_env.so readenv=1 # pam_wheel.so\n@include common-auth\n-auth \\\n optional pam_missing.so\n"
                .to_vec(),
        );
        files.file(
            "/usr/lib/pam.d/common-auth",
            b"auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite /lib/security/$ISA/pam_deny.so\nauth substack common-auth\n"
                .to_vec(),
        );
        let plugins = Plugins::builtin().unwrap();
        let needs = plugins.needs(&files, library, &Environment::default());
        let mut found: Vec<String> = needs
            .iter()
            .map(|need| String::from_utf8(files.path(need.found.node)).unwrap())
            .filter(|path| path.contains("pam_"))
            .collect();
        found.sort();
        let modules = ["deny", "env", "unix"]
            .map(|name| format!("/usr/lib/x86_64-linux-gnu/security/pam_{name}.so"));
        assert_eq!(found, modules);
        let unix = needs.iter().find(|need| need.name.contains("pam_unix"));
        let unix = unix.unwrap();
        assert_eq!(
            (unix.name.as_str(), unix.line),
            ("pam (pam_unix.so in /usr/lib/pam.d/common-auth)", Some(1))
        );
    }
}

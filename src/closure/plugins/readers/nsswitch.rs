//! `/etc/nsswitch.conf`: which modules of glibc look up names.

use super::Reading;
use crate::closure::{Found, Need};

/// Directories that glibc loads its modules from.
const DIRECTORIES: [&str; 10] = [
    "/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/lib/i386-linux-gnu",
    "/lib/arm-linux-gnueabihf",
    "/lib/powerpc64le-linux-gnu",
    "/lib/s390x-linux-gnu",
    "/lib/riscv64-linux-gnu",
    "/lib64",
    "/lib",
    "/usr/lib",
];

/// What glibc does where there is no file or no line.
const USUAL: &str = "files dns";

pub(super) fn read(reading: &Reading<'_>, settings: &[Found], needs: &mut Vec<Need>) {
    let mut services: Vec<(String, Option<u32>)> = Vec::new();
    services.extend(USUAL.split(' ').map(|name| (name.to_owned(), None)));
    for found in settings {
        let text = reading.text(found).unwrap_or_default();
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((_, names)) = line.split_once(':') else {
                continue;
            };
            let number = u32::try_from(number.saturating_add(1)).ok();
            for name in names.split_whitespace() {
                // Actions such as [NOTFOUND=return].
                let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                if plain && !services.iter().any(|(known, _)| known == name) {
                    services.push((name.to_owned(), number));
                }
            }
        }
    }
    for (service, line) in services {
        for directory in DIRECTORIES {
            let path = format!("{directory}/libnss_{service}.so.2");
            reading.add(path.as_bytes(), line, needs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Plugins;
    use crate::closure::Files;
    use crate::closure::memory::Memory;
    use crate::closure::script::Environment;

    #[test]
    fn modules_of_the_services_are_loaded() {
        let mut files = Memory::new();
        let libc = files.file("/lib/x86_64-linux-gnu/libc.so.6", Vec::new());
        for module in ["files", "myhostname", "ldap"] {
            let path = format!("/lib/x86_64-linux-gnu/libnss_{module}.so.2");
            files.file(&path, Vec::new());
        }
        files.file(
            "/etc/nsswitch.conf",
            b"# names\nhosts: files myhostname [!UNAVAIL=return] dns # ldap\n".to_vec(),
        );
        let plugins = Plugins::builtin().unwrap();
        let needs = plugins.needs(&files, libc, &Environment::default());
        let mut names: Vec<(String, Option<u32>)> = needs
            .iter()
            .map(|need| {
                (
                    String::from_utf8(files.path(need.found.node)).unwrap(),
                    need.line,
                )
            })
            .filter(|(path, _)| path.contains("libnss"))
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                ("/lib/x86_64-linux-gnu/libnss_files.so.2".to_owned(), None),
                (
                    "/lib/x86_64-linux-gnu/libnss_myhostname.so.2".to_owned(),
                    Some(2)
                ),
            ]
        );
    }
}

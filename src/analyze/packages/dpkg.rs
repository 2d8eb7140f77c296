//! Debian's packages: `var/lib/dpkg/status` with a file list for each package,
//! or one stanza per file in `status.d`, as distroless images have them.

use std::borrow::Cow;
use std::io;

use hashbrown::HashMap;

use super::listing::{Listing, Owned};

const STATUS: &[u8] = b"var/lib/dpkg/status";
const STATUS_DIR: &[u8] = b"var/lib/dpkg/status.d/";
const INFO: &[u8] = b"var/lib/dpkg/info/";
const DIVERSIONS: &[u8] = b"var/lib/dpkg/diversions";

/// The status of all packages in a distribution has some 100 MiB.
const LARGEST: u64 = 256 << 20;
const LARGEST_LIST: u64 = 64 << 20;

pub(super) fn wanted(path: &[u8]) -> bool {
    let Some(rest) = path.strip_prefix(b"var/lib/dpkg/") else {
        return false;
    };
    match rest {
        b"status" | b"diversions" => true,
        _ => {
            rest.starts_with(b"status.d/") || rest.starts_with(b"info/") && rest.ends_with(b".list")
        }
    }
}

pub(super) fn list(listing: &mut Listing) -> io::Result<()> {
    listing.begin("dpkg");
    let diversions = Diversions::read(listing)?;
    if listing.has(STATUS)
        && let Some(text) = listing.read(STATUS, LARGEST)?
    {
        list_status(listing, &text, &diversions)?;
    }
    for path in listing.databases_in(STATUS_DIR) {
        if !path.ends_with(b".md5sums")
            && let Some(text) = listing.read(path, LARGEST)?
        {
            list_distroless(listing, path, &text)?;
        }
    }
    Ok(())
}

/// The fields of interest of one package.
#[derive(Default)]
struct Stanza<'t> {
    /// Where it begins, from 1.
    line: usize,
    name: Option<&'t [u8]>,
    version: &'t [u8],
    architecture: &'t [u8],
    multi_arch: &'t [u8],
    status: Option<&'t [u8]>,
}

impl Stanza<'_> {
    /// Whether the package's files are unpacked, if not yet configured. Those
    /// of a removed package are not, whatever it left in `/etc`.
    fn present(&self) -> bool {
        let state = self.status.and_then(|status| {
            let words = status.split(|b| b.is_ascii_whitespace());
            words.filter(|word| !word.is_empty()).nth(2)
        });
        matches!(
            state,
            Some(
                b"installed"
                    | b"half-configured"
                    | b"unpacked"
                    | b"triggers-awaited"
                    | b"triggers-pending"
            )
        )
    }

    /// The package's file list. Several architectures of a package can only be
    /// installed together if their lists have names of their own.
    fn file_list(&self, listing: &Listing, name: &[u8]) -> Option<Vec<u8>> {
        let plain = [INFO, name, b".list"].concat();
        let qualified = [INFO, name, b":", self.architecture, b".list"].concat();
        let mut order = [plain, qualified];
        if self.multi_arch == b"same" {
            order.reverse();
        }
        order.into_iter().find(|path| listing.has(path))
    }
}

/// Calls `each` for all stanzas and `bad` with the numbers of lines that are
/// no fields.
fn stanzas<'t>(text: &'t [u8], mut each: impl FnMut(Stanza<'t>), mut bad: impl FnMut(usize)) {
    let mut stanza = Stanza::default();
    for (i, line) in text.split(|&b| b == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            if stanza.line > 0 {
                each(std::mem::take(&mut stanza));
            }
            continue;
        }
        if stanza.line == 0 {
            stanza.line = i + 1;
        }
        if line[0] == b' ' || line[0] == b'\t' {
            continue;
        }
        let Some(colon) = line.iter().position(|&b| b == b':') else {
            bad(i + 1);
            continue;
        };
        let value = line[colon + 1..].trim_ascii();
        match line[..colon].to_ascii_lowercase().as_slice() {
            b"package" => stanza.name = Some(value),
            b"version" => stanza.version = value,
            b"architecture" => stanza.architecture = value,
            b"multi-arch" => stanza.multi_arch = value,
            b"status" => stanza.status = Some(value),
            _ => {}
        }
    }
    if stanza.line > 0 {
        each(stanza);
    }
}

fn parse<'t>(listing: &mut Listing, path: &[u8], text: &'t [u8]) -> Vec<(&'t [u8], Stanza<'t>)> {
    let mut found = Vec::new();
    let mut nameless = Vec::new();
    let mut bad = Vec::new();
    stanzas(
        text,
        |stanza| match stanza.name {
            Some(name) if !name.is_empty() => found.push((name, stanza)),
            _ => nameless.push(stanza.line),
        },
        |line| bad.push(line),
    );
    for line in nameless {
        listing.warn(path, format_args!("line {line}: a package without a name"));
    }
    for line in bad {
        listing.warn(path, format_args!("line {line}: not a field"));
    }
    found
}

fn list_status(listing: &mut Listing, text: &[u8], diversions: &Diversions) -> io::Result<()> {
    let mut without_list = 0;
    for (name, stanza) in parse(listing, STATUS, text) {
        if !stanza.present() {
            continue;
        }
        let mut owned = Owned::default();
        match stanza.file_list(listing, name) {
            Some(path) => {
                if let Some(files) = listing.read_list(&path, LARGEST_LIST)? {
                    for file in files.split(|&b| b == b'\n').filter(|f| !f.is_empty()) {
                        listing.own(&mut owned, b"", &diversions.place_of(file, name));
                    }
                }
            }
            None => without_list += 1,
        }
        listing.add(name, stanza.version, &owned);
    }
    if without_list > 0 {
        listing.warn(
            STATUS,
            format_args!("{without_list} packages have no file list: their sizes are not known"),
        );
    }
    Ok(())
}

/// A file of `status.d`; beside it may be `NAME.md5sums` with the files.
fn list_distroless(listing: &mut Listing, path: &[u8], text: &[u8]) -> io::Result<()> {
    let mut owned = Owned::default();
    let sums = [path, b".md5sums"].concat();
    let mut described = false;
    if listing.has(&sums)
        && let Some(files) = listing.read_list(&sums, LARGEST_LIST)?
    {
        described = true;
        for line in files.split(|&b| b == b'\n') {
            // The sum, two spaces (the second a star for binary files), the path.
            let Some(space) = line.iter().position(|&b| b == b' ') else {
                continue;
            };
            if let [_, b' ' | b'*', file @ ..] = &line[space..] {
                listing.own(&mut owned, b"", file);
            }
        }
    }
    for (name, stanza) in parse(listing, path, text) {
        listing.add(name, stanza.version, &owned);
        if !described {
            listing.warn(path, "no file list: the package's size is not known");
        }
        // The file list is of one package.
        owned = Owned::default();
    }
    Ok(())
}

/// Files that one package has moved out of the way of another's.
struct Diversions {
    /// From the path to the place of the moved file and the package that owns
    /// the path now.
    moved: HashMap<Vec<u8>, (Vec<u8>, Vec<u8>)>,
}

impl Diversions {
    fn read(listing: &mut Listing) -> io::Result<Self> {
        let mut moved = HashMap::new();
        if listing.has(DIVERSIONS)
            && let Some(text) = listing.read(DIVERSIONS, LARGEST_LIST)?
        {
            let mut lines = text.split(|&b| b == b'\n').filter(|line| !line.is_empty());
            while let Some(from) = lines.next() {
                let (Some(to), Some(package)) = (lines.next(), lines.next()) else {
                    listing.warn(DIVERSIONS, "ends within a diversion");
                    break;
                };
                moved.insert(from.to_vec(), (to.to_vec(), package.to_vec()));
            }
        }
        Ok(Diversions { moved })
    }

    /// Where the file that `package` calls `file` is.
    fn place_of<'p>(&'p self, file: &'p [u8], package: &[u8]) -> Cow<'p, [u8]> {
        match self.moved.get(file) {
            Some((to, owner)) if owner.as_slice() != package => to.into(),
            _ => file.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::MemoryTree;

    const STATUS: &str = "Package: libc6\nStatus: install ok installed\n\
        Architecture: amd64\nMulti-Arch: same\nVersion: 2.36-9\n\
        Description: library\n more: text\n\n\
        Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\
        Package: dash\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 0.5\n";

    #[test]
    fn installed_packages_are_listed() {
        let tree = MemoryTree::new()
            .file("var/lib/dpkg/status", STATUS)
            .file(
                "var/lib/dpkg/info/libc6:amd64.list",
                "/.\n/lib\n/lib/libc.so.6\n/usr/share/doc/libc6\n",
            )
            .file("var/lib/dpkg/info/gone.list", "/etc/gone.conf\n")
            .file("var/lib/dpkg/info/dash.list", "/.\n/bin/dash\n/bin/sh\n")
            .file(
                "var/lib/dpkg/diversions",
                "/bin/sh\n/bin/sh.distrib\nbash\n/bin/dash\n/bin/dash.real\ndash\n",
            )
            .file("usr/lib/libc.so.6", "123456")
            .dir_link("lib", "usr/lib")
            .file("etc/gone.conf", "1")
            .file("bin/dash", "12")
            .file("bin/sh", "of bash")
            .file("bin/sh.distrib", "1");
        let (packages, warnings) = tree.listed();
        assert_eq!(packages, ["dpkg libc6 2.36-9 6 1", "dpkg dash 0.5 3 2"]);
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn distroless_packages_are_listed() {
        let tree = MemoryTree::new()
            .file(
                "var/lib/dpkg/status.d/tzdata",
                "Package: tzdata\nVersion: 2024a\n",
            )
            .file(
                "var/lib/dpkg/status.d/tzdata.md5sums",
                "d41d8cd98f00b204e9800998ecf8427e  usr/share/zoneinfo/UTC\n\
                 d41d8cd98f00b204e9800998ecf8427e  ./usr/share/zone tab\nrubbish\n",
            )
            .file("var/lib/dpkg/status.d/base", "Package: base\nVersion: 1\n")
            .file("usr/share/zoneinfo/UTC", "1234")
            .file("usr/share/zone tab", "1");
        let (packages, warnings) = tree.listed();
        assert_eq!(packages, ["dpkg tzdata 2024a 5 2", "dpkg base 1 0 0"]);
        assert_eq!(
            warnings,
            ["/var/lib/dpkg/status.d/base: no file list: the package's size is not known"]
        );
    }

    #[test]
    fn broken_databases_are_named() {
        let status = "Package: a\nStatus: install ok installed\n\
                      what is this\n\nVersion: 3\n\n\0\u{1}\u{2}";
        let tree = MemoryTree::new()
            .file("var/lib/dpkg/status", status)
            .file("var/lib/dpkg/diversions", "/a\n/b\n");
        let (packages, warnings) = tree.listed();
        assert_eq!(packages, ["dpkg a  0 0"]);
        let want = [
            "/var/lib/dpkg/diversions: ends within a diversion",
            "/var/lib/dpkg/status: line 5: a package without a name",
            "/var/lib/dpkg/status: line 7: a package without a name",
            "/var/lib/dpkg/status: line 3: not a field",
            "/var/lib/dpkg/status: line 7: not a field",
            "/var/lib/dpkg/status: 1 packages have no file list: their sizes are not known",
        ];
        assert_eq!(warnings, want);
    }
}

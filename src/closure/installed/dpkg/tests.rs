use super::super::tests::{needs, package, paths, without};
use super::super::{DependencyKind, Installed, Manager};
use crate::closure::Files;
use crate::closure::memory::Memory;

const LIBC: &str = "Package: libc6\nEssential: yes\nStatus: install ok installed\n\
    Architecture: amd64\nMulti-Arch: same\nSource: glibc (2.36)\nVersion: 2.36-9\n\
    Description: library\n more: text\n .\n\n";
const REMOVED: &str =
    "Package: left\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\n\n";
const DASH: &str = "Package: dash\nStatus: install ok unpacked\nArchitecture: amd64\n\
    Version: 0.5\nPre-Depends: libc6 (>= 2.36)\nRecommends: doc:any | bash\n\n";
const BASH: &str = "Package: bash\nStatus: install ok installed\nArchitecture: amd64\n\
    Version: 5.2\nDepends: none, shell-data | dash,\n libc6:any\nProvides: shell, x (= 1)\n\n";
const BASH_DOC: &str = "Package: bash-doc\nStatus: install ok installed\nArchitecture: all\n\
    Version: 5.2\nDepends: shell\n";

fn image() -> Memory {
    let mut files = Memory::new();
    let mut put = |path: &str, text: &str| files.file(path, text.into());
    let status = [LIBC, REMOVED, DASH, BASH, BASH_DOC].concat();
    put("/var/lib/dpkg/status", &status);
    put("/var/lib/dpkg/arch", "amd64\n");
    let list = "/.\n/lib\n/lib/libc.so.6\n/usr/share/doc/libc6\n/usr/share/doc/libc6/copyright\n";
    put("/var/lib/dpkg/info/format", "1\n");
    put("/var/lib/dpkg/info/libc6:amd64.list", list);
    put("/var/lib/dpkg/info/libc6:amd64.postinst", "#!/bin/sh\n");
    put("/var/lib/dpkg/info/left.list", "/etc/left.conf\n");
    put(
        "/var/lib/dpkg/info/dash.list",
        "/.\n/bin\n/bin/dash\n/bin/sh\n",
    );
    put(
        "/var/lib/dpkg/info/bash.list",
        "/.\n/bin\n/bin/bash\n/bin/sh\n",
    );
    put("/var/lib/dpkg/info/bash.md5sums", "");
    put(
        "/var/lib/dpkg/info/bash-doc.list",
        "/usr/share/doc/bash-doc\n",
    );
    put("/var/lib/dpkg/info/bash.d.list", "");
    put(
        "/var/lib/dpkg/diversions",
        "/bin/sh\n/bin/sh.distrib\nbash\n",
    );
    put("/usr/lib/libc.so.6", "x");
    put("/usr/share/doc/libc6/copyright", "GPL");
    put("/bin/dash", "x");
    put("/bin/sh", "of bash");
    put("/bin/sh.distrib", "of dash");
    put("/bin/bash", "x");
    put("/etc/left.conf", "x");
    files.link("/lib", "usr/lib");
    files.link("/usr/share/doc/bash-doc", "libc6");
    files
}

#[test]
fn packages_own_what_is_there_and_where_it_was_moved_to() {
    let files = image();
    let installed = Installed::find(&files);
    assert_eq!(installed.problems, [] as [&str; 0]);
    assert_eq!(installed.packages.len(), 4);
    let libc = package(&installed, "libc6");
    assert!(libc.essential && libc.listed);
    assert_eq!(libc.source.as_deref(), Some("glibc"));
    let want = ["/usr/lib/libc.so.6", "/usr/share/doc/libc6/copyright"];
    assert_eq!(paths(&files, &libc.files), want);
    let want = ["/", "/lib", "/usr/share/doc/libc6"];
    assert_eq!(paths(&files, &libc.directories), want);
    let of = |name| paths(&files, &package(&installed, name).files);
    assert_eq!(of("dash"), ["/bin/dash", "/bin/sh.distrib"]);
    assert_eq!(of("bash"), ["/bin/bash", "/bin/sh"]);
    // A link without files below it is no directory.
    assert_eq!(of("bash-doc"), ["/usr/share/doc/bash-doc"]);
    let sh = files.locate(b"/bin/sh").unwrap();
    assert_eq!(installed.owners(sh), installed.named("bash"));
}

#[test]
fn records_are_told_apart_by_the_whole_name() {
    let files = image();
    let installed = Installed::find(&files);
    let of = |name| paths(&files, &package(&installed, name).records);
    let want = [
        "/var/lib/dpkg/info/bash.list",
        "/var/lib/dpkg/info/bash.md5sums",
    ];
    assert_eq!(of("bash"), want);
    assert_eq!(of("libc6").len(), 2);
    let kept = paths(&files, &installed.databases);
    let want = [
        "/var/lib/dpkg/arch",
        "/var/lib/dpkg/diversions",
        "/var/lib/dpkg/info/bash.d.list",
        "/var/lib/dpkg/info/format",
        "/var/lib/dpkg/info/left.list",
        "/var/lib/dpkg/status",
    ];
    assert_eq!(kept, want);
}

#[test]
fn licences_are_found_through_links() {
    let files = image();
    let installed = Installed::find(&files);
    let of = |name| paths(&files, &package(&installed, name).licences);
    assert_eq!(of("libc6"), ["/usr/share/doc/libc6/copyright"]);
    let want = ["/usr/share/doc/bash-doc", "/usr/share/doc/libc6/copyright"];
    assert_eq!(of("bash-doc"), want);
}

#[test]
fn needs_are_met_by_alternatives_and_virtual_packages() {
    let installed = Installed::find(&image());
    let need = |name: &str, by: &[&str]| {
        let by = by.iter().map(|by| (*by).to_owned()).collect();
        (name.to_owned(), by)
    };
    let want = [
        need("none", &[]),
        need("shell-data | dash", &["dash"]),
        need("libc6:any", &["libc6"]),
    ];
    assert_eq!(needs(&installed, "bash"), want);
    assert_eq!(needs(&installed, "bash-doc"), [need("shell", &["bash"])]);
    let dash = package(&installed, "dash");
    assert_eq!(dash.depends[0].kind, DependencyKind::Unpacks);
    assert_eq!(dash.recommends[0].satisfied_by, installed.named("bash"));
}

#[test]
fn each_architecture_needs_its_own() {
    let one = |name: &str, arch: &str, more: &str| {
        format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: {arch}\n\
             Multi-Arch: same\n{more}\n"
        )
    };
    let status = [
        one("liba", "amd64", ""),
        one("liba", "i386", ""),
        one("libb", "i386", "Depends: liba\n"),
    ];
    let mut files = Memory::new();
    files.file("/var/lib/dpkg/status", status.concat().into());
    files.file("/var/lib/dpkg/info/liba:amd64.list", b"/a\n".to_vec());
    files.file("/var/lib/dpkg/info/liba:i386.list", b"/b\n".to_vec());
    files.file("/var/lib/dpkg/info/libb:i386.list", b"/c\n".to_vec());
    let states = "Package: liba\nArchitecture: i386\nAuto-Installed: 1\n\n\
                  Package: liba\nArchitecture: amd64\nAuto-Installed: 1\n";
    files.file("/var/lib/apt/extended_states", states.into());
    let installed = Installed::find(&files);
    assert_eq!(package(&installed, "libb").depends[0].satisfied_by, [1]);
    let reduced = installed.reduce(&files, &|id| id == 0).unwrap();
    let removed = paths(&files, &reduced.removed);
    assert_eq!(removed, ["/var/lib/dpkg/info/liba:amd64.list"]);
    let texts: Vec<&[u8]> = reduced.replaced.iter().map(|(_, t)| t.as_slice()).collect();
    let states = states.split_inclusive("\n\n").next().unwrap();
    assert_eq!(texts, [status[1..].concat().as_bytes(), states.as_bytes()]);
}

#[test]
fn other_stanzas_keep_every_byte() {
    let files = image();
    let installed = Installed::find(&files);
    let (replaced, removed) = without(&files, &installed, &["bash"]);
    // The diversion stays: it says where the file of dash is.
    let status = [LIBC, REMOVED, DASH, BASH_DOC].concat();
    assert_eq!(replaced, [("/var/lib/dpkg/status".to_owned(), status)]);
    let want = [
        "/var/lib/dpkg/info/bash.list",
        "/var/lib/dpkg/info/bash.md5sums",
    ];
    assert_eq!(removed, want);
    let (replaced, _) = without(&files, &installed, &["bash", "dash"]);
    let diversions = ("/var/lib/dpkg/diversions".to_owned(), String::new());
    assert_eq!(replaced[0], diversions);
}

#[test]
fn what_else_names_packages_goes_with_them() {
    let mut files = image();
    let mut put = |path: &str, text: &str| files.file(path, text.into());
    put("/var/lib/dpkg/available", &[DASH, BASH].concat());
    put(
        "/var/lib/dpkg/statoverride",
        "root shell 2755 /bin/bash\nroot x 1 /unknown\n",
    );
    put(
        "/var/lib/dpkg/triggers/File",
        "/usr/a bash/noawait\n/usr/b dash\n",
    );
    put(
        "/var/lib/dpkg/triggers/Unincorp",
        "ldconfig bash libc6\nx bash:amd64\ny -\n",
    );
    put("/var/lib/dpkg/triggers/update", "bash\n");
    put("/var/lib/dpkg/triggers/ldconfig", "bash\nlibc6\n");
    let link = "auto\n/bin/s\ns.1\n/man/s.1\n\n";
    let choice = |path: &str| format!("{path}\n5\n\n");
    let [bash, dash] = ["/bin/bash", "/bin/dash"].map(choice);
    put(
        "/var/lib/dpkg/alternatives/s",
        &[link, &bash, &dash, "\n"].concat(),
    );
    put(
        "/var/lib/dpkg/alternatives/t",
        &[link, &bash, "\n"].concat(),
    );
    put(
        "/var/lib/dpkg/alternatives/odd",
        "auto\n/bin/s\n\n/bin/bash\n",
    );
    let installed = Installed::find(&files);
    let (replaced, removed) = without(&files, &installed, &["bash"]);
    let alternative = [link, &dash, "\n"].concat();
    let want = [
        ("alternatives/s", alternative.as_str()),
        ("available", DASH),
        ("statoverride", "root x 1 /unknown\n"),
        ("triggers/File", "/usr/b dash\n"),
        ("triggers/Unincorp", "ldconfig libc6\ny -\n"),
        ("triggers/ldconfig", "libc6\n"),
    ];
    let want = want.map(|(name, text)| (format!("/var/lib/dpkg/{name}"), text.to_owned()));
    let replaced: Vec<_> = replaced
        .into_iter()
        .filter(|(path, _)| !path.ends_with("/status"))
        .collect();
    assert_eq!(replaced, want);
    assert!(removed.contains(&"/var/lib/dpkg/alternatives/t".to_owned()));
    assert!(removed.contains(&"/var/lib/dpkg/triggers/update".to_owned()));
    assert_eq!(removed.len(), 4);
}

#[test]
fn distroless_packages_have_files_of_their_own() {
    let mut files = Memory::new();
    let mut put = |path: &str, text: &str| files.file(path, text.into());
    put(
        "/var/lib/dpkg/status.d/base",
        "Package: base\nVersion: 1\nDepends: base-more\n",
    );
    put(
        "/var/lib/dpkg/status.d/base.md5sums",
        "d41d  etc/a\nd41d *./etc/b b\nrubbish\n",
    );
    put(
        "/var/lib/dpkg/status.d/base-more",
        "Package: base-more\nVersion: 1\n",
    );
    put(
        "/var/lib/dpkg/status.d/base-more.md5sums",
        "d41d  etc/../etc/c\nd41d  ../../x\n",
    );
    put("/var/lib/dpkg/status.d/bare", "Package: bare\nVersion: 1\n");
    put("/etc/a", "x");
    put("/etc/b b", "x");
    put("/etc/c", "x");
    let installed = Installed::find(&files);
    let want = "/var/lib/dpkg/status.d/bare: no list of files: nobody knows what is its";
    assert_eq!(installed.problems, [want]);
    let base = package(&installed, "base");
    assert_eq!(paths(&files, &base.files), ["/etc/a", "/etc/b b"]);
    assert_eq!(base.depends[0].satisfied_by, installed.named("base-more"));
    assert_eq!(
        paths(&files, &package(&installed, "base-more").files),
        ["/etc/c"]
    );
    assert!(!package(&installed, "bare").listed);
    let (replaced, removed) = without(&files, &installed, &["base"]);
    assert_eq!(replaced, []);
    let want = [
        "/var/lib/dpkg/status.d/base",
        "/var/lib/dpkg/status.d/base.md5sums",
    ];
    assert_eq!(removed, want);
}

#[test]
fn broken_databases_are_told() {
    let mut files = Memory::new();
    let status = "Package: a\nStatus: install ok installed\nwhat is this\n\nVersion: 3\n\n\
                  Package: ../../etc/x\nStatus: install ok installed\n";
    files.file("/var/lib/dpkg/status", status.into());
    files.file("/etc/x.list", b"/etc/passwd\n".to_vec());
    files.file("/etc/passwd", b"x".to_vec());
    let installed = Installed::find(&files);
    let want = [
        "/var/lib/dpkg/status: line 3: not a field",
        "/var/lib/dpkg/status: line 5: a package without a name",
        "/var/lib/dpkg/status: 2 packages have no list of files: nobody knows what is theirs",
    ];
    assert_eq!(installed.problems, want);
    let odd = package(&installed, "../../etc/x");
    assert!(odd.files.is_empty() && odd.records.is_empty() && odd.licences.is_empty());
    files.file("/var/lib/dpkg/diversions", b"/a\n/b\n".to_vec());
    let installed = Installed::find(&files);
    assert_eq!(installed.unreadable, [Manager::Dpkg]);
    assert!(installed.packages.is_empty());
}

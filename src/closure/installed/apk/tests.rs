use super::super::tests::{needs, package, paths, without};
use super::super::{Installed, Manager};
use crate::closure::Files;
use crate::closure::memory::Memory;

const MUSL: &str = "C:Q1musl=\nP:musl\nV:1.2.5-r0\nA:x86_64\no:musl\np:so:libc.musl-x86_64.so.1=1\n\
                    F:lib\nM:0:0:755\nR:libc.so\na:0:0:755\nZ:Q1x=\nR:gone.so\n\n";
const BUSYBOX: &str = "C:Q1busy=\nP:busybox\nV:1.36\nD:so:libc.musl-x86_64.so.1 !conflict musl>=1.2\n\
                       p:/bin/sh cmd:sh=1.36\nF:\nF:bin\nR:busybox\nR:sh\n\n";
const APP: &str = "C:Q1app=\nP:app\nV:1\nD:/bin/sh cmd:sh so:none.so.1 /usr/bin/tool\nF:usr/bin\nR:app\nF:var/empty\n\n";
const TOOL: &str = "P:tool\nV:1\nF:usr/bin\nR:tool\n";

fn image() -> Memory {
    let mut files = Memory::new();
    let database = [MUSL, BUSYBOX, APP, TOOL].concat();
    files.file("/usr/lib/apk/db/installed", database.into());
    files.file("/usr/lib/apk/db/scripts.tar", vec![0; 1024]);
    let triggers = "Q1busy= /bin /usr/bin\nQ1app= /etc\n";
    files.file("/usr/lib/apk/db/triggers", triggers.into());
    files.file(
        "/etc/apk/world",
        b"musl\nbusybox>1@edge\napp\ntool".to_vec(),
    );
    files.link("/lib", "usr/lib");
    files.file("/usr/lib/libc.so", b"x".to_vec());
    files.file("/bin/busybox", b"x".to_vec());
    files.link("/bin/sh", "/bin/busybox");
    files.directory("/var/empty");
    files.file("/usr/bin/app", b"x".to_vec());
    files.file("/usr/bin/tool", b"x".to_vec());
    files.file("/usr/share/licenses/app/COPYING", b"x".to_vec());
    files.file("/usr/share/licenses/app/more/MIT", b"x".to_vec());
    files
}

#[test]
fn packages_own_their_files_through_linked_directories() {
    let files = image();
    let installed = Installed::find(&files);
    assert_eq!(installed.problems, [] as [&str; 0]);
    assert_eq!(installed.packages.len(), 4);
    let musl = package(&installed, "musl");
    assert_eq!(
        (musl.version.as_str(), musl.architecture.as_str()),
        ("1.2.5-r0", "x86_64")
    );
    assert_eq!(musl.source.as_deref(), Some("musl"));
    assert_eq!(paths(&files, &musl.files), ["/usr/lib/libc.so"]);
    assert_eq!(paths(&files, &musl.directories), ["/lib"]);
    let busybox = package(&installed, "busybox");
    assert_eq!(paths(&files, &busybox.files), ["/bin/busybox", "/bin/sh"]);
    let app = package(&installed, "app");
    assert_eq!(paths(&files, &app.directories), ["/usr/bin", "/var/empty"]);
    let licences = paths(&files, &app.licences);
    let want = [
        "/usr/share/licenses/app/COPYING",
        "/usr/share/licenses/app/more/MIT",
    ];
    assert_eq!(licences, want);
}

#[test]
fn needs_are_met_by_what_packages_provide_and_own() {
    let installed = Installed::find(&image());
    let need = |name: &str, by: &[&str]| {
        let by = by.iter().map(|by| (*by).to_owned()).collect();
        (name.to_owned(), by)
    };
    let want = [
        need("so:libc.musl-x86_64.so.1", &["musl"]),
        need("musl>=1.2", &["musl"]),
    ];
    assert_eq!(needs(&installed, "busybox"), want);
    let want = [
        need("/bin/sh", &["busybox"]),
        need("cmd:sh", &["busybox"]),
        need("so:none.so.1", &[]),
        need("/usr/bin/tool", &["tool"]),
    ];
    assert_eq!(needs(&installed, "app"), want);
}

#[test]
fn stanzas_and_what_names_them_go_together() {
    let files = image();
    let installed = Installed::find(&files);
    let (replaced, removed) = without(&files, &installed, &["busybox", "tool"]);
    let text = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let want = [
        text("/etc/apk/world", "musl\napp\n"),
        text("/usr/lib/apk/db/installed", &[MUSL, APP].concat()),
        text("/usr/lib/apk/db/triggers", "Q1app= /etc\n"),
    ];
    assert_eq!(replaced, want);
    assert!(removed.is_empty());
    // The same directory by way of a link is no second database.
    assert!(files.locate(b"/lib/apk/db/installed").is_some());
}

#[test]
fn a_package_without_a_name_makes_all_unknown() {
    let mut files = Memory::new();
    files.file(
        "/lib/apk/db/installed",
        b"P:a\nV:1\n\nV:2\nF:bin\n".to_vec(),
    );
    let installed = Installed::find(&files);
    assert!(installed.packages.is_empty());
    assert_eq!(installed.unreadable, [Manager::Apk]);
    let want = ["/lib/apk/db/installed: offset 9: a package without a name"];
    assert_eq!(installed.problems, want);
}

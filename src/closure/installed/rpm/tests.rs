use rusqlite::{Connection, MAIN_DB};

use super::super::tests::{needs, package, paths, without};
use super::super::{DependencyKind, Installed, Manager};
use super::remove::{check, indexes, ndb_without, sqlite_without};
use crate::analyze::packages::rpm::header::Tag;
use crate::analyze::packages::rpm::header::testing::{Value, header};
use crate::analyze::packages::rpm::{ndb, sqlite};
use crate::closure::Files;
use crate::closure::memory::Memory;

fn bash() -> Vec<u8> {
    header(&[
        (Tag::Name, Value::Text("bash")),
        (Tag::Version, Value::Text("5.1")),
        (Tag::Release, Value::Text("2.el9")),
        (Tag::Epoch, Value::Ints(&[1])),
        (Tag::Arch, Value::Text("x86_64")),
        (Tag::SourceRpm, Value::Text("bash-5.1-2.el9.src.rpm")),
        (Tag::FileFlags, Value::Ints(&[0, 0, 1, 1 << 7])),
        (Tag::FileStates, Value::Bytes(&[0, 2, 0, 0])),
        (Tag::ProvideName, Value::Texts(&["bash", "config(bash)"])),
        (Tag::RequireFlags, Value::Ints(&[0, 0, 1 << 10, 0])),
        (
            Tag::RequireName,
            Value::Texts(&[
                "libc.so.6()(64bit)",
                "rpmlib(X)",
                "/usr/sbin/ldconfig",
                "bash",
            ]),
        ),
        (Tag::DirIndexes, Value::Ints(&[0, 0, 1, 2])),
        (
            Tag::BaseNames,
            Value::Texts(&["bash", "sh", "bashrc", "COPYING"]),
        ),
        (
            Tag::DirNames,
            Value::Texts(&["/usr/bin/", "/etc/", "/usr/share/licenses/b/"]),
        ),
    ])
}

fn glibc() -> Vec<u8> {
    header(&[
        (Tag::Name, Value::Text("glibc")),
        (Tag::Version, Value::Text("2.34")),
        (
            Tag::ProvideName,
            Value::Texts(&["glibc", "libc.so.6()(64bit)"]),
        ),
        (Tag::DirIndexes, Value::Ints(&[0])),
        (Tag::BaseNames, Value::Texts(&["ldconfig"])),
        (Tag::DirNames, Value::Texts(&["/sbin/"])),
        (Tag::RecommendName, Value::Texts(&["(bash if x)"])),
    ])
}

fn key() -> Vec<u8> {
    header(&[(Tag::Name, Value::Text("gpg-pubkey"))])
}

/// A database with an index, as rpm has them.
fn database(headers: &[&[u8]]) -> Vec<u8> {
    let bytes = sqlite::testing::database(headers);
    let mut connection = sqlite::open(bytes, false).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE 'Group' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL, \
             idx INTEGER NOT NULL, FOREIGN KEY (hnum) REFERENCES 'Packages'(hnum)); \
             CREATE INDEX 'Group_key_idx' ON 'Group'(key ASC); \
             INSERT INTO 'Group' SELECT 'group', hnum, 0 FROM Packages",
        )
        .unwrap();
    connection.serialize(MAIN_DB).unwrap().to_vec()
}

fn image(path: &str, database: Vec<u8>) -> Memory {
    let mut files = Memory::new();
    files.file(path, database);
    files.file("/usr/bin/bash", b"x".to_vec());
    files.file("/usr/bin/sh", b"of another".to_vec());
    files.file("/etc/bashrc", b"x".to_vec());
    files.file("/usr/sbin/ldconfig", b"x".to_vec());
    files.file("/usr/share/licenses/b/COPYING", b"GPL".to_vec());
    files.link("/sbin", "usr/sbin");
    files
}

const SQLITE: &str = "/usr/lib/sysimage/rpm/rpmdb.sqlite";

#[test]
fn packages_own_and_need_what_their_headers_say() {
    let mut files = image(SQLITE, database(&[&bash(), &key(), &glibc()]));
    files.link("/var/lib/rpm", "../../usr/lib/sysimage/rpm");
    let installed = Installed::find(&files);
    assert_eq!(installed.problems, [] as [&str; 0]);
    assert_eq!(installed.packages.len(), 2);
    let bash = package(&installed, "bash");
    assert_eq!(bash.version, "1:5.1-2.el9");
    assert_eq!(bash.source.as_deref(), Some("bash-5.1-2.el9.src.rpm"));
    let want = [
        "/etc/bashrc",
        "/usr/bin/bash",
        "/usr/share/licenses/b/COPYING",
    ];
    assert_eq!(paths(&files, &bash.files), want);
    assert_eq!(paths(&files, &bash.licences), want[2..]);
    let want = ["libc.so.6()(64bit)", "/usr/sbin/ldconfig"];
    let want = want.map(|name| (name.to_owned(), vec!["glibc".to_owned()]));
    assert_eq!(needs(&installed, "bash"), want);
    let kinds: Vec<DependencyKind> = bash.depends.iter().map(|d| d.kind).collect();
    assert_eq!(kinds, [DependencyKind::Runs, DependencyKind::Scripts]);
    let glibc = package(&installed, "glibc");
    assert_eq!(glibc.recommends[0].satisfied_by, installed.named("bash"));
}

#[test]
fn rows_go_from_all_tables_and_others_keep_their_headers() {
    let mut before = database(&[&bash(), &key(), &glibc()]);
    // As rpm leaves it.
    before[18..20].fill(2);
    let mut files = image(SQLITE, before);
    files.file(&format!("{SQLITE}-wal"), Vec::new());
    files.file(&format!("{SQLITE}-shm"), vec![1; 10]);
    let installed = Installed::find(&files);
    let gone = |id| installed.named("bash").contains(&id);
    let reduced = installed.reduce(&files, &gone).unwrap();
    let want = [format!("{SQLITE}-shm"), format!("{SQLITE}-wal")];
    assert_eq!(paths(&files, &reduced.removed), want);
    let [(node, after)] = reduced.replaced.as_slice() else {
        panic!()
    };
    assert_eq!(files.path(*node), SQLITE.as_bytes());
    let mut found = Vec::new();
    sqlite::headers(after.clone(), |row, blob| found.push((row, blob.to_vec()))).unwrap();
    assert_eq!(found, [(2, key()), (3, glibc())]);
    let connection = sqlite::open(after.clone(), true).unwrap();
    let rows = "SELECT group_concat(hnum) FROM 'Group'";
    let rows: String = connection.query_row(rows, [], |row| row.get(0)).unwrap();
    assert_eq!(rows, "2,3");
    assert_eq!(installed.reduce(&files, &gone).unwrap(), reduced);
}

#[test]
fn databases_that_would_run_something_are_refused() {
    let plain = database(&[&bash()]);
    check(&plain).unwrap();
    for strange in [
        "CREATE TRIGGER t AFTER DELETE ON Packages BEGIN DELETE FROM 'Group'; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE INDEX e ON Packages (abs(hnum))",
        "CREATE INDEX p ON Packages (hnum) WHERE hnum > 1",
        "CREATE TABLE c (hnum INTEGER, more AS (abs(hnum)))",
    ] {
        let mut connection = sqlite::open(plain.clone(), false).unwrap();
        connection.execute_batch(strange).unwrap();
        let bytes = connection.serialize(MAIN_DB).unwrap().to_vec();
        assert!(check(&bytes).is_err(), "{strange}");
        assert!(sqlite_without(bytes.clone(), &[1]).is_err(), "{strange}");
        let installed = Installed::find(&image(SQLITE, bytes));
        assert_eq!(installed.unreadable, [Manager::Rpm], "{strange}");
    }
    let other = Connection::open_in_memory()
        .unwrap()
        .serialize(MAIN_DB)
        .map(|d| d.to_vec());
    assert!(check(&other.unwrap()).is_err());
}

#[test]
fn unread_changes_and_broken_headers_make_all_unknown() {
    let mut files = image(SQLITE, database(&[&bash()]));
    files.file(&format!("{SQLITE}-wal"), b"log".to_vec());
    let installed = Installed::find(&files);
    assert_eq!(installed.unreadable, [Manager::Rpm]);
    assert!(
        installed.problems[0].contains("-wal: "),
        "{:?}",
        installed.problems
    );
    let cut = &bash()[..50];
    let installed = Installed::find(&image(SQLITE, database(&[&glibc(), cut])));
    assert_eq!(installed.unreadable, [Manager::Rpm]);
    assert!(installed.packages.is_empty());
    assert!(
        installed.problems[0].contains(": package 2: "),
        "{:?}",
        installed.problems
    );
}

#[test]
fn ndb_packages_move_up() {
    let path = "/usr/lib/sysimage/rpm/Packages.db";
    let before = ndb::testing::database(&[&bash(), &key(), &glibc()]);
    let mut files = image(path, before.clone());
    files.file("/usr/lib/sysimage/rpm/Index.db", b"index".to_vec());
    let installed = Installed::find(&files);
    assert_eq!(installed.problems, [] as [&str; 0]);
    let (replaced, removed) = without(&files, &installed, &["bash"]);
    assert_eq!((replaced.len(), replaced[0].0.as_str()), (1, path));
    assert_eq!(removed, ["/usr/lib/sysimage/rpm/Index.db"]);
    assert_eq!(
        indexes(&files, files.locate(path.as_bytes()).unwrap()).len(),
        1
    );
    let after = ndb_without(&before, &[4096]).unwrap();
    let mut found = Vec::new();
    ndb::headers(&after, |blob| found.push(blob.map(|b| b.1.to_vec()))).unwrap();
    assert_eq!(found, [Ok(key()), Ok(glibc())]);
    assert!(after.len() < before.len() && after.len().is_multiple_of(16));
    // Everything of the others but their places, their ends with the checksums too.
    assert!(before.ends_with(&after[4096..]));
    assert_eq!((before[8], after[8]), (1, 2));
    assert_eq!(ndb_without(&after, &[]).unwrap()[12..], after[12..]);
}

#[test]
fn broken_ndb_databases_are_errors() {
    let whole = ndb::testing::database(&[&bash(), &glibc()]);
    for len in 0..whole.len() {
        let cut = &whole[..len];
        assert!(ndb_without(cut, &[]).is_err(), "{len}");
    }
    let mut far = whole.clone();
    far[32 + 12..32 + 16].fill(0xff);
    assert!(ndb_without(&far, &[]).is_err());
    let installed = Installed::find(&image("/var/lib/rpm/Packages.db", far));
    assert_eq!(installed.unreadable, [Manager::Rpm]);
}

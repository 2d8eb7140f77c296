//! What shipped rules keep of small trees, and what beside it they do not.

use super::*;
use crate::closure::memory::Memory;

#[test]
fn shipped_rules_name_readers_that_exist() {
    let plugins = Plugins::builtin().unwrap();
    for rule in plugins.rules.rules() {
        if let Some(name) = &rule.reads {
            assert!(readers::named(name).is_some(), "{name}");
        }
    }
}

/// The files that the rules keep for the first path, of all those given.
fn kept(paths: &[&str]) -> Vec<String> {
    let mut files = Memory::new();
    for path in paths {
        files.file(path, Vec::new());
    }
    let program = files.resolve(paths[0].as_bytes()).unwrap().node;
    let plugins = Plugins::builtin().unwrap();
    let needs = plugins.needs(&files, program, &Environment::default());
    let mut kept: Vec<String> = needs
        .iter()
        .filter(|need| files.kind(need.found.node) == crate::closure::Kind::File)
        .map(|need| String::from_utf8(files.path(need.found.node)).unwrap())
        .collect();
    kept.sort();
    kept.dedup();
    kept
}

/// Of paths whose first is the program, those with `+` in front are kept and
/// those with `-` are not.
#[track_caller]
fn check(program: &str, marked: &[&str]) {
    let paths: Vec<&str> = marked.iter().map(|path| &path[1..]).collect();
    let found = kept(&[&[program], paths.as_slice()].concat());
    for path in marked {
        let is_kept = found.iter().any(|found| *found == path[1..]);
        assert_eq!(is_kept, path.starts_with('+'), "{program}: {path}");
    }
}

#[test]
fn libcrypto_keeps_its_providers_and_settings() {
    check(
        "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
        &[
            "+/usr/lib/x86_64-linux-gnu/ossl-modules/legacy.so",
            "+/usr/lib/x86_64-linux-gnu/engines-3/padlock.so",
            "+/etc/ssl/openssl.cnf",
            "-/usr/bin/openssl",
            "-/usr/lib/ssl/misc/CA.pl",
            "-/usr/lib/x86_64-linux-gnu/sasl2/libplain.so",
        ],
    );
}

#[test]
fn python_keeps_the_standard_library_and_no_packages() {
    check(
        "/usr/bin/python3.11",
        &[
            "+/usr/lib/python3.11/os.py",
            "+/usr/lib/python3.11/lib-dynload/_ssl.cpython-311-x86_64-linux-gnu.so",
            "+/usr/lib/python3.11/encodings/idna.py",
            "-/usr/lib/python3.11/lib-dynload/_tkinter.cpython-311-x86_64-linux-gnu.so",
            "-/usr/lib/python3.11/test/support.py",
            "-/usr/lib/python3/dist-packages/apt/cache.py",
            "-/usr/lib/python3.12/os.py",
        ],
    );
    check(
        "/usr/local/lib/libpython3.12.so.1.0",
        &[
            "+/usr/local/lib/python3.12/json/decoder.py",
            "-/usr/local/lib/python3.12/site-packages/pip/main.py",
            "-/usr/local/lib/libother.so",
        ],
    );
}

#[test]
fn java_keeps_its_runtime_and_no_development_kit() {
    let home = "/usr/lib/jvm/java-17-openjdk-amd64";
    let marked: Vec<String> = [
        ("+", "/lib/modules"),
        ("+", "/lib/libnio.so"),
        ("+", "/lib/server/libjvm.so"),
        ("+", "/lib/security/default.policy"),
        ("+", "/lib/tzdb.dat"),
        ("+", "/conf/security/java.security"),
        ("-", "/lib/src.zip"),
        ("-", "/lib/ct.sym"),
        ("-", "/jmods/java.base.jmod"),
        ("-", "/bin/javac"),
        ("-", "/lib/libawt_xawt.so"),
    ]
    .iter()
    .map(|(mark, path)| format!("{mark}{home}{path}"))
    .collect();
    let mut marked: Vec<&str> = marked.iter().map(String::as_str).collect();
    marked.push("+/etc/java-17-openjdk/security/java.security");
    marked.push("+/etc/ssl/certs/java/cacerts");
    check(&format!("{home}/bin/java"), &marked);
    check(
        "/opt/jdk8/jre/lib/amd64/server/libjvm.so",
        &[
            "+/opt/jdk8/jre/lib/rt.jar",
            "+/opt/jdk8/jre/lib/amd64/libjava.so",
            "+/opt/jdk8/jre/lib/ext/sunec.jar",
            "-/opt/jdk8/lib/tools.jar",
        ],
    );
}

#[test]
fn postgres_keeps_its_catalogue_and_extensions_but_no_manuals() {
    check(
        "/usr/lib/postgresql/15/bin/postgres",
        &[
            "+/usr/share/postgresql/15/postgres.bki",
            "+/usr/share/postgresql/15/timezonesets/Default",
            "+/usr/share/postgresql/15/extension/hstore.control",
            "+/usr/lib/postgresql/15/lib/bitcode/postgres.index.bc",
            "-/usr/share/postgresql/15/man/man1/psql.1.gz",
            "-/usr/lib/postgresql/15/lib/pgxs/src/Makefile.global",
            "-/usr/share/postgresql-common/pg_wrapper",
        ],
    );
}

#[test]
fn pam_keeps_services_for_everybody_and_not_those_of_other_programs() {
    check(
        "/usr/lib/x86_64-linux-gnu/libpam.so.0",
        &[
            "+/etc/pam.d/other",
            "+/etc/pam.d/common-auth",
            "-/etc/pam.d/chfn",
            "-/usr/lib/x86_64-linux-gnu/security/pam_unix.so",
        ],
    );
}

#[test]
fn gio_keeps_the_database_of_kinds_and_not_its_sources() {
    check(
        "/usr/lib/x86_64-linux-gnu/libgio-2.0.so.0",
        &[
            "+/usr/lib/x86_64-linux-gnu/gio/modules/libgiognutls.so",
            "+/usr/share/mime/mime.cache",
            "-/usr/share/mime/packages/freedesktop.org.xml",
        ],
    );
}

#[test]
fn a_neighbour_of_a_library_keeps_nothing() {
    check(
        "/usr/lib/x86_64-linux-gnu/libz.so.1",
        &[
            "-/usr/lib/x86_64-linux-gnu/ossl-modules/legacy.so",
            "-/usr/lib/x86_64-linux-gnu/gio/modules/libgiognutls.so",
            "-/etc/fonts/fonts.conf",
        ],
    );
}

#[test]
fn data_of_an_interpreter_lies_beside_it_wherever_that_is() {
    check(
        "/opt/otp/erts-14.0/bin/beam.smp",
        &[
            "+/opt/otp/lib/kernel-9/ebin/kernel.app",
            "+/opt/otp/releases/26/start.boot",
            "-/opt/other/file",
        ],
    );
    check(
        "/usr/lib64/R/bin/exec/R",
        &[
            "+/usr/lib64/R/library/base/R/base.rdb",
            "-/usr/lib64/libz.so",
        ],
    );
    check(
        "/opt/dotnet/dotnet",
        &[
            "+/opt/dotnet/shared/Microsoft.NETCore.App/8.0.0/libcoreclr.so",
            "+/opt/dotnet/host/fxr/8.0.0/libhostfxr.so",
            "-/opt/dotnet/sdk/8.0.100/dotnet.dll",
        ],
    );
}

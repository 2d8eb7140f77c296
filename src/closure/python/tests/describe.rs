//! Descriptions of distributions.

use super::super::{Environment, Requirement, is_stdlib, normalise};
use crate::closure::python::{guess::guess, metadata, words};

#[test]
fn requirements() {
    let cases: &[(&str, &str, &[&str], &str)] = &[
        ("a", "a", &[], ""),
        ("A_b.C", "a-b-c", &[], ""),
        ("a>=1", "a", &[], ""),
        ("a (>=1)", "a", &[], ""),
        (
            "a[x,Y_z]>=1; extra == 'q'",
            "a",
            &["x", "y-z"],
            "extra == 'q'",
        ),
        ("a [x]", "a", &["x"], ""),
        (
            "a @ https://h/p;x ; os_name == 'nt'",
            "a",
            &[],
            "os_name == 'nt'",
        ),
        ("a;python_version<'3'", "a", &[], "python_version<'3'"),
    ];
    for (text, name, extras, marker) in cases {
        let found = Requirement::parse(text).unwrap();
        assert_eq!(
            (found.name.as_str(), found.marker.as_str()),
            (*name, *marker),
            "{text}"
        );
        assert_eq!(found.extras, *extras, "{text}");
    }
    assert_eq!(Requirement::parse(""), None);
    assert_eq!(Requirement::parse(";x"), None);
}

#[test]
fn markers() {
    let environment = Environment {
        version: Some((3, 11)),
        machine: Some("x86_64".to_owned()),
        ..Environment::default()
    };
    let cases: &[(&str, bool)] = &[
        ("python_version >= '3.8'", true),
        ("python_version < '3.11'", false),
        ("python_version < '3.9'", false),
        ("python_version == '3.11'", true),
        ("python_version == '3.*'", false),
        ("python_version != '3.11'", false),
        ("python_version ~= '3.10'", true),
        ("python_version in '2.7, 3.11'", true),
        ("python_version not in '2.7'", true),
        ("'3.8' <= python_version", true),
        ("'3.12' <= python_version", false),
        ("python_full_version < '3.11.4'", true),
        ("python_full_version < '3.10.4'", false),
        ("python_full_version >= '3.11'", true),
        ("python_full_version < '3.11'", false),
        ("sys_platform == 'win32'", false),
        ("sys_platform != 'win32'", true),
        ("sys_platform in 'linux darwin'", true),
        ("platform_system == 'Linux'", true),
        ("platform_system == 'Darwin'", false),
        ("os_name == 'nt'", false),
        ("implementation_name == 'cpython'", true),
        ("platform_python_implementation == 'PyPy'", false),
        ("platform_machine == 'aarch64'", false),
        ("extra == 'x'", true),
        ("extra == 'y'", false),
        ("extra == 'y' or extra == 'x'", true),
        ("extra == 'x' and sys_platform == 'win32'", false),
        (
            "(extra == 'y' and os_name == 'posix') or python_version > '3'",
            true,
        ),
        ("sys_platform == 'win32' and unknown == 'x'", false),
        ("unknown == 'x'", true),
        ("platform_release >= '20'", true),
        ("nonsense", true),
        ("((", true),
        ("'linux' in sys_platform", true),
        ("'win' in sys_platform", false),
    ];
    for (marker, want) in cases {
        let requirement = Requirement::parse(&format!("a; {marker}")).unwrap();
        assert_eq!(
            requirement.holds(&environment, &["x".to_owned()]),
            *want,
            "{marker}"
        );
    }
}

#[test]
fn records() {
    let record = b"a/b.py,sha256=x,1\r\n\"a,\"\"b.py\",,\n../../../bin/a,,\n\n";
    let want: Vec<Vec<u8>> = [&b"a/b.py"[..], b"a,\"b.py", b"../../../bin/a"]
        .map(Vec::from)
        .into();
    assert_eq!(metadata::record(record), want);
}

#[test]
fn eggs_and_entry_points() {
    let found =
        metadata::requires(b"a\n\n[x]\nb\n[:sys_platform=='win32']\nc\n[x:os_name=='nt']\nd>1\n");
    let shown: Vec<_> = found
        .iter()
        .map(|r| format!("{}|{}", r.name, r.marker))
        .collect();
    let want = [
        "a|",
        "b|extra == 'x'",
        "c|sys_platform=='win32'",
        "d|extra == 'x' and (os_name=='nt')",
    ];
    assert_eq!(shown, want);
    let points = metadata::entry_points(b"[console_scripts]\na = b.c:d [x]\n# e=f\n[g.h]\ni=j\n");
    let shown: Vec<_> = points
        .iter()
        .map(|p| format!("{} {} {}", p.group, p.name, p.module))
        .collect();
    assert_eq!(shown, ["console_scripts a b.c", "g.h i j"]);
    let data = metadata::metadata(
        b"Name: A\nVersion: 1\nRequires-Dist: b; extra == 'x'\n folded\n\nName: no\n",
    );
    assert_eq!((data.name.as_deref(), data.requires.len()), (Some("A"), 1));
}

#[test]
fn guesses_names_drivers() {
    let has = |list: &[&str]| {
        list.iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("pyyaml", &["yaml", "_yaml", "x"], &["yaml", "_yaml"]),
        ("python-foo", &["foo"], &["foo"]),
        ("foo-bar", &["foo_bar", "foo"], &["foo_bar"]),
        ("foo-bar", &["foo"], &["foo"]),
        ("pyfoo", &["foo"], &["foo"]),
        ("foo", &["FOO"], &["FOO"]),
        ("foo", &["bar"], &[]),
    ];
    for (name, entries, want) in cases {
        assert_eq!(guess(name, &has(entries)), has(want), "{name}");
    }
    assert_eq!(normalise("A__b-.C"), "a-b-c");
    assert!(
        is_stdlib("tkinter") && is_stdlib("distutils") && is_stdlib("tomllib") && !is_stdlib("six")
    );
    assert_eq!(
        words::drivers("postgresql+psycopg2://u@h/d"),
        ["postgresql+psycopg2", "psycopg2"]
    );
    assert!(words::drivers("redis://h").contains(&"redis"));
    assert_eq!(
        words::parts("--app=proj.wsgi:app"),
        ["--app", "proj.wsgi:app"]
    );
    assert!(words::parts("URL=mysql+pymysql://a=b").contains(&"mysql+pymysql://a=b"));
}

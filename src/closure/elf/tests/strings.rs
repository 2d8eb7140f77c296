use super::super::paths::glob;
use super::super::soname_strings;
use super::{Elf, Memory};

fn names(text: &[u8]) -> Vec<String> {
    let mut elf = Elf::lib(&[]);
    elf.text = text.to_vec();
    let mut files = Memory::new();
    let node = files.elf("/x", &elf);
    let found = soname_strings(&files, node).unwrap();
    assert!(found.complete);
    found
        .names
        .into_iter()
        .map(|name| String::from_utf8(name).unwrap())
        .collect()
}

#[test]
fn finds_names_of_libraries() {
    assert_eq!(names(b"\0libssl.so.3\0x"), ["libssl.so.3"]);
    assert_eq!(
        names(b"\0libc++.so\0/opt/a/libq-1.2.so.1.2.3\0"),
        ["/opt/a/libq-1.2.so.1.2.3", "libc++.so"]
    );
    assert_eq!(names(b"\0x.so\0lib\0.so\0lib%s.so\0"), Vec::<String>::new());
    assert_eq!(names(b"%s/libx.so"), ["libx.so"]);
    // Strings without an end mark.
    assert_eq!(
        names(b"errorliba.solibb.so.1next"),
        ["liba.so", "libb.so.1"]
    );
    assert_eq!(names(b"libx.so.\0"), ["libx.so"]);
}

#[test]
fn finds_names_over_the_ends_of_pieces() {
    for shift in 0..40 {
        let mut text = vec![b'.'; 256 * 1024 - 300 + shift];
        text.extend(b"\0libpiece.so.12\0");
        text.extend(vec![0; 5000]);
        assert_eq!(names(&text), ["libpiece.so.12"], "{shift}");
    }
}

#[test]
fn many_names_end_somewhere() {
    let mut elf = Elf::lib(&[]);
    elf.text = (0..10_000)
        .flat_map(|n| format!("lib{n}.so\0").into_bytes())
        .collect();
    let mut files = Memory::new();
    let node = files.elf("/x", &elf);
    let found = soname_strings(&files, node).unwrap();
    assert!(!found.complete && found.names.len() == 4096);
}

#[test]
fn patterns() {
    for (pattern, name, fits) in [
        ("*.conf", "a.conf", true),
        ("*.conf", "a.conf.bak", false),
        ("a?c", "abc", true),
        ("a[0-9b]c", "abc", true),
        ("a[!b]c", "abc", false),
        ("a*b*c", "axxbyybzzc", true),
        ("a[", "a[", false),
        ("", "", true),
        ("*", "", true),
    ] {
        assert_eq!(
            glob(pattern.as_bytes(), name.as_bytes()),
            fits,
            "{pattern} {name}"
        );
    }
    // Stars one after another must not take forever.
    assert!(!glob(
        "*a".repeat(200).as_bytes(),
        "a".repeat(199).as_bytes()
    ));
}

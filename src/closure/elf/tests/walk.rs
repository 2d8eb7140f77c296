use super::super::{
    Class, Closure, Dlopen, Fault, How, LoaderConfig, NodeId, Objects, Order, When, Why, closure,
    closure_with,
};
use super::{AUXILIARY, Elf, LD, Memory, NEEDED, RPATH, RUNPATH, SONAME};

fn image() -> Memory {
    let mut files = Memory::new();
    let mut loader = Elf::lib(&[(SONAME, "ld-linux-x86-64.so.2")]);
    loader.text = b"\xff/lib64/\0/usr/lib64/\0\0release version 2.36.\0".to_vec();
    files.link("/lib64", "usr/lib64");
    files.elf("/usr/lib64/ld-2.36.so", &loader);
    files.link("/usr/lib64/ld-linux-x86-64.so.2", "ld-2.36.so");
    files
}

fn run(files: &Memory, root: NodeId) -> Closure {
    let config = LoaderConfig::read(files, None);
    closure(&Objects::new(files), &config, root).unwrap()
}

fn kinds(closure: &Closure) -> Vec<(String, How, When, Option<String>)> {
    let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
    let edges = closure.edges.iter();
    edges
        .map(|e| (text(&e.soname), e.how, e.when, e.variant.as_ref().map(text)))
        .collect()
}

#[test]
fn finds_the_loader_and_its_directories() {
    let mut files = image();
    let main = files.elf(
        "/bin/main",
        &Elf::main(&[(NEEDED, "liba.so.1"), (NEEDED, "libgone.so")]),
    );
    let file = files.elf(
        "/usr/lib64/liba.so.1.2",
        &Elf::lib(&[(SONAME, "liba.so.1")]),
    );
    let link = files.link("/usr/lib64/liba.so.1", "liba.so.1.2");
    let closure = run(&files, main);
    let loader = closure.loader.as_ref().unwrap();
    assert!(loader.dirs_read && loader.legacy_hwcaps() && loader.named_hwcaps());
    assert_eq!(loader.dirs, [&b"/lib64"[..], b"/usr/lib64"]);
    assert_eq!(
        (loader.lib.as_slice(), loader.version),
        (&b"lib64"[..], Some((2, 36)))
    );
    assert_eq!(closure.edges[0].why, Why::Interpreter);
    assert_eq!(closure.edges[0].soname, LD.as_bytes());
    let edge = &closure.edges[1];
    assert_eq!(
        (edge.how, edge.when, edge.by, edge.found.node),
        (How::Default, When::Always, main, file)
    );
    // The link of the directory, then that of the file.
    assert_eq!(edge.found.crossed.last(), Some(&link));
    assert_eq!(edge.found.crossed.len(), 2);
    let missing = &closure.missing[0];
    assert_eq!(
        (missing.soname.as_slice(), missing.weak),
        (&b"libgone.so"[..], false)
    );
    assert_eq!(missing.fault, Fault::Absent);
}

#[test]
fn all_variants_are_kept_with_what_they_need() {
    let mut files = image();
    let main = files.elf("/bin/main", &Elf::main(&[(NEEDED, "liba.so")]));
    files.elf("/lib64/liba.so", &Elf::lib(&[(SONAME, "liba.so")]));
    let v3 = [(SONAME, "liba.so"), (NEEDED, "libfast.so")];
    files.elf("/usr/lib64/glibc-hwcaps/x86-64-v3/liba.so", &Elf::lib(&v3));
    files.elf(
        "/usr/lib64/glibc-hwcaps/x86-64-v4/liba.so",
        &Elf::lib(&[(SONAME, "liba.so")]),
    );
    files.elf("/usr/lib64/tls/haswell/liba.so", &Elf::lib(&[]));
    files.elf("/usr/lib64/libfast.so", &Elf::lib(&[(NEEDED, "libnot.so")]));
    let closure = run(&files, main);
    let found = kinds(&closure);
    let variants: Vec<_> = found.iter().filter_map(|edge| edge.3.as_deref()).collect();
    assert_eq!(
        variants,
        [
            "glibc-hwcaps/x86-64-v3",
            "glibc-hwcaps/x86-64-v4",
            "tls/haswell"
        ]
    );
    assert!(found.contains(&("liba.so".into(), How::Default, When::Always, None)));
    assert!(found.contains(&("libfast.so".into(), How::Default, When::Hwcaps, None)));
    assert_eq!(closure.always().len(), 2);
    assert_eq!(closure.missing.len(), 1);
}

#[test]
fn rpath_is_inherited_and_runpath_is_not() {
    for (tag, how) in [(RPATH, Some(How::Rpath)), (RUNPATH, None)] {
        let mut files = image();
        let main = files.elf(
            "/o/main",
            &Elf::main(&[(NEEDED, "liba.so"), (tag, "$ORIGIN/l")]),
        );
        files.elf("/o/l/liba.so", &Elf::lib(&[(NEEDED, "libb.so")]));
        files.elf("/o/l/libb.so", &Elf::lib(&[]));
        let closure = run(&files, main);
        assert_eq!(closure.edges.get(2).map(|edge| edge.how), how);
        assert_eq!(closure.missing.is_empty(), how.is_some());
    }
}

#[test]
fn other_widths_are_skipped_and_rubbish_ends_the_search() {
    let mut files = image();
    let needed = [(NEEDED, "liba.so"), (NEEDED, "libb.so"), (RUNPATH, "/a:/b")];
    let main = files.elf("/bin/main", &Elf::main(&needed));
    files.elf("/a/liba.so", &Elf::new(Class::Bits32, Order::Little));
    let good = files.elf("/b/liba.so", &Elf::lib(&[]));
    files.file("/a/libb.so", b"INPUT(libb.so.1)".to_vec());
    files.elf("/b/libb.so", &Elf::lib(&[]));
    let closure = run(&files, main);
    assert_eq!(closure.edges[1].found.node, good);
    assert!(matches!(closure.missing[0].fault, Fault::Refused { .. }));
}

#[test]
fn notes_filters_and_the_callers_knowledge() {
    let mut files = image();
    let mut main = Elf::main(&[
        (NEEDED, "liba.so"),
        (AUXILIARY, "libaux.so"),
        (RUNPATH, "/l"),
    ]);
    let json = br#"[{"soname":["libx.so.2","libx.so.1"],"priority":"required"},{"soname":["libno.so"]},{"soname":["libreq.so"],"priority":"required"}]"#;
    main.notes = main.note(0x407c_0c0a, b"FDO\0", json);
    let main = files.elf("/bin/main", &main);
    files.elf("/l/liba.so", &Elf::lib(&[]));
    files.elf(
        "/l/libx.so.1",
        &Elf::lib(&[(NEEDED, "liby.so"), (NEEDED, "liba.so"), (RUNPATH, "/l")]),
    );
    files.elf("/l/liby.so", &Elf::lib(&[]));
    files.elf("/l/plugin.so", &Elf::lib(&[(NEEDED, "libnever.so")]));
    let config = LoaderConfig::read(&files, None);
    let dlopen = [
        Dlopen {
            by: None,
            soname: b"/l/plugin.so",
        },
        Dlopen {
            by: Some(main),
            soname: b"libmaybe.so",
        },
    ];
    let closure = closure_with(&Objects::new(&files), &config, main, &dlopen).unwrap();
    let name = |text: &str| {
        closure
            .edges
            .iter()
            .find(|e| e.soname == text.as_bytes())
            .unwrap()
    };
    assert!(matches!(name("libx.so.1").why, Why::DlopenNote(_)));
    assert!(matches!(name("liby.so").when, When::Dlopen(Some(_))));
    assert_eq!(name("/l/plugin.so").when, When::Dlopen(None));
    let mut missing: Vec<_> = closure
        .missing
        .iter()
        .map(|m| (String::from_utf8(m.soname.clone()).unwrap(), m.weak))
        .collect();
    missing.sort();
    let want = [
        ("libaux.so", true),
        ("libmaybe.so", true),
        ("libnever.so", true),
        ("libno.so", true),
        ("libreq.so", false),
    ];
    assert_eq!(missing, want.map(|(name, weak)| (name.to_owned(), weak)));
    assert_eq!(closure.always().len(), 2);
}

#[test]
fn configuration_files_are_read() {
    let mut files = image();
    files.file(
        "/etc/ld.so.preload",
        b"# x\n/p/libp.so libq.so:/p/libr.so # y\n".to_vec(),
    );
    files.file(
        "/etc/ld.so.conf",
        b"include ld.so.conf.d/*.conf\n/last # z\n".to_vec(),
    );
    files.file(
        "/etc/ld.so.conf.d/b.conf",
        b"/b/\ninclude /etc/ld.so.conf\n".to_vec(),
    );
    files.file(
        "/etc/ld.so.conf.d/a.conf",
        b"/a=libc6\nhwcap 0 nosegneg\n".to_vec(),
    );
    files.file("/etc/ld-musl-x86_64.path", b"/m1\n/m2".to_vec());
    files.file("/etc/ld.so.cache", b"rubbish".to_vec());
    let config = LoaderConfig::read(&files, Some(b"/x"));
    assert_eq!(
        config.preload,
        [&b"/p/libp.so"[..], b"libq.so", b"/p/libr.so"]
    );
    assert_eq!(config.conf_dirs, [&b"/a"[..], b"/b", b"/last"]);
    assert_eq!(config.musl_paths[0].arch, b"x86_64");
    assert_eq!(config.problems.len(), 1);
    let main = files.elf("/bin/main", &Elf::main(&[]));
    let closure = run(&files, main);
    assert_eq!(closure.missing.len(), 3);
    assert!(
        closure
            .missing
            .iter()
            .all(|missing| missing.weak && missing.why == Why::Preload)
    );
    assert_eq!(closure.config.len(), 2);
}

#[test]
fn musl_goes_by_names_and_inherits_all_paths() {
    let mut files = Memory::new();
    let interp = "/lib/ld-musl-x86_64.so.1";
    files.elf(interp, &Elf::lib(&[(SONAME, "libc.so")]));
    files.file("/etc/ld-musl-x86_64.path", b"/m\n".to_vec());
    let needed = [
        (NEEDED, "liba.so"),
        (NEEDED, "libc.musl-x86_64.so.1"),
        (RUNPATH, "/l"),
    ];
    let main = Elf {
        interp: Some(interp),
        ..Elf::main(&needed)
    };
    let main = files.elf("/bin/main", &main);
    files.elf(
        "/l/liba.so",
        &Elf::lib(&[(NEEDED, "libb.so"), (NEEDED, "libm.so.6")]),
    );
    files.elf("/l/libb.so", &Elf::lib(&[(NEEDED, "libd.so")]));
    files.elf("/m/libd.so", &Elf::lib(&[]));
    let closure = run(&files, main);
    let how: Vec<_> = closure.edges.iter().map(|edge| edge.how).collect();
    assert!(closure.missing.is_empty());
    assert_eq!(
        how,
        [
            How::Path,
            How::Runpath,
            How::Loaded,
            How::Runpath,
            How::Loaded,
            How::Default
        ]
    );
    assert_eq!(closure.config.len(), 1);
}

#[test]
fn hostile_paths_end_soon() {
    let mut files = image();
    let path: String = (0..6000).map(|n| format!("/d{}:", n % 400)).collect();
    for n in 0..400 {
        files.file(&format!("/d{n}/x"), Vec::new());
    }
    let mut main = Elf::main(&[(RPATH, &path)]);
    main.strings
        .extend((0..20_000).map(|n| (NEEDED, format!("lib{n}.so"))));
    let main = files.elf("/bin/main", &main);
    let start = std::time::Instant::now();
    let closure = run(&files, main);
    assert!(!closure.complete);
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

use super::super::{
    Class, DlopenNote, ElfError, Files, LoaderConfig, Objects, Order, Part, Priority, closure,
    soname_strings,
};
use super::{AUXILIARY, Dice, Elf, FLAGS_1, Memory, NEEDED, RPATH, RUNPATH, SONAME, parse};

fn rich(class: Class, order: Order) -> Elf {
    let mut elf = Elf::new(class, order);
    elf.interp = Some("/lib/ld.so.1");
    for (tag, text) in [
        (NEEDED, "libb.so"),
        (AUXILIARY, "libaux.so"),
        (NEEDED, "liba.so"),
        (SONAME, "libself.so.1"),
        (RPATH, "/r"),
        (RUNPATH, "$ORIGIN/../lib:/x"),
    ] {
        elf.strings.push((tag, text.into()));
    }
    elf.numbers = vec![(FLAGS_1, 0x0800_0800)];
    let json = br#"[{"feature":"f","priority":"suggested","soname":["libz.so.1","libz.so"]},{"soname":["libq.so"]},{"soname":[]},7]"#;
    let mut notes = elf.note(1, b"GNU\0", b"1234");
    notes.extend(elf.note(0x407c_0c0a, b"FDO\0", json));
    elf.notes = notes;
    elf.text = b"\0libdyn.so.5\0".to_vec();
    elf
}

const KINDS: [(Class, Order); 4] = [
    (Class::Bits32, Order::Little),
    (Class::Bits32, Order::Big),
    (Class::Bits64, Order::Little),
    (Class::Bits64, Order::Big),
];

#[test]
fn reads_all_four_kinds() {
    for (class, order) in KINDS {
        let object = parse(rich(class, order).bytes()).unwrap().unwrap();
        assert_eq!((object.class, object.order), (class, order));
        assert_eq!(object.interpreter.as_deref(), Some(&b"/lib/ld.so.1"[..]));
        assert_eq!(
            object.needed().collect::<Vec<_>>(),
            [&b"libb.so"[..], b"liba.so"]
        );
        assert_eq!(object.dependencies[1].name, b"libaux.so");
        assert_eq!(object.soname.as_deref(), Some(&b"libself.so.1"[..]));
        assert_eq!(object.rpath.as_deref(), Some(&b"/r"[..]));
        assert_eq!(object.runpath.as_deref(), Some(&b"$ORIGIN/../lib:/x"[..]));
        assert!(object.nodeflib && object.pie && object.dynamic && !object.is_static());
        let note = |feature: &str, priority, names: &[&str]| DlopenNote {
            feature: feature.into(),
            priority,
            sonames: names.iter().map(|name| name.as_bytes().to_vec()).collect(),
        };
        assert_eq!(
            object.dlopen,
            [
                note("f", Priority::Suggested, &["libz.so.1", "libz.so"]),
                note("", Priority::Recommended, &["libq.so"])
            ]
        );
    }
}

#[test]
fn a_file_cut_anywhere_is_an_error_or_an_object() {
    for (class, order) in KINDS {
        let elf = rich(class, order);
        let whole = elf.bytes();
        let mut parts = Vec::new();
        for len in 0..whole.len() {
            match parse(whole[..len].to_vec()) {
                Ok(None) => assert!(len < 4),
                Ok(Some(_)) => assert!(len >= whole.len() - elf.text.len()),
                Err(ElfError::Truncated { part, size, .. }) => {
                    assert_eq!(size, len as u64);
                    parts.push(part);
                }
                // A string that is cut lies in a segment that says to be longer.
                Err(error) => panic!("{len}: {error}"),
            }
        }
        parts.dedup();
        for part in [
            Part::Header,
            Part::ProgramHeaders,
            Part::Dynamic,
            Part::Interpreter,
        ] {
            assert!(parts.contains(&part), "{part}");
        }
        assert!(parts.contains(&Part::Notes));
    }
}

#[test]
fn a_string_cut_off_says_so() {
    // The string table at the end of the file, which is cut in it.
    let mut elf = Elf::lib(&[(NEEDED, "liba.so")]);
    elf.text = b"libtail.so\0".to_vec();
    let bytes = elf.bytes();
    let tail = (bytes.len() - 11 - (64 + 2 * 56)) as u64;
    elf.strings.push((SONAME, String::new()));
    elf.strings.pop();
    elf.numbers = vec![(SONAME, tail + 16)];
    let mut bytes = elf.bytes();
    bytes.truncate(bytes.len() - 3);
    let error = parse(bytes).unwrap_err();
    assert!(
        matches!(
            error,
            ElfError::Truncated {
                part: Part::StringTable,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn no_mutation_panics() {
    let mut dice = Dice(0x1234_5678_9abc_def1);
    for (class, order) in KINDS {
        let whole = rich(class, order).bytes();
        for _ in 0..4000 {
            let mut bytes = whole.clone();
            dice.mutate(&mut bytes);
            let mut files = Memory::new();
            let node = files.file("/bin/x", bytes);
            let _ = soname_strings(&files, node);
            let objects = Objects::new(&files);
            if let Ok(closure) = closure(&objects, &LoaderConfig::default(), node) {
                assert!(closure.nodes().contains(&node));
            }
        }
        // Each byte of the headers, each special value.
        for at in 0..whole.len().min(300) {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                let _ = parse(bytes);
            }
        }
    }
}

#[test]
fn other_files_are_no_objects() {
    for bytes in [&b""[..], b"\x7fEL", b"#!/bin/sh\n", b"\x7fELG............"] {
        assert_eq!(parse(bytes.to_vec()), Ok(None));
    }
    let mut files = Memory::new();
    files.file("/d/f", Vec::new());
    let dir = files.resolve(b"/d").unwrap().node;
    assert_eq!(super::Object::parse(&files, dir), Ok(None));
    let objects = Objects::new(&files);
    let error = closure(&objects, &LoaderConfig::default(), dir).unwrap_err();
    assert_eq!(error, ElfError::NotElf);
}

#[test]
fn limits_hold() {
    let mut elf = Elf::lib(&[]);
    elf.numbers = vec![(0x1234, 1); 70_000];
    let error = parse(elf.bytes()).unwrap_err();
    assert!(
        matches!(
            error,
            ElfError::TooLarge {
                part: Part::Dynamic,
                ..
            }
        ),
        "{error}"
    );

    let long = "a".repeat(70_000);
    let error = parse(Elf::lib(&[(NEEDED, &long)]).bytes()).unwrap_err();
    assert!(
        matches!(
            error,
            ElfError::TooLarge {
                part: Part::StringTable,
                ..
            }
        ),
        "{error}"
    );

    // The same long string again and again must not fill memory.
    let long = "a".repeat(60_000);
    let mut elf = Elf::lib(&[(SONAME, &long)]);
    elf.numbers = vec![(NEEDED, 1); 60_000];
    let error = parse(elf.bytes()).unwrap_err();
    assert!(
        matches!(
            error,
            ElfError::TooLarge {
                part: Part::StringTable,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn what_no_loader_touches_is_static() {
    let mut elf = Elf::lib(&[]);
    elf.e_type = 2;
    assert!(parse(elf.bytes()).unwrap().unwrap().is_static());
    let mut pie = Elf::lib(&[]);
    pie.numbers = vec![(FLAGS_1, 0x0800_0000)];
    assert!(parse(pie.bytes()).unwrap().unwrap().is_static());
    assert!(!parse(Elf::lib(&[]).bytes()).unwrap().unwrap().is_static());
    assert!(!parse(Elf::main(&[]).bytes()).unwrap().unwrap().is_static());
}

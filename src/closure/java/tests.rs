use std::io::Write as _;

use super::*;
use crate::closure::Files;
use crate::closure::memory::Memory;
use crate::closure::script::Environment;

/// A zip file with one entry.
fn archive(name: &str, content: &[u8], deflated: bool) -> Vec<u8> {
    let packed = if deflated {
        let mut out =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        out.write_all(content).unwrap();
        out.finish().unwrap()
    } else {
        content.to_vec()
    };
    let method = if deflated { 8u16 } else { 0 };
    let mut zip = b"PK\x03\x04\x14\0\0\0".to_vec();
    zip.extend(method.to_le_bytes());
    zip.extend([0; 8]);
    zip.extend((packed.len() as u32).to_le_bytes());
    zip.extend((content.len() as u32).to_le_bytes());
    zip.extend((name.len() as u16).to_le_bytes());
    zip.extend([0; 2]);
    zip.extend(name.as_bytes());
    zip.extend(&packed);
    let start = zip.len() as u32;
    zip.extend(b"PK\x01\x02\x14\0\x14\0\0\0");
    zip.extend(method.to_le_bytes());
    zip.extend([0; 8]);
    zip.extend((packed.len() as u32).to_le_bytes());
    zip.extend((content.len() as u32).to_le_bytes());
    zip.extend((name.len() as u16).to_le_bytes());
    zip.extend([0; 16]);
    zip.extend(name.as_bytes());
    let size = zip.len() as u32 - start;
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend(size.to_le_bytes());
    zip.extend(start.to_le_bytes());
    zip.extend([0; 2]);
    zip
}

fn tree() -> Memory {
    let mut files = Memory::new();
    for path in [
        "/app/lib/a.jar",
        "/app/lib/b.JAR",
        "/app/lib/c.txt",
        "/app/with space.jar",
        "/app/service.jar",
        "/app/app.properties",
        "/etc/security/policy",
        "/opt/agent.jar",
        "/opt/libagent.so",
    ] {
        files.file(path, Vec::new());
    }
    files
}

fn paths(files: &Memory, needs: &[Need]) -> Vec<String> {
    let path = |need: &Need| String::from_utf8(files.path(need.found.node)).unwrap();
    let mut paths: Vec<String> = needs.iter().map(path).collect();
    paths.sort();
    paths
}

#[test]
fn the_class_path_of_a_manifest_starts_at_the_directory_of_the_archive() {
    let manifest = "Manifest-Version: 1.0\r\nClass-Path: lib/a.jar ./lib/b.JAR with%20spa\r\n \
                    ce.jar file:/opt/agent.jar lib/ none.jar http://x/y ../etc/security/policy\r\n\
                    \r\nName: x\r\nClass-Path: app.properties\r\n";
    let expected = [
        "/app/lib",
        "/app/lib/a.jar",
        "/app/lib/b.JAR",
        "/app/with space.jar",
        "/etc/security/policy",
        "/opt/agent.jar",
    ];
    for deflated in [false, true] {
        for before in ["", "#!/bin/sh\nexec java -jar $0\n"] {
            let mut files = tree();
            let mut bytes = before.as_bytes().to_vec();
            bytes.extend(archive(
                "META-INF/MANIFEST.MF",
                manifest.as_bytes(),
                deflated,
            ));
            let node = files.file("/app/main.jar", bytes);
            let needs = jar(&files, node).unwrap();
            assert_eq!(paths(&files, &needs), expected);
            assert!(needs.iter().all(|need| need.line == Some(2)));
        }
    }
}

#[test]
fn an_archive_without_a_manifest_needs_nothing() {
    let mut files = tree();
    let node = files.file("/app/main.jar", archive("x", b"y", true));
    assert_eq!(jar(&files, node).unwrap(), []);
}

#[test]
fn broken_archives_are_errors() {
    let whole = archive("META-INF/MANIFEST.MF", b"Class-Path: lib/a.jar\n", true);
    // The last two bytes are the length of a comment.
    for len in 0..whole.len() - 2 {
        let mut files = tree();
        let node = files.file("/app/main.jar", whole[..len].to_vec());
        assert!(jar(&files, node).is_err(), "{len}");
    }
    for at in 0..whole.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            let mut files = tree();
            let node = files.file("/app/main.jar", bytes);
            // Whatever it says, it neither panics nor reads without bound.
            let _ = jar(&files, node);
        }
    }
}

#[test]
fn a_manifest_that_grows_beyond_the_limit_is_an_error() {
    let mut files = tree();
    let node = files.file(
        "/app/main.jar",
        archive("META-INF/MANIFEST.MF", &vec![b' '; 17 << 20], true),
    );
    assert!(jar(&files, node).is_err());
}

#[test]
fn a_command_line_names_files_in_many_ways() {
    let table: [(&str, &str, &[&str]); 15] = [
        ("java -jar service.jar", "", &["/app/service.jar"]),
        (
            "java -Xmx1g -jar service.jar app.properties",
            "",
            &["/app/app.properties", "/app/service.jar"],
        ),
        (
            "java -jar service.jar --config=/app/app.properties",
            "",
            &["/app/app.properties", "/app/service.jar"],
        ),
        (
            "java -cp lib/a.jar:/opt/agent.jar Main",
            "",
            &["/app/lib/a.jar", "/opt/agent.jar"],
        ),
        (
            "java -cp lib/* Main",
            "",
            &["/app/lib/a.jar", "/app/lib/b.JAR"],
        ),
        ("java --class-path=lib Main", "", &["/app/lib"]),
        ("java -p lib -m mod/Main", "", &["/app/lib"]),
        (
            "java -javaagent:/opt/agent.jar=x=app.properties Main",
            "",
            &["/app/app.properties", "/opt/agent.jar"],
        ),
        (
            "java -agentpath:/opt/libagent.so=y Main",
            "",
            &["/opt/libagent.so"],
        ),
        (
            "java -Djava.security.policy==/etc/security/policy Main",
            "",
            &["/etc/security/policy"],
        ),
        (
            "java -Dconfig=file:/app/app.properties Main",
            "",
            &["/app/app.properties"],
        ),
        (
            "java @args Main",
            "",
            &["/app/args", "/app/lib/a.jar", "/app/with space.jar"],
        ),
        ("java Main", "CLASSPATH=lib/a.jar", &["/app/lib/a.jar"]),
        (
            "java Main",
            "JAVA_TOOL_OPTIONS=-javaagent:/opt/agent.jar",
            &["/opt/agent.jar"],
        ),
        (
            "java Main / . ..",
            "JDK_JAVA_OPTIONS=-cp lib/a.jar",
            &["/app/lib/a.jar"],
        ),
    ];
    for (text, variable, expected) in table {
        let mut files = tree();
        files.file(
            "/app/args",
            b"# first\n-cp \"lib/a.jar:with space.jar\"\n".to_vec(),
        );
        let env = Environment::new([variable.as_bytes()], b"/app");
        let words: Vec<Vec<u8>> = text.split(' ').map(Into::into).collect();
        let found = paths(&files, &command(&files, &words, &env));
        assert_eq!(found, expected, "{text}");
    }
}

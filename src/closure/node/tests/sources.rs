//! What small sources ask for.

use std::time::{Duration, Instant};

use super::super::manifest::package_name;
use super::super::tooling::is_tooling;
use super::super::{Manifest, command, is_builtin, scan};

fn names(source: &str) -> Vec<String> {
    scan(source.as_bytes())
        .requests
        .into_iter()
        .map(|request| request.name)
        .collect()
}

#[test]
fn requests() {
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        ("require('a')", &["a"]),
        ("require(\"a/b\")", &["a/b"]),
        ("require(`a`)", &["a"]),
        ("const {x} = require('a'), y = require('b').z", &["a", "b"]),
        ("require.resolve('a')", &["a"]),
        ("require.resolve('a', {paths: []})", &["a"]),
        ("module.require('a')", &["a"]),
        ("x.require('a')", &[]),
        ("function require(a) {}", &[]),
        ("[...require('a')]", &["a"]),
        ("import 'a'", &["a"]),
        ("import a from 'b'", &["b"]),
        ("import {a as b, c} from 'd'", &["d"]),
        ("import a, {b} from 'c'", &["c"]),
        ("import * as a from 'b'", &["b"]),
        ("import{a}from'b'", &["b"]),
        ("import {\n a,\n b,\n} from\n 'c'", &["c"]),
        ("import {'a-b' as c} from 'd'", &["d"]),
        ("import from from 'a'", &["a"]),
        ("import type {A} from 'b'", &["b"]),
        ("import type A from 'b'", &["b"]),
        ("import {type A} from 'b'", &["b"]),
        ("import a = require('b')", &["b"]),
        ("import a from 'b' with {type: 'json'}", &["b"]),
        ("import defer * as a from 'b'", &["b"]),
        ("export * from 'a'", &["a"]),
        ("export * as b from 'a'", &["a"]),
        ("export {a, b as default} from 'c'", &["c"]),
        ("export{a}from'c'", &["c"]),
        ("export type {A} from 'c'", &["c"]),
        ("export const from = 'a'", &[]),
        ("export {a}; const from = 'x'", &[]),
        ("import('a')", &["a"]),
        ("await import(`a`)", &["a"]),
        ("import('a', {with: {}})", &["a"]),
        ("import(/* webpackChunkName: \"x\" */ 'a')", &["a"]),
        ("import.meta.resolve('a')", &["a"]),
        ("import.meta.url; import 'a'", &["a"]),
        ("x.import('a')", &[]),
        ("require(a ? 'b' : 'c')", &["b", "c"]),
        ("#!/usr/bin/env node\nrequire('a')", &["a"]),
        ("\u{feff}require('a')", &["a"]),
        // Not requests.
        ("// require('a')", &[]),
        ("/* require('a') */", &[]),
        ("\"require('a')\"", &[]),
        ("`require('a')`", &[]),
        ("`${require('a')}`", &["a"]),
        ("`a ${`b ${require('c')} d`} e`; require('f')", &["c", "f"]),
        ("`${{a: '}'}}`; require('b')", &["b"]),
        ("'\\'; require(1)'; require('a')", &["a"]),
        // Regular expressions and division.
        ("x = /'/; require('a')", &["a"]),
        ("x = /[/']/; require('a')", &["a"]),
        ("x = /\\/'/g; require('a')", &["a"]),
        ("a / b; require('c'); d / e", &["c"]),
        ("a() / 2; require('b') / 1", &["b"]),
        ("a[0] / 2 + '/'; require('b')", &["b"]),
        ("if (x) /'/.test(y); require('a')", &["a"]),
        ("return /\"/.test(x); require('a')", &["a"]),
        ("(x) / 2; y = '/'; require('a')", &["a"]),
        ("{} /'/.test(x); require('a')", &["a"]),
        ("x = {} / 2; y = '/'; require('a')", &["a"]),
        ("i++ / 2; y = '/'; require('a')", &["a"]),
        ("x = y ? /'/ : /\"/; require('a')", &["a"]),
        ("() => /`/; require('a')", &["a"]),
        ("x.return / 2; '/'; require('a')", &["a"]),
        ("1 / 2; '/'; require('a')", &["a"]),
        ("`a` / 2; '/'; require('a')", &["a"]),
        // JSX and TypeScript.
        ("const a = <p>Don't</p>\nrequire('b')", &["b"]),
        ("const a = <p>a ` b</p>\nrequire('b')", &["b"]),
        ("const a = <p>src/*.js</p>\nrequire('b')", &["b"]),
        ("const a = <A b='c'>{require('d')}</A>", &["d"]),
        (
            "function f<T extends A>(x: T): x is B { return require('a') }",
            &["a"],
        ),
        ("@dec() class A { private x = require('a') }", &["a"]),
        ("let x = <any>require('a')", &["a"]),
    ];
    for (source, want) in cases {
        let mut found = names(source);
        found.dedup();
        assert_eq!(found, *want, "{source:?}");
    }
}

#[test]
fn computed_names() {
    let cases: &[(&str, &[&str])] = &[
        ("require(x)", &[""]),
        ("require('./a/' + x)", &["./a/"]),
        ("import(`./locale/${x}.js`)", &["./locale/"]),
        ("require(path.join(__dirname, 'x'))", &[""]),
        ("require()", &[]),
        ("require('a')", &[]),
        ("\n\nrequire(x)", &[""]),
    ];
    for (source, want) in cases {
        let found = scan(source.as_bytes()).dynamic;
        let starts: Vec<_> = found.iter().map(|(_, start)| start.as_str()).collect();
        assert_eq!(starts, *want, "{source:?}");
    }
    assert_eq!(scan(b"/*\n*/\nrequire(x)").dynamic[0].0, 3);
}

#[test]
fn package_names() {
    let cases: &[(&str, Option<&str>)] = &[
        ("a", Some("a")),
        ("a/b/c", Some("a")),
        ("@a/b", Some("@a/b")),
        ("@a/b/c", Some("@a/b")),
        ("@a", None),
        ("./a", None),
        ("../a", None),
        ("/a", None),
        ("#a", None),
        ("", None),
        ("@/a", None),
        ("~/a", Some("~")),
        ("https://a/b", None),
        ("a b", None),
        ("@a/..", None),
    ];
    for (request, want) in cases {
        assert_eq!(package_name(request), *want, "{request:?}");
    }
    assert!(is_builtin("fs") && is_builtin("node:test") && is_builtin("fs/promises"));
    assert!(!is_builtin("punycode/") && !is_builtin("test") && is_builtin("punycode"));
}

#[test]
fn tooling() {
    for path in [
        "/a/test/b.js",
        "/a/b.test.ts",
        "/a/eslint.config.mjs",
        "/a/.eslintrc.js",
        "/gulpfile.js",
    ] {
        assert!(is_tooling(path.as_bytes()), "{path}");
    }
    for path in [
        "/a/server.js",
        "/a/next.config.js",
        "/a/config.js",
        "/a/testing.js",
        "/a/latest/b.js",
    ] {
        assert!(!is_tooling(path.as_bytes()), "{path}");
    }
}

#[test]
fn manifests() {
    let manifest = Manifest::parse(
        b"\xef\xbb\xbf{\"name\":1,\"dependencies\":{\"a\":\"1\"},\"peerDependencies\":{\"b\":\"*\"},
        \"bundledDependencies\":[\"c\",2],\"devDependencies\":{\"d\":\"1\"},\"scripts\":{\"start\":\"node x\",\"y\":1},
        \"imports\":{\"#x\":{\"node\":\"e/sub\",\"default\":\"./x.js\"}}}",
    );
    let manifest = manifest.unwrap();
    assert_eq!(manifest.name, None);
    assert_eq!(
        manifest.dependencies.iter().collect::<Vec<_>>(),
        ["a", "b", "c", "e"]
    );
    assert_eq!((manifest.development.len(), manifest.scripts.len()), (1, 1));
    for broken in ["", "{", "[]x", "\"a\": 1", "nul"] {
        assert!(Manifest::parse(broken.as_bytes()).is_err(), "{broken}");
    }
    assert!(Manifest::parse("[".repeat(100_000).as_bytes()).is_err());
    assert_eq!(Manifest::parse(b"[]").unwrap(), Manifest::default());
}

#[test]
fn commands() {
    let line = [
        "sh".to_owned(),
        "-c".to_owned(),
        "A=1 npm run \"x\" && node y.js".to_owned(),
    ];
    assert_eq!(
        command::words(&line),
        ["sh", "-c", "A=1", "npm", "run", "x", "node", "y.js"]
    );
    assert_eq!(command::loads("-r", Some("a/b")), Some("a/b"));
    assert_eq!(command::loads("--import=a", None), Some("a"));
    assert_eq!(command::loads("a=b", Some("c")), None);
}

const SOURCE: &[u8] = br#"#!/x
import a, {b as c} from 'd'; export * from "e"
const f = `x ${g(`y ${z}`)} \` w`, r = /[/'"]\/x/g.exec(y) / 2 /* c */ // d
if (x) /'/.test(y); require('h' + i); import(`j/${k}`)
"#;

#[test]
fn hostile_sources() {
    for end in 0..=SOURCE.len() {
        scan(&SOURCE[..end]);
        scan(&SOURCE[end..]);
    }
    let mut random = crate::closure::python::tests::hostile::Random(77);
    let pieces: &[&str] = &[
        "import ", "export ", "from ", "'", "\"", "`", "${", "}", "{", "(", ")", "/", "[", "]",
        "\\", "\n", "//", "/*", "*/", "require(", "a", "if", "+", "<", ",", "*", "=>", ".", "?",
        ":", "\u{e9}", "\r",
    ];
    for _ in 0..3000 {
        let source: String = (0..random.next() % 60)
            .map(|_| pieces[(random.next() as usize) % pieces.len()])
            .collect();
        scan(source.as_bytes());
        let noise: Vec<u8> = (0..100).map(|_| random.next() as u8).collect();
        scan(&noise);
    }
    let long: &[&str] = &[
        "/",
        "/[",
        "= /a",
        "`",
        "`${",
        "/*",
        "(`${`",
        "import {",
        "require(",
        "import a,",
        "(",
        "{",
        "((`",
        "`${1}`",
        "import * ",
        "require(a ? ",
        "'",
        "\\",
        "export {a ",
        "(`a`",
        "`${`${)`",
    ];
    for piece in long {
        let source = piece.repeat(300_000 / piece.len());
        let start = Instant::now();
        scan(source.as_bytes());
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{piece:?} {:?}",
            start.elapsed()
        );
    }
}

//! What small sources import.

use super::super::scan;

/// Imports as `..module:name,name@line`, with a `!` for calls.
fn imports(source: &[u8]) -> Vec<String> {
    let found = scan(source).imports.into_iter();
    let show = |import: crate::closure::python::Import| {
        let mut text = ".".repeat(import.level as usize) + &import.module;
        if !import.names.is_empty() {
            text = format!("{text}:{}", import.names.join(","));
        }
        if import.call {
            text.push('!');
        }
        text
    };
    found.map(show).collect()
}

#[test]
fn statements() {
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        ("import a", &["a"]),
        ("import a\n", &["a"]),
        ("import a.b.c", &["a.b.c"]),
        ("import a as b", &["a"]),
        ("import a as b, c.d as e, f", &["a", "c.d", "f"]),
        ("import a,b;import c", &["a", "b", "c"]),
        ("from a import b", &["a:b"]),
        ("from a.b import c as d, e", &["a.b:c,e"]),
        ("from a import *", &["a"]),
        ("from a import (b)", &["a:b"]),
        ("from a import (b,)", &["a:b"]),
        (
            "from a import (\n  b as c, # note\n  d,\n)\nimport e",
            &["a:b,d", "e"],
        ),
        ("from a import (b as\n c, d\n as e)", &["a:b,d"]),
        ("from . import a", &[".:a"]),
        ("from .. import a, b", &["..:a,b"]),
        ("from ...a.b import c", &["...a.b:c"]),
        ("from . a import b", &[".a:b"]),
        ("from.a import b", &[".a:b"]),
        ("from . import (a, b as c)", &[".:a,b"]),
        ("from .import a", &[".:a"]),
        ("import a \\\n , b", &["a", "b"]),
        ("from a \\\n import \\\n b", &["a:b"]),
        ("import \\\r\n a", &["a"]),
        ("try: import a\nexcept ImportError: import b", &["a", "b"]),
        ("if TYPE_CHECKING:\n\tfrom a import b", &["a:b"]),
        ("def f():\n  import a\n", &["a"]),
        ("async def f():\n  async with x: import a", &["a"]),
        (
            "match x:\n  case 1: import a\n  case _: import b",
            &["a", "b"],
        ),
        ("class A: import a", &["a"]),
        ("x = 1; import a; y = 2", &["a"]),
        ("\u{feff}import a", &["a"]),
        ("# -*- coding: latin-1 -*-\nimport a", &["a"]),
        ("#!/usr/bin/python\nimport a", &["a"]),
        ("import a\r\nimport b\rimport c", &["a", "b", "c"]),
        ("\x0cimport a", &["a"]),
        ("import é", &["é"]),
        // Not imports.
        ("# import a", &[]),
        ("'import a'", &[]),
        ("\"\"\"\nimport a\n\"\"\"\nimport b", &["b"]),
        ("'''import a\n'''", &[]),
        ("r'\\'; import a'", &[]),
        ("'\\\nimport a'\nimport b", &["b"]),
        ("'it\\'s'; import a", &["a"]),
        ("'' ; import a", &["a"]),
        ("'''a''' ; import b", &["b"]),
        ("'''a\\''''; import b", &["b"]),
        ("b'x'; import a", &["a"]),
        ("rb'\\\\'; import a", &["a"]),
        ("Rb'''\n'''; import a", &["a"]),
        ("u'x'; import a", &["a"]),
        ("importer = 1", &[]),
        ("x.imports = 1", &[]),
        ("def f():\n  yield from a\n  raise E from b\n", &[]),
        ("yield from importlib.import_module('a')", &["a!"]),
        ("from a", &[]),
        ("import", &[]),
        ("from . import", &["."]),
        ("import a.", &["a"]),
        ("x = 'unterminated\nimport a", &["a"]),
        ("x = ((( \nimport a", &["a"]),
        ("x = )))\nimport a", &["a"]),
        ("lambda: 1 if 1else 2; import a", &["a"]),
        ("x = 0x1for; import a", &["a"]),
        // f-strings.
        ("f'import a'", &[]),
        ("f'{x}'; import a", &["a"]),
        ("f'{{'; import a", &["a"]),
        ("f'{{{x}}}'; import a", &["a"]),
        ("f'{d[\"k\"]}'; import a", &["a"]),
        ("f'{d['k']}'; import a", &["a"]),
        ("f'{f'{f'{1}'}'}'; import a", &["a"]),
        ("f\"{x:%H:%M}\"; import a", &["a"]),
        ("f\"{x:{w}.{p}}\"; import a", &["a"]),
        ("f\"{x!r:>{w}}\"; import a", &["a"]),
        ("f'{x = }'; import a", &["a"]),
        ("f'{ {1: 2}[1] }'; import a", &["a"]),
        ("f'{(lambda y: y)(1)}'; import a", &["a"]),
        ("f'''{\n x\n}\n'''; import a", &["a"]),
        ("f'{x\n}'; import a", &["a"]),
        ("f'\\N{DASH}'; import a", &["a"]),
        ("rf'\\{x}'; import a", &["a"]),
        ("f'{\"}\"}'; import a", &["a"]),
        ("f'{x:\\'>3}'; import a", &["a"]),
        ("t'{x}'; import a", &["a"]),
        ("f'{__import__(\"a\")}'", &["a!"]),
        ("f'{x}' 'import b'; import a", &["a"]),
        ("f'unterminated {x\nimport a", &["a"]),
        ("f'}'; import a", &["a"]),
    ];
    for (source, want) in cases {
        assert_eq!(imports(source.as_bytes()), *want, "{source:?}");
    }
}

#[test]
fn calls() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("importlib.import_module('a.b')", &["a.b!"], &[]),
        ("import_module(\"a\")", &["a!"], &[]),
        ("import_module(\n    'a',\n)", &["a!"], &[]),
        ("import_module(name='a')", &["a!"], &[]),
        ("import_module('.a', package=__name__)", &[".a!"], &[]),
        ("import_module('.', __package__)", &[".!"], &[]),
        ("__import__('a.b', fromlist=['c'])", &["a.b!"], &[]),
        ("import_string('a.b:c')", &["a.b!"], &[]),
        ("pytest.importorskip('a')", &["a!"], &[]),
        ("import_optional_dependency('a')", &["a!"], &[]),
        ("importlib.util.find_spec('a')", &["a!"], &[]),
        ("import_module(x)", &[], &[""]),
        ("import_module('a.' + x)", &[], &["a."]),
        ("import_module('a.%s' % x)", &[], &["a.%s"]),
        ("import_module(f'a.b.{x}')", &[], &["a.b."]),
        ("__import__(x)", &[], &[""]),
        ("def import_module(name): pass", &[], &[]),
        ("import_module()", &[], &[]),
        ("import_module", &[], &[]),
        ("import_module('not a module')", &[], &[]),
        ("import_string(x)", &[], &[]),
        ("ctypes.CDLL('libc.so.6')", &[], &["libc.so.6"]),
        ("cdll.LoadLibrary(path)", &[], &[""]),
        ("ctypes.util.find_library('c')", &[], &["c"]),
        ("import_module(import_module('a').x)", &["a!"], &[""]),
    ];
    for (source, want, dynamic) in cases {
        assert_eq!(imports(source.as_bytes()), *want, "{source:?}");
        let found: Vec<_> = scan(source.as_bytes())
            .dynamic
            .into_iter()
            .map(|d| d.text)
            .collect();
        assert_eq!(found, *dynamic, "{source:?}");
    }
}

#[test]
fn imports_that_cannot_be_first() {
    let cases: &[(&str, &[&str])] = &[
        (
            "def f():\n  if 'a' in sys.modules:\n    import a\n  import b",
            &["b"],
        ),
        (
            "def f():\n  if 'a' in sys.modules:\n    pass\n  import a",
            &["a"],
        ),
        (
            "def f():\n  if 'a' not in sys.modules:\n    return\n  from a import b\ndef g():\n  import a",
            &["a"],
        ),
        (
            "def f():\n  if 'a' not in sys.modules:\n    import a\n  import a",
            &["a", "a"],
        ),
        (
            "def f():\n  if 'a' in sys.modules or x:\n    import a",
            &["a"],
        ),
        ("def f():\n  if 'a' in modules:\n    import a", &["a"]),
        ("if 'a' in sys.modules: pass\nimport a", &["a"]),
    ];
    for (source, want) in cases {
        let source = format!("import os\n{source}");
        let want: Vec<_> = ["os"].iter().chain(*want).collect();
        assert_eq!(
            imports(source.as_bytes()).iter().collect::<Vec<_>>(),
            want,
            "{source:?}"
        );
    }
}

#[test]
fn lines_are_counted() {
    let source = b"'''\n\n'''\r\nimport a\rimport b\nx = \\\n 1\nf'''{\n1}\n'''; import c";
    let lines: Vec<_> = scan(source)
        .imports
        .into_iter()
        .map(|import| import.line)
        .collect();
    assert_eq!(lines, [4, 5, 10]);
}

#[test]
fn literals() {
    let found = scan(b"A = ['django.contrib.auth', \"two words\", b'x', f'y{z}', 'a://b', '']");
    let texts: Vec<_> = found.literals.iter().map(|literal| literal.text).collect();
    assert_eq!(texts, ["django.contrib.auth", "x", "a://b"]);
}

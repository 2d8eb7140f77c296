//! Small images in which one file is what the fuzzer made and the others are
//! as they should be. The first byte of an input chooses which.

use crate::elf::Elf;
use crate::memory::Memory;

/// A tree by the name of its target.
pub struct Tree {
    pub target: &'static str,
    pub files: fn() -> Vec<(&'static str, Vec<u8>)>,
}

/// All of them.
pub const TREES: [Tree; 7] = [
    Tree {
        target: "elf",
        files: elf,
    },
    Tree {
        target: "installed",
        files: installed,
    },
    Tree {
        target: "java",
        files: java,
    },
    Tree {
        target: "node",
        files: node,
    },
    Tree {
        target: "plugins",
        files: plugins,
    },
    Tree {
        target: "python",
        files: python,
    },
    Tree {
        target: "scripts",
        files: scripts,
    },
];

/// The tree of `files` with the input in its place, and which file that is.
pub(crate) fn with(files: Vec<(&'static str, Vec<u8>)>, data: &[u8]) -> (Memory, &'static str) {
    let (which, contents) = crate::choice(data);
    let which = usize::from(which) % files.len();
    let mut tree = Memory::new();
    let mut chosen = "";
    for (at, (path, whole)) in files.into_iter().enumerate() {
        if at == which {
            chosen = path;
            tree.file(path, contents.to_vec());
        } else {
            tree.file(path, whole);
        }
    }
    (tree, chosen)
}

fn text(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

pub(crate) fn elf() -> Vec<(&'static str, Vec<u8>)> {
    let library = |name: &'static str| Elf::library(name).needs("libc.so.6");
    let mut loader = Elf::library("ld-linux-x86-64.so.2").bytes();
    loader.extend_from_slice(b"release version 2.36\0/lib/x86_64-linux-gnu/\0/usr/lib/\0");
    vec![
        (
            "/app/main",
            Elf::program().needs("liba.so").needs("libc.so.6").bytes(),
        ),
        ("/app/lib/liba.so", library("liba.so").bytes()),
        ("/app/musl.so", Elf::library("x").needs("libc.so").bytes()),
        ("/lib64/ld-linux-x86-64.so.2", loader),
        ("/lib/ld-musl-x86_64.so.1", Elf::library("libc.so").bytes()),
        ("/etc/ld.so.cache", cache("liba.so", "/app/lib/liba.so")),
        ("/etc/ld.so.conf", text("/app/lib\ninclude /etc/*.conf\n")),
        ("/etc/ld.so.preload", text("liba.so:/app/lib/liba.so # x\n")),
        (
            "/etc/ld-musl-x86_64.path",
            text("/nowhere\n/app/lib:/lib\n"),
        ),
        (
            "/lib/x86_64-linux-gnu/libc.so.6",
            Elf::library("libc.so.6").bytes(),
        ),
        (
            "/app/lib/glibc-hwcaps/x86-64-v3/liba.so",
            library("liba.so").bytes(),
        ),
    ]
}

/// A cache of the present format with one library for all processors.
fn cache(name: &str, path: &str) -> Vec<u8> {
    const HEADER: u32 = 48;
    const ENTRY: u32 = 24;
    let names = [name.as_bytes(), b"\0", path.as_bytes(), b"\0"].concat();
    let name_at = HEADER + ENTRY;
    let mut cache = b"glibc-ld.so.cache1.1".to_vec();
    for value in [1, names.len() as u32, 2, 0, 0, 0, 0] {
        cache.extend_from_slice(&value.to_le_bytes());
    }
    for value in [0x303, name_at, name_at + name.len() as u32 + 1, 0, 0, 0] {
        cache.extend_from_slice(&value.to_le_bytes());
    }
    cache.extend_from_slice(&names);
    cache
}

/// Databases of rpm, which are not there unless an input is one: the first byte
/// is then 128, or 192 for the second.
pub const RPM: [&str; 2] = [
    "/var/lib/rpm/rpmdb.sqlite",
    "/usr/lib/sysimage/rpm/Packages.db",
];

pub(crate) fn installed() -> Vec<(&'static str, Vec<u8>)> {
    let stanza = |name: &str, depends: &str| {
        format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\
             Depends: {depends}\nDescription: {name}\n more\n\n"
        )
    };
    vec![
        (
            "/var/lib/dpkg/status",
            text(&(stanza("bash", "libc6 (>= 2) | x, base") + &stanza("base", ""))),
        ),
        (
            "/var/lib/dpkg/info/bash.list",
            text("/.\n/bin\n/bin/bash\n"),
        ),
        (
            "/var/lib/dpkg/info/base.list",
            text("/.\n/etc\n/etc/base\n"),
        ),
        (
            "/var/lib/dpkg/diversions",
            text("/bin/sh\n/bin/sh.distrib\nbash\n"),
        ),
        (
            "/var/lib/dpkg/statoverride",
            text("root root 4755 /bin/bash\n"),
        ),
        ("/var/lib/dpkg/available", text(&stanza("bash", ""))),
        (
            "/var/lib/apt/extended_states",
            text("Package: bash\nArchitecture: amd64\nAuto-Installed: 1\n\n"),
        ),
        (
            "/var/lib/dpkg/alternatives/sh",
            text("auto\n/bin/sh\n\n/bin/bash\n10\n\n"),
        ),
        (
            "/var/lib/dpkg/triggers/File",
            text("/usr/share/x bash\n/usr/lib base/noawait\n"),
        ),
        (
            "/var/lib/dpkg/status.d/own",
            text("Package: own\nVersion: 1\n"),
        ),
        (
            "/lib/apk/db/installed",
            text(
                "P:musl\nV:1\nA:x86_64\np:so:libc.so\nF:lib\nR:libc.so\n\n\
                 P:busybox\nV:2\nD:so:libc.so !x\nF:bin\nR:busybox\n\n",
            ),
        ),
        ("/lib/apk/db/triggers", text("Q1abc= /lib /usr/lib\n")),
        ("/etc/apk/world", text("busybox\nmusl=1\n")),
        (
            "/usr/share/doc/bash/copyright",
            text("See /usr/share/common-licenses/GPL-3\n"),
        ),
        ("/bin/bash", text("x")),
        ("/bin/busybox", text("x")),
        ("/lib/libc.so", text("x")),
        ("/etc/base", text("x")),
    ]
}

pub(crate) fn java() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "/app/app.jar",
            jar(
                "Manifest-Version: 1.0\r\nMain-Class: a.B\r\nClass-Path: lib/b.jar lib/%63.j\r\n ar file:/x\r\n\r\n",
            ),
        ),
        (
            "command",
            text("java\0-cp\0/app/*:app.jar\0-javaagent:/app/a.jar=x\0@/app/args\0-jar\0app.jar"),
        ),
        (
            "/app/args",
            text("-Dx=\"a b\" -classpath \\\n 'lib/b.jar' # no\n-p lib"),
        ),
        ("/app/lib/b.jar", jar("Class-Path: ../app.jar b.jar\n")),
        ("/app/lib/c.jar", text("PK")),
    ]
}

/// A ZIP archive of one stored member, the manifest.
fn jar(manifest: &str) -> Vec<u8> {
    let name = b"META-INF/MANIFEST.MF";
    let len = (manifest.len() as u32).to_le_bytes();
    let sizes = [[0; 4], len, len].concat();
    let name_len = (name.len() as u16).to_le_bytes();
    let mut jar = b"PK\x03\x04\x0a\0\0\0\0\0\0\0\0\0".to_vec();
    jar.extend(sizes.iter().chain(&name_len).chain(&[0, 0]).chain(name));
    jar.extend_from_slice(manifest.as_bytes());
    let at = (jar.len() as u32).to_le_bytes();
    let mut directory = b"PK\x01\x02\x0a\0\x0a\0\0\0\0\0\0\0\0\0".to_vec();
    directory.extend(sizes.iter().chain(&name_len).chain(&[0; 16]).chain(name));
    // The place of the member is the last of the fixed fields, and zero.
    let directory_len = (directory.len() as u32).to_le_bytes();
    jar.extend_from_slice(&directory);
    jar.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    jar.extend(directory_len.iter().chain(&at).chain(&[0, 0]));
    jar
}

pub(crate) fn node() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "/app/server.js",
            text(
                "const a = require('a'); import('./b.mjs'); import x from \"@s/b/y\"; require(`c${d}`)\n",
            ),
        ),
        (
            "/app/package.json",
            text(
                r##"{"name":"app","scripts":{"start":"node -r a server.js","prestart":"tool --x"},"dependencies":{"a":"1"},"devDependencies":{"tool":"1"},"imports":{"#x":"./b.mjs"}}"##,
            ),
        ),
        (
            "/app/node_modules/a/package.json",
            text(
                r#"{"name":"a","bin":{"tool":"t.js"},"dependencies":{"@s/b":"1"},"peerDependencies":{"c":"*"},"bundledDependencies":["c"]}"#,
            ),
        ),
        (
            "/app/node_modules/a/index.ts",
            text("import type { X } from 'c'; export * from 'a/b'; require.resolve('c')"),
        ),
        (
            "/app/trace.json",
            text(r#"{"files":["node_modules/c/x.js","@s/b"]}"#),
        ),
        (
            "command",
            text("NODE_ENV=x npm run start && npx tool 'a b'"),
        ),
        (
            "/app/b.mjs",
            text("/* x */ `${ require('c') }` / 2 / /re'/.test(1)"),
        ),
        ("/app/node_modules/@s/b/package.json", text("{}")),
        ("/app/node_modules/c/package.json", text("{}")),
    ]
}

pub(crate) fn plugins() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "/etc/nginx/nginx.conf",
            text(
                "load_module modules/a.so;\ninclude conf.d/*.conf;\nhttp { server { root \"/srv/x\"; include mime.types; ssl_certificate ${x}/c.pem; # y\n} }\n",
            ),
        ),
        (
            "/etc/nginx/conf.d/a.conf",
            text("include nginx.conf; access_log /var/log/x combined;\n"),
        ),
        (
            "/etc/apache2/apache2.conf",
            text(
                "ServerRoot \"/etc/apache2\"\nDefine X mods\nInclude ${X}-enabled/*.load\nIncludeOptional sites/*.conf \\\n\n<IfModule x>\nLoadModule a /usr/lib/a.so\n</IfModule>\n",
            ),
        ),
        (
            "/etc/apache2/envvars",
            text("export APACHE_RUN_DIR=/run/x$SUFFIX\nunset Y\n"),
        ),
        (
            "/etc/apache2/mods-enabled/a.load",
            text("LoadModule a_module /usr/lib/apache2/modules/a.so\n"),
        ),
        (
            "/etc/nsswitch.conf",
            text("passwd: files [NOTFOUND=return] systemd # x\nhosts:dns\n"),
        ),
        (
            "/etc/pam.d/login",
            text(
                "auth required pam_unix.so nullok\n@include other\nsession [a=1 default=x] \\\n /lib/security/pam_x.so [a b]\n",
            ),
        ),
        (
            "/etc/pam.d/other",
            text("-auth include login\nauth substack login\n"),
        ),
        ("/etc/pam.conf", text("login auth required pam_unix.so\n")),
        ("/usr/sbin/nginx", text("x")),
        ("/usr/sbin/apache2", text("x")),
        ("/usr/lib/x86_64-linux-gnu/libc.so.6", text("x")),
        ("/usr/lib/x86_64-linux-gnu/libpam.so.0", text("x")),
        ("/usr/lib/x86_64-linux-gnu/libnss_systemd.so.2", text("x")),
        ("/usr/lib/x86_64-linux-gnu/security/pam_unix.so", text("x")),
        ("/usr/lib/apache2/modules/a.so", text("x")),
        ("/usr/lib/nginx/modules/a.so", text("x")),
    ]
}

pub(crate) fn python() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "/app/main.py",
            text(
                "import a.b as c, os\nfrom . import x\nfrom a import (b,\n c)\nX = ['d.e', \"postgresql+e://\"]\n__import__('d')\nif 'e' in sys.modules:\n  import e\n",
            ),
        ),
        (
            "/usr/lib/python3/dist-packages/a-1.dist-info/METADATA",
            text(
                "Name: A\nVersion: 1\nRequires-Dist: d[x,y]>=1,<2; python_version >= '3' and (extra == 'x' or os_name == \"nt\")\n\nbody\n",
            ),
        ),
        (
            "/usr/lib/python3/dist-packages/a-1.dist-info/RECORD",
            text(
                "a/__init__.py,sha256=x,1\n\"a/b,c.py\",,\n../../../bin/tool,,\na-1.dist-info/RECORD,,\n",
            ),
        ),
        (
            "/usr/lib/python3/dist-packages/a-1.dist-info/entry_points.txt",
            text("[console_scripts]\ntool = a.b:main [x]\n[d.plugins]\n# x\np = a:p\n"),
        ),
        (
            "/usr/lib/python3/dist-packages/a-1.dist-info/direct_url.json",
            text(r#"{"url":"file:///x","dir_info":{"editable":true}}"#),
        ),
        (
            "/usr/lib/python3/dist-packages/d-1.egg-info/requires.txt",
            text("e>=1\n[x:python_version<'3']\na\n"),
        ),
        (
            "/usr/lib/python3/dist-packages/d-1.egg-info/top_level.txt",
            text("d\n_d\n"),
        ),
        (
            "/usr/lib/python3/dist-packages/d-1.egg-info/PKG-INFO",
            text("Name: d\nVersion: 1\n"),
        ),
        (
            "/usr/lib/python3/dist-packages/d-1.egg-info/installed-files.txt",
            text("../d.py\n"),
        ),
        (
            "/usr/lib/python3/dist-packages/x.pth",
            text("/srv/more\nimport d; __import__('e')\n# y\n"),
        ),
        (
            "/usr/lib/python3/dist-packages/e.egg-link",
            text("/srv/e\n.\n"),
        ),
        (
            "word",
            text("gunicorn=a.b:c tool\0DATABASE_URL=postgresql+e://x"),
        ),
        (
            "/usr/lib/python3/dist-packages/a/__init__.py",
            text("for p in entry_points(group='d.plugins'): p\n'''\nimport no\n'''\n"),
        ),
        (
            "/usr/lib/python3/dist-packages/a/b.py",
            text("def f(): import d\n"),
        ),
        (
            "/usr/lib/python3/dist-packages/d.py",
            text("f'{x!r:{y}}' ; import_module('.b', 'a')"),
        ),
        ("/usr/bin/tool", text("#!/usr/bin/python3\nimport a\n")),
    ]
}

pub(crate) fn scripts() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "/app/run.sh",
            text(
                "#!/bin/sh -e\nD=$(dirname \"$0\")/lib; . $D/more.sh\nfor f in /app/*.d; do [ -x $f ] && \"$f\" \"$@\"; done\ncase $1 in a|b) exec su-exec x ${TOOL:-tool} ;; *) eval \"tool $X\" ;; esac\nf() { local y=${1##*/}; sh -c 'tool '$y; }; f /bin/tool; cat <<E\n$(tool)\nE\n",
            ),
        ),
        (
            "/app/lib/more.sh",
            text("PATH=/opt/x:$PATH; X=`echo a b`; . ./run.sh; alias y=tool; set -- 1 2\n"),
        ),
        (
            "/app/a.pl",
            text(
                "#!/usr/bin/env perl\nuse lib '/app/lib'; use A::B qw(c); require \"x.pl\"; eval { require D };\n=pod\nuse E;\n=cut\nA::B->new; __END__\nuse F;\n",
            ),
        ),
        (
            "/app/a.rb",
            text(
                "require 'a/b'\nrequire_relative \"../x\"\nautoload :C, 'c'\ngem 'd'\nload \"#{x}.rb\"\n=begin\n=end\n__END__\n",
            ),
        ),
        (
            "/app/a.php",
            text(
                "<?php require_once __DIR__ . '/b.php'; include('c.php'); # x\n$x = <<<E\nE;\n?> <?= dl('y.so') ?>",
            ),
        ),
        (
            "/etc/php/8.2/cli/php.ini",
            text(
                "extension=a.so\nzend_extension = \"/usr/lib/php/o.so\" ; x\nauto_prepend_file=/app/a.php\n",
            ),
        ),
        (
            "command",
            text("cd /app && exec ./run.sh \"$HOME\" | tool > x &"),
        ),
        ("/bin/sh", text("x")),
        ("/usr/bin/perl", text("x")),
        ("/bin/tool", text("#! /usr/bin/env -S sh -x\n")),
        ("/app/lib/A/B.pm", text("package A::B; 1;")),
        ("/usr/lib/ruby/vendor_ruby/a/b.rb", text("1")),
        ("/app/b.php", text("<?php ")),
    ]
}

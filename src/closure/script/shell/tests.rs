use super::*;
use crate::closure::memory::Memory;

const TOOLS: &[&str] = &[
    "a",
    "b",
    "c",
    "env",
    "gosu",
    "sh",
    "bash",
    "find",
    "xargs",
    "sudo",
    "tini",
    "timeout",
    "chroot",
    "run-parts",
    "sed",
    "python3.11",
    "which",
    "su",
    "time",
    "nohup",
    "setpriv",
];

fn tree() -> Memory {
    let mut files = Memory::new();
    for tool in TOOLS {
        files.file(&format!("/usr/bin/{tool}"), Vec::new());
    }
    for path in [
        "/opt/x/lib.sh",
        "/opt/x/run",
        "/opt/y/lib.sh",
        "/app/main.sh",
        "/app/near.sh",
        "/app/lib/far.sh",
        "/work/file.txt",
        "/work/tool",
        "/etc/default/one",
        "/etc/default/two",
        "/etc/x.conf",
        "/etc/y.conf",
        "/etc/init.d/web",
        "/hooks/10-a.sh",
        "/hooks/20-b.sh",
        "/hooks/.hidden",
        "/hooks/sub/30.sh",
    ] {
        files.file(path, Vec::new());
    }
    files
}

fn analyse(files: &Memory, text: &str) -> Shell {
    let env = [b"APP=/opt/x".as_slice(), b"PATH=/usr/bin"];
    let env = Environment::new(env, b"/work");
    shell(files, text.as_bytes(), Some(b"/app/main.sh"), &env)
}

/// The paths of the needs of a kind, sorted.
fn paths(files: &Memory, shell: &Shell, kind: NeedKind) -> String {
    let needs = shell.needs.iter().filter(|need| need.kind == kind);
    let mut paths: Vec<String> = needs
        .map(|need| String::from_utf8(files.path(need.found.node)).unwrap())
        .map(|path| path.replace("/usr/bin/", ""))
        .collect();
    paths.sort();
    paths.join(" ")
}

#[test]
fn commands_are_found_where_they_stand() {
    let table = [
        ("a; b && c | sed", "a b c sed"),
        ("if a; then b; else c; fi", "a b c"),
        ("x=$(a) y=`b` c", "a b c"),
        ("case $(a) in x) b ;; *) c ;; esac", "a b c"),
        ("f() { a; }\nf", "a"),
        ("a() { b; }\na", "b"),
        ("exit 0\na", "a"),
        ("! a", "a"),
        ("X=1 a", "a"),
        ("while read -r l; do a; done < <(b)", "a b"),
        ("echo \"$(a \"$(b)\")\"", "a b"),
        ("cat <<EOF\n$(a)\nEOF", "a"),
        ("cat <<'EOF'\n$(a)\nEOF", ""),
        ("none; cd; echo x", ""),
        ("./tool; /opt/x/run", "/opt/x/run /work/tool"),
        ("lib/far.sh", "/app/lib/far.sh"),
        ("cd /opt; x/run", "/opt/x/run"),
        ("\"a\"; 'b'; \\c", "a b c"),
    ];
    for (text, expected) in table {
        let files = tree();
        let shell = analyse(&files, text);
        assert_eq!(paths(&files, &shell, NeedKind::Runs), expected, "{text}");
    }
}

#[test]
fn commands_in_the_arguments_of_others_are_found() {
    let table = [
        ("exec a", "a"),
        ("exec -a name a", "a"),
        ("exec", ""),
        ("command a", "a"),
        ("command -v a", "a"),
        ("which a b", "a b which"),
        ("type a", "a"),
        ("env -i X=1 a", "a env"),
        ("exec env a", "a env"),
        ("nohup a &", "a nohup"),
        ("time a", "a time"),
        ("sudo -u app a", "a sudo"),
        ("gosu app:app a -x b", "a gosu"),
        ("tini -g -- sudo -E a", "a sudo tini"),
        ("setpriv --reuid 1 --clear-groups a", "a setpriv"),
        ("timeout -s KILL 5 a", "a timeout"),
        (
            "find . -name x -exec a {} + -o -exec b '{}' ';'",
            "a b find",
        ),
        (
            "find /hooks -type f -exec {} \\;",
            "/hooks/.hidden /hooks/10-a.sh /hooks/20-b.sh /hooks/sub/30.sh find",
        ),
        ("xargs -r0 -n 1 a", "a xargs"),
        ("eval \"a; b\"", "a b"),
        ("eval a b", "a"),
        ("sh -c 'a; b'", "a b sh"),
        ("bash -euc \"a | b\" x", "a b bash"),
        ("sh -c \"sh -c 'a'\"", "a sh"),
        ("sh <<'EOF'\na\nEOF", "a sh"),
        ("su app -c 'a x'", "a su"),
        ("trap 'a; b' EXIT", "a b"),
        ("trap - EXIT", ""),
        ("run() { \"$@\"; }\nrun a b\nrun c", "a c"),
        ("run() { shift; \"$@\"; }\nrun x gosu u a", "a gosu"),
        ("run() { local c=$1; $c x; }\nrun a", "a"),
        ("set -- a \"$@\"\nexec \"$@\"", "a"),
        ("f() { $D/run; }\nD=/opt/$X\nf", "/opt/x/run"),
        ("set -eo a\nexec \"$@\"", ""),
        (
            "run-parts /hooks",
            "/hooks/.hidden /hooks/10-a.sh /hooks/20-b.sh run-parts",
        ),
        ("service web start", "/etc/init.d/web"),
        ("bash /opt/x/run", "/opt/x/run bash"),
        ("alias ll='a -l'", "a"),
        ("python3.$MINOR x", "python3.11"),
    ];
    for (text, expected) in table {
        let files = tree();
        let shell = analyse(&files, text);
        assert_eq!(paths(&files, &shell, NeedKind::Runs), expected, "{text}");
    }
}

#[test]
fn sourced_files_are_found_through_variables() {
    let table = [
        (". /opt/x/lib.sh", "/opt/x/lib.sh"),
        ("source \"$APP/lib.sh\"", "/opt/x/lib.sh"),
        ("D=/opt/y; . $D/lib.sh", "/opt/y/lib.sh"),
        ("f() { . $D/lib.sh; }; D=/opt/y; f", "/opt/y/lib.sh"),
        ("export D=/opt/y; . $D/lib.sh", "/opt/y/lib.sh"),
        (": \"${D:=/opt/y}\"; . $D/lib.sh", "/opt/y/lib.sh"),
        (". ${D:-/opt/y}/lib.sh", "/opt/y/lib.sh"),
        (". ${APP:-/opt/y}/lib.sh", "/opt/x/lib.sh /opt/y/lib.sh"),
        (". \"$(dirname \"$0\")/near.sh\"", "/app/near.sh"),
        (". \"${BASH_SOURCE[0]%/*}/near.sh\"", "/app/near.sh"),
        (". ${0%/*}/lib/far.sh", "/app/lib/far.sh"),
        (
            "D=$(cd \"$(dirname \"$(readlink -f \"$0\")\")\" && pwd)\n. $D/near.sh",
            "/app/near.sh",
        ),
        (". near.sh", "/app/near.sh"),
        (
            "for f in /hooks/*.sh; do . \"$f\"; done",
            "/hooks/10-a.sh /hooks/20-b.sh",
        ),
        (
            "for f in $(find /hooks -name '*.sh' | sort); do . $f; done",
            "/hooks/10-a.sh /hooks/20-b.sh /hooks/sub/30.sh",
        ),
        (
            "find /hooks -maxdepth 1 -name '1*' | while read -r f; do . \"$f\"; done",
            "/hooks/10-a.sh",
        ),
        (
            "while read f; do . $f; done < <(find /hooks -name '2*')",
            "/hooks/20-b.sh",
        ),
        (
            "use() { for f; do . \"$f\"; done; }; use /hooks/2*",
            "/hooks/20-b.sh",
        ),
        (". /etc/default/$NAME", "/etc/default/one /etc/default/two"),
        (". /opt/{x,y}/lib.sh", "/opt/x/lib.sh /opt/y/lib.sh"),
        (". /opt/$(none)/lib.sh", "/opt/x/lib.sh /opt/y/lib.sh"),
        (
            "for d in x y; do . /opt/$d/lib.sh; done",
            "/opt/x/lib.sh /opt/y/lib.sh",
        ),
    ];
    for (text, expected) in table {
        let files = tree();
        let shell = analyse(&files, text);
        assert_eq!(paths(&files, &shell, NeedKind::Sources), expected, "{text}");
    }
}

#[test]
fn paths_that_stand_in_the_script_are_named() {
    let table = [
        ("[ -f /etc/x.conf ]", "/etc/x.conf"),
        ("[[ -f /etc/x.conf && -d /hooks ]]", "/etc/x.conf /hooks"),
        ("none --conf=/etc/x.conf -I/opt/x", "/etc/x.conf /opt/x"),
        ("C=/etc/x.conf", "/etc/x.conf"),
        ("none < /etc/x.conf 2> /dev/null", "/etc/x.conf"),
        ("echo \"file = '/etc/x.conf'\"", "/etc/x.conf"),
        ("none <<EOF\ninclude /etc/x.conf;\nEOF", "/etc/x.conf"),
        ("cp /etc/*.conf /tmp", "/etc/x.conf /etc/y.conf"),
        ("C=/etc; none $C/x.conf", "/etc /etc/x.conf"),
        ("none file.txt work", "/work/file.txt"),
        ("none / // .", ""),
        ("none /$X /usr/bin/$Y", ""),
        ("echo x > /hooks/new", "/hooks"),
        ("echo x > /etc/new", ""),
    ];
    for (text, expected) in table {
        let files = tree();
        let shell = analyse(&files, text);
        assert_eq!(paths(&files, &shell, NeedKind::Names), expected, "{text}");
    }
}

#[test]
fn links_are_crossed_and_a_link_to_nowhere_is_named_itself() {
    let mut files = tree();
    let conf = files.link("/conf", "/etc");
    let log = files.link("/var/log/web", "/dev/stdout");
    let shell = analyse(&files, "none /conf/x.conf /var/log/web");
    let found: Vec<&Found> = shell.needs.iter().map(|need| &need.found).collect();
    assert_eq!(found[0].crossed, [conf]);
    assert_eq!(
        (found[1].node, found[1].crossed.as_slice()),
        (log, [].as_slice())
    );
}

#[test]
fn what_is_computed_is_told_with_its_line() {
    let table: [(&str, &[(u32, &str)]); 11] = [
        ("\n$CMD x", &[(2, "$CMD")]),
        ("\n\n. \"$FILE\"", &[(3, "$FILE")]),
        ("eval \"$CODE\"", &[(1, "$CODE")]),
        ("eval \"\n$CODE\"", &[(2, "$CODE")]),
        ("exec \"$@\"", &[]),
        ("exec gosu app \"$@\"", &[]),
        ("\"$1\"", &[]),
        ("C=a; $C", &[]),
        (
            "f() { for i; do . \"$i\"; done; }\ng() { f $D/*; }\nD=/none\ng",
            &[],
        ),
        ("sed \"/$X/d; /*/\"", &[]),
        ("/usr/bin/$X", &[(1, "/usr/bin/$X")]),
    ];
    for (text, expected) in table {
        let files = tree();
        let shell = analyse(&files, text);
        let unknown: Vec<(u32, &str)> = shell
            .unknown
            .iter()
            .map(|unknown| (unknown.line, unknown.what.as_str()))
            .collect();
        assert_eq!(unknown, expected, "{text}");
    }
}

#[test]
fn sourced_files_give_variables_and_functions_and_are_told_apart() {
    let mut files = tree();
    let lib = files.file(
        "/lib.sh",
        b"D=/opt/y\nhelp() { a \"$BASE/x.conf\"; }\n$FOO\n".to_vec(),
    );
    let shell = analyse(&files, "BASE=/etc\n. /lib.sh\n. $D/lib.sh\nhelp");
    assert_eq!(
        paths(&files, &shell, NeedKind::Sources),
        "/lib.sh /opt/y/lib.sh"
    );
    assert_eq!(paths(&files, &shell, NeedKind::Runs), "");
    assert_eq!(shell.functions, ["help"]);
    assert_eq!(shell.unknown, []);
    let part = shell.sourced.iter().find(|part| part.node == lib).unwrap();
    let names: Vec<(&str, Option<u32>)> = part
        .needs
        .iter()
        .map(|need| (need.name.as_str(), need.line))
        .collect();
    assert_eq!(
        names,
        [
            ("/opt/y", Some(1)),
            ("/etc/x.conf", Some(2)),
            ("a", Some(2))
        ]
    );
    assert_eq!(part.unknown[0].what, "$FOO");
}

#[test]
fn command_lines_are_kept_as_far_as_they_are_known() {
    let files = tree();
    let shell = analyse(&files, "X=/opt\n\nexec gosu app a -jar $X/y.jar \"$@\"");
    let lines: Vec<(u32, Vec<String>)> = shell
        .commands
        .into_iter()
        .map(|line| (line.line, line.words))
        .collect();
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let expected = [
        (3, words("gosu app a -jar /opt/y.jar \"$@\"")),
        (3, words("a -jar /opt/y.jar \"$@\"")),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_directory_that_the_script_adds_to_its_path_is_looked_in() {
    let files = tree();
    let shell = analyse(&files, "export PATH=\"$PATH:/opt/x\"\nrun");
    assert_eq!(paths(&files, &shell, NeedKind::Runs), "/opt/x/run");
}

#[test]
fn hostile_scripts_end_soon() {
    let files = tree();
    let texts = [
        "env ".repeat(50_000),
        "find -exec ".repeat(20_000),
        "$(".repeat(100_000),
        "sh -c '".repeat(1000),
        "a | ".repeat(100_000),
        "f() { f \"$@\" \"$@\"; }; f a b\n".repeat(200),
        "X=$X$X$X/; ".repeat(20_000),
        format!("X={{{}}}", "a,b},{".repeat(50_000)),
        format!("none {}", "/*".repeat(100_000)),
        "none /*/*/*/*/$X/*/*\n".repeat(10_000),
        "[".repeat(500_000),
        "x=/a/*b[c; for i in $x; do . $i; done\n".repeat(5000),
        "eval \"eval \\\"$X\\\"\"\n".repeat(5000),
        ". /app/main.sh\n".repeat(5000),
        "\0\u{10fff0}/\u{10fff3}".repeat(1000),
        (0..20_000)
            .map(|at| format!("f{at}() {{ f{} \"$@\"; }}; f0 a{at}\n", at + 1))
            .collect(),
    ];
    for text in texts {
        let start = std::time::Instant::now();
        analyse(&files, &text);
        let seconds = start.elapsed().as_secs();
        assert!(seconds < 20, "{seconds} s: {}", &text[..20]);
    }
}

#[test]
fn scripts_beyond_the_limit_are_unknown() {
    let files = tree();
    let shell = analyse(&files, &"a\n".repeat(MAX_SCRIPT));
    assert_eq!((shell.needs.len(), shell.unknown.len()), (0, 1));
}

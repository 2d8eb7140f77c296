//! Tables of what is found where.

use super::test_property::checked;
use super::{
    Command, CompoundKind, Connector, Descriptor, Dialect, Part, RedirectOp, SimpleCommand,
    Terminator, commands, pipelines,
};
use crate::dockerfile::Span;

fn at(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

/// The text of every simple command, without errors.
fn found(text: &str) -> Vec<String> {
    let script = checked(text, Dialect::Bash);
    assert_eq!(script.errors, [], "{text}");
    commands(&script)
        .iter()
        .map(|visited| at(text, visited.command.span).to_owned())
        .collect()
}

fn simple(text: &str) -> SimpleCommand {
    let script = checked(text, Dialect::Bash);
    assert_eq!(script.errors, [], "{text}");
    match script.lists[0].first.commands[0].clone() {
        Command::Simple(simple) => simple,
        Command::Compound { .. } => panic!("compound: {text}"),
    }
}

#[test]
fn commands_in_order() {
    let table: [(&str, &[&str]); 40] = [
        ("a b && c || d; e", &["a b", "c", "d", "e"]),
        ("a | b |& c &", &["a", "b", "c"]),
        (
            "a $(b `c` \"$(d)\")e",
            &["a $(b `c` \"$(d)\")e", "b `c` \"$(d)\"", "c", "d"],
        ),
        ("x=$(a) y=b c", &["x=$(a) y=b c", "a"]),
        (
            "if a; then b; elif c; then d; else e; fi",
            &["a", "b", "c", "d", "e"],
        ),
        ("for x in $(a) b; do c; done > $(d)", &["a", "c", "d"]),
        ("for x; do c; done", &["c"]),
        ("for x\ndo c; done", &["c"]),
        ("for ((i=0; i<$(a); i++)); do b; done", &["a", "b"]),
        ("while a; b; do c; done < f", &["a", "b", "c"]),
        ("until a; do c; done", &["a", "c"]),
        (
            "case $(a) in x|y) b;; (z) c ;& *) d; esac",
            &["a", "b", "c", "d"],
        ),
        ("case a in esac", &[]),
        ("case a in\n  b) ;;\n  *) c\nesac", &["c"]),
        ("select x in a b; do c; done", &["c"]),
        ("f() { a; }; f", &["a", "f"]),
        ("f () ( a )", &["a"]),
        ("function f { a; }", &["a"]),
        ("function f() if a; then b; fi", &["a", "b"]),
        ("( a; (b) ); { c; }", &["a", "b", "c"]),
        ("{a,b} }", &["{a,b} }"]),
        ("[[ -f $(a) && b =~ ^(x|y z)$ ]] && c", &["a", "c"]),
        ("((x = $(a) + (2))) || b", &["a", "b"]),
        ("((a); (b))", &["a", "b"]),
        ("echo $((a); (b))", &["echo $((a); (b))", "a", "b"]),
        ("echo $((1 + $(a)))", &["echo $((1 + $(a)))", "a"]),
        ("diff <(a) >(b)", &["diff <(a) >(b)", "a", "b"]),
        ("x=(a $(b)\n c) d", &["x=(a $(b)\n c) d", "b"]),
        ("declare -a x=(a $(b))", &["declare -a x=(a $(b))", "b"]),
        (
            "a ${x:-$(b)} ${y/$(c)/d}",
            &["a ${x:-$(b)} ${y/$(c)/d}", "b", "c"],
        ),
        ("a[$(b)]=c", &["a[$(b)]=c", "b"]),
        (
            "cat <<E; a\nx $(b) `c`\nE\nd",
            &["cat <<E", "a", "b", "c", "d"],
        ),
        ("cat <<'E'\nx $(b)\nE\nd", &["cat <<'E'", "d"]),
        ("cat <<A <<-B\n1\nA\n\t2\n\tB\nd", &["cat <<A <<-B", "d"]),
        ("a \\\n  b # c\n\r\nd\r\n", &["a \\\n  b", "d"]),
        ("! a; time -p b; time ! c", &["a", "b", "c"]),
        (
            "a `b \\`c $x\\` \\$y`",
            &["a `b \\`c $x\\` \\$y`", "b \\`c $x\\` \\$y", "c $x"],
        ),
        ("echo if then; a#b", &["echo if then", "a#b"]),
        ("ls !(a|b) @(c d)", &["ls !(a|b) @(c d)"]),
        ("if (a) then b; fi; { { c; } }", &["a", "b", "c"]),
    ];
    for (text, wanted) in table {
        assert_eq!(found(text), wanted, "{text}");
    }
}

#[test]
fn words_and_assignments() {
    let text = "a=b c[1]+='d e' f= g=(h i) cmd \"x $y\" z{1,2}";
    let command = simple(text);
    let assignments: Vec<_> = command
        .assignments
        .iter()
        .map(|a| (a.name.as_str(), a.append, a.array, at(text, a.span)))
        .collect();
    assert_eq!(
        assignments,
        [
            ("a", false, false, "a=b"),
            ("c", true, false, "c[1]+='d e'"),
            ("f", false, false, "f="),
            ("g", false, true, "g=(h i)"),
        ]
    );
    assert_eq!(command.assignments[3].elements.len(), 2);
    assert!(command.assignments[2].value.is_none());
    let words: Vec<_> = command.words.iter().map(|w| w.text(text)).collect();
    assert_eq!(words, ["cmd", "\"x $y\"", "z{1,2}"]);
    assert_eq!(command.name().as_deref(), Some("cmd"));
}

#[test]
fn redirections() {
    use RedirectOp as Op;
    let table = [
        ("a >f", ">f", Op::Output, "f"),
        ("a 2>&1", "2>&1", Op::DuplicateOutput, "1"),
        ("a >&2 b", ">&2", Op::DuplicateOutput, "2"),
        ("a 2>>  f", "2>>  f", Op::Append, "f"),
        ("a &>f", "&>f", Op::OutputBoth, "f"),
        ("a &>>f", "&>>f", Op::AppendBoth, "f"),
        ("a >|f", ">|f", Op::Clobber, "f"),
        ("a 3<>f", "3<>f", Op::ReadWrite, "f"),
        ("a <&-", "<&-", Op::DuplicateInput, "-"),
        ("a <<<\"$x\"", "<<<\"$x\"", Op::HereString, "\"$x\""),
        ("a {fd}>f", "{fd}>f", Op::Output, "f"),
        ("a <<-'E'\n\tb\n\tE\n", "<<-'E'", Op::HereDocStrip, "'E'"),
    ];
    for (text, whole, op, target) in table {
        let redirect = &simple(text).redirects[0];
        assert_eq!(at(text, redirect.span), whole, "{text}");
        assert_eq!(redirect.op, op, "{text}");
        assert_eq!(redirect.target.text(text), target, "{text}");
    }
    assert_eq!(simple("a 2>f").redirects[0].fd, Some(Descriptor::Number(2)));
    let fd = Some(Descriptor::Variable("fd".to_owned()));
    assert_eq!(simple("a {fd}>f").redirects[0].fd, fd);
    assert_eq!(simple("a2>f").words[0].value(), "a2");
    assert_eq!(simple("a 2 >f").words[1].value(), "2");
}

#[test]
fn here_documents() {
    let text = "cat <<A <<-'B' >f; x\na $y\nA\n\tb\n\tB\n";
    let command = simple(text);
    let docs: Vec<_> = command
        .redirects
        .iter()
        .filter_map(|redirect| redirect.heredoc.as_ref())
        .map(|d| {
            (
                at(text, d.body),
                d.quoted,
                d.strip_tabs,
                d.closed,
                d.parts.len(),
            )
        })
        .collect();
    assert_eq!(
        docs,
        [
            ("a $y\n", false, false, true, 3),
            ("\tb\n", true, true, true, 0)
        ]
    );
    let open = simple("cat <<A\nb");
    let doc = open.redirects[0].heredoc.as_ref().unwrap();
    assert!(!doc.closed);
    assert!(simple("cat <<A").redirects[0].heredoc.is_some());
}

#[test]
fn parameters() {
    type Row = (
        &'static str,
        &'static str,
        Option<char>,
        Option<&'static str>,
        Option<&'static str>,
    );
    let table: [Row; 18] = [
        ("$x", "x", None, None, None),
        ("$1", "1", None, None, None),
        ("$@", "@", None, None, None),
        ("${x}", "x", None, None, None),
        ("${10}", "10", None, None, None),
        ("${x:-y z}", "x", None, Some(":-"), Some("y z")),
        ("${x-}", "x", None, Some("-"), None),
        ("${x:?}", "x", None, Some(":?"), None),
        ("${x##*/}", "x", None, Some("##"), Some("*/")),
        ("${x%.tar.gz}", "x", None, Some("%"), Some(".tar.gz")),
        ("${x//a/b}", "x", None, Some("//"), Some("a/b")),
        ("${x:1:2}", "x", None, Some(":"), Some("1:2")),
        ("${x,,}", "x", None, Some(",,"), None),
        ("${#x}", "x", Some('#'), None, None),
        ("${#}", "#", None, None, None),
        ("${!x}", "x", Some('!'), None, None),
        ("${x[@]}", "x", None, None, None),
        ("${x:-${y}}", "x", None, Some(":-"), Some("${y}")),
    ];
    for (text, wanted_name, wanted_prefix, wanted_operator, wanted_word) in table {
        for text in [format!("a {text}"), format!("a \"{text}\"")] {
            let part = match simple(&text).words[1].parts[0].clone() {
                Part::DoubleQuoted { parts, .. } => parts[0].clone(),
                part => part,
            };
            let Part::Parameter {
                name,
                prefix,
                operator,
                word,
                ..
            } = part
            else {
                panic!("{text}: {part:?}");
            };
            assert_eq!(name, wanted_name, "{text}");
            assert_eq!(prefix, wanted_prefix, "{text}");
            assert_eq!(operator.as_deref(), wanted_operator, "{text}");
            assert_eq!(word.map(|w| w.value()).as_deref(), wanted_word, "{text}");
        }
    }
}

#[test]
fn places() {
    let text = "a; if b && c; then (d | e); fi; f() { g; }; h $(i)";
    let script = checked(text, Dialect::Posix);
    let all = commands(&script);
    let of = |name: &str| {
        let mut all = all.iter();
        all.find(|v| v.command.name().as_deref() == Some(name))
            .unwrap()
    };
    assert_eq!(of("a").list_index, 0);
    assert!(of("b").in_condition && !of("d").in_condition);
    assert_eq!(of("c").connector_before, Some(Connector::And));
    assert_eq!((of("c").chain_position, of("b").chain_position), (1, 0));
    assert_eq!((of("e").pipeline_position, of("e").pipeline_length), (1, 2));
    assert!(of("e").in_subshell && of("e").depth == 2);
    assert!(of("g").in_function && !of("h").in_function);
    assert!(of("i").in_substitution && of("i").depth == 1);
    assert_eq!(of("h").list_index, 3);
    assert_eq!(pipelines(&script).len(), 11);
}

#[test]
fn terminators_and_comments() {
    let text = "a; b & c # d\n#e";
    let script = checked(text, Dialect::Bash);
    let found: Vec<_> = script
        .lists
        .iter()
        .map(|i| i.terminator.unwrap().0)
        .collect();
    use Terminator::{Background, Newline, Semicolon};
    assert_eq!(found, [Semicolon, Background, Newline]);
    let comments: Vec<_> = script.comments.iter().map(|c| at(text, *c)).collect();
    assert_eq!(comments, ["# d", "#e"]);
}

#[test]
fn errors_keep_commands() {
    let table: [(&str, usize, &[&str]); 16] = [
        ("a; fi; b", 1, &["a", "b"]),
        ("if a; then b", 1, &["a", "b"]),
        ("if a; b; fi; c", 1, &["a", "b", "c"]),
        ("if a; then fi; c", 1, &["a", "c"]),
        ("for x in a; b; done", 3, &["b"]),
        ("while a; do b", 1, &["a", "b"]),
        ("case a in b) c", 1, &["c"]),
        ("a && ; b", 1, &["a", "b"]),
        ("a | | b", 2, &["a", "b"]),
        ("a 'b", 1, &["a 'b"]),
        ("a; b \"c $(d", 2, &["a", "b \"c $(d", "d"]),
        ("a (b)", 1, &["a", "b"]),
        ("a; ) b", 1, &["a", "b"]),
        ("(a; b", 1, &["a", "b"]),
        ("a > ; b", 1, &["a >", "b"]),
        ("{ a; b", 1, &["a", "b"]),
    ];
    for (text, errors, wanted) in table {
        let script = checked(text, Dialect::Posix);
        let found: Vec<_> = commands(&script)
            .iter()
            .map(|v| at(text, v.command.span))
            .collect();
        assert_eq!(found, wanted, "{text}: {:?}", script.errors);
        assert_eq!(script.errors.len(), errors, "{text}: {:?}", script.errors);
    }
}

#[test]
fn kinds() {
    use CompoundKind as Kind;
    let table = [
        ("(a)", Kind::Subshell),
        ("{ a; }", Kind::Group),
        ("if a; then b; fi", Kind::If),
        ("for a in b; do c; done", Kind::For),
        ("for ((;;)); do c; done", Kind::ArithFor),
        ("while a; do b; done", Kind::While),
        ("until a; do b; done", Kind::Until),
        ("case a in b) c;; esac", Kind::Case),
        ("select a in b; do c; done", Kind::Select),
        ("a() { b; }", Kind::Function),
        ("((1))", Kind::Arithmetic),
        ("[[ a ]]", Kind::Test),
    ];
    for (text, wanted) in table {
        let script = checked(text, Dialect::Bash);
        assert_eq!(script.errors, [], "{text}");
        let Command::Compound { kind, span, .. } = &script.lists[0].first.commands[0] else {
            panic!("simple: {text}");
        };
        assert_eq!((*kind, at(text, *span)), (wanted, text));
    }
}

//! Input made to exhaust the time, the memory or the stack.

use super::{Dialect, commands, parse, pipelines};
use std::time::{Duration, Instant};

/// Far above what any of these takes alone, far below what quadratic time
/// would take: tests run side by side on busy machines.
const LIMIT: Duration = Duration::from_secs(10);

/// Parses, walks and drops on a small stack.
fn survives(name: &str, text: String) {
    let label = name.to_owned();
    let thread = std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(move || {
            let start = Instant::now();
            let script = parse(&text, Dialect::Bash);
            let _ = (commands(&script).len(), pipelines(&script).len());
            drop(script);
            let time = start.elapsed();
            assert!(time < LIMIT, "{label}: {time:?}");
        })
        .unwrap();
    assert!(thread.join().is_ok(), "{name}");
}

fn times(unit: &str, count: usize) {
    survives(unit, unit.repeat(count));
}

fn megabytes(unit: &str) {
    times(unit, 10_000_000 / unit.len());
}

#[test]
fn deep() {
    times("(", 50_000);
    times("$(", 50_000);
    times("echo $(", 50_000);
    times("echo \"$(", 50_000);
    times("if true; then ", 5_000);
    times("\"${x:-", 50_000);
    times("f() ", 50_000);
    times("f() {\n", 50_000);
    times("cat <<E\n$(", 5_000);
    times("case x in a) ", 50_000);
    times("`\\`", 50_000);
    times("{ ", 50_000);
    times("<(", 50_000);
    times("$[", 50_000);
    times("a=(", 50_000);
    times("while ", 50_000);
    times("$((a) ", 50_000);
    times("((a) ", 50_000);
    times("a[$(", 50_000);
    let nested = format!("{}ls{}", "if a; then ".repeat(5000), "; fi".repeat(5000));
    survives("closed ifs", nested);
    let nested = format!("{}ls{}", "echo $(".repeat(60), ")".repeat(60));
    survives("closed substitutions", nested);
}

#[test]
fn wide() {
    times("a|", 50_000);
    times("a && ", 50_000);
    times("<<E ", 50_000);
    times("<<E\n", 50_000);
    times("$((a) b) ", 50_000);
    times("a[ ", 50_000);
    times("a () ", 50_000);
    times("a ( ", 50_000);
    times("x=(a b) ", 50_000);
}

#[test]
fn megabytes_of_words() {
    megabytes("a");
    megabytes("a ");
    megabytes("\u{e9}");
    megabytes("=");
    megabytes("a=");
    megabytes("1");
    megabytes(" ");
    megabytes("\n");
    megabytes("\\\n");
    megabytes("\\");
    megabytes("#");
}

#[test]
fn megabytes_of_quotes() {
    for unit in ["'", "\"", "`", "\\`", "$'", "$\"", "'\"", "\\\"", "$'\\"] {
        megabytes(unit);
    }
    survives(
        "open double quote",
        format!("\"{}", "a$x".repeat(3_000_000)),
    );
    survives(
        "escaped backticks",
        format!("`{}`", "\\\\".repeat(4_000_000)),
    );
}

#[test]
fn megabytes_of_openers() {
    for unit in [
        "${",
        "$((",
        "[[",
        "[[ ",
        "{",
        "{ ",
        "case",
        "case ",
        "((",
        "$(",
        "$[",
        "if ",
        "a[",
        "a[ ",
        "@(",
        "<<",
        "<<a ",
        "$(( # ${ \n) ",
        "$(( \" # ) \n",
    ] {
        megabytes(unit);
    }
}

#[test]
fn megabytes_of_closers() {
    for unit in [
        ")", "}", "} ", "fi ", ";", ";;", "&", "|", "&&", "<", ">", "! ", "time ", "]]", "esac ",
        "2", "&>", "a;", "a()", "a\n", "{a}",
    ] {
        megabytes(unit);
    }
}

//! Settings and names of people who mean no good.

use crate::fixtures::{ImageBuilder, tar::LayerBuilder};

use super::Case;

/// Everything that some format gives a meaning, and bytes that are no text.
const NAME: &[u8] = b"x\x1b[31m\r\n::error::%0A]]><img src=x onerror=y>&\"'|`@me \xe2\x80\xae\xff";

fn is_printable(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\n')
}

#[test]
fn names_reach_no_report_as_they_are() {
    let layer = LayerBuilder::new()
        .file(NAME, "x")
        .file("plain", "y")
        .finish();
    let image = ImageBuilder::new().layer(layer, "RUN \u{1b}[2J::error::x");
    let table = "[ci]\nmax-layer-size = 1\nforbidden-paths = [\"x*\"]\n\
                 [[ci.waive]]\ncheck = \"max-layer-size\"\nreason = \"\\u001b[31m ::error::\\n<b>\"\n";
    let case = Case::of(&image, &[(".rslim.toml", table)]);
    for format in [
        "table", "json", "markdown", "github", "gitlab", "sarif", "junit",
    ] {
        let ran = case.run(&["-f", format]);
        assert_eq!(ran.code, Some(1), "{format}: {}", ran.err);
        assert!(is_printable(&ran.out), "{format}: {:?}", ran.out);
        match format {
            "json" | "gitlab" | "sarif" => {
                serde_json::from_str::<serde_json::Value>(&ran.out).unwrap();
            }
            "junit" => {
                roxmltree::Document::parse(&ran.out).unwrap();
            }
            "github" => {
                let lines = ran.out.lines();
                assert!(
                    lines
                        .clone()
                        .all(|line| line.starts_with("::error file=.rslim.toml,")),
                    "{}",
                    ran.out
                );
                assert_eq!(lines.count(), 1);
            }
            "markdown" => assert!(
                !ran.out.contains("<img") && !ran.out.contains("<b>"),
                "{}",
                ran.out
            ),
            _ => {}
        }
    }
}

#[test]
fn settings_can_be_any_bytes() {
    let deep_toml = format!("[ci]\nmax-size = {}", "[".repeat(100_000));
    let deep_yaml = format!("rules:\n  lowestEfficiency: {}", "[".repeat(100_000));
    let bomb: String = (1..20)
        .map(|i| {
            format!(
                "a{i}: &a{i} [{}]\n",
                vec![format!("*a{}", i - 1); 9].join(", ")
            )
        })
        .collect();
    let bomb = format!("a0: &a0 [x, x]\n{bomb}");
    let huge = format!("[ci]\n# {}\n", "x".repeat(2 << 20));
    let keys: String = (0..20_000).map(|i| format!("key{i} = 1\n")).collect();
    for (name, text) in [
        (".rslim.toml", deep_toml.as_str()),
        (".rslim.toml", &huge),
        (".rslim.toml", &format!("[ci]\n{keys}")),
        (".rslim.toml", "[ci]\n\u{1b}[31m = 1\n"),
        (".rslim.toml", "[ci]\n\"\\u001b[31m\" = 1\n"),
        (".rslim.toml", "[ci]\nmax-size = \"\\u001b[31m\"\n"),
        (".rslim.toml", "[ci]\nforbidden-paths = [\"[[[\"]\n"),
        (".dive-ci", &deep_yaml),
        (".dive-ci", &bomb),
        (".dive-ci", "rules:\n  lowestEfficiency: \"\\e[31m\"\n"),
    ] {
        let ran = Case::new(&[(name, text)]).run(&[]);
        let start: String = text.chars().take(40).collect();
        assert_eq!(ran.code, Some(2), "{start}: {}", ran.err);
        assert!(
            is_printable(&ran.err) && ran.err.len() < 20_000,
            "{start}: {:?}",
            ran.err
        );
        assert!(!ran.err.contains("panicked"), "{start}: {}", ran.err);
    }
    let case = Case::new(&[]);
    std::fs::write(case.path(".rslim.toml"), b"[ci]\n# \xff\n").unwrap();
    let ran = case.run(&[]);
    assert!(
        ran.code == Some(2) && ran.err.contains(".rslim.toml:2"),
        "{}",
        ran.err
    );
}

#[test]
fn deep_trees_and_many_matches_are_bounded() {
    let mut layer = LayerBuilder::new();
    for i in 0..3000 {
        layer = layer.file(format!("many/file{i}"), "x");
    }
    let deep = vec!["d"; 900].join("/");
    layer = layer.file(&deep, "x");
    let image = ImageBuilder::new().layer(layer.finish(), "COPY . /");
    let table = "[ci]\nforbidden-paths = [\"many/*\", \"**/d\"]\n[[ci.waive]]\ncheck = \"forbidden-paths\"\n\
                 path = \"many/file1*\"\nreason = \"r\"\n";
    let case = Case::of(&image, &[(".rslim.toml", table)]);
    let (code, report) = case.json(&[]);
    assert_eq!(code, Some(1));
    let check = super::check(&report, "forbidden-paths");
    // 1, 10–19, 100–199 and 1000–1999 are waived; the directories below each other are one.
    assert_eq!(check["measured"], 3000 - 1111 + 1);
    assert_eq!(check["offences"].as_array().unwrap().len(), 1000);
}

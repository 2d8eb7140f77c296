//! Names that would like to be markup.

use rslim::report::{ImageReport, html};

use super::{good, payload::Payload, still};
use crate::fixtures::tar::LayerBuilder;
use crate::fixtures::{ImageBuilder, Layout};
use crate::program::analyze;

const IMG: &str = "\"><img src=x onerror=alert(1)>";

fn names() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = [
        "</script><script>alert(1)</script>",
        "--><!--",
        "]]>",
        "a\u{202e}gpj.exe",
        "line\nbreak",
        "esc\u{1b}[31m",
        "`tick` | bar @user #1",
        "&lt;b&gt;",
        "\u{2028}\u{61c}\u{feff}",
        IMG,
    ]
    .into_iter()
    .map(|name| name.as_bytes().to_vec())
    .collect();
    names.push(b"bytes\xff\xfe\xc0".to_vec());
    names
}

/// Every name in two versions, below a cache, and as a package.
fn image() -> ImageBuilder {
    let mut layers = [LayerBuilder::new(), LayerBuilder::new()];
    for (index, layer) in layers.iter_mut().enumerate() {
        for (number, name) in names().into_iter().enumerate() {
            let body = vec![b'0' + index as u8; 70_000 + number];
            let path = |dir: &str| [dir.as_bytes(), &name].concat();
            let mut made = std::mem::take(layer);
            made = made.file(path("srv/"), &body).file(path("copy/"), &body);
            made = made.file(path("root/.cache/pip/"), &body);
            *layer = made;
        }
    }
    let [mut lower, upper] = layers;
    let package = format!("{{\"name\": {IMG:?}, \"version\": {IMG:?}}}");
    lower = lower.file("app/node_modules/x/package.json", package);
    ImageBuilder::new()
        .layer(
            lower.finish(),
            &format!("RUN echo </script>{IMG} `x` | @user"),
        )
        .layer(upper.finish(), &format!("COPY {IMG} \u{202e} /"))
}

fn no_markup(page: &str) {
    for bad in ["<img", "<script>alert", "</script><", "<!--", "<b>"] {
        let allowed = page.matches("</script>\n").count();
        assert!(!page.contains(bad), "{bad} among {allowed} scripts");
    }
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    no_controls(page);
}

fn no_controls(text: &str) {
    let odd = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{feff}')
    };
    assert_eq!(text.chars().find(|&c| odd(c)), None);
}

#[test]
fn names_stay_text() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hostile.tar");
    image().write(Layout::DockerArchive, &path).unwrap();
    let path = path.to_str().unwrap();
    let empty = dir.path().join("empty.tar");
    ImageBuilder::of_layers([LayerBuilder::new().finish()])
        .write(Layout::DockerArchive, &empty)
        .unwrap();
    let empty = empty.to_str().unwrap();

    let page = good(&["analyze", path, "-f", "html", "-q"]);
    no_markup(&still(&page));
    assert!(page.contains("&quot;&gt;&lt;img src=x onerror=alert(1)&gt;"));
    assert!(page.contains("a\\u{202e}gpj.exe"));
    let payload = Payload::of(&page);
    let named = |name: &str| payload.names().iter().any(|known| known == name);
    assert!(named("bytes\u{fffd}FF\u{fffd}FE\u{fffd}C0"));
    assert!(named("line\\nbreak"));
    payload.names().iter().for_each(|name| no_controls(name));

    let pages = [
        good(&["diff", empty, path, "-f", "html", "-q"]),
        good(&["diff", path, empty, "-f", "html", "-q"]),
    ];
    pages.iter().for_each(|page| no_markup(&still(page)));
}

#[test]
fn names_end_no_cell_and_call_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hostile.tar");
    image().write(Layout::DockerArchive, &path).unwrap();
    let path = path.to_str().unwrap();
    let demo = super::build("demo", dir.path());
    for markdown in [
        good(&["analyze", path, "-f", "markdown", "-q", "--top", "100"]),
        good(&["diff", &demo, path, "-f", "markdown", "-q", "--top", "200"]),
    ] {
        no_controls(&markdown);
        for line in markdown.lines() {
            let text = without_code(line);
            assert!(
                !text.contains("<img") && !text.contains("<script"),
                "{line}"
            );
            assert!(!text.contains("@user"), "{line}");
        }
        columns_are_even(&markdown);
    }
}

/// A line without what stands between equal runs of backticks.
fn without_code(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let run = rest[at..].chars().take_while(|&c| c == '`').count();
        // A backslash before it makes it a backtick.
        let escaped = rest[..at].ends_with('\\');
        let fence = "`".repeat(run);
        let after = &rest[at + run..];
        let mut end = None;
        for (found, _) in after.match_indices(&fence) {
            let before = found > 0 && after.as_bytes()[found - 1] == b'`';
            if !before && after.as_bytes().get(found + run) != Some(&b'`') {
                end = Some(found);
                break;
            }
        }
        out.push_str(&rest[..at]);
        rest = match end {
            Some(end) if !escaped => &after[end + run..],
            _ => after,
        };
    }
    out + rest
}

/// Each row of a table has as many cells as its head.
fn columns_are_even(markdown: &str) {
    let mut columns = None;
    for line in markdown.lines() {
        if !line.starts_with('|') {
            columns = None;
            continue;
        }
        let cells = line.replace("\\|", "").matches('|').count();
        assert_eq!(*columns.get_or_insert(cells), cells, "{line}");
    }
}

/// Depth and width without end: the page stays small.
#[test]
fn deep_and_wide_images_fold() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep.tar");
    let deep = "d/".repeat(1_000) + "end";
    let mut layer = LayerBuilder::new().file(&deep, "deep");
    for number in 0..40_000u64 {
        // Names that no compression makes small.
        let name = format!(
            "w/{:032x}",
            u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
        );
        layer = layer.file(name + &"x".repeat(60), "");
    }
    ImageBuilder::of_layers([layer.finish()])
        .write(Layout::DockerArchive, &path)
        .unwrap();
    let (scan, analysis) = analyze(&path);
    let report = ImageReport {
        scan: &scan,
        analysis: &analysis,
        origins: None,
    };
    let mut page = Vec::new();
    html::write(&report, &mut page).unwrap();
    assert!(page.len() < 2_000_000, "{}", page.len());
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("are very deep") || page.contains("or very deep"));
    assert_eq!(Payload::of(&page).bytes, [4]);
}

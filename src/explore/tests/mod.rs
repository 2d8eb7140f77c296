//! Keys in, state and screens out.

mod keys;
mod random;
mod screens;

use std::collections::BTreeMap;

use ratatui::layout::Size;

use super::files::NewVersion;
use super::{
    Files, FilesBuilder, Findings, ImageFacts, Key, LayerFacts, List, ListRow, News, State, Stored,
    Tab, Target, VersionKind,
};

/// One path as a layer leaves it: its kind and bytes.
type Made<'a> = (usize, &'a str, VersionKind, u64);

/// Files from a list of what layers made of paths.
pub(super) fn files(made: &[Made<'_>]) -> Files {
    let mut builder = FilesBuilder::default();
    let mut known: BTreeMap<String, u32> = BTreeMap::new();
    for &(layer, path, kind, bytes) in made {
        let (mut at, mut whole) = (0, String::new());
        for name in path.split('/') {
            whole = format!("{whole}/{name}");
            at = *known
                .entry(whole.clone())
                .or_insert_with(|| builder.path(at, name.as_bytes()));
        }
        let version = NewVersion {
            layer: layer as u16,
            kind,
            mode: 0o644,
            owner: (0, 0),
            bytes,
            target: b"there",
            stored: Stored {
                layer: layer as u32,
                entry: at,
            },
        };
        builder.version(at, &version);
    }
    builder.finish()
}

/// Three layers: a system, a package with its cache, the cache's removal.
pub(super) fn small() -> Files {
    use VersionKind::{Directory, File, Gone, Symlink};
    files(&[
        (0, "bin", Directory, 0),
        (0, "bin/sh", File, 1_000_000),
        (0, "bin/ash", Symlink, 0),
        (0, "etc", Directory, 0),
        (0, "etc/passwd", File, 1_000),
        (0, "etc/motd", File, 50),
        (1, "etc/passwd", File, 1_100),
        (1, "usr/lib/libz.so", File, 300_000),
        (1, "var/cache/apt/pkgcache.bin", File, 9_000_000),
        (1, "etc/evil\u{1b}[2J\u{202e}name", File, 10),
        (2, "var/cache/apt", Gone, 0),
        (2, "var/cache/apt/pkgcache.bin", Gone, 0),
        (2, "etc/motd", Gone, 0),
        (2, "srv/日本語の名前.txt", File, 77),
    ])
}

pub(super) fn layers() -> Vec<LayerFacts> {
    let words = [
        "ADD rootfs.tar / # buildkit",
        "RUN /bin/sh -c apt-get install -y zlib1g # buildkit",
        "RUN /bin/sh -c rm -rf /var/cache/apt # buildkit",
    ];
    let layer = |(at, words): (usize, &&str)| LayerFacts {
        digest: format!("sha256:{:064x}", at + 1),
        bytes: Some(10_000_000 / (at as u64 + 1)),
        wasted: Some(if at == 1 { 9_000_000 } else { 0 }),
        counts: Some([4, 1, 2]),
        created_by: (*words).to_owned(),
        lines: (at + 1).to_string(),
        skipped: None,
    };
    words.iter().enumerate().map(layer).collect()
}

pub(super) fn findings() -> Findings {
    let list = |title: &str| List {
        title: title.to_owned(),
        rows: vec![
            ListRow {
                bytes: Some(9_000_000),
                layer: "1→2".to_owned(),
                lines: ":2".to_owned(),
                text: "/var/cache/apt/pkgcache.bin".to_owned(),
                detail: "stored in layer 1, deleted in layer 2".to_owned(),
                target: Some(Target {
                    layer: 1,
                    path: Some(b"var/cache/apt/pkgcache.bin".to_vec()),
                }),
            },
            ListRow::default(),
        ],
    };
    let titles = [
        "waste",
        "caches",
        "duplicates",
        "packages",
        "advice",
        "Dockerfile",
    ];
    Findings {
        sums: vec![
            "1.3 MB in 6 files".to_owned(),
            "efficiency 12.0 %".to_owned(),
        ],
        layers: layers(),
        lists: titles.into_iter().map(list).collect(),
    }
}

/// A screen on which everything is there.
pub(super) fn whole(width: u16, height: u16) -> State {
    let mut state = State::new("app.tar", Size { width, height });
    let image = ImageFacts {
        name: "example.com/app:1".to_owned(),
        platform: "linux/amd64".to_owned(),
        source: "docker-archive".to_owned(),
        sums: Vec::new(),
    };
    state.hear(News::Image(image, layers()));
    state.hear(News::Files(small()));
    state.hear(News::Findings(findings()));
    state
}

pub(super) fn press(state: &mut State, keys: &[Key]) {
    for &key in keys {
        assert_eq!(state.press(key), None, "{key:?}");
    }
}

pub(super) fn typed(state: &mut State, text: &str) {
    for c in text.chars() {
        assert_eq!(state.press(Key::Char(c)), None, "{c}");
    }
}

/// The rows of the tree with their signs, open directories indented.
pub(super) fn tree(state: &State) -> Vec<String> {
    let pane = &state.tree;
    let files = pane.files.as_ref().unwrap();
    let rows = pane.rows.iter().map(|row| {
        let name = String::from_utf8_lossy(files.name(row.path)).into_owned();
        let sign = pane.view.status(row.path).sign();
        format!("{}{sign}{name}", " ".repeat(row.depth.into()))
    });
    rows.collect()
}

pub(super) fn selected(state: &State) -> String {
    let pane = &state.tree;
    let path = pane.selected().unwrap();
    String::from_utf8_lossy(&pane.files.as_ref().unwrap().path(path)).into_owned()
}

pub(super) fn on(tab: Tab, state: &State) -> bool {
    state.tab == tab
}

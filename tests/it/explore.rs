//! `rslim explore`: screens of the demo image, and the program in a real terminal.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use rslim::explore::{DockerfileText, Key, News, State, Theme, draw, files, findings, image_facts};
use rslim::tree::Tree;

use crate::fixtures;
use crate::peers::have;
use crate::program::{analyze, rslim};

fn demo(folder: &Path) -> PathBuf {
    fixtures::by_name("demo").unwrap().build(folder).unwrap()
}

/// The demo with everything read, after some keys.
fn screen(width: u16, height: u16, keys: &[Key]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (scanned, analysis) = analyze(&demo(folder.path()));
    let sets = scanned.layers.iter().map(|layer| Arc::clone(&layer.set));
    let (tree, log) = Tree::merge_with_changes(sets.collect());
    let (image, layers) = image_facts("demo.tar", &scanned.image, scanned.source, &[]);
    let mut state = State::new("demo.tar", (width, height).into());
    state.hear(News::Image(image, layers));
    state.hear(News::Files(files(&tree, &log)));
    let text = DockerfileText {
        text: "FROM scratch\n",
        origins: None,
        is_given: false,
    };
    state.hear(News::Findings(findings(&analysis, text)));
    for &key in keys {
        assert_eq!(state.press(key), None);
    }
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let theme = Theme { color: false };
    terminal.draw(|frame| draw(&state, theme, frame)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn the_demo_on_a_wide_screen() {
    insta::assert_snapshot!(screen(100, 30, &[Key::End, Key::Char('c'), Key::Tab]));
}

#[test]
fn the_demo_on_a_narrow_screen() {
    insta::assert_snapshot!(screen(40, 12, &[Key::Down, Key::Enter, Key::Char('*')]));
}

#[test]
fn the_waste_of_the_demo() {
    insta::assert_snapshot!(screen(100, 30, &[Key::Char('2')]));
}

/// What each layer left is the tree that analyze has.
#[test]
fn the_last_layer_shows_the_final_tree() {
    use rslim::explore::{Status, View};
    for name in ["demo", "whiteouts", "hard-links", "opaque"] {
        let Some(fixture) = fixtures::by_name(name) else {
            continue;
        };
        let folder = tempfile::tempdir().unwrap();
        let (scanned, _) = analyze(&fixture.build(folder.path()).unwrap());
        let sets = scanned.layers.iter().map(|layer| Arc::clone(&layer.set));
        let (tree, log) = Tree::merge_with_changes(sets.collect());
        let files = files(&tree, &log);
        let view = View::new(&files, scanned.layers.len() - 1, false);
        let there = |node: &u32| !matches!(view.status(*node), Status::Absent | Status::Removed);
        let shown: Vec<u32> = (0..files.len() as u32).filter(there).collect();
        let mut want: Vec<u32> = tree.paths().collect();
        want.sort_unstable();
        assert_eq!(shown, want, "{name}");
    }
}

#[test]
fn without_a_terminal_it_says_what_to_use() {
    let ran = rslim(&["explore", "no-such.tar"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("terminal"), "{}", ran.err);
    assert!(ran.err.contains("rslim analyze"), "{}", ran.err);
}

/// A terminal of its own, which ends with its owner.
struct Tmux(tempfile::TempDir);

impl Tmux {
    fn start() -> Tmux {
        let tmux = Tmux(tempfile::tempdir().unwrap());
        tmux.run(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "110",
            "-y",
            "30",
            "sh",
        ]);
        tmux.run(&["set-option", "-g", "status", "off"]);
        tmux.run(&["resize-window", "-x", "110", "-y", "30"]);
        tmux
    }

    fn run(&self, words: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(self.0.path().join("socket"));
        command.env("TERM", "xterm-256color").env("PS1", "ready$ ");
        let output = command.args(words).stderr(Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn keys(&self, keys: &[&str]) {
        self.run(&[&["send-keys"], keys].concat());
    }

    /// Waits until the screen has `text`.
    fn sees(&self, text: &str) -> String {
        let since = Instant::now();
        loop {
            let screen = self.run(&["capture-pane", "-p"]);
            if screen.contains(text) {
                return screen;
            }
            assert!(
                since.elapsed() < Duration::from_secs(30),
                "no {text:?} in\n{screen}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

#[test]
fn in_a_terminal() {
    let tool = Command::new("tmux").arg("-V").output().is_ok();
    if !tool && !have("tmux") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let image = demo(folder.path());
    let tmux = Tmux::start();
    let cd = format!("cd {} && clear", folder.path().display());
    tmux.keys(&[&cd, "Enter"]);
    let start = format!(
        "{} explore {}",
        env!("CARGO_BIN_EXE_rslim"),
        image.display()
    );
    tmux.keys(&[&start, "Enter"]);
    tmux.sees("efficiency");
    // To the files of the lowest layer, of which some path is found.
    tmux.keys(&["Tab", "*"]);
    tmux.sees("▾");
    tmux.keys(&["/"]);
    tmux.keys(&["-l", "[p"]);
    tmux.sees("unclosed character class");
    tmux.keys(&["C-u"]);
    tmux.keys(&["-l", "lib/dpkg/status$"]);
    let found = tmux.sees("filtered");
    assert!(found.contains("status"), "{found}");
    tmux.keys(&["Enter", "End", "C-e"]);
    tmux.sees("write to file:");
    tmux.keys(&["C-u"]);
    tmux.keys(&["-l", "taken"]);
    tmux.keys(&["Enter"]);
    tmux.sees("written to taken");
    assert!(folder.path().join("taken").metadata().unwrap().len() > 0);
    // The same name again: what is there stays.
    tmux.keys(&["C-e", "C-u"]);
    tmux.keys(&["-l", "taken"]);
    tmux.keys(&["Enter"]);
    tmux.sees("stays as it is");
    tmux.run(&["resize-window", "-x", "40", "-y", "10"]);
    // What was told goes with the next key.
    tmux.keys(&["Home"]);
    tmux.sees("? keys  q leave");
    tmux.run(&["resize-window", "-x", "110", "-y", "30"]);
    tmux.keys(&["q"]);
    tmux.keys(&[
        "echo status $? && stty -a | tr ' ' '\\n' | grep -x icanon",
        "Enter",
    ]);
    let after = tmux.sees("\nicanon");
    assert!(
        after.contains("status 0") && !after.contains("? keys"),
        "{after}"
    );
}

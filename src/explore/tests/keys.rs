//! What keys do.

use super::{on, press, selected, small, tree, typed, whole};
use crate::explore::{Effect, Filter, Focus, Key, Reading, Shown, Sort, State, Status, Tab, View};

#[test]
fn a_layer_is_compared_with_the_one_below() {
    let mut state = whole(100, 30);
    assert_eq!(tree(&state), ["+bin", "+etc"]);
    press(&mut state, &[Key::Down]);
    assert_eq!(tree(&state), [" bin", "~etc", "+usr", "+var"]);
    press(&mut state, &[Key::Down]);
    assert_eq!(tree(&state), [" bin", "~etc", "+srv", " usr", "~var"]);
}

#[test]
fn changes_add_up_above_the_lowest_layer() {
    let mut state = whole(100, 30);
    press(&mut state, &[Key::End, Key::Ctrl('a')]);
    assert_eq!(tree(&state), [" bin", "~etc", "+srv", "+usr", "+var"]);
    press(&mut state, &[Key::Ctrl('l')]);
    assert_eq!(tree(&state)[4], "~var");
    press(&mut state, &[Key::Char('c'), Key::Tab, Key::Char('*')]);
    // What came and went between is not there.
    let all = tree(&state).join("\n");
    assert!(!all.contains("pkgcache") && all.contains("-motd"), "{all}");
}

#[test]
fn kinds_of_change_are_hidden_and_shown() {
    let mut state = whole(100, 30);
    press(&mut state, &[Key::End, Key::Tab, Key::Char('*')]);
    let all = [
        " bin",
        "  ash",
        "  sh",
        "~etc",
        "  evil\u{1b}[2J\u{202e}name",
        " -motd",
        "  passwd",
        "+srv",
        " +日本語の名前.txt",
        " usr",
        "  lib",
        "   libz.so",
        "~var",
        " ~cache",
        "  -apt",
        "   -pkgcache.bin",
    ];
    assert_eq!(tree(&state), all);
    press(&mut state, &[Key::Char('=')]);
    let changed = [
        "~etc",
        " -motd",
        "+srv",
        " +日本語の名前.txt",
        "~var",
        " ~cache",
        "  -apt",
        "   -pkgcache.bin",
    ];
    assert_eq!(tree(&state), changed);
    press(&mut state, &[Key::Ctrl('r')]);
    assert_eq!(tree(&state), ["+srv", " +日本語の名前.txt"]);
    press(&mut state, &[Key::Ctrl('a')]);
    assert!(tree(&state).is_empty());
    press(
        &mut state,
        &[Key::Char('-'), Key::Char('+'), Key::Char('=')],
    );
    assert_eq!(tree(&state), all);
}

#[test]
fn folders_open_and_close() {
    let mut state = whole(100, 30);
    press(&mut state, &[Key::Enter, Key::Char(' ')]);
    assert_eq!(tree(&state), ["+bin", " +ash", " +sh", "+etc"]);
    press(&mut state, &[Key::Right, Key::Down]);
    assert_eq!(selected(&state), "bin/sh");
    press(&mut state, &[Key::Left]);
    assert_eq!(selected(&state), "bin");
    press(&mut state, &[Key::Left]);
    assert_eq!(tree(&state), ["+bin", "+etc"]);
    press(&mut state, &[Key::Ctrl(' '), Key::End]);
    assert_eq!(selected(&state), "etc/passwd");
    // The selection goes to the directory that closes around it.
    press(&mut state, &[Key::Char('*')]);
    assert_eq!(
        (tree(&state).len(), selected(&state)),
        (2, "etc".to_owned())
    );
}

#[test]
fn rows_by_size() {
    let mut state = whole(100, 30);
    press(&mut state, &[Key::Down, Key::Tab, Key::Char('s')]);
    assert_eq!(tree(&state), ["+var", " bin", "+usr", "~etc"]);
    assert_eq!(state.tree.sort, Sort::Size);
    press(&mut state, &[Key::Ctrl('o')]);
    assert_eq!(tree(&state)[0], " bin");
}

#[test]
fn a_filter_finds_paths_and_opens_what_leads_there() {
    let mut state = whole(100, 30);
    press(&mut state, &[Key::Down, Key::Char('/')]);
    typed(&mut state, r"lib.*\.so$");
    assert_eq!(tree(&state), ["+usr", " +lib", "  +libz.so"]);
    press(&mut state, &[Key::Enter, Key::Esc]);
    assert_eq!(tree(&state)[0], " bin");
    assert!(!state.is_typing());
}

#[test]
fn a_broken_filter_is_told_and_can_be_mended() {
    let mut state = whole(100, 30);
    press(&mut state, &[Key::Ctrl('f')]);
    typed(&mut state, "sh(");
    assert!(state.tree.filter.error.is_some());
    assert_eq!(tree(&state), ["+bin", " +ash", " +sh"]);
    press(&mut state, &[Key::Enter]);
    assert!(state.is_typing());
    press(&mut state, &[Key::Ctrl('t')]);
    assert_eq!(state.tree.filter.error, None);
    assert!(tree(&state).is_empty());
    press(&mut state, &[Key::Backspace, Key::Enter]);
    assert!(!state.is_typing());
    assert_eq!(tree(&state), ["+bin", " +ash", " +sh"]);
}

#[test]
fn q_is_a_letter_while_typing() {
    let mut state = whole(100, 30);
    press(&mut state, &[Key::Char('/')]);
    typed(&mut state, "q?1");
    assert_eq!(state.press(Key::Ctrl('c')), Some(Effect::Quit));
    press(&mut state, &[Key::Esc]);
    assert_eq!(state.press(Key::Char('q')), Some(Effect::Quit));
}

#[test]
fn waste_leads_to_its_path_and_layer() {
    let mut state = whole(100, 30);
    press(&mut state, &[Key::Char('2'), Key::Char('+')]);
    assert!(on(Tab::Waste, &state));
    press(&mut state, &[Key::Enter]);
    assert!(on(Tab::Files, &state));
    assert_eq!(state.layer.selected, 1);
    // What hid the path is shown again.
    assert_eq!(selected(&state), "var/cache/apt/pkgcache.bin");
}

#[test]
fn files_are_written_under_a_name_that_is_typed() {
    let mut state = whole(100, 30);
    press(&mut state, &[Key::Tab, Key::Char('*')]);
    // A directory is no file.
    press(&mut state, &[Key::Char('e')]);
    assert!(!state.is_typing() && state.note.is_some());
    press(&mut state, &[Key::Down, Key::Down, Key::Ctrl('e')]);
    typed(&mut state, "/x");
    press(&mut state, &[Key::Enter]);
    assert!(state.is_typing());
    press(&mut state, &[Key::Ctrl('u')]);
    typed(&mut state, "mine");
    let effect = state.press(Key::Enter);
    let Some(Effect::Extract { path, name, .. }) = effect else {
        panic!("{effect:?}");
    };
    assert_eq!((&path[..], name.as_str()), (&b"bin/sh"[..], "mine"));
}

#[test]
fn names_of_the_image_are_proposed_without_their_tricks() {
    let mut state = whole(100, 30);
    press(&mut state, &[Key::Down, Key::Char('/')]);
    typed(&mut state, "evil");
    press(&mut state, &[Key::Enter, Key::End, Key::Char('e')]);
    let effect = state.press(Key::Enter);
    let Some(Effect::Extract { name, .. }) = effect else {
        panic!("{effect:?}");
    };
    assert_eq!(name, "evil__2J_name");
}

#[test]
fn keys_work_before_anything_is_known() {
    let mut state = State::new("app.tar", (80, 24).into());
    assert_eq!(state.reading(), &Reading::Opening);
    press(
        &mut state,
        &[Key::Down, Key::Tab, Key::Char(' '), Key::Char('e')],
    );
    press(
        &mut state,
        &[Key::Char('2'), Key::Enter, Key::Char('*'), Key::End],
    );
    assert_eq!(state.focus(), Focus::Content);
    assert_eq!(state.press(Key::Char('q')), Some(Effect::Quit));
}

#[test]
fn directories_are_as_large_as_what_is_in_them() {
    let files = small();
    let bytes = |layer, path: &str| {
        let view = View::new(&files, layer, false);
        let path = files.find(path.as_bytes()).unwrap();
        (view.status(path), view.bytes(path))
    };
    assert_eq!(bytes(0, "bin"), (Status::Added, 1_000_000));
    assert_eq!(bytes(1, ""), (Status::Modified, 10_301_160));
    assert_eq!(bytes(2, "var/cache/apt"), (Status::Removed, 9_000_000));
    assert_eq!(bytes(2, "var"), (Status::Modified, 0));
}

#[test]
fn everything_hidden_leaves_nothing() {
    let files = small();
    let mut view = View::new(&files, 2, false);
    let mut shown = Shown::default();
    Status::ALL
        .into_iter()
        .for_each(|status| shown.toggle(status));
    view.keep(&files, shown, &Filter::default());
    assert!(view.rows(&files, &[], Sort::Name).is_empty());
}

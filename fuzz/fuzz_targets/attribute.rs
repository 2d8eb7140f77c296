//! History and a Dockerfile: attributed in full or not at all, and what is
//! reconstructed parses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rslim::attribute::{Question, attribute, reconstruct};
use rslim::dockerfile;
use rslim::oci::HistoryEntry;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (lines, file) = text.split_once('\0').unwrap_or((&text, ""));
    // A line is an entry; tabs part its text from its comment.
    let history: Vec<HistoryEntry> = lines
        .lines()
        .map(|line| {
            let (created_by, comment) = line.split_once('\t').unwrap_or((line, ""));
            HistoryEntry {
                created: String::new(),
                empty_layer: created_by.starts_with('-'),
                created_by: created_by.trim_start_matches('-').replace('\u{1}', "\n"),
                comment: comment.replace('\u{1}', "\n"),
            }
        })
        .collect();
    let file = dockerfile::parse(file);
    let question = Question {
        history: &history,
        layers: history.iter().filter(|entry| !entry.empty_layer).count(),
        dockerfile: &file,
        target: None,
        base_layers: None,
    };
    if let Ok(answer) = attribute(&question) {
        assert_eq!(answer.entries.len(), history.len());
        for place in answer.entries.iter().filter_map(|entry| entry.place) {
            assert!(place.last < file.instructions.len() && place.line <= place.end_line);
        }
    }
    assert!(
        dockerfile::parse(reconstruct(&history, None))
            .errors
            .is_empty()
    );
});

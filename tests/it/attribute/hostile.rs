//! Histories and Dockerfiles that nobody built: no panic, and no endless work.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use rslim::attribute::{Question, attribute, layer_map, reconstruct};
use rslim::dockerfile;
use rslim::oci::HistoryEntry;

fn check(history: &[HistoryEntry], layers: usize, file: &str, target: Option<&str>) {
    let file = dockerfile::parse(file);
    let question = Question {
        history,
        layers,
        dockerfile: &file,
        target,
        base_layers: Some(layers / 2),
    };
    if let Ok(answer) = attribute(&question) {
        assert_eq!(answer.entries.len(), history.len());
        assert_eq!(answer.layers.len(), layers);
        for place in answer
            .entries
            .iter()
            .chain(&answer.layers)
            .filter_map(|a| a.place)
        {
            assert!(place.first <= place.last && place.last < file.instructions.len());
            assert!(1 <= place.line && place.line <= place.end_line);
        }
    }
    assert_eq!(layer_map(history, layers).entries.len(), layers);
    let made = dockerfile::parse(reconstruct(history, None));
    assert_eq!(made.errors, [], "{}", made.text);
}

/// Pieces of which entries and instructions consist, put together at random.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "/bin/sh -c ",
        "#(nop) ",
        "RUN ",
        "COPY ",
        "ADD ",
        "ENV ",
        "ARG ",
        "CMD ",
        "SHELL ",
        "EXPOSE ",
        "ONBUILD ",
        "HEALTHCHECK ",
        "WORKDIR ",
        "VOLUME ",
        "LABEL ",
        "USER ",
        "FROM ",
        "|2 ",
        "|1 A=b ",
        "A=1 ",
        "B=\"x y\" ",
        "$A ",
        "${B:-c}",
        "${",
        "file:abc0 in ",
        "multi:0 in ",
        "/x ",
        "./ ",
        "..",
        "<<EOF",
        "\nEOF\n",
        "\n",
        "\\\n",
        "[\"a\"]",
        "[\"a\" \"b\\x0",
        "&{[",
        "]",
        "} ",
        "'\\x00'",
        "\"",
        "'",
        "# buildkit",
        "--from=a ",
        "--chown=1:1",
        "1-3/udp ",
        "--mount=",
        "ü",
        "\u{f8fe}",
        "\0",
        "\r\n",
        "# c\n",
        "AS a\n",
        "scratch ",
    ]);
    let any = prop_oneof![9 => pieces.prop_map(str::to_owned), 1 => any::<String>()];
    prop::collection::vec(any, 0..12).prop_map(|words| words.concat())
}

fn entry() -> impl Strategy<Value = HistoryEntry> {
    let comment = prop_oneof![
        Just(String::new()),
        Just("buildkit.dockerfile.v0".to_owned()),
        Just("FROM localhost/x:1".to_owned()),
        Just("FROM 0123456789ab".to_owned()),
        Just("layer 2 of 3 that hold the same steps".to_owned()),
        text().prop_map(|text| format!("folds 2 steps\n{text}\n{text}")),
        text(),
    ];
    (text(), comment, any::<bool>()).prop_map(|(created_by, comment, empty_layer)| HistoryEntry {
        created: String::new(),
        created_by,
        comment,
        empty_layer,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn nothing_panics(
        history in prop::collection::vec(entry(), 0..12),
        layers in 0usize..8,
        lines in prop::collection::vec(text(), 0..12),
        target in prop::option::of("[a0]"),
    ) {
        let file = format!("FROM x\n{}", lines.join("\n"));
        check(&history, layers, &file, target.as_deref());
    }

    #[test]
    fn what_is_built_of_a_dockerfile_is_found_again(
        commands in prop::collection::vec("[a-c]{1,2}", 1..8),
        below in prop::collection::vec("[a-c]{1,2}", 0..4),
    ) {
        let file = commands.iter().map(|c| format!("RUN {c}\n")).collect::<String>();
        let file = dockerfile::parse(format!("FROM x\n{file}"));
        let entries = below.iter().chain(&commands);
        let history: Vec<HistoryEntry> = entries
            .map(|command| HistoryEntry {
                created_by: format!("/bin/sh -c {command}"),
                ..HistoryEntry::default()
            })
            .collect();
        let question = Question {
            history: &history,
            layers: history.len(),
            dockerfile: &file,
            target: None,
            base_layers: None,
        };
        let answer = attribute(&question).unwrap();
        for (i, layer) in answer.layers.iter().enumerate() {
            let line = layer.place.map_or(0, |place| place.line as usize);
            let want = (i + 2).saturating_sub(below.len());
            prop_assert_eq!(line, if i < below.len() { 1 } else { want });
        }
    }
}

#[test]
fn long_histories_and_dockerfiles_take_no_time() {
    let started = Instant::now();
    let entry = |text: String| HistoryEntry {
        created_by: text,
        ..HistoryEntry::default()
    };
    let many: Vec<_> = (0..20_000).map(|_| entry("/bin/sh -c a".into())).collect();
    check(
        &many,
        20_000,
        &format!("FROM x\n{}", "RUN a\n".repeat(20_000)),
        None,
    );
    let long = format!("/bin/sh -c #(nop) ENV A={}", "ab".repeat(200_000));
    let doubling: String = (0..400).map(|_| "ENV A=$A$A$B\nLABEL x=$A$A\n").collect();
    let some: Vec<_> = (0..400).map(|_| entry(long.clone())).collect();
    check(&some, 400, &format!("FROM x\n{doubling}"), None);
    let variables: String = (0..20_000).map(|i| format!("ENV V{i}=$V{i}x\n")).collect();
    check(&some[..8], 8, &format!("FROM x\n{variables}"), None);
    assert!(started.elapsed() < Duration::from_secs(60));
}

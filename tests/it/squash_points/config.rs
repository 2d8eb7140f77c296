//! The configuration: all of it stays but the layers and their history.

use rslim::sink::Destination;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::case::{case, case_of, new};
use super::documents::{fold_to, folded, layout, three};
use super::seen::{Written, file};
use crate::fixtures::{ImageBuilder, Layout};
use crate::program::{command, ran};

/// The keys of an object in their order, with their values as written.
struct Members(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> serde::de::Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    members.push((key, value.get().to_owned()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

fn members_of(bytes: &[u8]) -> Vec<(String, String)> {
    serde_json::from_slice::<Members>(bytes).unwrap().0
}

/// Every key that Docker, podman and the specification know, in forms that a
/// rewriting program would tidy up.
const CONFIG: &str = r#"{
  "architecture":"arm64", "variant":"v8", "os":"linux", "os.version":"10.0", "os.features":["a" ,"b"],
  "author":"Me \u003cme@example.org\u003e", "created":"2020-02-03T04:05:06.000000007+02:00",
  "config":{"User":"1:2","Env":["A=b","PATH=/bin"],"Entrypoint":["/a"],"Cmd":[ "b" ],
    "WorkingDir":"/w","Volumes":{"/v":{}},"ExposedPorts":{"80/tcp":{}},"Labels":{"a":"b"},
    "StopSignal":"SIGUSR1","StopTimeout":7,
    "Healthcheck":{"Test":["CMD","x"],"Interval":1000000000,"StartInterval":5000000000,"Retries":3},
    "OnBuild":["RUN x"],"Shell":["/bin/sh","-c"],"ArgsEscaped":true,"Memory":1.50,"CpuShares":1e2,
    "Hostname":"h","AttachStdin":false,"MacAddress":"","Invented":{"z":1,"a":[null]}},
  "container":"0123", "container_config":{"Cmd":null}, "docker_version":"20.10.0", "parent":"sha256:0",
  "moby.buildkit.buildinfo.v1":"e30=", "Invented":[1.0, {"b":2,"a":1}],
  "history":[HISTORY],"rootfs":{"type":"layers","diff_ids":[IDS],"invented":true},"last":1}"#;

/// [`CONFIG`] with other text in place of the `config` object's.
fn config_of(image: &ImageBuilder, text: &str) -> Vec<u8> {
    let made = image.config();
    let list = |value: &Value| {
        let items = value.as_array().unwrap().iter();
        items.map(Value::to_string).collect::<Vec<_>>().join(",")
    };
    text.replace("HISTORY", &list(&made["history"]))
        .replace("IDS", &list(&made["rootfs"]["diff_ids"]))
        .into_bytes()
}

#[test]
fn every_field_of_the_configuration_keeps_its_bytes_and_its_place() {
    let image = three();
    let before = config_of(&image, CONFIG);
    let members = layout(&image, |parts| parts.config = before.clone());
    for kept in 0..=3 {
        let written = folded(&members, kept, "linux/arm64/v8", None);
        let (old, new) = (members_of(&before), members_of(written.config()));
        let keys = |members: &[(String, String)]| -> Vec<String> {
            members.iter().map(|(key, _)| key.clone()).collect()
        };
        assert_eq!(keys(&new), keys(&old));
        for (old, new) in old.iter().zip(&new) {
            if !["history", "rootfs"].contains(&old.0.as_str()) {
                assert_eq!(old, new);
            }
        }
        assert_eq!(written.config_json()["rootfs"]["invented"], true);
        let platform = &written.index()["manifests"][0]["platform"];
        assert_eq!(
            *platform,
            json!({"architecture": "arm64", "variant": "v8", "os": "linux",
                   "os.version": "10.0", "os.features": ["a", "b"]})
        );
    }
}

#[test]
fn null_missing_and_empty_stay_what_they_are() {
    let configs = [
        r#"{"Cmd":null,"Entrypoint":[],"Env":null,"Labels":{},"Volumes":null,"OnBuild":[]}"#,
        r#"{"Cmd":[],"Entrypoint":null,"Env":[],"Labels":null,"Volumes":{},"User":""}"#,
        "{}",
        "null",
    ];
    for config in configs {
        let text = format!(
            r#"{{"config":{config},"author":null,"variant":"","os.features":[],
                "history":[HISTORY],"rootfs":{{"diff_ids":[IDS]}},"os":"linux","architecture":"amd64"}}"#
        );
        let bytes = config_of(&three(), &text);
        let members = layout(&three(), |parts| parts.config = bytes);
        let written = folded(&members, 1, "linux/amd64", None);
        let after = members_of(written.config());
        let get = |key: &str| after.iter().find(|m| m.0 == key).map(|m| m.1.as_str());
        assert_eq!(get("config"), Some(config));
        assert_eq!(get("author"), Some("null"));
        assert_eq!(get("variant"), Some("\"\""));
        assert_eq!(get("os.features"), Some("[]"));
        assert_eq!(get("created"), None);
    }
}

#[test]
fn history_has_one_entry_for_the_range_and_flags_that_fit_the_layers() {
    let members = three().members(Layout::Oci);
    let old = three().config()["history"].clone();
    let new = |comment: &str| json!({"created": "2024-01-02T03:00:05Z", "created_by": "a test", "comment": comment});
    let all =
        "folds 6 steps\nADD base.tar /\nCMD [\"sh\"]\nRUN make b\nENV A=b\nRUN make c\nCMD [\"c\"]";
    let two = "folds 4 steps\nRUN make b\nENV A=b\nRUN make c\nCMD [\"c\"]";
    let one = "folds 2 steps\nRUN make c\nCMD [\"c\"]";
    for (kept, want) in [
        (0, json!([new(all)])),
        (1, json!([old[0], old[1], new(two)])),
        (2, json!([old[0], old[1], old[2], old[3], new(one)])),
        (3, old.clone()),
    ] {
        let written = folded(&members, kept, "linux/amd64", None);
        let config = written.config_json();
        assert_eq!(config["history"], want, "{kept} kept");
        let steps = want.as_array().unwrap().iter();
        let made = steps.filter(|step| step["empty_layer"] != true).count();
        assert_eq!(made, written.layers().len());
        assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), made);
    }
}

#[test]
fn history_that_is_missing_null_empty_or_short_is_tolerated() {
    type Edit = (fn(&mut Value), usize);
    let edits: [Edit; 4] = [
        (
            |config| drop(config.as_object_mut().unwrap().remove("history")),
            0,
        ),
        (|config| config["history"] = Value::Null, 0),
        (|config| config["history"] = json!([]), 0),
        (
            |config| config["history"] = json!([{"created_by": "one"}]),
            1,
        ),
    ];
    for (edit, old) in edits {
        let image = three().edit_config(edit);
        case_of(image.clone())
            .tree([file("a", "1"), file("c", "3")])
            .markers(2, &["gone b"])
            .check();
        let members = image.members(Layout::Oci);
        let all = folded(&members, 0, "linux/amd64", None).config_json();
        assert_eq!(all["history"].as_array().unwrap().len(), 1);
        // Nobody knows which step made which layer: none is taken away.
        let part = folded(&members, 1, "linux/amd64", None).config_json();
        let history = part["history"].as_array().unwrap();
        assert_eq!(history.len(), old + 1);
        assert_eq!(history[old]["created_by"], "a test");
        let none = folded(&members, 3, "linux/amd64", None).config_json();
        assert_eq!(none.get("history"), image.config().get("history"));
    }
}

#[test]
fn images_of_no_one_and_127_layers() {
    let empty = ImageBuilder::new()
        .empty_layer("CMD [\"/app\"]")
        .cmd(&["/app"]);
    case_of(empty.clone()).check();
    let written = folded(&empty.members(Layout::Oci), 0, "linux/amd64", None);
    assert_eq!(written.manifest()["layers"], json!([]));
    assert_eq!(written.config_json(), empty.config());
    case([new().file("a", "1")]).tree([file("a", "1")]).check();

    // Each layer adds a file, replaces one, and deletes that of the layer before.
    let layer = |number: usize| {
        let layer = new().file(format!("only-{number:03}"), "1");
        let layer = layer.file("counter", number.to_string());
        match number {
            0 => layer.file("base", "0").finish(),
            _ => layer.whiteout(&format!("only-{:03}", number - 1)).finish(),
        }
    };
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (place.path().join("from.tar"), place.path().join("to.tar"));
    let image = ImageBuilder::of_layers((0..127).map(layer));
    image.write(Layout::DockerArchive, &from).unwrap();
    let tree = [
        file("base", "0"),
        file("counter", "126"),
        file("only-126", "1"),
    ];
    for kept in [0, 1, 64, 126, 127] {
        fold_to(
            &from,
            &Destination::DockerArchive(to.clone()),
            kept,
            "linux/amd64",
            None,
        );
        assert_eq!(
            super::seen::listed(&to),
            tree.clone().map(super::seen::Seen::digested)
        );
        let written = Written::archive(&to);
        assert_eq!(written.layers().len(), 127.min(kept + 1));
        let history = written.config_json()["history"].clone();
        assert_eq!(history.as_array().unwrap().len(), 127.min(kept + 1));
        let marker = (kept > 0 && kept < 127).then(|| format!("gone only-{:03}", kept - 1));
        let top = written.top();
        let markers = top.iter().filter(|e| e.is_marker() && kept < 127);
        let markers: Vec<_> = markers.map(super::seen::Seen::kind_and_path).collect();
        assert_eq!(markers, marker.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn the_time_of_creation_stays_or_is_set() {
    let members = three().members(Layout::Oci);
    let kept = folded(&members, 1, "linux/amd64", None).config_json();
    assert_eq!(kept["created"], three().config()["created"]);
    let time = "2001-02-03T04:05:06Z";
    let set = folded(&members, 1, "linux/amd64", Some(time)).config_json();
    assert_eq!(set["created"], time);
    // The step that was just made has it too; older ones keep theirs.
    assert_eq!(set["history"][2]["created"], time);
    assert_eq!(set["history"][0], three().config()["history"][0]);
    // Without a time there is none to invent.
    let image =
        three().edit_config(|config| drop(config.as_object_mut().unwrap().remove("created")));
    let none = folded(&image.members(Layout::Oci), 1, "linux/amd64", None).config_json();
    assert_eq!(none.get("created"), None);
}

#[test]
fn two_runs_at_a_given_time_give_the_same_bytes() {
    let place = tempfile::tempdir().unwrap();
    let from = place.path().join("from.tar");
    three().write(Layout::DockerArchive, &from).unwrap();
    let outputs = ["one.tar", "two.tar"].map(|name| {
        let to = place.path().join(name);
        let mut run = command();
        run.args(["squash", "--platform", "linux/amd64"]).arg(&from);
        run.arg("-o").arg(&to).env("SOURCE_DATE_EPOCH", "86400");
        let ran = ran(run.output().unwrap());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let config = Written::archive(&to).config_json();
        assert_eq!(config["created"], "1970-01-02T00:00:00Z");
        std::fs::read(to).unwrap()
    });
    assert_eq!(outputs[0], outputs[1]);
}

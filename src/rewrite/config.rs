//! The configuration of an image whose upper layers became one.
//!
//! Only `rootfs.diff_ids`, `history` and, where asked for, `created` change;
//! everything else keeps its bytes, keys that nobody knows included (image-spec
//! `config.md`; Docker's configuration has more keys than that).

use serde::Serialize;
use serde_json::value::RawValue;

use crate::oci::{Digest, HistoryEntry, OciError, RawObject};

/// Why a configuration could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error(transparent)]
    Document(#[from] OciError),
    /// It cannot be written.
    #[error("cannot write the image configuration: {0}")]
    Json(#[from] serde_json::Error),
}

/// What becomes of the layers.
#[derive(Debug, Clone)]
pub struct Folded<'a> {
    /// The diff_ids of the layers that stay.
    pub kept: &'a [Digest],
    /// The diff_ids of the new layers, which follow them.
    pub new: &'a [Digest],
    /// How many layers the image had.
    pub layers: usize,
    /// What the new history entry says made the layer.
    pub created_by: &'a str,
    /// A time to set as `created` (RFC 3339); the image keeps its own without.
    pub created: Option<&'a str>,
}

/// Bytes of old history that the new entry's comment repeats at most.
const COMMENT_BYTES: usize = 16 * 1024;

const DOCUMENT: &str = "the image configuration";

#[derive(Serialize)]
struct NewEntry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<&'a str>,
    created_by: &'a str,
    comment: String,
}

/// The configuration `bytes` with the layers as `folded` says.
///
/// The history entries of the folded layers become one, whose comment lists
/// what they were; where they become several layers, the others have an entry
/// each that says which of them it is. Where history does not tell which entry made which layer
/// (there are fewer or more of them), all of it is folded when all layers are,
/// and else one entry is added at its end.
///
/// # Errors
/// [`ConfigError`].
pub fn fold(bytes: &[u8], folded: &Folded<'_>) -> Result<Vec<u8>, ConfigError> {
    let mut config = RawObject::parse(DOCUMENT, bytes)?;
    let mut rootfs: RawObject = config.read("rootfs").unwrap_or_default();
    if rootfs.get("type").is_none() {
        rootfs.set("type", "layers")?;
    }
    let ids: Vec<&Digest> = folded.kept.iter().chain(folded.new).collect();
    let old: Vec<String> = rootfs.read("diff_ids").unwrap_or_default();
    let same = ids.iter().map(|id| id.as_ref()).eq(old.iter());
    if same && folded.new.is_empty() && folded.created.is_none() {
        // The image keeps its ID.
        return Ok(bytes.to_vec());
    }
    rootfs.set("diff_ids", &ids)?;
    config.set("rootfs", &rootfs)?;
    let history: Vec<Box<RawValue>> = config.read("history").unwrap_or_default();
    if !folded.new.is_empty() {
        config.set("history", &new_history(&history, folded)?)?;
    }
    if let Some(created) = folded.created {
        config.set("created", created)?;
    }
    Ok(config.to_bytes()?)
}

/// What becomes of each layer where they stay apart.
#[derive(Debug, Clone)]
pub struct LayersChanged<'a> {
    /// The diff_id of each layer of the image as it is now; `None` where it is
    /// gone.
    pub layers: &'a [Option<Digest>],
    /// That of a layer that is new on top of them.
    pub added: Option<&'a Digest>,
    /// What the new history entry says was done.
    pub created_by: &'a str,
    /// A time to set as `created` (RFC 3339); the image keeps its own without.
    pub created: Option<&'a str>,
}

/// The configuration `bytes` with other layers.
///
/// History keeps its entries: those of layers that are gone are marked
/// `empty_layer`, and one that says what was done follows at the end, with the
/// new layer if there is one. Where history does not tell which entry made
/// which layer, its entries stay as they are.
///
/// # Errors
/// [`ConfigError`].
pub fn change_layers(bytes: &[u8], changed: &LayersChanged<'_>) -> Result<Vec<u8>, ConfigError> {
    let mut config = RawObject::parse(DOCUMENT, bytes)?;
    let mut rootfs: RawObject = config.read("rootfs").unwrap_or_default();
    if rootfs.get("type").is_none() {
        rootfs.set("type", "layers")?;
    }
    let ids = changed.layers.iter().flatten().chain(changed.added);
    rootfs.set("diff_ids", &ids.collect::<Vec<_>>())?;
    config.set("rootfs", &rootfs)?;
    let mut history: Vec<RawObject> = config.read("history").unwrap_or_default();
    let made: Vec<usize> = history
        .iter()
        .enumerate()
        .filter(|(_, entry)| !entry.read::<bool>("empty_layer").unwrap_or_default())
        .map(|(index, _)| index)
        .collect();
    if made.len() == changed.layers.len() {
        for (index, layer) in made.into_iter().zip(changed.layers) {
            if let (None, Some(entry)) = (layer, history.get_mut(index)) {
                entry.set("empty_layer", &true)?;
            }
        }
    }
    let last = history.iter().rev();
    let last = last
        .filter_map(|entry| entry.read::<String>("created"))
        .find(|time| !time.is_empty());
    let mut entry = RawObject::default();
    if let Some(created) = changed.created.or(last.as_deref()) {
        entry.set("created", created)?;
    }
    entry.set("created_by", changed.created_by)?;
    if changed.added.is_none() {
        entry.set("empty_layer", &true)?;
    }
    history.push(entry);
    config.set("history", &history)?;
    if let Some(created) = changed.created {
        config.set("created", created)?;
    }
    Ok(config.to_bytes()?)
}

fn new_history(
    history: &[Box<RawValue>],
    folded: &Folded<'_>,
) -> Result<Vec<Box<RawValue>>, ConfigError> {
    let parsed: Vec<HistoryEntry> = history
        .iter()
        .map(|entry| serde_json::from_str(entry.get()).unwrap_or_default())
        .collect();
    let made = parsed.iter().filter(|entry| !entry.empty_layer).count();
    let from = match folded.kept.len() {
        0 => 0,
        _ if made != folded.layers => history.len(),
        kept => first_of(&parsed, kept),
    };
    let (below, above) = history.split_at(from.min(history.len()));
    let above = parsed.get(parsed.len() - above.len()..).unwrap_or_default();
    let mut last = above.iter().map(|entry| entry.created.as_str());
    let mut out = below.to_vec();
    let entry = NewEntry {
        created: folded.created.or_else(|| last.rfind(|t| !t.is_empty())),
        created_by: folded.created_by,
        comment: comment(above),
    };
    out.push(serde_json::value::to_raw_value(&entry)?);
    let layers = folded.new.len();
    for number in 2..=layers {
        let comment = format!("layer {number} of {layers} that hold the same steps");
        let part = NewEntry { comment, ..entry };
        out.push(serde_json::value::to_raw_value(&part)?);
    }
    Ok(out)
}

/// The first history entry above the lowest `kept` layers.
fn first_of(history: &[HistoryEntry], kept: usize) -> usize {
    let layers = history
        .iter()
        .enumerate()
        .filter(|(_, entry)| !entry.empty_layer);
    let first = layers.map(|(index, _)| index).nth(kept);
    first.unwrap_or(history.len())
}

fn comment(folded: &[HistoryEntry]) -> String {
    let steps = match folded.len() {
        1 => "1 step".to_owned(),
        steps => format!("{steps} steps"),
    };
    let mut text = format!("folds {steps}");
    for (index, entry) in folded.iter().enumerate() {
        let line = entry.created_by.trim();
        if text.len() + line.len() > COMMENT_BYTES {
            text += &format!("\n… and {} more", folded.len() - index);
            break;
        }
        text += "\n";
        text += line;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"{"architecture":"amd64","config":{"Env":["A=b"],"Invented":{"x":1.50}},
        "created":"2020-01-01T00:00:00Z","os":"linux","Mine":null,
        "history":[{"created":"1","created_by":"ADD base"},{"created_by":"CMD x","empty_layer":true},
        {"created":"2","created_by":"RUN a"},{"created":"3","created_by":"RUN b","author":"me"}],
        "rootfs":{"type":"layers","diff_ids":["sha256:aa","sha256:bb","sha256:cc"]}}"#;

    fn digest(byte: &str) -> Digest {
        Digest::try_from(format!("sha256:{}", byte.repeat(32))).unwrap()
    }

    fn folded(kept: usize, layers: usize, config: &str) -> serde_json::Value {
        let kept: Vec<Digest> = (0..kept).map(|_| digest("aa")).collect();
        let folded = Folded {
            kept: &kept,
            new: &[digest("dd")],
            layers,
            created_by: "a test",
            created: None,
        };
        serde_json::from_slice(&fold(config.as_bytes(), &folded).unwrap()).unwrap()
    }

    #[test]
    fn the_range_becomes_one_entry_that_says_what_it_folds() {
        let config = folded(1, 3, CONFIG);
        let history = config["history"].as_array().unwrap();
        assert_eq!(history.len(), 3);
        assert_eq!(history[2]["created_by"], "a test");
        assert_eq!(history[2]["comment"], "folds 2 steps\nRUN a\nRUN b");
        assert_eq!(history[2]["created"], "3");
        assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 2);
        assert_eq!(folded(0, 3, CONFIG)["history"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn all_else_keeps_its_bytes() {
        let bytes = fold(
            CONFIG.as_bytes(),
            &Folded {
                kept: &[],
                new: &[digest("dd")],
                layers: 3,
                created_by: "a test",
                created: Some("2021-01-01T00:00:00Z"),
            },
        );
        let text = String::from_utf8(bytes.unwrap()).unwrap();
        assert!(
            text.contains(r#""config":{"Env":["A=b"],"Invented":{"x":1.50}}"#),
            "{text}"
        );
        assert!(
            text.contains(r#""Mine":null"#) && text.contains(r#""created":"2021"#),
            "{text}"
        );
    }

    #[test]
    fn layers_that_are_gone_are_empty_in_history() {
        let changed = LayersChanged {
            layers: &[Some(digest("aa")), None, Some(digest("cc"))],
            added: None,
            created_by: "a test",
            created: None,
        };
        let bytes = change_layers(CONFIG.as_bytes(), &changed).unwrap();
        let config: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 2);
        let history = config["history"].as_array().unwrap();
        let empty: Vec<bool> = history
            .iter()
            .map(|entry| entry["empty_layer"] == true)
            .collect();
        assert_eq!(empty, [false, true, true, false, true]);
        assert_eq!(history[3]["author"], "me", "entries keep their keys");
        assert_eq!(history[4]["created_by"], "a test");
        assert_eq!(history[4]["created"], "3");
    }

    #[test]
    fn history_that_does_not_fit_the_layers_stays() {
        let config = folded(1, 5, CONFIG);
        assert_eq!(config["history"].as_array().unwrap().len(), 5);
        assert_eq!(config["history"][4]["comment"], "folds 0 steps");
        let bare = folded(0, 2, r#"{"rootfs":null}"#);
        assert_eq!(bare["history"].as_array().unwrap().len(), 1);
        assert_eq!(bare["rootfs"]["type"], "layers");
    }
}

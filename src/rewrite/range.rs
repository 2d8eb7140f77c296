//! Which layers become one.

use crate::oci::{Digest, Image};

/// What to fold, as it can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RangeChoice {
    /// Every layer.
    #[default]
    All,
    /// The topmost layers, so many.
    Last(usize),
    /// All layers from this one up: an index, a digest, a diff_id, or the
    /// start of one of these of at least four digits.
    From(String),
    /// All layers above the lowest ones, so many.
    Above(usize),
}

/// A choice that the image has no answer to.
#[derive(Debug, thiserror::Error)]
pub enum RangeError {
    /// More layers than there are.
    #[error("the image has {have} layers, not {wanted}")]
    TooMany {
        /// What was asked for.
        wanted: usize,
        /// What there is.
        have: usize,
    },
    /// No layer of this name.
    #[error("the image has no layer {wanted:?}; its layers are {}", .have.join(", "))]
    NoSuchLayer {
        /// What was asked for.
        wanted: String,
        /// The layers.
        have: Vec<String>,
    },
    /// The start of several digests.
    #[error("{wanted:?} is the start of the names of layers {}; give more of it", .have.join(" and "))]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// The layers.
        have: Vec<String>,
    },
}

/// Digits of a digest that are enough to name a layer.
const DIGITS: usize = 4;

/// The lowest layer to fold; everything below it stays as it is.
///
/// # Errors
/// [`RangeError`].
pub fn first_layer(image: &Image, choice: &RangeChoice) -> Result<usize, RangeError> {
    let have = image.layers.len();
    let too_many = |wanted| RangeError::TooMany { wanted, have };
    match choice {
        RangeChoice::All => Ok(0),
        RangeChoice::Last(wanted) => have.checked_sub(*wanted).ok_or_else(|| too_many(*wanted)),
        RangeChoice::Above(kept) if *kept > have => Err(too_many(*kept)),
        RangeChoice::Above(kept) => Ok(*kept),
        RangeChoice::From(wanted) => named(image, wanted),
    }
}

fn named(image: &Image, wanted: &str) -> Result<usize, RangeError> {
    let have = image.layers.len();
    let short = wanted.len() < DIGITS;
    if let Some(index) = wanted.parse().ok().filter(|&index: &usize| index < have)
        && (short || have > 1000)
    {
        return Ok(index);
    }
    let hex = wanted.strip_prefix("sha256:").unwrap_or(wanted);
    let starts = |digest: &Option<Digest>| {
        let digest = digest.as_ref();
        digest.is_some_and(|digest| digest.digest().starts_with(hex))
    };
    let found: Vec<usize> = image
        .layers
        .iter()
        .enumerate()
        .filter(|(_, layer)| {
            hex.len() >= DIGITS && (starts(&layer.digest) || starts(&layer.diff_id))
        })
        .map(|(index, _)| index)
        .collect();
    let list =
        |indexes: &[usize]| -> Vec<String> { indexes.iter().map(usize::to_string).collect() };
    match found[..] {
        [only] => Ok(only),
        [] => Err(RangeError::NoSuchLayer {
            wanted: wanted.to_owned(),
            have: image
                .layers
                .iter()
                .enumerate()
                .map(
                    |(index, layer)| match layer.diff_id.as_ref().or(layer.digest.as_ref()) {
                        Some(digest) => {
                            format!(
                                "{index} ({})",
                                digest.digest().get(..12).unwrap_or_default()
                            )
                        }
                        None => index.to_string(),
                    },
                )
                .collect(),
        }),
        _ => Err(RangeError::Ambiguous {
            wanted: wanted.to_owned(),
            have: list(&found),
        }),
    }
}

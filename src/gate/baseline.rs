//! What an image was when it was last looked at: a small file that is
//! committed, so that it may get better and not worse.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::lint::Finding;
use crate::analyze::Analysis;

/// Version of the file's form.
const SCHEMA_VERSION: u32 = 1;

/// The figures of an image and its Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    schema_version: u32,
    /// Figures of the image.
    pub image: Figures,
    /// Sizes of the layers, lowest first.
    pub layers: Vec<LayerFigures>,
    /// What lint found, sorted; absent if it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lint: Option<BTreeSet<KnownFinding>>,
}

/// Figures of an image. All but the last are bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Figures {
    pub uncompressed_bytes: u64,
    pub compressed_bytes: u64,
    pub wasted_bytes: u64,
    pub cache_bytes: u64,
    pub optional_bytes: u64,
    pub duplicate_bytes: u64,
    pub packages: u64,
}

/// Sizes of a layer, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct LayerFigures {
    pub uncompressed_bytes: u64,
    pub compressed_bytes: u64,
}

/// A finding that was there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct KnownFinding {
    pub path: String,
    pub code: String,
    pub fingerprint: String,
}

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is no baseline.
    #[error("{file}:{}:{}: no baseline of this program: {source}", source.line(), source.column())]
    Form {
        /// The file.
        file: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// It is of another time.
    #[error("{file}: a baseline of schema_version {found}; this program knows {SCHEMA_VERSION}")]
    Version {
        /// The file.
        file: String,
        /// Its version.
        found: u32,
    },
}

/// Whether figures may grow when a baseline is brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ratchet {
    /// They only go down.
    Hold,
    /// They become what was measured.
    Release,
}

/// What the ratchet did not let through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Figures that have grown and stay as they were: name, old and new value.
    pub figures: Vec<(&'static str, u64, u64)>,
    /// New findings that were not taken over.
    pub findings: usize,
}

impl Figures {
    /// The figures of an analysis.
    pub fn of(analysis: &Analysis) -> Self {
        let totals = &analysis.totals;
        Figures {
            uncompressed_bytes: totals.uncompressed_bytes,
            compressed_bytes: totals.compressed_bytes,
            wasted_bytes: totals.wasted_bytes,
            cache_bytes: totals.cache_bytes.saturating_sub(totals.weak_cache_bytes),
            optional_bytes: totals.weak_cache_bytes,
            duplicate_bytes: totals.duplicate_bytes,
            packages: analysis.packages.len() as u64,
        }
    }

    fn list(&mut self) -> [(&'static str, &mut u64); 7] {
        [
            ("uncompressed_bytes", &mut self.uncompressed_bytes),
            ("compressed_bytes", &mut self.compressed_bytes),
            ("wasted_bytes", &mut self.wasted_bytes),
            ("cache_bytes", &mut self.cache_bytes),
            ("optional_bytes", &mut self.optional_bytes),
            ("duplicate_bytes", &mut self.duplicate_bytes),
            ("packages", &mut self.packages),
        ]
    }
}

impl Baseline {
    /// The baseline of what was measured.
    pub fn of(analysis: &Analysis, findings: Option<&[Finding]>) -> Self {
        let layers = analysis.layers.iter().map(|layer| LayerFigures {
            uncompressed_bytes: layer.uncompressed_bytes,
            compressed_bytes: layer.compressed_bytes,
        });
        let known = |finding: &Finding| KnownFinding {
            path: finding.path.clone(),
            code: finding.code.clone(),
            fingerprint: finding.fingerprint.clone(),
        };
        Baseline {
            schema_version: SCHEMA_VERSION,
            image: Figures::of(analysis),
            layers: layers.collect(),
            lint: findings.map(|findings| findings.iter().map(known).collect()),
        }
    }

    /// Parses the file.
    ///
    /// # Errors
    /// [`BaselineError`], with line and column.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, BaselineError> {
        #[derive(Deserialize)]
        struct Version {
            schema_version: u32,
        }
        let form = |source| BaselineError::Form {
            file: file.to_owned(),
            source,
        };
        let Version { schema_version } = serde_json::from_slice(bytes).map_err(form)?;
        if schema_version != SCHEMA_VERSION {
            return Err(BaselineError::Version {
                file: file.to_owned(),
                found: schema_version,
            });
        }
        serde_json::from_slice(bytes).map_err(form)
    }

    /// The file: the same figures give the same bytes.
    ///
    /// # Errors
    /// Whatever `out` says.
    pub fn write(&self, out: &mut dyn std::io::Write) -> std::io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }

    /// The baseline that takes the place of this one, where `new` was measured.
    pub fn updated(&self, new: &Baseline, ratchet: Ratchet) -> (Baseline, Kept) {
        let mut next = new.clone();
        let mut kept = Kept::default();
        // Without a Dockerfile nothing was found out about it.
        if next.lint.is_none() {
            next.lint.clone_from(&self.lint);
        }
        if ratchet == Ratchet::Release {
            return (next, kept);
        }
        let mut old = self.image;
        for ((name, new), (_, old)) in next.image.list().into_iter().zip(old.list()) {
            if *new > *old {
                kept.figures.push((name, *old, *new));
                *new = *old;
            }
        }
        // Layers have no names: those of the smaller image stay together.
        if new.image.uncompressed_bytes > self.image.uncompressed_bytes {
            next.layers.clone_from(&self.layers);
        }
        if let (Some(old), Some(new)) = (&self.lint, &mut next.lint) {
            let before = new.len();
            new.retain(|finding| old.contains(finding));
            kept.findings = before - new.len();
        }
        (next, kept)
    }

    /// Whether a finding was there.
    pub fn knows(&self, finding: &Finding) -> bool {
        // By its fingerprint, in which path and code are; the rest is for people.
        let Some(known) = &self.lint else {
            return false;
        };
        known.contains(&KnownFinding {
            path: finding.path.clone(),
            code: finding.code.clone(),
            fingerprint: finding.fingerprint.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(size: u64, wasted: u64, codes: &[&str]) -> Baseline {
        let known = |code: &&str| KnownFinding {
            path: "Dockerfile".into(),
            code: (*code).into(),
            fingerprint: format!("print of {code}"),
        };
        Baseline {
            schema_version: SCHEMA_VERSION,
            image: Figures {
                uncompressed_bytes: size,
                wasted_bytes: wasted,
                ..Figures::default()
            },
            layers: vec![LayerFigures {
                uncompressed_bytes: size,
                compressed_bytes: 0,
            }],
            lint: (!codes.is_empty()).then(|| codes.iter().map(known).collect()),
        }
    }

    #[test]
    fn figures_only_go_down() {
        let old = baseline(100, 10, &["A", "B"]);
        let new = baseline(120, 5, &["B", "C"]);
        let (next, kept) = old.updated(&new, Ratchet::Hold);
        let mut want = baseline(100, 5, &["B"]);
        want.layers[0].uncompressed_bytes = 100;
        assert_eq!(next, want);
        assert_eq!(kept.figures, [("uncompressed_bytes", 100, 120)]);
        assert_eq!(kept.findings, 1);
        let (next, kept) = old.updated(&new, Ratchet::Release);
        assert_eq!((next, kept), (new, Kept::default()));
    }

    #[test]
    fn findings_stay_when_nobody_looked() {
        let old = baseline(100, 10, &["A"]);
        let (next, _) = old.updated(&baseline(90, 10, &[]), Ratchet::Hold);
        assert_eq!(next, baseline(90, 10, &["A"]));
    }

    #[test]
    fn it_is_read_back() {
        let old = baseline(100, 10, &["B", "A"]);
        let mut bytes = Vec::new();
        old.write(&mut bytes).unwrap();
        assert_eq!(Baseline::parse("x", &bytes).unwrap(), old);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.find("print of A").unwrap() < text.find("print of B").unwrap());
    }

    #[test]
    fn what_is_no_baseline_has_its_place() {
        for (text, words) in [
            ("", "x:1:0: "),
            ("{\"schema_version\": 2}", "schema_version 2"),
            ("{\"schema_version\": 1}", "missing field"),
            ("{\n  \"schema_version\": \"1\"}", "x:2:"),
        ] {
            let error = Baseline::parse("x", text.as_bytes())
                .unwrap_err()
                .to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
        let deep = format!("{{\"schema_version\": 1, \"a\": {}", "[".repeat(100_000));
        assert!(Baseline::parse("x", deep.as_bytes()).is_err());
    }
}

//! An image made of numbers.

use crate::analyze::{Analysis, DiveFigures, LayerSummary, Totals};
use crate::tree::LayerCounts;

/// A layer of so many bytes, half of that compressed.
pub(crate) fn layer(bytes: u64) -> LayerSummary {
    LayerSummary {
        digest: None,
        diff_id: None,
        media_type: String::new(),
        compressed_bytes: bytes / 2,
        uncompressed_bytes: bytes,
        stored_bytes: bytes,
        wasted_bytes: 0,
        counts: LayerCounts::default(),
        created_by: None,
        skipped: None,
    }
}

/// Two layers of 600 and 400 bytes; 100 wasted, 50 in caches, 20 optional, 10 twice.
pub(crate) fn analysis() -> Analysis {
    Analysis {
        layers: vec![layer(600), layer(400)],
        totals: Totals {
            layers: 2,
            compressed_bytes: 500,
            uncompressed_bytes: 1000,
            stored_bytes: 1000,
            visible_bytes: 900,
            files: 5,
            wasted_bytes: 100,
            cache_bytes: 70,
            weak_cache_bytes: 20,
            duplicate_bytes: 10,
            efficiency: 0.9,
        },
        dive: DiveFigures {
            efficiency_score: 0.8,
            wasted_bytes: 150,
            user_wasted_percent: 0.375,
        },
        waste: Vec::new(),
        waste_groups: Vec::new(),
        caches: Vec::new(),
        duplicates: Vec::new(),
        packages: Vec::new(),
        base: None,
        recommendations: Vec::new(),
        warnings: Vec::new(),
    }
}

//! What can be checked, and in which unit.

/// One budget. The order is that of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Check {
    MaxSize,
    MaxCompressedSize,
    MaxLayerSize,
    MaxWasted,
    MaxWastedPercent,
    MinEfficiency,
    MaxCaches,
    MaxOptional,
    MaxDuplicates,
    MaxPackages,
    DiveLowestEfficiency,
    DiveHighestWastedBytes,
    DiveHighestUserWastedPercent,
    MaxGrowth,
    MaxGrowthPercent,
    MaxWastedGrowth,
    MaxCachesGrowth,
    MaxDuplicatesGrowth,
    MaxPackagesGrowth,
    ForbiddenPaths,
    ForbiddenPackages,
    LintThreshold,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Things.
    Count,
    /// Hundredths.
    Percent,
    /// Parts of one.
    Fraction,
}

/// On which side of a limit the trouble is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More than the limit is too much.
    Most,
    /// Less than the limit is too little.
    Least,
}

/// A number with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantity {
    /// Bytes.
    Bytes(u64),
    /// Things.
    Count(u64),
    /// Hundredths; infinite where something came of nothing.
    Percent(f64),
    /// Parts of one.
    Fraction(f64),
}

impl Quantity {
    /// What it counts.
    pub fn unit(self) -> Unit {
        match self {
            Quantity::Bytes(_) => Unit::Bytes,
            Quantity::Count(_) => Unit::Count,
            Quantity::Percent(_) => Unit::Percent,
            Quantity::Fraction(_) => Unit::Fraction,
        }
    }

    /// Whether it is on the wrong side of a limit of the same unit. A number
    /// that is none is on no side, as in dive.
    pub fn breaks(self, limit: Quantity, direction: Direction) -> bool {
        let beyond = |more: bool, less: bool| match direction {
            Direction::Most => more,
            Direction::Least => less,
        };
        match (self, limit) {
            (Quantity::Bytes(a), Quantity::Bytes(b)) | (Quantity::Count(a), Quantity::Count(b)) => {
                beyond(a > b, a < b)
            }
            (Quantity::Percent(a), Quantity::Percent(b))
            | (Quantity::Fraction(a), Quantity::Fraction(b)) => beyond(a > b, a < b),
            _ => false,
        }
    }
}

impl Unit {
    /// The word for it in data.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Bytes => "bytes",
            Unit::Count => "count",
            Unit::Percent => "percent",
            Unit::Fraction => "fraction",
        }
    }
}

impl Check {
    /// All checks, in the order of reports.
    pub const ALL: [Check; 22] = [
        Check::MaxSize,
        Check::MaxCompressedSize,
        Check::MaxLayerSize,
        Check::MaxWasted,
        Check::MaxWastedPercent,
        Check::MinEfficiency,
        Check::MaxCaches,
        Check::MaxOptional,
        Check::MaxDuplicates,
        Check::MaxPackages,
        Check::DiveLowestEfficiency,
        Check::DiveHighestWastedBytes,
        Check::DiveHighestUserWastedPercent,
        Check::MaxGrowth,
        Check::MaxGrowthPercent,
        Check::MaxWastedGrowth,
        Check::MaxCachesGrowth,
        Check::MaxDuplicatesGrowth,
        Check::MaxPackagesGrowth,
        Check::ForbiddenPaths,
        Check::ForbiddenPackages,
        Check::LintThreshold,
    ];

    /// Its name: the key in the settings, dive's word for dive's rules.
    pub fn name(self) -> &'static str {
        match self {
            Check::MaxSize => "max-size",
            Check::MaxCompressedSize => "max-compressed-size",
            Check::MaxLayerSize => "max-layer-size",
            Check::MaxWasted => "max-wasted",
            Check::MaxWastedPercent => "max-wasted-percent",
            Check::MinEfficiency => "min-efficiency",
            Check::MaxCaches => "max-caches",
            Check::MaxOptional => "max-optional",
            Check::MaxDuplicates => "max-duplicates",
            Check::MaxPackages => "max-packages",
            Check::DiveLowestEfficiency => "lowestEfficiency",
            Check::DiveHighestWastedBytes => "highestWastedBytes",
            Check::DiveHighestUserWastedPercent => "highestUserWastedPercent",
            Check::MaxGrowth => "max-growth",
            Check::MaxGrowthPercent => "max-growth-percent",
            Check::MaxWastedGrowth => "max-wasted-growth",
            Check::MaxCachesGrowth => "max-caches-growth",
            Check::MaxDuplicatesGrowth => "max-duplicates-growth",
            Check::MaxPackagesGrowth => "max-packages-growth",
            Check::ForbiddenPaths => "forbidden-paths",
            Check::ForbiddenPackages => "forbidden-packages",
            Check::LintThreshold => "lint-threshold",
        }
    }

    /// The check of a name.
    pub fn of_name(name: &str) -> Option<Check> {
        Check::ALL.into_iter().find(|check| check.name() == name)
    }

    /// What it is about, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Check::MaxSize => "size of the image",
            Check::MaxCompressedSize => "compressed size of the image",
            Check::MaxLayerSize => "size of the largest layer",
            Check::MaxWasted => "wasted bytes",
            Check::MaxWastedPercent => "wasted share of the stored bytes",
            Check::MinEfficiency => "efficiency",
            Check::MaxCaches => "leftovers of caches",
            Check::MaxOptional => "optional files",
            Check::MaxDuplicates => "duplicates",
            Check::MaxPackages => "packages",
            Check::DiveLowestEfficiency => "efficiency as dive has it",
            Check::DiveHighestWastedBytes => "wasted bytes as dive has them",
            Check::DiveHighestUserWastedPercent => {
                "wasted share of the upper layers as dive has it"
            }
            Check::MaxGrowth | Check::MaxGrowthPercent => "growth since the baseline",
            Check::MaxWastedGrowth => "growth of the wasted bytes",
            Check::MaxCachesGrowth => "growth of the caches",
            Check::MaxDuplicatesGrowth => "growth of the duplicates",
            Check::MaxPackagesGrowth => "growth of the number of packages",
            Check::ForbiddenPaths => "forbidden paths",
            Check::ForbiddenPackages => "forbidden packages",
            Check::LintThreshold => "findings in the Dockerfile",
        }
    }

    /// What it is measured in.
    pub fn unit(self) -> Unit {
        match self {
            Check::MaxWastedPercent | Check::MaxGrowthPercent => Unit::Percent,
            Check::MinEfficiency
            | Check::DiveLowestEfficiency
            | Check::DiveHighestUserWastedPercent => Unit::Fraction,
            Check::MaxPackages
            | Check::MaxPackagesGrowth
            | Check::ForbiddenPaths
            | Check::ForbiddenPackages
            | Check::LintThreshold => Unit::Count,
            _ => Unit::Bytes,
        }
    }

    /// On which side of its limit the trouble is.
    pub fn direction(self) -> Direction {
        match self {
            Check::MinEfficiency | Check::DiveLowestEfficiency => Direction::Least,
            _ => Direction::Most,
        }
    }

    /// Whether it compares with a baseline.
    pub fn is_growth(self) -> bool {
        matches!(
            self,
            Check::MaxGrowth
                | Check::MaxGrowthPercent
                | Check::MaxWastedGrowth
                | Check::MaxCachesGrowth
                | Check::MaxDuplicatesGrowth
                | Check::MaxPackagesGrowth
        )
    }

    /// Whether it is one of dive's rules.
    pub fn is_dives(self) -> bool {
        matches!(
            self,
            Check::DiveLowestEfficiency
                | Check::DiveHighestWastedBytes
                | Check::DiveHighestUserWastedPercent
        )
    }

    /// Whether it has a number as its limit.
    pub fn is_number(self) -> bool {
        !matches!(
            self,
            Check::ForbiddenPaths | Check::ForbiddenPackages | Check::LintThreshold
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_checks() {
        for check in Check::ALL {
            assert_eq!(Check::of_name(check.name()), Some(check));
        }
        assert!(Check::ALL.is_sorted());
    }

    #[test]
    fn a_limit_itself_is_allowed() {
        use Direction::{Least, Most};
        for (measured, limit, direction, want) in [
            (Quantity::Bytes(5), Quantity::Bytes(5), Most, false),
            (Quantity::Bytes(6), Quantity::Bytes(5), Most, true),
            (
                Quantity::Fraction(0.9),
                Quantity::Fraction(0.9),
                Least,
                false,
            ),
            (
                Quantity::Fraction(0.89),
                Quantity::Fraction(0.9),
                Least,
                true,
            ),
            (
                Quantity::Fraction(f64::NAN),
                Quantity::Fraction(0.9),
                Least,
                false,
            ),
            (
                Quantity::Percent(f64::INFINITY),
                Quantity::Percent(9.0),
                Most,
                true,
            ),
            (Quantity::Count(1), Quantity::Bytes(0), Most, false),
        ] {
            assert_eq!(
                measured.breaks(limit, direction),
                want,
                "{measured:?} {limit:?}"
            );
        }
    }
}

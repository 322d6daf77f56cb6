//! Which records retention has dropped; their tiles, and all proofs, stay.
//!
//! The file `pruned` has a line `start end` for each range of dropped records, ascending, in whole
//! bundles. Without a line here a missing bundle is a fault.

use std::ops::Range;

use crate::tile::TILE_WIDTH;

const BUNDLE: u64 = TILE_WIDTH as u64;

/// Ranges of dropped records, ascending, apart from each other, in whole bundles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pruned(Vec<Range<u64>>);

// === impl Pruned ===

impl Pruned {
    /// Name of the file in the log's folder.
    pub(crate) const FILE: &str = "pruned";

    /// Reads the file's text; `None` if it is not one that [`Self::text`] writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut ranges = Vec::new();
        for line in text.lines() {
            let (start, end) = line.split_once(' ')?;
            ranges.push(start.parse().ok()?..end.parse().ok()?);
        }
        let mut pruned = Self::default();
        pruned.add(&ranges);
        (pruned.text() == text).then_some(pruned)
    }

    /// Returns the file's text.
    pub(crate) fn text(&self) -> String {
        self.0.iter().map(|range| format!("{} {}\n", range.start, range.end)).collect()
    }

    /// Adds the whole bundles in `ranges`; returns how many records are dropped that were not before.
    pub(crate) fn add(&mut self, ranges: &[Range<u64>]) -> u64 {
        let before = self.count();
        let whole = ranges
            .iter()
            .map(|range| range.start.next_multiple_of(BUNDLE)..range.end / BUNDLE * BUNDLE);
        let mut all: Vec<_> = self.0.drain(..).chain(whole).collect();
        all.retain(|range| range.start < range.end);
        all.sort_unstable_by_key(|range| range.start);
        for range in all {
            match self.0.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => self.0.push(range),
            }
        }
        self.count() - before
    }

    /// Returns the numbers of the dropped bundles.
    pub(crate) fn bundles(&self) -> impl Iterator<Item = u64> {
        self.0.iter().flat_map(|range| range.start / BUNDLE..range.end / BUNDLE)
    }

    /// Returns the ranges.
    pub(crate) fn ranges(&self) -> &[Range<u64>] {
        &self.0
    }

    fn count(&self) -> u64 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_bundles_are_dropped_and_ranges_join() {
        let mut pruned = Pruned::default();

        let first = pruned.add(&[100..800, 5_000..5_100]);
        let again = pruned.add(&[0..1_024, 300..700]);

        assert_eq!((first, again), (512, 512));
        assert_eq!(pruned.text(), "0 1024\n");
        assert_eq!(pruned.bundles().collect::<Vec<_>>(), [0, 1, 2, 3]);
    }

    #[test]
    fn text_reads_back_and_nothing_else_does() {
        let mut pruned = Pruned::default();
        pruned.add(&[0..256, 1_024..2_048]);

        assert_eq!(Pruned::parse(&pruned.text()), Some(pruned));
        for text in ["0 255\n", "0 256", "256 0\n", "0 256\n256 512\n", "x y\n"] {
            assert_eq!(Pruned::parse(text), None, "{text:?}");
        }
    }
}

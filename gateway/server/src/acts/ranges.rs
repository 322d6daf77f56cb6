//! Ranges of records: which are left of some without others.

use std::ops::Range;

/// Returns `ranges` without what `others` cover, ascending and joined.
pub(super) fn without(ranges: &[Range<u64>], others: &[Range<u64>]) -> Vec<Range<u64>> {
    let others = joined(others);
    let mut left = Vec::new();
    for range in joined(ranges) {
        let mut start = range.start;
        for other in others.iter().filter(|other| other.end > range.start) {
            if other.start >= range.end {
                break;
            }
            if start < other.start {
                left.push(start..other.start);
            }
            start = start.max(other.end);
        }
        if start < range.end {
            left.push(start..range.end);
        }
    }
    left
}

/// Returns the same, ascending, apart from each other, none empty.
fn joined(ranges: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut all: Vec<_> = ranges.iter().filter(|range| !range.is_empty()).cloned().collect();
    all.sort_unstable_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in all {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "lists of ranges")]
    fn what_is_left_is_what_the_others_do_not_cover() {
        for (ranges, others, left) in [
            (vec![0..10], vec![], vec![0..10]),
            (vec![0..10], vec![0..10], vec![]),
            (vec![0..10], vec![3..5, 4..6, 20..30], vec![0..3, 6..10]),
            (vec![5..7, 0..4], vec![3..6], vec![0..3, 6..7]),
            (vec![0..4, 2..9], vec![8..8], vec![0..9]),
            (vec![4..6], vec![0..5], vec![5..6]),
        ] {
            assert_eq!(without(&ranges, &others), left, "{ranges:?} without {others:?}");
        }
    }
}

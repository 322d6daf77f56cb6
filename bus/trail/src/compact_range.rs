//! All of the tree that appending needs: the roots of its perfect subtrees.

use crate::{growth::Growth, hash::HASH_BYTES};

/// A tree of `size` leaves, kept as one hash per bit set in `size`.
///
/// A tree of 11 leaves (binary 1011) is a perfect subtree of 8 leaves, one of 2 and one of 1,
/// from left to right: three peaks, of level 3, 1 and 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CompactRange {
    size: u64,
    /// From the largest subtree to the smallest.
    peaks: Vec<[u8; HASH_BYTES]>,
}

// === impl CompactRange ===

impl CompactRange {
    /// Takes the peaks of a tree of `size` leaves, the largest subtree first.
    pub(crate) fn new(size: u64, peaks: Vec<[u8; HASH_BYTES]>) -> Self {
        debug_assert_eq!(size.count_ones() as usize, peaks.len());
        Self { size, peaks }
    }

    /// Returns the number of leaves.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Returns the root of the perfect subtree of `2^level` leaves, if the tree ends in one.
    pub(crate) fn peak(&self, level: u32) -> Option<[u8; HASH_BYTES]> {
        let subtrees = self.size.checked_shr(level)?;
        if subtrees & 1 == 0 {
            return None;
        }
        // One peak per bit set from here up; ours is the last of them.
        self.peaks.get(subtrees.count_ones() as usize - 1).copied()
    }

    /// Returns what the tree becomes when leaves of these hashes are appended.
    pub(crate) fn grow(&self, leaves: Vec<[u8; HASH_BYTES]>) -> Growth {
        Growth::of(self, leaves)
    }
}

//! What is appended.

/// A record, and what is kept beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The record: 1 to [`crate::MAX_LEAF_BYTES`] bytes. It is hashed, proven and kept.
    pub leaf: Vec<u8>,
    /// What is kept under the same sync and may be erased: 0 to [`crate::MAX_SEALED_BYTES`] bytes.
    /// The log does not prove it; a record may hold its hash.
    pub sealed: Vec<u8>,
}

// === impl Entry ===

impl Entry {
    /// Returns how many bytes it has in all.
    pub(crate) fn bytes(&self) -> usize {
        self.leaf.len() + self.sealed.len()
    }
}

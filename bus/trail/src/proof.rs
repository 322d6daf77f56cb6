//! Checks that a record is under a root, and that a root grew from another.

use crate::{
    checkpoint::Checkpoint,
    hash::{HASH_BYTES, empty_root, leaf_hash, node_hash},
};

/// Why an inclusion proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The tree has no such leaf.
    #[error("index {index} is not in a tree of {size} records")]
    Index {
        /// Index that the proof is for.
        index: u64,
        /// Size of the tree.
        size: u64,
    },
    /// A leaf at this index of a tree of this size has a path of another length.
    #[error("path of {hashes} hashes does not fit index {index} in a tree of {size} records")]
    Length {
        /// Length of the path.
        hashes: usize,
        /// Index that the proof is for.
        index: u64,
        /// Size of the tree.
        size: u64,
    },
    /// Record and path give another root.
    #[error("record and path do not give the root of the checkpoint")]
    Root,
}

/// Why a consistency proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsistencyError {
    /// The newer tree is smaller than the older one.
    #[error("log of {new} records is shorter than the {old} it had: its tail was cut")]
    Shorter {
        /// Size of the older tree.
        old: u64,
        /// Size of the newer tree.
        new: u64,
    },
    /// Trees of these sizes have a path of another length.
    #[error("path of {hashes} hashes does not fit a log that grew from {old} records to {new}")]
    Length {
        /// Length of the path.
        hashes: usize,
        /// Size of the older tree.
        old: u64,
        /// Size of the newer tree.
        new: u64,
    },
    /// The path does not begin at the older root.
    #[error("path does not give the root of the older checkpoint, of {old} records")]
    OldRoot {
        /// Size of the older tree.
        old: u64,
    },
    /// The path does not end at the newer root.
    #[error("path does not give the root of the newer checkpoint, of {new} records")]
    NewRoot {
        /// Size of the newer tree.
        new: u64,
    },
}

// === impl Checkpoint ===

impl Checkpoint {
    /// Checks that `leaf` is the record at `index` of the log at this checkpoint, whose signature was
    /// checked before: many records can be checked under one signature.
    ///
    /// # Errors
    ///
    /// Returns [`ProofError`] saying which of index, path and root does not fit.
    pub fn verify_record(
        &self,
        index: u64,
        leaf: &[u8],
        path: &[[u8; HASH_BYTES]],
    ) -> Result<(), ProofError> {
        verify_inclusion(leaf, index, self.size, path, &self.root)
    }
}

/// Checks that `leaf` is at `index` of the tree of `size` leaves with this `root`.
///
/// # Errors
///
/// Returns [`ProofError`] saying which of index, path and root does not fit.
///
/// Source: RFC 9162, section 2.1.3.2, and its names.
pub(crate) fn verify_inclusion(
    leaf: &[u8],
    index: u64,
    size: u64,
    path: &[[u8; HASH_BYTES]],
    root: &[u8; HASH_BYTES],
) -> Result<(), ProofError> {
    if size <= index {
        return Err(ProofError::Index { index, size });
    }

    let wrong_length = ProofError::Length { hashes: path.len(), index, size };
    let (mut f_n, mut s_n) = (index, size - 1);
    let mut r = leaf_hash(leaf);
    for p in path {
        if s_n == 0 {
            return Err(wrong_length);
        }
        if f_n & 1 == 1 || f_n == s_n {
            r = node_hash(p, &r);
            // A node without a right neighbour moves up as it is.
            while f_n & 1 == 0 && f_n != 0 {
                f_n >>= 1;
                s_n >>= 1;
            }
        } else {
            r = node_hash(&r, p);
        }
        f_n >>= 1;
        s_n >>= 1;
    }

    if s_n != 0 {
        return Err(wrong_length);
    }
    if r != *root {
        return Err(ProofError::Root);
    }
    Ok(())
}

/// Checks that the tree of `new` leaves begins with the tree of `old` leaves.
///
/// Every tree begins with the empty one, and with itself; the path is empty then.
///
/// # Errors
///
/// Returns [`ConsistencyError`] saying which of sizes, path and roots does not fit.
///
/// Source: RFC 9162, section 2.1.4.2, and its names.
pub(crate) fn verify_consistency(
    old: u64,
    old_root: &[u8; HASH_BYTES],
    new: u64,
    new_root: &[u8; HASH_BYTES],
    path: &[[u8; HASH_BYTES]],
) -> Result<(), ConsistencyError> {
    if new < old {
        return Err(ConsistencyError::Shorter { old, new });
    }
    if old == 0 && *old_root != empty_root() {
        return Err(ConsistencyError::OldRoot { old });
    }
    if new == 0 && *new_root != empty_root() {
        return Err(ConsistencyError::NewRoot { new });
    }

    let wrong_length = ConsistencyError::Length { hashes: path.len(), old, new };
    let (from_old, from_new) = if old == 0 || old == new {
        let roots = if old == 0 { (*old_root, *new_root) } else { (*old_root, *old_root) };
        path.is_empty().then_some(roots).ok_or(wrong_length)?
    } else {
        roots_of(old, old_root, new, path).ok_or(wrong_length)?
    };
    if from_old != *old_root {
        return Err(ConsistencyError::OldRoot { old });
    }
    if from_new != *new_root {
        return Err(ConsistencyError::NewRoot { new });
    }
    Ok(())
}

/// Returns the roots that a path gives for both trees, or `None` if it has not their length.
fn roots_of(
    old: u64,
    old_root: &[u8; HASH_BYTES],
    new: u64,
    path: &[[u8; HASH_BYTES]],
) -> Option<([u8; HASH_BYTES], [u8; HASH_BYTES])> {
    let (first, rest) = if old.is_power_of_two() {
        // The older tree is one subtree of the newer: its root is left out of the path.
        (old_root, path)
    } else {
        path.split_first()?
    };

    let levels = (old - 1).trailing_ones();
    let (mut f_n, mut s_n) = ((old - 1) >> levels, (new - 1) >> levels);
    let (mut f_r, mut s_r) = (*first, *first);
    for c in rest {
        if s_n == 0 {
            return None;
        }
        if f_n & 1 == 1 || f_n == s_n {
            f_r = node_hash(c, &f_r);
            s_r = node_hash(c, &s_r);
            // A node without a right neighbour moves up as it is.
            while f_n & 1 == 0 && f_n != 0 {
                f_n >>= 1;
                s_n >>= 1;
            }
        } else {
            s_r = node_hash(&s_r, c);
        }
        f_n >>= 1;
        s_n >>= 1;
    }
    (s_n == 0).then_some((f_r, s_r))
}

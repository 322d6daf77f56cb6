//! Checks that a record is under a root.

use crate::hash::{HASH_BYTES, leaf_hash, node_hash};

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

//! The two hashes of the tree.
//!
//! Leaves and inner nodes are hashed with different first bytes, so that neither passes for the
//! other. Source: RFC 6962, section 2.1.

use sha2::{Digest, Sha256};

/// Length of every hash in the log: SHA-256 (FIPS 180-4).
pub(crate) const HASH_BYTES: usize = 32;

/// Hashes one record.
pub(crate) fn leaf_hash(leaf: &[u8]) -> [u8; HASH_BYTES] {
    Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()
}

/// Hashes two neighbours into their parent.
pub(crate) fn node_hash(left: &[u8; HASH_BYTES], right: &[u8; HASH_BYTES]) -> [u8; HASH_BYTES] {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// Returns the root of a tree without leaves.
pub(crate) fn empty_root() -> [u8; HASH_BYTES] {
    content_hash(&[])
}

/// Hashes bytes outside the tree: frames, and the name of the log.
pub(crate) fn content_hash(bytes: &[u8]) -> [u8; HASH_BYTES] {
    Sha256::digest(bytes).into()
}

//! A content as 256 KiB chunks, each with its digest, so that bytes are verified before they leave.

use sha2::{Digest as _, Sha256};

use crate::Digest;

/// Size of every chunk but the last, in bytes.
pub const CHUNK_BYTES: usize = 256 * 1024;

/// The digests of a content's chunks, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChunkDigests(Vec<[u8; 32]>);

// === impl ChunkDigests ===

impl ChunkDigests {
    /// Hashes `data` in chunks, as one part of a content that starts at a chunk's edge.
    pub fn of(data: &[u8]) -> Self {
        Self(data.chunks(CHUNK_BYTES).map(|chunk| Sha256::digest(chunk).into()).collect())
    }

    /// Reads the digests from their concatenation; `None` unless it is a multiple of 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (digests, rest) = bytes.as_chunks::<32>();
        rest.is_empty().then(|| Self(digests.to_vec()))
    }

    /// Returns the digests' concatenation.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.concat()
    }

    /// Adds the digests of the chunks that follow.
    pub fn extend(&mut self, more: &Self) {
        self.0.extend_from_slice(&more.0);
    }

    /// Keeps the first `count` digests.
    pub fn truncate(&mut self, count: usize) {
        self.0.truncate(count);
    }

    /// Returns how many chunks there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there is no chunk.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the digest of the chunk at `index`.
    pub fn at(&self, index: usize) -> Option<Digest> {
        self.0.get(index).copied().map(Digest::from_bytes)
    }

    /// Returns SHA-256 over the concatenated digests, which the manifest names.
    pub fn root(&self) -> Digest {
        let mut hash = Sha256::new();
        for digest in &self.0 {
            hash.update(digest);
        }
        Digest::from_bytes(hash.finalize().into())
    }
}

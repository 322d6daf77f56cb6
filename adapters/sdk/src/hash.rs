//! Hashes a content and its chunks in one pass.

use sha2::{Digest as _, Sha256};

use crate::{CHUNK_BYTES, Digest};

/// Hashes a content and its 256 KiB chunks while it is read once.
#[derive(Clone, Debug, Default)]
pub struct ContentHasher {
    whole: Sha256,
    root: Sha256,
    chunk: Sha256,
    /// Bytes of the unfinished chunk.
    in_chunk: usize,
    size_bytes: u64,
}

/// What a content is, to compare with a [`Seal`](crate::Seal).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentHash {
    /// Its size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the whole.
    pub digest: Digest,
    /// SHA-256 over the SHA-256 hashes of its chunks.
    pub chunk_root: Digest,
}

// === impl ContentHasher ===

impl ContentHasher {
    /// Adds the next bytes, however many.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.whole.update(bytes);
        self.size_bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK_BYTES - self.in_chunk));
            self.chunk.update(now);
            self.in_chunk += now.len();
            if self.in_chunk == CHUNK_BYTES {
                self.end_chunk();
            }
            bytes = later;
        }
    }

    /// Returns the hashes of all that was added.
    pub fn finish(mut self) -> ContentHash {
        if 0 < self.in_chunk {
            self.end_chunk();
        }
        ContentHash {
            size_bytes: self.size_bytes,
            digest: Digest::from_bytes(self.whole.finalize().into()),
            chunk_root: Digest::from_bytes(self.root.finalize().into()),
        }
    }

    fn end_chunk(&mut self) {
        self.root.update(self.chunk.finalize_reset());
        self.in_chunk = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_over_the_chunks_however_the_bytes_come() {
        let content: Vec<u8> = (0..2 * CHUNK_BYTES + 5).map(|i| (i / 7) as u8).collect();
        let chunks: Vec<u8> =
            content.chunks(CHUNK_BYTES).flat_map(|chunk| *Digest::of(chunk).as_bytes()).collect();

        for step in [1_000, CHUNK_BYTES, content.len()] {
            let mut hasher = ContentHasher::default();
            content.chunks(step).for_each(|piece| hasher.update(piece));
            let hash = hasher.finish();

            assert_eq!(hash.size_bytes, content.len() as u64);
            assert_eq!(hash.digest, Digest::of(&content));
            assert_eq!(hash.chunk_root, Digest::of(&chunks), "in steps of {step}");
        }
    }
}

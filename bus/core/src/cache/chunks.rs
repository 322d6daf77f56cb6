//! Contents, chunk by chunk, under the digest of the whole: never stale, shared by all.

use std::ops::Range;

use bytes::Bytes;
use jiff::Timestamp;
use moka::sync::Cache;

use crate::Digest;

/// What an entry costs beside its bytes: key, counters, places in moka's queues.
const ENTRY_BYTES: usize = 256;

/// Verified chunks, bounded by their bytes. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct ChunkCache(Cache<ChunkKey, Kept>);

#[derive(Clone, Debug)]
struct Kept {
    chunk: Bytes,
    /// When it came from its holder.
    since: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct ChunkKey {
    content: Digest,
    index: usize,
}

// === impl ChunkCache ===

impl ChunkCache {
    pub(super) fn new(max_bytes: u64) -> Self {
        let weigh = |_: &ChunkKey, kept: &Kept| {
            u32::try_from(kept.chunk.len() + ENTRY_BYTES).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(max_bytes).weigher(weigh).build())
    }

    /// Returns one chunk of a content.
    pub(crate) fn chunk(&self, content: Digest, index: usize) -> Option<Bytes> {
        Some(self.0.get(&ChunkKey { content, index })?.chunk)
    }

    /// Returns when the oldest of these chunks came, if all are here now; one may be evicted before it
    /// is taken. Of no chunk at all that is the beginning of time.
    pub(crate) fn since(&self, content: Digest, chunks: Range<usize>) -> Option<Timestamp> {
        let oldest = Timestamp::MAX;
        let since = chunks.into_iter().try_fold(oldest, |oldest, index| {
            self.0.get(&ChunkKey { content, index }).map(|kept| kept.since.min(oldest))
        })?;
        Some(if since == oldest { Timestamp::UNIX_EPOCH } else { since })
    }

    /// Keeps a verified chunk that came at `since`, and returns the copy that is kept: what came over the wire may share
    /// its memory with more than the chunk.
    pub(crate) fn keep(
        &self,
        content: Digest,
        index: usize,
        chunk: &Bytes,
        since: Timestamp,
    ) -> Bytes {
        let copy = Bytes::copy_from_slice(chunk);
        // Looked for in vain: counts as a wish for it, without which old chunks would never make room.
        let _known = self.0.get(&ChunkKey { content, index });
        self.0.insert(ChunkKey { content, index }, Kept { chunk: copy.clone(), since });
        // Evicts now: what waits for moka's own moment would be beside the limit.
        self.0.run_pending_tasks();
        copy
    }

    /// Returns the bytes that are kept.
    #[cfg(test)]
    fn bytes(&self) -> u64 {
        self.0.weighted_size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: usize = 256 * 1024;
    const SINCE: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn what_is_kept_never_exceeds_the_limit() {
        let limit = 16 * CHUNK as u64;
        let cache = ChunkCache::new(limit);
        let chunk = Bytes::from(vec![7; CHUNK]);

        let most = (0..200).map(|index| {
            cache.keep(Digest::of(b"content"), index, &chunk, SINCE);
            cache.bytes()
        });

        assert!(most.max().unwrap() <= limit);
    }

    #[test]
    fn what_is_wanted_more_often_takes_the_place_of_what_was_there_first() {
        let cache = ChunkCache::new(4 * CHUNK as u64);
        let chunk = Bytes::from(vec![7; CHUNK]);
        let (old, new) = (Digest::of(b"old"), Digest::of(b"new"));
        for index in 0..3 {
            cache.keep(old, index, &chunk, SINCE);
            cache.chunk(old, index);
        }

        for _ in 0..5 {
            (0..3).for_each(|index| drop(cache.keep(new, index, &chunk, SINCE)));
        }

        assert!(cache.since(new, 0..3).is_some());
        assert!(cache.since(old, 0..3).is_none());
    }

    #[test]
    fn a_content_is_held_only_with_all_of_its_chunks() {
        let cache = ChunkCache::new(1 << 20);
        let content = Digest::of(b"content");
        for index in [0, 1, 3] {
            cache.keep(content, index, &Bytes::from_static(b"chunk"), SINCE);
        }

        let held =
            [0..2, 1..2, 0..4, 2..3, 3..4].map(|range| cache.since(content, range).is_some());

        assert_eq!(held, [true, true, false, false, true]);
    }

    #[test]
    fn a_kept_chunk_does_not_hold_on_to_the_buffer_it_came_in() {
        let buffer = Bytes::from(vec![1; CHUNK]);
        let cache = ChunkCache::new(1 << 20);

        cache.keep(Digest::of(b"content"), 0, &buffer.slice(0..10), SINCE);

        assert!(buffer.is_unique());
    }
}

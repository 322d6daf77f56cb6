//! What the bus remembers: contents by their digest, and which versions are current.
//!
//! Nothing here decides anything: a call is decided before it looks, and recorded after.

mod chunks;
mod generations;
mod named;
mod pointers;

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use self::generations::Generations;
pub(crate) use self::{
    chunks::ChunkCache,
    generations::{Generation, Topic},
    named::NamedVersions,
    pointers::{Pointer, Pointers},
};
use crate::planted::Planted;

/// How much is remembered, and for how long.
#[derive(Clone, Debug)]
pub struct CacheLimits {
    /// Bytes of contents.
    pub content_bytes: u64,
    /// Bytes of pointers, and as many again of named versions.
    pub pointer_bytes: u64,
    /// How long the bus relies on a subject having nothing of a type.
    pub negative: Duration,
    /// How long past its age a version may be served whose holder does not answer, where its type
    /// allows that.
    pub stale_if_error: Duration,
}

/// Everything that is remembered. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Caches {
    /// Contents.
    pub(crate) chunks: ChunkCache,
    /// Current versions by type and subject.
    pub(crate) pointers: Pointers,
    /// Versions by name.
    pub(crate) named: NamedVersions,
    generations: Arc<Generations>,
    moves: Arc<watch::Sender<()>>,
}

// === impl CacheLimits ===

impl Default for CacheLimits {
    fn default() -> Self {
        Self {
            content_bytes: 512 * 1024 * 1024,
            pointer_bytes: 32 * 1024 * 1024,
            negative: Duration::from_secs(5),
            stale_if_error: Duration::from_secs(600),
        }
    }
}

// === impl Caches ===

impl Caches {
    /// Makes empty caches.
    pub(crate) fn new(limits: &CacheLimits, planted: Planted) -> Self {
        let generations = Arc::new(Generations::default());
        Self {
            chunks: ChunkCache::new(limits.content_bytes),
            pointers: Pointers::new(limits, Arc::clone(&generations), planted),
            named: NamedVersions::new(limits.pointer_bytes, Arc::clone(&generations)),
            generations,
            moves: Arc::default(),
        }
    }

    /// Forgets what is known of the versions of one type about one subject. Everything that was
    /// read before this is never served after it.
    pub(crate) fn moved(&self, topic: &Topic) {
        self.generations.advance(topic);
        self.moves.send_replace(());
    }

    /// Returns what is woken by every [`Self::moved`] from now on.
    pub(crate) fn moves(&self) -> watch::Receiver<()> {
        self.moves.subscribe()
    }

    /// Returns the present generation, to be read before loading what will be remembered.
    pub(crate) fn generation(&self, topic: &Topic) -> Generation {
        self.generations.of(topic)
    }
}

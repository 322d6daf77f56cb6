//! Versions by name: they never change, but whether one is current does.

use std::sync::Arc;

use moka::sync::Cache;

use super::generations::{Generation, Generations, Topic};
use crate::{Version, VersionId};

/// Rough size of a version, in bytes; its chunk digests come on top.
const ENTRY_BYTES: usize = 512;

/// Versions by name. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct NamedVersions {
    entries: Cache<VersionId, Named>,
    generations: Arc<Generations>,
}

#[derive(Clone, Debug)]
struct Named {
    version: Arc<Version>,
    generation: Generation,
}

// === impl NamedVersions ===

impl NamedVersions {
    pub(super) fn new(max_bytes: u64, generations: Arc<Generations>) -> Self {
        let weigh = |_: &VersionId, named: &Named| {
            u32::try_from(ENTRY_BYTES + named.version.chunks.len() * 32).unwrap_or(u32::MAX)
        };
        let entries = Cache::builder().max_capacity(max_bytes).weigher(weigh).build();
        Self { entries, generations }
    }

    /// Returns a version unless its material has changed since it was read.
    pub(crate) fn version(&self, id: &VersionId) -> Option<Arc<Version>> {
        let named = self.entries.get(id)?;
        let now = self.generations.of(&named.version.topic());
        (named.generation == now).then_some(named.version)
    }

    /// Forgets a version that its holder has confirmed: what is remembered of it says when it had before.
    pub(crate) fn forget(&self, id: &VersionId) {
        self.entries.invalidate(id);
    }

    /// Returns what [`Self::remember`] needs, to be read before the version is.
    pub(crate) fn before(&self) -> u64 {
        self.generations.all()
    }

    /// Remembers a version, unless anything changed since `before`.
    pub(crate) fn remember(&self, version: Arc<Version>, before: u64) {
        let generation = self.generations.of(&version.topic());
        if self.generations.all() == before {
            self.entries.insert(version.id, Named { version, generation });
        }
    }
}

// === impl Version ===

impl Version {
    /// Returns what its pointer is found under.
    pub(crate) fn topic(&self) -> Topic {
        Topic { material_type: self.manifest.material_type.clone(), subject: self.subject.clone() }
    }
}

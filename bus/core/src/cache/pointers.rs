//! What there is of a type about a subject: what expires, and what a commit purges.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use moka::sync::Cache;

use super::{
    CacheLimits,
    generations::{Generation, Generations, Topic},
};
use crate::{
    info::age,
    planted::{Bug, Planted},
    resolve::Found,
};

/// Rough size of a pointer in bytes; what it points at comes on top.
const ENTRY_BYTES: usize = 512;

/// Pointers by topic. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Pointers {
    entries: Cache<Topic, Arc<Pointer>>,
    generations: Arc<Generations>,
    negative: Duration,
    planted: Planted,
}

/// All current versions of one topic, as they were known at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Pointer {
    /// What there is, by number; nothing if the subject has none of the type.
    pub(crate) found: Vec<Found>,
    /// When the holder, or the registry, said so.
    pub(crate) known_at: Timestamp,
    /// The topic's generation before that.
    pub(crate) generation: Generation,
}

// === impl Pointers ===

impl Pointers {
    pub(super) fn new(
        limits: &CacheLimits,
        generations: Arc<Generations>,
        planted: Planted,
    ) -> Self {
        let weigh =
            |_: &Topic, pointer: &Arc<Pointer>| u32::try_from(pointer.weight()).unwrap_or(u32::MAX);
        let entries = Cache::builder().max_capacity(limits.pointer_bytes).weigher(weigh).build();
        Self { entries, generations, negative: limits.negative, planted }
    }

    /// Returns the pointer of a topic if nothing changed since it was read, and it is younger than
    /// `max_age` at `now`; that there is nothing is relied on for less.
    pub(crate) fn fresh(
        &self,
        topic: &Topic,
        now: Timestamp,
        max_age: Duration,
    ) -> Option<Arc<Pointer>> {
        let pointer = self.entries.get(topic)?;
        let max_age = if pointer.found.is_empty() { self.negative.min(max_age) } else { max_age };
        let same = self.unchanged(topic, &pointer);
        (same && age(pointer.known_at, now) < max_age).then_some(pointer)
    }

    /// Remembers a pointer, unless something changed since its generation.
    pub(crate) fn remember(&self, topic: Topic, pointer: Pointer) {
        if self.unchanged(&topic, &pointer) {
            self.entries.insert(topic, Arc::new(pointer));
        }
    }

    fn unchanged(&self, topic: &Topic, pointer: &Pointer) -> bool {
        pointer.generation == self.generations.of(topic)
            || self.planted.is(Bug::MissingGenerationCheck)
    }
}

// === impl Pointer ===

impl Pointer {
    fn weight(&self) -> usize {
        ENTRY_BYTES + self.found.iter().map(Found::weight).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Subject;

    fn topic() -> Topic {
        let subject = Subject::new("project", "2501-370800-04-01-000016").unwrap();
        Topic { material_type: "contract".parse().unwrap(), subject }
    }

    fn caches() -> crate::cache::Caches {
        crate::cache::Caches::new(&CacheLimits::default(), Planted::default())
    }

    fn nothing(generation: Generation) -> Pointer {
        Pointer { found: Vec::new(), known_at: Timestamp::UNIX_EPOCH, generation }
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn what_was_read_before_a_change_is_never_served_after_it() {
        let caches = caches();
        let before = caches.generation(&topic());

        caches.pointers.remember(topic(), nothing(before));
        let known = caches.pointers.fresh(&topic(), Timestamp::UNIX_EPOCH, MINUTE).is_some();
        caches.moved(&topic());
        let after = caches.pointers.fresh(&topic(), Timestamp::UNIX_EPOCH, MINUTE).is_some();
        caches.pointers.remember(topic(), nothing(before));
        let brought_back = caches.pointers.fresh(&topic(), Timestamp::UNIX_EPOCH, MINUTE).is_some();

        assert_eq!([known, after, brought_back], [true, false, false]);
    }

    #[test]
    fn that_there_is_nothing_is_relied_on_for_five_seconds() {
        let caches = caches();
        caches.pointers.remember(topic(), nothing(caches.generation(&topic())));

        let relied_on = [4_999, 5_000].map(|ms| {
            let now = Timestamp::from_millisecond(ms).unwrap();
            caches.pointers.fresh(&topic(), now, MINUTE).is_some()
        });

        assert_eq!(relied_on, [true, false]);
    }
}

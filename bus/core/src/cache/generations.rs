//! Counts the changes of what is current, so that a slow load never brings back what was replaced.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{Subject, TypeCode};

/// Counters; topics that share one only make each other load again.
const COUNTERS: usize = 4_096;

/// One type about one subject.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Topic {
    /// The type.
    pub(crate) material_type: TypeCode,
    /// The subject.
    pub(crate) subject: Subject,
}

/// How often the versions of a topic had changed when something was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Generation(u64);

/// The counters.
#[derive(Debug)]
pub(super) struct Generations {
    hasher: RandomState,
    counters: Box<[AtomicU64]>,
    all: AtomicU64,
}

// === impl Generations ===

impl Default for Generations {
    fn default() -> Self {
        let counters = std::iter::repeat_with(AtomicU64::default).take(COUNTERS).collect();
        Self { hasher: RandomState::new(), counters, all: AtomicU64::new(0) }
    }
}

impl Generations {
    pub(super) fn of(&self, topic: &Topic) -> Generation {
        Generation(self.counter(topic).load(Ordering::Acquire))
    }

    pub(super) fn advance(&self, topic: &Topic) {
        self.counter(topic).fetch_add(1, Ordering::AcqRel);
        self.all.fetch_add(1, Ordering::AcqRel);
    }

    /// Returns how often anything changed, to be read before loading what has no topic yet.
    pub(super) fn all(&self) -> u64 {
        self.all.load(Ordering::Acquire)
    }

    fn counter(&self, topic: &Topic) -> &AtomicU64 {
        let hash = self.hasher.hash_one(topic);
        &self.counters[(hash % COUNTERS as u64) as usize]
    }
}

//! Groups that are durable and not published yet: the writer adds, the publisher takes away.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use crate::{checkpoint::SignedCheckpoint, entry::Entry};

/// Most records that wait for publication; the writer waits at the bound, callers are refused then.
pub(crate) const MAX_UNPUBLISHED_RECORDS: u64 = 32_768;

/// Most bytes of them: memory, and what a start reads back.
const MAX_UNPUBLISHED_BYTES: usize = 64 * 1024 * 1024;

/// Records that were made durable together.
#[derive(Debug)]
pub(crate) struct Group {
    /// Index of the first one.
    pub(crate) first: u64,
    /// The records.
    pub(crate) entries: Vec<Entry>,
    /// The checkpoint of the tree with them.
    pub(crate) checkpoint: Arc<SignedCheckpoint>,
}

/// The groups, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Unpublished {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    groups: VecDeque<Arc<Group>>,
    records: u64,
    bytes: usize,
    /// Nothing is taken away any more.
    ended: bool,
}

// === impl Group ===

impl Group {
    /// Returns the index that follows the last record.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    fn bytes(&self) -> usize {
        self.entries.iter().map(Entry::bytes).sum()
    }
}

// === impl Unpublished ===

impl Unpublished {
    /// Adds the next group.
    pub(crate) fn push(&self, group: Arc<Group>) {
        let mut queue = self.lock();
        queue.records += group.entries.len() as u64;
        queue.bytes += group.bytes();
        queue.groups.push_back(group);
    }

    /// Returns the groups there are.
    pub(crate) fn groups(&self) -> Vec<Arc<Group>> {
        self.lock().groups.iter().cloned().collect()
    }

    /// Returns up to `max` records from index `from` on, if the first of them is here.
    pub(crate) fn read<T>(&self, from: u64, max: usize, part: fn(&Entry) -> T) -> Option<Vec<T>> {
        let queue = self.lock();
        if queue.groups.front().is_none_or(|group| from < group.first) {
            return None;
        }
        let groups = queue.groups.iter().skip_while(|group| group.end() <= from);
        let entries = groups.flat_map(|group| (group.first..).zip(&group.entries));
        let wanted = entries.skip_while(|(index, _)| *index < from).take(max);
        Some(wanted.map(|(_, entry)| part(entry)).collect())
    }

    /// Returns whether all is published.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().groups.is_empty()
    }

    /// Takes away the groups that end at or before `size`.
    pub(crate) fn drop_to(&self, size: u64) {
        let mut queue = self.lock();
        while let Some(group) = queue.groups.pop_front_if(|group| group.end() <= size) {
            queue.records -= group.entries.len() as u64;
            queue.bytes -= group.bytes();
        }
        self.changed.notify_all();
    }

    /// Waits while there are too many.
    pub(crate) fn wait_for_room(&self) {
        let full = |queue: &mut Queue| queue.is_full() && !queue.ended;
        let waited = self.changed.wait_while(self.lock(), full);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Says that nothing is taken away any more, so that nobody waits for it.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Queue ===

impl Queue {
    fn is_full(&self) -> bool {
        MAX_UNPUBLISHED_RECORDS <= self.records || MAX_UNPUBLISHED_BYTES <= self.bytes
    }
}

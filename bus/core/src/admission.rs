//! Admission: how much of the gateway each department may use at once, so that one department's flood
//! leaves the others' calls alone.

mod load;
mod pace;
mod subjects;

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

pub use self::load::Load;
use self::{pace::Pace, subjects::Subjects};
use crate::{Caller, Catalog, Clock, DeptId, HangUp};

/// How much may be under way.
#[derive(Clone, Debug)]
pub struct AdmissionLimits {
    /// Calls at once, of all departments.
    pub calls: u32,
    /// Calls at once, of one department.
    pub calls_per_department: u32,
    /// Calls a second of one department, in the long run.
    pub calls_per_second: NonZeroU32,
    /// Calls of one department that may come at one moment.
    pub burst: NonZeroU32,
    /// Subjects of one department in batches, in a minute.
    pub batch_subjects_per_minute: NonZeroU32,
    /// Subjects of one department in batches, in a day.
    pub batch_subjects_per_day: NonZeroU32,
    /// Bytes of answers and uploads in memory, of all departments.
    pub bytes: u64,
    /// Bytes of answers and uploads in memory, of one department.
    pub bytes_per_department: u64,
}

/// Lets calls in, and counts them until their work ends.
#[derive(Debug)]
pub struct Admission {
    limits: AdmissionLimits,
    calls: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    gates: HashMap<DeptId, Gate>,
    /// What is on the trail cannot be searched yet: nobody is let in.
    unsearchable: AtomicBool,
}

/// What one department uses.
#[derive(Debug)]
struct Gate {
    pace: Pace,
    subjects: Subjects,
    calls: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
}

/// A call that was let in. Clones are parts of the one call.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Who calls.
    pub caller: Caller,
    /// When the caller has no use for an answer any more.
    pub deadline: Instant,
    /// Counts the call until it is dropped, which is when its work ends and not when its caller
    /// hangs up.
    pub permit: Permit,
    /// Ends the caller's stream at once, whatever it reads.
    pub hang_up: HangUp,
}

/// The place of a call in flight. Clones are the same place, which is free once all are dropped.
#[derive(Clone, Debug)]
pub struct Permit {
    admission: Arc<Admission>,
    department: DeptId,
    _places: Arc<[OwnedSemaphorePermit; 2]>,
}

/// Bytes that a call may have in memory, until this is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    _parts: [OwnedSemaphorePermit; 2],
}

// === impl AdmissionLimits ===

impl AdmissionLimits {
    /// Returns the shipped limits for a machine with so many bytes of memory.
    pub fn within(memory_bytes: u64) -> Self {
        const CALLS_PER_SECOND: NonZeroU32 = NonZeroU32::new(200).expect("200 is not zero");
        const BURST: NonZeroU32 = NonZeroU32::new(400).expect("400 is not zero");
        const A_MINUTE: NonZeroU32 = NonZeroU32::new(2_000).expect("2,000 is not zero");
        const A_DAY: NonZeroU32 = NonZeroU32::new(100_000).expect("100,000 is not zero");
        Self {
            calls: 1_024,
            calls_per_department: 256,
            calls_per_second: CALLS_PER_SECOND,
            burst: BURST,
            batch_subjects_per_minute: A_MINUTE,
            batch_subjects_per_day: A_DAY,
            bytes: memory_bytes / 4,
            bytes_per_department: memory_bytes / 10,
        }
    }
}

// === impl Admission ===

impl Admission {
    /// Makes a gate for each department of the catalogue.
    pub fn new(limits: AdmissionLimits, catalog: &Catalog, clock: &Arc<dyn Clock>) -> Self {
        let gate = |limits: &AdmissionLimits| Gate {
            pace: Pace::of_calls(limits, clock),
            subjects: Subjects::new(limits, clock),
            calls: Arc::new(Semaphore::new(limits.calls_per_department as usize)),
            bytes: Arc::new(Semaphore::new(kibibytes(limits.bytes_per_department) as usize)),
        };
        let departments = catalog.departments().iter();
        let gates =
            departments.map(|department| (department.code.clone(), gate(&limits))).collect();
        Self {
            calls: Arc::new(Semaphore::new(limits.calls as usize)),
            bytes: Arc::new(Semaphore::new(kibibytes(limits.bytes) as usize)),
            gates,
            unsearchable: AtomicBool::new(false),
            limits,
        }
    }

    /// Says whether the search index is too far behind the trail to let more calls in.
    pub fn set_unsearchable(&self, unsearchable: bool) {
        self.unsearchable.store(unsearchable, Ordering::Relaxed);
    }

    /// Returns how many calls are under way.
    pub fn calls_in_flight(&self) -> usize {
        self.limits.calls as usize - self.calls.available_permits()
    }

    /// Lets a call of a department in.
    ///
    /// # Errors
    ///
    /// Says what there is too much of. Nothing waits: a caller that is told at once comes back later.
    pub fn enter(self: &Arc<Self>, department: &DeptId) -> Result<Permit, Load> {
        let limits = &self.limits;
        if self.unsearchable.load(Ordering::Relaxed) {
            return Err(Load::Index);
        }
        let gate = self.gates.get(department).ok_or(Load::Unknown)?;
        let own = Arc::clone(&gate.calls).try_acquire_owned();
        let own = own.ok().ok_or(Load::Calls { limit: limits.calls_per_department })?;
        let place = Arc::clone(&self.calls).try_acquire_owned();
        let place = place.ok().ok_or(Load::Gateway { limit: limits.calls })?;
        gate.pace.count()?;
        Ok(Permit {
            admission: Arc::clone(self),
            department: department.clone(),
            _places: Arc::new([own, place]),
        })
    }
}

// === impl Permit ===

impl Permit {
    /// Counts so many subjects of a batch.
    ///
    /// # Errors
    ///
    /// Says of what there are too many, and when they will be let in; none of them is counted then.
    pub(crate) fn subjects(&self, several: usize) -> Result<(), Load> {
        let gate = self.admission.gates.get(&self.department).ok_or(Load::Unknown)?;
        gate.subjects.take(several)
    }

    /// Makes room for so many bytes in memory; what is more than the department may have at all needs
    /// all of it.
    ///
    /// # Errors
    ///
    /// Says whose limit they would exceed.
    pub(crate) fn room(&self, bytes: u64) -> Result<Room, Load> {
        let Admission { limits, bytes: all, gates, .. } = &*self.admission;
        let gate = gates.get(&self.department).ok_or(Load::Unknown)?;
        let parts = kibibytes(bytes.min(limits.bytes_per_department).min(limits.bytes));
        let own = Arc::clone(&gate.bytes).try_acquire_many_owned(parts);
        let own = own.ok().ok_or(Load::Bytes { limit: limits.bytes_per_department })?;
        let part = Arc::clone(all).try_acquire_many_owned(parts);
        let part = part.ok().ok_or(Load::Bytes { limit: limits.bytes })?;
        Ok(Room { _parts: [own, part] })
    }
}

/// Counts in KiB, rounded up: semaphores count to 2^29 at least.
fn kibibytes(bytes: u64) -> u32 {
    const MOST: u32 = 1 << 28;
    u32::try_from(bytes.div_ceil(1_024)).unwrap_or(MOST).min(MOST)
}

#[cfg(test)]
mod tests;

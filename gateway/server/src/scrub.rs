//! The scrubber: reads everything again, slowly, and says what is not as it was written.
//!
//! Records against their tiles and the checkpoint, sealed parts against their records, rows of the
//! search index against the records, versions of the registry against their ids.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use oncebus_core::{Ending, Journal, RegistryError};
use oncebus_store::{IndexError, RowFault, SearchIndex, SqliteRegistry, VersionFault, check};
use oncebus_trail::{Fault, fsck};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

/// Time to the first pass after a start, and from the end of one to the next.
const FIRST: Duration = Duration::from_secs(600);
const BETWEEN: Duration = Duration::from_secs(24 * 3_600);
/// Records or rows that are read between two rests.
const STEP: usize = 256;
/// Rest after a step, in times that it took: a fifth of one core at most.
const RESTS: u32 = 4;

/// Reads everything that a gateway keeps.
#[derive(Clone, Debug)]
pub(crate) struct Scrubber {
    pub trail_dir: PathBuf,
    pub index: Arc<SearchIndex>,
    pub registry: Arc<SqliteRegistry>,
    pub journal: Journal,
    /// Records that the last pass read and found sound.
    pub verified: Arc<AtomicU64>,
}

/// How much of the machine a pass may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// What others leave.
    Idle,
    /// All it can get: somebody waits.
    Full,
}

/// What a pass read, all of it sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// Records of the trail, with their sealed parts.
    pub records: u64,
    /// Records whose rows in the search index were compared.
    pub rows: u64,
    /// Versions of the registry.
    pub versions: u64,
}

/// What a pass found, or what kept it from its end.
#[derive(Debug, thiserror::Error)]
pub enum ScrubError {
    /// A file of the trail is not as it was written.
    #[error("trail: {0}")]
    Trail(#[from] Fault),
    /// A row of the search index is not as it was written; the index may be deleted.
    #[error("{0}; stop the gateway, delete index.sqlite, start it: the index is made anew")]
    Row(#[from] RowFault),
    /// A row of the registry is not as it was written.
    #[error(transparent)]
    Version(#[from] VersionFault),
    /// The search index cannot be read.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The registry cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The gateway ends.
    #[error("the gateway ends")]
    Stopped,
}

/// Rests after each step.
struct Stride {
    pace: Pace,
    stop: CancellationToken,
    begun: Instant,
    done: usize,
}

// === impl Scrubber ===

impl Scrubber {
    /// Passes over everything, again and again; what it finds is on the trail, and in the log.
    pub(crate) async fn run(self) {
        tokio::time::sleep(FIRST).await;
        loop {
            if let Err(error) = self.pass(Pace::Idle).await {
                tracing::error!(%error, "what is kept is not as it was written");
            }
            tokio::time::sleep(BETWEEN).await;
        }
    }

    /// Reads everything once, and puts on record what came of it.
    pub(crate) async fn pass(&self, pace: Pace) -> Result<Scrubbed, ScrubError> {
        let found = self.read(pace).await;
        let (ending, records) = match &found {
            Ok(scrubbed) => (Ending::Served, scrubbed.records),
            Err(_) => (Ending::Failed, 0),
        };
        if let Err(error) = self.journal.scrubbed(ending, records).await {
            tracing::warn!(%error, "the scrubber's pass is not on the trail");
        }
        if found.is_ok() {
            self.verified.store(records, Ordering::Relaxed);
        }
        found
    }

    async fn read(&self, pace: Pace) -> Result<Scrubbed, ScrubError> {
        let records = self.records(pace).await?;
        let rows = self.rows(pace).await?;
        Ok(Scrubbed { records, rows, versions: self.versions(pace).await? })
    }

    async fn records(&self, pace: Pace) -> Result<u64, ScrubError> {
        let (dir, key) = (self.trail_dir.clone(), self.journal.trail().verifier().clone());
        // Whoever waits for this may be gone: the thread must not outlive the gateway.
        let stop = CancellationToken::new();
        let _stops_with_this = stop.clone().drop_guard();
        let mut stride = Stride::new(pace, stop);
        let work = move || {
            fsck(&dir, &key, &[], &mut |leaf, part| {
                stride.step()?;
                check(leaf, part).map(drop).map_err(|fault| fault.to_string())
            })
        };
        let found = spawn_blocking(work).await.map_err(|_ended| ScrubError::Stopped)?;
        Ok(found?.records)
    }

    async fn rows(&self, pace: Pace) -> Result<u64, ScrubError> {
        let (mut from, end) = (0, self.index.indexed_size());
        while from < end {
            let begun = Instant::now();
            let compared = self.index.compare(self.journal.trail(), from, STEP).await?;
            if let Some(fault) = compared.fault {
                return Err(fault.into());
            }
            from = compared.next.max(from + 1);
            tokio::time::sleep(pace.rest(begun.elapsed())).await;
        }
        Ok(end)
    }

    async fn versions(&self, pace: Pace) -> Result<u64, ScrubError> {
        let (mut versions, mut after) = (0, None);
        loop {
            let begun = Instant::now();
            let inspected = self.registry.inspect(after, STEP as u32).await?;
            if let Some(fault) = inspected.fault {
                return Err(fault.into());
            }
            versions += inspected.versions;
            after = inspected.next;
            if after.is_none() {
                return Ok(versions);
            }
            tokio::time::sleep(pace.rest(begun.elapsed())).await;
        }
    }
}

// === impl Pace ===

impl Pace {
    fn rest(self, took: Duration) -> Duration {
        match self {
            Self::Idle => took * RESTS,
            Self::Full => Duration::ZERO,
        }
    }
}

// === impl Stride ===

impl Stride {
    fn new(pace: Pace, stop: CancellationToken) -> Self {
        Self { pace, stop, begun: Instant::now(), done: 0 }
    }

    /// Goes on to the next record, unless nobody waits any more.
    fn step(&mut self) -> Result<(), String> {
        if self.stop.is_cancelled() {
            return Err(ScrubError::Stopped.to_string());
        }
        self.done += 1;
        if self.done.is_multiple_of(STEP) {
            thread::sleep(self.pace.rest(self.begun.elapsed()));
            self.begun = Instant::now();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_that_nobody_waits_for_ends_at_the_next_record() {
        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        let mut stride = Stride::new(Pace::Idle, stop);

        let before = stride.step();
        drop(guard);

        assert_eq!(before, Ok(()));
        assert_eq!(stride.step(), Err("the gateway ends".to_owned()));
    }
}

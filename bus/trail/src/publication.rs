//! The thread that publishes, erases and drops, beside the one that writes.

use std::{
    collections::HashSet,
    ops::Range,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use tokio::sync::{oneshot, watch};

use crate::{
    checkpoint::SignedCheckpoint,
    guard::Guard,
    lock::Lock,
    pruned::Pruned,
    publisher::{PublishError, Publisher},
    segments::Segments,
    sequencer::State,
    unpublished::Unpublished,
    writer::Fatal,
};

/// Most tasks that wait.
const MAX_TASKS: usize = 64;

/// Pause after a disk refused; the groups stay in the frames and in memory meanwhile.
const PAUSE: Duration = Duration::from_secs(1);

/// What the thread is asked to do.
#[derive(Debug)]
enum Task {
    /// Look for groups.
    Publish,
    /// Publish what there is and empty the sealed parts of these records.
    Erase(HashSet<u64>, oneshot::Sender<Result<(), PublishError>>),
    /// Drop whole bundles in these ranges.
    Prune(Vec<Range<u64>>, oneshot::Sender<Result<u64, PublishError>>),
    /// Publish what there is and end; or end at once, if the writer died.
    End(Option<Fatal>),
}

/// Where the thread is asked.
#[derive(Clone, Debug)]
pub(crate) struct Tasks(SyncSender<Task>);

/// What the thread is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) publisher: Publisher,
    pub(crate) unpublished: Arc<Unpublished>,
    pub(crate) segments: Arc<Segments>,
    pub(crate) pruned: watch::Sender<Pruned>,
    /// The rollback guard, which is synced with each publication.
    pub(crate) guard: Option<Guard>,
    pub(crate) state: watch::Sender<State>,
    pub(crate) published: watch::Sender<Arc<SignedCheckpoint>>,
    /// Shortest time between two publications.
    pub(crate) pace: Duration,
    pub(crate) lock: Lock,
}

/// The thread's own state.
#[derive(Debug)]
pub(crate) struct Publication {
    parts: Parts,
    tasks: Receiver<Task>,
}

// === impl Tasks ===

impl Tasks {
    /// Has groups published; where tasks wait already, they are found anyway.
    pub(crate) fn publish(&self) {
        let _told_already = self.0.try_send(Task::Publish);
    }

    /// Has sealed parts emptied.
    pub(crate) async fn erase(&self, indices: HashSet<u64>) -> Result<(), PublishError> {
        self.ask(|answer| Task::Erase(indices, answer)).await
    }

    /// Has records dropped; answers how many.
    pub(crate) async fn prune(&self, ranges: Vec<Range<u64>>) -> Result<u64, PublishError> {
        self.ask(|answer| Task::Prune(ranges, answer)).await
    }

    /// Ends the thread once all is published, or at once if the writer died.
    pub(crate) fn end(&self, fatal: Option<Fatal>) {
        let _ended_already = self.0.send(Task::End(fatal));
    }

    async fn ask<T>(
        &self,
        task: impl FnOnce(oneshot::Sender<Result<T, PublishError>>) -> Task,
    ) -> Result<T, PublishError> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(task(answer)).or(Err(PublishError::Busy))?;
        answered.await.unwrap_or(Err(PublishError::Ended))
    }
}

// === impl Publication ===

impl Publication {
    /// Takes the parts; [`Self::run`] sets them going.
    pub(crate) fn new(parts: Parts) -> (Self, Tasks) {
        let (sender, tasks) = sync_channel(MAX_TASKS);
        (Self { parts, tasks }, Tasks(sender))
    }

    /// Returns where the newest published checkpoint is to be seen.
    pub(crate) fn published(&self) -> watch::Receiver<Arc<SignedCheckpoint>> {
        self.parts.published.subscribe()
    }

    /// Publishes until the writer has ended.
    pub(crate) fn run(mut self) {
        let end = match self.work() {
            Ok(()) => State::Closed,
            Err(fatal) => {
                tracing::error!(error = &fatal as &dyn std::error::Error, "trail died");
                State::Dead(fatal)
            }
        };
        let Parts { unpublished, state, lock, .. } = self.parts;
        drop(lock);
        state.send_replace(end);
        // A writer that waits for room finds the state set.
        unpublished.end();
    }

    fn work(&mut self) -> Result<(), Fatal> {
        // Whatever a crash left unpublished comes first.
        let mut earliest = Instant::now();
        let mut due = true;
        loop {
            match self.next_task(due.then_some(earliest)) {
                Some(Task::Publish) => due = true,
                Some(Task::Erase(indices, answer)) => {
                    earliest = self.publish()?;
                    let _hung_up = answer.send(self.erase(&indices));
                }
                Some(Task::Prune(ranges, answer)) => {
                    let _hung_up = answer.send(self.prune(&ranges));
                }
                Some(Task::End(None)) => return self.publish().map(drop),
                Some(Task::End(Some(fatal))) => return Err(fatal),
                None => {
                    earliest = self.publish()?;
                    due = !self.parts.unpublished.is_empty();
                }
            }
        }
    }

    /// Waits for a task, until a publication is due; `None` when it is.
    fn next_task(&self, due: Option<Instant>) -> Option<Task> {
        let Some(due) = due else { return Some(self.tasks.recv().unwrap_or(Task::End(None))) };
        match self.tasks.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(task) => Some(task),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Task::End(None)),
        }
    }

    /// Publishes what there is; answers when the next publication may be.
    fn publish(&mut self) -> Result<Instant, Fatal> {
        let begun = Instant::now();
        match self.parts.publisher.publish() {
            Ok(newest) => {
                if let Some(newest) = newest {
                    self.sync_guard(&newest)?;
                    self.parts.published.send_replace(newest);
                }
                Ok(begun + self.parts.pace)
            }
            Err(PublishError::Sync { file, source }) => {
                Err(Fatal::Sync { file, source: Arc::new(source) })
            }
            Err(error) => {
                tracing::warn!(%error, "the trail is not published");
                Ok(begun + PAUSE)
            }
        }
    }

    fn sync_guard(&mut self, newest: &SignedCheckpoint) -> Result<(), Fatal> {
        let Some(guard) = &mut self.parts.guard else { return Ok(()) };
        guard.sync(&newest.note).map_err(|source| Fatal::Guard {
            file: guard.path().to_owned(),
            source: Arc::new(source),
        })
    }

    fn erase(&mut self, indices: &HashSet<u64>) -> Result<(), PublishError> {
        self.parts.publisher.erase(indices)?;
        // Its frames still hold them: they go once the next record is in a new segment.
        self.parts.segments.ask_fresh();
        Ok(())
    }

    fn prune(&mut self, ranges: &[Range<u64>]) -> Result<u64, PublishError> {
        let mut pruned = self.parts.pruned.borrow().clone();
        let dropped = pruned.add(ranges);
        self.parts.publisher.prune(&pruned)?;
        self.parts.pruned.send_replace(pruned);
        Ok(dropped)
    }
}

//! The handle that callers hold.

use std::{collections::HashSet, fmt, future, io, ops::Range, sync::Arc, time::Duration};

use tokio::{
    sync::{
        mpsc::{self, error::TrySendError},
        oneshot, watch,
    },
    task::spawn_blocking,
    time::timeout,
};

use crate::{
    archive::{Archive, ReadError},
    checkpoint::SignedCheckpoint,
    config::TrailConfig,
    entry::Entry,
    frame::{MAX_LEAF_BYTES, MAX_SEALED_BYTES},
    key::VerifierKey,
    prover::{ProveError, Prover},
    pruned::Pruned,
    publication::Tasks,
    publisher::PublishError,
    reader::{MAX_READ_BYTES, Part, Reader},
    receipt::Receipt,
    sequencer::{Command, MAX_QUEUED_RECORDS, Queued, State},
    unpublished::Unpublished,
    writer::Fatal,
};

/// A transparency log in a folder.
///
/// Clones are the same log. One thread writes, one publishes; they end when the log is closed, when
/// the last clone is gone, or when the disk fails it.
#[derive(Clone)]
pub struct Trail {
    write_deadline: Duration,
    verifier: VerifierKey,
    handles: Handles,
}

/// Where the threads are asked and what they show.
#[derive(Clone)]
pub(crate) struct Handles {
    pub(crate) queue: mpsc::Sender<Command>,
    pub(crate) tasks: Tasks,
    pub(crate) state: watch::Receiver<State>,
    pub(crate) checkpoint: watch::Receiver<Arc<SignedCheckpoint>>,
    pub(crate) published: watch::Receiver<Arc<SignedCheckpoint>>,
    pub(crate) unpublished: Arc<Unpublished>,
    pub(crate) pruned: watch::Receiver<Pruned>,
    pub(crate) archive: Archive,
}

/// Proof that a log only grew between two sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consistency {
    /// The older size.
    pub old_size: u64,
    /// The newer size.
    pub new_size: u64,
    /// Hashes of RFC 6962, section 2.1.2.
    pub path: Vec<[u8; 32]>,
    /// The signed checkpoint of the newer size.
    pub checkpoint: String,
}

/// Why a record has no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Too many records wait to be written. It was not written.
    #[error("trail has {MAX_QUEUED_RECORDS} records waiting to be written, try again later")]
    Full,
    /// It is empty. It was not written.
    #[error("record is empty")]
    Empty,
    /// It or its sealed part is too long. It was not written.
    #[error("record or sealed part has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The longest there may be, [`MAX_LEAF_BYTES`] or [`MAX_SEALED_BYTES`].
        limit: usize,
    },
    /// The disk took no more. It was not written; the next one may be.
    #[error("trail cannot be written, {kind}: nothing was stored, free the disk and try again")]
    Disk {
        /// What the system said, such as [`io::ErrorKind::StorageFull`].
        kind: io::ErrorKind,
    },
    /// The disk did not answer in time. The record may be on the trail yet, now or later.
    #[error("trail was not written within {after:?}, the record may follow")]
    Deadline {
        /// The time it was given.
        after: Duration,
    },
    /// The trail is dead or closed. The record may be on the trail if it was waiting when the
    /// trail died.
    #[error("trail has ended and takes no more records, restart the process")]
    Dead,
}

/// Why a trail is not known to be closed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CloseError {
    /// It was not written out in time.
    #[error("trail was not written out within {after:?}")]
    Deadline {
        /// The time it was given.
        after: Duration,
    },
    /// It was dead already, or died of its last records.
    #[error("trail died before it was closed")]
    Dead(#[source] Fatal),
}

// === impl Trail ===

impl Trail {
    pub(crate) fn new(config: &TrailConfig, handles: Handles) -> Self {
        let (write_deadline, verifier) = (config.write_deadline, config.key.verifier().clone());
        Self { write_deadline, verifier, handles }
    }

    /// Appends a record; returns once it and its sealed part are durable.
    ///
    /// The record is queued when the future is first polled, and is written even if the future is
    /// dropped after that. Needs a tokio runtime with its timer.
    ///
    /// # Errors
    ///
    /// Returns [`AppendError`]. After [`AppendError::Deadline`] and [`AppendError::Dead`] the record
    /// may be on the trail all the same; after all others it is not.
    pub async fn append(&self, entry: Entry) -> Result<Receipt, AppendError> {
        check(&entry)?;
        let (answer, receipt) = oneshot::channel();
        match self.handles.queue.try_send(Command::Append(Queued { entry, answer })) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(AppendError::Full),
            Err(TrySendError::Closed(_)) => return Err(AppendError::Dead),
        }
        match timeout(self.write_deadline, receipt).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_dropped_unanswered)) => Err(AppendError::Dead),
            Err(_elapsed) => Err(AppendError::Deadline { after: self.write_deadline }),
        }
    }

    /// Returns the newest durable checkpoint.
    pub fn checkpoint(&self) -> Arc<SignedCheckpoint> {
        Arc::clone(&self.handles.checkpoint.borrow())
    }

    /// Returns the number of durable records.
    pub fn size(&self) -> u64 {
        self.handles.checkpoint.borrow().checkpoint.size
    }

    /// Returns where the newest durable checkpoint is to be seen, and waited for.
    pub fn grown(&self) -> watch::Receiver<Arc<SignedCheckpoint>> {
        self.handles.checkpoint.clone()
    }

    /// Returns the number of records in the published files.
    pub fn published_size(&self) -> u64 {
        self.handles.published.borrow().checkpoint.size
    }

    /// Returns the key that checks the log's checkpoints.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Returns up to `max` durable records from index `from` on, exactly as they were appended.
    ///
    /// They are at most 4 MiB together, and at least one if there is one and `max` is not zero; none
    /// from the end of the log on. Blocks on files; the writer is not held up.
    ///
    /// # Errors
    ///
    /// Returns [`ReadError`] if a file cannot be read or is damaged, or the first record was dropped.
    pub fn read(&self, from: u64, max: usize) -> Result<Vec<Vec<u8>>, ReadError> {
        const { assert!(MAX_LEAF_BYTES <= MAX_READ_BYTES) };
        self.read_part(Part::Leaf, from, max)
    }

    /// Returns the sealed parts of up to `max` durable records from index `from` on; empty where a
    /// record has none, or it was erased or dropped. Bounds and blocking as [`Self::read`].
    ///
    /// # Errors
    ///
    /// Returns [`ReadError`] if a file cannot be read or is damaged.
    pub fn read_sealed(&self, from: u64, max: usize) -> Result<Vec<Vec<u8>>, ReadError> {
        self.read_part(Part::Sealed, from, max)
    }

    /// Waits until all records below `size` are published, and returns what proves them.
    ///
    /// # Errors
    ///
    /// Returns [`ProveError`] if the log is not that long, or they are not published in time.
    pub async fn prover(&self, size: u64) -> Result<Prover, ProveError> {
        if self.size() < size {
            return Err(ProveError::Beyond { asked: size, size: self.size() });
        }
        let mut published = self.handles.published.clone();
        let enough = published.wait_for(|signed| size <= signed.checkpoint.size);
        match timeout(self.write_deadline, enough).await {
            Ok(Ok(signed)) => Ok(Prover::new(self.handles.archive.clone(), Arc::clone(&signed))),
            _ => Err(ProveError::Unpublished { asked: size }),
        }
    }

    /// Proves the record at `index` under the newest published checkpoint.
    ///
    /// # Errors
    ///
    /// As [`Self::prover`] and [`Prover::receipt`].
    pub async fn receipt(&self, index: u64) -> Result<Receipt, ProveError> {
        let beyond = ProveError::Beyond { asked: index, size: self.size() };
        let prover = self.prover(index.checked_add(1).ok_or(beyond)?).await?;
        work(move || prover.receipt(index)).await
    }

    /// Proves that the log only grew from `old_size` to the newest published checkpoint.
    ///
    /// # Errors
    ///
    /// As [`Self::prover`] and [`Prover::consistency`].
    pub async fn consistency(&self, old_size: u64) -> Result<Consistency, ProveError> {
        let prover = self.prover(old_size).await?;
        work(move || prover.consistency(old_size)).await
    }

    /// Erases the sealed parts of these records for good; the records and all proofs stay. What
    /// frames still hold of them goes with the next record that is appended: append one.
    ///
    /// # Errors
    ///
    /// Returns [`PublishError`] if the disk fails; some may be erased then.
    pub async fn erase(&self, indices: HashSet<u64>) -> Result<(), PublishError> {
        self.handles.tasks.erase(indices).await
    }

    /// Drops the published records in `ranges`, with their sealed parts, as far as they fill whole
    /// bundles of 256; all proofs stay. Returns how many were dropped that were not before.
    ///
    /// # Errors
    ///
    /// Returns [`PublishError`] if the disk fails; some may be dropped then.
    pub async fn prune(&self, ranges: Vec<Range<u64>>) -> Result<u64, PublishError> {
        self.handles.tasks.prune(ranges).await
    }

    /// Returns which records were dropped: whole bundles, ascending.
    pub fn pruned(&self) -> Vec<Range<u64>> {
        self.handles.pruned.borrow().ranges().to_vec()
    }

    /// Waits until the log dies and says of what. It must end the process then; a closed log never
    /// dies.
    pub async fn failed(&self) -> Fatal {
        match self.ended().await {
            Some(fatal) => fatal,
            None => future::pending().await,
        }
    }

    /// Takes no more records, writes and publishes those that wait, and gives the folder back.
    ///
    /// Ends the log for all its clones. What is written can still be read.
    ///
    /// # Errors
    ///
    /// Returns [`CloseError`] if the log is dead, or not all was written within the write deadline.
    pub async fn close(&self) -> Result<(), CloseError> {
        let close = async {
            // Refused only by a sequencer that has ended, or is about to.
            let _ended = self.handles.queue.send(Command::Close).await;
            self.ended().await
        };
        match timeout(self.write_deadline, close).await {
            Ok(None) => Ok(()),
            Ok(Some(fatal)) => Err(CloseError::Dead(fatal)),
            Err(_elapsed) => Err(CloseError::Deadline { after: self.write_deadline }),
        }
    }

    fn read_part(&self, part: Part, from: u64, max: usize) -> Result<Vec<Vec<u8>>, ReadError> {
        let end = self.size().min(from.saturating_add(max as u64));
        let Handles { archive, unpublished, .. } = &self.handles;
        let published = self.published_size();
        Reader { archive, unpublished, published }.read(part, from, end)
    }

    /// Waits for the end of the threads; returns what the log died of, or `None` if it was closed.
    async fn ended(&self) -> Option<Fatal> {
        let mut state = self.handles.state.clone();
        let end = state.wait_for(|state| !matches!(state, State::Running)).await;
        match end.as_deref() {
            Ok(State::Dead(fatal)) => Some(fatal.clone()),
            Ok(State::Closed | State::Running) => None,
            // The threads are gone without a word.
            Err(_sender_dropped) => Some(Fatal::Sequencer),
        }
    }
}

impl fmt::Debug for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trail")
            .field("origin", self.verifier.name())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

fn check(entry: &Entry) -> Result<(), AppendError> {
    if entry.leaf.is_empty() {
        return Err(AppendError::Empty);
    }
    for (bytes, limit) in
        [(entry.leaf.len(), MAX_LEAF_BYTES), (entry.sealed.len(), MAX_SEALED_BYTES)]
    {
        if limit < bytes {
            return Err(AppendError::TooLarge { bytes, limit });
        }
    }
    Ok(())
}

/// Reads files off the threads that answer calls.
async fn work<T: Send + 'static>(
    prove: impl FnOnce() -> Result<T, ProveError> + Send + 'static,
) -> Result<T, ProveError> {
    spawn_blocking(prove).await.unwrap_or(Err(ProveError::Stopped))
}

#[cfg(test)]
mod tests;

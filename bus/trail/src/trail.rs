//! The handle that callers hold.

use std::{fmt, future, io, sync::Arc, time::Duration};

use tokio::{
    sync::{
        mpsc::{self, error::TrySendError},
        oneshot, watch,
    },
    time::timeout,
};

use crate::{
    checkpoint::SignedCheckpoint,
    config::TrailConfig,
    frame::MAX_LEAF_BYTES,
    key::VerifierKey,
    reader::{self, MAX_READ_BYTES, ReadError},
    receipt::Receipt,
    segments::Segments,
    sequencer::{Command, MAX_QUEUED_RECORDS, Queued, State},
    writer::{Fatal, Writer},
};

/// A transparency log in a folder.
///
/// Clones are the same log. Its one writer is a thread; it ends when the log is closed, when the
/// last clone is gone, or when the disk fails it.
#[derive(Clone)]
pub struct Trail {
    write_deadline: Duration,
    verifier: VerifierKey,
    queue: mpsc::Sender<Command>,
    state: watch::Receiver<State>,
    checkpoint: watch::Receiver<Arc<SignedCheckpoint>>,
    size: watch::Receiver<u64>,
    segments: Arc<Segments>,
}

/// What is appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The record: 1 to [`MAX_LEAF_BYTES`] bytes. It is hashed, proven and kept.
    pub leaf: Vec<u8>,
    /// What is kept beside the record, under the same sync, and may be erased: 0 to
    /// [`MAX_SEALED_BYTES`] bytes. The log does not prove it; a record may hold its hash.
    pub sealed: Vec<u8>,
}

/// Longest sealed part in bytes.
pub const MAX_SEALED_BYTES: usize = 4096;

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

/// Why nothing can be proven.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The log is not that long.
    #[error("size {asked} is beyond the log, which has {size} records")]
    Beyond {
        /// Size or position that was asked for.
        asked: u64,
        /// Size of the log.
        size: u64,
    },
    /// The files cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
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
    /// It is too long. It was not written.
    #[error("record has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The longest there may be, [`MAX_LEAF_BYTES`].
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
    pub(crate) fn new(
        config: &TrailConfig,
        writer: &Writer,
        queue: mpsc::Sender<Command>,
        state: watch::Receiver<State>,
    ) -> Self {
        Self {
            write_deadline: config.write_deadline,
            verifier: config.key.verifier().clone(),
            queue,
            state,
            checkpoint: writer.checkpoint(),
            size: writer.size(),
            segments: writer.segments(),
        }
    }

    /// Appends a record of 1 to [`MAX_LEAF_BYTES`] bytes; returns once it is durable.
    ///
    /// The record is queued when the future is first polled, and is written even if the future is
    /// dropped after that. Needs a tokio runtime with its timer.
    ///
    /// # Errors
    ///
    /// Returns [`AppendError`]. After [`AppendError::Deadline`] and [`AppendError::Dead`] the record
    /// may be on the trail all the same; after all others it is not.
    pub async fn append(&self, entry: Entry) -> Result<Receipt, AppendError> {
        let Entry { leaf, sealed: _ } = entry;
        let bytes = leaf.len();
        if bytes == 0 {
            return Err(AppendError::Empty);
        }
        if MAX_LEAF_BYTES < bytes {
            return Err(AppendError::TooLarge { bytes, limit: MAX_LEAF_BYTES });
        }

        let (answer, receipt) = oneshot::channel();
        match self.queue.try_send(Command::Append(Queued { leaf, answer })) {
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
        Arc::clone(&self.checkpoint.borrow())
    }

    /// Returns the number of durable records.
    pub fn size(&self) -> u64 {
        *self.size.borrow()
    }

    /// Returns where the number of durable records is to be seen, and waited for.
    pub fn grown(&self) -> watch::Receiver<u64> {
        self.size.clone()
    }

    /// Returns up to `max` durable records from index `from` on, exactly as they were appended.
    ///
    /// They are at most 4 MiB together, and at least one if there is one and `max` is not zero; none
    /// from the end of the log on. Blocks on files; the writer is not held up.
    ///
    /// # Errors
    ///
    /// Returns [`ReadError`] if a file cannot be read or is damaged.
    pub fn read(&self, from: u64, max: usize) -> Result<Vec<Vec<u8>>, ReadError> {
        const { assert!(MAX_LEAF_BYTES <= MAX_READ_BYTES) };
        let end = self.size().min(from.saturating_add(max as u64));
        reader::read(&self.segments, from, end)
    }

    /// Returns the sealed parts of up to `max` records from index `from` on; empty where a record has
    /// none or it was erased.
    pub fn read_sealed(&self, from: u64, max: usize) -> Result<Vec<Vec<u8>>, ReadError> {
        Ok(vec![Vec::new(); self.read(from, max)?.len()])
    }

    /// Proves the record at `index` under the newest published checkpoint.
    pub async fn receipt(&self, index: u64) -> Result<Receipt, ProveError> {
        Err(ProveError::Beyond { asked: index, size: self.size() })
    }

    /// Proves that the log only grew from `old_size` to the newest published checkpoint.
    pub async fn consistency(&self, old_size: u64) -> Result<Consistency, ProveError> {
        Err(ProveError::Beyond { asked: old_size, size: self.size() })
    }

    /// Erases the sealed parts of these records for good; they and all proofs stay.
    pub async fn erase(&self, _indices: Vec<u64>) -> Result<(), ProveError> {
        Ok(())
    }

    /// Drops the records in `ranges`, as far as they fill whole bundles of 256; all proofs stay.
    /// Returns how many were dropped.
    pub async fn prune(&self, _ranges: Vec<std::ops::Range<u64>>) -> Result<u64, ProveError> {
        Ok(0)
    }

    /// Returns the key that checks the log's checkpoints.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Waits until the log dies and says of what. It must end the process then; a closed log never
    /// dies.
    pub async fn failed(&self) -> Fatal {
        match self.ended().await {
            Some(fatal) => fatal,
            None => future::pending().await,
        }
    }

    /// Takes no more records, writes those that wait, and gives the folder back.
    ///
    /// Ends the log for all its clones. What is written can still be read.
    ///
    /// # Errors
    ///
    /// Returns [`CloseError`] if the log is dead, or not all was written within the write deadline.
    pub async fn close(&self) -> Result<(), CloseError> {
        let close = async {
            // Refused only by a sequencer that has ended, or is about to.
            let _ended = self.queue.send(Command::Close).await;
            self.ended().await
        };
        match timeout(self.write_deadline, close).await {
            Ok(None) => Ok(()),
            Ok(Some(fatal)) => Err(CloseError::Dead(fatal)),
            Err(_elapsed) => Err(CloseError::Deadline { after: self.write_deadline }),
        }
    }

    /// Waits for the sequencer's end; returns what it died of, or `None` if it was closed.
    async fn ended(&self) -> Option<Fatal> {
        let mut state = self.state.clone();
        let end = state.wait_for(|state| !matches!(state, State::Running)).await;
        match end.as_deref() {
            Ok(State::Dead(fatal)) => Some(fatal.clone()),
            Ok(State::Closed | State::Running) => None,
            // Its thread is gone without a word.
            Err(_sender_dropped) => Some(Fatal::Sequencer),
        }
    }
}

impl fmt::Debug for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checkpoint = self.checkpoint();
        f.debug_struct("Trail")
            .field("origin", &checkpoint.checkpoint.origin)
            .field("size", &checkpoint.checkpoint.size)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

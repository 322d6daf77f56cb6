//! Makes one group of records durable.

use std::{io, path::PathBuf, sync::Arc};

use tokio::sync::watch;

use crate::{
    checkpoint::{Checkpoint, SignedCheckpoint},
    compact_range::CompactRange,
    disk::Disk,
    frame,
    growth::Growth,
    hash::{HASH_BYTES, content_hash, leaf_hash},
    key::SigningKey,
    recover::Tail,
    segments::Segments,
};

/// Why a log takes no more records. Its process must end; the next start sorts it out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fatal {
    /// A sync failed. Repeating it proves nothing: the system may have dropped what it could not
    /// write and answer that all is well.
    #[error("sync of {} failed, what it holds is uncertain, check the disk and restart", file.display())]
    Sync {
        /// The segment.
        file: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// A frame was written in part and could not be cut.
    #[error("part of a frame cannot be cut from {}, check the disk and restart", file.display())]
    Cut {
        /// The segment.
        file: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The sequencer's thread ended by a fault of its own.
    #[error("sequencer of the trail ended by a fault of its own, restart")]
    Sequencer,
}

/// Why a group was not made durable.
#[derive(Debug)]
pub(crate) enum CommitError {
    /// Nothing of it is in the files; a later group may fare better.
    Disk(io::ErrorKind),
    /// No later group may be written.
    Fatal(Fatal),
}

/// A group that is durable.
#[derive(Debug)]
pub(crate) struct Committed {
    /// The tree with it; proves its records.
    pub(crate) growth: Growth,
    /// The checkpoint over it.
    pub(crate) checkpoint: Arc<SignedCheckpoint>,
}

/// The one that writes the files.
#[derive(Debug)]
pub(crate) struct Writer {
    key: SigningKey,
    disk: Box<dyn Disk>,
    /// A segment of at least so many bytes gets no more frames.
    segment_bytes: u64,
    /// The newest segment, and how long it is.
    file: PathBuf,
    bytes: u64,
    range: CompactRange,
    previous: [u8; HASH_BYTES],
    segments: Arc<Segments>,
    checkpoint: watch::Sender<Arc<SignedCheckpoint>>,
    size: watch::Sender<u64>,
}

// === impl CommitError ===

impl From<Fatal> for CommitError {
    fn from(fatal: Fatal) -> Self {
        Self::Fatal(fatal)
    }
}

// === impl Writer ===

impl Writer {
    /// Continues a trail at its end.
    pub(crate) fn new(
        key: SigningKey,
        tail: Tail,
        segment_bytes: u64,
        disk: Box<dyn Disk>,
    ) -> Self {
        let Tail { file, bytes, range, previous, segments } = tail;
        let (size, root) = (range.size(), range.grow(Vec::new()).root());
        let checkpoint = Checkpoint { origin: key.verifier().name().clone(), size, root };
        let checkpoint = Arc::new(checkpoint.sign(&key));
        let (checkpoint, size) = (watch::Sender::new(checkpoint), watch::Sender::new(size));
        Self { key, disk, segment_bytes, file, bytes, range, previous, segments, checkpoint, size }
    }

    /// Returns where the newest durable checkpoint is to be seen.
    pub(crate) fn checkpoint(&self) -> watch::Receiver<Arc<SignedCheckpoint>> {
        self.checkpoint.subscribe()
    }

    /// Returns where the number of durable records is to be seen.
    pub(crate) fn size(&self) -> watch::Receiver<u64> {
        self.size.subscribe()
    }

    /// Returns where durable records are to be found.
    pub(crate) fn segments(&self) -> Arc<Segments> {
        Arc::clone(&self.segments)
    }

    /// Writes one frame of these records and syncs it.
    ///
    /// `leaves` are 1 to [`frame::MAX_FRAME_RECORDS`] records of legal length.
    pub(crate) fn commit(&mut self, leaves: &[Vec<u8>]) -> Result<Committed, CommitError> {
        let growth = self.range.grow(leaves.iter().map(|leaf| leaf_hash(leaf)).collect());
        let frame = frame::encode(leaves, self.range.size(), &self.previous, &growth.root());
        self.rotate()?;
        self.append(&frame)?;
        self.disk.sync().map_err(|source| self.sync_failed(source))?;

        self.segments.note(self.range.size(), self.bytes);
        self.bytes += frame.len() as u64;
        self.previous = content_hash(&frame);
        self.range = growth.range();
        let (size, root) = (growth.size(), growth.root());
        let origin = self.key.verifier().name().clone();
        let checkpoint = Arc::new(Checkpoint { origin, size, root }.sign(&self.key));
        self.checkpoint.send_replace(Arc::clone(&checkpoint));
        self.size.send_replace(size);
        Ok(Committed { growth, checkpoint })
    }

    /// Begins a new segment if the newest is long enough. The sync of its first frame covers it.
    fn rotate(&mut self) -> Result<(), CommitError> {
        if self.bytes < self.segment_bytes {
            return Ok(());
        }
        let first = self.range.size();
        let file = self.segments.file(first);
        self.disk.create(&file).map_err(|source| CommitError::Disk(source.kind()))?;
        self.segments.begin(first);
        self.file = file;
        self.bytes = 0;
        Ok(())
    }

    /// Appends a frame to the newest segment, or leaves the segment as it was.
    fn append(&mut self, frame: &[u8]) -> Result<(), CommitError> {
        let Err(error) = self.disk.append(frame) else { return Ok(()) };
        match self.disk.truncate(self.bytes) {
            Ok(()) => Err(CommitError::Disk(error.kind())),
            Err(source) => {
                Err(Fatal::Cut { file: self.file.clone(), source: Arc::new(source) }.into())
            }
        }
    }

    fn sync_failed(&self, source: io::Error) -> Fatal {
        Fatal::Sync { file: self.file.clone(), source: Arc::new(source) }
    }
}

#[cfg(test)]
mod tests;

//! Makes one group of records durable.

use std::{io, path::PathBuf, sync::Arc};

use tokio::sync::watch;

use crate::{
    checkpoint::{Checkpoint, SignedCheckpoint},
    compact_range::CompactRange,
    disk::{Disk, DiskFile},
    entry::Entry,
    frame,
    growth::Growth,
    guard::Guard,
    hash::{HASH_BYTES, content_hash, leaf_hash},
    key::SigningKey,
    recover::Tail,
    segments::Segments,
    unpublished::{Group, Unpublished},
};

/// Why a log takes no more records. Its process must end; the next start sorts it out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fatal {
    /// A sync failed. Repeating it proves nothing: the system may have dropped what it could not
    /// write and answer that all is well.
    #[error("sync of {} failed, what it holds is uncertain, check the disk and restart", file.display())]
    Sync {
        /// The file.
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
    /// The rollback guard cannot be written.
    #[error("rollback guard {} cannot be written, check its disk and restart", file.display())]
    Guard {
        /// The guard's file.
        file: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// A thread of the log ended by a fault of its own.
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
    /// The records and their checkpoint.
    pub(crate) group: Arc<Group>,
}

/// The one that writes the frames.
#[derive(Debug)]
pub(crate) struct Writer {
    key: SigningKey,
    disk: Arc<dyn Disk>,
    guard: Option<Guard>,
    /// A segment of at least so many bytes gets no more frames.
    segment_bytes: u64,
    /// The newest segment, how long it is, and whether its name is durable.
    path: PathBuf,
    file: Box<dyn DiskFile>,
    bytes: u64,
    named: bool,
    range: CompactRange,
    previous: [u8; HASH_BYTES],
    segments: Arc<Segments>,
    unpublished: Arc<Unpublished>,
    checkpoint: watch::Sender<Arc<SignedCheckpoint>>,
}

/// What a writer is made of, beside the end of a trail.
#[derive(Debug)]
pub(crate) struct Tools {
    /// Key that signs the checkpoints.
    pub(crate) key: SigningKey,
    /// Where the files are.
    pub(crate) disk: Arc<dyn Disk>,
    /// Where the newest checkpoint is kept besides.
    pub(crate) guard: Option<Guard>,
    /// A segment of at least so many bytes gets no more frames.
    pub(crate) segment_bytes: u64,
    /// Which segments there are.
    pub(crate) segments: Arc<Segments>,
    /// Where groups wait for publication.
    pub(crate) unpublished: Arc<Unpublished>,
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
    ///
    /// # Errors
    ///
    /// If the newest segment cannot be opened.
    pub(crate) fn new(tools: Tools, tail: Tail) -> io::Result<Self> {
        let Tools { key, disk, guard, segment_bytes, segments, unpublished } = tools;
        let Tail { file: path, bytes, range, previous, checkpoint } = tail;
        let file = disk.open(&path)?;
        let checkpoint = watch::Sender::new(checkpoint);
        let named = true;
        Ok(Self {
            key,
            disk,
            guard,
            segment_bytes,
            path,
            file,
            bytes,
            named,
            range,
            previous,
            segments,
            unpublished,
            checkpoint,
        })
    }

    /// Returns where the newest durable checkpoint is to be seen.
    pub(crate) fn checkpoint(&self) -> watch::Receiver<Arc<SignedCheckpoint>> {
        self.checkpoint.subscribe()
    }

    /// Writes one frame of these records and syncs it.
    ///
    /// `entries` are 1 to [`frame::MAX_FRAME_RECORDS`] of legal lengths.
    pub(crate) fn commit(&mut self, entries: Vec<Entry>) -> Result<Committed, CommitError> {
        let first = self.range.size();
        let growth = self.range.grow(entries.iter().map(|entry| leaf_hash(&entry.leaf)).collect());
        let checkpoint = self.sign(&growth);
        let frame = frame::encode(&entries, first, &self.previous, &checkpoint.note);
        self.rotate()?;
        self.append(&frame)?;
        self.sync()?;
        self.keep(&checkpoint)?;

        if self.bytes == 0 {
            self.segments.begin(first);
        }
        self.bytes += frame.len() as u64;
        self.previous = content_hash(&frame);
        self.range = growth.range();
        let group = Arc::new(Group { first, entries, checkpoint });
        self.unpublished.push(Arc::clone(&group));
        // Readers find what the checkpoint covers.
        self.checkpoint.send_replace(Arc::clone(&group.checkpoint));
        Ok(Committed { growth, group })
    }

    fn sign(&self, growth: &Growth) -> Arc<SignedCheckpoint> {
        let origin = self.key.verifier().name().clone();
        let checkpoint = Checkpoint { origin, size: growth.size(), root: growth.root() };
        Arc::new(checkpoint.sign(&self.key))
    }

    /// Begins a new segment if the newest is long enough, or one was asked for. The sync of its first
    /// frame covers its name.
    fn rotate(&mut self) -> Result<(), CommitError> {
        let fresh = self.segments.take_fresh();
        if self.bytes == 0 || (self.bytes < self.segment_bytes && !fresh) {
            return Ok(());
        }
        let path = self.segments.file(self.range.size());
        self.file = self.disk.create(&path).map_err(|source| {
            if fresh {
                self.segments.ask_fresh();
            }
            CommitError::Disk(source.kind())
        })?;
        self.path = path;
        self.bytes = 0;
        self.named = false;
        Ok(())
    }

    /// Appends a frame to the newest segment, or leaves the segment as it was.
    fn append(&mut self, frame: &[u8]) -> Result<(), CommitError> {
        let Err(error) = self.file.append(frame) else { return Ok(()) };
        match self.file.truncate(self.bytes) {
            Ok(()) => Err(CommitError::Disk(error.kind())),
            Err(source) => {
                Err(Fatal::Cut { file: self.path.clone(), source: Arc::new(source) }.into())
            }
        }
    }

    fn sync(&mut self) -> Result<(), Fatal> {
        let sync = self.file.sync().and_then(|()| {
            if !self.named {
                self.disk.sync_folder(self.segments.folder())?;
            }
            Ok(())
        });
        self.named = true;
        sync.map_err(|source| Fatal::Sync { file: self.path.clone(), source: Arc::new(source) })
    }

    fn keep(&mut self, checkpoint: &SignedCheckpoint) -> Result<(), Fatal> {
        let Some(guard) = &mut self.guard else { return Ok(()) };
        guard.keep(&checkpoint.note).map_err(|source| Fatal::Guard {
            file: guard.path().to_owned(),
            source: Arc::new(source),
        })
    }
}

#[cfg(test)]
mod tests;

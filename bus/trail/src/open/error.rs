//! Why a trail cannot be opened.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    archive::ReadError, checkpoint::CheckpointError, frame::FrameFault, origin::Origin,
    publisher::PublishError,
};

/// Why a trail cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is open already, here or in another process.
    #[error("trail {} is open already, stop the other gateway or use another folder", dir.display())]
    Locked {
        /// Folder of the trail.
        dir: PathBuf,
    },
    /// It was made for another log.
    #[error("{} is not of {origin}, use the origin it was made with or another folder", file.display())]
    Origin {
        /// Segment of the trail.
        file: PathBuf,
        /// The name it was opened with.
        origin: Origin,
    },
    /// Its checkpoint is not the log's.
    #[error("{} is not this log's: {fault}; use the key and origin it was made with, or another folder", file.display())]
    Checkpoint {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        fault: CheckpointError,
    },
    /// Tiles and checkpoint contradict each other.
    #[error("tiles in {} do not give the root of the checkpoint at {size} records, run `oncebus audit fsck` and restore the folder", dir.display())]
    Edge {
        /// Folder of the trail.
        dir: PathBuf,
        /// Size of the published tree.
        size: u64,
    },
    /// What is published cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The empty log cannot be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The rollback guard knows a later state.
    #[error("trail has {found} records, but the rollback guard {} saw {kept}: the folder was restored or cut. Restore the newer one, or open a new shard: another id and another trail_dir", guard.display())]
    RolledBack {
        /// File of the guard.
        guard: PathBuf,
        /// Records that it saw.
        kept: u64,
        /// Records there are.
        found: u64,
    },
    /// The rollback guard knows another history.
    #[error("trail does not continue what the rollback guard {} saw at {kept} records: it is another log's, or was rewritten. Restore the right folder, or open a new shard: another id and another trail_dir", guard.display())]
    Forked {
        /// File of the guard.
        guard: PathBuf,
        /// Records that it saw.
        kept: u64,
    },
    /// The rollback guard has nothing of this log.
    #[error("rollback guard {} holds no checkpoint of this log, name another file", guard.display())]
    Guard {
        /// File of the guard.
        guard: PathBuf,
    },
    /// Something else lies between the segments.
    #[error("{} is no segment of the trail, move it away", file.display())]
    Stray {
        /// What lies there.
        file: PathBuf,
    },
    /// A segment is missing, or one is twice.
    #[error("{} does not begin with record {expected}, restore the folder from a backup", file.display())]
    Gap {
        /// The segment found.
        file: PathBuf,
        /// Index that follows the segments before it.
        expected: u64,
    },
    /// A frame is damaged, and it is not an unfinished last one.
    #[error("{} cannot be used from byte {offset} on: {fault}", file.display())]
    Damaged {
        /// The segment.
        file: PathBuf,
        /// Where the frame begins.
        offset: u64,
        /// What is wrong with it.
        fault: FrameFault,
    },
    /// The system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

// === impl OpenError ===

impl OpenError {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }
}

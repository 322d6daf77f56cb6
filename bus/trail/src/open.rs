//! Start: lock, recover, set the sequencer going.

use std::{
    io,
    path::{Path, PathBuf},
    thread,
};

use tokio::sync::{mpsc, watch};

use crate::{
    config::TrailConfig,
    disk::{Disk, FileDisk, create_folder},
    frame::FrameFault,
    lock::Lock,
    origin::Origin,
    recover::{Recovered, recover},
    segments::SEGMENT_BYTES,
    sequencer::{MAX_QUEUED_RECORDS, Sequencer, State},
    trail::Trail,
    writer::Writer,
};

/// What was found in the folder at start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Records that are on the trail.
    pub records: u64,
    /// Frames that hold them.
    pub frames: u64,
    /// Bytes of a last frame that was never finished, hence never acknowledged, and was cut.
    pub torn_bytes: u64,
}

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
    #[error("trail {} is not of {origin}, use the origin it was made with or another folder", dir.display())]
    Origin {
        /// Folder of the trail.
        dir: PathBuf,
        /// The name it was opened with.
        origin: Origin,
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

// === impl Trail ===

impl Trail {
    /// Opens the trail in a folder, or starts one there; blocks until all of it is read and checked.
    ///
    /// A last frame that a crash left unfinished is cut: nobody was told that its records are
    /// stored.
    ///
    /// # Errors
    ///
    /// Returns [`OpenError`] if the trail is open already, is another log's, or is damaged anywhere
    /// before its last frame, and if the system refuses.
    pub fn open(config: TrailConfig) -> Result<(Self, Recovery), OpenError> {
        open_on(config, SEGMENT_BYTES, |disk| Box::new(disk))
    }
}

/// Opens a trail on a disk that tests may replace, with segments of about `segment_bytes`.
pub(crate) fn open_on(
    config: TrailConfig,
    segment_bytes: u64,
    disk: impl FnOnce(FileDisk) -> Box<dyn Disk>,
) -> Result<(Trail, Recovery), OpenError> {
    let dir = &config.dir;
    create_folder(dir).map_err(|source| OpenError::io("make", dir, source))?;
    let lock = Lock::take(dir)?;
    let Recovered { tail, recovery } = recover(dir, config.origin())?;
    if 0 < recovery.torn_bytes {
        tracing::warn!(
            file = %tail.file.display(),
            torn_bytes = recovery.torn_bytes,
            records = recovery.records,
            "cut an unfinished last frame from the trail"
        );
    }

    let file = FileDisk::open(&tail.file);
    let file = file.map_err(|source| OpenError::io("open", &tail.file, source))?;
    let writer = Writer::new(config.key.clone(), tail, segment_bytes, disk(file));
    let (queue, commands) = mpsc::channel(MAX_QUEUED_RECORDS);
    let (state, states) = watch::channel(State::Running);
    let trail = Trail::new(&config, &writer, queue, states);
    let sequencer = Sequencer::new(commands, writer, lock, state);
    // The thread ends by itself when the trail is closed, dropped or dead; `State` says so.
    let thread = thread::Builder::new().name("oncebus-trail".into());
    let spawned = thread.spawn(move || sequencer.run());
    spawned.map_err(|source| OpenError::io("start the thread of", &config.dir, source))?;
    Ok((trail, recovery))
}

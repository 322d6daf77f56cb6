//! Where a trail is and what it is called.

use std::{path::PathBuf, time::Duration};

use crate::key::SigningKey;

/// Longest wait for a record to become durable, unless configured: longer than a disk under load
/// takes (p99 of a sync is below 25 ms), shorter than callers wait.
pub const DEFAULT_WRITE_DEADLINE: Duration = Duration::from_secs(5);

/// Shortest time between two publications, unless configured: each costs a few syncs, beside those
/// that callers wait for.
pub const DEFAULT_PUBLISH_PACE: Duration = Duration::from_millis(200);

/// What a trail is opened with.
#[derive(Clone, Debug)]
pub struct TrailConfig {
    /// Folder of the trail; made, readable by its owner alone, where there is none.
    pub dir: PathBuf,
    /// Key that signs the checkpoints; its name is the log's. A folder belongs to one name for ever.
    pub key: SigningKey,
    /// Longest wait for a record to become durable, for a proof, and for a close.
    pub write_deadline: Duration,
    /// Shortest time from one publication to the next: files that others read are behind what was
    /// answered by about so much.
    pub publish_pace: Duration,
    /// File that keeps the newest checkpoint, on another disk than `dir` and in no backup of it; a
    /// trail that is behind it does not open.
    pub guard: Option<PathBuf>,
}

// === impl TrailConfig ===

impl TrailConfig {
    /// Takes folder and key; all else is the default, without a guard.
    pub fn new(dir: impl Into<PathBuf>, key: SigningKey) -> Self {
        let (write_deadline, publish_pace) = (DEFAULT_WRITE_DEADLINE, DEFAULT_PUBLISH_PACE);
        Self { dir: dir.into(), key, write_deadline, publish_pace, guard: None }
    }
}

//! Where a trail is and what it is called.

use std::{path::PathBuf, time::Duration};

use crate::origin::Origin;

/// Longest wait for a record to become durable, unless configured: longer than a disk under load
/// takes (p99 of a sync is below 25 ms), shorter than callers wait.
pub const DEFAULT_WRITE_DEADLINE: Duration = Duration::from_secs(5);

/// What a trail is opened with.
#[derive(Clone, Debug)]
pub struct TrailConfig {
    /// Folder of the trail; made, readable by its owner alone, where there is none.
    pub dir: PathBuf,
    /// Name of the log. A folder belongs to one name for ever.
    pub origin: Origin,
    /// Longest wait for a record to become durable, and for a close.
    pub write_deadline: Duration,
}

// === impl TrailConfig ===

impl TrailConfig {
    /// Takes folder and name, with [`DEFAULT_WRITE_DEADLINE`].
    pub fn new(dir: impl Into<PathBuf>, origin: Origin) -> Self {
        Self { dir: dir.into(), origin, write_deadline: DEFAULT_WRITE_DEADLINE }
    }
}

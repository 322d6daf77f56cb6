//! Where a trail is and what it is called.

use std::{path::PathBuf, time::Duration};

use crate::{key::SigningKey, origin::Origin};

/// Longest wait for a record to become durable, unless configured: longer than a disk under load
/// takes (p99 of a sync is below 25 ms), shorter than callers wait.
pub const DEFAULT_WRITE_DEADLINE: Duration = Duration::from_secs(5);

/// What a trail is opened with.
#[derive(Clone, Debug)]
pub struct TrailConfig {
    /// Folder of the trail; made, readable by its owner alone, where there is none.
    pub dir: PathBuf,
    /// Key that signs the checkpoints; its name is the log's. A folder belongs to one name for ever.
    pub key: SigningKey,
    /// Longest wait for a record to become durable, and for a close.
    pub write_deadline: Duration,
}

// === impl TrailConfig ===

impl TrailConfig {
    /// Takes folder and key, with [`DEFAULT_WRITE_DEADLINE`].
    pub fn new(dir: impl Into<PathBuf>, key: SigningKey) -> Self {
        Self { dir: dir.into(), key, write_deadline: DEFAULT_WRITE_DEADLINE }
    }

    pub(crate) fn origin(&self) -> &Origin {
        self.key.verifier().name()
    }
}

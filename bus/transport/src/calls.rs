//! What holds for each call alone: its deadline and the number of its metadata entries.

mod body;
mod service;
mod timeout;

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tonic::{Code, Status};
use tower::Layer;

use body::CallBody;
pub use service::CallLimited;

/// The limits of one call.
#[derive(Clone, Debug)]
pub struct CallLimits {
    /// Time of a call that names none.
    pub default_deadline: Duration,
    /// Longest time; a call that asks for more gets this.
    pub max_deadline: Duration,
    /// Other times for some paths; the first prefix that fits wins.
    pub paths: Vec<PathDeadline>,
    /// Most metadata entries of a request, the protocol's own apart.
    pub metadata_entries: usize,
    /// Makes the status of a refused call from its code, registered reason and message; the place to
    /// add error details.
    pub refuse: fn(Code, &'static str, String) -> Status,
}

/// The times of the calls under one path.
#[derive(Clone, Debug)]
pub struct PathDeadline {
    /// Beginning of the path, for example `/oncebus.v1.TransferService/`.
    pub prefix: String,
    /// Time of a call that names none.
    pub default: Duration,
    /// Longest time.
    pub max: Duration,
}

/// When a call ends, in the extensions of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(pub Instant);

/// Adds the limits to a service; see [`CallLimited`].
#[derive(Clone, Debug)]
pub struct CallLimitsLayer {
    limits: Arc<CallLimits>,
}

// === impl CallLimits ===

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            default_deadline: Duration::from_secs(10),
            max_deadline: Duration::from_secs(60),
            paths: Vec::new(),
            metadata_entries: 32,
            refuse: |code, _reason, message| Status::new(code, message),
        }
    }
}

impl CallLimits {
    /// Returns how long a call of `path` may take that asks for `asked`.
    fn time(&self, path: &str, asked: Option<Duration>) -> Duration {
        let special = self.paths.iter().find(|special| path.starts_with(&special.prefix));
        let (default, max) = special
            .map_or((self.default_deadline, self.max_deadline), |special| {
                (special.default, special.max)
            });
        asked.unwrap_or(default).min(max)
    }
}

// === impl Deadline ===

impl Deadline {
    /// Returns the time that is left, zero once the deadline has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

// === impl CallLimitsLayer ===

impl CallLimitsLayer {
    /// Makes a layer of these limits.
    pub fn new(limits: CallLimits) -> Self {
        Self { limits: Arc::new(limits) }
    }
}

impl<S> Layer<S> for CallLimitsLayer {
    type Service = CallLimited<S>;

    fn layer(&self, inner: S) -> CallLimited<S> {
        CallLimited::new(inner, Arc::clone(&self.limits))
    }
}

#[cfg(test)]
mod tests;
